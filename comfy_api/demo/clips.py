"""Moving pictures: animated WebP and PNG by Pillow, WebM and MP4 (both VP9) by OpenCV. Frames are RGB uint8, H×W×3."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
from PIL import Image, PngImagePlugin

from comfy_api.demo.images import Picture

#: EXIF tags in which ComfyUI keeps the prompt and all else of an animated WebP.
_MODEL, _MAKE = 0x0110, 0x010F
#: How a Matroska file says what it is, and the same for WebM in as many bytes (the rest is an empty element).
_MATROSKA: Final = b"\x42\x82\x88matroska"
_WEBM: Final = b"\x42\x82\x84webm\xec\x82\0\0"


@dataclass(frozen=True)
class Clip:
    """A video in the making: frames of one size, and how many of them a second."""

    frames: Sequence[Picture]
    fps: float


def animated_webp(clip: Clip, texts: Mapping[str, Any], *, lossless: bool, quality: int) -> bytes:
    """An animated WebP that repeats for ever, with its texts as EXIF."""
    exif = Image.Exif()
    for number, (key, value) in enumerate(texts.items()):
        exif[_MODEL if number == 0 else _MAKE - number + 1] = f"{key}:{json.dumps(value)}"
    first, *rest = _pillow(clip)
    buffer = io.BytesIO()
    way = {"lossless": lossless, "quality": quality, "method": 0, "exif": exif}
    first.save(buffer, "WEBP", save_all=True, append_images=rest, duration=round(1000 / clip.fps), loop=0, **way)
    return buffer.getvalue()


def animated_png(clip: Clip, compress_level: int) -> bytes:
    """An animated PNG."""
    first, *rest = _pillow(clip)
    buffer = io.BytesIO()
    way = {"compress_level": compress_level, "pnginfo": PngImagePlugin.PngInfo()}
    first.save(buffer, "PNG", save_all=True, append_images=rest, duration=round(1000 / clip.fps), **way)
    return buffer.getvalue()


def webm(clip: Clip) -> bytes:
    """A WebM file. OpenCV grumbles over every codec in one, so it writes Matroska, of which WebM is a part."""
    return _video(clip, ".mkv", "VP90").replace(_MATROSKA, _WEBM, 1)


def mp4(clip: Clip) -> bytes:
    """An MP4 file."""
    return _video(clip, ".mp4", "vp09")


def _pillow(clip: Clip) -> list[Image.Image]:
    return [Image.fromarray(frame) for frame in clip.frames]


def _video(clip: Clip, suffix: str, codec: str) -> bytes:
    height, width = clip.frames[0].shape[:2]
    with tempfile.TemporaryDirectory(prefix="easel-demo-clip-") as folder:
        path = Path(folder) / f"clip{suffix}"
        fourcc = cv2.VideoWriter.fourcc(*codec)
        writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, fourcc, clip.fps, (width, height))
        try:
            if not writer.isOpened():
                raise RuntimeError("This OpenCV writes no video. Save an animation instead.")
            for frame in clip.frames:
                writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
        finally:
            writer.release()
        return path.read_bytes()
