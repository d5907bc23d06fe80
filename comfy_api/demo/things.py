"""Balloons, large flowers, what fills a bottle, white water."""

from __future__ import annotations

import math

import cv2
import numpy as np

from comfy_api.demo.brush import (
    Bytes,
    Field,
    blur,
    colour,
    dab,
    fbm,
    fill,
    mix,
    opaque,
    screen,
    smooth,
    spline,
    stamp,
    stroke,
)
from comfy_api.demo.sky import distance
from comfy_api.demo.stage import Stage


def paint_balloons(st: Stage, x: float, hue: Field | None) -> None:
    rng = st.dice("balloons")
    first = hue if hue is not None else colour(("#d8493a", "#e08a2e", "#2f8f8f", "#c2477a")[int(rng.integers(4))])
    spots = [(x, st.horizon * 0.42, 0.28, 0.0)]
    for _ in range(int(rng.integers(3, 6))):
        spots.append(
            (st.width * rng.uniform(0.08, 0.92), st.horizon * rng.uniform(0.22, 0.85), rng.uniform(0.05, 0.11), 0.35)
        )
    for number, (px, py, size, depth) in enumerate(sorted(spots, key=lambda s: s[2])):
        body = first if size > 0.2 else colour(("#e8b64a", "#c2477a", "#3f7fb8", "#e9dcc4", "#d8493a")[number % 5])
        _balloon(st, px, py, size * min(st.scale, st.height), body, depth)


def _balloon(st: Stage, x: float, y: float, size: float, body: Field, depth: float) -> None:
    layer = np.zeros((st.height, st.width, 4), np.uint8)
    t = np.linspace(0, 1, 40)
    half = 0.4 * np.sin(np.pi * np.clip(t, 0, 1) ** 0.8) ** 0.72 * (1 - 0.1 * t) + 0.05 * t
    half[0] = 0.0
    top = y - 0.5 * size
    gores = 12
    pale = mix(body, colour("#fff3dc"), 0.8)
    for gore in range(gores):
        a, b = (math.sin(math.pi * (g / gores - 0.5)) for g in (gore, gore + 1.08))
        b = min(b, 1.0)
        facing = 0.5 + 0.5 * st.side * (a + b) / 2
        left = np.stack([x + a * half * size, top + t * 0.82 * size], -1)
        right = np.stack([x + b * half * size, top + t * 0.82 * size], -1)
        tone = st.surface(body if gore % 2 else pale, 0.08 + 0.92 * facing, depth)
        fill(layer, np.vstack([left, right[::-1]]), opaque(tone))
    dark = opaque(st.haze(mix(st.light.near, st.surface(colour("#6a4630"), 0.5), 0.6), depth))
    neck, basket = top + 0.82 * size, top + 0.94 * size
    for dx in (-0.04, 0.04):
        stroke(
            layer, np.array([(x + dx * size, neck), (x + 0.8 * dx * size, basket)]), max(1, round(0.005 * size)), dark
        )
    fill(
        layer,
        np.array(
            [
                (x - 0.045 * size, basket),
                (x + 0.045 * size, basket),
                (x + 0.035 * size, basket + 0.065 * size),
                (x - 0.035 * size, basket + 0.065 * size),
            ]
        ),
        dark,
    )
    stamp(st.picture, layer)
    if st.light.lamps > 0.5:
        screen(
            st.picture,
            colour("#ffb45a"),
            np.exp(-distance(st, x, top + 0.6 * size) * np.float32(6.5 * st.scale / size)) * np.float32(0.7),
        )


def paint_blooms(st: Stage, x: float, hue: Field | None) -> None:
    """A few large flowers in front, where the flower is all that the text asks for."""
    if len(st.brief.subjects) > 1 or st.brief.named & {"field", "meadow", "landscape", "lavender"}:
        return
    rng = st.dice("blooms")
    known = {"rose": "#c8324a", "sunflower": "#f3b92c", "tulip": "#e2503c", "daisy": "#f8f4ea", "poppy": "#e2402c"}
    named = [c for w, c in known.items() if w in st.brief.named or w + "s" in st.brief.named]
    body = hue if hue is not None else colour(named[0] if named else "#d9608a")
    layer = np.zeros((st.height, st.width, 4), np.uint8)
    blooms = sorted((rng.uniform(0.05, 0.3), rng.normal(0, 0.13)) for _ in range(6))
    for rise, dx in blooms[::-1]:
        px = x + dx * st.width
        py = st.height - (0.12 + rise) * min(st.scale, st.height)
        size = (0.07 + 0.035 * (0.3 - rise) / 0.3) * st.scale
        bend = rng.normal(0, 0.05) * st.scale
        stem = spline(
            [
                (px, py),
                (px, py),
                (px + 0.3 * bend, (py + st.height) / 2),
                (px + bend, st.height + 4),
                (px + bend, st.height + 4),
            ]
        )[:32]
        stroke(layer, stem, max(1, round(0.007 * st.scale)), opaque(st.surface(colour("#4c7a38"), 0.45)))
        _bloom(st, layer, rng, px, py, size, body)
    stamp(st.picture, layer)


def _bloom(st: Stage, layer: Bytes, rng: np.random.Generator, x: float, y: float, size: float, body: Field) -> None:
    rayed = bool(st.brief.named & {"sunflower", "sunflowers", "daisy", "daisies"})
    rings = ((17, 1.0, 0.2), (15, 0.88, 0.6)) if rayed else ((13, 1.0, 0.2), (11, 0.74, 0.5), (8, 0.5, 0.8))
    heart = 0.42 if rayed else 0.22
    seeds = colour("#5a3a20") if "sunflower" in st.brief.named or "sunflowers" in st.brief.named else colour("#e8b23a")
    for count, reach, bright in rings:
        turn = rng.uniform(0, 2)
        for petal in rng.permutation(count):
            angle = turn + petal * 2 * math.pi / count
            facing = 0.5 + 0.5 * (math.cos(angle) * st.side * 0.7 - math.sin(angle) * 0.7)
            tone = st.surface(
                body * np.float32(rng.uniform(0.88, 1.1)), float(np.clip(0.25 * bright + 0.75 * facing, 0, 1)), 0.03
            )
            r, w = size * reach * rng.uniform(0.9, 1.08), size * reach * (0.17 if rayed else 0.3)
            c, s = math.cos(angle), math.sin(angle)
            blade = [(0, 0), (0.5 * r, -w), (0.92 * r, -0.55 * w), (1.0 * r, 0), (0.92 * r, 0.55 * w), (0.5 * r, w)]
            turned = [(x + a * c - b * s, y + 0.78 * (a * s + b * c)) for a, b in blade]
            fill(layer, spline(turned), opaque(tone))
            stroke(layer, np.array([turned[0], turned[3]]), 1, opaque(mix(tone, st.light.near, 0.18)))
    for _ in range(170 if rayed else 46):
        a, r = rng.uniform(0, 2 * math.pi), size * heart * math.sqrt(rng.uniform())
        tone = st.surface(seeds * np.float32(rng.uniform(0.6, 1.1)), float(rng.uniform(0.2, 1)))
        dab(layer, x + r * math.cos(a), y + 0.78 * r * math.sin(a), size * 0.035, opaque(tone))


def fill_bottle(st: Stage, mask: Bytes, at: tuple[int, int], hue: Field | None, size: float) -> None:
    """Makes the bottle glass with a small galaxy in it that shines on its surroundings."""
    rows, cols = mask.shape
    region = st.picture[at[1] : at[1] + rows, at[0] : at[0] + cols]
    alpha = mask.astype(np.float32) / 255
    inside = cv2.distanceTransform((mask > 127).astype(np.uint8), cv2.DIST_L2, 3) / np.float32(0.05 * size)
    body = hue if hue is not None else colour(st.brief.tint or "#8a5fd0")
    rng = st.dice("bottle")
    gas = fbm(rng, rows, cols, 3, octaves=7, gain=0.6)
    veins = np.clip(1 - np.abs(fbm(rng, rows, cols, 3.0, octaves=6, gain=0.45)), 0, 1)
    y = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    galaxy = colour("#120a2e") + (body - colour("#120a2e")) * smooth(gas, -0.9, 1.5)[..., None]
    screen(galaxy, mix(body, colour("#ffb0e0"), 0.6), veins**2 * smooth(gas, -0.2, 2.0))
    screen(galaxy, colour("#ffe9c8"), veins**5 * smooth(gas, 0.0, 1.6) * np.float32(0.75))
    for _ in range(150):
        px, py = int(rng.uniform(0, cols)), int(rng.uniform(0, rows))
        galaxy[py : py + max(1, rows // 300), px : px + max(1, rows // 300)] = rng.uniform(0.6, 1.0)
    depth = smooth(inside, 0.0, 2.2) * smooth(y, 0.2, 0.42)
    glass = region * 0.8 + galaxy * 0.2
    paint = glass + (galaxy - glass) * (0.25 + 0.75 * depth)[..., None]
    region[:] = st.picture[at[1] : at[1] + rows, at[0] : at[0] + cols]
    region += (paint - region) * (alpha * np.float32(0.94))[..., None]
    edge = np.clip(1 - inside / 0.7, 0, 1) ** 2 * alpha
    screen(region, mix(body, colour("#ffffff"), 0.65), blur(edge, 0.004 * size) * np.float32(0.75))
    x = np.linspace(0, 1, cols, dtype=np.float32)[None, :]
    line = np.exp(-(((x - (0.5 + 0.17 * st.side)) / 0.022) ** 2)) * smooth(y, 0.42, 0.5) * smooth(y, 0.86, 0.7) * alpha
    screen(region, colour("#ffffff"), (line * 0.65).astype(np.float32))
    middle = (at[0] + cols / 2, at[1] + 0.62 * rows)
    screen(st.picture, body, np.exp(-distance(st, *middle) * np.float32(5.5)) * np.float32(0.42))


def splash(st: Stage, x: float, foot: float, size: float) -> None:
    """White water where something leaves the sea."""
    rng = st.dice("splash")
    layer = np.zeros((st.height, st.width), np.uint8)
    for _ in range(420):
        a = rng.normal(0, 0.42)
        rise = abs(rng.normal(0, 0.13)) * (1 - min(abs(a), 0.9))
        dab(
            layer,
            x + a * size,
            foot - rise * size + abs(a) * 0.02 * size,
            size * rng.uniform(0.004, 0.02),
            (float(rng.uniform(80, 230)),),
        )
    spray = layer.astype(np.float32) / 255
    foam = np.clip(spray * 0.8 + blur(spray, 0.03 * size) * 1.1, 0, 1)
    screen(st.picture, mix(colour("#ffffff"), st.light.key, 0.35), foam.astype(np.float32))
