"""What an installation allows. Browsers check it too, but theirs is a courtesy. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from comfy_api.errors import Refused
from comfy_api.settings import Settings
from comfy_api.workflow import Workflow, edits
from comfy_api.workflow.forms.control import Form
from comfy_api.workflow.forms.values import Limits

_LIMITED: Final = ("batch_size", "steps", "width", "height")


def limits_of(settings: Settings) -> Limits:
    """What a form's values are checked against."""
    return Limits(
        text=settings.max_prompt_length,
        images=settings.max_images,
        pixels=settings.max_pixels,
        steps=settings.max_steps,
    )


def check_rounds(author: Workflow, rounds: Sequence[Workflow], form: Form, limits: Limits) -> None:
    """What a maker changed keeps to the limits, by whichever controls: a width and a height may be two of them.

    Args:
        author: the workflow as its author made it; what it holds itself is allowed.
        rounds: what would be run.
        form: names the control that is told.
        limits: of this installation.

    Raises:
        Refused: names the limit and the control.
    """
    if len(rounds) > limits.images:
        raise Refused(f"Choose 1 to {limits.images} images.", "images")
    for made in rounds:
        for node in made.nodes.values():
            for name in _LIMITED:
                number = _number(made, node.id, name)
                if number is not None and number != _number(author, node.id, name):
                    beyond = _beyond(made, node.id, name, number, len(rounds), limits)
                    if beyond:
                        raise Refused(beyond, _control_of(made, node.id, name, form))


# --- inside ---------------------------------------------------------------------------------------------


def _beyond(made: Workflow, node_id: str, name: str, number: float, rounds: int, limits: Limits) -> str:
    """Which limit the number is beyond, in words, or ``""``."""
    if name == "batch_size":
        return f"Choose 1 to {limits.images} images." if number * rounds > limits.images else ""
    if name == "steps":
        return f"Choose 1 to {limits.steps} steps." if number > limits.steps else ""
    sides = (_number(made, node_id, side) for side in ("width", "height"))
    # A side that is computed on the server counts as long as the other.
    if math.prod(number if side is None else side for side in sides) <= limits.pixels:
        return ""
    longest = math.isqrt(limits.pixels)
    return f"This picture is too large here. Choose at most {longest} × {longest}."


def _source(workflow: Workflow, node_id: str, name: str) -> edits.Place:
    """Where the input's value stands: here, or in the node that it is linked to."""
    node = workflow.nodes.get(node_id)
    linked = node.links.get(name) if node else None
    source = workflow.nodes.get(linked[0]) if linked else None
    return (source.id, name if name in source.inputs else "value") if source else (node_id, name)


def _number(workflow: Workflow, node_id: str, name: str) -> float | None:
    source, held = _source(workflow, node_id, name)
    node = workflow.nodes.get(source)
    value: float | None = node.inputs.get(held) if node else None
    return value if edits.is_number(value) else None


def _control_of(workflow: Workflow, node_id: str, name: str, form: Form) -> str:
    place = _source(workflow, node_id, name)
    writers = (control.id for control in form.controls for p in control.places if (p.node_id, p.input) == place)
    return next(writers, "")
