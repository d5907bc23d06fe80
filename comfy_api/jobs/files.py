"""Pictures and other files on disk, as the server encoded them, and the thumbnails of what can be seen."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import cv2
import numpy as np
from numpy.typing import NDArray

#: Longest side of a thumbnail, in pixels: a tile of the grid on a sharp display.
THUMBNAIL: Final = 640
_QUALITY: Final = 82


class PictureFiles:
    """A folder of files, each named by the SHA-256 of its bytes. Thread-safe.

    Equal files are stored once and counted; a file goes when the last who had it lets go.

    Attributes:
        folder: where they are.
        spool: a folder beside them, for files that are still coming.
    """

    def __init__(self, folder: Path) -> None:
        """Both folders are made where they are missing."""
        self.folder = folder
        self.spool = folder.with_name(f"{folder.name}-coming")
        for made in (folder, self.spool):
            made.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()  # guards the counts
        self._counts: dict[str, int] = {}

    def add(self, data: bytes, image: NDArray[Any] | None = None) -> str:
        """Store bytes, and a thumbnail where there are pixels; returns their id. Each ``add`` wants a ``release``.

        Args:
            data: as encoded; written as they are.
            image: the pixels, BGR or BGRA, of what can be seen.

        Raises:
            OSError: it cannot be written.
        """
        file_id = hashlib.sha256(data).hexdigest()
        with self._lock:
            self._counts[file_id] = self._counts.get(file_id, 0) + 1
            if not self.path(file_id).exists():
                _write(self.path(file_id), data)
        self._add_thumbnail(file_id, image)
        return file_id

    def take(self, path: Path, image: NDArray[Any] | None = None) -> str:
        """As ``add``, for bytes that are in a file of ``spool``, which is moved."""
        with path.open("rb") as file:
            file_id = hashlib.file_digest(file, "sha256").hexdigest()
        with self._lock:
            self._counts[file_id] = self._counts.get(file_id, 0) + 1
            os.replace(path, self.path(file_id))
        self._add_thumbnail(file_id, image)
        return file_id

    def _add_thumbnail(self, file_id: str, image: NDArray[Any] | None) -> None:
        if image is not None and not self.thumbnail(file_id).exists():
            _write(self.thumbnail(file_id), thumbnail_of(image))

    def path(self, picture_id: str) -> Path:
        """Where the bytes are."""
        return self.folder / picture_id

    def thumbnail(self, picture_id: str) -> Path:
        """Where the thumbnail is, WebP; missing for what cannot be seen."""
        return self.folder / f"{picture_id}.webp"

    def release(self, picture_ids: Iterable[str]) -> None:
        """Let go of files; those that nobody holds any more are removed."""
        for picture_id in picture_ids:
            with self._lock:
                left = self._counts.get(picture_id, 1) - 1
                if left > 0:
                    self._counts[picture_id] = left
                    continue
                self._counts.pop(picture_id, None)
                self.path(picture_id).unlink(missing_ok=True)
                self.thumbnail(picture_id).unlink(missing_ok=True)


def thumbnail_of(pixels: NDArray[Any]) -> bytes:
    """WebP of at most ``THUMBNAIL`` pixels a side. ``pixels``: H×W×3 BGR or H×W×4 BGRA, uint8 or uint16."""
    height, width = pixels.shape[:2]
    scale = THUMBNAIL / max(height, width)
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    _, encoded = cv2.imencode(".webp", pixels, [cv2.IMWRITE_WEBP_QUALITY, _QUALITY])
    return encoded.tobytes()


def _write(path: Path, data: bytes) -> None:
    """Write whole or not at all."""
    part = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        part.write_bytes(data)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
