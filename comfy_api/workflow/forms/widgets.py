"""From one input of a node to the control that a maker gets for it: kind, range, choices, words.

What the server states (formats.md §6) is taken exactly; without it the JSON value decides, and nothing is invented.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from comfy_api.workflow.document import Node, Workflow, is_link
from comfy_api.workflow.edits import SEED_INPUTS, TEXT_INPUTS, is_number
from comfy_api.workflow.forms.control import FILES, Control, Kind, Number, Place
from comfy_api.workflow.forms.ids import make_id
from comfy_api.workflow.forms.media import file_kind, is_required
from comfy_api.workflow.forms.wording import FILE_LABELS, HELP, MAX_LABEL, clip, humanise, label_for, plain
from comfy_api.workflow.setting import FRACTIONS
from comfy_api.workflow.spec import DYNAMIC_COMBO, InputSpec, ObjectInfo, dynamic_options, find_input

MODEL_ENDINGS = (".safetensors", ".sft", ".ckpt", ".pt", ".pt2", ".pth", ".bin", ".gguf", ".onnx")
#: Inputs that say nothing of themselves: there the title that the author gave the node names the control.
NAMELESS = frozenset({*TEXT_INPUTS, "image", "images", "video", "audio", "file", "model_file", "mask", "number"})
#: A text without line breaks that is longer than this is written in a field of several lines.
_LONG = 60
_MAX_PLACEHOLDER = 300
#: Inputs that are a choice even where no server says among what.
_CHOICES = frozenset({"sampler_name", "scheduler", "upscale_method"})

_BY_TYPE = {
    "BOOLEAN": Kind.SWITCH,
    "COLOR": Kind.COLOUR,
    "COLORS": Kind.LIST,
    "MARKDOWN": Kind.LONG_TEXT,
    "TEXTAREA": Kind.LONG_TEXT,
    DYNAMIC_COMBO: Kind.CHOICE,
}


def control_for(
    workflow: Workflow, object_info: ObjectInfo, place: Place, *, label: str = "", **overrides: Any
) -> Control | None:
    """The control for one plain input, with its present value as the default.

    Args:
        workflow: holds the node.
        object_info: what the server lists; may be empty.
        place: the input.
        label: its name for makers; empty: the author's title or the input's own name.
        overrides: fields of :class:`Control` to set afterwards, such as ``source`` or ``id``.

    Returns:
        None where the node or the input is missing or linked, or where no kind of control takes its value.
    """
    node = workflow.nodes.get(place.node_id)
    value = None if node is None else node.inputs.get(place.input)
    if node is None or place.input not in node.inputs or is_link(value):
        return None
    spec = find_input(object_info, node.class_type, place.input, node.inputs)
    kind = kind_of(object_info, node, place.input, spec)
    if kind is None:
        return None
    settings = spec.settings if spec else {}
    name = clip(label, MAX_LABEL) or name_of(node, place.input, object_info, kind, spec)
    least, most, step = _range(kind, _tightened(workflow, object_info, node, settings))
    control = Control(
        id=make_id(label or place.input),
        kind=kind,
        label=name,
        places=(place,),
        help=HELP.get(_last(place.input), "") or plain(settings.get("tooltip")),
        placeholder=plain(settings.get("placeholder"), _MAX_PLACEHOLDER),
        default=None if kind is Kind.SEED else _value(kind, value),
        required=kind in FILES and is_required(workflow, object_info, node.id),
        minimum=least,
        maximum=most,
        step=step,
        whole=kind is Kind.SLIDER and spec is not None and spec.type == "INT",
        options=_options(spec, node) if kind in (Kind.CHOICE, Kind.MODEL, Kind.LIST) else (),
        on=plain(settings.get("label_on"), MAX_LABEL) if kind is Kind.SWITCH else "",
        off=plain(settings.get("label_off"), MAX_LABEL) if kind is Kind.SWITCH else "",
        advanced=settings.get("advanced") is True,
    )
    return replace(control, **overrides) if overrides else control


def kind_of(object_info: ObjectInfo, node: Node, name: str, spec: InputSpec | None) -> Kind | None:
    """Which kind of control a plain input is; None: none takes its value."""
    value = node.inputs[name]
    if found := file_kind(object_info, node, name, spec):
        return found
    if spec is None:
        return _kind_of_value(name, value)
    return _kind_of_spec(name, _inner(value), spec)


def name_of(node: Node, name: str, object_info: ObjectInfo, kind: Kind, spec: InputSpec | None) -> str:
    """What makers call an input: the node's own title where the input's name says nothing."""
    if _last(name) in NAMELESS and has_own_title(node, object_info):
        # "Load Product Image" is what the node does; the maker adds a product image.
        title = re.sub(r"^load\s+(?=\S)", "", node.title, flags=re.IGNORECASE) if kind in FILES else node.title
        return humanise(title)
    if kind in FILES:
        return FILE_LABELS[kind.value]
    stated = plain(spec.settings.get("display_name"), MAX_LABEL) if spec else ""
    return humanise(stated) if stated and stated != name else label_for(name)


def has_own_title(node: Node, object_info: ObjectInfo) -> bool:
    """Whether the author gave the node a title, rather than the class."""
    entry = object_info.get(node.class_type)
    stated = entry.get("display_name") if isinstance(entry, Mapping) else None
    plain_title = _letters(node.title)
    return plain_title not in {_letters(node.class_type), _letters(stated if isinstance(stated, str) else "")}


def is_model(value: Any) -> bool:
    """Whether this is the name of a model's file."""
    return isinstance(value, str) and value.lower().endswith(MODEL_ENDINGS)


# --- kind -----------------------------------------------------------------------------------------------


def _kind_of_spec(name: str, value: Any, spec: InputSpec) -> Kind | None:
    type_ = str(spec.settings.get("widgetType") or spec.type)
    if type_ == "COMBO":
        return _kind_of_combo(value, spec)
    if type_ == "INT":
        return _kind_of_whole(name, value, spec)
    if type_ == "FLOAT":
        return _slider(spec, Kind.NUMBER) if is_number(value) else None
    if type_ == "STRING":
        return (Kind.LONG_TEXT if spec.settings.get("multiline") is True else Kind.TEXT) if _is_text(value) else None
    fitting = {Kind.SWITCH: bool, Kind.COLOUR: str, Kind.LIST: list, Kind.LONG_TEXT: str, Kind.CHOICE: str}
    kind = _BY_TYPE.get(type_)
    if kind is None:
        # Custom nodes have types of their own, and "*" or "INT,FLOAT" take several.
        return None if type_.isidentifier() else _kind_of_value(name, value)
    return kind if isinstance(value, fitting[kind]) else None


def _kind_of_combo(value: Any, spec: InputSpec) -> Kind | None:
    if isinstance(value, list) or spec.settings.get("multiselect") is True:
        return Kind.LIST if isinstance(value, list) else None
    if not isinstance(value, (str, int, float)):
        return None
    return (
        Kind.MODEL if is_model(value) or any(is_model(option) for option in (spec.options or ())[:1]) else Kind.CHOICE
    )


def _kind_of_whole(name: str, value: Any, spec: InputSpec) -> Kind | None:
    if not isinstance(value, int) or isinstance(value, bool):
        # A saved 2.7 or "20": the server casts it, so a number field can stand for it.
        return Kind.NUMBER if is_number(value) else None
    return Kind.SEED if is_seed(name) else _slider(spec, Kind.INTEGER)


def _slider(spec: InputSpec, otherwise: Kind) -> Kind:
    drawn = spec.settings.get("display") in ("slider", "gradientslider", "knob")
    ends = (_number(spec.settings.get("min")), _number(spec.settings.get("max")))
    return Kind.SLIDER if drawn and None not in ends and ends[0] != ends[1] else otherwise


def _kind_of_value(name: str, value: Any) -> Kind | None:
    value = _inner(value)
    if isinstance(value, bool):
        return Kind.SWITCH
    if isinstance(value, int):
        return Kind.SEED if is_seed(name) else Kind.NUMBER if _last(name) in FRACTIONS else Kind.INTEGER
    if isinstance(value, float):
        return Kind.NUMBER
    if isinstance(value, str):
        return _kind_of_text(name, value)
    return Kind.LIST if isinstance(value, list) and all(_is_scalar(item) for item in value) else None


def _kind_of_text(name: str, value: str) -> Kind:
    last = _last(name)
    if is_model(value):
        return Kind.MODEL
    if last in _CHOICES:
        return Kind.CHOICE
    if "\n" in value:
        return Kind.LONG_TEXT
    # A primitive's text may be anything: a prompt, but a file's name as well.
    prompt = last.endswith("prompt") or (last in TEXT_INPUTS and last not in ("value", "string"))
    return Kind.LONG_TEXT if prompt or len(value) > _LONG else Kind.TEXT


def is_seed(name: str) -> bool:
    """Whether an input of this name takes a seed."""
    return _last(name) in (*SEED_INPUTS, "rand_seed")


# --- what is stated -------------------------------------------------------------------------------------


def _tightened(
    workflow: Workflow, object_info: ObjectInfo, node: Node, settings: Mapping[str, Any]
) -> Mapping[str, Any]:
    """A primitive takes any number; the inputs that it feeds say which ones go."""
    if node.class_type not in ("PrimitiveInt", "PrimitiveFloat"):
        return settings
    fed = [(workflow.nodes[consumer], name) for consumer, name in workflow.consumers(node.id)]
    specs = [find_input(object_info, target.class_type, name, target.inputs) for target, name in fed]
    stated = [settings, *(spec.settings for spec in specs if spec and spec.type in ("INT", "FLOAT"))]
    least = [number for one in stated if (number := _number(one.get("min"))) is not None]
    most = [number for one in stated if (number := _number(one.get("max"))) is not None]
    step = next((one["step"] for one in stated[1:] if _number(one.get("step"))), settings.get("step"))
    return {"min": max(least, default=None), "max": min(most, default=None), "step": step}


def _range(kind: Kind, settings: Mapping[str, Any]) -> tuple[Number | None, Number | None, Number | None]:
    if kind not in (Kind.INTEGER, Kind.NUMBER, Kind.SLIDER, Kind.SEED):
        return None, None, None
    least, most, step = (_number(settings.get(name)) for name in ("min", "max", "step"))
    if least is not None and most is not None and least > most:
        least = most = None
    whole = kind in (Kind.INTEGER, Kind.SEED)
    return _rounded(least, whole), _rounded(most, whole), step if step and step > 0 else None


def _rounded(number: Number | None, whole: bool) -> Number | None:
    """2.0 as 2, where only whole numbers stand."""
    return int(number) if whole and isinstance(number, float) and number.is_integer() else number


def _options(spec: InputSpec | None, node: Node) -> tuple[Any, ...]:
    if spec is None:
        return ()
    if spec.type == DYNAMIC_COMBO:
        # A choice that needs inputs which the node does not have yet would be refused.
        choices = dynamic_options(spec).items()
        return tuple(key for key, brought in choices if all(s.name in node.inputs or not s.required for s in brought))
    return tuple(option for option in spec.options or () if _is_scalar(option))


def _value(kind: Kind, value: Any) -> Any:
    inner = _inner(value)
    return None if kind in FILES and inner == "" else inner


def _inner(value: Any) -> Any:
    """A list travels wrapped, because a bare one is a link (formats.md §1.1)."""
    return value["__value__"] if isinstance(value, Mapping) and "__value__" in value else value


def _number(value: Any) -> Number | None:
    # An int may be too long for a double, which is what isfinite takes.
    return value if is_number(value) and (isinstance(value, int) or math.isfinite(value)) else None


def _is_scalar(value: Any) -> bool:
    return isinstance(value, (str, int, float))


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _last(name: str) -> str:
    return name.rsplit(".", 1)[-1]


def _letters(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())
