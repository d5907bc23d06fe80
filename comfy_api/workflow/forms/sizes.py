"""Width and height of one node as one size."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from comfy_api.workflow.forms.control import Control, Kind, Place
from comfy_api.workflow.forms.ground import joined
from comfy_api.workflow.forms.wording import LABELS, label_for

_SIDES = ("width", "height")


def pair_sizes(controls: Iterable[Control]) -> list[Control]:
    """Joins each width with the height of the same node, where both mean pixels and have no name of their own."""
    found = list(controls)
    widths = {control.places[0].node_id: control for control in found if _is_side(control, "width")}
    heights = {control.places[0].node_id: control for control in found if _is_side(control, "height")}
    pairs = {node_id: (widths[node_id], heights[node_id]) for node_id in widths if node_id in heights}
    out: list[Control] = []
    for control in found:
        pair = pairs.get(control.places[0].node_id) if control.places else None
        if pair is None or control not in pair:
            out.append(control)
        elif control == min(pair, key=found.index):
            out.append(_paired(*pair))
    return out


def _is_side(control: Control, side: str) -> bool:
    return (
        control.kind is Kind.INTEGER
        and control.label == label_for(side)
        and all(place.input == side and not place.part for place in control.places)
        and bool(control.places)
        # 0 has a meaning of its own, such as "as the other side asks for".
        and bool(control.default)
    )


def _paired(width: Control, height: Control) -> Control:
    both = joined([width, height])
    places = (Place(place.node_id, place.input, part=place.input, token=place.token) for place in both.places)
    return replace(
        both,
        id=width.id.removesuffix("width") + "size",
        kind=Kind.SIZE,
        label=LABELS["size"],
        default=[width.default, height.default],
        places=tuple(places),
    )
