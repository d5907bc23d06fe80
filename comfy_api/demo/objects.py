"""Subjects with a hand of their own: trees, birds, boats, houses."""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np

from comfy_api.demo.brush import (
    Bytes,
    Field,
    Values,
    blur,
    colour,
    dab,
    fbm,
    fill,
    mix,
    opaque,
    screen,
    spline,
    stamp,
    stroke,
)
from comfy_api.demo.built import paint_house
from comfy_api.demo.nature import leaf_colour, paint_crown, ragged
from comfy_api.demo.sky import distance
from comfy_api.demo.stage import Stage
from comfy_api.demo.things import paint_balloons, paint_blooms


def _layer(st: Stage) -> Bytes:
    return np.zeros((st.height, st.width, 4), np.uint8)


def _ground(st: Stage, share: float = 0.5) -> float:
    return st.horizon + share * (st.height - st.horizon)


def _tree(st: Stage, x: float, hue: Field | None) -> None:
    rng = st.dice("tree")
    size = 0.56 * min(st.scale, 1.2 * st.height)
    foot = _ground(st, 0.55)
    wood, leaves = _layer(st), _layer(st)
    bark = mix(st.light.near, st.surface(colour("#6a4a36"), 0.4), 0.5)
    tips: list[tuple[float, float]] = []
    _branch(wood, rng, (x, foot), -math.pi / 2, 0.27 * size, 0.075 * size, 5, bark, tips)
    roots = [
        (x - 0.1 * size, foot + 0.02 * size),
        (x - 0.035 * size, foot - 0.08 * size),
        (x + 0.035 * size, foot - 0.08 * size),
        (x + 0.1 * size, foot + 0.02 * size),
        (x, foot + 0.005 * size),
    ]
    fill(wood, spline(roots), opaque(bark))
    shade = np.exp(-((distance(st, x - 0.1 * st.side * size, foot) * np.float32(st.scale / (0.34 * size))) ** 2))
    shade[: max(int(foot - 0.05 * size), 0)] = 0
    st.picture *= (1 - 0.35 * shade)[..., None]
    stamp(st.picture, wood)
    albedo = hue if hue is not None else leaf_colour(st)
    for px, py in sorted((tips[i] for i in rng.permutation(len(tips))[:34]), key=lambda p: p[1] + 0.4 * abs(p[0] - x)):
        paint_crown(st, leaves, rng, px, py, 0.16 * size, albedo, 0.04, touches=90)
    stamp(st.picture, ragged(st, leaves, 0.006 * size))


def _branch(
    layer: Bytes,
    rng: np.random.Generator,
    at: tuple[float, float],
    angle: float,
    long: float,
    wide: float,
    left: int,
    bark: Field,
    tips: list[tuple[float, float]],
) -> None:
    bend = angle + rng.normal(0, 0.12)
    middle = (at[0] + 0.5 * long * math.cos(bend), at[1] + 0.5 * long * math.sin(bend))
    end = (at[0] + long * math.cos(angle), at[1] + long * math.sin(angle))
    stroke(layer, spline([at, at, middle, end, end])[: 8 * 4], max(1, round(wide)), opaque(bark))
    if left <= 3:
        tips.append(end)
    if left == 0:
        return
    for turn in rng.normal((-0.5, 0.45), 0.17):
        _branch(layer, rng, end, angle + turn, long * rng.uniform(0.66, 0.8), wide * 0.64, left - 1, bark, tips)


def _birds(st: Stage, x: float, hue: Field | None) -> None:
    rng = st.dice("birds")
    layer = _layer(st)
    x, y = st.width * (0.5 - 0.12 * st.side), st.horizon * 0.42
    tone = mix(st.light.near, st.light.zenith, 0.15) if hue is None else st.surface(hue, 0.5)
    for number in range(int(rng.integers(7, 13))):
        size = st.scale * (0.05 if number == 0 else rng.uniform(0.014, 0.032))
        px, py = x + rng.normal(0, 0.15) * st.width * (number > 0), y + rng.normal(0, 0.14) * st.horizon * (number > 0)
        lift, tilt = rng.uniform(-0.35, 0.75), rng.normal(0, 0.15)
        wing = [
            (-1, -lift),
            (-0.55, -0.42 * lift - 0.2),
            (-0.1, -0.02),
            (0.0, 0.0),
            (0.1, -0.02),
            (0.55, -0.42 * lift - 0.2),
            (1, -lift),
            (0.5, -0.3 * lift - 0.03),
            (0.12, 0.14),
            (0, 0.2),
            (-0.12, 0.14),
            (-0.5, -0.3 * lift - 0.03),
        ]
        turned = [(px + size * (a - b * tilt), py + size * (b * 0.8 + a * tilt)) for a, b in wing]
        turned = [*turned[:1], *turned[:7], turned[6], *turned[7:]]
        fill(layer, spline(turned), opaque(st.haze(tone, float(np.clip(0.6 - 12 * size / st.scale, 0, 0.6)))))
    stamp(st.picture, layer)


def _boat(st: Stage, x: float, hue: Field | None) -> None:
    size = 0.26 * min(st.scale, 1.2 * st.height)
    foot = st.horizon + 0.24 * (st.height - st.horizon)
    layer = _layer(st)
    sail = hue if hue is not None else colour("#f7efe0")
    shade, light = st.surface(sail, 0.15, 0.05), st.surface(sail, 1.0, 0.05)
    hull = mix(st.light.near, st.surface(colour("#7a4634"), 0.6), 0.6)
    s = st.side

    def at(*points: tuple[float, float]) -> Values:
        return np.array([(x + s * a * size, foot + b * size) for a, b in points])

    fill(
        layer,
        spline(
            [
                tuple(p)
                for p in at(
                    (-0.03, -0.97),
                    (-0.03, -0.97),
                    (-0.17, -0.62),
                    (-0.3, -0.17),
                    (-0.3, -0.17),
                    (-0.16, -0.13),
                    (-0.03, -0.13),
                    (-0.03, -0.13),
                )
            ]
        ),
        opaque(shade),
    )
    fill(
        layer,
        spline(
            [
                tuple(p)
                for p in at(
                    (0.0, -0.92),
                    (0.0, -0.92),
                    (0.2, -0.6),
                    (0.36, -0.16),
                    (0.36, -0.16),
                    (0.18, -0.14),
                    (0.0, -0.13),
                    (0.0, -0.13),
                )
            ]
        ),
        opaque(light),
    )
    for k in range(1, 5):
        stroke(
            layer, at((0.01, -0.13 - 0.15 * k), (0.34 - 0.07 * k, -0.15 - 0.15 * k)), 1, opaque(mix(light, shade, 0.45))
        )
    stroke(layer, at((-0.015, 0.0), (-0.015, -1.0)), max(1, round(0.012 * size)), opaque(hull))
    fill(
        layer,
        spline(
            [
                tuple(p)
                for p in at(
                    (-0.36, -0.11),
                    (-0.36, -0.11),
                    (0.0, -0.075),
                    (0.42, -0.125),
                    (0.42, -0.125),
                    (0.3, 0.0),
                    (0.1, 0.035),
                    (-0.2, 0.03),
                    (-0.32, 0.0),
                )
            ]
        ),
        opaque(hull),
    )
    stroke(
        layer,
        at((-0.35, -0.095), (0.0, -0.062), (0.4, -0.108)),
        max(1, round(0.012 * size)),
        opaque(mix(hull, light, 0.6)),
    )
    _reflect(st, layer, foot + 0.02 * size, size)
    stamp(st.picture, layer)


def _reflect(st: Stage, layer: Bytes, foot: float, size: float) -> None:
    """The object's mirror on rippled water below row `foot`."""
    rows = min(int(size), st.height - int(foot) - 1, int(foot))
    if rows < 4:
        return
    mirror = layer[int(foot) - rows : int(foot)][::-1]
    ripple = fbm(st.dice("boat ripple"), rows, st.width, 24, octaves=3, stretch=6)
    t = np.arange(rows, dtype=np.float32)[:, None] / rows
    x = np.arange(st.width, dtype=np.float32)[None, :] + ripple * np.float32(0.035 * size) * (0.2 + t)
    y = np.arange(rows, dtype=np.float32)[:, None] + ripple * np.float32(0.03 * size)
    moved = np.asarray(cv2.remap(mirror, x, y, cv2.INTER_LINEAR), np.float32) * (0.6 * (1 - t))[..., None]
    stamp(st.picture, moved.astype(np.uint8), int(foot))


def _house(st: Stage, x: float, hue: Field | None) -> None:
    rng = st.dice("house")
    size = 0.1 * min(st.scale, 1.2 * st.height)
    shore = st.place in ("lake", "sea", "island", "city")
    foot = st.horizon + 0.068 * st.scale if shore else _ground(st, 0.36)
    size *= 0.8 if shore else 1.0
    layer, lamps = _layer(st), _layer(st)
    wood = colour("#a5714a") if st.brief.named & {"cabin", "hut", "barn"} else None
    paint_house(st, layer, lamps, rng, x, foot, size, 0.06, wall=hue if hue is not None else wood)
    if shore:
        _reflect(st, layer, foot, 2 * size)
    stamp(st.picture, layer)
    glow = max(st.light.lamps, 0.35)
    stamp(st.picture, lamps, 0, glow)
    st.picture += blur(lamps[..., :3].astype(np.float32) / 255, 0.016 * st.scale) * np.float32(1.3 * glow)
    _smoke(st, x - 0.75 * size, foot - 2.0 * size, size)


def _smoke(st: Stage, x: float, y: float, size: float) -> None:
    rng = st.dice("smoke")
    layer = np.zeros((st.height, st.width), np.uint8)
    for step in range(26):
        t = step / 26
        px = x + size * (0.9 * t * t * st.side + 0.16 * math.sin(7 * t) * t) + rng.normal(0, 0.05) * size
        dab(layer, px, y - 2.4 * size * t, size * (0.06 + 0.2 * t), (110.0 * (1 - t),))
    puff = blur(layer.astype(np.float32) / 255, 0.06 * size)
    screen(st.picture, mix(st.light.haze, st.light.horizon, 0.5), puff)


PAINTERS: dict[str, Callable[[Stage, float, Field | None], None]] = {
    "tree": _tree,
    "bird": _birds,
    "boat": _boat,
    "house": _house,
    "balloon": paint_balloons,
    "flower": paint_blooms,
}
