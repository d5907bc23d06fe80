"""Subjects: painted where the composition leaves room for them, in the light of the scene."""

from __future__ import annotations

import cv2
import numpy as np

from comfy_api.demo import objects, things
from comfy_api.demo.brush import Field, blur, colour, fbm, fill, mix, screen, smooth, spline, stroke
from comfy_api.demo.land import paint_grass, paint_hill
from comfy_api.demo.palette import lit
from comfy_api.demo.shapes import SHAPES, Outline, Shape
from comfy_api.demo.stage import Stage

FLYING = {"dragon"}
AFLOAT = {"boat", "whale", "bird", "balloon", "dragon"}
WET = {"lake", "sea", "island", "city", "lighthouse"}
WOMEN = {"girl", "woman", "lady", "princess", "queen", "child"}


def paint_subjects(st: Stage) -> None:
    """Every subject of the brief: the first in the best place, others beside it."""
    if st.place in WET and any(name not in AFLOAT | {"house", "flower"} for name, _ in st.brief.subjects):
        _bank(st)
    for number, (name, tint) in enumerate(st.brief.subjects):
        x = st.focus + number * 0.3 * st.width * st.side
        x = float(np.clip(x, 0.12 * st.width, 0.88 * st.width))
        hue = colour(tint) if tint else None
        if name in objects.PAINTERS:
            objects.PAINTERS[name](st, x, hue)
        elif name in SHAPES:
            _paint_shape(st, name, x, hue, 1.0 if number == 0 else 0.7)


def _bank(st: Stage) -> None:
    """Firm ground in front of water, for subjects that stand."""
    stone = st.place in ("city", "sea", "lighthouse")
    albedo = colour("#6d665f") if stone else colour("#6f8a45")
    if st.brief.wants("snow"):
        albedo = colour("#e8eff8")
    line = paint_hill(st, "bank", st.height * 0.86, 0.07 * st.scale, 0.0, albedo=albedo, cells=1.2, mist=0.0)
    paint_grass(
        st,
        "bank grass",
        float(line.mean()) + 0.02 * st.scale,
        albedo=mix(albedo, colour("#7d8a45"), 0.5),
        tall=0.035,
        count=700,
    )


def _paint_shape(st: Stage, name: str, x: float, hue: Field | None, grow: float) -> None:
    shape = SHAPES["girl" if name == "person" and st.brief.named & WOMEN else name]
    size = shape.size * grow * min(st.scale, 1.15 * st.width, 1.15 * st.height)
    size = min(size, 0.8 * st.width / shape.width)
    foot = _foot(st, name, size)
    if "portrait" in st.brief.named and name == "person":
        size, foot = 1.9 * size, st.height + 0.75 * size
    if name in FLYING:
        x = st.width * (0.5 + 0.08 * st.side)
    flip = st.side > 0
    left = float(np.clip(x - shape.width * size / 2, 0.02 * st.width, max(st.width - shape.width * size - 1, 1)))
    figure = Figure(st, shape, left, foot - size, size, flip)
    if name not in FLYING and name != "whale":
        figure.shadow()
    figure.paint(_coat(shape, hue))
    if name == "bottle":
        things.fill_bottle(st, figure.mask, (figure.x0, figure.y0), hue, size)
    if name == "whale":
        for at, wide in ((0.52, 0.6), (1.37, 0.55)):
            things.splash(st, left + (shape.width - at if flip else at) * size, foot, wide * size)


def _coat(shape: Shape, hue: Field | None) -> Field:
    """The colour asked for, on the way from the subject's own: a red fox is a fox first."""
    own = colour(shape.colour)
    if hue is None:
        return own
    a, b = own - own.mean(), hue - hue.mean()
    kin = np.linalg.norm(b) > 0.2 and np.dot(a, b) > 0.8 * np.linalg.norm(a) * np.linalg.norm(b)
    return mix(own, hue, 0.4 if kin else 0.85)


def _foot(st: Stage, name: str, size: float) -> float:
    """The row on which a subject stands."""
    if name in FLYING:
        return st.horizon * 0.4 + 0.5 * size
    if name == "whale":
        return st.horizon + 0.3 * (st.height - st.horizon)
    if st.place in WET or st.place == "beach":
        return 0.93 * st.height
    ground = st.horizon + (0.62 if st.place != "street" else 0.55) * (st.height - st.horizon)
    return float(min(max(ground, st.horizon + 0.25 * size), st.height * 0.95))


class Figure:
    """A shape set on the stage: its mask and the picture's part that it covers."""

    def __init__(self, st: Stage, shape: Shape, left: float, top: float, size: float, flip: bool) -> None:
        self.st, self.shape, self.size = st, shape, size
        self.left, self.top, self.flip = left, top, flip
        margin = 0.16 * size + 4
        self.x0, self.y0 = max(int(left - margin), 0), max(int(top - margin), 0)
        self.x1 = min(int(left + shape.width * size + margin), st.width)
        self.y1 = min(int(top + size + margin), st.height)
        self.mask = np.zeros((max(self.y1 - self.y0, 1), max(self.x1 - self.x0, 1)), np.uint8)
        for part in shape.body:
            fill(self.mask, spline(self.place(part)))
        for wide, line in shape.lines:
            stroke(self.mask, np.array(self.place(line)), max(1, round(wide * size)))

    def place(self, outline: Outline) -> list[tuple[float, float]]:
        """The outline in pixels of this part of the picture."""
        wide, size = self.shape.width, self.size
        ox, oy = self.left - self.x0, self.top - self.y0
        return [(ox + ((wide - x) if self.flip else x) * size, oy + y * size) for x, y in outline]

    def shadow(self) -> None:
        """The shadow that grounds the figure."""
        st, wide = self.st, self.shape.width * self.size
        x = self.left + wide / 2 - 0.16 * st.side * self.size
        y = self.top + self.size
        dx = (np.arange(st.width, dtype=np.float32) - np.float32(x)) / np.float32(0.62 * wide)
        dy = (np.arange(st.height, dtype=np.float32) - np.float32(y)) / np.float32(0.05 * self.size + 1)
        first, last = max(int(y - 0.2 * self.size), 0), min(int(y + 0.2 * self.size) + 1, st.height)
        body = np.exp(-(dy[first:last, None] ** 2 + dx[None, :] ** 2) * 1.3)
        st.picture[first:last] *= (1 - 0.5 * body)[..., None]

    def paint(self, coat: Field) -> None:
        """Fill the mask: a rounded body, its markings, light from the sun's side and a bright rim."""
        st, mask = self.st, self.mask
        if min(mask.shape) < 4:
            return
        region = st.picture[self.y0 : self.y1, self.x0 : self.x1]
        alpha = mask.astype(np.float32) / 255
        albedo = np.broadcast_to(coat, (*mask.shape, 3)).astype(np.float32)
        fur = fbm(st.dice("fur"), *mask.shape, 26, octaves=5, gain=0.7, stretch=0.5)
        albedo = albedo * (1 + 0.1 * np.clip(fur, -2, 2))[..., None]
        for code, outline in self.shape.patches:
            patch = np.zeros_like(mask)
            fill(patch, spline(self.place(outline)))
            share = blur(patch.astype(np.float32) / 255, 0.007 * self.size)
            albedo += (colour(code) - albedo) * share[..., None]
        paint = lit(st.light, albedo, self._facing(alpha))
        paint += (st.light.haze - paint) * np.float32(0.07)
        region += (paint - region) * alpha[..., None]
        rim = self._rim(alpha)
        screen(region, mix(st.light.glow, st.light.key, 0.4), rim * np.float32(0.75))

    def _facing(self, alpha: Field) -> Field:
        """Light on a body puffed up from its outline."""
        st = self.st
        inside = cv2.distanceTransform((alpha > 0.5).astype(np.uint8), cv2.DIST_L2, 3)
        round_ = np.sqrt(np.clip(inside / np.float32(0.13 * self.size), 0, 1)).astype(np.float32)
        round_ = blur(round_, 0.022 * self.size) * np.float32(0.14 * self.size)
        slope_x = cv2.Sobel(round_, cv2.CV_32F, 1, 0, scale=1 / 8)
        slope_y = cv2.Sobel(round_, cv2.CV_32F, 0, 1, scale=1 / 8)
        toward = -slope_x * np.float32(0.75 * st.side) - slope_y * np.float32(-0.55)
        return np.asarray(np.clip(0.36 + 0.62 * toward / np.sqrt(1 + slope_x**2 + slope_y**2), 0.04, 1), np.float32)

    def _rim(self, alpha: Field) -> Field:
        st = self.st
        step = max(1.0, 0.012 * self.size)
        move = np.array([[1, 0, -step * st.side], [0, 1, 0.7 * step]], np.float32)
        inner = cv2.warpAffine(blur(alpha, 0.006 * self.size), move, alpha.shape[::-1])
        return np.asarray(np.clip(alpha - inner, 0, 1) * smooth(alpha, 0.2, 0.9), np.float32)
