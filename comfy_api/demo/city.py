"""Cities: skylines, streets, their lights and reflections."""

from __future__ import annotations

import math

import cv2
import numpy as np

from comfy_api.demo.brush import (
    Bytes,
    Values,
    blur,
    colour,
    fill,
    ground_noise,
    mix,
    opaque,
    over,
    screen,
    smooth,
    stamp,
    stroke,
)
from comfy_api.demo.sky import distance
from comfy_api.demo.stage import Stage

LAMP = colour("#ffc872")


def box(x0: float, y0: float, x1: float, y1: float) -> Values:
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float64)


def paint_skyline(st: Stage, foot: int, *, layers: int = 4) -> None:
    """Rows of towers that rise towards the middle, each nearer row darker, with lit windows."""
    for index in range(layers):
        depth = 0.74 - 0.62 * index / max(layers - 1, 1)
        rng = st.dice(f"towers {index}")
        layer = np.zeros((foot, st.width, 4), np.uint8)
        lamps = np.zeros((foot, st.width, 4), np.uint8)
        wide = st.scale * (0.026 + 0.009 * index)
        x = -wide
        while x < st.width:
            w = wide * rng.uniform(0.6, 1.6)
            middle = abs((x + w / 2) / st.width - 0.5 - 0.1 * st.side)
            rise = math.exp(-((middle / 0.3) ** 2))
            high = (
                st.scale
                * (0.07 + 0.27 * rise * rng.uniform(0.3, 1.0) ** 1.2 + 0.04 * rng.uniform())
                * (1.02 - 0.15 * index)
            )
            _tower(st, layer, lamps, rng, x, foot, w, high, depth)
            x += w * rng.uniform(0.86, 1.25)
        stamp(st.picture, layer)
        light_up(st, lamps, depth)
        air = smooth(np.arange(foot, dtype=np.float32), foot - 0.2 * st.scale, foot)[:, None] * np.float32(
            0.5 * depth + 0.1
        )
        screen(st.picture, mix(st.light.haze, st.light.horizon, 0.5), np.repeat(air, st.width, 1))


def light_up(st: Stage, lamps: Bytes, depth: float) -> None:
    amount = st.light.lamps * (1 - 0.5 * depth)
    if amount <= 0.02:
        return
    stamp(st.picture, lamps, 0, amount)
    shine = lamps[..., :3].astype(np.float32) / 255
    st.picture[: lamps.shape[0]] += blur(shine, 0.007 * st.scale) * np.float32(0.55 * amount)


def _tower(
    st: Stage,
    layer: Bytes,
    lamps: Bytes,
    rng: np.random.Generator,
    x: float,
    foot: float,
    w: float,
    high: float,
    depth: float,
) -> None:
    stone = colour(("#5c6478", "#6d6470", "#54606a")[int(rng.integers(3))]) * np.float32(rng.uniform(0.85, 1.2))
    shade = mix(st.surface(stone, 0.12), st.light.near, 0.5)
    face = st.haze(shade, depth)
    sunny = st.haze(mix(shade, st.surface(stone, 1.0), 0.6), depth * 0.9)
    top = foot - high
    fill(layer, box(x, top, x + w, foot + 1), opaque(face))
    fill(lamps, box(x, top, x + w, foot + 1), (0.0, 0.0, 0.0, 0.0))
    flank = x + w * (0.7 if st.side > 0 else 0.0)
    fill(layer, box(flank, top, flank + 0.3 * w, foot + 1), opaque(sunny))
    kind = rng.uniform()
    if kind < 0.3:
        step = w * rng.uniform(0.15, 0.3)
        fill(layer, box(x + step, top - 0.1 * high, x + w - step, top + 1), opaque(face))
    elif kind < 0.45:
        fill(layer, np.array([(x, top + 1), (x + w / 2, top - 0.16 * high), (x + w, top + 1)]), opaque(face))
    if kind > 0.8:
        fill(layer, box(x + 0.48 * w, top - 0.2 * high, x + 0.52 * w, top + 1), opaque(face))
    _windows(st, lamps, rng, x, top, w, high, depth)


def _windows(
    st: Stage, lamps: Bytes, rng: np.random.Generator, x: float, top: float, w: float, high: float, depth: float
) -> None:
    unit = st.scale * (0.0062 + 0.003 * (1 - depth))
    columns, rows = max(1, int(w / unit) - 1), max(1, int(high / (unit * 1.25)) - 1)
    share = rng.uniform(0.12, 0.5)
    neon = "neon" in st.brief.styles
    hues = ("#ff4fb0", "#39e6ff", "#b06bff", "#ffd27a") if neon else ("#ffc872", "#ffe0a8", "#ffb45a", "#dfe8ff")
    hue = colour(hues[int(rng.integers(4))])
    gap = w / (columns + 1)
    lit_up = rng.uniform(0, 1, (rows, columns)) < share
    for row, column in zip(*np.nonzero(lit_up), strict=True):
        cx, cy = x + gap * (column + 1), top + unit * 1.25 * (row + 1)
        tone = hue * np.float32(rng.uniform(0.55, 1.0))
        fill(lamps, box(cx - 0.27 * unit, cy - 0.3 * unit, cx + 0.27 * unit, cy + 0.3 * unit), opaque(tone))


def smear_lights(st: Stage, top: int) -> None:
    """Draws bright reflections out downwards, as moving water does."""
    rows = st.height - top
    if rows < 4:
        return
    part = st.picture[top:]
    bright = np.clip(part - 0.45, 0, 1)
    long = max(3, round(0.11 * st.scale)) | 1
    part += np.asarray(cv2.blur(bright, (1, long)), np.float32) * np.float32(1.1)
    ripple = ground_noise(st.dice("smear"), rows, st.width, st.scale, cells=6, stretch=8)
    part *= (1 - 0.09 * np.clip(ripple, -1.5, 1.5))[..., None]


def paint_street(st: Stage) -> None:
    """A street in one-point perspective: façades, lamps, wet paving that mirrors them."""
    rng = st.dice("street")
    vx, vy = st.width * (0.5 + 0.06 * st.side), float(st.horizon)
    layer = np.zeros((st.height, st.width, 4), np.uint8)
    lamps = np.zeros_like(layer)
    for side in (-1, 1):
        edge = 0.62 * st.width if st.width > st.height else 0.85 * st.width
        near = 1.0
        for house in range(7):
            far = near * rng.uniform(0.6, 0.72)
            high = st.scale * rng.uniform(0.75, 1.2)
            _facade(st, layer, lamps, rng, (vx, vy), side * edge, near, far, high, house / 6)
            near = far
    stamp(st.picture, layer)
    _paving(st, int(vy), vx)
    light_up(st, lamps, 0.0)
    _lanterns(st, rng, (vx, vy))
    paint_wet(st, int(vy))


def _facade(
    st: Stage,
    layer: Bytes,
    lamps: Bytes,
    rng: np.random.Generator,
    vanish: tuple[float, float],
    edge: float,
    near: float,
    far: float,
    high: float,
    depth: float,
) -> None:
    vx, vy = vanish
    drop = st.height - vy

    def at(t: float, level: float) -> tuple[float, float]:
        return vx + edge * t, vy + drop * 0.5 * t - high * level * t

    wall = colour(("#8a6a58", "#6a6f7e", "#9a8068", "#70606e")[int(rng.integers(4))])
    facing = 0.25 if edge * st.side > 0 else 0.65
    tone = st.haze(mix(st.surface(wall, facing), st.light.near, 0.42), 0.62 * depth)
    fill(layer, np.array([at(near, 0), at(far, 0), at(far, 1), at(near, 1)]), opaque(tone))
    fill(
        layer,
        np.array([at(near, 0.97), at(far, 0.97), at(far, 1.02), at(near, 1.02)]),
        opaque(mix(tone, st.light.near, 0.4)),
    )
    floors, bays = 5, 4
    neon = "neon" in st.brief.styles
    hues = ("#ff4fb0", "#39e6ff", "#b06bff") if neon else ("#ffc872", "#ffdca0", "#ffb45a")
    for floor in range(floors):
        for bay in range(bays):
            a = far + (near - far) * (bay + 0.25) / bays
            b = far + (near - far) * (bay + 0.72) / bays
            low, up = (floor + 0.3) / floors, (floor + 0.78) / floors
            shape = np.array([at(a, low), at(b, low), at(b, up), at(a, up)])
            fill(layer, shape, opaque(mix(tone, st.light.near, 0.45)))
            if rng.uniform() < (0.75 if floor == 0 else 0.3):
                glow = colour(hues[int(rng.integers(3))]) * np.float32(rng.uniform(0.6, 1.0))
                fill(lamps, shape, opaque(glow))


def _paving(st: Stage, top: int, vx: float) -> None:
    rows = st.height - top
    stone = ground_noise(st.dice("paving"), rows, st.width, st.scale, cells=11, stretch=2.2)
    depth = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    base = mix(st.surface(colour("#6a6670"), 0.35), st.light.near, 0.4)
    sheen = mix(st.light.horizon, st.light.haze, 0.4)
    off = (np.arange(st.width, dtype=np.float32)[None, :] - np.float32(vx)) / np.float32(st.scale)
    shine = np.clip(np.exp(-((off / (0.06 + 0.3 * depth)) ** 2)) * (0.75 - 0.4 * depth) + 0.06 * stone, 0, 1)
    paint = base * (1 + 0.08 * stone)[..., None]
    paint = paint + (sheen - paint) * shine[..., None]
    half = (0.62 if st.width > st.height else 0.85) * st.width
    ground = (np.arange(rows, dtype=np.float32)[:, None] + top - np.float32(top)) / np.float32(0.5 * rows)
    inside = np.clip((ground * half - np.abs(off * st.scale)) / 2 + 0.5, 0, 1)
    over(st.picture, paint.astype(np.float32), inside.astype(np.float32), top)


def paint_wet(st: Stage, top: int) -> None:
    """Mirrors of lights in the ground, drawn out towards the viewer."""
    rows = st.height - top
    source = st.picture[:top][::-1]
    source = source * smooth(source.mean(-1), 0.35, 0.75)[..., None]
    source = np.asarray(cv2.resize(source, (st.width, rows), interpolation=cv2.INTER_AREA), np.float32)
    drawn = np.asarray(cv2.blur(source, (3, max(3, round(0.16 * st.scale) | 1))), np.float32)
    broken = smooth(ground_noise(st.dice("puddles"), rows, st.width, st.scale, cells=5, stretch=4), -0.9, 1.0)
    wet = 1.5 if st.brief.wants("rain") or "neon" in st.brief.styles else 0.8
    st.picture[top:] += drawn * (broken * np.float32(wet))[..., None]


def _lanterns(st: Stage, rng: np.random.Generator, vanish: tuple[float, float]) -> None:
    vx, vy = vanish
    layer = np.zeros((st.height, st.width, 4), np.uint8)
    spots = []
    for t in (0.16, 0.25, 0.4, 0.66):
        for side in (-1, 1):
            x = vx + side * 0.44 * st.width * t
            foot, high = vy + (st.height - vy) * 0.52 * t, 0.36 * st.scale * t
            tone = opaque(st.haze(st.light.near, 0.4 * (1 - t)))
            stroke(layer, np.array([(x, foot), (x, foot - high)]), max(1, round(0.012 * st.scale * t)), tone)
            spots.append((x, foot - high, t))
    stamp(st.picture, layer)
    if st.light.lamps < 0.2:
        return
    for x, y, t in spots:
        near = distance(st, x, y)
        screen(st.picture, LAMP, np.exp(-near / np.float32(0.05 * t)) * np.float32(0.5))
        screen(st.picture, colour("#fff3d8"), smooth(near, 0.016 * t + 0.001, 0.007 * t))
