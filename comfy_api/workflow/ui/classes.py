"""Node classes as the server describes them, in the order in which the frontend reads them (formats.md §2.3, §6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from comfy_api.workflow.spec import OWN_CHOICES, InputSpec, ObjectInfo, parse_input
from comfy_api.workflow.ui.graph import ANY

DYNAMIC_COMBO, DYNAMIC_GROUP, AUTOGROW = "COMFY_DYNAMICCOMBO_V3", "COMFY_DYNAMICGROUP_V3", "COMFY_AUTOGROW_V3"
MATCH_TYPE = "COMFY_MATCHTYPE_V3"
#: Types that the frontend draws as a widget; all others are sockets.
_WIDGET_TYPES = frozenset(
    {
        *("INT", "FLOAT", "BOOLEAN", "STRING", "MARKDOWN", "TEXTAREA", "COMBO", "COLOR", "COLORS", "CURVE", "RANGE"),
        *("BOUNDING_BOX", "BOUNDING_BOXES", "CHART", "GALLERIA", "PAINTER", "COMPOSITOR", "VIDEO_EDIT"),
        *("IMAGEUPLOAD", "AUDIOUPLOAD", "AUDIO_RECORD", "WEBCAM"),
        *("LOAD_3D", "LOAD_3D_ADVANCED", "LOAD_3D_ANIMATION", "PREVIEW_3D"),
        *("IMAGECOMPARE", "RESOLUTION_PREVIEW", "LIGHT_INFO_PREVIEW"),
        *(DYNAMIC_COMBO, DYNAMIC_GROUP),
    }
)
_UPLOADS = ("image_upload", "video_upload", "animated_image_upload", "audio_upload")


class _Missing:
    """Stands for a value that is not there; None is a value."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = _Missing()


@dataclass(frozen=True)
class NodeClass:
    """A class of the server.

    Attributes:
        name: the class.
        title: what the server calls it.
        inputs: its declared inputs in the order of the frontend.
        ordered: whether the server states an order; if not, upload buttons stand behind the required inputs.
        outputs: the types of its outputs.
    """

    name: str
    title: str
    inputs: tuple[InputSpec, ...]
    ordered: bool
    outputs: tuple[str, ...]

    @cached_property
    def declared(self) -> Mapping[str, InputSpec]:
        """Name → input."""
        return {spec.name: spec for spec in self.inputs}

    @cached_property
    def has_upload(self) -> bool:
        """Whether the frontend adds an upload button, whose value stands last."""
        return any(spec.settings.get(flag) for spec in self.inputs for flag in _UPLOADS)

    @cached_property
    def forces(self) -> bool:
        """Whether an input is a socket by force, for which early files keep a dummy value."""
        return any(forced(spec) for spec in self.inputs)

    @cached_property
    def dynamic(self) -> bool:
        """Whether its values decide which inputs it has."""
        grows = any(spec.type in (DYNAMIC_COMBO, DYNAMIC_GROUP, AUTOGROW) for spec in self.inputs)
        return grows or self.name == OWN_CHOICES

    @cached_property
    def flattened(self) -> bool:
        """Whether the description lists dotted inputs, which a server makes of dynamic ones, as inputs of their own."""
        return any("." in spec.name for spec in self.inputs)

    def knows(self, name: str) -> bool:
        """Whether the server declares this input, or the group that it belongs to."""
        return name in self.declared or name.partition(".")[0] in self.declared


class Classes:
    """The classes of one server, each read once."""

    def __init__(self, object_info: ObjectInfo) -> None:
        self._object_info = object_info
        self._read: dict[str, NodeClass | None] = {}

    def get(self, name: str) -> NodeClass | None:
        """The class, or None where the server does not have it."""
        if name not in self._read:
            raw = self._object_info.get(name)
            self._read[name] = _node_class(name, raw) if isinstance(raw, Mapping) else None
        return self._read[name]


def is_widget(spec: InputSpec) -> bool:
    """Whether the frontend draws a widget for this input, so that the file keeps a value."""
    if forced(spec):
        return False
    return widget_type(spec) in _WIDGET_TYPES


def widget_type(spec: InputSpec) -> str:
    """The type of the widget that the frontend would draw."""
    return str(spec.settings.get("widgetType") or spec.type)


def forced(spec: InputSpec) -> bool:
    """Whether the input is a socket although its type would have a widget."""
    return bool(spec.settings.get("forceInput")) or (not spec.required and bool(spec.settings.get("defaultInput")))


def socket_type(spec: InputSpec) -> str:
    """The type for matching wires, ``*`` where it follows what is linked; ``""`` where the file knows better."""
    if spec.type == MATCH_TYPE:
        return ""
    return "" if spec.type in (DYNAMIC_GROUP, AUTOGROW, DYNAMIC_COMBO) else spec.type


def has_socket(spec: InputSpec) -> bool:
    """Whether a wire can end at this input."""
    return not spec.settings.get("socketless")


# --- defaults ---------------------------------------------------------------------------------------

#: Views hold nothing, but a server that requires one refuses a prompt without it; it takes any value.
_EMPTY: Mapping[str, Any] = {"INT": 0, "FLOAT": 0, "STRING": "", "BOOLEAN": False, "IMAGECOMPARE": ""}


def default_of(spec: InputSpec) -> Any:
    """The value of an untouched widget; ``MISSING`` where there is none, as for an empty list of choices."""
    if spec.settings.get("default") is not None:
        return spec.settings["default"]
    kind = widget_type(spec)
    if kind in ("COMBO", DYNAMIC_COMBO):
        return spec.options[0] if spec.options else MISSING
    return _EMPTY.get(kind, MISSING)


# --- from object_info -------------------------------------------------------------------------------


def _node_class(name: str, raw: Mapping[str, Any]) -> NodeClass:
    order = raw.get("input_order")
    declared = mapping(raw.get("input"))
    title = raw.get("display_name")
    return NodeClass(
        name,
        title if isinstance(title, str) and title else name,
        tuple(inputs_in_order(declared, "", order if isinstance(order, Mapping) else None)),
        isinstance(order, Mapping),
        tuple(_output_type(type_) for type_ in listing(raw.get("output"))),
    )


def inputs_in_order(declared: Any, prefix: str, order: Mapping[str, Any] | None = None) -> list[InputSpec]:
    """Required inputs, then optional ones; within each those that the order names, then the others."""
    found = []
    for group in ("required", "optional"):
        specs = mapping(mapping(declared).get(group))
        named = [name for name in listing(mapping(order).get(group)) if isinstance(name, str) and name in specs]
        for name in dict.fromkeys([*named, *specs]):
            found.append(parse_input(f"{prefix}{name}", specs[name], group == "required"))
    return found


def _output_type(raw: Any) -> str:
    if isinstance(raw, list):
        return "COMBO"
    return ANY if not isinstance(raw, str) or raw == MATCH_TYPE else raw


def mapping(value: Any) -> Mapping[str, Any]:
    """The value if it is one, else an empty one: custom nodes fill object_info with anything."""
    return value if isinstance(value, Mapping) else {}


def listing(value: Any) -> list[Any]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []
