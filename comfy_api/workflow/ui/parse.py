"""From JSON to a document. What has the wrong type is refused here, so that nothing behind this module meets it.

Tolerant of what the years left in such files (formats.md §2.1, §2.2): array and object links, null entries, absent
keys, numbers as text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from comfy_api.workflow.ui.graph import ANY, Document, Graph, Link, Node, Port, Slot, id_order, malformed

#: Sockets of one node, or inputs and outputs of one subgraph. The frontend's own nodes stay below 200.
MAX_SOCKETS = 1_000
_LONGEST_ID = 200


def parse_document(ui: Any) -> Document:
    """Raises NotConvertible: the file has not the shape of a UI-format workflow."""
    if not isinstance(ui, dict) or not isinstance(ui.get("nodes"), list):
        raise malformed("It has no list of nodes")
    definitions = {graph.id: graph for graph in _definitions(ui)}
    return Document(_graph(ui, ""), definitions, _dict(ui.get("extra"), "extra"))


def _definitions(ui: Mapping[str, Any]) -> Iterator[Graph]:
    waiting = [ui]
    while waiting:
        held = _dict(waiting.pop().get("definitions"), "definitions")
        for raw in _dicts(held.get("subgraphs"), "subgraphs"):
            if not isinstance(raw.get("id"), str):
                raise malformed("A subgraph's definition has no id")
            yield _graph(raw, raw["id"])
            waiting.append(raw)


def _graph(raw: Mapping[str, Any], graph_id: str) -> Graph:
    nodes = [parse_node(node) for node in _dicts(raw.get("nodes"), "nodes")]
    by_id = {node.id: node for node in sorted(nodes, key=lambda node: id_order(node.id))}
    if len(by_id) != len(nodes):
        raise malformed("Two of its nodes have the same id")
    return Graph(
        graph_id,
        _text(raw.get("name")),
        by_id,
        {link.id: link for link in map(_link, _list(raw.get("links"), "links")) if link},
        tuple(map(_port, _sockets(raw, "inputs"))) if graph_id else (),
        tuple(map(_port, _sockets(raw, "outputs"))) if graph_id else (),
    )


def parse_node(raw: Mapping[str, Any]) -> Node:
    """One entry of ``nodes``."""
    type_ = raw.get("type")
    if not isinstance(type_, str) or not type_:
        raise malformed("A node has no type")
    mode = raw.get("mode", 0)
    return Node(
        id=_id(raw.get("id"), "node"),
        type=type_,
        title=_text(raw.get("title")),
        mode=mode if isinstance(mode, int) else 0,
        inputs=tuple(map(_slot, _sockets(raw, "inputs"))),
        outputs=tuple(_type(output.get("type")) for output in _sockets(raw, "outputs")),
        values=_values(raw.get("widgets_values")),
        named=_dict(raw.get("widgets_values_named"), "widgets_values_named"),
        properties=_dict(raw.get("properties"), "properties"),
    )


def _sockets(raw: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    sockets = list(_dicts(raw.get(key), key))
    if len(sockets) > MAX_SOCKETS:
        raise malformed(f"A node of it has more than {MAX_SOCKETS} {key}")
    return sockets


def _slot(raw: Mapping[str, Any]) -> Slot:
    link = raw.get("link")
    widget = raw.get("widget")
    return Slot(
        _text(raw.get("name")),
        _type(raw.get("type")),
        "" if link is None else _id(link, "link"),
        _text(widget.get("name")) if isinstance(widget, dict) else "",
    )


def _port(raw: Mapping[str, Any]) -> Port:
    links = _list(raw.get("linkIds"), "linkIds")
    return Port(_text(raw.get("name")), _type(raw.get("type")), tuple(_id(link, "link") for link in links))


_LINK_KEYS = ("id", "origin_id", "origin_slot", "target_id", "target_slot")


def _link(raw: Any) -> Link | None:
    if raw is None:
        return None
    parts = [raw.get(key) for key in _LINK_KEYS] if isinstance(raw, dict) else raw
    if not isinstance(parts, list) or len(parts) < len(_LINK_KEYS):
        raise malformed("A link of it has no known form")
    link_id, origin, origin_slot, target, target_slot = parts[: len(_LINK_KEYS)]
    return Link(
        _id(link_id, "link"), _id(origin, "link"), _id(target, "link"), _index(origin_slot), _index(target_slot)
    )


def _id(value: Any, of: str) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, str) and 0 < len(value) <= _LONGEST_ID:
        return value
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**64:
        return str(value)
    raise malformed(f"A {of} of it has no id")


def _index(value: Any) -> int:
    try:
        return max(int(value), -1)
    except (TypeError, ValueError, OverflowError):
        raise malformed("A link of it ends at no slot") from None


def _type(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "COMBO" if isinstance(value, list) else ANY


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _values(value: Any) -> list[Any] | dict[str, Any] | None:
    if value is None or isinstance(value, (list, dict)):
        return value
    raise malformed("The values of a node are no list")


def _list(value: Any, key: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise malformed(f'Its "{key}" is no list')
    return value


def _dicts(value: Any, key: str) -> Iterable[dict[str, Any]]:
    for item in _list(value, key):
        if isinstance(item, dict):
            yield item
        elif item is not None:
            raise malformed(f'Its "{key}" holds something else than objects')


def _dict(value: Any, key: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        if value == []:  # what some tools write for an empty object
            return {}
        raise malformed(f'Its "{key}" is no object')
    return value
