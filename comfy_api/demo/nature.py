"""Plants, rocks and worlds: groves, flowers, reeds, forests from within, mesas, islands, space."""

from __future__ import annotations

import math

import cv2
import numpy as np

from comfy_api.demo.brush import (
    Bytes, Field, blur, colour, dab, dabs, fbm, fill, mix, opaque, over, profile, ramp, screen, smooth, stamp, stroke, strokes,
)  # fmt: skip
from comfy_api.demo.land import GRASS, paint_grass, paint_pines
from comfy_api.demo.palette import lit
from comfy_api.demo.sky import distance, paint_sky, paint_stars
from comfy_api.demo.stage import Stage

LEAF = colour("#4f7a3a")


def paint_crown(
    st: Stage, layer: Bytes, rng: np.random.Generator, x: float, y: float,
    radius: float, albedo: Field, depth: float, *, touches: int = 130,
) -> None:  # fmt: skip
    """The crown of a broad-leaved tree in dabs: shade first, then light on the sun's side."""
    puffs = rng.normal(0, 1, (7, 2)) * radius * np.array([0.42, 0.26]) + np.array([x, y])
    for stage, (share, size, bright, dark) in enumerate(((0.45, 0.13, 0.08, 0.35), (0.75, 0.075, 0.42, 0.12), (0.8, 0.042, 0.85, 0.0))):
        count = int(touches * share)
        shift = np.array([st.side * 0.16, -0.2]) * radius * stage
        spots = puffs[rng.integers(0, len(puffs), count)] + rng.normal(0, 0.21, (count, 2)) * radius + shift
        amount = np.clip(bright + rng.normal(0, 0.1, count), 0, 1).astype(np.float32)
        tones = st.surface((albedo * rng.uniform(0.85, 1.12, (count, 1))).astype(np.float32), amount, depth)
        tones = mix(tones, st.light.near, dark * (1 - depth))
        dabs(layer, spots, radius * size * rng.uniform(0.6, 1.3, count), tones)


def paint_grove(st: Stage, name: str, line: Field, size: float, depth: float, *, dense: float = 1.0) -> None:
    """Groups of broad-leaved trees along a hill's outline; `size` is a crown's radius in pixels."""
    rng = st.dice(name)
    if not st.brief.allows("tree"):
        return
    albedo = leaf_colour(st)
    top = max(int(line.min() - 4 * size), 0)
    end = min(int(line.max() + 2 * size), st.height)
    if end - top < 2:
        return
    layer = np.zeros((end - top, st.width, 4), np.uint8)
    count = int(dense * rng.uniform(6, 11) * st.width / st.scale)
    centres = rng.uniform(0, 1, max(2, count // 4)) * st.width
    for _ in range(count):
        x = float(rng.choice(centres) + rng.normal(0, 2.2 * size))
        y = float(line[int(np.clip(x, 0, st.width - 1))]) - top
        radius = size * rng.uniform(0.55, 1.1)
        bole = np.array([(x, y + 0.25 * radius), (x, y - 0.5 * radius)])
        stroke(layer, bole, max(1, round(0.14 * radius)), opaque(st.haze(st.light.near, depth)))
        paint_crown(st, layer, rng, x, y - 0.6 * radius, radius, albedo, depth, touches=95)
    stamp(st.picture, ragged(st, layer, size * 0.035), top)


def ragged(st: Stage, layer: Bytes, reach: float) -> Bytes:
    """A layer with leafy edges: its pixels strewn by up to about `reach` pixels."""
    rng = st.dice(f"ragged {layer.shape[0]}")
    rows, width = layer.shape[:2]
    cells = math.sqrt(rows * width) / max(reach * 2.2, 1.5)
    x = np.arange(width, dtype=np.float32)[None, :] + np.float32(reach) * fbm(rng, rows, width, cells, octaves=2)
    y = np.arange(rows, dtype=np.float32)[:, None] + np.float32(reach) * fbm(rng, rows, width, cells, octaves=2)
    return np.asarray(cv2.remap(layer, x, y, cv2.INTER_LINEAR), np.uint8)


def leaf_colour(st: Stage) -> Field:
    """Leaves of the season and the words."""
    named = st.brief.named
    if named & {"blossom", "sakura"}:
        return colour("#f2a9c0")
    if "autumn" in named:
        return colour("#d07a2a")
    return mix(LEAF, colour("#9aa8b4"), 0.6) if st.brief.wants("snow") else LEAF


def paint_flowers(st: Stage, name: str, top: float, *, many: bool) -> None:
    """Flowers scattered over a meadow in drifts, small and far to large and near."""
    rng = st.dice(name)
    hues = flower_hues(st)
    layer = np.zeros((st.height, st.width, 4), np.uint8)
    count = int((900 if many else 140) * min(st.width / st.scale, 1.6))
    drift = profile(rng, 256, 7, octaves=3)
    t, u = np.sort(rng.uniform(0, 1, count)), rng.uniform(0, 1, count)
    there = drift[(u * 255).astype(int)] + rng.normal(0, 0.35, count) > (-0.5 if many else 0.0)
    t, u = t[there], u[there]
    size = st.scale * (0.0014 + 0.0085 * t**1.6) * rng.uniform(0.6, 1.25, len(t))
    spots = np.stack([u * st.width, top + (st.height - top) * t**0.85], -1)
    hue = np.stack(hues)[rng.integers(0, len(hues), len(t))]
    _stems(st, layer, rng, spots, size)
    _petals(st, layer, rng, spots, size, hue, 0.12 * (1 - t))
    stamp(st.picture, layer)


Values = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


def _stems(st: Stage, layer: Bytes, rng: np.random.Generator, spots: Values, size: Values) -> None:
    stem = mix(st.surface(GRASS, 0.3), st.light.near, 0.3)
    feet = spots + np.stack([rng.normal(0, 0.8, len(size)) * size, 4.5 * size], -1)
    strokes(layer, np.stack([spots, feet], 1), 0.25 * size, np.tile(stem, (len(size), 1)))


def _petals(
    st: Stage, layer: Bytes, rng: np.random.Generator, spots: Values, size: Values, hue: Field, depth: Values
) -> None:
    """Five petals and a heart for each flower, far ones first."""
    count = len(size)
    angle = rng.uniform(0, math.pi, (count, 1)) + np.arange(6) * 2 * math.pi / 5
    reach = np.where(np.arange(6) < 5, 1.0, 0.0)
    offset = np.stack([0.55 * np.cos(angle) * reach, 0.4 * np.sin(angle) * reach], -1)
    bright = (0.62 - 0.38 * np.sin(angle)).astype(np.float32).ravel()
    air = np.repeat(depth, 6).astype(np.float32)
    tones = st.surface(np.repeat(hue, 6, 0), bright, air)
    tones[5::6] = st.surface(colour("#f6d25a"), 0.7)
    radius = np.repeat(size, 6) * np.tile([0.55] * 5 + [0.28], count)
    dabs(layer, (spots[:, None] + offset * size[:, None, None]).reshape(-1, 2), radius, tones)


def flower_hues(st: Stage) -> list[Field]:
    """The colours of flowers: as asked, else a small mixed choice."""
    asked = [c for s, c in st.brief.subjects if s == "flower" and c]
    named = st.brief.named
    known = {"poppy": "#e2402c", "poppies": "#e2402c", "lavender": "#8d6ad0", "sunflower": "#f6c02e",
             "sunflowers": "#f6c02e", "rose": "#d83a56", "roses": "#d83a56", "daisy": "#fbf7ee",
             "tulip": "#e8503c", "tulips": "#e8503c"}  # fmt: skip
    codes = asked or [known[w] for w in sorted(named & known.keys())]
    if not codes:
        sets = (["#f3e9f2", "#e58fb1", "#b58be0"], ["#f7d65a", "#fbf7ee", "#f29b6a"], ["#e2503c", "#f7d65a", "#fbf7ee"])
        codes = sets[int(st.dice("hues").integers(3))]
    return [colour(c) for c in codes]


def paint_reeds(st: Stage, name: str) -> None:
    """Reeds and grasses at a near shore, on the side of the subject."""
    rng = st.dice(name)
    layer = np.zeros((st.height, st.width, 4), np.uint8)
    for _ in range(110):
        side = st.width / 2 - st.side * st.width * (0.5 - abs(rng.normal(0, 0.13)))
        high = st.scale * rng.uniform(0.04, 0.2) * max(0.25, 1 - abs(side - st.width / 2 + st.side * st.width / 2) / (0.35 * st.width))
        foot = st.height + 2.0
        bend = rng.normal(0.1 * st.side, 0.18) * high
        blade = np.array([(side, foot), (side + 0.25 * bend, foot - 0.6 * high), (side + bend, foot - high)])
        tone = mix(st.light.near, st.surface(colour("#a89a5a"), 0.8), rng.uniform(0, 0.4))
        stroke(layer, blade, round(0.0022 * st.scale * rng.uniform(0.6, 1.3)), opaque(tone))
    stamp(st.picture, layer)


def paint_forest(st: Stage) -> None:
    """A forest from within: trunks in rows that sink into lit mist, shafts of light, ferns."""
    light = st.light
    glow = mix(light.horizon, light.glow, 0.5)
    y = np.arange(st.height, dtype=np.float32) / st.height
    leaf = leaf_colour(st)
    green = st.surface(leaf, 0.5)
    back = ramp([(0, mix(green, light.haze, 0.45)), (0.55, mix(glow, light.haze, 0.3)), (1, mix(green, light.near, 0.3))], y)
    st.picture[:] = back[:, None]
    x = st.width * (0.5 + 0.12 * st.side)
    centre = (x, 0.42 * st.height)
    screen(st.picture, light.glow, np.float32(0.75) * np.exp(-distance(st, *centre, 1.1) * 3.2))
    for index in range(6):
        depth = 0.82 - 0.15 * index
        _canopy(st, index, depth, leaf)
        _trunks(st, index, depth)
        base = st.height * (0.66 + 0.06 * index)
        _forest_floor(st, index, base, depth, leaf)
    _shafts(st, centre)
    paint_grass(st, "ferns", 0.93 * st.height, albedo=leaf, tall=0.09, count=700)


def _trunks(st: Stage, index: int, depth: float) -> None:
    rng = st.dice(f"trunks {index}")
    layer = np.zeros((st.height, st.width, 4), np.uint8)
    wide = st.scale * (0.006 + 0.0062 * index**1.45)
    count = max(2, int((19 - 3.0 * index) * st.width / st.scale))
    foot = st.height * (0.67 + 0.063 * index)
    clear = st.width * 0.1 * index / 5
    bark = mix(colour("#5a4636"), st.light.near, 0.4)
    for slot in range(count):
        x = (slot + rng.uniform(0.1, 0.9)) / count * st.width
        if abs(x - st.width * (0.5 + 0.1 * st.side)) < clear + 0.02 * st.width * index:
            continue
        w, lean = wide * rng.uniform(0.6, 1.3), rng.normal(0, 0.02) * st.height
        tone = st.haze(bark * np.float32(rng.uniform(0.8, 1.15)), depth)
        edge = mix(tone, st.surface(colour("#b08a66"), 1.0, depth), 0.42)
        body = np.array([(x - w * 1.5, foot + w), (x - w * 0.75, foot - 3 * w), (x - w * 0.5 + lean, -9),
                         (x + w * 0.5 + lean, -9), (x + w * 0.75, foot - 3 * w), (x + w * 1.5, foot + w)])  # fmt: skip
        fill(layer, body, opaque(tone))
        s = 1.0 if x < st.width * (0.5 + 0.12 * st.side) else -1.0
        for part, share in ((0.1, 0.25), (0.25, 0.55), (0.36, 1.0)):
            inner = [(x + s * w * part, foot - 4 * w), (x + s * w * part * 0.9 + lean, -9)]
            outer = [(x + s * w * 0.5 + lean, -9), (x + s * w * 0.75, foot - 3 * w), (x + s * w * 0.95, foot - 0.8 * w)]
            fill(layer, np.array([*inner, *outer]), opaque(mix(tone, edge, share)))
    stamp(st.picture, layer)


def _canopy(st: Stage, index: int, depth: float, leaf: Field) -> None:
    rng = st.dice(f"canopy {index}")
    layer = np.zeros((st.height, st.width, 4), np.uint8)
    size = st.scale * (0.004 + 0.0016 * index)
    count = int(620 * min(st.width / st.scale, 1.5))
    reach = st.height * (0.34 - 0.035 * index)
    hang = profile(rng, st.width, 4 * st.width / st.scale, octaves=4)
    x = rng.uniform(0, st.width - 1, count)
    limit = np.maximum(reach * (0.75 + 0.6 * hang[x.astype(int)]), 0)
    y = limit * rng.uniform(0, 1, count) ** 0.8
    bright = np.clip(rng.normal(0.35 + 0.4 * y / max(reach, 1), 0.25), 0, 1).astype(np.float32)
    tones = mix(st.surface(leaf, bright, depth), st.light.near, np.float32(0.4 * (1 - depth)) * (1 - bright))
    dabs(layer, np.stack([x, y], -1), size * rng.uniform(0.5, 1.3, count), tones)
    stamp(st.picture, ragged(st, layer, size * 0.55))


def _forest_floor(st: Stage, index: int, base: float, depth: float, leaf: Field) -> None:
    rng = st.dice(f"floor {index}")
    line = base + 0.02 * st.scale * profile(rng, st.width, 5, octaves=6, gain=0.6)
    top = max(int(line.min()) - 1, 0)
    if st.height - top < 2:
        return
    below = np.arange(top, st.height, dtype=np.float32)[:, None] - line[None, :]
    tone = fbm(rng, st.height - top, st.width, 14, octaves=6, gain=0.65, stretch=2.5)
    path = np.exp(-(((np.arange(st.width, dtype=np.float32) - st.width * (0.5 + 0.1 * st.side)) / (0.2 * st.scale)) ** 2))
    bright = np.clip(0.25 + 0.5 * path[None, :] + 0.2 * tone, 0, 1)
    ground = SNOW_FLOOR if st.brief.wants("snow") else mix(leaf, colour("#6a5638"), 0.4)
    paint = lit(st.light, ground, bright)
    paint = paint + (st.light.near - paint) * np.float32(0.3 * (1 - depth))
    paint += (st.light.haze - paint) * np.float32(max(depth, 0) ** 0.9)
    over(st.picture, paint.astype(np.float32), np.clip(below + 0.5, 0, 1), top)


SNOW_FLOOR = colour("#e4ebf4")


def _shafts(st: Stage, centre: tuple[float, float]) -> None:
    rng = st.dice("shafts")
    source = np.array([centre[0] + 0.25 * st.side * st.scale, -0.35 * st.scale])
    x = np.arange(st.width, dtype=np.float32)[None, :] - np.float32(source[0])
    y = np.arange(st.height, dtype=np.float32)[:, None] - np.float32(source[1])
    angle = np.arctan2(x, y)
    rays = profile(rng, 2048, 36, octaves=3, gain=0.6)
    index = np.clip((angle / 1.6 + 0.5) * 2047, 0, 2047).astype(np.int32)
    beam = smooth(rays[index], 0.05, 0.75)
    fade = np.exp(-distance(st, centre[0], 0.5 * st.height, 0.9) * 2.6)
    screen(st.picture, st.light.glow, blur(beam * fade, 0.004 * st.scale) * np.float32(0.36 if not st.dark() else 0.2))


def paint_mesas(st: Stage, name: str, base: float, tall: float, depth: float) -> None:
    """Table mountains: flat tops, banded cliffs, scree at the foot."""
    rng = st.dice(name)
    raw = profile(rng, st.width, 3.2 * st.width / st.scale, octaves=3, gain=0.5)
    steps = smooth(raw, -0.25, -0.12) * 0.28 + smooth(raw, 0.05, 0.1) * 0.47 + smooth(raw, 0.42, 0.46) * 0.25
    line = np.asarray(base - tall * (steps + 0.04 * profile(rng, st.width, 26, octaves=4)), np.float32)
    top = max(int(line.min()) - 2, 0)
    if st.height - top < 2:
        return
    rows = st.height - top
    y = np.arange(top, st.height, dtype=np.float32)[:, None]
    below = (y - line[None, :]) / np.float32(tall)
    rough = fbm(rng, rows, st.width, 16, octaves=6, gain=0.6, stretch=0.4)
    strata = profile(rng, rows, 16 * rows / st.scale + 4, octaves=4, gain=0.7)
    wobble = np.clip(np.arange(rows)[:, None] + 0.008 * st.scale * rough, 0, rows - 1).astype(np.int32)
    band = strata[wobble]
    albedo = mix(colour("#c4653a"), colour("#d98a55"), 0.4) * (1 + 0.2 * band + 0.05 * rough)[..., None]
    slope = np.gradient(blur(line[None, :], 0.006 * st.scale)[0]).astype(np.float32)
    relief = np.gradient(blur(rough, 0.003 * st.scale), axis=1).astype(np.float32) * np.float32(0.06 * st.scale * st.side)
    bright = np.clip(0.5 + 0.5 * np.tanh(slope * st.side * 1.5)[None, :] + 0.3 * np.tanh(relief) - 0.12 * below, 0, 1)
    paint = lit(st.light, albedo.astype(np.float32), bright)
    air = np.clip(depth + (1 - depth) * 0.7 * smooth(y / np.float32(base), 0.86, 1.05), 0, 1)
    paint += (st.light.haze - paint) * air[..., None]
    over(st.picture, paint, np.clip(below * np.float32(tall) + 0.5, 0, 1), top)


def paint_canyon_floor(st: Stage, top: float) -> None:
    """Near ledges of red rock with scrub."""
    rng = st.dice("ledge")
    line = top + 0.09 * st.scale * profile(rng, st.width, 2.2, octaves=6, gain=0.5) + 0.1 * st.scale
    first = max(int(line.min()) - 1, 0)
    if st.height - first < 2:
        return
    below = (np.arange(first, st.height, dtype=np.float32)[:, None] - line[None, :]) / np.float32(st.scale)
    rough = fbm(rng, st.height - first, st.width, 9, octaves=7, gain=0.62, stretch=2.2)
    relief = np.gradient(rough, axis=0).astype(np.float32) * np.float32(0.05 * st.scale)
    bright = np.clip(0.55 - 0.4 * np.tanh(relief) + 0.35 * np.exp(-below * 40) - 0.5 * below, 0, 1)
    paint = lit(st.light, colour("#b5603c") * (1 + 0.1 * rough)[..., None], bright.astype(np.float32))
    over(st.picture, paint, np.clip(below * np.float32(st.scale) + 0.5, 0, 1), first)
    paint_grass(st, "scrub", st.height - 0.1 * st.scale, albedo=colour("#9a8a4a"), tall=0.05, count=320)


def paint_island(st: Stage, x: float, foot: float, size: float) -> None:
    """One green island with cliffs and palms; `size` is its height in pixels."""
    rng = st.dice("island shape")
    u = (np.arange(st.width, dtype=np.float32) - np.float32(x)) / np.float32(size * 1.6)
    body = np.clip(1 - np.abs(u) ** 2.2, 0, 1) ** 0.7
    line = np.asarray(foot - size * body * (0.62 + 0.32 * profile(rng, st.width, 9, octaves=5)), np.float32)
    top, end = max(int(line.min()) - 2, 0), min(int(foot) + 1, st.height)
    if end - top < 2:
        return
    y = np.arange(top, end, dtype=np.float32)[:, None]
    below = (y - line[None, :]) / np.float32(size)
    tone = fbm(rng, end - top, st.width, 20, octaves=5, gain=0.6)
    rockiness = smooth(below + 0.1 * tone, 0.3, 0.6)
    albedo = colour("#5d8a4a") + (colour("#b09a82") - colour("#5d8a4a")) * rockiness[..., None]
    slope = np.gradient(blur(line[None, :], 0.01 * st.scale)[0]).astype(np.float32)
    bright = np.clip(0.5 + 0.4 * np.tanh(2 * slope * st.side)[None, :] + 0.25 * tone, 0, 1)
    paint = lit(st.light, albedo.astype(np.float32), bright)
    paint += (st.light.haze - paint) * np.float32(0.12)
    over(st.picture, paint, np.clip(below * np.float32(size) + 0.5, 0, 1) * (body > 0), top)
    if "pine" in st.brief.named or _cold(st):
        paint_pines(st, "island pines", np.where(body > 0.15, line, 9e3).astype(np.float32), 0.2 * size, 0.12)
        return
    layer = np.zeros((st.height, st.width, 4), np.uint8)
    for _ in range(9):
        px = x + rng.normal(0, 0.5) * size
        index = int(np.clip(px, 0, st.width - 1))
        if body[index] > 0.1:
            _palm(st, layer, rng, px, float(line[index]) + 0.02 * size, size * rng.uniform(0.3, 0.55))
    stamp(st.picture, layer)


def _cold(st: Stage) -> bool:
    return st.brief.wants("snow") or st.brief.wants("winter")


def _palm(st: Stage, layer: Bytes, rng: np.random.Generator, x: float, foot: float, high: float) -> None:
    lean = rng.normal(0, 0.2) * high
    tip = (x + lean, foot - high)
    tone = st.haze(mix(st.light.near, st.surface(LEAF, 0.4), 0.3), 0.12)
    stroke(layer, np.array([(x, foot), (x + 0.25 * lean, foot - 0.5 * high), tip]), max(1, round(0.035 * high)), opaque(tone))
    for angle in np.linspace(-0.35, math.pi + 0.35, 9) + rng.normal(0, 0.1, 9):
        r = high * rng.uniform(0.32, 0.45)
        a, b = math.cos(angle), -math.sin(angle)
        frond = np.array([tip, (tip[0] + 0.6 * r * a, tip[1] + 0.6 * r * b - 0.16 * r), (tip[0] + r * a, tip[1] + 0.62 * r * b + 0.3 * r)])
        stroke(layer, frond, max(1, round(0.05 * high)), opaque(mix(tone, st.surface(LEAF, 0.9), rng.uniform(0, 0.35))))


def paint_bokeh(st: Stage) -> None:
    """Soft discs of light out of focus."""
    rng = st.dice("bokeh")
    layer = np.zeros((st.height, st.width), np.uint8)
    for _ in range(34):
        x, y = rng.uniform(0, st.width), rng.uniform(0, 0.75) * st.height
        spot = np.zeros_like(layer) if False else layer
        dab(spot, x, y, st.scale * rng.uniform(0.008, 0.03), (float(rng.uniform(30, 120)),))
    screen(st.picture, st.light.glow, blur(layer.astype(np.float32) / 255, 0.0035 * st.scale) * np.float32(0.5))


def paint_space(st: Stage) -> None:
    """Deep space: nebulae, stars, a planet with an atmosphere and perhaps a ring."""
    hues = [("#3a1a6b", "#d0508f", "#ffb27a"), ("#0d2f5e", "#2f9fb8", "#ffe0a8"), ("#2a1250", "#5b5fe0", "#f08ad0")]
    deep, body, hot = (colour(c) for c in hues[int(st.dice("nebula hue").integers(3))])
    if st.brief.tint:
        body = mix(body, colour(st.brief.tint), 0.6)
    st.picture[:] = colour("#04050f")
    rng = st.dice("nebula")
    warp = fbm(rng, st.height, st.width, 2, octaves=4) * 0.35
    gas = fbm(rng, st.height, st.width, 2.6, octaves=8, gain=0.58) + warp
    veins = 1 - np.abs(fbm(rng, st.height, st.width, 3.2, octaves=7, gain=0.55))
    band = np.exp(-((distance(st, st.sun[0], 0.4 * st.height, 1.7) * 1.7) ** 2))
    screen(st.picture, deep, smooth(gas, -1.6, 1.4) * (0.35 + 0.65 * band))
    screen(st.picture, body, smooth(gas + 0.5 * veins, 0.1, 2.4) * band * np.float32(0.85))
    screen(st.picture, hot, np.clip(veins, 0, 1) ** 5 * smooth(gas, 0.2, 2.2) * band * np.float32(0.8))
    dust = smooth(fbm(rng, st.height, st.width, 4, octaves=7, gain=0.6), 0.5, 1.9)
    st.picture *= (1 - 0.65 * dust)[..., None]
    st.horizon = st.height
    paint_stars(st, 1.3)
    if st.brief.allows("planet"):
        _planet(st, body)


def _planet(st: Stage, hue: Field) -> None:
    rng = st.dice("planet")
    radius = rng.uniform(0.17, 0.26)
    x, y = st.focus, st.height * rng.uniform(0.42, 0.58)
    near = distance(st, x, y)
    dx = (np.arange(st.width, dtype=np.float32)[None, :] - np.float32(x)) / np.float32(st.scale * radius)
    dy = (np.arange(st.height, dtype=np.float32)[:, None] - np.float32(y)) / np.float32(st.scale * radius)
    z = np.sqrt(np.clip(1 - dx**2 - dy**2, 0, 1))
    tilt = rng.uniform(-0.4, 0.4)
    latitude = dy * math.cos(tilt) + dx * math.sin(tilt)
    swirl = fbm(rng, st.height, st.width, 5, octaves=6, stretch=3) * 0.045
    table = profile(rng, 1024, 9, octaves=4, gain=0.6)
    band = table[np.clip((latitude + swirl + 1) * 511, 0, 1023).astype(np.int32)]
    base = mix(hue, colour("#f0dcc0"), 0.45)
    albedo = base * (0.85 + 0.35 * band)[..., None]
    sun = np.array([0.72 * st.side, -0.42, 0.55])
    face = np.clip((dx * sun[0] + dy * sun[1] + z * sun[2]) * 1.15, 0, 1)
    paint = albedo * (0.03 + face)[..., None] + hue * (0.5 * (1 - z) ** 3 * np.clip(face * 2, 0, 1))[..., None]
    edge = 1.4 / st.scale
    rim = np.exp(-np.maximum(near - radius, 0) * 42) * np.clip(0.35 + dx * sun[0] + dy * sun[1], 0, 1)
    screen(st.picture, mix(hue, colour("#ffffff"), 0.4), (rim * 0.75).astype(np.float32))
    over(st.picture, paint.astype(np.float32), smooth(near, radius + edge, radius - edge))
    if "saturn" in st.brief.named or rng.uniform() < 0.5:
        _ring(st, rng, dx, dy, tilt, base)


def _ring(st: Stage, rng: np.random.Generator, dx: Field, dy: Field, tilt: float, base: Field) -> None:
    u = dx * math.cos(tilt) - dy * math.sin(tilt)
    v = (dy * math.cos(tilt) + dx * math.sin(tilt)) / 0.22
    r = np.sqrt(u * u + v * v)
    bands = profile(rng, 1024, 24, octaves=4, gain=0.7)
    alpha = smooth(r, 1.32, 1.36) * smooth(r, 2.15, 2.05) * (0.55 + 0.35 * bands[np.clip(r * 400, 0, 1023).astype(np.int32)])
    behind = (v < 0) & (dx**2 + dy**2 < 1)
    shadow = 1 - 0.8 * smooth(-u * st.side - 0.2, 0.0, 1.0) * (v < 0.2)
    over(st.picture, (mix(base, colour("#ffffff"), 0.3) * shadow[..., None]).astype(np.float32),
         np.where(behind, 0, np.clip(alpha, 0, 0.9)).astype(np.float32))  # fmt: skip
