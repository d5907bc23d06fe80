"""The stage of one picture: its canvas, light, horizon and random streams."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from comfy_api.demo.brush import Field, dice, mix
from comfy_api.demo.palette import Light, lit
from comfy_api.demo.words import Brief


@dataclass(slots=True)
class Stage:
    """What every element of a scene needs. Pixels count from the top left."""

    picture: Field
    """H×W×3, RGB 0..1, painted in place from far to near."""
    light: Light
    brief: Brief
    key: str
    """Names the picture: words and seed."""
    place: str
    horizon: int
    """Row of the horizon."""
    sun: tuple[float, float]
    """Sun or moon: x, y."""

    @property
    def height(self) -> int:
        return int(self.picture.shape[0])

    @property
    def width(self) -> int:
        return int(self.picture.shape[1])

    @property
    def scale(self) -> float:
        """The side of a square of the same area, in pixels."""
        return math.sqrt(self.height * self.width)

    @property
    def side(self) -> float:
        """+1 where the sun stands right of the middle, -1 left of it."""
        return 1.0 if self.sun[0] >= self.width / 2 else -1.0

    @property
    def focus(self) -> float:
        """x of the place that the composition leaves for a subject: across from the sun."""
        return self.width * (0.5 - 0.17 * self.side)

    def dice(self, name: str) -> np.random.Generator:
        """An independent random stream for one element."""
        return dice(self.key, name)

    def haze(self, shade: Field, depth: float | Field) -> Field:
        """A colour seen through air: depth 0 is near, 1 is lost in the haze."""
        return mix(shade, self.light.haze, depth)

    def surface(self, albedo: Field, amount: float | Field, depth: float | Field = 0.0) -> Field:
        """A lit surface seen through air; n amounts give n×3 colours."""
        return self.haze(np.asarray(lit(self.light, albedo, amount)), depth)

    def dark(self) -> bool:
        return self.light.name in ("night", "dusk")
