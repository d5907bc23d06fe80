"""Names that stay: ids of controls, and the hash of a workflow."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Container

from comfy_api.workflow.document import Workflow

MAX_ID = 64
#: Where nothing in a name can stand in an id, such as one in Chinese.
_NAMELESS = "control"


def make_id(text: str, taken: Container[str] = ()) -> str:
    """An id, ``[a-z][a-z0-9_]{0,63}``, made from a name; one that is taken gets ``_2``, ``_3`` and so on."""
    plain = unicodedata.normalize("NFKD", text[:1_000]).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    start = words if words[:1].isalpha() else f"{_NAMELESS}_{words}".strip("_")
    stem = start[:MAX_ID].rstrip("_")
    made, count = stem, 1
    while made in taken:
        count += 1
        ending = f"_{count}"
        made = stem[: MAX_ID - len(ending)].rstrip("_") + ending
    return made


def workflow_hash(workflow: Workflow) -> str:
    """``sha256:…`` of the graph: the same whatever the order of its nodes and inputs, and whatever its titles."""
    graph = {node.id: {"class_type": node.class_type, "inputs": dict(node.inputs)} for node in workflow.nodes.values()}
    text = json.dumps(graph, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
