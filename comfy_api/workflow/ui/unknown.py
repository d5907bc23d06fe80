"""What is said of node types that the server does not have."""

from __future__ import annotations

import re
from collections.abc import Iterable

from comfy_api.errors import NotConvertible, UnknownNode
from comfy_api.workflow.ui.classes import Classes
from comfy_api.workflow.ui.graph import Node

#: The registry's name for ComfyUI itself.
_CORE = "comfy-core"
#: What a subgraph's definition is called by the nodes that stand for it.
_DEFINITION_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def require_known(nodes: Iterable[Node], classes: Classes) -> None:
    """Raises NotConvertible: names every class that the server lacks, with its package."""
    missing: dict[str, list[Node]] = {}
    for node in nodes:
        if classes.get(node.type) is None:
            missing.setdefault(node.type, []).append(node)
    if not missing:
        return
    lost = [of[0] for type_, of in missing.items() if _DEFINITION_ID.fullmatch(type_)]
    unknown = [_unknown(type_, of) for type_, of in missing.items() if not _DEFINITION_ID.fullmatch(type_)]
    reasons = [
        f'The subgraph "{node.label[:80]}" is not in the file. Open the workflow in ComfyUI and save it again.'
        for node in lost
    ]
    raise NotConvertible([*reasons, *map(_sentence, unknown)], unknown)


def _unknown(type_: str, nodes: list[Node]) -> UnknownNode:
    titles = tuple(dict.fromkeys(node.label for node in nodes))
    return UnknownNode(type_, titles, _stated(nodes, "cnr_id") or _stated(nodes, "aux_id"), _stated(nodes, "ver"))


def _stated(nodes: list[Node], key: str) -> str:
    values = (node.properties.get(key) for node in nodes)
    return next((value for value in values if isinstance(value, str) and value), "")


def _sentence(node: UnknownNode) -> str:
    what = f'The node type "{node.class_type}" is unknown to this server'
    version = f" {node.version}" if node.version else ""
    if node.package == _CORE:
        return f"{what}; it came with ComfyUI{version}. Update ComfyUI there, or replace the node."
    package = f"; it belongs to the package {node.package}{version}" if node.package else ""
    return f"{what}{package}. Install it there, or replace the node."
