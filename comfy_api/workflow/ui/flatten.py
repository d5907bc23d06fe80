"""Subgraphs laid out: one scope for the root and for each instance of a definition (formats.md §2.5, §2.7)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from comfy_api.errors import NotConvertible
from comfy_api.workflow.reading import MAX_NODES
from comfy_api.workflow.ui.graph import BYPASSED, MUTED, Document, Graph, Node

MAX_DEPTH = 32


@dataclass(frozen=True, eq=False)
class Scope:
    """One instance of a graph.

    Attributes:
        graph: what is in it.
        path: ids of the instances that lead here, the outermost first, each with a colon behind it.
        host: the node that stands for it in ``parent``; None for the root.
        parent: the scope around it; None for the root.
        children: id of a node → the scope that it stands for. Muted and bypassed instances have none.
    """

    graph: Graph
    path: str = ""
    host: Node | None = None
    parent: Scope | None = None
    children: dict[str, Scope] = field(default_factory=dict)

    def id_of(self, node: Node) -> str:
        """The node's id in the prompt, such as ``12:5``."""
        return self.path + node.id

    def walk(self) -> Iterator[tuple[Scope, Node]]:
        """Every node here and below, subgraphs behind the graph that holds them."""
        for node in self.graph.nodes.values():
            yield self, node
        for child in self.children.values():
            yield from child.walk()

    def enclosing(self) -> Iterator[Graph]:
        """The definitions around this scope, its own first."""
        scope: Scope | None = self
        while scope is not None:
            yield scope.graph
            scope = scope.parent


def lay_out(document: Document) -> Scope:
    """The root scope with all its instances.

    Raises:
        NotConvertible: a subgraph that contains itself, is nested too deeply, or makes too many nodes.
    """
    root = Scope(document.root)
    waiting = [(root, 0)]
    count = 0
    while waiting:
        scope, depth = waiting.pop()
        count += len(scope.graph.nodes)
        if count > MAX_NODES:
            raise NotConvertible([f"With its subgraphs it has more than {MAX_NODES} nodes. Take parts of it out."])
        for node in scope.graph.nodes.values():
            definition = document.definitions.get(node.type)
            if definition is None or node.mode in (MUTED, BYPASSED):
                continue
            _require_sane(scope, node, definition, depth)
            child = Scope(definition, f"{scope.id_of(node)}:", node, scope)
            scope.children[node.id] = child
            waiting.append((child, depth + 1))
    return root


def _require_sane(scope: Scope, node: Node, definition: Graph, depth: int) -> None:
    name = definition.name or node.label
    if any(graph is definition for graph in scope.enclosing()):
        raise NotConvertible([f'The subgraph "{name}" contains itself. Take it out of itself in ComfyUI.'])
    if depth >= MAX_DEPTH:
        raise NotConvertible([f'The subgraph "{name}" is nested deeper than {MAX_DEPTH} levels. Unpack some of them.'])
