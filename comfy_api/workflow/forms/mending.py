"""A control for each choice that the server does not have and that no control of the form can change. Pure."""

from __future__ import annotations

from dataclasses import replace

from comfy_api.workflow.check import FindingKind
from comfy_api.workflow.document import Workflow
from comfy_api.workflow.forms.control import Control, Form, Place
from comfy_api.workflow.forms.ids import make_id
from comfy_api.workflow.forms.refresh import preflight
from comfy_api.workflow.forms.widgets import control_for
from comfy_api.workflow.spec import ObjectInfo

_REASON = "The server does not have what the workflow names here."


def mended(form: Form, workflow: Workflow, object_info: ObjectInfo) -> Form:
    """The form with a control for every choice that this server would refuse.

    A model of the author's that makers were not to change still has to be one that is there. The same choice at several
    places is made once; a control that the author hid is shown.
    """
    controls = {control.id: control for control in form.controls}
    added: dict[str, str] = {}  # what the workflow names → the control that was added for it
    for concern in preflight(workflow, form, object_info):
        finding = concern.finding
        if concern.control or finding.kind is not FindingKind.NOT_IN_LIST or not finding.options:
            continue
        place = Place(finding.node_id, finding.input)
        hidden = next((one for one in controls.values() if place in one.places), None)
        if hidden is not None:
            controls[hidden.id] = replace(hidden, shown=True, advanced=False)
        elif (name := str(finding.received)) in added:
            first = controls[added[name]]
            controls[first.id] = replace(first, places=(*first.places, place))
        elif made := _control(workflow, object_info, place, controls):
            controls[made.id] = made
            added[name] = made.id
    return replace(form, controls=tuple(controls.values()))


def _control(workflow: Workflow, object_info: ObjectInfo, place: Place, taken: dict[str, Control]) -> Control | None:
    found = control_for(workflow, object_info, place, reason=_REASON)
    return found and replace(
        found, id=make_id(found.id, taken), order=min((c.order for c in taken.values()), default=0)
    )
