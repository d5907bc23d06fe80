"""Legacy group nodes as subgraphs, which is what the frontend makes of them since 1.58 (formats.md §2.8, rule 27).

``extra.groupNodes`` holds the nodes of each group and the links between them by index. The node that stands for the
group keeps the values of all its widgets in one list, and has the sockets that no link inside feeds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from comfy_api.errors import NotConvertible
from comfy_api.workflow.reading import MAX_NODES
from comfy_api.workflow.ui.classes import MISSING, Classes, listing
from comfy_api.workflow.ui.graph import BYPASSED, INPUTS, MUTED, OUTPUTS, Document, Graph, Link, Node, Port, Slot
from comfy_api.workflow.ui.kinds import GROUP_PREFIXES, VIRTUAL
from comfy_api.workflow.ui.parse import parse_node
from comfy_api.workflow.ui.slots import slot_table

#: (inner node, its socket)
_Socket = tuple[Node, Slot]


def with_groups(document: Document, classes: Classes) -> Document:
    """The document with a definition for each group node.

    Raises:
        NotConvertible: a group that is not in the file, or whose sockets cannot be told from the file.
    """
    hosts = [
        (graph, node, _members(document, node))
        for graph in (document.root, *document.definitions.values())
        for node in graph.nodes.values()
        if node.type.startswith(GROUP_PREFIXES)
    ]
    if sum(len(members["nodes"]) for _, _, members in hosts) > MAX_NODES:
        raise NotConvertible([f"Its group nodes hold more than {MAX_NODES} nodes. Take parts of it out."])
    if not hosts:
        return document
    found = {(graph.id, node.id): _Group(node, members, classes) for graph, node, members in hosts}

    def replaced(graph: Graph) -> Graph:
        nodes = {
            node.id: found[graph.id, node.id].host(graph) if (graph.id, node.id) in found else node
            for node in graph.nodes.values()
        }
        return replace(graph, nodes=nodes)

    forgotten = "ComfyUI forgets that a group node is muted or bypassed: what is in it runs."
    remarks = tuple((node.id, node.label, forgotten) for _, node, _ in hosts if node.mode in (MUTED, BYPASSED))
    groups = {_definition_id(graph_id, group.node): group.graph(graph_id) for (graph_id, _), group in found.items()}
    definitions = {graph.id: replaced(graph) for graph in document.definitions.values()}
    return replace(
        document,
        root=replaced(document.root),
        definitions={**definitions, **groups},
        remarks=(*document.remarks, *remarks),
    )


def is_group(graph: Graph) -> bool:
    """Whether this definition was made of a group node."""
    return graph.id.startswith(GROUP_PREFIXES)


def _definition_id(graph_id: str, node: Node) -> str:
    return f"{node.type}#{graph_id}#{node.id}"


def _refusal(node: Node, what: str) -> NotConvertible:
    return NotConvertible([f'The group node "{node.label}" {what}. Turn it into a subgraph in ComfyUI and save again.'])


def _members(document: Document, node: Node) -> Mapping[str, Any]:
    groups = document.extra.get("groupNodes")
    name = node.type.partition(node.type[len("workflow")])[2]
    group = groups.get(name) if isinstance(groups, dict) else None
    if not isinstance(group, dict) or not isinstance(group.get("nodes"), list):
        raise _refusal(node, "has no content in the file")
    return group


class _Group:
    """One group node and what is in it."""

    def __init__(self, node: Node, raw: Mapping[str, Any], classes: Classes) -> None:
        self.node = node
        self._config = raw.get("config")
        members = [self._member(member, index, classes) for index, member in enumerate(raw["nodes"])]
        self._links = [self._link(link, members) for link in listing(raw.get("links")) if _is_inside(link)]
        fed = {(link.target, link.target_slot): link.id for link in self._links}
        self._nodes = [
            replace(
                member,
                inputs=tuple(
                    replace(slot, link=fed.get((member.id, place), "")) for place, slot in enumerate(member.inputs)
                ),
            )
            for member in members
        ]
        self._widgets = [
            (member, widget.name) for member in self._nodes for widget in self._table(member, classes) if widget
        ]
        self._shown = {(str(entry[0]), entry[1]) for entry in listing(raw.get("external")) if _is_exposed(entry)}
        self._entries = self._match()

    # --- reading --------------------------------------------------------------------------------------

    def _member(self, raw: Any, index: int, classes: Classes) -> Node:
        if not isinstance(raw, dict):
            raise _refusal(self.node, "holds something else than nodes")
        member = parse_node({**raw, "id": index})
        if member.type in VIRTUAL or member.type.startswith(GROUP_PREFIXES) or classes.get(member.type) is None:
            raise _refusal(self.node, f'holds a "{member.type}", which this server does not have or groups cannot hold')
        return member

    def _link(self, raw: list[Any], members: list[Node]) -> Link:
        origin, origin_slot, target, target_slot = raw[:4]
        if not (0 <= origin < len(members) and 0 <= target < len(members)):
            raise _refusal(self.node, "links nodes that it does not hold")
        return Link(
            f"{origin}.{origin_slot}.{target}.{target_slot}", str(origin), str(target), origin_slot, target_slot
        )

    def _table(self, member: Node, classes: Classes) -> list[Any]:
        of = classes.get(member.type)
        assert of is not None
        kept = member.values if isinstance(member.values, list) else []
        table = slot_table(of, lambda name, index: kept[index] if index < len(kept) else MISSING)
        return [widget for widget in table if self._visible(member, "input", widget.name)]

    def _visible(self, member: Node, side: str, name: str) -> bool:
        place: Any = self._config
        for key in (member.id, side, name):
            place = place.get(key) if isinstance(place, dict) else None
        return not isinstance(place, dict) or place.get("visible") is not False

    # --- sockets --------------------------------------------------------------------------------------

    def _match(self) -> list[_Socket]:
        """For each socket of the group node, in its order, the socket inside that it stands for."""
        free = [
            (member, slot)
            for member in self._nodes
            for slot in member.inputs
            if not slot.link and not slot.widget and self._visible(member, "input", slot.name)
        ]
        sockets = [slot for slot in self.node.inputs if not slot.widget]
        if len(sockets) != len(free):
            free = [self._named(slot, free) for slot in sockets]
        waiting = iter(free)
        return [self._widget_socket(slot) if slot.widget else next(waiting) for slot in self.node.inputs]

    def _named(self, slot: Slot, free: list[_Socket]) -> _Socket:
        fitting = [end for end in free if slot.name == end[1].name or slot.name.endswith(f" {end[1].name}")]
        if len(fitting) != 1:
            raise _refusal(self.node, f'has an input "{slot.name}" that fits no single input inside')
        return fitting[0]

    def _widget_socket(self, slot: Slot) -> _Socket:
        exact = [(member, name) for member, name in self._widgets if name == slot.widget]
        fitting = exact or [(member, name) for member, name in self._widgets if slot.widget.endswith(f" {name}")]
        if len(fitting) != 1 and slot.link:
            raise _refusal(self.node, f'has an input "{slot.name}" that fits no single input inside')
        member, name = fitting[0] if fitting else (self.node, slot.widget)
        return member, Slot(name, slot.type, "", name)

    # --- what becomes of it ---------------------------------------------------------------------------

    def host(self, graph: Graph) -> Node:
        """The node that stands for the new definition. A group node's mode is lost, as in the frontend."""
        proxies = [[member.id, name] for member, name in self._widgets]
        properties = {**self.node.properties, "proxyWidgets": proxies}
        return replace(self.node, type=_definition_id(graph.id, self.node), mode=0, properties=properties)

    def graph(self, graph_id: str) -> Graph:
        """The definition."""
        nodes = {node.id: node for node in self._nodes}
        links = {link.id: link for link in self._links}
        for index, (member, slot) in enumerate(self._entries):
            if member.id in nodes and self.node.inputs[index].link:
                link = Link(f"in.{index}", INPUTS, member.id, index, -1)
                links[link.id] = link
                nodes[member.id] = _linked(nodes[member.id], slot, link.id)
        for index, (member_id, output) in enumerate(self._outputs()):
            links[f"out.{index}"] = Link(f"out.{index}", member_id, OUTPUTS, output, index)
        ports = tuple(Port(slot.name, slot.type, (f"in.{index}",)) for index, slot in enumerate(self.node.inputs))
        return Graph(_definition_id(graph_id, self.node), self.node.label, nodes, links, ports)

    def _outputs(self) -> list[tuple[str, int]]:
        used = {(link.origin, link.origin_slot) for link in self._links}
        return [
            (member.id, index)
            for member in self._nodes
            for index in range(len(member.outputs))
            if (member.id, index) not in used or (member.id, index) in self._shown
        ]


def _is_inside(raw: Any) -> bool:
    """Whether both ends of a stored link are in the group."""
    return isinstance(raw, list) and len(raw) >= 4 and all(isinstance(part, int) for part in raw[:4])


def _is_exposed(raw: Any) -> bool:
    return isinstance(raw, list) and len(raw) >= 2 and all(isinstance(part, int) for part in raw[:2])


def _linked(node: Node, slot: Slot, link: str) -> Node:
    if slot.name in node.slots:
        return replace(
            node, inputs=tuple(replace(one, link=link) if one.name == slot.name else one for one in node.inputs)
        )
    return replace(node, inputs=(*node.inputs, replace(slot, link=link)))
