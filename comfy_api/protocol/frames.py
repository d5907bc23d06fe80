"""Binary websocket frames → typed values (protocol.md §2). Pure.

Layout, big endian: ``>I`` event, then for event 1 ``>I`` format and the picture; for event 3 ``>I`` n, n bytes
node id and UTF-8 text; for event 4 ``>I`` n, n bytes JSON and the picture.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import Final

from comfy_api.protocol.images import sniff

#: Type-4 metadata and type-3 node ids are small; longer ones are garbage.
MAX_HEADER: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class ImageFrame:
    """A picture: a latent preview or a result; which of the two the frame alone does not say.

    Attributes:
        data: the encoded picture.
        mime: told by its first bytes.
        node_id: the node that sent it; None without metadata (event 1).
        prompt_id: the prompt that it belongs to; None without metadata.
    """

    data: bytes
    mime: str
    node_id: str | None = None
    prompt_id: str | None = None


@dataclass(frozen=True, slots=True)
class TextFrame:
    """A line of progress text from a node."""

    node_id: str
    text: str


@dataclass(frozen=True, slots=True)
class BadFrame:
    """Bytes that are no frame: truncated, garbage, or of an event that is not known."""

    reason: str


Frame = ImageFrame | TextFrame | BadFrame


def parse_frame(data: bytes) -> Frame:
    """Read one binary message. Never raises: whatever cannot be read is a ``BadFrame``."""
    if len(data) < 8:
        return BadFrame(f"{len(data)} bytes are too few")
    event, second = struct.unpack_from(">II", data)
    if event == 1:
        return _picture(data, 8)
    if event not in (3, 4):
        return BadFrame(f"unknown event {event}")
    if second > MAX_HEADER or 8 + second > len(data):
        return BadFrame(f"event {event} announces a header of {second} bytes")
    head, start = data[8 : 8 + second], 8 + second
    if event == 3:
        return TextFrame(head.decode("utf-8", "replace"), data[start:].decode("utf-8", "replace"))
    return _with_metadata(data, head, start)


def _with_metadata(data: bytes, head: bytes, start: int) -> Frame:
    try:
        meta = json.loads(head)
    except (ValueError, RecursionError):
        return BadFrame("metadata that is no JSON")
    if not isinstance(meta, dict):
        return BadFrame("metadata that is no object")
    node_id, prompt_id = meta.get("node_id"), meta.get("prompt_id")
    # display_node_id is the node in the author's graph where a node expanded into others (protocol.md §1).
    shown = meta.get("display_node_id") or node_id
    return _picture(
        data,
        start,
        None if shown is None else str(shown),
        None if prompt_id is None else str(prompt_id),
    )


def _picture(data: bytes, start: int, node_id: str | None = None, prompt_id: str | None = None) -> Frame:
    mime = sniff(memoryview(data)[start:])
    if not mime:
        return BadFrame("a picture frame that holds no picture")
    return ImageFrame(data[start:], mime, node_id, prompt_id)
