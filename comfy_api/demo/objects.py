"""Subjects with a hand of their own: trees, birds, boats, houses, flowers, balloons; what fills a bottle."""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np

from comfy_api.demo.brush import (
    Bytes, Field, blur, colour, dab, fbm, fill, mix, opaque, screen, smooth, spline, stamp, stroke,
)  # fmt: skip
from comfy_api.demo.built import paint_house
from comfy_api.demo.nature import leaf_colour, paint_crown, ragged
from comfy_api.demo.sky import distance
from comfy_api.demo.stage import Stage


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
    roots = [(x - 0.1 * size, foot + 0.02 * size), (x - 0.035 * size, foot - 0.08 * size), (x + 0.035 * size, foot - 0.08 * size), (x + 0.1 * size, foot + 0.02 * size), (x, foot + 0.005 * size)]
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
    layer: Bytes, rng: np.random.Generator, at: tuple[float, float], angle: float, long: float, wide: float, left: int,
    bark: Field, tips: list[tuple[float, float]],
) -> None:  # fmt: skip
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
        wing = [(-1, -lift), (-0.55, -0.42 * lift - 0.2), (-0.1, -0.02), (0.0, 0.0), (0.1, -0.02), (0.55, -0.42 * lift - 0.2),
                (1, -lift), (0.5, -0.3 * lift - 0.03), (0.12, 0.14), (0, 0.2), (-0.12, 0.14), (-0.5, -0.3 * lift - 0.03)]  # fmt: skip
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

    def at(*points: tuple[float, float]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        return np.array([(x + s * a * size, foot + b * size) for a, b in points])

    fill(layer, spline([tuple(p) for p in at((-0.03, -0.97), (-0.03, -0.97), (-0.17, -0.62), (-0.3, -0.17), (-0.3, -0.17), (-0.16, -0.13), (-0.03, -0.13), (-0.03, -0.13))]), opaque(shade))
    fill(layer, spline([tuple(p) for p in at((0.0, -0.92), (0.0, -0.92), (0.2, -0.6), (0.36, -0.16), (0.36, -0.16), (0.18, -0.14), (0.0, -0.13), (0.0, -0.13))]), opaque(light))
    for k in range(1, 5):
        stroke(layer, at((0.01, -0.13 - 0.15 * k), (0.34 - 0.07 * k, -0.15 - 0.15 * k)), 1, opaque(mix(light, shade, 0.45)))
    stroke(layer, at((-0.015, 0.0), (-0.015, -1.0)), max(1, round(0.012 * size)), opaque(hull))
    fill(layer, spline([tuple(p) for p in at((-0.36, -0.11), (-0.36, -0.11), (0.0, -0.075), (0.42, -0.125), (0.42, -0.125), (0.3, 0.0), (0.1, 0.035), (-0.2, 0.03), (-0.32, 0.0))]), opaque(hull))
    stroke(layer, at((-0.35, -0.095), (0.0, -0.062), (0.4, -0.108)), max(1, round(0.012 * size)), opaque(mix(hull, light, 0.6)))
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


def _balloons(st: Stage, x: float, hue: Field | None) -> None:
    rng = st.dice("balloons")
    first = hue if hue is not None else colour(("#d8493a", "#e08a2e", "#2f8f8f", "#c2477a")[int(rng.integers(4))])
    spots = [(x, st.horizon * 0.42, 0.28, 0.0)]
    for _ in range(int(rng.integers(3, 6))):
        spots.append((st.width * rng.uniform(0.08, 0.92), st.horizon * rng.uniform(0.22, 0.85), rng.uniform(0.05, 0.11), 0.35))
    for number, (px, py, size, depth) in enumerate(sorted(spots, key=lambda s: s[2])):
        body = first if size > 0.2 else colour(("#e8b64a", "#c2477a", "#3f7fb8", "#e9dcc4", "#d8493a")[number % 5])
        _balloon(st, px, py, size * min(st.scale, st.height), body, depth)


def _balloon(st: Stage, x: float, y: float, size: float, body: Field, depth: float) -> None:
    layer = _layer(st)
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
        stroke(layer, np.array([(x + dx * size, neck), (x + 0.8 * dx * size, basket)]), max(1, round(0.005 * size)), dark)
    fill(layer, np.array([(x - 0.045 * size, basket), (x + 0.045 * size, basket), (x + 0.035 * size, basket + 0.065 * size), (x - 0.035 * size, basket + 0.065 * size)]), dark)
    stamp(st.picture, layer)
    if st.light.lamps > 0.5:
        screen(st.picture, colour("#ffb45a"), np.exp(-distance(st, x, top + 0.6 * size) * np.float32(6.5 * st.scale / size)) * np.float32(0.7))


def _flowers(st: Stage, x: float, hue: Field | None) -> None:
    """A few large flowers in front, where the flower is all that the text asks for."""
    if len(st.brief.subjects) > 1 or st.brief.named & {"field", "meadow", "landscape", "lavender"}:
        return
    rng = st.dice("blooms")
    known = {"rose": "#c8324a", "sunflower": "#f3b92c", "tulip": "#e2503c", "daisy": "#f8f4ea", "poppy": "#e2402c"}
    named = [c for w, c in known.items() if w in st.brief.named or w + "s" in st.brief.named]
    body = hue if hue is not None else colour(named[0] if named else "#d9608a")
    layer = _layer(st)
    blooms = sorted((rng.uniform(0.05, 0.3), rng.normal(0, 0.13)) for _ in range(6))
    for rise, dx in blooms[::-1]:
        px = x + dx * st.width
        py = st.height - (0.12 + rise) * min(st.scale, st.height)
        size = (0.07 + 0.035 * (0.3 - rise) / 0.3) * st.scale
        bend = rng.normal(0, 0.05) * st.scale
        stem = spline([(px, py), (px, py), (px + 0.3 * bend, (py + st.height) / 2), (px + bend, st.height + 4), (px + bend, st.height + 4)])[:32]
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
            tone = st.surface(body * np.float32(rng.uniform(0.88, 1.1)), float(np.clip(0.25 * bright + 0.75 * facing, 0, 1)), 0.03)
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
        dab(layer, x + a * size, foot - rise * size + abs(a) * 0.02 * size, size * rng.uniform(0.004, 0.02), (float(rng.uniform(80, 230)),))
    spray = layer.astype(np.float32) / 255
    foam = np.clip(spray * 0.8 + blur(spray, 0.03 * size) * 1.1, 0, 1)
    screen(st.picture, mix(colour("#ffffff"), st.light.key, 0.35), foam.astype(np.float32))


PAINTERS: dict[str, Callable[[Stage, float, Field | None], None]] = {
    "tree": _tree, "bird": _birds, "boat": _boat, "house": _house, "balloon": _balloons, "flower": _flowers,
}  # fmt: skip
