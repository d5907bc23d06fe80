"""The values of a subgraph's own inputs: widgets that the author promoted (formats.md §2.7, conversion.md rules 21-23).

Two eras of files differ. Up to frontend 1.45 ``properties.proxyWidgets`` lists inner widgets, and the host's values,
if it has any, stand in the order of that list. Later the host's values stand in the order of those inputs of the
definition that lead to a widget. Where the host keeps nothing, the inner widget's own value counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from comfy_api.workflow.ui.flatten import Scope
from comfy_api.workflow.ui.graph import Document, Graph, Node, Slot
from comfy_api.workflow.ui.groups import is_group
from comfy_api.workflow.ui.origin import Held, Origin
from comfy_api.workflow.ui.values import ValueReader

#: (inner node, widget, the node inside that node which is meant, or "")
_Target = tuple[str, str, str]
_MAX_PROXY_TEXT = 100_000
#: What a proxy names instead of an inner node when it means an input of the definition.
INPUTS_PROXY = "-1"


@dataclass(frozen=True, slots=True)
class _Proxy:
    target: _Target
    index: int


@dataclass(frozen=True, slots=True)
class _View:
    """What a host's list says of the widgets inside it.

    Attributes:
        proxied: inner widgets that it lists.
        exact: full target → the value that it sets.
        first: (inner node, widget) → the first value that it sets.
        own: input of the definition → the value that the host keeps for it.
    """

    proxied: set[tuple[str, str]] = field(default_factory=set)
    exact: dict[_Target, Held] = field(default_factory=dict)
    first: dict[tuple[str, str], Held] = field(default_factory=dict)
    own: dict[str, Held] = field(default_factory=dict)


class Promotions:
    """The promoted values of one laid-out document.

    Args:
        document: the file.
        values: reads what the nodes inside keep themselves.
    """

    def __init__(self, document: Document, values: ValueReader) -> None:
        self._document = document
        self._reader = values
        self._views: dict[str, _View] = {}
        self._targets: dict[tuple[str, int], tuple[Node, Slot] | None] = {}
        self._values: dict[tuple[str, int], Held | None] = {}

    def override(self, scope: Scope, node_id: str, widget: str) -> Held | None:
        """What the hosts around say of an inner widget; None where they say nothing."""
        return self._view(scope).first.get((node_id, widget))

    def is_proxied(self, scope: Scope, node_id: str, widget: str) -> bool:
        """Whether the host lists this inner widget as its own."""
        return (node_id, widget) in self._view(scope).proxied

    def value(self, scope: Scope, index: int) -> Held | None:
        """The value of the input ``index`` of this instance; None where it leads to no widget."""
        key = scope.path, index
        if key not in self._values:
            self._values[key] = self._find_value(scope, index)
        return self._values[key]

    def _find_value(self, scope: Scope, index: int) -> Held | None:
        target = self._target(scope.graph, index)
        if target is None or scope.host is None or scope.parent is None:
            return None
        node, slot = target
        return (
            self.override(scope.parent, scope.host.id, scope.graph.inputs[index].name)
            or self._view(scope).own.get(scope.graph.inputs[index].name)
            or self.override(scope, node.id, slot.widget or slot.name)
            or self._inner_value(scope, node, slot)
        )

    def _inner_value(self, scope: Scope, node: Node, slot: Slot) -> Held | None:
        child = scope.children.get(node.id)
        if child is not None:
            index = child.graph.ports.get(slot.name)
            return None if index is None else self.value(child, index)
        sent = self._reader.read(scope.graph, node).sent
        return sent.get(slot.name) or sent.get(slot.widget)

    def _target(self, graph: Graph, index: int) -> tuple[Node, Slot] | None:
        """The first widget inside that an input of the definition leads to; the file alone decides."""
        key = graph.id, index
        if key not in self._targets:
            self._targets[key] = None  # also what a definition that contains itself finds
            ends = [graph.ends[link.id] for link in graph.entries.get(index, ()) if link.id in graph.ends]
            self._targets[key] = next((end for end in ends if self._is_widget(*end)), None)
        return self._targets[key]

    def _is_widget(self, node: Node, slot: Slot) -> bool:
        definition = self._document.definitions.get(node.type)
        if definition is None or slot.widget:
            return bool(slot.widget)
        return slot.name in definition.ports and self._target(definition, definition.ports[slot.name]) is not None

    def _view(self, scope: Scope) -> _View:
        if scope.path not in self._views:
            self._views[scope.path] = self._look(scope)
        return self._views[scope.path]

    def _look(self, scope: Scope) -> _View:
        view = _View()
        host, parent = scope.host, scope.parent
        if host is None or parent is None:
            return view
        view.own.update((held.origin.widget, held) for held in self._own(scope.graph, parent.graph, host))
        outer = self._view(parent).exact
        for proxy in _proxies(host):
            node_id, widget, _ = proxy.target
            if not is_group(scope.graph):
                view.proxied.add((node_id, widget))
            held = (
                outer.get((host.id, widget, node_id))
                or outer.get((host.id, widget, ""))
                or _listed(parent.graph, host, widget, proxy.index)
            )
            if held is not None:
                view.exact.setdefault(proxy.target, held)
                view.first.setdefault((node_id, widget), held)
        return view

    def _own(self, graph: Graph, around: Graph, host: Node) -> Iterator[Held]:
        """What the host itself keeps for the definition's inputs."""
        proxies = _proxies(host)
        if isinstance(host.values, list) and proxies:
            places = [(proxy.target[1], proxy.index) for proxy in proxies if proxy.target[0] == INPUTS_PROXY]
            found = [_listed(around, host, name, index) for name, index in places]
        else:
            promoted = [port.name for index, port in enumerate(graph.inputs) if self._target(graph, index)]
            if isinstance(host.values, dict) or _names_count(host, promoted):
                kept = host.values if isinstance(host.values, dict) else host.named
                found = [_held(around, host, name, kept.get(name), None) for name in promoted]
            else:
                found = [_listed(around, host, name, index) for index, name in enumerate(promoted)]
        yield from (held for held in reversed(found) if held is not None)


def _names_count(host: Node, promoted: list[str]) -> bool:
    """Whether the names beside the list are read: the list was saved with other inputs than the definition has."""
    kept = host.values or []
    return set(host.named) != set(promoted) and len(kept) not in (0, len(promoted)) and bool(host.named)


def _listed(graph: Graph, host: Node, name: str, index: int) -> Held | None:
    values = host.values if isinstance(host.values, list) else []
    return _held(graph, host, name, values[index], index) if index < len(values) else None


def _held(graph: Graph, host: Node, name: str, value: Any, index: int | None) -> Held | None:
    """None stands for a value that the host leaves to the inner widget."""
    if value is None:
        return None
    return Held(value, Origin(graph.id, host.id, name, index, "" if index is not None else name))


def _proxies(host: Node | None) -> list[_Proxy]:
    """``[[inner node, widget, meant node?], …]``, in some files as JSON text."""
    raw = host.properties.get("proxyWidgets") if host else None
    if isinstance(raw, str) and len(raw) <= _MAX_PROXY_TEXT:
        try:
            raw = json.loads(raw)
        except (ValueError, RecursionError):
            raw = None
    entries = raw if isinstance(raw, list) else []
    return [_Proxy(_target_of(entry), index) for index, entry in enumerate(entries) if _is_entry(entry)]


def _is_entry(entry: Any) -> bool:
    return isinstance(entry, list) and len(entry) >= 2 and all(isinstance(part, (str, int)) for part in entry[:3])


def _target_of(entry: list[Any]) -> _Target:
    return str(entry[0]), str(entry[1]), str(entry[2]) if len(entry) > 2 else ""
