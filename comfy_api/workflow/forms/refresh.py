"""A form beside the server that it is used with: its choices and ranges now, and what the server lacks. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from comfy_api.workflow.check import Finding, FindingKind, check, repair_paths
from comfy_api.workflow.document import Workflow
from comfy_api.workflow.forms.control import Control, Form, Kind, Number
from comfy_api.workflow.forms.values import find_option
from comfy_api.workflow.forms.widgets import control_for
from comfy_api.workflow.spec import ObjectInfo

_CHOICES: Final = frozenset({Kind.CHOICE, Kind.MODEL, Kind.LIST})
_RANGES: Final = frozenset({Kind.INTEGER, Kind.NUMBER, Kind.SLIDER, Kind.SEED, Kind.SIZE, Kind.IMAGES})


@dataclass(frozen=True, slots=True)
class Concern:
    """Something that the server will refuse, and where in the form it can be mended.

    Attributes:
        finding: what is wrong and what to do.
        control: the control concerned, or ``""`` where none that makers see writes there.
    """

    finding: Finding
    control: str = ""


def refresh(form: Form, workflow: Workflow, object_info: ObjectInfo) -> Form:
    """The form with the choices and ranges of this server; what it says nothing of stays.

    Choices that the author picked stay, in the server's spelling, as far as the server has them; where it has none of
    them, all that it has are on offer. Of two limits the narrower holds, unless nothing lies between them.
    """
    return replace(form, controls=tuple(_refreshed(control, workflow, object_info) for control in form.controls))


def as_saved(form: Form, workflow: Workflow, object_info: ObjectInfo) -> Form:
    """The form to save: choices that are all that this server has are left out, so that any other is asked for its own.

    What the author named (``option_labels``) stays.
    """

    def saved(control: Control) -> Control:
        offered = _offered(control, workflow, object_info)
        every = not control.option_labels and offered and _spellings(control.options) == _spellings(offered)
        return replace(control, options=()) if every else control

    return replace(form, controls=tuple(map(saved, form.controls)))


def lacking(form: Form, workflow: Workflow, object_info: ObjectInfo) -> Mapping[str, Finding]:
    """Control → the choice in the author's workflow that this server does not have, with the nearest ones."""
    concerns = preflight(workflow, form, object_info)
    found = [one for one in concerns if one.control and one.finding.kind is FindingKind.NOT_IN_LIST]
    return {one.control: one.finding for one in reversed(found)}


def preflight(workflow: Workflow, form: Form, object_info: ObjectInfo) -> tuple[Concern, ...]:
    """What this server will refuse, at the control concerned; empty where nothing is found.

    Paths count as repaired: queue what ``repair_paths`` gives.
    """
    findings = check(repair_paths(workflow, object_info), object_info)
    shown = [control for control in reversed(form.controls) if control.shown]
    at = {(place.node_id, place.input): control.id for control in shown for place in control.places}
    return tuple(Concern(finding, at.get((finding.node_id, finding.input), "")) for finding in findings)


# --- one control ----------------------------------------------------------------------------------------


def _refreshed(control: Control, workflow: Workflow, object_info: ObjectInfo) -> Control:
    if control.kind in _CHOICES:
        offered = _offered(control, workflow, object_info)
        return _with_choices(control, offered) if offered else control
    if control.kind in _RANGES:
        return _with_range(control, _stated(control, workflow, object_info))
    return control


def _stated(control: Control, workflow: Workflow, object_info: ObjectInfo) -> list[Control]:
    """What the server alone would make of each place."""
    plain = (place for place in control.places if not place.token)
    return [found for place in plain if (found := control_for(workflow, object_info, place))]


def _offered(control: Control, workflow: Workflow, object_info: ObjectInfo) -> tuple[Any, ...]:
    """What every place that states choices takes; empty where none does."""
    lists = [stated.options for stated in _stated(control, workflow, object_info) if stated.options]
    if not lists:
        return ()
    return tuple(option for option in lists[0] if all(find_option(option, more) is not None for more in lists[1:]))


def _with_choices(control: Control, offered: Sequence[Any]) -> Control:
    labels = control.option_labels or ("",) * len(control.options)
    picked = [(find_option(option, offered), label) for option, label in zip(control.options, labels, strict=True)]
    picked = [(option, label) for option, label in picked if option is not None] or [(option, "") for option in offered]
    names = tuple(label for _, label in picked)
    return replace(
        control,
        options=tuple(option for option, _ in picked),
        option_labels=names if any(names) else (),
        default=_respelled(control.default, offered),
    )


def _respelled(default: Any, offered: Sequence[Any]) -> Any:
    if isinstance(default, list):
        return [_respelled(item, offered) for item in default]
    found = find_option(default, offered)
    return default if found is None else found


def _with_range(control: Control, stated: Sequence[Control]) -> Control:
    least, most = _highest([one.minimum for one in stated]), _lowest([one.maximum for one in stated])
    narrow = _highest([control.minimum, least]), _lowest([control.maximum, most])
    if narrow[0] is not None and narrow[1] is not None and narrow[0] > narrow[1]:
        narrow = least, most
    steps = (control.step, *(one.step for one in stated))
    step = next((step for step in steps if step is not None), None)
    return replace(control, minimum=narrow[0], maximum=narrow[1], step=step)


def _highest(numbers: Sequence[Number | None]) -> Number | None:
    return max((number for number in numbers if number is not None), default=None)


def _lowest(numbers: Sequence[Number | None]) -> Number | None:
    return min((number for number in numbers if number is not None), default=None)


def _spellings(options: Sequence[Any]) -> list[tuple[type, Any]]:
    return [(type(option), option) for option in options]
