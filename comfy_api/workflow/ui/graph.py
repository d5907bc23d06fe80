"""A workflow in UI format as frozen values: graphs, nodes, slots and links, every id as text (formats.md §2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from comfy_api.errors import NotConvertible

#: ``Node.mode``: left out, and left out but passed through. All others run.
MUTED, BYPASSED = 2, 4
#: The ends of a subgraph, as links inside it name them.
INPUTS, OUTPUTS = "-10", "-20"
#: A type that fits every other.
ANY = "*"


@dataclass(frozen=True, slots=True)
class Slot:
    """An input socket.

    Attributes:
        name: as the node class has it, or ``group.name`` for a dynamic one.
        type: ComfyUI's type; several are separated by commas.
        link: the link that ends here, or ``""``.
        widget: the widget that the socket stands for, or ``""``.
    """

    name: str
    type: str
    link: str
    widget: str


@dataclass(frozen=True, slots=True)
class Link:
    """A wire. Its target slot counts at a subgraph's output only: elsewhere the socket that names the link is right."""

    id: str
    origin: str
    target: str
    origin_slot: int
    target_slot: int


@dataclass(frozen=True)
class Node:
    """One node of one graph; of what it means nothing is known here.

    Attributes:
        id: within its graph.
        type: the node class, or the id of a subgraph's definition.
        title: as the author named it, or ``""``.
        mode: see ``MUTED`` and ``BYPASSED``.
        inputs: its sockets in the file's order.
        outputs: the types of its outputs.
        values: ``widgets_values``: a list or a dict; None where there is none.
        named: ``widgets_values_named``, or empty.
        properties: as in the file.
    """

    id: str
    type: str
    title: str
    mode: int
    inputs: tuple[Slot, ...]
    outputs: tuple[str, ...]
    values: list[Any] | dict[str, Any] | None
    named: Mapping[str, Any]
    properties: Mapping[str, Any]

    @cached_property
    def slots(self) -> Mapping[str, Slot]:
        """Name → socket; the first of several with one name."""
        return {slot.name: slot for slot in reversed(self.inputs)}

    @property
    def label(self) -> str:
        """Its title, or else its class."""
        return self.title or self.type


@dataclass(frozen=True, slots=True)
class Port:
    """One input or output of a subgraph's definition, and the links inside that begin or end there."""

    name: str
    type: str
    links: tuple[str, ...]


@dataclass(frozen=True)
class Graph:
    """The root, or the definition of a subgraph.

    Attributes:
        id: of the definition; ``""`` for the root.
        name: what the author calls the subgraph.
        nodes: id → node, numbers ascending, so that the order in the file means nothing.
        links: id → link, in the file's order.
        inputs, outputs: of a definition.
    """

    id: str
    name: str
    nodes: Mapping[str, Node]
    links: Mapping[str, Link]
    inputs: tuple[Port, ...] = ()
    outputs: tuple[Port, ...] = ()

    @cached_property
    def ends(self) -> Mapping[str, tuple[Node, Slot]]:
        """Link id → the node and the socket that name it."""
        return {slot.link: (node, slot) for node in self.nodes.values() for slot in node.inputs if slot.link}

    @cached_property
    def exits(self) -> Mapping[int, Link]:
        """Output of the subgraph → the link that feeds it; the first one where there are several."""
        return {link.target_slot: link for link in reversed(list(self.links.values())) if link.target == OUTPUTS}

    @cached_property
    def entries(self) -> Mapping[int, tuple[Link, ...]]:
        """Input of the subgraph → the links that start there, in the order in which the input lists them."""
        found: dict[int, list[Link]] = {}
        for link in self.links.values():
            if link.origin == INPUTS:
                found.setdefault(link.origin_slot, []).append(link)
        return {index: tuple(sorted(links, key=self._listed(index))) for index, links in found.items()}

    @cached_property
    def ports(self) -> Mapping[str, int]:
        """Name of an input of the subgraph → its index; the first of several with one name."""
        return {port.name: index for index, port in reversed(list(enumerate(self.inputs)))}

    def _listed(self, index: int) -> Any:
        listed = self.inputs[index].links if index < len(self.inputs) else ()
        places = {link_id: place for place, link_id in reversed(list(enumerate(listed)))}
        return lambda link: places.get(link.id, len(listed))


@dataclass(frozen=True)
class Document:
    """A whole file.

    Attributes:
        root: the graph that one sees first.
        definitions: id → graph of each subgraph.
        extra: the file's ``extra``.
        remarks: what was noticed so far: node id, title, sentence.
    """

    root: Graph
    definitions: Mapping[str, Graph] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    remarks: tuple[tuple[str, str, str], ...] = ()


def compatible(one: str, other: str) -> bool:
    """Whether a wire may join the two types (formats.md §2.5)."""
    if one in (ANY, "") or other in (ANY, ""):
        return True
    return not _members(one).isdisjoint(_members(other))


def _members(type_: str) -> frozenset[str]:
    return frozenset(part.strip().casefold() for part in type_.split(","))


def id_order(node_id: str) -> tuple[int, int, str]:
    """Sorts ids as ComfyUI's exports have them: numbers first, by size."""
    return (0, int(node_id), "") if node_id.isascii() and node_id.isdigit() and len(node_id) < 20 else (1, 0, node_id)


def malformed(what: str) -> NotConvertible:
    """The refusal of a file that ComfyUI would not have written."""
    return NotConvertible([f"{what}. Open the workflow in ComfyUI, save it again and take that file."])
