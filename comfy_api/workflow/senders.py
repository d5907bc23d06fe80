"""The swap: preview nodes become nodes that send their pictures over the websocket (protocol.md §0, §2).

``SaveImageWebsocket`` sends again when its node is cached. ``ETN_SendImageWebSocket`` does not, so it gets an
extra input with a fresh value: ComfyUI ignores the input, but it is part of the cache's key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from comfy_api.workflow.document import Workflow
from comfy_api.workflow.spec import ObjectInfo

PREVIEW = "PreviewImage"
TITLE = "Send Image (WebSocket)"
#: The extra input that makes an output node run again.
RUN_INPUT = "_run"

#: Classes whose pictures have three channels. Four of them sent as JPEG end the server (protocol.md §0.4).
_RGB_SOURCES = {"VAEDecode", "VAEDecodeTiled", "LoadImage", "EmptyImage"}


class SenderKind(StrEnum):
    """The node classes that send pictures over the websocket."""

    #: Ships with ComfyUI; absent where custom nodes are disabled. Its frames name node and prompt.
    SAVE_WEBSOCKET = "SaveImageWebsocket"
    #: From comfyui-tooling-nodes. Its frames name nothing.
    ETN = "ETN_SendImageWebSocket"


@dataclass(frozen=True)
class Swap:
    """A workflow whose pictures come over the websocket.

    Attributes:
        workflow: the one to queue.
        senders: node id → kind, for every node that sends: swapped ones and the author's own.
        kind: what preview nodes became; None where they stayed.
        titles: node id → the title before the swap, for every sender.
    """

    workflow: Workflow
    senders: Mapping[str, SenderKind]
    kind: SenderKind | None
    titles: Mapping[str, str]


def choose_sender(object_info: ObjectInfo) -> SenderKind | None:
    """The sender that the server has, the one that ships with ComfyUI first; None where it has neither."""
    return next((kind for kind in SenderKind if kind.value in object_info), None)


def swap_previews(workflow: Workflow, object_info: ObjectInfo, *, run_token: str, keep_previews: bool = False) -> Swap:
    """Makes every preview node a sender, by what the server has. Ids, inputs and links stay.

    Args:
        workflow: as the author made it, with its values set.
        object_info: what the server lists.
        run_token: fresh for every run, such as a UUID.
        keep_previews: leaves preview nodes, whose pictures are then fetched by ``/view``.
    """
    kind = None if keep_previews else choose_sender(object_info)
    senders: dict[str, SenderKind] = {}
    swapped = workflow
    for node in workflow.nodes.values():
        preview = node.class_type == PREVIEW
        role = kind if preview else _sender_kind(node.class_type)
        if role is None:
            continue
        senders[node.id] = role
        raw = _as_class(workflow.raw(node.id), role, TITLE) if preview else workflow.raw(node.id)
        if role is SenderKind.ETN:
            raw["inputs"] |= {"format": _safe_format(workflow, node.id), RUN_INPUT: run_token}
        swapped = swapped.with_node(node.id, raw)
    used = kind if any(workflow.nodes[node_id].class_type == PREVIEW for node_id in senders) else None
    return Swap(swapped, senders, used, {node_id: workflow.nodes[node_id].title for node_id in senders})


def fresh(workflow: Workflow, node_ids: Iterable[str], run_token: str) -> Workflow:
    """Makes these output nodes run again although everything before them is cached (protocol.md §0.1).

    Raises:
        NodeNotFound: no node with such an id.
    """
    for node_id in node_ids:
        raw = workflow.raw(node_id)
        raw["inputs"][RUN_INPUT] = run_token
        workflow = workflow.with_node(node_id, raw)
    return workflow


def unswap(swap: Swap, node_ids: Iterable[str]) -> Workflow:
    """Makes these senders preview nodes, for a line on which no frame gets through: ``/view`` has them.

    Raises:
        NodeNotFound: no node with such an id.
    """
    workflow = swap.workflow
    for node_id in node_ids:
        node = workflow.nodes.get(node_id)
        title = swap.titles.get(node_id, node.title if node else "")
        raw = _as_class(workflow.raw(node_id), PREVIEW, title)
        raw["inputs"] = {k: v for k, v in raw["inputs"].items() if k not in ("format", RUN_INPUT)}
        workflow = workflow.with_node(node_id, raw)
    return workflow


def _sender_kind(class_type: str) -> SenderKind | None:
    return SenderKind(class_type) if class_type in set(SenderKind) else None


def _as_class(raw: dict[str, Any], class_type: str, title: str) -> dict[str, Any]:
    meta = raw.get("_meta")
    return {
        **raw,
        "class_type": str(class_type),
        "_meta": {**(meta if isinstance(meta, dict) else {}), "title": title},
    }


def _safe_format(workflow: Workflow, node_id: str) -> str:
    """PNG, unless the author chose JPEG for pictures that are known to be RGB."""
    node = workflow.nodes[node_id]
    source = workflow.nodes.get(node.links.get("images", ("", 0))[0])
    rgb = source is not None and source.class_type in _RGB_SOURCES
    return "JPEG" if rgb and node.inputs.get("format") == "JPEG" else "PNG"
