"""What the author's file says of a seed: its number, and what ComfyUI does with it after each run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from comfy_api.workflow.document import Workflow
from comfy_api.workflow.forms.control import Place
from comfy_api.workflow.forms.drawn import Drawing
from comfy_api.workflow.ui.graph import Node

Mode = Literal["random", "fixed", "count"]

_MODES: Mapping[str, Mode] = {
    "randomize": "random",
    "fixed": "fixed",
    "increment": "count",
    "decrement": "count",
    "increment-wrap": "count",
}


def seed_mode(workflow: Workflow, place: Place, drawing: Drawing | None) -> Mode:
    """The mode of the control slot behind this seed (formats.md §2.3); random where the file has none."""
    for node in _holders(workflow, drawing, place) if drawing else ():
        if mode := _MODES.get(str(node.named.get("control_after_generate"))):
            return mode
        for value in node.values if isinstance(node.values, list) else ():
            if isinstance(value, str) and value in _MODES:
                return _MODES[value]
    return "random"


def stored_seed(workflow: Workflow, place: Place) -> int | None:
    """The seed that the workflow has now."""
    value = workflow.nodes[place.node_id].inputs.get(place.input)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _holders(workflow: Workflow, drawing: Drawing, place: Place) -> Iterator[Node]:
    """The node that the value is stored in, then the node that takes it: a promoted seed's mode stays inside."""
    origin = workflow.conversion.origins.get(Place(place.node_id, place.input)) if workflow.conversion else None
    graph = drawing.graph(origin.graph) if origin else None
    if origin and graph and origin.node_id in graph.nodes:
        yield graph.nodes[origin.node_id]
    if node := drawing.node(place.node_id):
        yield node
