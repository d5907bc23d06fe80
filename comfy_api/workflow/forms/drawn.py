"""The author's drawing: from a widget that one sees in ComfyUI to the places in the prompt that it sets.

Works on the file alone, so it serves converted workflows and pictures that hold both formats alike; a place that is
not in the prompt, or is linked there, is left to whoever asks.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from comfy_api.errors import NotConvertible
from comfy_api.workflow.document import Workflow
from comfy_api.workflow.forms.control import Place
from comfy_api.workflow.ui.graph import BYPASSED, INPUTS, MUTED, Document, Graph, Node
from comfy_api.workflow.ui.parse import parse_document

PRIMITIVE = "PrimitiveNode"
#: No walk through a drawing takes more steps: subgraphs in subgraphs can be folded into very many.
_MAX_STEPS = 10_000
_MAX_PLACES = 1_000

#: A widget of a node in a graph: (graph's id, node's id, widget).
Widget = tuple[str, str, str]


def draw(workflow: Workflow) -> Drawing | None:
    """The drawing that the workflow was made from; None: it has none, or one that nobody can read."""
    if workflow.ui is None:
        return None
    try:
        return Drawing(workflow.ui, parse_document(workflow.ui))
    except NotConvertible:
        # Beside a prompt that can be queued, a broken drawing costs its hints and nothing else.
        return None


@dataclass(frozen=True)
class Drawing:
    """A file in UI format.

    Attributes:
        ui: as it is.
        document: the same, read.
    """

    ui: Mapping[str, Any]
    document: Document
    _ports: dict[str, dict[str, list[tuple[str, str]]]] = field(default_factory=dict, repr=False, compare=False)

    # --- graphs and nodes -----------------------------------------------------------------------------

    def graph(self, graph_id: str) -> Graph | None:
        """The root for ``""``, else the definition with this id."""
        return self.document.definitions.get(graph_id) if graph_id else self.document.root

    def node(self, node_id: str) -> Node | None:
        """The node that a prompt calls ``57:3``."""
        graph: Graph | None = self.document.root
        node: Node | None = None
        for part in node_id.split(":"):
            node = graph.nodes.get(part) if graph else None
            graph = self.graph(node.type) if node and node.type else None
        return node

    def hosts(self) -> Iterator[tuple[Node, Graph]]:
        """The instances of subgraphs in the root that run, with their definitions."""
        for node in self.document.root.nodes.values():
            definition = self.document.definitions.get(node.type)
            if definition and node.mode not in (MUTED, BYPASSED):
                yield node, definition

    def paths(self, graph_id: str) -> list[str]:
        """What the prompt puts before the ids of this graph's nodes, for each of its instances: ``57:``, ``3:12:``."""
        found: list[str] = []
        waiting = deque([("", self.document.root)])
        for _ in range(_MAX_STEPS):
            if not 0 < len(waiting) <= _MAX_STEPS or len(found) == _MAX_PLACES:
                break
            path, graph = waiting.popleft()
            if graph.id == graph_id:
                found.append(path)
            inside = ((node, self.document.definitions.get(node.type)) for node in graph.nodes.values())
            running = ((node, inner) for node, inner in inside if inner and node.mode not in (MUTED, BYPASSED))
            waiting.extend((f"{path}{node.id}:", inner) for node, inner in running)
        return found

    # --- from a widget to places ----------------------------------------------------------------------

    def places(self, node_id: str, widget: str, graph_id: str = "", path: str = "") -> tuple[Place, ...]:
        """The places that this widget sets, following promoted inputs inwards and primitives onwards."""
        found: dict[Place, None] = {}
        graph = self.graph(graph_id)
        waiting = [(graph, node_id, widget, path)] if graph else []
        for _ in range(_MAX_STEPS):
            if not 0 < len(waiting) <= _MAX_STEPS or len(found) == _MAX_PLACES:
                break
            graph, node_id, widget, path = waiting.pop()
            node = graph.nodes.get(node_id)
            definition = self.document.definitions.get(node.type) if node else None
            if node is None:
                continue
            if node.type == PRIMITIVE:
                waiting += [(graph, *target, path) for target in reversed(_targets(graph, node_id))]
            elif definition:
                inner = self.promoted(node, definition).get(widget, [])
                waiting += [(definition, *target, f"{path}{node_id}:") for target in reversed(inner)]
            else:
                found[Place(f"{path}{node_id}", widget)] = None
        return tuple(found)

    def promoted(self, host: Node, definition: Graph) -> dict[str, list[tuple[str, str]]]:
        """What an instance shows of its inside: name → (inner node, widget) that it sets (formats.md §2.7)."""
        found = dict(self._promoted_ports(definition))
        for inner_id, widget in _proxies(host):
            if inner_id in definition.nodes:
                found.setdefault(widget, [(inner_id, widget)])
        return found

    def _promoted_ports(self, definition: Graph) -> dict[str, list[tuple[str, str]]]:
        if definition.id not in self._ports:
            found: dict[str, list[tuple[str, str]]] = {}
            self._ports[definition.id] = found  # also what a definition that contains itself finds
            for index, port in enumerate(definition.inputs):
                links = definition.entries.get(index, ())
                ends = [definition.ends[link.id] for link in links if link.id in definition.ends]
                if any(self._is_widget(node, slot.name, slot.widget) for node, slot in ends):
                    found[port.name] = [(node.id, slot.widget or slot.name) for node, slot in ends]
        return self._ports[definition.id]

    def _is_widget(self, node: Node, name: str, widget: str) -> bool:
        definition = self.document.definitions.get(node.type)
        return bool(widget) or (definition is not None and name in self._promoted_ports(definition))

    @cached_property
    def outside(self) -> Mapping[Widget, frozenset[Widget]]:
        """Inner widget → the widgets of instances in the root that lead to it, at any depth."""
        found: dict[Widget, set[Widget]] = {}
        waiting = deque(
            (("", host.id, name), definition, inner)
            for host, definition in self.hosts()
            for name, targets in self.promoted(host, definition).items()
            for inner in targets
        )
        for _ in range(_MAX_STEPS):
            if not 0 < len(waiting) <= _MAX_STEPS:
                break
            outer, graph, (inner_id, widget) = waiting.popleft()
            found.setdefault((graph.id, inner_id, widget), set()).add(outer)
            node = graph.nodes.get(inner_id)
            definition = self.document.definitions.get(node.type) if node else None
            if node and definition:
                deeper = self.promoted(node, definition).get(widget, [])
                waiting.extend((outer, definition, inner) for inner in deeper)
        return {inner: frozenset(outer) for inner, outer in found.items()}

    # --- words ----------------------------------------------------------------------------------------

    def label(self, node: Node, widget: str) -> str:
        """What the author renamed a widget of a root node to, or ``""``."""
        return self._labels.get(("", node.id, widget)) or self._labels.get((node.type, INPUTS, widget), "")

    @cached_property
    def _labels(self) -> Mapping[Widget, str]:
        found: dict[Widget, str] = {}
        for raw in self.ui["nodes"]:
            if isinstance(raw, Mapping):
                _note_labels(found, ("", str(raw.get("id"))), raw.get("inputs"))
        definitions = self.ui.get("definitions")
        subgraphs = definitions.get("subgraphs") if isinstance(definitions, Mapping) else None
        for raw in subgraphs if isinstance(subgraphs, list) else ():
            if isinstance(raw, Mapping):
                _note_labels(found, (str(raw.get("id")), INPUTS), raw.get("inputs"))
        return found


def _note_labels(found: dict[Widget, str], owner: tuple[str, str], slots: Any) -> None:
    for slot in slots if isinstance(slots, list) else ():
        label = slot.get("label") if isinstance(slot, Mapping) else None
        if isinstance(label, str) and label.strip():
            found[(*owner, str(slot.get("name")))] = label


def _targets(graph: Graph, node_id: str) -> list[tuple[str, str]]:
    """(Node, widget) that a primitive sets: direct targets only (formats.md §2.4)."""
    ends = [graph.ends[link.id] for link in graph.links.values() if link.origin == node_id and link.id in graph.ends]
    return [(node.id, slot.widget or slot.name) for node, slot in ends]


def _proxies(host: Node) -> Iterator[tuple[str, str]]:
    """(Inner node, widget) of the years in which instances named them."""
    listed = host.properties.get("proxyWidgets")
    if isinstance(listed, str):
        try:
            listed = json.loads(listed)
        except (ValueError, RecursionError):
            return
    for entry in listed if isinstance(listed, list) else ():
        if isinstance(entry, list) and len(entry) >= 2 and isinstance(entry[1], str):
            yield str(entry[0]), entry[1]
