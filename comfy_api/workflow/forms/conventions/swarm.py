"""SwarmUI: a node for each input, ``SwarmInput*``, with its words and range (docs/conventions/swarmui.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from comfy_api.workflow.document import Node, Workflow
from comfy_api.workflow.forms.control import Control, Kind, Source
from comfy_api.workflow.forms.conventions import building
from comfy_api.workflow.forms.conventions.building import Links, number, switched, words
from comfy_api.workflow.forms.wording import plain
from comfy_api.workflow.spec import ObjectInfo, inputs_of

_PREFIX: Final = "SwarmInput"
_GROUP: Final = "SwarmInputGroup"
_DESCRIPTION: Final = "SwarmWorkflowDescription"

#: What is behind the class's name → the input that takes the value.
_INPUTS: Final = {
    "Integer": "value",
    "Float": "value",
    "Text": "value",
    "ModelName": "value",
    "Checkpoint": "value",
    "Dropdown": "value",
    "Boolean": "value",
    # "value" of these is for SwarmUI's own server; it stays as it is.
    "Image": "image",
    "Audio": "audio",
    "Video": "video",
}
_FILES: Final = {"Image": Kind.IMAGE, "Audio": Kind.AUDIO, "Video": Kind.VIDEO}
#: SwarmUI's kind of model → a node of ComfyUI that lists the same files.
_LOADERS: Final = {
    "Stable-Diffusion": ("CheckpointLoaderSimple", "ckpt_name"),
    "VAE": ("VAELoader", "vae_name"),
    "LoRA": ("LoraLoader", "lora_name"),
    "ControlNet": ("ControlNetLoader", "control_net_name"),
    "ClipVision": ("CLIPVisionLoader", "clip_name"),
}
#: An order_priority lies within ±1,024 in halves.
_WIDEST: Final = 1_024
_GROUPS_APART: Final = 10_000


@dataclass(frozen=True)
class _Heading:
    title: str = ""
    priority: int = 0
    folded: bool = False


def find(workflow: Workflow, object_info: ObjectInfo) -> list[Control]:
    """The controls that SwarmUI's input nodes declare."""
    links = building.links_from(workflow)
    return building.settled(_controls(workflow, object_info, links))


def description(workflow: Workflow) -> str:
    """What the author says of the whole workflow, as plain text."""
    said = (plain(node.inputs.get("description")) for node in workflow.find_class(_DESCRIPTION))
    return next((text for text in said if text), "")


def _controls(workflow: Workflow, object_info: ObjectInfo, links: Links) -> Iterator[Control | None]:
    for node in workflow.nodes.values():
        what = node.class_type.removeprefix(_PREFIX)
        if node.class_type != _PREFIX + what or what not in _INPUTS:
            continue
        heading = _heading(workflow, node)
        yield building.control_at(
            workflow,
            object_info,
            node,
            _INPUTS[what],
            source=Source.NODE,
            reason=f'"{words(node.title)}" is an input node of SwarmUI ({node.class_type}).',
            label=words(node.inputs.get("title")) or node.title,
            help=node.inputs.get("description"),
            id=words(node.inputs.get("raw_id")),
            group=heading.title,
            order=heading.priority * _GROUPS_APART + _priority(node),
            advanced=heading.folded or bool(switched(node.inputs.get("is_advanced"))),
            **_shape(workflow, object_info, node, what, links),
        )


def _heading(workflow: Workflow, node: Node) -> _Heading:
    source = node.links.get("group")
    group = workflow.nodes.get(source[0]) if source else None
    if group is None or group.class_type != _GROUP:
        return _Heading()
    said = group.inputs
    shut = switched(said.get("open_by_default")) is False and switched(said.get("can_shrink")) is not False
    return _Heading(words(said.get("title")), _priority(group), shut or bool(switched(said.get("is_advanced"))))


def _priority(node: Node) -> int:
    said = number(node.inputs.get("order_priority")) or 0
    return round(2 * max(-_WIDEST, min(_WIDEST, said)))


def _shape(workflow: Workflow, object_info: ObjectInfo, node: Node, what: str, links: Links) -> Mapping[str, Any]:
    """What the class and the node's own inputs say of the kind, the range and the choices."""
    inputs = node.inputs
    if what in ("Integer", "Float"):
        return _number(node, what == "Integer")
    if what == "Text":
        several = inputs.get("view_type") in ("prompt", "big")
        return {"kind": Kind.LONG_TEXT if several else Kind.TEXT}
    if what == "ModelName":
        return {"kind": Kind.MODEL, "options": _models(workflow, object_info, node, links)}
    if what == "Checkpoint":
        return {"kind": Kind.MODEL}
    if what == "Dropdown":
        return {"kind": Kind.CHOICE, "options": _choices(workflow, object_info, node, links)}
    if what == "Boolean":
        return {"kind": Kind.SWITCH}
    masked = what == "Image" and any(slot == 1 for _, _, slot in links.get(node.id, ()))
    return {"kind": _FILES[what], "maskable": masked}


def _number(node: Node, is_whole: bool) -> Mapping[str, Any]:
    inputs, view = node.inputs, node.inputs.get("view_type")
    shape: dict[str, Any] = {
        "kind": Kind.INTEGER if is_whole else Kind.NUMBER,
        "minimum": inputs.get("min"),
        "maximum": inputs.get("max"),
        "step": inputs.get("step"),
    }
    value = number(inputs.get("value"))
    if view == "seed" and is_whole:
        # SwarmUI draws a new one where the value is negative.
        drawn = value is None or value < 0
        return {**shape, "kind": Kind.SEED, "default": value, "mode": "random" if drawn else "fixed", "step": None}
    if view in ("slider", "pot_slider"):
        most, end = number(inputs.get("max")), number(inputs.get("view_max"))
        fits = end is not None and end > 0 and (most is None or end < most) and (value is None or value <= end)
        return {**shape, "kind": Kind.SLIDER, "whole": is_whole, "maximum": end if fits else most}
    return shape


def _choices(workflow: Workflow, object_info: ObjectInfo, node: Node, links: Links) -> tuple[Any, ...]:
    """The comma-separated list; where it is blank, what the connected input offers."""
    listed = node.inputs.get("values")
    named = [part.strip() for part in listed.split(",")] if isinstance(listed, str) else []
    options = [part for part in named if part]
    if len(options) > 1:
        return tuple(options[: building.MAX_OPTIONS])
    # The second output is the one that fits any input; the first is text.
    fed = sorted(links.get(node.id, ()), key=lambda link: -link[2])
    other = building.behind(workflow, object_info, fed, node.inputs.get("value"))
    return other.options if other and other.options else tuple(options)


def _models(workflow: Workflow, object_info: ObjectInfo, node: Node, links: Links) -> tuple[Any, ...]:
    other = building.behind(workflow, object_info, links.get(node.id, ()), node.inputs.get("value"))
    if other and other.options:
        return other.options
    subtype = node.inputs.get("subtype")
    class_type, name = _LOADERS.get(subtype if isinstance(subtype, str) else "", ("", ""))
    listed = (spec.options for spec in inputs_of(object_info, class_type) if spec.name == name)
    return next((options for options in listed if options), ())
