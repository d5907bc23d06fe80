"""Pictures on disk, as the server encoded them, and their thumbnails."""

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

from comfy_api.protocol.images import BadPicture, decode

#: Longest side of a thumbnail, in pixels: a tile of the grid on a sharp display.
THUMBNAIL: Final = 640
_QUALITY: Final = 82


class PictureFiles:
    """A folder of pictures, each named by the SHA-256 of its bytes. Thread-safe.

    Equal pictures are stored once and counted; a file goes when the last who had it lets go.
    """

    def __init__(self, folder: Path) -> None:
        """``folder`` is made where it is missing."""
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()  # guards the counts
        self._counts: dict[str, int] = {}

    def add(self, data: bytes, image: NDArray[Any] | None = None) -> str:
        """Store a picture and its thumbnail; returns its id. Each ``add`` wants a ``release``.

        Args:
            data: the encoded picture, written as it is.
            image: its pixels, BGR or BGRA, where they are decoded already.

        Raises:
            OSError: it cannot be written.
        """
        picture_id = hashlib.sha256(data).hexdigest()
        with self._lock:
            self._counts[picture_id] = self._counts.get(picture_id, 0) + 1
            if not self.path(picture_id).exists():
                _write(self.path(picture_id), data)
        thumbnail = self._shrink(data, image)
        if thumbnail is not None and not self.thumbnail(picture_id).exists():
            _write(self.thumbnail(picture_id), thumbnail)
        return picture_id

    def path(self, picture_id: str) -> Path:
        """Where the bytes are."""
        return self.folder / picture_id

    def thumbnail(self, picture_id: str) -> Path:
        """Where the thumbnail is, WebP; missing for what is no picture."""
        return self.folder / f"{picture_id}.webp"

    def release(self, picture_ids: Iterable[str]) -> None:
        """Let go of pictures; files that nobody holds any more are removed."""
        for picture_id in picture_ids:
            with self._lock:
                left = self._counts.get(picture_id, 1) - 1
                if left > 0:
                    self._counts[picture_id] = left
                    continue
                self._counts.pop(picture_id, None)
                self.path(picture_id).unlink(missing_ok=True)
                self.thumbnail(picture_id).unlink(missing_ok=True)

    def _shrink(self, data: bytes, image: NDArray[Any] | None) -> bytes | None:
        try:
            pixels = decode(data) if image is None else image
        except BadPicture:
            return None
        return thumbnail_of(pixels)


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
