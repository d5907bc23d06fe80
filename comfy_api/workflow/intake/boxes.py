"""The texts of files made of ISO boxes: MP4, MOV and M4A by their keys, AVIF and HEIC by their EXIF item."""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import NamedTuple

from comfy_api.workflow.intake.exif import exif_texts
from comfy_api.workflow.intake.window import BROKEN, Texts, Window
from comfy_api.workflow.reading import Unfit

#: Boxes to look into for a film's texts. ``meta`` has four bytes before its boxes, but not in QuickTime.
_OUTER = (b"moov", b"udta", b"meta")
_COMMENT = b"\xa9cmt"


class Box(NamedTuple):
    """A box: its type, and where its content starts and ends."""

    kind: bytes
    start: int
    end: int


def boxes(file: Window, start: int, end: int) -> Iterator[Box]:
    """The boxes between two places, one after the other.

    Raises:
        Unfit: one ends before its head, or after ``end``.
    """
    at = start
    while at + 8 <= end:
        size, kind = file.unpack(">I4s", at)
        head = 8
        if size == 1:
            (size,), head = file.unpack(">Q", at + 8), 16
        stop = end if size == 0 else at + size
        if stop < at + head or stop > end:
            raise Unfit("it breaks off", BROKEN)
        yield Box(kind, at + head, stop)
        at = stop


def read_film(file: Window, wanted: Set[str]) -> Texts:
    """The values under the wanted keys in moov/udta/meta and moov/meta, and the comment in moov/udta."""
    yield from _within(file, 0, file.size, wanted, len(_OUTER))


def _within(file: Window, start: int, end: int, wanted: Set[str], room: int) -> Texts:
    keys: list[str] = []
    for box in boxes(file, start, end):
        if box.kind in _OUTER and room:
            yield from _within(file, _content(file, box), box.end, wanted, room - 1)
        elif box.kind == b"keys":
            keys += _keys(file, box)
        elif box.kind == b"ilst":
            yield from _items(file, box, wanted, keys)
        elif box.kind == _COMMENT and "comment" in wanted:
            # QuickTime puts length and language before the text.
            yield "comment", _text(file, box.start + 4, box.end)


def _content(file: Window, box: Box) -> int:
    """Where a box's boxes start."""
    full = box.kind == b"meta" and box.end - box.start >= 8 and file.read(box.start + 4, 4) != b"hdlr"
    return box.start + 4 if full else box.start


def _keys(file: Window, box: Box) -> Iterator[str]:
    for entry in boxes(file, box.start + 8, box.end):
        name = file.read(entry.start, min(entry.end - entry.start, 100))
        yield name.decode("utf-8", "replace").lower()


def _items(file: Window, ilst: Box, wanted: Set[str], keys: list[str]) -> Texts:
    for item in boxes(file, ilst.start, ilst.end):
        number = int.from_bytes(item.kind, "big") - 1
        key = keys[number] if 0 <= number < len(keys) else "comment" if item.kind == _COMMENT else ""
        if key not in wanted:
            continue
        for box in boxes(file, item.start, item.end):
            if box.kind == b"data" and key in wanted:
                yield key, _text(file, box.start + 8, box.end)  # type and language stand before it


def _text(file: Window, start: int, end: int) -> str:
    return file.read(start, end - start).decode("utf-8", "replace")


# --- pictures -------------------------------------------------------------------------------------------


def read_heif(file: Window, wanted: Set[str]) -> Texts:
    """The EXIF item of an AVIF or HEIC picture."""
    meta = next((box for box in boxes(file, 0, file.size) if box.kind == b"meta"), None)
    if meta is None:
        return
    inner = {box.kind: box for box in boxes(file, meta.start + 4, meta.end)}
    if b"iinf" not in inner or b"iloc" not in inner:
        return
    for item in _exif_items(file, inner[b"iinf"]):
        for at, length in _extents(file, inner[b"iloc"], item):
            data = file.read(at, length)
            skipped = 4 + int.from_bytes(data[:4], "big")
            yield from exif_texts(data[skipped:], wanted)


def _exif_items(file: Window, iinf: Box) -> Iterator[int]:
    (version,) = file.unpack(">B", iinf.start)
    for entry in boxes(file, iinf.start + (6 if version == 0 else 8), iinf.end):
        (version,) = file.unpack(">B", entry.start)
        if entry.kind == b"infe" and version >= 2:
            number, _, kind = file.unpack(">HH4s" if version == 2 else ">IH4s", entry.start + 4)
            if kind == b"Exif":
                yield number


def _extents(file: Window, iloc: Box, wanted: int) -> Iterator[tuple[int, int]]:
    """Where an item's parts stand in the file."""
    version, sizes = file.unpack(">B3xH", iloc.start)
    of_offset, of_length, of_base, of_index = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    at = iloc.start + 6
    wide = 4 if version == 2 else 2

    def whole(count: int) -> int:
        nonlocal at
        at += count
        return int.from_bytes(file.read(at - count, count), "big")

    for _ in range(whole(wide)):
        item, method = whole(wide), whole(2) & 15 if version else 0
        whole(2)
        base = whole(of_base)
        for _ in range(whole(2)):
            whole(of_index if version else 0)
            offset, length = whole(of_offset), whole(of_length)
            if item == wanted and method == 0:
                yield base + offset, length
