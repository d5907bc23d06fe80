"""Pieces of land that several places share: the season's turf, far mountains, mist, foregrounds."""

from __future__ import annotations

import numpy as np

from comfy_api.demo import nature
from comfy_api.demo.brush import Field, colour, fbm, mix, screen
from comfy_api.demo.land import GRASS, paint_frame, paint_grass, paint_hill, paint_range
from comfy_api.demo.stage import Stage

SNOWFIELD = colour("#e8eff8")


def snowy(st: Stage) -> bool:
    return st.place == "winter" or st.brief.wants("snow")


def turf(st: Stage, code: str = "") -> Field:
    """The ground cover of the season and the words; `code` is its usual colour."""
    own = _season(st, code)
    return mix(own, colour(st.brief.land), 0.5) if st.brief.land else own


def _season(st: Stage, code: str) -> Field:
    if snowy(st):
        return SNOWFIELD
    named = st.brief.named
    if "autumn" in named:
        return colour("#b07a34")
    if "lavender" in named:
        return colour("#8a6fb8")
    if "wheat" in named or "savanna" in named:
        return colour("#cba552")
    return colour(code) if code else GRASS


def paint_far_mountains(st: Stage, tall: float, foot: float, count: int = 3) -> None:
    rng = st.dice("far")
    snow = 0.75 if snowy(st) else float(rng.uniform(0.25, 0.6))
    for index in range(count):
        depth = 0.64 - 0.22 * index
        high = tall * st.scale * (1.0 - 0.24 * index) * rng.uniform(0.85, 1.1)
        base = foot + (0.02 + 0.035 * index) * st.scale
        paint_range(st, f"range {index}", base, high, depth, peaks=int(rng.integers(2, 5)), snow=snow - 0.12 * index)
        paint_mist(st, f"mist {index}", base - 0.03 * st.scale, 0.05, 0.4)


def paint_mist(st: Stage, name: str, row: float, tall: float, amount: float) -> None:
    """A bank of mist that lies along a row."""
    amount *= 1.6 if st.brief.wants("fog") else 1.0
    top = max(int(row - 3 * tall * st.scale), 0)
    end = min(int(row + 3 * tall * st.scale), st.height)
    if end - top < 4:
        return
    y = (np.arange(top, end, dtype=np.float32)[:, None] - np.float32(row)) / np.float32(tall * st.scale)
    drift = fbm(st.dice(name), end - top, st.width, 3, octaves=4, stretch=4)
    body = np.exp(-((y + 0.4 * drift) ** 2)) * (0.75 + 0.25 * drift)
    screen(st.picture, mix(st.light.haze, st.light.horizon, 0.4), np.clip(body * np.float32(amount), 0, 0.9), top)


def paint_foreground(st: Stage) -> None:
    """A dark near slope with tall conifers on the sun's side: depth, and a frame."""
    base = st.height - 0.02 * st.scale
    line = paint_hill(
        st,
        "near",
        base,
        0.1 * st.scale,
        0.0,
        albedo=mix(turf(st), colour("#30402c"), 0.35 if not snowy(st) else 0.0),
        mist=0.0,
    )
    paint_frame(st, "frame", st.height, 0.46 * st.scale)
    if not snowy(st):
        paint_grass(st, "near grass", float(line.mean()) + 0.03 * st.scale, albedo=turf(st), tall=0.05, count=900)


def paint_near_shore(st: Stage) -> None:
    nature.paint_reeds(st, "reeds")
    paint_frame(st, "frame", st.height, 0.5 * st.scale)


def paint_meadow(st: Stage, top: float) -> None:
    if snowy(st):
        return
    paint_grass(st, "grass", top, albedo=turf(st))
    if st.brief.allows("flower"):
        nature.paint_flowers(st, "flowers", top, many=st.brief.wants("flower") or "lavender" in st.brief.named)
