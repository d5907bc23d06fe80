"""The texts in the EXIF block of WebP and JPEG pictures (formats.md §4), and of whatever else has such a block."""

from __future__ import annotations

import struct
from collections.abc import Set
from typing import Final

from comfy_api.workflow.intake.window import Texts, Window

_ORDERS: Final = {b"II": "<", b"MM": ">"}
#: The types that hold text, one byte an entry: ASCII, byte and undefined.
_TEXTUAL: Final = (1, 2, 7)
_EXIF_IFD, _USER_COMMENT = 0x8769, 0x9286
#: What an entry of this many bytes or fewer has instead of a place.
_INLINE: Final = 4
_MOST_ENTRIES: Final = 500


def read_webp(file: Window, wanted: Set[str]) -> Texts:
    """The EXIF chunk of a RIFF file."""
    at = 12
    while at + 8 <= file.size:
        kind, length = file.unpack("<4sI", at)
        if kind == b"EXIF":
            yield from exif_texts(file.read(at + 8, length), wanted)
        at += 8 + length + length % 2


def read_jpeg(file: Window, wanted: Set[str]) -> Texts:
    """The EXIF segment and the comments before the first scan."""
    at = 2
    while at + 4 <= file.size:
        marker, length = file.unpack(">HH", at)
        if marker >> 8 != 0xFF or marker == 0xFFDA:
            return
        if marker == 0xFFE1 and length > 8 and file.read(at + 4, 6) == b"Exif\0\0":
            yield from exif_texts(file.read(at + 10, length - 8), wanted)
        elif marker == 0xFFFE and length > 2:
            yield from _keyed(file.read(at + 4, length - 2), wanted)
        at += 2 + max(length, 2)


def exif_texts(data: bytes, wanted: Set[str]) -> Texts:
    """The texts of a TIFF block: ``key:text`` as ComfyUI writes it, bare JSON as ``comment``, Automatic1111's
    settings as ``parameters``. What is broken in it counts as not there."""
    data = data.removeprefix(b"Exif\0\0")
    order = _ORDERS.get(data[:2])
    if order is None or len(data) < 8:
        return
    room = 2 * len(data)  # entries may overlap, but not to read the block a thousand times
    places: list[int] = [struct.unpack_from(f"{order}I", data, 4)[0]]
    for place in places:  # grows by the one block that the first may point to
        for tag, kind, count, at in _entries(data, order, place):
            if tag == _EXIF_IFD and len(places) == 1:
                places.append(struct.unpack_from(f"{order}I", data, at)[0])
            elif kind in _TEXTUAL:
                start = at if count <= _INLINE else struct.unpack_from(f"{order}I", data, at)[0]
                value = data[start : start + count]
                room -= len(value)
                if room < 0:
                    return
                yield from _keyed(_commented(value) if tag == _USER_COMMENT else value, wanted)


def _entries(data: bytes, order: str, place: int) -> list[tuple[int, int, int, int]]:
    """Tag, type, number of values, and where the value or its place stands."""
    if place + 2 > len(data):
        return []
    (count,) = struct.unpack_from(f"{order}H", data, place)
    room = (len(data) - place - 2) // 12
    starts = [place + 2 + 12 * index for index in range(min(count, room, _MOST_ENTRIES))]
    return [(*struct.unpack_from(f"{order}HHI", data, start), start + 8) for start in starts]


def _commented(value: bytes) -> bytes:
    """A user comment without the eight bytes that name its character set, in UTF-8."""
    charset, text = value[:8].rstrip(b"\0 "), value[8:]
    if charset != b"UNICODE":
        return text
    # The byte order is nowhere said: ASCII text shows it.
    little = text[1:2] == b"\0"
    return text.decode("utf-16-le" if little else "utf-16-be", "replace").encode("utf-8", "replace")


def _keyed(value: bytes, wanted: Set[str]) -> Texts:
    start = value[:16].lstrip().lower()
    key = start.partition(b":")[0].decode("latin-1")
    if key in wanted:
        yield key, _decoded(value.partition(b":")[2])
    elif start.startswith(b"{"):
        yield "comment", _decoded(value)
    elif b"Steps: " in value:
        yield "parameters", ""


def _decoded(value: bytes) -> str:
    return value.strip(b"\0 \r\n").decode("utf-8", "replace")
