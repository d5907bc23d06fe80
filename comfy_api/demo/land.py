"""Land: mountain ranges, hills, conifers, grass."""

from __future__ import annotations

import numpy as np

from comfy_api.demo.brush import (
    Bytes,
    Field,
    Values,
    blur,
    colour,
    fbm,
    fill,
    mix,
    opaque,
    over,
    profile,
    smooth,
    stamp,
    stroke,
    strokes,
)
from comfy_api.demo.palette import lit
from comfy_api.demo.stage import Stage

ROCK, SNOW, GRASS, PINE = colour("#6f6a76"), colour("#f4f7fc"), colour("#7d9a45"), colour("#2f5540")


def range_line(st: Stage, name: str, base: float, tall: float, peaks: int) -> Field:
    """The outline of a range: y of every column. `base` is the row of its foot, `tall` its height in pixels."""
    rng = st.dice(name)
    x = np.linspace(0, 1, st.width, dtype=np.float32)
    line = np.zeros(st.width, np.float32)
    places = (np.arange(peaks) + rng.uniform(0.15, 0.85, peaks)) / peaks
    for place in places:
        wide = rng.uniform(0.55, 1.0) * tall / st.width * 1.5
        high = rng.uniform(0.5, 1.0)
        line = np.maximum(line, np.float32(high) * np.exp(-np.abs(x - place) / np.float32(wide)))
    line /= max(float(line.max()), 0.1)
    line += 0.17 * profile(rng, st.width, 5 * st.width / st.scale, octaves=8, gain=0.56)
    return np.asarray(base - np.float32(tall) * line, np.float32)


def paint_range(
    st: Stage,
    name: str,
    base: float,
    tall: float,
    depth: float,
    *,
    peaks: int = 3,
    snow: float = 0.5,
    rock: Field = ROCK,
) -> Field:
    """A mountain range with lit and shaded faces; returns its outline. `snow` 0 … 1 is how far it reaches down."""
    line = range_line(st, name, base, tall, peaks)
    rng = st.dice(name + " face")
    top = max(int(line.min()) - 2, 0)
    end = min(int(base + 0.3 * tall) + 2, st.height)
    if end - top < 2:
        return line
    y = np.arange(top, end, dtype=np.float32)[:, None]
    below = y - line[None, :]
    share = np.clip(below / np.float32(tall), 0, 1.3)
    rough = fbm(rng, end - top, st.width, 16, octaves=6, gain=0.62, stretch=0.6)
    facing = _faces(st, rng, line, below)
    grain = np.gradient(rough, axis=1).astype(np.float32) * np.float32(0.02 * st.scale * st.side)
    bright = np.clip(0.45 + 0.5 * facing + 0.12 * np.tanh(grain), 0, 1)
    albedo = rock * (1 + 0.1 * rough)[..., None]
    if snow > 0:
        cap = smooth(snow * 0.75 - share + 0.13 * rough + 0.1 * facing, -0.03, 0.06)
        albedo = albedo + (SNOW - albedo) * cap[..., None]
    paint = lit(st.light, albedo, bright)
    air = np.clip(depth + (1 - depth) * smooth(share, 0.25, 1.05) * np.float32(0.75), 0, 1)
    paint += (st.light.haze - paint) * air[..., None]
    over(st.picture, paint, np.clip(below + 0.5, 0, 1), top)
    return line


def _faces(st: Stage, rng: np.random.Generator, line: Field, below: Field) -> Field:
    """Which way each point of a range faces, -1 (from the sun) … 1: ridges run down from the outline and fork."""
    rows, width = below.shape
    deep = np.maximum(below, 0)
    bend = fbm(rng, rows, width, 5, octaves=4, gain=0.5, stretch=0.7)
    x = np.arange(width, dtype=np.float32)[None, :]
    out = np.zeros_like(below)
    for sigma, weight, wander, reach in ((0.022, 0.42, 0.32, 0.0), (0.008, 0.38, 0.42, 0.12), (0.0025, 0.3, 0.5, 0.3)):
        slope = np.gradient(blur(line[None, :], sigma * st.scale)[0]).astype(np.float32)
        slope = np.tanh(slope * np.float32(2.6 * st.side))
        fork = fbm(rng, rows, width, 5 + 0.05 / sigma, octaves=5, gain=0.58, stretch=0.45)
        column = (
            x
            + deep * (np.float32(wander) * bend + np.float32(0.16) * fork)
            + np.float32(reach * 0.02 * st.scale) * fork
        )
        table = np.concatenate([slope, slope[::-1]])
        out += np.float32(weight) * table[np.mod(column.astype(np.int32), 2 * width)]
    return np.asarray(np.tanh(2.2 * out), np.float32)


def paint_hill(
    st: Stage,
    name: str,
    base: float,
    tall: float,
    depth: float,
    *,
    albedo: Field = GRASS,
    cells: float = 1.6,
    mist: float = 0.5,
    deep: float = 0.35,
) -> Field:
    """A soft hill from its outline down; returns the outline. Mist gathers at its foot, `deep` scales down."""
    rng = st.dice(name)
    line = base - tall * (0.5 + 0.55 * profile(rng, st.width, cells * st.width / st.scale, octaves=3, gain=0.35))
    line = np.asarray(line + 0.002 * st.scale * profile(rng, st.width, 40, octaves=4), np.float32)
    top, end = max(int(line.min()) - 2, 0), st.height
    if end - top < 2:
        return line
    y = np.arange(top, end, dtype=np.float32)[:, None]
    below = (y - line[None, :]) / np.float32(st.scale)
    tone = fbm(rng, end - top, st.width, 7, octaves=7, gain=0.62, stretch=2.6)
    slope = np.gradient(line).astype(np.float32)
    slope = blur(slope[None, :], 0.02 * st.scale)[0]
    crest = np.exp(-np.maximum(below, 0) * 16)
    bright = np.clip(0.42 + 0.5 * np.tanh(slope * 2.2 * st.side)[None, :] + 0.28 * crest + 0.15 * tone, 0, 1)
    shade = albedo * (1 + 0.12 * tone)[..., None]
    paint = lit(st.light, shade, bright)
    foot = smooth(below, 0.02, deep) * np.float32(mist)
    air = np.clip(depth + (1 - depth) * foot, 0, 1)
    paint += (st.light.haze - paint) * air[..., None]
    over(st.picture, paint, np.clip(below * np.float32(st.scale) + 0.5, 0, 1), top)
    _tufts(st, rng, line, albedo, depth)
    return line


def _tufts(st: Stage, rng: np.random.Generator, line: Field, albedo: Field, depth: float) -> None:
    """Short flat touches of light and shade that give a slope its texture."""
    top, end = max(int(line.min()) - 1, 0), min(int(line.max() + 0.25 * st.scale), st.height)
    if end - top < 2:
        return
    layer = np.zeros((end - top, st.width, 4), np.uint8)
    count = int(420 * min(st.width / st.scale, 1.6))
    size = st.scale * (0.003 + 0.008 * (1 - depth))
    t, x = rng.uniform(0, 1, count), rng.uniform(0, st.width - 1, count)
    y = line[x.astype(int)] - top + t * 0.22 * st.scale + 0.3 * size
    long, drop = size * rng.uniform(0.5, 1.6, count), rng.normal(0, 0.16, count)
    lines = np.stack([x - long, y - drop * long, x, y - 0.12 * long, x + long, y + drop * long], -1).reshape(-1, 3, 2)
    hue = albedo * rng.uniform(0.8, 1.15, (count, 1))
    tones = st.surface(
        hue.astype(np.float32), _f32(rng.uniform(0.1, 0.95, count)), _f32(np.minimum(depth + 0.4 * t, 1))
    )
    strokes(layer, lines, np.full(count, size * 0.22), tones)
    stamp(st.picture, layer, top, 0.45)


def _f32(values: Values) -> Field:
    return np.asarray(values, np.float32)


def paint_pines(
    st: Stage, name: str, line: Field, size: float, depth: float, *, dense: float = 1.0, spread: float = 1.6
) -> None:
    """Woods of conifers on a hill: from its outline `line` down to `spread` trees below it, in groves.

    `size` is a tree's height in pixels.
    """
    rng = st.dice(name)
    top = max(int(line.min() - size * 1.5), 0)
    bottom = min(int(line.max() + size * (spread + 0.5)) + 2, st.height)
    if bottom - top < 2 or not st.brief.allows("tree"):
        return
    layer = np.zeros((bottom - top, st.width, 4), np.uint8)
    count = int(dense * (1 + spread) * st.width / (size * 0.22)) + 1
    groves = profile(rng, st.width, 4 * st.width / st.scale, octaves=3, gain=0.6)
    for t in np.sort(rng.uniform(0, 1, count) ** 1.3):
        x = rng.uniform(-0.04, 1.04) * st.width
        index = int(np.clip(x, 0, st.width - 1))
        thick = float(groves[index]) + 0.5 - 0.9 * t + rng.normal(0, 0.16)
        if thick < 0:
            continue
        high = size * min(0.55 + 0.5 * thick, 1.1) * rng.uniform(0.6, 1.15) * (0.85 + 0.3 * t)
        foot = float(line[index]) - top + (0.05 + t * spread) * size
        paint_pine(st, layer, rng, x, foot, high, depth * (1 - 0.25 * t))
    stamp(st.picture, layer, top)


def paint_pine(
    st: Stage, layer: Bytes, rng: np.random.Generator, x: float, foot: float, high: float, depth: float
) -> None:
    """One conifer: dark body, a lighter flank towards the sun, snow on it in winter."""
    snowy = st.place == "winter" or st.brief.wants("snow")
    green = mix(PINE, SNOW, 0.25) if snowy else PINE
    if high > 0.14 * st.scale:
        _paint_fir(st, layer, rng, x, foot, high, green)
        return
    shade = st.haze(mix(st.light.near, np.asarray(lit(st.light, green, 0.2)), 0.5), depth)
    tone = np.float32(rng.uniform(0.85, 1.15))
    outline = pine(rng, x, foot, high)
    fill(layer, outline, opaque(shade * tone))
    bright = st.haze(
        mix(shade, np.asarray(lit(st.light, SNOW if snowy else green * np.float32(1.35), 1.0)), 0.5), depth * 0.8
    )
    half = len(outline) // 2
    flank = outline[half:] if st.side > 0 else outline[: half + 1]
    centre = np.array([x + 0.045 * high * st.side, foot - 0.03 * high])
    inner = centre + (flank - centre) * np.array([0.9, 1.0])
    fill(layer, np.vstack([inner, [centre]]), opaque(bright * tone))


def _paint_fir(
    st: Stage, layer: Bytes, rng: np.random.Generator, x: float, foot: float, high: float, green: Field
) -> None:
    """A near conifer, branch by branch: dark inside, light on the tips that see the sun."""
    shade = mix(st.light.near, np.asarray(lit(st.light, green, 0.15)), 0.4)
    light = mix(shade, np.asarray(lit(st.light, green * np.float32(1.4), 1.0)), 0.55)
    stroke(layer, np.array([(x, foot), (x, foot - 0.96 * high)]), max(1, round(0.022 * high)), opaque(shade))
    tiers = 34
    for tier in range(tiers):
        t = tier / tiers
        reach = 0.21 * high * (1 - t) ** 0.9 + 0.006 * high
        for _ in range(7):
            side = rng.choice((-1.0, 1.0))
            long = reach * rng.uniform(0.45, 1.1)
            y = foot - high * (0.05 + 0.95 * t) + rng.uniform(-0.012, 0.012) * high
            droop = 0.42 * long
            tip = (x + side * long, y + droop * rng.uniform(0.7, 1.3))
            twig = np.array([(x, y), (x + 0.55 * side * long, y + 0.32 * droop), tip])
            seen = 0.5 + 0.5 * side * st.side
            tone = mix(shade, light, float(np.clip(rng.normal(0.1 + 0.6 * seen, 0.22), 0, 1)))
            stroke(layer, twig, max(1, round(0.014 * high * (1.15 - t))), opaque(tone))


def paint_frame(st: Stage, name: str, foot: float, size: float) -> None:
    """A few tall conifers at the edge on the sun's side: a frame, and a measure of depth."""
    if not st.brief.allows("tree"):
        return
    rng = st.dice(name)
    layer = np.zeros((st.height, st.width, 4), np.uint8)
    edge = st.width * (0.5 + 0.5 * st.side)
    count = int(rng.integers(3, 6))
    for number in range(count):
        t = (number + rng.uniform(0, 0.8)) / count
        x = edge - st.side * st.scale * (0.3 * (1 - t) - 0.02)
        paint_pine(st, layer, rng, x, foot + 0.05 * size, size * (0.4 + 0.6 * t) * rng.uniform(0.85, 1.1), 0.03)
    stamp(st.picture, layer)


def pine(rng: np.random.Generator, x: float, foot: float, high: float) -> Values:
    """The outline of one conifer: jagged, narrower upwards."""
    steps = int(np.clip(high / 4, 4, 13))
    level = np.linspace(0, 1, steps)
    wide = high * 0.17 * (1 - level) ** 0.85
    left, right = [], []
    for t, w in zip(level, wide, strict=True):
        y = foot - high * (0.06 + 0.94 * t)
        a, b = rng.uniform(0.75, 1.2, 2)
        left += [(x - w * a, y + 0.03 * high), (x - w * 0.42, y - 0.015 * high)]
        right += [(x + w * b, y + 0.03 * high), (x + w * 0.42, y - 0.015 * high)]
    return np.array([(x - high * 0.012, foot), *left, (x, foot - high), *right[::-1], (x + high * 0.012, foot)])


def paint_grass(
    st: Stage, name: str, top: float, *, albedo: Field = GRASS, tall: float = 0.06, count: int = 2600
) -> None:
    """Blades of grass from row `top` to the lower edge, longer and darker towards the viewer."""
    rng = st.dice(name)
    first = max(int(top - tall * st.scale * 0.6), 0)
    if st.height - first < 2:
        return
    layer: Bytes = np.zeros((st.height - first, st.width, 4), np.uint8)
    count = int(count * min(st.width / st.scale, 1.6))
    t, u = np.sort(rng.uniform(0, 1, count)), rng.uniform(0, 1, count)
    drift = profile(rng, 256, 9, octaves=4, gain=0.6)
    x = (u * 1.04 - 0.02) * st.width
    y = top + (st.height * 1.04 - top) * t**0.8 - first
    length = tall * st.scale * (0.16 + 0.84 * t) * rng.uniform(0.5, 1.2, count)
    bend = (0.25 * st.side + rng.normal(0, 0.35, count)) * length
    blades = np.stack([x, y, x + bend * 0.3, y - length * 0.55, x + bend, y - length], -1).reshape(-1, 3, 2)
    bright = np.clip(rng.uniform(0, 1, count) ** 1.5 + 0.25 * drift[(u * 255).astype(int)], 0, 1)
    tones = st.surface(albedo, _f32(bright), _f32(0.14 * (1 - t)))
    tones = mix(tones, st.light.near, _f32((0.08 + 0.34 * t) * (1 - 0.7 * bright)))
    strokes(layer, blades, 0.001 * st.scale * (0.5 + 1.5 * t), tones)
    stamp(st.picture, layer, first)
