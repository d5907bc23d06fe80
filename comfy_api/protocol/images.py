"""Encoded pictures: what they are, how large, and their pixels.

A server's claim about a picture's type is never trusted (protocol.md §2): the first bytes tell.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import BmpImagePlugin, GifImagePlugin, Image, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

#: Pictures with more pixels are not decoded: 8192 × 8192.
MAX_PIXELS: Final = 8192 * 8192

#: Pillow's readers, asked for the header alone. ``Image.open`` would warn of large pictures process-wide.
_HEADERS: Final[dict[str, Callable[[io.BytesIO], Image.Image]]] = {
    "image/png": PngImagePlugin.PngImageFile,
    "image/jpeg": JpegImagePlugin.JpegImageFile,
    "image/webp": WebPImagePlugin.WebPImageFile,
    "image/gif": GifImagePlugin.GifImageFile,
    "image/bmp": BmpImagePlugin.BmpImageFile,
}


#: How the last bytes of a whole picture look; a decoder may take half a picture for a whole one.
_PNG_END: Final = b"\0\0\0\0IEND\xaeB`\x82"
_JPEG_END: Final = b"\xff\xd9"


class BadPicture(ValueError):
    """Bytes that are no picture, or a broken one."""


class TooManyPixels(BadPicture):
    """A picture that may be sound but is not decoded here."""


def sniff(data: bytes | memoryview) -> str:
    """The MIME type that the first bytes tell, or ``""`` for anything but PNG, JPEG, WebP, GIF and BMP."""
    head = bytes(data[:18])
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    # Two letters are too few: the upper bytes of its second header's length tell it from a text.
    return "image/bmp" if head.startswith(b"BM") and head[15:18] == bytes(3) else ""


def measure(data: bytes) -> tuple[int, int]:
    """Width and height in pixels, read from the header alone.

    Raises:
        BadPicture: no picture, or a broken header.
        TooManyPixels: more than ``MAX_PIXELS``.
    """
    reader = _HEADERS.get(sniff(data))
    if reader is None:
        raise BadPicture("no picture that is known here")
    try:
        with reader(io.BytesIO(data)) as header:
            width, height = header.size
    except Image.DecompressionBombError as error:  # WebP's reader has a limit of its own
        raise TooManyPixels(str(error)) from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise BadPicture(f"a broken picture: {error}") from error
    if width * height > MAX_PIXELS:
        raise TooManyPixels(f"{width} × {height} pixels are more than the {MAX_PIXELS} allowed")
    return int(width), int(height)


def is_animated(data: bytes) -> bool:
    """Whether a picture holds several, one after the other: WebP, PNG (APNG) or GIF. False for a broken one."""
    reader = _HEADERS.get(sniff(data))
    if reader is None:
        return False
    try:
        with reader(io.BytesIO(data)) as header:
            return bool(getattr(header, "is_animated", False))
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError):
        return False


def is_whole(data: bytes) -> bool:
    """Whether the picture's end is there too, as far as its format tells."""
    mime = sniff(data)
    if mime == "image/png":
        return data.endswith(_PNG_END)
    if mime == "image/jpeg":
        return _JPEG_END in data[-64:]  # some writers pad
    if mime == "image/webp":
        return len(data) >= 8 + int.from_bytes(data[4:8], "little")
    return bool(mime)


def decode(data: bytes, *, colour_only: bool = False) -> NDArray[np.generic]:
    """The pixels: H×W×3 BGR, or H×W×4 BGRA where there is an alpha channel; uint8, or uint16 for 16-bit PNGs.

    Args:
        data: the encoded picture.
        colour_only: always H×W×3 BGR uint8.

    Raises:
        BadPicture: as ``measure``, or pixels that cannot be decoded.
    """
    measure(data)
    flag = cv2.IMREAD_COLOR if colour_only else cv2.IMREAD_UNCHANGED
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flag)
    except cv2.error as error:
        raise BadPicture(f"a broken picture: {error}") from error
    if pixels is None:
        raise BadPicture("a broken picture")
    return cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR) if pixels.ndim == 2 else pixels
