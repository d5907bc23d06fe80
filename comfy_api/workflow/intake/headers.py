"""The texts of files whose head is JSON or text: GLB, SVG, safetensors and latents (formats.md §4)."""

from __future__ import annotations

import json
from collections.abc import Set
from typing import Any

from comfy_api.workflow.intake.window import BROKEN, Texts, Window
from comfy_api.workflow.reading import MAX_BYTES, Unfit, parse_json


def read_glb(file: Window, wanted: Set[str]) -> Texts:
    """``asset.extras`` of the JSON chunk."""
    length, kind = file.unpack("<I4s", 12)
    if kind != b"JSON":
        raise Unfit("it breaks off", BROKEN)
    document = parse_json(file.read(20, length), lenient=True)
    yield from _texts(_inner(_inner(document, "asset"), "extras"), wanted)


def is_safetensors(head: bytes) -> bool:
    """Whether a file begins with the length of a JSON object, and the object."""
    return head[8:9] == b"{" and 2 <= int.from_bytes(head[:8], "little") <= MAX_BYTES


def read_safetensors(file: Window, wanted: Set[str]) -> Texts:
    """``__metadata__`` of the header; latents have the same form."""
    (length,) = file.unpack("<Q", 0)
    yield from _texts(_inner(parse_json(file.read(8, length), lenient=True), "__metadata__"), wanted)


def read_svg(file: Window, wanted: Set[str]) -> Texts:
    """The JSON in the ``metadata`` element. The XML itself is not parsed."""
    text = file.head(MAX_BYTES).decode("utf-8", "replace")
    start = text.find("<![CDATA[", max(text.find("<metadata"), 0))
    end = text.find("]]>", start)
    if "<metadata" in text and 0 <= start < end:
        yield "comment", text[start + len("<![CDATA[") : end]


def _texts(document: Any, wanted: Set[str]) -> Texts:
    for key, value in (document if isinstance(document, dict) else {}).items():
        if key.lower() in wanted:
            yield key.lower(), value if isinstance(value, str) else json.dumps(value)


def _inner(document: Any, key: str) -> Any:
    return document.get(key) if isinstance(document, dict) else None
