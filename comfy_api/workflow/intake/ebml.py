"""The tags of WebM and Matroska films (formats.md §4)."""

from __future__ import annotations

from collections.abc import Set

from comfy_api.workflow.intake.window import BROKEN, Texts, Window
from comfy_api.workflow.reading import Unfit

MAGIC = b"\x1a\x45\xdf\xa3"
#: Segment, Tags, Tag, SimpleTag: elements to look into.
_OUTER = (0x18538067, 0x1254C367, 0x7373, 0x67C8)
_NAME, _STRING = 0x45A3, 0x4487


def read_ebml(file: Window, wanted: Set[str]) -> Texts:
    """The SimpleTags with the wanted names, in any case.

    Elements that hold others are entered and never left: what follows them is read the same way.
    """
    at, name = 0, ""
    while at < file.size:
        element, start = _number(file, at, keep_mark=True)
        size, start = _number(file, start)
        if element in _OUTER or size is None:
            at = start
            continue
        if element == _NAME and size:
            name = file.read(start, min(size, 100)).rstrip(b"\0").decode("utf-8", "replace").lower()
        elif element == _STRING and name in wanted:
            yield name, file.read(start, size).rstrip(b"\0").decode("utf-8", "replace")
        at = start + size


def _number(file: Window, at: int, *, keep_mark: bool = False) -> tuple[int | None, int]:
    """A number of one to eight bytes and where it ends; None for a size that is not known."""
    (first,) = file.read(at, 1)
    count = 9 - first.bit_length()
    if count > 8:
        raise Unfit("it breaks off", BROKEN)
    value = int.from_bytes(file.read(at, count), "big")
    if keep_mark:
        return value, at + count
    value &= (1 << 7 * count) - 1
    return (None if value == (1 << 7 * count) - 1 else value), at + count
