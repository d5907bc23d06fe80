"""What ``/object_info`` says of a node class, in one shape for both combo forms (protocol.md §9).

The answer comes from outside and custom nodes fill it: whatever has no known shape counts as not said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
