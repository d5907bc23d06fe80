"""What an output node will give, told by its class before it has run. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Media(StrEnum):
    """What kind of thing a result is."""

    #: A picture that stands still.
    IMAGE = "image"
    #: A picture that moves by itself: animated WebP, PNG or GIF.
    ANIMATION = "animation"
    VIDEO = "video"
    AUDIO = "audio"
    #: Text to read.
    TEXT = "text"
    #: A 3D model.
    MODEL = "model"
    #: Anything else: it can be kept, not shown.
    FILE = "file"

    @property
    def visual(self) -> bool:
        """Whether it has a width and a height."""
        return self in (Media.IMAGE, Media.ANIMATION, Media.VIDEO)


#: Beginnings of class names → what such a node gives. But for pictures it is one thing for a whole batch.
_CLASSES: Final[Mapping[str, Media]] = {
    "PreviewImage": Media.IMAGE,
    "SaveImage": Media.IMAGE,
    "ETN_SendImage": Media.IMAGE,
    "MaskPreview": Media.IMAGE,
    "SaveAnimated": Media.ANIMATION,
    "SaveWEBM": Media.VIDEO,
    "SaveVideo": Media.VIDEO,
    "PreviewVideo": Media.VIDEO,
    "VHS_VideoCombine": Media.VIDEO,
    "SaveAudio": Media.AUDIO,
    "PreviewAudio": Media.AUDIO,
    "PreviewAny": Media.TEXT,
    "ShowText": Media.TEXT,
    "SaveText": Media.TEXT,
    "SaveGLB": Media.MODEL,
    "Preview3D": Media.MODEL,
    "SaveLatent": Media.FILE,
    "SaveSVG": Media.FILE,
}


def find_media(class_type: str) -> Media | None:
    """What output nodes of this class give; None for a class that is not known here."""
    return next((media for start, media in _CLASSES.items() if class_type.startswith(start)), None)


def foresee(class_type: str, batch: int) -> tuple[Media, int]:
    """What an output node gives, and how many of it, for a batch of so many pictures.

    A class that is not known here is taken for one that saves pictures.
    """
    media = find_media(class_type) or Media.IMAGE
    return media, batch if media is Media.IMAGE else 1
