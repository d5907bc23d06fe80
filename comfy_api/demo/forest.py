"""A forest from within: trunks, leaves, ferns, shafts of light."""

from __future__ import annotations

import numpy as np

from comfy_api.demo.brush import (
    Field,
    blur,
    colour,
    dabs,
    fbm,
    fill,
    mix,
    opaque,
    over,
    profile,
    ramp,
    screen,
    smooth,
    stamp,
)
from comfy_api.demo.land import paint_grass
from comfy_api.demo.nature import leaf_colour, ragged
from comfy_api.demo.palette import lit
from comfy_api.demo.sky import distance
from comfy_api.demo.stage import Stage

SNOW_FLOOR = colour("#e4ebf4")


def paint_forest(st: Stage) -> None:
    """A forest from within: trunks in rows that sink into lit mist, shafts of light, ferns."""
    light = st.light
    glow = mix(light.horizon, light.glow, 0.5)
    y = np.arange(st.height, dtype=np.float32) / st.height
    leaf = leaf_colour(st)
    green = st.surface(leaf, 0.5)
    back = ramp(
        [(0, mix(green, light.haze, 0.45)), (0.55, mix(glow, light.haze, 0.3)), (1, mix(green, light.near, 0.3))], y
    )
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
        body = np.array(
            [
                (x - w * 1.5, foot + w),
                (x - w * 0.75, foot - 3 * w),
                (x - w * 0.5 + lean, -9),
                (x + w * 0.5 + lean, -9),
                (x + w * 0.75, foot - 3 * w),
                (x + w * 1.5, foot + w),
            ]
        )
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
    path = np.exp(
        -(((np.arange(st.width, dtype=np.float32) - st.width * (0.5 + 0.1 * st.side)) / (0.2 * st.scale)) ** 2)
    )
    bright = np.clip(0.25 + 0.5 * path[None, :] + 0.2 * tone, 0, 1)
    ground = SNOW_FLOOR if st.brief.wants("snow") else mix(leaf, colour("#6a5638"), 0.4)
    paint = lit(st.light, ground, bright)
    paint = paint + (st.light.near - paint) * np.float32(0.3 * (1 - depth))
    paint += (st.light.haze - paint) * np.float32(max(depth, 0) ** 0.9)
    over(st.picture, paint.astype(np.float32), np.clip(below + 0.5, 0, 1), top)


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
