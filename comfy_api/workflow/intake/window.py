"""A file's bytes, read in small parts and never more than a workflow needs."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from comfy_api.workflow.reading import MAX_BYTES, Unfit

#: Parts of one file that are looked at: a film has some for each second, a large picture one for each 8 kB.
MAX_PARTS: Final = 200_000
#: Bytes of one file that are read in all: metadata twice over, and the heads of all parts.
MAX_READ: Final = 3 * MAX_BYTES

BROKEN: Final = "Fetch or copy it again: it seems to be damaged."
WITHOUT: Final = (
    "Use a file that ComfyUI saved with its metadata and that no other program or service wrote anew, "
    'or export the workflow from ComfyUI with the menu entry "Workflow → Export".'
)


class Window:
    """Random access to one seekable file. Every read counts, so that no loop over its parts is endless."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = file.seek(0, 2)
        self._parts, self._bytes = MAX_PARTS, MAX_READ

    def read(self, at: int, count: int) -> bytes:
        """``count`` bytes from ``at``.

        Raises:
            Unfit: the file ends before, or too much of it was read.
        """
        if at < 0 or count < 0 or at + count > self.size:
            raise Unfit("it breaks off", BROKEN)
        self._parts -= 1
        self._bytes -= count
        if self._parts < 0 or self._bytes < 0 or count > MAX_BYTES:
            raise Unfit("its metadata are too large or in too many parts", WITHOUT)
        self._file.seek(at)
        data = self._file.read(count)
        if len(data) != count:
            raise Unfit("it breaks off", BROKEN)
        return data

    def head(self, count: int) -> bytes:
        """The first bytes, at most ``count``."""
        return self.read(0, min(count, self.size))

    def unpack(self, layout: str, at: int) -> tuple[Any, ...]:
        """The values of a ``struct`` layout."""
        return struct.unpack(layout, self.read(at, struct.calcsize(layout)))


#: What a reader of a container gives: the keys of its texts in lower case, and the texts.
Texts = Iterator[tuple[str, str]]
