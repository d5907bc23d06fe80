"""What ``/object_info`` says of a node class, in one shape for both combo forms (protocol.md §9).

The answer comes from outside and custom nodes fill it: whatever has no known shape counts as not said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

ObjectInfo = Mapping[str, Any]

_COMBO = "COMBO"
_UPLOADS = (
    "image_upload",
    "video_upload",
    "audio_upload",
    "animated_image_upload",
    "file_upload",
    "mesh_upload",
)


@dataclass(frozen=True)
class InputSpec:
    """One declared input.

    Attributes:
        name: the input.
        required: whether the server insists on it.
        type: ComfyUI's type, such as ``INT``, ``MODEL`` or, for a choice of either form, ``COMBO``.
        options: the choices of a combo that states them; None where there is nothing to choose from a list.
        upload: whether the choices are files that can be uploaded.
        settings: the options dictionary (``default``, ``min``, ``max`` …), empty where there is none.
    """

    name: str
    required: bool
    type: str
    options: tuple[Any, ...] | None
    upload: bool
    settings: Mapping[str, Any]


def inputs_of(object_info: ObjectInfo, class_type: str) -> list[InputSpec]:
    """The declared inputs of a class, required ones first; none for an unknown class."""
    declared = _mapping(_mapping(object_info.get(class_type)).get("input"))
    return [
        _input(name, spec, group == "required")
        for group in ("required", "optional")
        for name, spec in _mapping(declared.get(group)).items()
    ]


def output_count(object_info: ObjectInfo, class_type: str) -> int | None:
    """How many outputs the class has; None where the server does not say."""
    outputs = _mapping(object_info.get(class_type)).get("output")
    return len(outputs) if isinstance(outputs, list) else None


def is_output(object_info: ObjectInfo, class_type: str) -> bool:
    """Whether the class ends a run, so that the server runs what leads to it."""
    return _mapping(object_info.get(class_type)).get("output_node") is True


def parse_input(name: str, spec: Any, required: bool) -> InputSpec:
    """One declared input, as ``/object_info`` has it: ``[type, settings]``."""
    return _input(name, spec, required)


def _input(name: str, spec: Any, required: bool) -> InputSpec:
    head = spec[0] if isinstance(spec, list) and spec else None
    settings = _mapping(spec[1] if isinstance(spec, list) and len(spec) > 1 else None)
    type_ = _COMBO if isinstance(head, list) else str(head)
    options = head if isinstance(head, list) else settings.get("options") if type_ == _COMBO else None
    return InputSpec(
        name,
        required,
        type_,
        tuple(options) if isinstance(options, list) else None,
        any(settings.get(flag) for flag in _UPLOADS),
        settings,
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


# --- inputs that come and go with the node's values (formats.md §6) --------------------------------------

_MAX_DEPTH = 8
DYNAMIC_COMBO = "COMFY_DYNAMICCOMBO_V3"
#: A choice among texts that its author wrote: the server lists none and takes any, with its place as ``index``.
OWN_CHOICES = "CustomCombo"


def find_input(object_info: ObjectInfo, class_type: str, name: str, values: Mapping[str, Any]) -> InputSpec | None:
    """What the server says of one input, dotted ones (``model.resolution``) included; None: nothing.

    Args:
        object_info: what the server lists.
        class_type: the node's class.
        name: the input.
        values: the node's inputs; they decide which dotted ones it has.
    """
    found = _find_input(inputs_of(object_info, class_type), name, values, _MAX_DEPTH)
    if found and found.options is not None and class_type == OWN_CHOICES:
        return replace(found, options=own_choices(values))
    return found


def own_choices(values: Mapping[str, Any]) -> tuple[str, ...] | None:
    """What the author of a CustomCombo lets choose: its inputs ``option1`` and on; None where they are not here."""
    written: list[Any] = []
    while (name := f"option{len(written) + 1}") in values:
        written.append(values[name])
    return tuple(choice for choice in written if isinstance(choice, str) and choice) or None


def dynamic_options(spec: InputSpec) -> dict[str, list[InputSpec]]:
    """Of a dynamic combo: its choices → the inputs that each brings, with their whole names."""
    options = spec.settings.get("options")
    return {
        option["key"]: _dotted(spec.name, _mapping(option.get("inputs")))
        for option in (options if isinstance(options, list) else [])
        if isinstance(option, Mapping) and isinstance(option.get("key"), str)
    }


def _find_input(specs: list[InputSpec], name: str, values: Mapping[str, Any], room: int) -> InputSpec | None:
    for spec in specs:
        if spec.name == name:
            return spec
        if room and name.startswith(f"{spec.name}."):
            found = _find_input(_inner_inputs(spec, name, values), name, values, room - 1)
            if found:
                return found
    return None


def _inner_inputs(spec: InputSpec, name: str, values: Mapping[str, Any]) -> list[InputSpec]:
    template = _mapping(spec.settings.get("template"))
    row = name[len(spec.name) + 1 :].split(".", 1)[0]
    if spec.type == DYNAMIC_COMBO:
        return dynamic_options(spec).get(str(values.get(spec.name)), [])
    if spec.type == "COMFY_DYNAMICGROUP_V3" and row.isdecimal():
        return _dotted(f"{spec.name}.{row}", template)
    if spec.type == "COMFY_AUTOGROW_V3":
        grown = [one for group in _mapping(template.get("input")).values() for one in _mapping(group).values()]
        return [_input(f"{spec.name}.{row}", grown[0], False)] if grown else []
    return []


def _dotted(prefix: str, declared: Mapping[str, Any]) -> list[InputSpec]:
    return [
        _input(f"{prefix}.{name}", spec, group == "required")
        for group in ("required", "optional")
        for name, spec in _mapping(declared.get(group)).items()
    ]
