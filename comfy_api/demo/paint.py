"""The demo engine's painter: a text becomes a landscape, with no model behind it.

Pictures are uint8, H×W×3, RGB. Everything is a pure function of its arguments; there is no shared state.
"""

from __future__ import annotations

import hashlib

import cv2
import numpy as np
from numpy.typing import NDArray

from comfy_api.demo import finish, subjects
from comfy_api.demo.brush import Field, dice
from comfy_api.demo.develop import develop, noise, restyle
from comfy_api.demo.palette import light_for
from comfy_api.demo.scenes import paint_scene
from comfy_api.demo.stage import Stage
from comfy_api.demo.words import ANYWHERE, HOME, Brief, read

__all__ = ["develop", "noise", "paint", "restyle"]

MAX_PAINTED = 1440 * 1440
"""Pixels that are painted one by one; a larger picture is painted at this size and enlarged."""


def paint(text: str, *, negative: str = "", seed: int, width: int, height: int, cfg: float = 7.0) -> NDArray[np.uint8]:
    """The finished picture for a prompt text, H×W×3 uint8 RGB, the same for the same arguments.

    `negative` names what to leave out; `seed` (0 … 2**64-1) gives siblings; `cfg` (7 is neutral) pushes
    colour and contrast.
    """
    brief = read(text, negative)
    theme = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    key = f"{theme} {seed}"
    shrink = min(1.0, (MAX_PAINTED / (width * height)) ** 0.5)
    st = _stage(brief, theme, key, max(round(width * shrink), 8), max(round(height * shrink), 8))
    paint_scene(st)
    finish.paint_fog(st)
    subjects.paint_subjects(st)
    finish.paint_weather(st)
    finish.grade(st, cfg)
    finish.stylise(st)
    picture: Field = st.picture
    if shrink < 1:
        picture = np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)
    return finish.grain(picture, st.dice("grain"), 0.0 if "pixel" in brief.styles else 0.011)


def _stage(brief: Brief, theme: str, key: str, width: int, height: int) -> Stage:
    light = light_for(brief, key, theme)
    place = _place(brief, theme)
    rng = dice(key, "composition")
    share = rng.uniform(0.5, 0.6) if width >= height else rng.uniform(0.52, 0.64)
    horizon = round(height * (share + _LIFT.get(place, 0.0)))
    side = float(rng.choice([-1, 1]))
    sun_x = width * (0.5 + side * rng.uniform(0.1, 0.24))
    sun_y = horizon * (1 - light.height) if light.name != "day" else -0.06 * height
    return Stage(np.empty((height, width, 3), np.float32), light, brief, key, place, horizon, (sun_x, sun_y))


_LIFT = {
    "field": -0.06,
    "desert": -0.05,
    "canyon": -0.06,
    "city": 0.08,
    "sea": 0.0,
    "garden": -0.1,
    "river": -0.06,
    "mountain": 0.02,
    "street": 0.02,
    "beach": -0.08,
    "village": -0.02,
}


def _place(brief: Brief, theme: str) -> str:
    """The place that is named (the most telling of several), else one where the subject is at home."""
    places = list(brief.places)
    if "space" in places and len(places) > 1 and any(s == "bottle" for s, _ in brief.subjects):
        places.remove("space")  # a galaxy in a bottle stands in a landscape
    strong = [p for p in places if p not in ("field", "winter", "sea")] or places
    for place in _TELLING:
        if place in strong:
            return place
    if strong:
        return strong[0]
    rng = dice(theme, "place")
    for subject, _ in brief.subjects:
        homes = HOME[subject]
        return homes[int(rng.integers(len(homes)))]
    return "winter" if brief.wants("snow") else ANYWHERE[int(rng.integers(len(ANYWHERE)))]


_TELLING = ("space", "lighthouse", "castle", "street", "city", "village", "island", "beach", "lake")
