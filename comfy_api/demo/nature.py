"""Plants in the open: groves, flowers, reeds; and light out of focus."""

from __future__ import annotations

import math

import cv2
import numpy as np

from comfy_api.demo.brush import (
    Bytes,
    Field,
    Values,
    blur,
    colour,
    dab,
    dabs,
    fbm,
    mix,
    opaque,
    profile,
    screen,
    stamp,
    stroke,
    strokes,
)
from comfy_api.demo.land import GRASS
from comfy_api.demo.stage import Stage

LEAF = colour("#4f7a3a")


def paint_crown(
    st: Stage,
    layer: Bytes,
    rng: np.random.Generator,
    x: float,
    y: float,
    radius: float,
    albedo: Field,
    depth: float,
    *,
    touches: int = 130,
) -> None:
    """The crown of a broad-leaved tree in dabs: shade first, then light on the sun's side."""
    puffs = rng.normal(0, 1, (7, 2)) * radius * np.array([0.42, 0.26]) + np.array([x, y])
    for stage, (share, size, bright, dark) in enumerate(
        ((0.45, 0.13, 0.08, 0.35), (0.75, 0.075, 0.42, 0.12), (0.8, 0.042, 0.85, 0.0))
    ):
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
    top = max(int(line.min() - 5 * size), 0)
    end = min(int(line.max() + 2 * size), st.height)
    if end - top < 2:
        return
    layer = np.zeros((end - top, st.width, 4), np.uint8)
    wood = np.zeros_like(layer)
    bark = mix(st.haze(st.light.near, depth), st.surface(colour("#5a4232"), 0.4, depth), 0.6)
    count = int(dense * rng.uniform(6, 11) * st.width / st.scale)
    centres = rng.uniform(0, 1, max(2, count // 4)) * st.width
    for _ in range(count):
        x = float(rng.choice(centres) + rng.normal(0, 2.2 * size))
        y = float(line[int(np.clip(x, 0, st.width - 1))]) - top
        radius = size * rng.uniform(0.55, 1.1)
        bole = np.array([(x, y + 0.15 * radius), (x, y - 0.7 * radius)])
        stroke(wood, bole, max(1, round(0.14 * radius)), opaque(bark))
        paint_crown(st, layer, rng, x, y - 0.95 * radius, radius, albedo, depth, touches=95)
    stamp(st.picture, wood, top)
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
    tones[5::6] = st.surface(colour("#f6d25a" if "lavender" not in st.brief.named else "#b79ae6"), 0.7)
    radius = np.repeat(size, 6) * np.tile([0.55] * 5 + [0.28], count)
    dabs(layer, (spots[:, None] + offset * size[:, None, None]).reshape(-1, 2), radius, tones)


def flower_hues(st: Stage) -> list[Field]:
    """The colours of flowers: as asked, else a small mixed choice."""
    asked = [c for s, c in st.brief.subjects if s == "flower" and c]
    named = st.brief.named
    known = {
        "poppy": "#e2402c",
        "poppies": "#e2402c",
        "lavender": "#8d6ad0",
        "sunflower": "#f6c02e",
        "sunflowers": "#f6c02e",
        "rose": "#d83a56",
        "roses": "#d83a56",
        "daisy": "#fbf7ee",
        "tulip": "#e8503c",
        "tulips": "#e8503c",
    }
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
        high = (
            st.scale
            * rng.uniform(0.04, 0.2)
            * max(0.25, 1 - abs(side - st.width / 2 + st.side * st.width / 2) / (0.35 * st.width))
        )
        foot = st.height + 2.0
        bend = rng.normal(0.1 * st.side, 0.18) * high
        blade = np.array([(side, foot), (side + 0.25 * bend, foot - 0.6 * high), (side + bend, foot - high)])
        tone = mix(st.light.near, st.surface(colour("#a89a5a"), 0.8), rng.uniform(0, 0.4))
        stroke(layer, blade, round(0.0022 * st.scale * rng.uniform(0.6, 1.3)), opaque(tone))
    stamp(st.picture, layer)


def paint_bokeh(st: Stage) -> None:
    """Soft discs of light out of focus."""
    rng = st.dice("bokeh")
    layer = np.zeros((st.height, st.width), np.uint8)
    for _ in range(34):
        x, y = rng.uniform(0, st.width), rng.uniform(0, 0.75) * st.height
        spot = np.zeros_like(layer) if False else layer
        dab(spot, x, y, st.scale * rng.uniform(0.008, 0.03), (float(rng.uniform(30, 120)),))
    screen(st.picture, st.light.glow, blur(layer.astype(np.float32) / 255, 0.0035 * st.scale) * np.float32(0.5))
