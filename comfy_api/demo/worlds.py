"""Space: nebulae, stars, a planet."""

from __future__ import annotations

import math

import numpy as np

from comfy_api.demo.brush import (
    Field,
    colour,
    fbm,
    mix,
    over,
    profile,
    screen,
    smooth,
)
from comfy_api.demo.sky import distance, paint_stars
from comfy_api.demo.stage import Stage


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
    alpha = (
        smooth(r, 1.32, 1.36)
        * smooth(r, 2.15, 2.05)
        * (0.55 + 0.35 * bands[np.clip(r * 400, 0, 1023).astype(np.int32)])
    )
    behind = (v < 0) & (dx**2 + dy**2 < 1)
    shadow = 1 - 0.8 * smooth(-u * st.side - 0.2, 0.0, 1.0) * (v < 0.2)
    over(
        st.picture,
        (mix(base, colour("#ffffff"), 0.3) * shadow[..., None]).astype(np.float32),
        np.where(behind, 0, np.clip(alpha, 0, 0.9)).astype(np.float32),
    )
