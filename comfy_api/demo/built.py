"""What people build: skylines, streets, houses, castles, lighthouses."""

from __future__ import annotations

import math

import cv2
import numpy as np

from comfy_api.demo.brush import (
    Bytes, Field, blur, colour, fill, ground_noise, mix, opaque, over, screen, smooth, stamp, stroke,
)  # fmt: skip
from comfy_api.demo.land import ROCK, paint_range
from comfy_api.demo.palette import lit
from comfy_api.demo.sky import distance
from comfy_api.demo.stage import Stage

LAMP = colour("#ffc872")


def _box(x0: float, y0: float, x1: float, y1: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
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
            high = st.scale * (0.07 + 0.27 * rise * rng.uniform(0.3, 1.0) ** 1.2 + 0.04 * rng.uniform()) * (1.02 - 0.15 * index)
            _tower(st, layer, lamps, rng, x, foot, w, high, depth)
            x += w * rng.uniform(0.86, 1.25)
        stamp(st.picture, layer)
        _light_up(st, lamps, depth)
        air = smooth(np.arange(foot, dtype=np.float32), foot - 0.2 * st.scale, foot)[:, None] * np.float32(0.5 * depth + 0.1)
        screen(st.picture, mix(st.light.haze, st.light.horizon, 0.5), np.repeat(air, st.width, 1))


def _light_up(st: Stage, lamps: Bytes, depth: float) -> None:
    amount = st.light.lamps * (1 - 0.5 * depth)
    if amount <= 0.02:
        return
    stamp(st.picture, lamps, 0, amount)
    shine = lamps[..., :3].astype(np.float32) / 255
    st.picture[: lamps.shape[0]] += blur(shine, 0.007 * st.scale) * np.float32(0.55 * amount)


def _tower(
    st: Stage, layer: Bytes, lamps: Bytes, rng: np.random.Generator, x: float, foot: float, w: float, high: float,
    depth: float,
) -> None:  # fmt: skip
    stone = colour(("#5c6478", "#6d6470", "#54606a")[int(rng.integers(3))]) * np.float32(rng.uniform(0.85, 1.2))
    shade = mix(st.surface(stone, 0.12), st.light.near, 0.5)
    face = st.haze(shade, depth)
    sunny = st.haze(mix(shade, st.surface(stone, 1.0), 0.6), depth * 0.9)
    top = foot - high
    fill(layer, _box(x, top, x + w, foot + 1), opaque(face))
    fill(lamps, _box(x, top, x + w, foot + 1), (0.0, 0.0, 0.0, 0.0))
    flank = x + w * (0.7 if st.side > 0 else 0.0)
    fill(layer, _box(flank, top, flank + 0.3 * w, foot + 1), opaque(sunny))
    kind = rng.uniform()
    if kind < 0.3:
        step = w * rng.uniform(0.15, 0.3)
        fill(layer, _box(x + step, top - 0.1 * high, x + w - step, top + 1), opaque(face))
    elif kind < 0.45:
        fill(layer, np.array([(x, top + 1), (x + w / 2, top - 0.16 * high), (x + w, top + 1)]), opaque(face))
    if kind > 0.8:
        fill(layer, _box(x + 0.48 * w, top - 0.2 * high, x + 0.52 * w, top + 1), opaque(face))
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
        fill(lamps, _box(cx - 0.27 * unit, cy - 0.3 * unit, cx + 0.27 * unit, cy + 0.3 * unit), opaque(tone))


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
    _light_up(st, lamps, 0.0)
    _lanterns(st, rng, (vx, vy))
    paint_wet(st, int(vy))


def _facade(
    st: Stage, layer: Bytes, lamps: Bytes, rng: np.random.Generator, vanish: tuple[float, float], edge: float,
    near: float, far: float, high: float, depth: float,
) -> None:  # fmt: skip
    vx, vy = vanish
    drop = st.height - vy

    def at(t: float, level: float) -> tuple[float, float]:
        return vx + edge * t, vy + drop * 0.5 * t - high * level * t

    wall = colour(("#8a6a58", "#6a6f7e", "#9a8068", "#70606e")[int(rng.integers(4))])
    facing = 0.25 if edge * st.side > 0 else 0.65
    tone = st.haze(mix(st.surface(wall, facing), st.light.near, 0.42), 0.62 * depth)
    fill(layer, np.array([at(near, 0), at(far, 0), at(far, 1), at(near, 1)]), opaque(tone))
    fill(layer, np.array([at(near, 0.97), at(far, 0.97), at(far, 1.02), at(near, 1.02)]), opaque(mix(tone, st.light.near, 0.4)))
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
    source = np.clip(st.picture[:top][::-1] - 0.4, 0, 1)
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
        paint_house(st, layer, lamps, rng, float(x), foot, size * rng.uniform(0.8, 1.2), depth, steeple=number == count // 2)
    stamp(st.picture, layer)
    _light_up(st, lamps, depth)


def paint_house(
    st: Stage, layer: Bytes, lamps: Bytes, rng: np.random.Generator, x: float, foot: float, size: float, depth: float,
    *, steeple: bool = False, wall: Field | None = None,
) -> None:  # fmt: skip
    """A gabled house in two faces; `size` is its wall's height in pixels."""
    body = colour(("#e9ddc8", "#d9c3a5", "#c98f6c", "#efe6d8")[int(rng.integers(4))]) if wall is None else wall
    roof = colour("#e6edf6") if st.brief.wants("snow") else colour(("#8c4a38", "#6a4a44", "#54505c")[int(rng.integers(3))])
    s, w = st.side, size * 0.95
    front, flank = st.surface(body, 0.85, depth), st.surface(body, 0.15, depth)
    left, right = (flank, front) if s > 0 else (front, flank)
    long = w * 1.25
    y = foot - size
    hull = np.array([(x - long, foot), (x - long, y), (x - long + w / 2, y - 0.78 * size), (x + w / 2, y - 0.78 * size), (x + w, y), (x + w, foot)])
    fill(lamps, hull, (0.0, 0.0, 0.0, 0.0))
    fill(layer, _box(x - long, y, x + 0.1 * w, foot), opaque(left))
    fill(layer, np.array([(x, foot), (x, y), (x + w / 2, y - 0.75 * size), (x + w, y), (x + w, foot)]), opaque(right))
    shade = st.surface(roof, 0.3 if s > 0 else 0.8, depth)
    eave = 0.12 * w
    fill(layer, np.array([(x - long - eave, y + 0.1 * size), (x - long + w / 2, y - 0.78 * size), (x + w / 2, y - 0.78 * size),
                          (x - 0.02 * w, y + 0.1 * size)]), opaque(shade))  # fmt: skip
    edge = max(1, round(0.09 * size))
    stroke(layer, np.array([(x - 0.04 * w, y + 0.1 * size), (x + w / 2, y - 0.78 * size), (x + w * 1.08, y + 0.12 * size)]), edge, opaque(mix(shade, st.light.near, 0.35)))
    fill(layer, _box(x - 0.62 * long, y - 1.0 * size, x - 0.51 * long, y - 0.5 * size), opaque(mix(shade, st.light.near, 0.4)))
    dark = opaque(mix(flank, st.light.near, 0.6))
    for cx, cy in ((x + 0.5 * w, y + 0.1 * size), (x - 0.3 * long, y + 0.45 * size), (x - 0.72 * long, y + 0.45 * size)):
        pane = _box(cx - 0.1 * w, cy - 0.14 * size, cx + 0.1 * w, cy + 0.16 * size)
        fill(layer, pane, dark)
        if rng.uniform() < 0.6:
            fill(lamps, pane, opaque(LAMP * np.float32(rng.uniform(0.7, 0.95))))
    fill(layer, _box(x + 0.4 * w, foot - 0.42 * size, x + 0.62 * w, foot), dark)
    if steeple:
        fill(layer, _box(x + 1.05 * w, y - 0.9 * size, x + 1.6 * w, foot), opaque(front))
        fill(layer, np.array([(x + 0.98 * w, y - 0.88 * size), (x + 1.32 * w, y - 2.5 * size), (x + 1.67 * w, y - 0.88 * size)]), opaque(shade))


def paint_castle(st: Stage, x: float, foot: float, size: float) -> None:
    """A castle of slender towers on a crag; `size` is the keep's height above its foot."""
    crag = paint_range(st, "crag", foot + 0.12 * st.scale, 0.24 * st.scale, 0.36, peaks=2, snow=0, rock=ROCK)
    x = float(np.clip(x, 0.2 * st.width, 0.8 * st.width))
    index = int(x)
    ground = float(crag[max(index - 8, 0) : index + 9].min()) + 0.04 * st.scale
    layer = np.zeros((st.height, st.width, 4), np.uint8)
    lamps = np.zeros_like(layer)
    rng = st.dice("castle")
    towers = [(0, 0.085, 1.0), (-0.16, 0.07, 0.72), (0.17, 0.075, 0.8), (-0.3, 0.06, 0.5), (0.31, 0.055, 0.54), (0.07, 0.05, 1.16)]
    stone = colour("#b9a998")
    wall = opaque(mix(st.surface(stone, 0.3, 0.34), st.light.near, 0.25))
    fill(layer, _box(x - 0.34 * size, ground - 0.3 * size, x + 0.34 * size, ground + 0.25 * size), wall)
    for dx, wide, high in towers:
        _turret(st, layer, lamps, rng, x + dx * size, ground + 0.25 * size, wide * size, (high * rng.uniform(0.92, 1.08) + 0.25) * size)
    stamp(st.picture, layer)
    _light_up(st, lamps, 0.2)


def _turret(st: Stage, layer: Bytes, lamps: Bytes, rng: np.random.Generator, x: float, foot: float, w: float, high: float) -> None:
    stone, slate = colour("#b9a998"), colour("#56506e")
    top = foot - high
    for step in range(5):
        bright = 0.1 + 0.85 * (step / 4 if st.side > 0 else 1 - step / 4)
        x0 = x - w + 2 * w * step / 5
        fill(layer, _box(x0, top, x0 + 0.42 * w, foot), opaque(st.surface(stone, bright, 0.3)))
    fill(layer, _box(x - 1.15 * w, top - 0.3 * w, x + 1.15 * w, top + 0.35 * w), opaque(mix(st.surface(stone, 0.6, 0.3), st.light.near, 0.2)))
    cone = np.array([(x - 1.3 * w, top - 0.25 * w), (x, top - 4.2 * w), (x + 1.3 * w, top - 0.25 * w)])
    fill(layer, cone, opaque(st.surface(slate, 0.25, 0.3)))
    fill(layer, np.array([(x, top - 0.25 * w), (x, top - 4.2 * w), (x + 1.3 * w * st.side, top - 0.25 * w)]), opaque(st.surface(slate, 1.0, 0.3)))
    for level in (0.25, 0.5):
        if rng.uniform() < 0.7:
            fill(lamps, _box(x - 0.14 * w, top + level * high, x + 0.14 * w, top + level * high + 0.7 * w), opaque(LAMP))


def paint_lighthouse(st: Stage) -> None:
    """A lighthouse on a rocky point, with its beam after dark."""
    x = st.focus
    size = 0.42 * min(st.scale, st.height * 0.9)
    foot = st.horizon + 0.03 * st.scale
    u = (np.arange(st.width, dtype=np.float32) - np.float32(x)) / np.float32(st.scale)
    outer = -st.side * u
    cliff = np.clip(1.1 - np.maximum(-outer, 0) * 3.4, 0, 1) ** 0.6
    from comfy_api.demo.brush import fbm, profile

    line = foot + 0.16 * st.scale * (1 - cliff) + 0.012 * st.scale * profile(st.dice("cliff"), st.width, 14, octaves=6, gain=0.6)
    end = min(int(st.horizon + 0.2 * st.scale), st.height)
    top = max(int(line.min()) - 2, 0)
    y = np.arange(top, end, dtype=np.float32)[:, None]
    rough = fbm(st.dice("cliff face"), end - top, st.width, 14, octaves=7, gain=0.62, stretch=0.6)
    relief = np.gradient(rough, axis=1).astype(np.float32) * np.float32(0.05 * st.scale * st.side)
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
            bright = 0.08 + 0.92 * math.sin(math.pi * (0.15 + 0.7 * (step / 5 if st.side > 0 else 1 - step / 5)) - 0.35) ** 2
            f0, f1 = -1 + step / 3, -1 + (step + 1.15) / 3
            wa, wb = w0 + (w1 - w0) * a, w0 + (w1 - w0) * b
            ya, yb = foot + (top - foot) * a, foot + (top - foot) * b
            quad = np.array([(x + wa * f0, ya), (x + min(wa * f1, wa), ya), (x + min(wb * f1, wb), yb), (x + wb * f0, yb)])
            fill(layer, quad, opaque(st.surface(base, float(np.clip(bright, 0, 1)), 0.06)))
    dark = opaque(mix(st.light.near, st.surface(colour("#4a4550"), 0.4), 0.5))
    fill(layer, _box(x - 1.5 * w1, top - 0.012 * size, x + 1.5 * w1, top + 0.014 * size), dark)
    fill(layer, _box(x - 0.85 * w1, top - 0.1 * size, x + 0.85 * w1, top), opaque(mix(LAMP, st.light.key, 0.3)))
    for dx in (-0.85, -0.28, 0.28, 0.85):
        stroke(layer, np.array([(x + dx * w1, top), (x + dx * w1, top - 0.1 * size)]), max(1, round(0.006 * size)), dark)
    fill(layer, np.array([(x - 1.15 * w1, top - 0.1 * size), (x, top - 0.185 * size), (x + 1.15 * w1, top - 0.1 * size)]), dark)
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
