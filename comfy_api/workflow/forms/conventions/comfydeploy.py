"""comfydeploy: ``ComfyUIDeployExternal*`` nodes, named by ``input_id`` (docs/conventions/comfydeploy.md)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from comfy_api.workflow.document import Node, Workflow
from comfy_api.workflow.forms.control import Control, Kind, Output, Place, Source
from comfy_api.workflow.forms.conventions import building, stand_ins
from comfy_api.workflow.forms.conventions.building import number, words
from comfy_api.workflow.forms.wording import humanise, plain
from comfy_api.workflow.spec import ObjectInfo, inputs_of

_PREFIX: Final = "ComfyUIDeployExternal"
_OUTPUT_PREFIXES: Final = ("ComfyDeployOutput", "ComfyDeployStdOutput", "ComfyDeployWebscoketImageOutput")
_ID: Final = "input_id"


@dataclass(frozen=True)
class _Class:
    """What a class of input takes.

    Attributes:
        kind: the control.
        own: its own input for the value, the first that the node has; it holds the default as well.
        named: whether ``input_id`` takes the value too, as comfydeploy itself sets it.
        shown: False for what a server would fetch from an address that a maker types.
    """

    kind: Kind
    own: tuple[str, ...] = ("default_value",)
    named: bool = True
    shown: bool = True


_CLASSES: Final = {
    "Text": _Class(Kind.LONG_TEXT),
    "TextAny": _Class(Kind.LONG_TEXT),
    "TextSingleLine": _Class(Kind.TEXT),
    # These read input_id; default_value counts where input_id is no number to them, such as -5.
    "Number": _Class(Kind.NUMBER),
    "NumberInt": _Class(Kind.INTEGER),
    "NumberSlider": _Class(Kind.SLIDER),
    "NumberSliderInt": _Class(Kind.SLIDER),
    "Slider": _Class(Kind.SLIDER),
    "Boolean": _Class(Kind.SWITCH),
    "Enum": _Class(Kind.CHOICE),
    "Color": _Class(Kind.COLOUR),
    "Seed": _Class(Kind.SEED),
    "Checkpoint": _Class(Kind.MODEL),
    # A name that is no address is taken as it stands.
    "Lora": _Class(Kind.MODEL, ("lora_url",)),
    "FaceModel": _Class(Kind.TEXT, ("default_face_model_name",), named=False),
    "Audio": _Class(Kind.AUDIO, ("audio_file",)),
    "EXR": _Class(Kind.FILE, ("exr_file",)),
    # An address in input_id would win over the file.
    "Video": _Class(Kind.VIDEO, ("default_video", "default_value"), named=False),
    "Vid": _Class(Kind.VIDEO, ("default_value",), named=False),
    "ImageBatch": _Class(Kind.LONG_TEXT, ("images",), shown=False),
    "File": _Class(Kind.TEXT, ("file_url",), shown=False),
}
#: These read a picture from an address alone: see :func:`substitute`.
_PICTURES: Final = ("ComfyUIDeployExternalImage", "ComfyUIDeployExternalImageAlpha")
_LOADER: Final = "LoadImage"


def find(workflow: Workflow, object_info: ObjectInfo) -> list[Control]:
    """A control for each name; nodes with the same ``input_id`` are set together."""
    return building.settled(building.merged(_controls(workflow, object_info)))


def find_outputs(workflow: Workflow) -> list[Output]:
    """The nodes that comfydeploy takes results from."""
    return [
        Output(node_id=node.id, label=_name(node.inputs.get("output_id")))
        for node in workflow.nodes.values()
        if node.class_type.startswith(_OUTPUT_PREFIXES)
    ]


def substitute(workflow: Workflow, object_info: ObjectInfo) -> Workflow:
    """LoadImage in the place of an external picture that has no default connected: files are uploaded here.

    One whose default comes from LoadImage needs nothing: that node's file is what a maker changes. One whose default
    is made by other nodes stays as it is.
    """
    changed = workflow
    for node in workflow.find_class(*_PICTURES):
        if "default_value" not in node.links:
            said = node.inputs
            changed = stand_ins.load_instead(
                changed, node, _LOADER, label=_label(node), help=plain(said.get("description")), id=words(said.get(_ID))
            )
    return changed


def _controls(workflow: Workflow, object_info: ObjectInfo) -> Iterator[tuple[str, Control | None]]:
    for node in workflow.nodes.values():
        known = _CLASSES.get(node.class_type.removeprefix(_PREFIX)) if node.class_type.startswith(_PREFIX) else None
        key = words(node.inputs.get(_ID)) or node.id
        if known:
            yield key, _control(workflow, object_info, node, known)
        elif node.class_type in _PICTURES:
            yield key, _default_picture(workflow, object_info, node)


def _control(workflow: Workflow, object_info: ObjectInfo, node: Node, known: _Class) -> Control | None:
    own = next((name for name in known.own if name in node.inputs), "")
    shape = {"kind": known.kind, "shown": known.shown, **_shape(object_info, node, known.kind)}
    if not own:
        # What stands in input_id is the name, no value.
        shape["default"] = None
    made = _made(workflow, object_info, node, own or _ID, **shape)
    if made and own and known.named and _ID in node.inputs and _ID not in node.links:
        return replace(made, places=(*made.places, Place(node.id, _ID)))
    return made


def _made(
    workflow: Workflow, object_info: ObjectInfo, node: Node, name: str, holder: Node | None = None, **overrides: Any
) -> Control | None:
    """The control for an input of the node, or of the node that holds its value, in this node's words."""
    return building.control_at(
        workflow,
        object_info,
        holder or node,
        name,
        source=Source.NODE,
        reason=f'"{words(node.title)}" is an input node of comfydeploy ({words(node.class_type)}).',
        label=_label(node),
        help=node.inputs.get("description"),
        **{"id": words(node.inputs.get(_ID)), **overrides},
    )


def _default_picture(workflow: Workflow, object_info: ObjectInfo, node: Node) -> Control | None:
    source = node.links.get("default_value")
    loader = workflow.nodes.get(source[0]) if source else None
    if loader is None or loader.class_type != _LOADER:
        return None
    return _made(workflow, object_info, node, "image", holder=loader)


def _shape(object_info: ObjectInfo, node: Node, kind: Kind) -> Mapping[str, Any]:
    inputs = node.inputs
    ends = {"minimum": inputs.get("min_value"), "maximum": inputs.get("max_value")}
    if kind is Kind.SLIDER:
        return {**ends, "whole": node.class_type.endswith("Int")}
    if kind is Kind.SEED:
        return {**ends, **_seed(inputs)}
    if kind is Kind.CHOICE:
        return {"options": _options(inputs.get("options"))}
    if node.class_type == _PREFIX + "Lora":
        # lora_url is blank until it is set; until then this name counts.
        listed = (spec.options for spec in inputs_of(object_info, node.class_type) if spec.name == "default_lora_name")
        return {
            "options": next((options for options in listed if options), ()),
            "default": inputs.get("lora_url") or inputs.get("default_lora_name"),
        }
    return {}


def _seed(inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """-1, or any other number that is not between the ends, is a new one each time."""
    value, least, most = (number(inputs.get(name)) for name in ("default_value", "min_value", "max_value"))
    fixed = value is not None and (least is None or value >= least) and (most is None or value <= most) and value >= 0
    return {"default": value if fixed else None, "mode": "fixed" if fixed else "random"}


def _options(text: Any) -> tuple[Any, ...]:
    """A JSON list, as comfydeploy writes it; else one choice a line, or between commas."""
    if not isinstance(text, str) or len(text) > 100_000:
        return ()
    try:
        listed = json.loads(text)
    except (ValueError, RecursionError):
        listed = text.split("\n" if "\n" in text.strip() else ",")
    if not isinstance(listed, list):
        return ()
    stripped = [one.strip() if isinstance(one, str) else one for one in listed]
    return tuple(one for one in stripped if one != "")


def _label(node: Node) -> str:
    return words(node.inputs.get("display_name")) or _name(node.inputs.get(_ID)) or words(node.title)


def _name(id: object) -> str:
    return humanise(words(id)) if words(id) else ""
