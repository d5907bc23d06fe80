"""Rock and sand: table mountains, ledges, islands, dunes."""

from __future__ import annotations

import math

import numpy as np

from comfy_api.demo.brush import (
    Bytes,
    Field,
    blur,
    colour,
    fbm,
    mix,
    opaque,
    over,
    profile,
    smooth,
    stamp,
    stroke,
)
from comfy_api.demo.land import paint_grass, paint_pines
from comfy_api.demo.nature import LEAF
from comfy_api.demo.palette import lit
from comfy_api.demo.stage import Stage


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
    albedo = colour("#c08560") * (1 + 0.2 * band + 0.05 * rough)[..., None]
    slope = np.gradient(blur(line[None, :], 0.006 * st.scale)[0]).astype(np.float32)
    relief = np.gradient(blur(rough, 0.003 * st.scale), axis=1).astype(np.float32) * np.float32(
        0.06 * st.scale * st.side
    )
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
    paint = lit(st.light, colour("#a8714f") * (1 + 0.1 * rough)[..., None], bright.astype(np.float32))
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
    stroke(
        layer,
        np.array([(x, foot), (x + 0.25 * lean, foot - 0.5 * high), tip]),
        max(1, round(0.035 * high)),
        opaque(tone),
    )
    for angle in np.linspace(-0.35, math.pi + 0.35, 9) + rng.normal(0, 0.1, 9):
        r = high * rng.uniform(0.32, 0.45)
        a, b = math.cos(angle), -math.sin(angle)
        frond = np.array(
            [
                tip,
                (tip[0] + 0.6 * r * a, tip[1] + 0.6 * r * b - 0.16 * r),
                (tip[0] + r * a, tip[1] + 0.62 * r * b + 0.3 * r),
            ]
        )
        stroke(layer, frond, max(1, round(0.05 * high)), opaque(mix(tone, st.surface(LEAF, 0.9), rng.uniform(0, 0.35))))


def paint_dune(st: Stage, name: str, base: float, tall: float, depth: float, *, albedo: Field) -> None:
    """A dune with a sharp crest: one flank in the light, the other in blue shade, ripples on both."""
    rng = st.dice(name)
    x = np.linspace(0, 1, st.width, dtype=np.float32)
    place = float(rng.uniform(0.15, 0.85))
    line = np.asarray(base - tall * np.exp(-((np.abs(x - place) / rng.uniform(0.22, 0.45)) ** 1.35)), np.float32)
    line -= np.float32(0.3 * tall) * profile(rng, st.width, 1.7 * st.width / st.scale, octaves=3, gain=0.3)
    top = max(int(line.min()) - 2, 0)
    if st.height - top < 2:
        return
    rows = st.height - top
    y = np.arange(top, st.height, dtype=np.float32)[:, None]
    below = (y - line[None, :]) / np.float32(st.scale)
    wave = np.sin(np.linspace(0, rng.uniform(2.0, 4.0) * math.pi, rows, dtype=np.float32) + rng.uniform(0, 6))
    crest = place * st.width + st.scale * (
        0.07 * wave[:, None] * np.sqrt(np.linspace(0, 1, rows, dtype=np.float32))[:, None]
        + 0.35 * st.side * np.maximum(below, 0)
    )
    offset = (np.arange(st.width, dtype=np.float32)[None, :] - crest) * np.float32(st.side / st.scale)
    ripples = fbm(rng, rows, st.width, 30, octaves=3, stretch=5) * 0.05
    bright = smooth(offset, -0.012, 0.02) * (0.78 + 0.2 * np.exp(-np.abs(offset) * 7)) + 0.1
    bright = np.clip(
        bright * np.exp(-np.maximum(below, 0) * 0.8) + ripples + 0.12 * np.exp(-np.maximum(below, 0) * 30), 0, 1
    )
    paint = lit(st.light, albedo, bright.astype(np.float32))
    air = np.clip(depth + (1 - depth) * 0.45 * smooth(below, 0.05, 0.3), 0, 1)
    paint += (st.light.haze - paint) * air[..., None]
    over(st.picture, paint, np.clip(below * np.float32(st.scale) + 0.5, 0, 1), top)
