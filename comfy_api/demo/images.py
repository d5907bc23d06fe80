"""Pictures of the engine: sizes, scaling, encoding. Arrays are RGB uint8, H×W×3, unless said otherwise."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, PngImagePlugin

Picture = NDArray[np.uint8]
#: H×W float32 in 0…1; 1 where the picture is masked (transparent).
Mask = NDArray[np.float32]

#: Pixels that one node may make, over its whole batch.
PIXEL_LIMIT = 64_000_000
#: Longest side of a latent preview (protocol.md §2).
PREVIEW_SIZE = 512

_INTERPOLATION = {
    "nearest-exact": cv2.INTER_NEAREST_EXACT,
    "bilinear": cv2.INTER_LINEAR,
    "area": cv2.INTER_AREA,
    "bicubic": cv2.INTER_CUBIC,
    "bislerp": cv2.INTER_CUBIC,
    "lanczos": cv2.INTER_LANCZOS4,
}


class TooManyPixelsError(ValueError):
    """More pixels than the demo engine makes at once."""


def require_size(width: int, height: int, batch: int = 1) -> None:
    """Raise TooManyPixelsError for a batch beyond `PIXEL_LIMIT`."""
    if width * height * batch > PIXEL_LIMIT:
        raise TooManyPixelsError(
            f"The demo engine paints at most {PIXEL_LIMIT:,} pixels at once; {batch} × {width} × {height} is more."
        )


def encode(picture: Picture, format_name: str) -> bytes:
    """Encode as ``PNG``, ``JPEG`` or any other format that Pillow knows (WEBP …), without metadata."""
    name = format_name.upper()
    if name == "PNG":
        return _cv2_bytes(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if name == "JPEG":
        return _cv2_bytes(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 95])
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, name)
    return buffer.getvalue()


def encode_preview(picture: Picture) -> bytes:
    """A latent preview: JPEG, scaled to `PREVIEW_SIZE` on the longest side, up as well as down."""
    height, width = picture.shape[:2]
    factor = PREVIEW_SIZE / max(height, width)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    scaled = picture if factor == 1 else cv2.resize(picture, size, interpolation=way)
    return encode(np.asarray(scaled, dtype=np.uint8), "JPEG")


def encode_saved(picture: Picture, texts: Mapping[str, Any]) -> bytes:
    """A PNG file with each value as JSON in a text chunk of its own (``prompt``, ``workflow`` …)."""
    info = PngImagePlugin.PngInfo()
    for key, value in texts.items():
        info.add_text(key, json.dumps(value))
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", pnginfo=info, compress_level=1)
    return buffer.getvalue()


def scale(picture: Picture, width: int, height: int, method: str, crop: str = "disabled") -> Picture:
    """Scale to ``width`` × ``height`` px; ``crop="center"`` keeps the proportions and cuts the rest."""
    require_size(width, height)
    if crop == "center":
        picture = _centre(picture, width / height)
    scaled = cv2.resize(picture, (width, height), interpolation=_INTERPOLATION[method])
    return np.asarray(scaled, dtype=np.uint8)


def load(path: str) -> tuple[Picture, Mask]:
    """Read a file upright (EXIF applied): picture, and mask from its alpha.

    Raises:
        FileNotFoundError: the file went away.
        PIL.UnidentifiedImageError: it is no picture.
        TooManyPixelsError: it is larger than the engine takes.
    """
    with Image.open(path) as image:
        require_size(*image.size)
        upright = ImageOps.exif_transpose(image)
    picture = np.asarray(upright.convert("RGB"), dtype=np.uint8)
    return picture, _mask(upright, "A")


def load_channel(path: str, channel: str) -> Mask:
    """One channel of a file as a mask; ``alpha`` is inverted, as ComfyUI has it. Raises like `load`."""
    with Image.open(path) as image:
        require_size(*image.size)
        return _mask(ImageOps.exif_transpose(image), channel[0].upper())


def _mask(image: Image.Image, channel: str) -> Mask:
    if channel == "A" and "A" not in image.getbands():
        return np.zeros((64, 64), dtype=np.float32)
    band = image.convert("RGBA").getchannel(channel)
    values = np.asarray(band, dtype=np.float32) / np.float32(255)
    return 1 - values if channel == "A" else values


def _centre(picture: Picture, ratio: float) -> Picture:
    height, width = picture.shape[:2]
    if width > height * ratio:
        wide = max(1, round(height * ratio))
        left = (width - wide) // 2
        return picture[:, left : left + wide]
    high = max(1, round(width / ratio))
    top = (height - high) // 2
    return picture[top : top + high]


def _cv2_bytes(extension: str, picture: Picture, options: list[int]) -> bytes:
    _, buffer = cv2.imencode(extension, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), options)
    return buffer.tobytes()
