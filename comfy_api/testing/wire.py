"""The bytes that a ComfyUI puts on its websocket (protocol.md §1, §2); big endian.

Written apart from the client's parser on purpose: each proves the other.
"""

from __future__ import annotations

import json
import struct
from typing import Any

JPEG, PNG = 1, 2
MIME = {JPEG: "image/jpeg", PNG: "image/png"}


def text(kind: str, data: dict[str, Any]) -> str:
    """A JSON message."""
    return json.dumps({"type": kind, "data": data})


def format_code(image: bytes) -> int:
    """1 for JPEG, 2 for PNG; 1 for anything else, as the real server says for what it does not know."""
    return PNG if image.startswith(b"\x89PNG") else JPEG


def image_frame(image: bytes) -> bytes:
    """Type 1: a picture without a word about where it comes from."""
    return struct.pack(">II", 1, format_code(image)) + image


def text_frame(node: str, words: str) -> bytes:
    """Type 3: a node's progress text."""
    name = node.encode()
    return struct.pack(">II", 3, len(name)) + name + words.encode()


def metadata_frame(node: str, prompt_id: str, image: bytes) -> bytes:
    """Type 4: a picture with its node and prompt, for clients that said ``supports_preview_metadata``."""
    meta = json.dumps({**node_ids(node, prompt_id), "image_type": MIME[format_code(image)]}).encode()
    return struct.pack(">II", 4, len(meta)) + meta + image


def node_ids(node: str, prompt_id: str) -> dict[str, Any]:
    """The five ids that stand in type-4 metadata and in each entry of ``progress_state``."""
    return {
        "node_id": node,
        "prompt_id": prompt_id,
        "display_node_id": node,
        "parent_node_id": None,
        "real_node_id": node,
    }
