"""New values into the file that a conversion was made of, each where the file keeps it."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from comfy_api.errors import WorkflowError
from comfy_api.workflow.forms.control import Place
from comfy_api.workflow.ui.origin import Held, Origin

Raw = dict[str, Any]


def write(
    ui: Mapping[str, Any], held: Mapping[Place, Held], beneath: Mapping[Place, Held], values: Mapping[Place, Any]
) -> Raw:
    """A copy of the file with these values.

    Args:
        ui: the file.
        held: every value that the conversion found, with its origin.
        beneath: the values under wires.
        values: place → new value.

    Raises:
        WorkflowError: a place without a value of its own, two values for one origin, or a value on which depends
            which values follow it.
    """
    document = copy.deepcopy(dict(ui))
    nodes = _Nodes(document, [*held.values(), *beneath.values()])
    written: dict[Origin, Any] = {}
    for place, value in values.items():
        if place not in held:
            raise WorkflowError(f'"{place.input}" of node {place.node_id} has no value of its own in this workflow.')
        origin = held[place].origin
        plain = _unwrapped(value)
        if written.setdefault(origin, plain) != plain:
            raise WorkflowError(f"{_called(origin)} stands for several inputs. Give all of them one value.")
        if origin.steers and plain != held[place].value:
            raise WorkflowError(f"{_called(origin)} decides which inputs there are. Set it in ComfyUI.")
    for origin, value in written.items():
        nodes.set(origin, value)
    return document


def _called(origin: Origin) -> str:
    return f'"{origin.widget}" of node {origin.node_id}'


def _unwrapped(value: Any) -> Any:
    inner = value.get("__value__") if isinstance(value, Mapping) else None
    return inner if isinstance(inner, list) else value


class _Nodes:
    """The nodes of the copy, by graph and id."""

    def __init__(self, document: Raw, held: Iterable[Held]) -> None:
        self._nodes: dict[tuple[str, str], Raw] = {}
        waiting = [("", document)]
        while waiting:
            graph_id, graph = waiting.pop()
            for node in graph.get("nodes") or ():
                if isinstance(node, dict):
                    self._nodes[graph_id, _id_text(node.get("id"))] = node
            definitions = graph.get("definitions") or {}
            waiting += [(inner["id"], inner) for inner in definitions.get("subgraphs") or () if inner]
        self._known = {(one.origin.graph, one.origin.node_id, one.origin.index): _unwrapped(one.value) for one in held}

    def set(self, origin: Origin, value: Any) -> None:
        node = self._nodes.get((origin.graph, origin.node_id))
        if node is None:
            raise WorkflowError(f'"{origin.widget}" is kept by a group node. Turn it into a subgraph in ComfyUI first.')
        if origin.index is not None:
            self._set_listed(node, origin, origin.index, value)
        elif isinstance(node.get("widgets_values"), dict):
            node["widgets_values"][origin.key] = value
        else:
            _set_named(node, origin.key, value)

    def _set_listed(self, node: Raw, origin: Origin, index: int, value: Any) -> None:
        kept = node["widgets_values"] = node.get("widgets_values") or []
        for gap in range(len(kept), index + 1):
            kept.append(self._known.get((origin.graph, origin.node_id, gap)))
        named = node.get("widgets_values_named")
        # Names that are out of date already stay so: they are not read.
        if isinstance(named, dict) and origin.widget in named and named[origin.widget] == kept[index]:
            named[origin.widget] = value
        kept[index] = value


def _set_named(node: Raw, key: str, value: Any) -> None:
    """Sets one name, and keeps the list saying the same: names that contradict it are not read."""
    named, kept = node["widgets_values_named"], node.get("widgets_values") or []
    ordered = list(named.values()) == kept
    named[key] = value
    if kept:
        rest = [] if ordered else [None] * (len(kept) - len(named))
        node["widgets_values"] = [*named.values(), *rest]


def _id_text(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
