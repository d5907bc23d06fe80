"""Small valid pictures for tests, encoded with OpenCV."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import cv2
import numpy as np


@lru_cache(maxsize=256)
def png(width: int = 64, height: int = 64, seed: int = 0) -> bytes:
    """A colour gradient as PNG bytes (8-bit RGB in the file); the same arguments give the same bytes."""
    return _encoded(".png", _gradient(width, height, seed))


@lru_cache(maxsize=256)
def jpeg(width: int = 64, height: int = 64, seed: int = 0, quality: int = 90) -> bytes:
    """A colour gradient as JPEG bytes; the same arguments give the same bytes."""
    return _encoded(".jpg", _gradient(width, height, seed), [cv2.IMWRITE_JPEG_QUALITY, quality])


def noise_png(width: int = 2048, height: int = 2048, seed: int = 0) -> bytes:
    """Noise as PNG bytes, about 3 bytes a pixel: 2048² is a frame of 12.6 MB (protocol.md §0.6)."""
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return _encoded(".png", noise, [cv2.IMWRITE_PNG_COMPRESSION, 0])


def reencoded(data: bytes, preview: str) -> bytes:
    """``data`` as ``/view?preview=webp;90`` gives it: WebP or JPEG of the stated quality.

    Raises:
        ValueError: ``data`` is no picture.
    """
    kind, _, quality = preview.partition(";")
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if picture is None:
        raise ValueError("not a picture")
    percent = int(quality) if quality.isdigit() else 90
    if kind == "jpeg":
        return _encoded(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, percent])
    return _encoded(".webp", picture, [cv2.IMWRITE_WEBP_QUALITY, percent])


def _gradient(width: int, height: int, seed: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """(height, width, 3) uint8; the corners' colours come from ``seed``."""
    corners = np.random.default_rng(seed).integers(0, 256, (2, 2, 3), dtype=np.uint8)
    stretched = cv2.resize(corners, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(stretched, dtype=np.uint8)


def _encoded(suffix: str, picture: np.ndarray[Any, Any], options: list[int] | None = None) -> bytes:
    done, data = cv2.imencode(suffix, picture, options or [])
    if not done:
        raise ValueError(f"OpenCV cannot write {suffix}")
    return bytes(data)
