"""A form's values in its workflow: every place that a control writes to. Pure."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from comfy_api.errors import Refused, WorkflowError
from comfy_api.workflow.document import Workflow, is_link
from comfy_api.workflow.edits import is_number, scaled_part
from comfy_api.workflow.forms.branches import without_file
from comfy_api.workflow.forms.control import FILES, Control, Form, Kind, Place, Values
from comfy_api.workflow.forms.seeding import draw_seed
from comfy_api.workflow.spec import ObjectInfo, find_input

#: comfydeploy's nodes take a value in place of the link that their default comes by.
_TAKES_THE_PLACE_OF_A_LINK = "ComfyUIDeployExternal"


def resolve(form: Form, values: Values, rng: random.Random) -> dict[str, Any]:
    """The values as they are used, to be recorded: seeds drawn, and a default wherever the workflow has a placeholder.

    What is absent otherwise stays as the workflow has it. Resolving twice changes nothing.

    Raises:
        Refused: a placeholder for which there is neither value nor default.
    """
    used: dict[str, Any] = {}
    for control in form.controls:
        needed = any(place.token for place in control.places)
        if control.id not in values and not needed:
            continue
        value = values.get(control.id, control.default)
        if value is None and control.kind is Kind.SEED:
            value = draw_seed(control, rng)
        if value is None and needed and control.kind not in FILES:
            raise Refused(f'"{control.label or control.id}" needs a value.', control.id)
        used[control.id] = value
    return used


def apply_form(
    workflow: Workflow, form: Form, values: Values, *, rng: random.Random, object_info: ObjectInfo | None = None
) -> Workflow:
    """The workflow with these values.

    Args:
        workflow: the one that the form was made for.
        form: says where each value goes.
        values: checked; None for a seed draws one, None for a file takes its branch out.
        rng: draws seeds.
        object_info: what the server lists; needed for files that are left empty.

    Raises:
        Refused: a file without which nothing can be made, or that cannot be left out while the server is away.
        WorkflowError: the form names a place that the workflow does not have.
    """
    used = resolve(form, values, rng)
    changed = _Writing(workflow)
    for control in form.controls:
        if control.id in used and not (control.kind in FILES and used[control.id] is None):
            changed.take(control, used[control.id])
    workflow = changed.done()
    for control in form.controls:
        if control.id in used and control.kind in FILES and used[control.id] is None:
            workflow = _left_empty(workflow, control, object_info or {})
    return workflow


def value_in(workflow: Workflow, control: Control) -> Any:
    """The control's present value in the workflow; None where it has none, or a link or a placeholder."""
    if control.kind is Kind.SIZE:
        sides = {place.part: _plain(workflow, place) for place in reversed(control.places)}
        pair = [sides.get("width"), sides.get("height")]
        return pair if all(map(is_number, pair)) else None
    return _plain(workflow, control.places[0]) if control.places and not control.places[0].token else None


class _Writing:
    """Gathers every change, so that each node is written once and each text is searched once."""

    def __init__(self, workflow: Workflow) -> None:
        self._workflow = workflow
        self._whole: dict[str, dict[str, Any]] = defaultdict(dict)
        self._tokens: dict[Place, dict[str, Any]] = defaultdict(dict)

    def take(self, control: Control, value: Any) -> None:
        # An empty field shows the workflow's own text where that is its placeholder, and so means it.
        if value == "" and control.placeholder and value_in(self._workflow, control) == control.placeholder:
            return
        for place in control.places:
            part = value[("width", "height").index(place.part)] if place.part else value
            if place.token:
                self._tokens[Place(place.node_id, place.input)][place.token] = part
            else:
                # A bare list would be a link.
                self._whole[place.node_id][place.input] = {"__value__": part} if isinstance(part, list) else part

    def done(self) -> Workflow:
        for place, values in self._tokens.items():
            self._whole[place.node_id].setdefault(place.input, self._filled_in(place, values))
        workflow = self._workflow
        for node_id, values in self._whole.items():
            node = workflow.nodes.get(node_id)
            if node is None:
                raise WorkflowError(
                    f"The form writes to node {node_id[:100]}, which is not there. Make the form again."
                )
            relink = node.class_type.startswith(_TAKES_THE_PLACE_OF_A_LINK)
            share = scaled_part(node.inputs, values["steps"]) if _counts(node.inputs, values) else {}
            workflow = workflow.with_inputs(node_id, {**share, **values}, relink=relink)
        return workflow

    def _filled_in(self, place: Place, values: Mapping[str, Any]) -> Any:
        """The present text, its tokens replaced in one pass: a value that looks like a token stays."""
        text = _plain(self._workflow, place)
        missing = [token for token in values if not isinstance(text, str) or token not in text]
        if missing:
            raise WorkflowError(
                f'"{place.input}" of node {place.node_id} no longer holds "{missing[0][:100]}". Make the form again.'
            )
        if text in values:
            return values[text]
        longest_first = sorted(values, key=len, reverse=True)
        return re.sub("|".join(map(re.escape, longest_first)), lambda found: _worded(values[found[0]]), text)


def _left_empty(workflow: Workflow, control: Control, object_info: ObjectInfo) -> Workflow:
    if control.required:
        raise Refused(f'"{control.label or control.id}" needs a file. Add one.', control.id)
    if not object_info:
        raise Refused("While the server is away nothing can be left out. Add a file, or wait for it.", control.id)
    for place in control.places:
        node = workflow.nodes.get(place.node_id)
        if node is None:  # it went with the branch of another
            continue
        spec = find_input(object_info, node.class_type, place.input, node.inputs)
        if spec and not spec.required:
            raw = workflow.raw(node.id)
            raw["inputs"].pop(place.input, None)
            workflow = workflow.with_node(node.id, raw)
        else:
            workflow = without_file(workflow, node.id, object_info, control=control.id)
    return workflow


def _counts(inputs: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    return is_number(inputs.get("steps")) and is_number(values.get("steps"))


def _plain(workflow: Workflow, place: Place) -> Any:
    """What stands there: None for a link, and a wrapped list as the list."""
    node = workflow.nodes.get(place.node_id)
    value = node.inputs.get(place.input) if node else None
    if isinstance(value, dict):
        return value.get("__value__")
    return None if is_link(value) else value


def _worded(value: Any) -> str:
    """A value within a text."""
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(map(_worded, value)) if isinstance(value, list) else str(value)
