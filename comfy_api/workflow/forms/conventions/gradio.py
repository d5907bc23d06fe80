"""ComfyUI_to_webui (kungful): fixed classes, each with a name of its own (docs/conventions/gradio.md)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from comfy_api.workflow.document import Node, Workflow
from comfy_api.workflow.forms.control import Control, Kind, Output, Source
from comfy_api.workflow.forms.conventions import building
from comfy_api.workflow.forms.conventions.building import words
from comfy_api.workflow.forms.wording import humanise
from comfy_api.workflow.spec import ObjectInfo

#: Class → its input, the kind, and the name where the author gave none.
_INPUTS: Final = {
    "GradioTextOk": ("string", Kind.LONG_TEXT, "Prompt"),
    "GradioTextBad": ("string", Kind.LONG_TEXT, "Negative prompt"),
    "GradioInputImage": ("image", Kind.IMAGE, "Picture"),
    "Hua_gradio_Seed": ("seed", Kind.SEED, "Seed"),
    "Hua_LoraLoader": ("lora_name", Kind.MODEL, "LoRA"),
    "Hua_LoraLoaderModelOnly": ("lora_name", Kind.MODEL, "LoRA"),
    "Hua_CheckpointLoaderSimple": ("ckpt_name", Kind.MODEL, "Model"),
    "Hua_UNETLoader": ("unet_name", Kind.MODEL, "Model"),
    "HuaIntNode": ("int_value", Kind.INTEGER, "Number"),
    "HuaFloatNode": ("float_value", Kind.NUMBER, "Number"),
}
_SIZE: Final = "Hua_gradio_resolution"
_SIDES: Final = ("custom_width", "custom_height")
#: Names that the nodes have before an author changes them.
_UNNAMED: Final = frozenset({"IntInput", "FloatInput", _SIZE, *_INPUTS})
_OUTPUTS: Final = ("Hua_Output", "Hua_Video_Output")
_IDS: Final = {"GradioTextOk": "prompt", "GradioTextBad": "negative"}


def find(workflow: Workflow, object_info: ObjectInfo) -> list[Control]:
    """A control for each of its input nodes."""
    return building.settled(_controls(workflow, object_info))


def find_outputs(workflow: Workflow) -> list[Output]:
    """Its two output nodes, by their names."""
    return [Output(node_id=node.id, label=_label(node, "")) for node in workflow.find_class(*_OUTPUTS)]


def _controls(workflow: Workflow, object_info: ObjectInfo) -> Iterator[Control | None]:
    for node in workflow.find_class(_SIZE, *_INPUTS):
        common: dict[str, Any] = {
            "source": Source.NODE,
            "reason": f'"{words(node.title)}" is an input node of ComfyUI_to_webui ({node.class_type}).',
        }
        if node.class_type == _SIZE:
            width, height = (building.control_at(workflow, object_info, node, name, **common) for name in _SIDES)
            yield building.size_of(width, height, label=_label(node, "Size"))
            continue
        name, kind, otherwise = _INPUTS[node.class_type]
        shape: dict[str, Any] = {"kind": kind, "label": _label(node, otherwise)}
        if node.class_type in _IDS:
            shape["id"] = _IDS[node.class_type]
        yield building.control_at(workflow, object_info, node, name, **common, **shape)


def _label(node: Node, otherwise: str) -> str:
    name = words(node.inputs.get("name"))
    return humanise(name) if name and name not in {*_UNNAMED, *_OUTPUTS} else otherwise
