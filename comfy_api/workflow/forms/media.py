"""Inputs that take a file: which they are, whether the graph can do without, whether a mask is read from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from comfy_api.workflow.document import Node, Workflow
from comfy_api.workflow.forms.control import Kind
from comfy_api.workflow.spec import InputSpec, ObjectInfo, inputs_of, is_output

_FLAGS = {
    "image_upload": Kind.IMAGE,
    "animated_image_upload": Kind.IMAGE,
    "video_upload": Kind.VIDEO,
    "audio_upload": Kind.AUDIO,
    "mesh_upload": Kind.FILE,
    "file_upload": Kind.FILE,
}
#: Where the server says nothing: (class, input) → kind.
_KNOWN = {
    ("LoadImage", "image"): Kind.IMAGE,
    ("LoadImageOutput", "image"): Kind.IMAGE,
    ("LoadImageMask", "image"): Kind.MASK,
    ("LoadVideo", "file"): Kind.VIDEO,
    ("LoadAudio", "audio"): Kind.AUDIO,
    ("Load3D", "model_file"): Kind.FILE,
    ("Load3DAnimation", "model_file"): Kind.FILE,
    ("VHS_LoadVideo", "video"): Kind.VIDEO,
    ("VHS_LoadVideoFFmpeg", "video"): Kind.VIDEO,
    ("VHS_LoadAudioUpload", "audio"): Kind.AUDIO,
}


#: Of a branch larger than this nobody says that it can be left out.
_MOST_GONE = 200


def file_kind(object_info: ObjectInfo, node: Node, name: str, spec: InputSpec | None) -> Kind | None:
    """Which kind of file an input takes; None: it takes none."""
    if not isinstance(node.inputs.get(name), (str, type(None))):
        return None
    kind = next((kind for flag, kind in _FLAGS.items() if spec and spec.settings.get(flag)), None)
    kind = kind or _KNOWN.get((node.class_type, name))
    if kind is Kind.IMAGE and _outputs(object_info, node) == ["MASK"]:
        return Kind.MASK
    return kind


def is_required(workflow: Workflow, object_info: ObjectInfo, node_id: str) -> bool:
    """Whether the graph ends differently without this node: an output, or a node that must have it, depends on it.

    Without the server's word every link counts as needed.
    """
    waiting, gone = [node_id], {node_id}
    while waiting:
        if len(gone) > _MOST_GONE:
            return True
        current = waiting.pop()
        if is_output(object_info, workflow.nodes[current].class_type):
            return True
        for consumer, name in workflow.consumers(current):
            needed = _needs(object_info, workflow.nodes[consumer], name)
            if needed is None:
                return True
            if needed and consumer not in gone:
                gone.add(consumer)
                waiting.append(consumer)
    # What feeds nothing at all is not known to be optional.
    return not workflow.consumers(node_id)


def has_mask(workflow: Workflow, object_info: ObjectInfo, node_id: str) -> bool:
    """Whether something in the graph reads the mask that comes with this picture (its alpha channel)."""
    node = workflow.nodes[node_id]
    outputs = _outputs(object_info, node) or (["IMAGE", "MASK"] if node.class_type.startswith("LoadImage") else [])
    if "IMAGE" not in outputs or "MASK" not in outputs:
        return False
    slot = outputs.index("MASK")
    users = ((workflow.nodes[consumer], name) for consumer, name in workflow.consumers(node_id))
    return any(user.links[name] == (node_id, slot) for user, name in users)


def _needs(object_info: ObjectInfo, node: Node, name: str) -> bool | None:
    """Whether the node fails without this input; None: nobody says."""
    if node.class_type not in object_info:
        return None
    spec = next((spec for spec in inputs_of(object_info, node.class_type) if spec.name == name), None)
    return spec.required if spec else False


def _outputs(object_info: ObjectInfo, node: Node) -> list[Any]:
    entry = object_info.get(node.class_type)
    outputs = entry.get("output") if isinstance(entry, Mapping) else None
    return outputs if isinstance(outputs, list) else []
