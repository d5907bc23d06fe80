"""What people build in the country: houses, castles, lighthouses."""

from __future__ import annotations

import math

import numpy as np

from comfy_api.demo.brush import (
    Bytes,
    Field,
    blur,
    colour,
    fbm,
    fill,
    mix,
    opaque,
    over,
    profile,
    screen,
    smooth,
    stamp,
    stroke,
)
from comfy_api.demo.city import LAMP, box, light_up
from comfy_api.demo.land import ROCK, paint_range
from comfy_api.demo.palette import lit
from comfy_api.demo.sky import distance
from comfy_api.demo.stage import Stage


def paint_houses(st: Stage, name: str, line: Field, size: float, depth: float) -> None:
    """A cluster of gabled houses along a hill's outline, one with a steeple."""
    rng = st.dice(name)
    layer = np.zeros((st.height, st.width, 4), np.uint8)
    lamps = np.zeros_like(layer)
    count = max(3, int(min(0.7 * st.width / (2.6 * size), 9)))
    slots = rng.permutation(count)[: max(3, count - 2)]
    middle = st.focus - 0.05 * st.side * st.width
    spots = middle + ((np.sort(slots) + rng.uniform(0.2, 0.8, len(slots))) / count - 0.5) * 0.75 * st.width
    for number, x in enumerate(spots):
        index = int(np.clip(x, 0, st.width - 1))
        foot = float(line[index]) + size * rng.uniform(0.2, 0.9)
        paint_house(
            st, layer, lamps, rng, float(x), foot, size * rng.uniform(0.8, 1.2), depth, steeple=number == count // 2
        )
    stamp(st.picture, layer)
    light_up(st, lamps, depth)


def paint_house(
    st: Stage,
    layer: Bytes,
    lamps: Bytes,
    rng: np.random.Generator,
    x: float,
    foot: float,
    size: float,
    depth: float,
    *,
    steeple: bool = False,
    wall: Field | None = None,
) -> None:
    """A gabled house in two faces; `size` is its wall's height in pixels."""
    body = colour(("#e9ddc8", "#d9c3a5", "#c98f6c", "#efe6d8")[int(rng.integers(4))]) if wall is None else wall
    roof = (
        colour("#e6edf6") if st.brief.wants("snow") else colour(("#8c4a38", "#6a4a44", "#54505c")[int(rng.integers(3))])
    )
    s, w = st.side, size * 0.95
    front, flank = st.surface(body, 0.85, depth), st.surface(body, 0.15, depth)
    left, right = (flank, front) if s > 0 else (front, flank)
    long = w * 1.25
    y = foot - size
    hull = np.array(
        [
            (x - long, foot),
            (x - long, y),
            (x - long + w / 2, y - 0.78 * size),
            (x + w / 2, y - 0.78 * size),
            (x + w, y),
            (x + w, foot),
        ]
    )
    fill(lamps, hull, (0.0, 0.0, 0.0, 0.0))
    fill(layer, box(x - long, y, x + 0.1 * w, foot), opaque(left))
    fill(layer, np.array([(x, foot), (x, y), (x + w / 2, y - 0.75 * size), (x + w, y), (x + w, foot)]), opaque(right))
    shade = st.surface(roof, 0.3 if s > 0 else 0.8, depth)
    eave = 0.12 * w
    fill(
        layer,
        np.array(
            [
                (x - long - eave, y + 0.1 * size),
                (x - long + w / 2, y - 0.78 * size),
                (x + w / 2, y - 0.78 * size),
                (x - 0.02 * w, y + 0.1 * size),
            ]
        ),
        opaque(shade),
    )
    edge = max(1, round(0.09 * size))
    stroke(
        layer,
        np.array([(x - 0.04 * w, y + 0.1 * size), (x + w / 2, y - 0.78 * size), (x + w * 1.08, y + 0.12 * size)]),
        edge,
        opaque(mix(shade, st.light.near, 0.35)),
    )
    fill(
        layer,
        box(x - 0.62 * long, y - 1.0 * size, x - 0.51 * long, y - 0.5 * size),
        opaque(mix(shade, st.light.near, 0.4)),
    )
    dark = opaque(mix(flank, st.light.near, 0.6))
    for cx, cy in (
        (x + 0.5 * w, y + 0.1 * size),
        (x - 0.3 * long, y + 0.45 * size),
        (x - 0.72 * long, y + 0.45 * size),
    ):
        pane = box(cx - 0.1 * w, cy - 0.14 * size, cx + 0.1 * w, cy + 0.16 * size)
        fill(layer, pane, dark)
        if rng.uniform() < 0.6:
            fill(lamps, pane, opaque(LAMP * np.float32(rng.uniform(0.7, 0.95))))
    fill(layer, box(x + 0.4 * w, foot - 0.42 * size, x + 0.62 * w, foot), dark)
    if steeple:
        fill(layer, box(x + 1.05 * w, y - 0.9 * size, x + 1.6 * w, foot), opaque(front))
        fill(
            layer,
            np.array(
                [(x + 0.98 * w, y - 0.88 * size), (x + 1.32 * w, y - 2.5 * size), (x + 1.67 * w, y - 0.88 * size)]
            ),
            opaque(shade),
        )


def paint_castle(st: Stage, x: float, foot: float, size: float) -> None:
    """A castle of slender towers on a crag; `size` is the keep's height above its foot."""
    crag = paint_range(st, "crag", foot + 0.12 * st.scale, 0.24 * st.scale, 0.36, peaks=2, snow=0, rock=ROCK)
    x = float(np.clip(x, 0.2 * st.width, 0.8 * st.width))
    index = int(x)
    ground = float(crag[max(index - 8, 0) : index + 9].min()) + 0.04 * st.scale
    layer = np.zeros((st.height, st.width, 4), np.uint8)
    lamps = np.zeros_like(layer)
    rng = st.dice("castle")
    towers = [
        (0, 0.085, 1.0),
        (-0.16, 0.07, 0.72),
        (0.17, 0.075, 0.8),
        (-0.3, 0.06, 0.5),
        (0.31, 0.055, 0.54),
        (0.07, 0.05, 1.16),
    ]
    stone = colour("#b9a998")
    wall = opaque(mix(st.surface(stone, 0.3, 0.34), st.light.near, 0.25))
    fill(layer, box(x - 0.34 * size, ground - 0.3 * size, x + 0.34 * size, ground + 0.25 * size), wall)
    for dx, wide, high in towers:
        _turret(
            st,
            layer,
            lamps,
            rng,
            x + dx * size,
            ground + 0.25 * size,
            wide * size,
            (high * rng.uniform(0.92, 1.08) + 0.25) * size,
        )
    stamp(st.picture, layer)
    light_up(st, lamps, 0.2)


def _turret(
    st: Stage, layer: Bytes, lamps: Bytes, rng: np.random.Generator, x: float, foot: float, w: float, high: float
) -> None:
    stone, slate = colour("#b9a998"), colour("#56506e")
    top = foot - high
    for step in range(5):
        bright = 0.1 + 0.85 * (step / 4 if st.side > 0 else 1 - step / 4)
        x0 = x - w + 2 * w * step / 5
        fill(layer, box(x0, top, x0 + 0.42 * w, foot), opaque(st.surface(stone, bright, 0.3)))
    fill(
        layer,
        box(x - 1.15 * w, top - 0.3 * w, x + 1.15 * w, top + 0.35 * w),
        opaque(mix(st.surface(stone, 0.6, 0.3), st.light.near, 0.2)),
    )
    cone = np.array([(x - 1.3 * w, top - 0.25 * w), (x, top - 4.2 * w), (x + 1.3 * w, top - 0.25 * w)])
    fill(layer, cone, opaque(st.surface(slate, 0.25, 0.3)))
    fill(
        layer,
        np.array([(x, top - 0.25 * w), (x, top - 4.2 * w), (x + 1.3 * w * st.side, top - 0.25 * w)]),
        opaque(st.surface(slate, 1.0, 0.3)),
    )
    for level in (0.25, 0.5):
        if rng.uniform() < 0.7:
            fill(lamps, box(x - 0.14 * w, top + level * high, x + 0.14 * w, top + level * high + 0.7 * w), opaque(LAMP))


def paint_lighthouse(st: Stage) -> None:
    """A lighthouse on a rocky point, with its beam after dark."""
    x = st.focus
    size = 0.42 * min(st.scale, st.height * 0.9)
    foot = st.horizon + 0.03 * st.scale
    u = (np.arange(st.width, dtype=np.float32) - np.float32(x)) / np.float32(st.scale)
    outer = -st.side * u
    cliff = np.clip(1.1 - np.maximum(-outer, 0) * 3.4, 0, 1) ** 0.6
    line = (
        foot
        + 0.16 * st.scale * (1 - cliff)
        + 0.012 * st.scale * profile(st.dice("cliff"), st.width, 14, octaves=6, gain=0.6)
    )
    end = min(int(st.horizon + 0.2 * st.scale), st.height)
    top = max(int(line.min()) - 2, 0)
    y = np.arange(top, end, dtype=np.float32)[:, None]
    rough = fbm(st.dice("cliff face"), end - top, st.width, 14, octaves=7, gain=0.62, stretch=0.6)
    relief = np.gradient(blur(rough, 0.003 * st.scale), axis=1).astype(np.float32) * np.float32(
        0.035 * st.scale * st.side
    )
    below = (y - line[None, :]) / np.float32(st.scale)
    turf = smooth(0.03 - below + 0.012 * rough, 0, 0.02)
    albedo = colour("#7a6c66") + (colour("#7d8f4a") - colour("#7a6c66")) * turf[..., None]
    paint = lit(st.light, albedo.astype(np.float32), np.clip(0.45 + 0.5 * np.tanh(relief) + 0.3 * turf, 0, 1))
    shore = end - 0.012 * st.scale * (1 + profile(st.dice("surf"), st.width, 10, octaves=4))
    alpha = np.clip(below * np.float32(st.scale) + 0.5, 0, 1) * np.clip(shore[None, :] - y + 0.5, 0, 1) * (cliff > 0.02)
    over(st.picture, paint, alpha.astype(np.float32), top)
    surf = np.exp(-(((y - shore[None, :]) / np.float32(0.007 * st.scale)) ** 2)) * (cliff > 0.02)
    over(st.picture, colour("#ffffff") * st.light.key, (surf * 0.6).astype(np.float32), top)
    _tower_of_light(st, x, float(line[int(np.clip(x, 0, st.width - 1))]) + 0.012 * st.scale, size)


def _tower_of_light(st: Stage, x: float, foot: float, size: float) -> None:
    layer = np.zeros((st.height, st.width, 4), np.uint8)
    w0, w1, top = 0.095 * size, 0.06 * size, foot - 0.78 * size
    stripes = 6
    for band in range(stripes):
        a, b = band / stripes, (band + 1) / stripes
        base = colour("#f2ece2") if band % 2 == 0 else colour("#c2412f")
        for step in range(6):
            bright = (
                0.08 + 0.92 * math.sin(math.pi * (0.15 + 0.7 * (step / 5 if st.side > 0 else 1 - step / 5)) - 0.35) ** 2
            )
            f0, f1 = -1 + step / 3, -1 + (step + 1.15) / 3
            wa, wb = w0 + (w1 - w0) * a, w0 + (w1 - w0) * b
            ya, yb = foot + (top - foot) * a, foot + (top - foot) * b
            quad = np.array(
                [(x + wa * f0, ya), (x + min(wa * f1, wa), ya), (x + min(wb * f1, wb), yb), (x + wb * f0, yb)]
            )
            fill(layer, quad, opaque(st.surface(base, float(np.clip(bright, 0, 1)), 0.06)))
    dark = opaque(mix(st.light.near, st.surface(colour("#4a4550"), 0.4), 0.5))
    fill(layer, box(x - 1.5 * w1, top - 0.012 * size, x + 1.5 * w1, top + 0.014 * size), dark)
    fill(layer, box(x - 0.85 * w1, top - 0.1 * size, x + 0.85 * w1, top), opaque(mix(LAMP, st.light.key, 0.3)))
    for dx in (-0.85, -0.28, 0.28, 0.85):
        stroke(
            layer, np.array([(x + dx * w1, top), (x + dx * w1, top - 0.1 * size)]), max(1, round(0.006 * size)), dark
        )
    fill(
        layer,
        np.array([(x - 1.15 * w1, top - 0.1 * size), (x, top - 0.185 * size), (x + 1.15 * w1, top - 0.1 * size)]),
        dark,
    )
    stamp(st.picture, layer)
    lamp = (x, top - 0.05 * size)
    if st.light.lamps >= 0.3 or st.brief.wants("fog") or st.brief.wants("storm"):
        _beam(st, lamp)


def _beam(st: Stage, lamp: tuple[float, float]) -> None:
    dx = (np.arange(st.width, dtype=np.float32)[None, :] - np.float32(lamp[0])) / np.float32(st.scale)
    dy = (np.arange(st.height, dtype=np.float32)[:, None] - np.float32(lamp[1])) / np.float32(st.scale)
    along = np.abs(dx)
    cone = np.exp(-(((dy + 0.06 * dx * st.side) / (0.006 + 0.085 * along)) ** 2)) * np.exp(-along * 2.0)
    screen(st.picture, colour("#fff0c8"), cone.astype(np.float32) * np.float32(0.42))
    near = distance(st, *lamp)
    screen(st.picture, LAMP, np.exp(-near * 26) * np.float32(0.9))
    screen(st.picture, colour("#fffbea"), smooth(near, 0.02, 0.004))
