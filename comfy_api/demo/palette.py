"""Light and colour of a painted scene: one palette a time of day, bent by weather, colour words and chance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from comfy_api.demo.brush import Field, colour, dice, mix
from comfy_api.demo.words import COLOURS, Brief


@dataclass(frozen=True, slots=True)
class Light:
    """The colours of one light. Each is RGB 0..1."""

    zenith: Field
    middle: Field
    horizon: Field
    glow: Field
    """Halo of the sun or moon."""
    haze: Field
    """What far things fade into."""
    near: Field
    """The darkest silhouette."""
    key: Field
    """Light on surfaces that face the sun."""
    ambient: Field
    """Light in the shade."""
    height: float
    """Height of the sun above the horizon, in parts of the sky."""
    lamps: float
    """How much windows and lamps shine, 0..1."""
    name: str

    def mapped(self, change: Callable[[Field], Field]) -> Light:
        """The light with every colour changed."""
        return replace(
            self,
            zenith=change(self.zenith),
            middle=change(self.middle),
            horizon=change(self.horizon),
            glow=change(self.glow),
            haze=change(self.haze),
            near=change(self.near),
            key=change(self.key),
            ambient=change(self.ambient),
        )


_TABLE: dict[str, list[tuple[str, float, float]]] = {
    # zenith middle horizon glow haze near key ambient; height, lamps. The words pick the time, chance the row.
    "dawn": [
        ("#54719f #c9adc0 #ffd8b4 #ffe2ae #dcbfc4 #2b3350 #ffd9b8 #7d83ab", 0.16, 0.3),
        ("#5f78b8 #e0a7b8 #ffe4bd #fff0c4 #cdb3cc #2d2c52 #ffcfc0 #8480b4", 0.2, 0.3),
    ],
    "day": [
        ("#2a6fb8 #74b1df #e2f0f0 #fff3d2 #b0d0e2 #1c3a3c #fff2d6 #7fa2c4", 0.7, 0.0),
        ("#3a86c8 #8cc6e4 #f3efdc #fff0c6 #bcd6dc #1d4038 #fff0cc #88a8bc", 0.62, 0.0),
    ],
    "golden": [
        ("#6a8fae #efc893 #ffdd92 #ffc45e #e6b98a #38262a #ffc878 #93808e", 0.2, 0.3),
        ("#4f7f9c #e9bd8c #ffd27c #ffb84e #dfa77c #2e2830 #ffbf6a #7f7c94", 0.24, 0.3),
    ],
    "sunset": [
        ("#2b2f6e #bd4f80 #ff9d58 #ff8440 #b7607f #1b1434 #ff9a62 #64468a", 0.1, 0.6),
        ("#274066 #dd6b69 #ffc06a #ff9a48 #b8666c #1a1a33 #ffa668 #5a4f80", 0.12, 0.6),
    ],
    "dusk": [
        ("#131c46 #434f94 #e6a39b #ffb79c #6a6fa8 #0c1130 #a9b2ea #3a4482", 0.03, 1.0),
        ("#10284e #3c6a96 #f1bf9c #ffd0a2 #5f83a6 #0a1a30 #a8c4e2 #33588a", 0.03, 1.0),
    ],
    "night": [
        ("#040919 #0e2148 #2d4d80 #c9dcff #213f74 #03060f #a9c2f2 #1d3163", 0.62, 1.0),
        ("#070720 #1c1d52 #45508f #d8d6ff #33397a #05040f #b9bdf4 #282a68", 0.58, 1.0),
    ],
}  # fmt: skip

_BY_CHANCE = ("dawn", "golden", "sunset", "day", "golden", "day")
_BRIGHT = ("day", "golden", "dawn")
"""Where pale paper or flowers want light."""


def light_for(brief: Brief, key: str, theme: str) -> Light:
    """The light of a brief: `theme` (the words) picks it, `key` (words and seed) varies it a little."""
    chance = dice(theme, "light")
    name = _time(brief, _BY_CHANCE[int(chance.integers(len(_BY_CHANCE)))])
    codes, height, lamps = _TABLE[name][int(chance.integers(2))]
    zenith, middle, horizon, glow, haze, near, sun, ambient = (colour(code) for code in codes.split())
    light = Light(zenith, middle, horizon, glow, haze, near, sun, ambient, height, lamps, name)
    other = dice(key, "light")
    light = _turn(light, float(chance.normal(0, 0.014) + other.normal(0, 0.012)))
    light = replace(light, height=light.height * float(other.uniform(0.8, 1.15)))
    if "neon" in brief.styles:
        light = _lean(_lean(light, colour("#7a2bd0"), 0.35), colour("#0a0a2a"), 0.2)
        light = replace(light, lamps=1.0, horizon=mix(light.horizon, colour("#ff3fa4"), 0.55))
    light = _weathered(light, brief)
    if brief.tint:
        light = _lean(light, colour(brief.tint), 0.3 if brief.tint != COLOURS["black"] else 0.22)
    if brief.land:
        light = _lean(light, colour(brief.land), 0.08)
    return light


def lit(light: Light, albedo: Field, amount: float | Field) -> Field:
    """A surface of colour `albedo` under the light; `amount` 0 (shade) … 1 (facing the sun), or a field."""
    shade = albedo * (light.ambient * np.float32(0.84))
    sun = albedo * light.key * np.float32(1.12)
    if isinstance(amount, np.ndarray):
        return np.asarray(shade + (sun - shade) * amount[..., None], np.float32)
    return mix(shade.astype(np.float32), sun.astype(np.float32), amount)


def _time(brief: Brief, otherwise: str) -> str:
    if brief.times:
        return brief.times[0]
    if "neon" in brief.styles or brief.weather & {"aurora", "stars", "moon"} or "space" in brief.places:
        return "night"
    if "rainbow" in brief.weather or "clear" in brief.weather:
        return "day"
    if "city" in brief.places or "street" in brief.places:
        return "dusk" if otherwise in ("day", "golden") else otherwise
    if brief.styles[:1] in (("watercolour",), ("ink",)) or "garden" in brief.places:
        return otherwise if otherwise in _BRIGHT else "day"
    return otherwise


def _weathered(light: Light, brief: Brief) -> Light:
    if brief.wants("storm"):
        dark = light.name in ("night", "dusk")
        light = _lean(light, colour("#1b2230" if dark else "#4a5663"), 0.5)
        light = replace(light, zenith=mix(light.zenith, colour("#141a26"), 0.5))
    elif brief.wants("rain"):
        light = _lean(light, colour("#55657a"), 0.3)
    if brief.wants("fog"):
        pale = mix(light.haze, light.horizon, 0.5)
        light = replace(light, zenith=mix(light.zenith, pale, 0.45), middle=mix(light.middle, pale, 0.5), haze=pale)
    return light


def _lean(light: Light, towards: Field, amount: float) -> Light:
    """Every colour leans to a hue and keeps its own brightness by half."""

    def leant(own: Field, share: float = amount) -> Field:
        luma = 0.5 + 0.5 * float(own.mean()) / max(float(towards.mean()), 0.05)
        return mix(own, np.clip(towards * luma, 0, 1), share)

    leaning = light.mapped(leant)
    return replace(leaning, near=leant(light.near, 0.6 * amount), key=leant(light.key, 0.6 * amount))


def _turn(light: Light, angle: float) -> Light:
    """Every colour with its channels turned a little around the grey axis; 1 is the whole circle."""
    c, s = np.cos(angle * 2 * np.pi), np.sin(angle * 2 * np.pi)
    a, b, d = c + (1 - c) / 3, (1 - c) / 3, np.sqrt(1 / 3) * s
    turn = np.array([[a, b - d, b + d], [b + d, a, b - d], [b - d, b + d, a]], np.float32)
    return light.mapped(lambda own: np.clip(turn @ own, 0, 1))
