"""Promoted inputs: authors put on the outside of a subgraph what people change (docs/conventions/subgraphs.md)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from comfy_api.workflow.document import Workflow
from comfy_api.workflow.forms.app_mode import with_id, with_seed
from comfy_api.workflow.forms.control import Control, Kind, Source
from comfy_api.workflow.forms.drawn import Drawing, draw
from comfy_api.workflow.forms.ground import Ground
from comfy_api.workflow.forms.sizes import pair_sizes
from comfy_api.workflow.forms.wording import MAX_LABEL, clip, label_for, label_from
from comfy_api.workflow.spec import ObjectInfo
from comfy_api.workflow.ui.graph import Graph, Node

#: Inputs of samplers: an author promotes them for people who know them.
_TECHNICAL = frozenset({"steps", "cfg", "guidance", "denoise", "sampler_name", "scheduler", "shift"})


def find(workflow: Workflow, object_info: ObjectInfo) -> list[Control]:
    """The promoted inputs of each subgraph in the root, in the order of its definition."""
    drawing = draw(workflow)
    if drawing is None:
        return []
    ground = Ground(workflow, object_info)
    hosts = {host.id: list(_of_host(ground, drawing, host, definition)) for host, definition in drawing.hosts()}
    several = sum(bool(controls) for controls in hosts.values()) > 1
    found: list[Control] = []
    for host, definition in drawing.hosts():
        title = clip(host.title or definition.name, MAX_LABEL) if several else ""
        found += [replace(control, group=title) for control in pair_sizes(hosts[host.id])]
    return [replace(control, order=order) for order, control in enumerate(found)]


def _of_host(ground: Ground, drawing: Drawing, host: Node, definition: Graph) -> Iterator[Control]:
    ports = {port.name for port in definition.inputs}
    for name, inner in drawing.promoted(host, definition).items():
        control = ground.control(
            drawing.places(host.id, name),
            source=Source.SUBGRAPH,
            reason=f'The author put it on the outside of "{clip(host.title or definition.name, MAX_LABEL)}".',
        )
        if control is None:
            continue
        # A port that is called otherwise than the widget behind it has a name that someone chose; value_1 is numbered.
        chosen = label_for(name) if name in ports and inner[0][1] not in (name, re.sub(r"_[0-9]+$", "", name)) else ""
        written = drawing.label(host, name)
        negative = "negative" in f"{name} {written}".casefold()
        control = replace(
            control,
            id=name,
            label=label_from(written) or chosen or control.label,
            advanced=control.kind is Kind.MODEL or control.id in _TECHNICAL or negative,
        )
        yield with_seed(ground.workflow, with_id(control), drawing)
