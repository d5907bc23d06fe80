"""The first picture of a video: what stands in its place until it plays, and its size."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from comfy_api.protocol.images import MAX_PIXELS

#: Milliseconds that opening and reading may each take.
_WITHIN: Final = 3000


def first_frame(path: Path) -> NDArray[np.generic] | None:
    """H×W×3 BGR uint8; None for a file that cannot be read as a video, or one that is too large."""
    limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _WITHIN, cv2.CAP_PROP_READ_TIMEOUT_MSEC, _WITHIN]
    try:
        capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, limits)
    except cv2.error:
        return None
    try:
        width, height = capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
        if not 0 < width * height <= MAX_PIXELS:
            return None
        done, pixels = capture.read()
    except cv2.error:
        return None
    finally:
        capture.release()
    return pixels if done and pixels is not None else None
