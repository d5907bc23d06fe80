"""A picture cut and masked for inpainting, at its own resolution. Pure: encoded bytes in, encoded bytes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from comfy_api.errors import Refused
from comfy_api.protocol.images import BadPicture, decode, sniff

#: Shortest side of what is left after a cut, in pixels.
LEAST: Final = 16
_QUALITY: Final = 92
#: Formats without an alpha channel.
_OPAQUE: Final = ("image/jpeg", "image/bmp")


@dataclass(frozen=True, slots=True)
class Crop:
    """A part of a picture, in whole pixels from its upper left corner, after the rotation that EXIF asks for."""

    x: int
    y: int
    width: int
    height: int

    @classmethod
    def parse(cls, text: str) -> Crop:
        """Read ``x,y,width,height``. Raises Refused."""
        parts = text.split(",")
        if len(parts) != 4 or not all(part.isascii() and part.isdigit() and len(part) < 6 for part in parts):
            raise Refused("This part of the picture cannot be cut out. Choose another one.")
        return cls(*map(int, parts))


def shown(data: bytes) -> NDArray[np.uint8]:
    """The pixels as a browser and ComfyUI's LoadImage show them: H×W×3 BGR or H×W×4 BGRA uint8, EXIF rotation applied.

    Raises:
        BadPicture: no picture, or a broken one.
    """
    colour = np.asarray(decode(data, colour_only=True), np.uint8)
    if sniff(data) in _OPAQUE:
        return colour
    whole: NDArray[Any] = decode(data)
    if whole.ndim != 3 or whole.shape[2] != 4 or whole.shape[:2] != colour.shape[:2]:
        return colour
    alpha = np.asarray(whole[:, :, 3] // (257 if whole.dtype == np.uint16 else 1), np.uint8)
    return np.dstack([colour, alpha])


def plain(data: bytes) -> tuple[bytes, str]:
    """The picture without its alpha channel, for the eye: bytes and MIME type. Raises BadPicture."""
    if sniff(data) in _OPAQUE:
        return data, sniff(data)
    return _encode(".jpg", shown(data)[:, :, :3], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]), "image/jpeg"


def retouch(data: bytes, *, crop: Crop | None = None, mask: bytes = b"", alone: bool = False) -> bytes:
    """A PNG of the picture, cut, with the painted mask as its alpha channel.

    What is painted becomes transparent and keeps its colours: ComfyUI's LoadImage takes 1 - alpha for the mask.

    Args:
        data: the encoded picture.
        crop: what is left of it; None: all.
        mask: a PNG of the whole picture's shape at any size, opaque where it is painted; empty: the picture's own
            alpha channel stays.
        alone: give the mask as a picture of its own, white where painted, with the same alpha channel: a mask either
            way, whichever channel a LoadImageMask reads.

    Raises:
        Refused: no picture, no mask, or nothing left of it.
    """
    pixels = _read(data, "This picture cannot be read. Choose a PNG, JPEG or WebP.")
    if mask:
        painted = _painted(mask, pixels.shape[1], pixels.shape[0])
        colour = cv2.cvtColor(painted, cv2.COLOR_GRAY2BGR) if alone else pixels[:, :, :3]
        pixels = np.dstack([colour, 255 - painted])
    if crop is not None:
        pixels = _cut(pixels, crop)
    return _encode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 3])


def _painted(mask: bytes, width: int, height: int) -> NDArray[np.uint8]:
    """H×W uint8, 255 where the mask is painted."""
    pixels = _read(mask, "The painted mask did not arrive whole. Try again.")
    if pixels.shape[2] != 4:
        raise Refused("The painted mask did not arrive whole. Try again.")
    return np.asarray(cv2.resize(pixels[:, :, 3], (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _cut(pixels: NDArray[np.uint8], crop: Crop) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    part = pixels[crop.y : min(crop.y + crop.height, height), crop.x : min(crop.x + crop.width, width)]
    if min(part.shape[:2]) < min(LEAST, width, height):
        raise Refused(f"This leaves less than {LEAST} pixels of the picture. Choose a larger part.")
    return part


def _read(data: bytes, sentence: str) -> NDArray[np.uint8]:
    try:
        return shown(data)
    except BadPicture:
        raise Refused(sentence) from None


def _encode(suffix: str, pixels: NDArray[np.uint8], options: list[int]) -> bytes:
    _, encoded = cv2.imencode(suffix, np.ascontiguousarray(pixels), options)
    return bytes(encoded.tobytes())
