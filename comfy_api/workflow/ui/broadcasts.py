"""Use Everywhere: sockets without a wire that a broadcasting node feeds (formats.md §2.4).

The extension writes what it would connect into ``extra.ue_links``. Those become wires here. Its nodes match sockets
by type and by patterns of its own; where the list is absent, nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from comfy_api.errors import NotConvertible
from comfy_api.workflow.ui.graph import BYPASSED, MUTED, Document, Graph, Link, Node
from comfy_api.workflow.ui.kinds import BROADCASTERS

_UNSAID = (
    "sends to sockets without wires, and the file does not say to which. "
    'In ComfyUI choose "Convert all UEs to real links", and save again.'
)


def with_broadcasts(document: Document) -> Document:
    """The document with its broadcasts as wires.

    Raises:
        NotConvertible: a broadcasting node of which the file does not say whom it reaches.
    """
    raw = document.extra.get("ue_links")
    if isinstance(raw, list):
        said = "Sockets without wires are fed as ComfyUI last saved it, by Use Everywhere."
        remarks = (*document.remarks, *((("", "Use Everywhere", said),) if raw else ()))
        root = _wired(document.root, [link for link in raw if isinstance(link, dict)])
        return replace(document, root=root, remarks=remarks)
    for graph in (document.root, *document.definitions.values()):
        for node in graph.nodes.values():
            sends = node.type in BROADCASTERS and node.mode not in (MUTED, BYPASSED)
            if sends and any(slot.link for slot in node.inputs):
                raise NotConvertible([f'"{node.label}" {_UNSAID}'])
    return document


def _wired(graph: Graph, raw: list[Mapping[str, Any]]) -> Graph:
    links = {
        f"ue.{number}": Link(f"ue.{number}", str(entry["upstream"]), str(entry["downstream"]), *slots)
        for number, entry in enumerate(raw)
        if "upstream" in entry and "downstream" in entry and (slots := _slots(entry))
    }
    ends: dict[str, dict[int, str]] = {}
    for link in links.values():
        ends.setdefault(link.target, {})[link.target_slot] = link.id
    nodes = {
        node.id: _with_links(node, ends[node.id], graph) if node.id in ends else node for node in graph.nodes.values()
    }
    return replace(graph, nodes=nodes, links={**graph.links, **links})


def _slots(entry: Mapping[str, Any]) -> tuple[int, int] | None:
    origin, target = entry.get("upstream_slot"), entry.get("downstream_slot")
    return (origin, target) if isinstance(origin, int) and isinstance(target, int) else None


def _with_links(node: Node, ends: Mapping[int, str], graph: Graph) -> Node:
    """A wire that is drawn stays; a broadcast fills only what has none."""
    inputs = (
        replace(slot, link=ends[index]) if index in ends and slot.link not in graph.links else slot
        for index, slot in enumerate(node.inputs)
    )
    return replace(node, inputs=tuple(inputs))
