"""Skies: gradient, sun and moon, stars, clouds, aurora, rainbow."""

from __future__ import annotations

import math

import cv2
import numpy as np

from comfy_api.demo.brush import (
    Field,
    blur,
    colour,
    dab,
    fbm,
    ground_noise,
    mix,
    opaque,
    over,
    profile,
    ramp,
    screen,
    smooth,
    stamp,
)
from comfy_api.demo.stage import Stage


def paint_sky(st: Stage) -> None:
    """The whole sky behind the scene, down to the horizon and on (for scenes that leave it open)."""
    _gradient(st)
    stars = st.light.name == "night" or st.brief.wants("stars")
    if stars and st.brief.allows("stars"):
        paint_stars(st, 1.0 if st.light.name == "night" else 0.5)
    if st.brief.wants("aurora"):
        _aurora(st)
    _halo(st)
    if _has_disc(st):
        _disc(st)
    if st.brief.allows("clouds") and not st.brief.wants("clear"):
        _clouds(st)
    if st.brief.wants("rainbow"):
        _rainbow(st)


def _has_disc(st: Stage) -> bool:
    moon = st.light.name in ("night", "dusk")
    hidden = st.brief.wants("storm") or (st.brief.wants("rain") and not moon)
    return not hidden and st.light.name != "day" and st.brief.allows("moon" if moon else "sun")


def _gradient(st: Stage) -> None:
    light = st.light
    y = np.arange(st.height, dtype=np.float32) / max(st.horizon, 1)
    column = ramp(
        [
            (0.0, light.zenith),
            (0.5, light.middle),
            (0.82, mix(light.middle, light.horizon, 0.62)),
            (1.0, light.horizon),
            (1.4, mix(light.horizon, light.haze, 0.6)),
        ],
        y,
    )
    st.picture[:] = column[:, None]
    wander = fbm(st.dice("sky tone"), st.height, st.width, 2.2, octaves=4, stretch=2.5)
    over(st.picture, light.zenith, np.clip(wander * 0.05 + 0.04, 0, 0.2) * (1 - smooth(y, 0.4, 1.0))[:, None])


def distance(st: Stage, x: float, y: float, flat: float = 1.0) -> Field:
    """Distance of every pixel from a point, in parts of the scale; `flat` > 1 widens it."""
    dx = (np.arange(st.width, dtype=np.float32) - np.float32(x)) / np.float32(st.scale * flat)
    dy = (np.arange(st.height, dtype=np.float32) - np.float32(y)) / np.float32(st.scale)
    return np.sqrt(dx[None, :] ** 2 + dy[:, None] ** 2)


def _halo(st: Stage) -> None:
    x, y = st.sun
    weak = 0.55 if st.brief.wants("storm") else 1.0
    if st.dark():
        weak *= 0.5
    far = distance(st, x, y, 1.5)
    near = distance(st, x, y)
    screen(st.picture, st.light.glow, np.float32(0.62 * weak) * np.exp(-far * 3.6))
    screen(st.picture, mix(st.light.glow, colour("#ffffff"), 0.35), np.float32(0.6 * weak) * np.exp(-near * 11))


def _disc(st: Stage) -> None:
    x, y = st.sun
    near = distance(st, x, y)
    moon = st.dark()
    big = 0.036 if "minimal" not in st.brief.styles else 0.085
    radius = (0.03 if moon else big) * (1.8 if st.brief.wants("moon") else 1.0)
    edge = 1.2 / st.scale
    alpha = smooth(near, radius + edge, radius - edge)
    face = mix(st.light.glow, colour("#fffdf4"), 0.75)
    if not moon:
        over(st.picture, face, alpha * np.float32(0.96))
        return
    seas = fbm(st.dice("moon"), st.height, st.width, 30, octaves=4)
    paint = face * (0.93 - 0.05 * np.clip(seas, -1.5, 1.5))[..., None]
    if "crescent" in st.brief.named:
        alpha = alpha * smooth(
            distance(st, x + radius * st.scale * 0.55, y - radius * st.scale * 0.2),
            radius * 0.93 - edge,
            radius * 0.93 + edge,
        )
    over(st.picture, paint, alpha)
    screen(st.picture, st.light.glow, np.float32(0.35) * np.exp(-np.maximum(near - radius, 0) * 22))


def paint_stars(st: Stage, amount: float) -> None:
    """Stars of many sizes and, in the darkest part of the sky, a band of the galaxy."""
    rng = st.dice("stars")
    layer = np.zeros((st.height, st.width, 4), np.uint8)
    count = int(520 * amount)
    x, y = rng.uniform(0, st.width, count), rng.uniform(0, 1, count) ** 1.3 * st.horizon
    size, warm = rng.pareto(2.6, count) * 0.0003 + 0.0004, rng.uniform(0, 1, count)
    faint = np.clip(1.15 - y / max(st.horizon, 1), 0.1, 1) * rng.uniform(0.35, 1, count)
    for i in range(count):
        shade = mix(colour("#bcd0ff"), colour("#fff1d8"), float(warm[i])) * np.float32(faint[i])
        r, g, b, _ = opaque(shade)
        dab(layer, x[i], y[i], min(size[i], 0.0026) * st.scale, (r, g, b, 255.0 * float(faint[i])))
    if st.light.name == "night":
        _galaxy(st, 0.55 * amount)
    stamp(st.picture, layer)
    sparkle = blur(layer[..., :3].astype(np.float32) / 255, 0.004 * st.scale)
    st.picture += sparkle * np.float32(0.9)


def _galaxy(st: Stage, amount: float) -> None:
    rng = st.dice("galaxy")
    angle = rng.uniform(0.5, 1.1) * rng.choice([-1, 1])
    x = (np.arange(st.width, dtype=np.float32) / st.scale)[None, :] - rng.uniform(0.3, 0.7) * st.width / st.scale
    y = (np.arange(st.height, dtype=np.float32) / st.scale)[:, None] - 0.3 * st.horizon / st.scale
    across = x * np.float32(math.cos(angle)) + y * np.float32(math.sin(angle))
    cloud = fbm(rng, st.height, st.width, 4, octaves=7, gain=0.6)
    band = np.exp(-((across + 0.05 * cloud) ** 2) * 34)
    core = np.clip(band * (0.55 + 0.3 * cloud), 0, 1)
    fade = (1 - smooth(np.arange(st.height, dtype=np.float32) / max(st.horizon, 1), 0.45, 1.0))[:, None]
    screen(st.picture, mix(colour("#8a7bd8"), st.light.horizon, 0.4), core * fade * np.float32(amount))
    dust = np.clip(fbm(rng, st.height, st.width, 6, octaves=6, gain=0.6) - 0.2, 0, 1)
    screen(st.picture, colour("#ffd9c2"), core**2 * (1 - dust) * fade * np.float32(amount * 0.6))


def _clouds(st: Stage) -> None:
    rng = st.dice("cloud kind")
    heavy = st.brief.wants("storm") or st.brief.wants("rain")
    many = heavy or st.brief.wants("clouds")
    if st.light.name == "night" and not many:
        return
    _veil(st, 0.95 if heavy else 0.8 if many else float(rng.uniform(0.35, 0.65)), heavy)
    if many or st.light.name in ("day", "golden", "dawn", "sunset"):
        _banks(st, 3 if many else int(rng.integers(1, 3)), heavy)


def _veil(st: Stage, amount: float, heavy: bool) -> None:
    """High cloud in perspective, lit from where the sun stands."""
    rows = max(st.horizon, 8)
    field = ground_noise(st.dice("veil"), rows, st.width, st.scale * 0.8, cells=0.9, stretch=2.2, octaves=7)[::-1]
    density = smooth(field, 0.9 - 1.3 * amount, 2.5 - 0.9 * amount)
    shift = max(2, round(0.014 * st.scale))
    lee = _moved(blur(density, 0.006 * st.scale), -shift * st.side, -shift * 0.6)
    bright = np.clip(0.5 + (density - lee) * 1.6, 0, 1)
    level = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    near = np.exp(-distance(st, *st.sun, 1.4)[:rows] * 2.6)
    shade = mix(st.light.middle, st.light.haze, 0.45)
    if heavy:
        shade = mix(st.light.zenith, colour("#2c3340"), 0.3)
    light = mix(st.light.glow, st.light.horizon, 0.4)
    warm = np.clip(bright * (0.3 + 0.9 * near) * (0.4 if heavy else 1.0), 0, 1)
    paint = shade + (light - shade) * warm[..., None]
    fade = np.clip(1.15 - level, 0, 1) * np.float32(min(amount + 0.15, 0.95))
    over(st.picture, paint, density * fade)


def _banks(st: Stage, count: int, heavy: bool) -> None:
    """Heaped clouds standing on the horizon: bright crowns, feet lost in the haze."""
    for index in range(count):
        rng = st.dice(f"bank {index}")
        depth = 1 - index / max(count, 1) * 0.6
        foot = st.horizon * (1.02 - 0.1 * index * rng.uniform(0.4, 1.2))
        tall = st.scale * rng.uniform(0.1, 0.2) * (1.4 if heavy else 1)
        crown = _billow(rng, st.width, rng.uniform(1.6, 3.2))
        envelope = np.clip(profile(rng, st.width, 1.6, octaves=2) * 0.9 + 0.35, 0, 1)
        top_line = foot - tall * envelope * (0.35 + crown)
        top = max(int(top_line.min() - 0.1 * tall) - 2, 0)  # the puffs reach above the line
        end = min(int(foot + 1), st.height)
        if end - top < 4:
            continue
        y = np.arange(top, end, dtype=np.float32)[:, None]
        puff = fbm(rng, end - top, st.width, 9, octaves=5, gain=0.55)
        below = (y - top_line[None, :]) / np.float32(tall) + puff * np.float32(0.07)
        body = smooth(below, -0.015, 0.07) * (1 - smooth(y / np.float32(foot), 0.86, 1.0))
        slope = np.gradient(top_line).astype(np.float32) * np.float32(st.side)
        soft = np.tanh(blur(slope[None, :], 0.03 * st.scale))
        facing = np.clip(0.6 + 0.25 * soft - below * 0.9 + puff * 0.14, 0, 1)
        crest = mix(st.light.glow, colour("#ffffff"), 0.45 if st.light.name == "day" else 0.12)
        shade = mix(st.light.middle, st.light.haze, 0.55)
        if heavy:
            crest, shade = mix(crest, shade, 0.55), mix(shade, st.light.zenith, 0.5)
        paint = shade + (crest - shade) * facing[..., None]
        over(st.picture, paint, body * np.float32(0.8 * depth), top)


def _moved(field: Field, right: float, down: float) -> Field:
    """The field, so many pixels further; its edges go on, for a wrapped one would show as a seam."""
    size = (field.shape[1], field.shape[0])
    step = np.array([[1, 0, int(right)], [0, 1, int(down)]], np.float32)
    moved = cv2.warpAffine(field, step, size, flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.float32)


def _billow(rng: np.random.Generator, width: int, cells: float) -> Field:
    out = np.zeros(width, np.float32)
    amount = 1.0
    for _ in range(5):
        bumps = 1 - np.abs(profile(rng, width, cells, octaves=1))
        out += np.float32(amount) * np.sqrt(np.clip(bumps, 0, 1))
        amount *= 0.36
        cells *= 2.1
    return out / 1.6


def _aurora(st: Stage) -> None:
    rows = st.horizon
    y = np.arange(rows, dtype=np.float32)[:, None] / max(rows, 1)
    for index, code in enumerate(("#46f0a0", "#3fd9c8", "#a06bff")):
        rng = st.dice(f"aurora {index}")
        foot = 0.62 - 0.12 * index + 0.2 * profile(rng, st.width, 2.2, octaves=4)
        rays = 0.55 + 0.45 * profile(rng, st.width, 46, octaves=3)
        rays = rays * np.clip(0.45 + 0.7 * profile(rng, st.width, 3, octaves=2), 0.05, 1)
        above = foot[None, :] - y
        curtain = np.where(above > 0, np.exp(-np.maximum(above, 0) * (5.2 - index)), np.exp(np.minimum(above, 0) * 38))
        screen(st.picture, colour(code), blur(curtain * rays[None, :], 0.003 * st.scale) * np.float32(0.62))


def _rainbow(st: Stage) -> None:
    x = st.width * (0.5 - 0.28 * st.side)
    radius = 0.62 * min(st.scale, st.horizon * 1.25)
    near = distance(st, x, st.horizon + 0.12 * st.scale) * np.float32(st.scale / radius)
    band = np.clip((near - 0.93) / 0.1, 0, 1)
    hues = ramp(
        [
            (0, colour("#7a48d8")),
            (0.25, colour("#3f7fe8")),
            (0.45, colour("#4fd07a")),
            (0.65, colour("#f8e05a")),
            (0.82, colour("#f79a3c")),
            (1, colour("#ec4a4a")),
        ],
        band.ravel(),
    ).reshape(*band.shape, 3)
    inside = np.clip(np.sin(band * np.float32(math.pi)), 0, 1)
    st.picture += hues * (inside * np.float32(0.3))[..., None] * (1 - 0.5 * st.picture)
    screen(st.picture, colour("#ffffff"), (near < 0.93).astype(np.float32) * np.float32(0.06))
    np.minimum(st.picture, 1, out=st.picture)
