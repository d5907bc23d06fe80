"""The texts of a PNG or APNG (formats.md §4). Pixels are skipped, checksums are not looked at."""

from __future__ import annotations

import zlib
from collections.abc import Set

from comfy_api.workflow.intake.window import Texts, Window
from comfy_api.workflow.reading import MAX_BYTES, Unfit

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_LONGEST_KEY = 79
_CHUNKS = (b"tEXt", b"zTXt", b"iTXt", b"comf")


def read_png(file: Window, wanted: Set[str]) -> Texts:
    """The wanted texts of tEXt, zTXt and iTXt chunks, and of the ``comf`` chunks that animated ones have.

    Raises:
        Unfit: it breaks off, or a text is too large.
    """
    at = len(SIGNATURE)
    while at < file.size:
        length, kind = file.unpack(">I4s", at)
        if kind == b"IEND":
            return
        if kind in _CHUNKS:
            key, _, _ = file.read(at + 8, min(length, _LONGEST_KEY + 1)).partition(b"\0")
            name = key.decode("latin-1").lower()
            if name in wanted:
                yield name, _text(kind, file.read(at + 8, length)[len(key) + 1 :])
        at += 12 + length


def _text(kind: bytes, data: bytes) -> str:
    if kind == b"zTXt":
        return _inflate(data[1:]).decode("latin-1")
    if kind == b"iTXt":
        packed, rest = data[:1] == b"\1", data[2:]
        text = rest.split(b"\0", 2)[-1]  # after language and translated key
        return (_inflate(text) if packed else text).decode("utf-8", "replace")
    # ComfyUI writes ASCII; other programs put UTF-8 where the standard says Latin-1.
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _inflate(data: bytes) -> bytes:
    stream = zlib.decompressobj()
    try:
        text = stream.decompress(data, MAX_BYTES)
    except zlib.error:
        raise Unfit("its compressed text is broken") from None
    if stream.unconsumed_tail:
        raise Unfit(f"its compressed text is larger than {MAX_BYTES // 1_000_000} MB")
    return text
