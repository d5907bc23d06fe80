"""Water: mirrors, waves, glitter, shore."""

from __future__ import annotations

import cv2
import numpy as np

from comfy_api.demo.brush import Field, blur, colour, fbm, ground_noise, mix, over, screen, smooth
from comfy_api.demo.stage import Stage


def paint_mirror(st: Stage, top: int, *, calm: float = 0.85, tint: Field | None = None) -> None:
    """Still water from row `top` down: what stands above it, upside down, rippled and darker."""
    rows = st.height - top
    if rows < 2 or top < 2:
        return
    ripple = ground_noise(st.dice("ripple"), rows, st.width, st.scale, cells=5, stretch=7)
    depth = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    y = np.arange(rows, dtype=np.float32)[:, None]
    source = top - 1 - y * np.float32(min(1.0, (top - 1) / rows)) * np.float32(0.98)
    source = source + ripple * (1.0 - calm) * np.float32(0.13 * st.scale) * (0.15 + depth)
    across = np.arange(st.width, dtype=np.float32)[None, :] + ripple * np.float32(0.004 * st.scale)
    mirror = np.asarray(
        cv2.remap(st.picture, across, np.clip(source, 0, top - 1), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101),
        np.float32,
    )
    tall = max(1, round(0.008 * st.scale)) | 1
    mirror = np.asarray(cv2.blur(mirror, (1, tall)), np.float32)
    deep = mix(st.light.zenith, st.light.near, 0.45) if tint is None else tint
    body = 0.12 + 0.3 * depth + 0.05 * np.clip(ripple, -1, 1)
    mirror += (deep - mirror) * body[..., None]
    alpha = np.ones((rows, st.width), np.float32)
    over(st.picture, mirror, alpha, top)
    breath = np.exp(-y / np.float32(0.012 * st.scale))
    screen(st.picture, st.light.haze, np.repeat(breath * np.float32(0.35), st.width, 1), top)
    glitter(st, top, 0.5)


def paint_sea(st: Stage, top: int, *, rough: float = 0.5) -> None:
    """Open water from row `top` down: sky light on the waves, deep colour in their backs, a path of sun."""
    rows = st.height - top
    if rows < 2:
        return
    swell = ground_noise(st.dice("swell"), rows, st.width, st.scale, cells=1.7, stretch=3.4)
    chop = ground_noise(st.dice("chop"), rows, st.width, st.scale, cells=8, stretch=3.6)
    depth = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    crests = 1.2 - 2 * np.abs(np.tanh(0.8 * chop))
    wave = swell * 0.45 + crests * 0.75
    teal = mix(colour("#0f5a6b"), st.light.zenith, 0.5)
    deep = mix(mix(teal, st.light.middle, 0.3), st.light.near, 0.25 if not st.dark() else 0.6)
    sheen = mix(st.light.horizon, st.light.middle, 0.35)
    share = np.clip(0.72 - 0.6 * depth**0.6 + wave * np.float32(0.1 + 0.18 * rough) * (0.4 + 0.8 * depth), 0, 1)
    paint = deep + (sheen - deep) * share[..., None]
    over(st.picture, paint, np.ones((rows, st.width), np.float32), top)
    foam = smooth(wave, 1.75 - 0.5 * rough, 2.6 - 0.5 * rough) * smooth(depth, 0.04, 0.3)
    over(st.picture, mix(st.light.key, colour("#ffffff"), 0.4), foam * np.float32(0.4 + 0.35 * rough), top)
    air = np.exp(-depth * 22)
    over(st.picture, st.light.haze, np.repeat(air * np.float32(0.55), st.width, 1), top)
    glitter(st, top, 1.0)


def glitter(st: Stage, top: int, amount: float) -> None:
    """The path of sun or moon on the water, broken by waves."""
    if st.brief.wants("storm") or st.light.name == "day":
        amount *= 0.35
    if not st.brief.allows("moon" if st.dark() else "sun"):
        return
    rows = st.height - top
    spark = ground_noise(st.dice("spark"), rows, st.width, st.scale, cells=7, stretch=6)
    depth = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    wide = np.float32(st.scale) * (0.03 + 0.13 * depth)
    off = (np.arange(st.width, dtype=np.float32)[None, :] - np.float32(st.sun[0])) / wide
    path = np.exp(-(off**2) * 0.7) * (1 - 0.55 * depth)
    core = smooth(spark + 1.3 * path, 0.75, 1.9) * path
    screen(st.picture, st.light.glow, path * np.float32(0.28 * amount), top)
    screen(st.picture, mix(st.light.glow, colour("#ffffff"), 0.5), core * np.float32(0.85 * amount), top)


def paint_river(st: Stage, top: int, albedo_bank: Field) -> None:
    """A river that winds from row `top` to the lower edge and mirrors the sky."""
    rng = st.dice("river")
    rows = st.height - top
    if rows < 4:
        return
    t = np.linspace(0, 1, rows, dtype=np.float32)
    swing = np.sin(np.float32(rng.uniform(5.5, 8.0)) * np.sqrt(t) * 1.25 + np.float32(rng.uniform(0, 6)))
    middle = st.width * 0.5 + st.scale * (0.05 + 0.3 * t) * swing + st.scale * 0.12 * st.side * (1 - t)
    half = st.scale * (0.008 + 0.22 * t**1.5)
    rough = ground_noise(st.dice("bank"), rows, st.width, st.scale, cells=5, stretch=3)
    off = np.abs(np.arange(st.width, dtype=np.float32)[None, :] - middle[:, None])
    edge = off - half[:, None] * (1 + 0.1 * rough)
    soft = np.float32(0.0012 * st.scale) + t[:, None] * np.float32(0.002 * st.scale)
    water = 1 - smooth(edge / soft, -1, 1)
    source = st.picture[np.clip(top - 1 - np.arange(rows), 0, None)]
    mirror = np.asarray(cv2.blur(source, (1, max(3, round(0.03 * st.scale) | 1))), np.float32)
    ripple = ground_noise(st.dice("ripple"), rows, st.width, st.scale, cells=6, stretch=7)
    open_sky = mix(st.light.middle, st.light.horizon, 0.4)
    shine = open_sky * (1 - 0.3 * t[:, None, None]) + mirror * 0
    paint = mirror * 0.55 + shine * 0.45 + (ripple * 0.035)[..., None]
    bank = np.exp(-np.maximum(edge, 0) / np.float32(0.012 * st.scale)) * (1 - water)
    over(st.picture, mix(albedo_bank, st.light.near, 0.45), bank * np.float32(0.6), top)
    over(st.picture, paint.astype(np.float32), water, top)
    screen(
        st.picture,
        st.light.glow,
        water
        * np.exp(-(((np.arange(st.width, dtype=np.float32) - st.sun[0]) / (0.25 * st.scale)) ** 2))[None, :]
        * np.float32(0.35),
        top,
    )


def paint_sand(st: Stage, top: float) -> None:
    """A beach across the lower edge: wet sand that mirrors, a lace of foam, dry sand."""
    rng = st.dice("sand")
    first = max(int(top), 0)
    rows = st.height - first
    if rows < 4:
        return
    lean = np.linspace(-1, 1, st.width, dtype=np.float32) * np.float32(0.06 * st.side)
    wavy = 0.02 * np.sin(np.linspace(0, 9, st.width, dtype=np.float32) + np.float32(rng.uniform(0, 6)))
    edge = 0.06 + lean + wavy
    y = (np.arange(rows, dtype=np.float32)[:, None]) / np.float32(st.scale) - edge[None, :]
    grain = fbm(rng, rows, st.width, 40, octaves=4, gain=0.7, stretch=3)
    y = y + 0.004 * fbm(rng, rows, st.width, 9, octaves=4, stretch=2)
    wet = mix(st.light.horizon, st.surface(colour("#8a6b4e"), 0.4), 0.5)
    dry = st.surface(colour("#e9cfa2"), 0.7)
    dryness = smooth(y, 0.02, 0.11)
    paint = wet + (dry - wet) * dryness[..., None]
    paint = paint * (1 + 0.035 * grain * (0.3 + dryness))[..., None]
    over(st.picture, paint.astype(np.float32), smooth(y, 0.0, 0.004), first)
    lace = (
        np.exp(-(((y - 0.002) / 0.006) ** 2))
        + 0.5 * np.exp(-(((y + 0.035) / 0.005) ** 2))
        + 0.3 * np.exp(-(((y + 0.07) / 0.004) ** 2))
    )
    broken = smooth(fbm(rng, rows, st.width, 26, octaves=4, stretch=2), -1.2, 0.4)
    over(
        st.picture,
        mix(colour("#ffffff"), st.light.key, 0.35),
        blur(lace * broken, 0.8).clip(0, 1) * np.float32(0.85),
        first,
    )
