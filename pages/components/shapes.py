"""Sizes of a shape: pure. All are multiples of 64 pixels, with about the area of the workflow's own size."""

from __future__ import annotations

from math import sqrt

SHAPES = ("square", "portrait", "landscape")
#: Width over height of the upright shape; 7:9 at 512² and at 1024² is what models are trained on.
_UPRIGHT = 7 / 9


def size_of(shape: str, own: tuple[int, int]) -> tuple[int, int]:
    """Width and height in pixels of ``shape``, for a workflow whose own size is ``own``."""
    area = own[0] * own[1]
    long, short = _whole(sqrt(area / _UPRIGHT)), _whole(sqrt(area * _UPRIGHT))
    side = _whole(sqrt(area))
    return {"portrait": (short, long), "landscape": (long, short)}.get(shape, (side, side))


def shape_of(size: tuple[int, int], own: tuple[int, int]) -> str | None:
    """The shape that has this size, or None."""
    return next((shape for shape in SHAPES if size_of(shape, own) == size), None)


def _whole(pixels: float) -> int:
    return max(64, round(pixels / 64) * 64)
