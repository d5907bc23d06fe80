"""A node of ComfyUI in the place of one that only works inside another tool; its node says for what it stands.

The mark is the node's ``_meta.stands_for``, which the server does not look at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from comfy_api.workflow.document import Node, Workflow
from comfy_api.workflow.forms.control import Control, Output, Source
from comfy_api.workflow.forms.conventions import building
from comfy_api.workflow.forms.conventions.building import words
from comfy_api.workflow.spec import ObjectInfo

_MARK: Final = "stands_for"
_PREVIEW: Final = "PreviewImage"
#: Class that stands in → its inputs while nothing is chosen, and the one that a maker sets.
_LOADERS: Final[Mapping[str, tuple[Mapping[str, Any], str]]] = {
    "LoadImage": ({"image": ""}, "image"),
    # A mask is painted in white on black.
    "LoadImageMask": ({"image": "", "channel": "red"}, "image"),
}


def load_instead(
    workflow: Workflow, node: Node, class_type: str, *, label: str = "", help: str = "", id: str = ""
) -> Workflow:
    """The workflow with a loading node under this node's id; its links stay and must fit the new outputs."""
    inputs, _ = _LOADERS[class_type]
    mark = {"class_type": node.class_type, "id": id, "help": help}
    meta = {"title": label or node.title, _MARK: mark}
    return workflow.with_node(node.id, {"class_type": class_type, "inputs": inputs, "_meta": meta})


def preview_instead(workflow: Workflow, node: Node, *, label: str = "") -> Workflow:
    """The workflow with a preview of this node's pictures under this node's id."""
    inputs = {"images": node.inputs["images"]} if "images" in node.inputs else {}
    meta = {"title": label or node.title, _MARK: {"class_type": node.class_type}}
    return workflow.with_node(node.id, {"class_type": _PREVIEW, "inputs": inputs, "_meta": meta})


def find_outputs(workflow: Workflow) -> list[Output]:
    """The previews that stand for another tool's outputs."""
    return [
        Output(node_id=node.id, label=words(node.title))
        for node in workflow.find_class(_PREVIEW)
        if _mark(workflow, node)
    ]


def find(workflow: Workflow, object_info: ObjectInfo) -> list[Control]:
    """A control for the file of each stand-in."""
    return building.settled(_controls(workflow, object_info))


def _controls(workflow: Workflow, object_info: ObjectInfo) -> Iterator[Control | None]:
    for node in workflow.find_class(*_LOADERS):
        mark = _mark(workflow, node)
        if not mark:
            continue
        _, name = _LOADERS[node.class_type]
        yield building.control_at(
            workflow,
            object_info,
            node,
            name,
            source=Source.NODE,
            reason=f'"{words(node.title)}" takes a picture from another tool ({words(mark.get("class_type"))}); '
            "here it is uploaded.",
            label=node.title,
            help=mark.get("help"),
            id=words(mark.get("id")),
            default=None,
            maskable=node.class_type == "LoadImage" and _uses_mask(workflow, node),
        )


def _mark(workflow: Workflow, node: Node) -> Mapping[str, Any]:
    meta = workflow.raw(node.id).get("_meta")
    mark = meta.get(_MARK) if isinstance(meta, dict) else None
    return mark if isinstance(mark, dict) else {}


def _uses_mask(workflow: Workflow, node: Node) -> bool:
    return any(workflow.nodes[user].links[name] == (node.id, 1) for user, name in workflow.consumers(node.id))
