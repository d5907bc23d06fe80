"""All controls of a workflow, by what the author said first and by a guess last (docs/conventions/)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from comfy_api.workflow.convert import Origin
from comfy_api.workflow.document import Workflow
from comfy_api.workflow.forms import app_mode, subgraphs
from comfy_api.workflow.forms.control import Control, Form, Place, Source
from comfy_api.workflow.forms.conventions import CONVENTIONS, describe
from comfy_api.workflow.forms.ground import in_order
from comfy_api.workflow.forms.guess import guess
from comfy_api.workflow.forms.ids import workflow_hash
from comfy_api.workflow.forms.mappings import READERS
from comfy_api.workflow.forms.naming import distinct_labels, with_ids, with_roles
from comfy_api.workflow.forms.outputs import find_outputs
from comfy_api.workflow.forms.precedence import claim, decide
from comfy_api.workflow.spec import ObjectInfo


def find_controls(
    workflow: Workflow,
    object_info: ObjectInfo,
    *,
    form: Form | None = None,
    companions: Mapping[str, Any] = MappingProxyType({}),
) -> list[Control]:
    """Every control of the workflow: those of its form, then those that are on offer to the author.

    Pure, and the same whatever the order of the nodes. Ids are unique. A place belongs to the source that names it
    first, in the order of :class:`Source`; what is shown of the others says precedence.py.

    Args:
        workflow: with ``ui`` where there is one; App Mode, promoted inputs and seed modes are read there.
        object_info: what a server lists; may be empty, then JSON values decide.
        form: the one that was saved; its controls stay as they are.
        companions: file name → JSON document that came with the workflow (ViewComfy, open-webui, CIF).
    """
    workflow = in_order(workflow)
    guessed = _spread(workflow, guess(workflow, object_info))
    marked = with_roles(workflow, _marked(workflow, object_info, companions), guessed)
    saved = [replace(control, source=Source.FORM) for control in form.controls] if form else []
    found = decide(claim(workflow, object_info, [*saved, *marked, *guessed]))
    named = distinct_labels(workflow, with_ids(workflow, found))
    return [
        control if control.source is Source.FORM else replace(control, order=order)
        for order, control in enumerate(named, start=_after(saved))
    ]


def suggest_form(
    workflow: Workflow, object_info: ObjectInfo, companions: Mapping[str, Any] = MappingProxyType({})
) -> Form:
    """The form that an author who accepts everything gets."""
    controls = find_controls(workflow, object_info, companions=companions)
    title, description = describe(workflow)
    return Form(
        controls=tuple(control for control in controls if control.shown),
        title=title,
        description=description,
        outputs=find_outputs(workflow, object_info, companions=companions),
        workflow_hash=workflow_hash(workflow),
    )


def _marked(workflow: Workflow, object_info: ObjectInfo, companions: Mapping[str, Any]) -> list[Control]:
    """What the author marked, in any way, the most trusted first."""
    drawn = [*app_mode.find(workflow, object_info), *subgraphs.find(workflow, object_info)]
    read = [
        control
        for _, document in sorted(companions.items())
        for reader in READERS
        for control in reader(document, workflow, object_info)
    ]
    conventional = [control for finder in CONVENTIONS for control in finder(workflow, object_info)]
    return [*drawn, *_spread(workflow, [*read, *conventional])]


def _spread(workflow: Workflow, controls: list[Control]) -> list[Control]:
    """Each with every place that its value fans out to, as the file stores it (``Conversion.fan_out``)."""
    origins = workflow.conversion.origins if workflow.conversion else {}
    sharing: dict[Origin, list[Place]] = {}
    for place, origin in origins.items():
        sharing.setdefault(origin, []).append(place)

    def spread(place: Place) -> list[Place]:
        origin = origins.get(Place(place.node_id, place.input))
        others = sharing[origin] if origin else [place]
        return [replace(other, part=place.part, token=place.token) for other in others]

    return [
        replace(control, places=tuple(dict.fromkeys(other for place in control.places for other in spread(place))))
        for control in controls
    ]


def _after(saved: list[Control]) -> int:
    return max((control.order + 1 for control in saved), default=0) - len(saved)
