"""ViewComfy's ``view_comfy.json``: a field for each input, basic and advanced (docs/conventions/viewcomfy.md).

A field writes to one input. Where a control writes to several, each gets a field, and a key ``easel`` says that they
are one; ViewComfy keeps keys that it does not know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from comfy_api.workflow.document import Workflow
from comfy_api.workflow.forms.control import FILES, Control, Form, Kind, Place
from comfy_api.workflow.forms.conventions import building
from comfy_api.workflow.forms.conventions.building import is_scalar, number, whole, words
from comfy_api.workflow.forms.mappings import fields
from comfy_api.workflow.spec import ObjectInfo

NAME: Final = "ViewComfy"
_FILE_TYPE: Final = "view_comfy"
#: What its frontend writes into a field before anybody does.
_UNWRITTEN: Final = "Helper Text"
_OURS: Final = "easel"
_MASK: Final = "viewcomfymask"
#: JavaScript's Number.MIN_VALUE: a new seed each time.
_RANDOM: Final = 5e-324

#: valueType → the kinds that it can be; of another kind it becomes the first.
_KINDS: Final[Mapping[str, tuple[Kind, ...]]] = {
    "string": (Kind.TEXT, Kind.LONG_TEXT, Kind.CHOICE, Kind.MODEL, Kind.COLOUR, *sorted(FILES)),
    "long-text": (Kind.LONG_TEXT,),
    "number": (Kind.NUMBER, Kind.INTEGER, Kind.SLIDER, Kind.SEED, Kind.IMAGES),
    "bigint": (Kind.INTEGER, Kind.SEED),
    "float": (Kind.NUMBER, Kind.SLIDER),
    "boolean": (Kind.SWITCH,),
    "image": (Kind.IMAGE, Kind.MASK),
    "image-mask": (Kind.IMAGE,),
    "video": (Kind.VIDEO,),
    "audio": (Kind.AUDIO,),
    "seed": (Kind.SEED,),
    "noise_seed": (Kind.SEED,),
    "rand_seed": (Kind.SEED,),
    "select": (Kind.CHOICE, Kind.MODEL),
    "slider": (Kind.SLIDER,),
}
_TYPES: Final[Mapping[Kind, str]] = {
    Kind.TEXT: "string",
    Kind.LONG_TEXT: "long-text",
    Kind.INTEGER: "number",
    Kind.NUMBER: "float",
    Kind.SLIDER: "slider",
    Kind.SWITCH: "boolean",
    Kind.CHOICE: "select",
    Kind.MODEL: "select",
    Kind.SEED: "seed",
    Kind.SIZE: "number",
    Kind.IMAGES: "number",
    Kind.IMAGE: "image",
    Kind.MASK: "image",
    Kind.VIDEO: "video",
    Kind.AUDIO: "audio",
    Kind.FILE: "string",
    Kind.COLOUR: "string",
}


def recognise(document: object) -> bool:
    """Whether this is a ViewComfy file, or the part of it that describes one workflow."""
    return bool(_apps(document))


def read(document: object, workflow: Workflow, object_info: ObjectInfo) -> list[Control]:
    """The controls of the app in the file that names most of this workflow's inputs."""
    found = [_read_app(app, workflow, object_info) for app in _apps(document)[:20]]
    return max(found, key=len, default=[])


def write(form: Form, workflow: Workflow) -> dict[str, Any]:
    """The file for this form.

    Left out, because ViewComfy has nothing like it: lists, images as runs, and values that are pieces of a text.
    """
    told = [control for control in form.controls if control.kind in _TYPES and control.places]
    told = [control for control in told if not any(place.token for place in control.places)]
    app = {
        "title": form.title,
        "description": form.description,
        "viewcomfyEndpoint": "",
        "previewImages": [],
        "inputs": [_multi(control, workflow) for control in told if not control.advanced],
        "advancedInputs": [_multi(control, workflow) for control in told if control.advanced],
    }
    return {
        "file_type": _FILE_TYPE,
        "file_version": "1.0.0",
        "version": "0.0.1",
        "appTitle": form.title,
        "appImg": "",
        "workflows": [{"viewComfyJSON": app, "workflowApiJSON": workflow.graph}],
    }


# --- reading --------------------------------------------------------------------------------------------


def _apps(document: object) -> list[Mapping[str, Any]]:
    whole_file = fields.mapping(document)
    listed = [
        fields.mapping(fields.mapping(one).get("viewComfyJSON")) for one in fields.entries(whole_file.get("workflows"))
    ]
    apps = [*listed, fields.mapping(whole_file.get("viewComfyJSON")), whole_file]
    return [app for app in apps if isinstance(app.get("inputs"), list) and isinstance(app.get("advancedInputs"), list)]


def _read_app(app: Mapping[str, Any], workflow: Workflow, object_info: ObjectInfo) -> list[Control]:
    keyed: list[tuple[Any, Control | None]] = []
    sides: dict[str, dict[str, Control]] = {}
    for multi, field, advanced in _fields(app):
        control = _control(workflow, object_info, field, advanced, _heading(multi))
        ours = fields.mapping(field.get(_OURS))
        key, part = ours.get("control"), ours.get("part")
        if control and isinstance(key, str) and part in ("width", "height"):
            sides.setdefault(key, {}).setdefault(part, control)
            control = replace(control, places=(replace(control.places[0], part=part),))
        keyed.append((key if isinstance(key, str) else len(keyed), control))
    merged = (_size(control, sides) for control in building.merged(keyed))
    return fields.numbered(building.settled(merged))


def _fields(app: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any], bool]]:
    """(What a field stands in, the field, whether it is folded), but those that were deleted."""
    for name in ("inputs", "advancedInputs"):
        for multi in map(fields.mapping, fields.entries(app.get(name))):
            for field in map(fields.mapping, fields.entries(multi.get("inputs"))):
                if "deleted" not in (multi.get("visibility"), field.get("visibility")):
                    yield multi, field, name == "advancedInputs"


def _heading(multi: Mapping[str, Any]) -> str:
    if _OURS in multi:
        return words(fields.mapping(multi[_OURS]).get("group"))
    return words(multi.get("title")) if len(fields.entries(multi.get("inputs"))) > 1 else ""


def _control(
    workflow: Workflow, object_info: ObjectInfo, field: Mapping[str, Any], advanced: bool, group: str
) -> Control | None:
    path = fields.entries(field.get("workflowPath"))
    masked = field.get("valueType") == "image-mask" or (path and path[-1] == _MASK)
    if len(path) < 3 or path[1] != "inputs":
        return None
    made = fields.control_of(
        workflow,
        object_info,
        path[0],
        path[2],
        reason=f'ViewComfy\'s file lists "{words(field.get("title"))}" ({words(field.get("valueType"))}).',
        label=words(field.get("title")),
        help=next((text for text in (field.get("tooltip"), field.get("helpText")) if text and text != _UNWRITTEN), ""),
        advanced=advanced,
        group=group,
        shown=field.get("visibility") != "hidden",
        required=fields.mapping(field.get("validations")).get("required") is True,
    )
    if made is None:
        return None
    ours = fields.mapping(field.get(_OURS))
    label = made.label.removesuffix(f" ({ours.get('part')})") or made.label
    empty = words(field.get("placeholder"))
    named = replace(
        made,
        id=words(ours.get("control")) or made.id,
        label=label,
        # Its frontend repeats the title there.
        placeholder="" if empty in (label, made.label) else empty,
        maskable=bool(masked),
    )
    return replace(named, **_shape(named, field))


def _shape(control: Control, field: Mapping[str, Any]) -> Mapping[str, Any]:
    type_ = field.get("valueType")
    fitting = _KINDS.get(type_, ()) if isinstance(type_, str) else ()
    kind = _written_kind(field) or (control.kind if not fitting or control.kind in fitting else fitting[0])
    shape: dict[str, Any] = {"kind": kind, **_limits(control, kind, field)}
    value = field.get("value")
    if kind is Kind.SEED:
        drawn = value == _RANDOM or building.whole(value) is None
        return {**shape, "default": None if drawn else value, "mode": _mode(field, drawn)}
    if kind in (Kind.CHOICE, Kind.MODEL):
        shape |= _choices(control, field)
        value = next((option for option in control.options if str(option) == str(value)), value)
    return shape if value is None else {**shape, "default": value}


def _written_kind(field: Mapping[str, Any]) -> Kind | None:
    """The kind that was written here, unless somebody has given the field another type since."""
    kind = next((one for one in _TYPES if one.value == fields.mapping(field.get(_OURS)).get("kind")), None)
    if kind is None:
        return None
    types = {_TYPES[kind], *({"string"} if kind in (Kind.CHOICE, Kind.MODEL) else ())}
    types |= {"image-mask"} if kind is Kind.IMAGE else set()
    return kind if field.get("valueType") in list(types) else None


def _mode(field: Mapping[str, Any], drawn: bool) -> str:
    mode = fields.mapping(field.get(_OURS)).get("mode")
    return mode if mode in ("random", "fixed", "count") else "random" if drawn else "fixed"


def _limits(control: Control, kind: Kind, field: Mapping[str, Any]) -> Mapping[str, Any]:
    stated = fields.mapping(field.get("slider" if kind is Kind.SLIDER else "range"))
    found = {"minimum": stated.get("min"), "maximum": stated.get("max"), "step": stated.get("step")}
    known = {name: value for name, value in found.items() if number(value) is not None}
    if kind is Kind.SLIDER:
        fraction = control.kind is Kind.NUMBER or any(whole(value) is None for value in known.values())
        known["whole"] = control.whole or not fraction
    return known


def _choices(control: Control, field: Mapping[str, Any]) -> Mapping[str, Any]:
    listed = [fields.mapping(one) for one in fields.entries(field.get("options"))]
    pairs = [(one.get("value"), words(one.get("label"))) for one in listed if is_scalar(one.get("value"))]
    if not pairs:
        return {}
    options, labels = fields.typed_options(control, pairs)
    plain = all(label == words(str(option)[:200]) for option, label in zip(options, labels, strict=True))
    return {"options": options, "option_labels": () if plain else labels}


def _size(control: Control, sides: Mapping[str, Mapping[str, Control]]) -> Control:
    """What was written as two fields, as one size again."""
    pair = sides.get(control.id, {})
    size = building.size_of(pair.get("width"), pair.get("height"), label=control.label, id=control.id)
    return replace(size, places=control.places) if size else control


# --- writing --------------------------------------------------------------------------------------------


def _multi(control: Control, workflow: Workflow) -> dict[str, Any]:
    first = control.places[0]
    class_type = workflow.nodes[first.node_id].class_type if first.node_id in workflow.nodes else ""
    return {
        "title": control.group or control.label,
        "key": f"{first.node_id}-{class_type}",
        "visibility": "active" if control.shown else "hidden",
        "inputs": [_field(control, place) for place in control.places],
        _OURS: {"group": control.group},
    }


def _field(control: Control, place: Place) -> dict[str, Any]:
    value = control.default
    if control.kind is Kind.SIZE and isinstance(value, list):
        value = value[0 if place.part == "width" else 1]
    if control.kind is Kind.SEED and value is None:
        value = _RANDOM
    several = len({one.part for one in control.places}) > 1
    path = [place.node_id, "inputs", place.input]
    field: dict[str, Any] = {
        "title": f"{control.label} ({place.part})" if several else control.label,
        "placeholder": control.placeholder or control.label,
        "value": value,
        "workflowPath": path,
        "helpText": control.help,
        "tooltip": "",
        "valueType": "image-mask" if control.maskable and control.kind is Kind.IMAGE else _type(control),
        "validations": {"required": control.required},
        "key": "-".join(path),
        "visibility": "active" if control.shown else "hidden",
        _OURS: {"control": control.id, "part": place.part, "kind": control.kind.value, "mode": control.mode},
    }
    limits = {"min": control.minimum, "max": control.maximum, "step": control.step}
    stated = {name: limit for name, limit in limits.items() if limit is not None}
    if control.kind is Kind.SLIDER:
        field["slider"] = {**stated, "step": control.step or (1 if control.whole else 0.01)}
    elif stated:
        field["range"] = stated
    if control.options:
        labels = control.option_labels or tuple(str(option) for option in control.options)
        field["options"] = [
            {"label": label, "value": option} for option, label in zip(control.options, labels, strict=False)
        ]
    return field


def _type(control: Control) -> str:
    # Without choices a select would be empty.
    return "string" if control.kind in (Kind.CHOICE, Kind.MODEL) and not control.options else _TYPES[control.kind]
