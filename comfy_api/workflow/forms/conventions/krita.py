"""Krita AI Diffusion: its parameters, and ComfyUI's nodes in the place of Krita's (docs/conventions/krita.md).

Krita never sends its own nodes: it puts each parameter's value where the parameter is connected, and pictures in the
place of canvas, selection and layers. :func:`substitute` and :func:`inline` do the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from comfy_api.errors import NotConvertible
from comfy_api.workflow.document import Node, Workflow
from comfy_api.workflow.forms.control import Control, Kind, Output, Source
from comfy_api.workflow.forms.conventions import building, stand_ins
from comfy_api.workflow.forms.conventions.building import Links, number, switched, whole, words
from comfy_api.workflow.spec import ObjectInfo

_PARAMETER: Final = "ETN_Parameter"
_TEXT_OUTPUT: Final = "ETN_KritaSendText"
_PICTURE_OUTPUT: Final = "ETN_KritaOutput"
#: These take a style from Krita; nothing else knows what it holds.
_KRITA_ALONE: Final = ("ETN_KritaStyle", "ETN_KritaStyleAndPrompt")

#: Class → the class that stands in. Their first two outputs are a picture and its mask, or a mask.
_LOADERS: Final = {
    "ETN_KritaCanvas": "LoadImage",
    "ETN_KritaImageLayer": "LoadImage",
    "ETN_KritaSelection": "LoadImageMask",
    "ETN_KritaMaskLayer": "LoadImageMask",
    "ETN_LoadImageBase64": "LoadImage",
    "ETN_LoadImageCache": "LoadImage",
    "ETN_LoadMaskBase64": "LoadImageMask",
}
_PLAIN_NAMES: Final = {"ETN_KritaCanvas": "Picture", "ETN_KritaSelection": "Selection"}
#: (Class, output index) → the output of the stand-in, where the index differs.
_MOVED: Final = {("ETN_KritaCanvas", 4): 1}
#: (Class, output index) → the plain value that takes its place: what the node itself gives outside Krita.
_VALUES: Final[Mapping[tuple[str, int], Any]] = {
    ("ETN_KritaCanvas", 1): 512,
    ("ETN_KritaCanvas", 2): 512,
    ("ETN_KritaCanvas", 3): 0,
    ("ETN_KritaSelection", 1): True,
    ("ETN_KritaSelection", 2): 0,
    ("ETN_KritaSelection", 3): 0,
}
#: (Class, output index) → the output of GetImageSize, where the server has it.
_SIZES: Final = {("ETN_KritaCanvas", 1): 0, ("ETN_KritaCanvas", 2): 1}
_SIZE_READER: Final = "GetImageSize"

#: ``2. Strength``: the number orders.
_NUMBERED: Final = re.compile(r"\s*([0-9]{1,4})[.)]?\s+(\S.*)", re.DOTALL)
#: Limits this far out are the node's own way to say that there are none.
_UNLIMITED: Final = 1e10


def find(workflow: Workflow, object_info: ObjectInfo) -> list[Control]:
    """A control for each name of a parameter: Krita keeps one value for a name."""
    links = building.links_from(workflow)
    named = (
        (str(node.inputs.get("name")), _control(workflow, object_info, node, links))
        for node in workflow.find_class(_PARAMETER)
    )
    return building.settled(building.merged(named))


def find_outputs(workflow: Workflow) -> list[Output]:
    """Krita's outputs, with the names that they have there."""
    nodes = workflow.find_class(_TEXT_OUTPUT, _PICTURE_OUTPUT)
    return [Output(node_id=node.id, label=words(node.inputs.get("name"))) for node in nodes]


def substitute(workflow: Workflow, object_info: ObjectInfo) -> Workflow:
    """ComfyUI's own nodes in the place of Krita's: pictures and masks are uploaded, results are previews.

    What a canvas or selection gives besides becomes a plain value; a canvas's size is read from the picture where the
    server can do that. To be called once, when a workflow is loaded.

    Raises:
        NotConvertible: a node that takes a style from Krita.
    """
    if alone := workflow.find_class(*_KRITA_ALONE):
        raise NotConvertible([_refusal(node) for node in alone])
    links = building.links_from(workflow)
    changed = workflow
    for node in workflow.find_class(_PICTURE_OUTPUT):
        changed = stand_ins.preview_instead(changed, node, label=words(node.inputs.get("name")))
    # Base64 text that another node makes is no file that a maker chooses.
    for node in (one for one in workflow.find_class(*_LOADERS) if not one.links):
        changed = _load_instead(changed, object_info, node, links.get(node.id, []), _free_id(workflow, node))
    return changed


def inline(workflow: Workflow, object_info: ObjectInfo) -> Workflow:
    """Each parameter's value where the parameter is connected, in the JSON type that is taken there.

    A parameter on the server hands on the text that it holds, so that a switch is never off and "20" is no number. To
    be called when a workflow is queued, after a form's values are set.
    """
    links = building.links_from(workflow)
    inputs: dict[str, dict[str, Any]] = {}
    gone: list[str] = []
    for node in workflow.find_class(_PARAMETER):
        if "default" in node.links or "default" not in node.inputs:
            continue
        value = _value(workflow, object_info, node, links.get(node.id, []))
        for user, name, _ in links.get(node.id, []):
            inputs.setdefault(user, dict(workflow.nodes[user].inputs))[name] = value
        gone.append(node.id)
    for user, changed in inputs.items():
        workflow = workflow.with_node(user, {**workflow.raw(user), "inputs": changed})
    return workflow.without(*gone) if gone else workflow


# --- pictures -------------------------------------------------------------------------------------------


def _load_instead(
    workflow: Workflow, object_info: ObjectInfo, node: Node, fed: list[tuple[str, str, int]], reader: str
) -> Workflow:
    label = _PLAIN_NAMES.get(node.class_type) or words(node.inputs.get("name")) or words(node.title)
    workflow = stand_ins.load_instead(workflow, node, _LOADERS[node.class_type], label=label)
    measured = _SIZE_READER in object_info and any((node.class_type, slot) in _SIZES for _, _, slot in fed)
    if measured:
        workflow = workflow.with_node(reader, {"class_type": _SIZE_READER, "inputs": {"image": [node.id, 0]}})
    for user, name, slot in fed:
        key = (node.class_type, slot)
        source: Any = [node.id, _MOVED.get(key, slot)]
        if key in _SIZES and measured:
            source = [reader, _SIZES[key]]
        elif key in _VALUES:
            source = _VALUES[key]
        raw = workflow.raw(user)
        workflow = workflow.with_node(user, {**raw, "inputs": {**raw["inputs"], name: source}})
    return workflow


def _free_id(workflow: Workflow, node: Node) -> str:
    free = f"{node.id}_size"
    while free in workflow.nodes:
        free += "_"
    return free


def _refusal(node: Node) -> str:
    return (
        f'"{words(node.title)}" ({node.class_type}) takes a style that only Krita knows. Replace it in ComfyUI by '
        "nodes that load a model and hold the prompts."
    )


# --- parameters -----------------------------------------------------------------------------------------


def _control(workflow: Workflow, object_info: ObjectInfo, node: Node, links: Links) -> Control | None:
    group, order, label = _name(node)
    return building.control_at(
        workflow,
        object_info,
        node,
        "default",
        source=Source.NODE,
        reason=f'"{label}" is a parameter for Krita ({_PARAMETER}, type {words(node.inputs.get("type")) or "auto"}).',
        label=label,
        group=group,
        order=order,
        **_shape(workflow, object_info, node, links),
    )


def _name(node: Node) -> tuple[str, int, str]:
    """``group/1. label`` → group, order, label."""
    name = node.inputs.get("name")
    group, _, label = (name if isinstance(name, str) else "").rpartition("/")
    match = _NUMBERED.fullmatch(label[:1_000])
    order, label = (int(match[1]), match[2]) if match else (0, label)
    return words(group), order, words(label) or words(node.title)


def _shape(workflow: Workflow, object_info: ObjectInfo, node: Node, links: Links) -> Mapping[str, Any]:
    type_, default = node.inputs.get("type"), node.inputs.get("default")
    fed = links.get(node.id, [])
    if type_ in ("prompt (positive)", "prompt (negative)"):
        return {"kind": Kind.LONG_TEXT, "id": "prompt" if type_ == "prompt (positive)" else "negative"}
    if type_ == "text":
        return {"kind": Kind.TEXT}
    if type_ == "toggle":
        return {"kind": Kind.SWITCH, "default": switched(default) or False}
    if type_ in ("number", "number (integer)"):
        return _number(node, Kind.NUMBER if type_ == "number" else Kind.INTEGER)
    other, typed = _connected(workflow, object_info, fed, default)
    if other is None:
        return {"kind": Kind.CHOICE if type_ == "choice" else Kind.TEXT}
    limits = _limits(node)
    return {
        "kind": other.kind,
        "default": other.default if other.kind is Kind.SEED else typed,
        "options": other.options,
        "minimum": other.minimum if limits[0] is None else limits[0],
        "maximum": other.maximum if limits[1] is None else limits[1],
        "step": other.step,
        "whole": other.whole,
        "mode": other.mode,
    }


def _number(node: Node, kind: Kind) -> Mapping[str, Any]:
    least, most = _limits(node)
    # A slider needs both ends, which Krita draws as well.
    drawn = Kind.SLIDER if None not in (least, most) else kind
    default = node.inputs.get("default")
    return {
        "kind": drawn,
        "default": whole(default) if kind is Kind.INTEGER else number(default),
        "minimum": least,
        "maximum": most,
        "whole": drawn is Kind.SLIDER and kind is Kind.INTEGER,
    }


def _limits(node: Node) -> tuple[int | float | None, int | float | None]:
    least, most = number(node.inputs.get("min")), number(node.inputs.get("max"))
    if least is not None and most is not None and least >= most:
        return None, None
    return (
        least if least is not None and least > -_UNLIMITED else None,
        most if most is not None and most < _UNLIMITED else None,
    )


def _connected(
    workflow: Workflow, object_info: ObjectInfo, fed: list[tuple[str, str, int]], default: Any
) -> tuple[Control | None, Any]:
    """What the connected input is, and the default in the JSON type that it takes; None where it takes none."""
    for value in (default, number(default), switched(default)):
        if value is not None and (found := building.behind(workflow, object_info, fed, value)):
            typed = number(value) if value not in found.options and number(value) in found.options else value
            return found, typed
    return None, default


def _value(workflow: Workflow, object_info: ObjectInfo, node: Node, fed: list[tuple[str, str, int]]) -> Any:
    type_, default = node.inputs.get("type"), node.inputs["default"]
    if type_ in ("auto", "choice"):
        return _connected(workflow, object_info, fed, default)[1]
    typed = {"number": number, "number (integer)": whole, "toggle": switched}.get(str(type_), lambda value: value)(
        default
    )
    return default if typed is None else typed
