"""The last touches: weather in front of the scene, bloom, grading, grain, and the named styles."""

from __future__ import annotations

import cv2
import numpy as np

from comfy_api.demo.brush import Bytes, Field, blur, colour, fbm, mix, over, resize, screen, smooth, stroke
from comfy_api.demo.stage import Stage


def paint_weather(st: Stage) -> None:
    """Lightning, rain and falling snow between the scene and the viewer."""
    if st.brief.wants("storm") and st.brief.named & {"lightning", "thunder", "thunderstorm", "storm"}:
        _lightning(st)
    if st.brief.wants("rain") or (st.brief.wants("storm") and st.brief.allows("rain")):
        _rain(st)
    if st.brief.wants("snow"):
        _snowfall(st)


def paint_fog(st: Stage) -> None:
    """Fog over the scene; subjects stand in front of it, so that they stay visible."""
    if not st.brief.wants("fog"):
        return
    y = np.arange(st.height, dtype=np.float32)[:, None] / st.height
    level = st.horizon / st.height
    drift = fbm(st.dice("fog"), st.height, st.width, 2.4, octaves=5, stretch=3.4)
    body = np.exp(-(((y - level - 0.04) / 0.2) ** 2)) * (0.6 + 0.22 * drift)
    over(
        st.picture,
        mix(mix(st.light.haze, st.light.horizon, 0.4), colour("#e8e6e2"), 0.3 if st.dark() else 0.12),
        np.clip(body, 0, 0.85),
    )


def _rain(st: Stage) -> None:
    rng = st.dice("rain")
    layer = np.zeros((st.height, st.width), np.uint8)
    slant = 0.16 * st.side
    for _ in range(int(520 * min(st.width / st.scale, 1.6))):
        x, y = rng.uniform(-0.1, 1.1) * st.width, rng.uniform(-0.1, 1) * st.height
        long = st.scale * rng.uniform(0.02, 0.075)
        stroke(layer, np.array([(x, y), (x - slant * long, y + long)]), 1, float(rng.uniform(40, 150)))
    fall = blur(layer.astype(np.float32) / 255, 0.0007 * st.scale)
    screen(st.picture, mix(st.light.horizon, colour("#dfe8f4"), 0.5), fall * np.float32(0.5))


def _snowfall(st: Stage) -> None:
    rng = st.dice("snowfall")
    for size, count, soft in ((0.0012, 420, 0.0), (0.0024, 170, 0.0008), (0.006, 34, 0.003)):
        layer = np.zeros((st.height, st.width), np.uint8)
        for _ in range(int(count * min(st.width / st.scale, 1.6))):
            x, y = rng.uniform(0, st.width), rng.uniform(0, st.height)
            radius = max(1, round(st.scale * size * rng.uniform(0.6, 1.4) * 16))
            cv2.circle(layer, (round(x * 16), round(y * 16)), radius, float(rng.uniform(90, 235)), -1, cv2.LINE_AA, 4)
        flakes = blur(layer.astype(np.float32) / 255, soft * st.scale)
        over(st.picture, mix(colour("#ffffff"), st.light.key, 0.25), flakes * np.float32(0.85))


def _lightning(st: Stage) -> None:
    rng = st.dice("lightning")
    x, y = st.width * (0.5 + 0.26 * st.side), 0.0
    points = [(x, y)]
    while y < st.horizon * 0.98:
        y += st.horizon * rng.uniform(0.02, 0.07)
        x += st.scale * rng.normal(0, 0.018)
        points.append((x, y))
    layer = np.zeros((st.height, st.width), np.uint8)
    stroke(layer, np.array(points), max(1, round(0.0026 * st.scale)))
    for _ in range(3):
        at = int(rng.integers(1, max(2, len(points) - 3)))
        fork = (
            np.array(points[at : at + 5]) + np.cumsum(rng.normal(0, 0.012, (len(points[at : at + 5]), 2)), 0) * st.scale
        )
        fork[0] = points[at]
        stroke(layer, fork, 1, 150.0)
    bolt = layer.astype(np.float32) / 255
    screen(st.picture, colour("#b9c8ff"), blur(bolt, 0.03 * st.scale) * np.float32(4.5))
    screen(st.picture, colour("#ffffff"), np.clip(bolt + blur(bolt, 0.003 * st.scale), 0, 1))


def grade(st: Stage, cfg: float) -> None:
    """Bloom, a soft S-curve, saturation, vignette. `cfg` 7 is neutral."""
    picture = st.picture
    np.clip(picture, 0, 1, out=picture)
    bright = np.clip(picture - 0.72, 0, 1)
    picture += blur(bright, 0.02 * st.scale) * np.float32(1.1) * (1 - picture)
    push = float(np.clip((cfg - 7) / 13, -0.5, 1))
    luma = cv2.transform(picture, np.array([[0.3, 0.59, 0.11]], np.float32))[..., None]
    picture += (picture - luma) * np.float32(0.12 + 0.3 * push)
    np.clip(picture, 0, 1, out=picture)
    curve = picture * picture * (3 - 2 * picture)
    picture += (curve - picture) * np.float32(0.22 + 0.3 * push)
    x = np.linspace(-1, 1, st.width, dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, st.height, dtype=np.float32)[:, None]
    picture *= (1 - 0.13 * smooth(x * x + y * y, 0.5, 2.0))[..., None]


def stylise(st: Stage) -> None:
    """The first named style, on the graded picture."""
    for style in st.brief.styles:
        if style in _STYLES and st.brief.allows(style):
            _STYLES[style](st)
            return
    _brushwork(st, 0.3)


def _brushwork(st: Stage, amount: float) -> None:
    """The tooth of a painted surface: pixels flow a little along soft noise."""
    reach = np.float32(0.0012 * st.scale * amount)
    flow_x = fbm(st.dice("flow x"), st.height, st.width, 60, octaves=3, gain=0.7)
    flow_y = fbm(st.dice("flow y"), st.height, st.width, 60, octaves=3, gain=0.7)
    x = np.arange(st.width, dtype=np.float32)[None, :] + reach * flow_x
    y = np.arange(st.height, dtype=np.float32)[:, None] + reach * flow_y
    st.picture[:] = cv2.remap(st.picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    tooth = fbm(st.dice("tooth"), st.height, st.width, 130, octaves=3, gain=0.9, stretch=1.6)
    st.picture += (tooth * np.float32(0.012 * amount))[..., None]


def _strokes(st: Stage, source: Bytes, sizes: tuple[float, ...], number: tuple[int, ...], jitter: float) -> Bytes:
    """A picture laid in brush strokes, broad ones first, each along the picture's edges."""
    rng = st.dice("strokes")
    canvas = source.copy()
    grey = blur(cv2.cvtColor(source, cv2.COLOR_RGB2GRAY).astype(np.float32), 0.006 * st.scale)
    gx, gy = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    wander = fbm(rng, st.height, st.width, 3, octaves=2) * 1.2
    for size, count in zip(sizes, number, strict=True):
        soft = cv2.blur(source, (max(1, round(size * st.scale * 0.5)),) * 2)
        xs = rng.integers(0, st.width, count)
        ys = rng.integers(0, st.height, count)
        strength = np.hypot(gx[ys, xs], gy[ys, xs])
        angle = np.where(strength > 4, np.arctan2(gx[ys, xs], -gy[ys, xs]), wander[ys, xs])
        tone = np.clip(
            soft[ys, xs].astype(np.float32) * rng.normal(1, jitter, (count, 1))
            + rng.normal(0, 255 * jitter * 0.35, (count, 3)),
            0,
            255,
        )
        half = size * st.scale * rng.uniform(0.8, 1.9, count)
        ends = np.stack([np.cos(angle) * half, np.sin(angle) * half], -1)
        start = np.stack([xs, ys], -1) - ends
        wide = max(1, round(size * st.scale * 0.62))
        a, b = np.round(start * 16).astype(int), np.round((start + 2 * ends) * 16).astype(int)
        for i in range(count):
            cv2.line(canvas, a[i].tolist(), b[i].tolist(), tone[i].tolist(), wide, cv2.LINE_AA, 4)
    return canvas


def _luma(picture: Field) -> Field:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.float32)


def _bytes(picture: Field) -> Bytes:
    return np.asarray(np.clip(picture * 255 + 0.5, 0, 255), np.uint8)


def _oil(st: Stage) -> None:
    source = _bytes(st.picture)
    laid = _strokes(st, source, (0.022, 0.012, 0.006), (1500, 4200, 7000), 0.05).astype(np.float32) / 255
    grey = _luma(laid)
    relief = np.clip(cv2.Sobel(blur(grey, 0.6), cv2.CV_32F, 1, 1, ksize=3) * 0.5, -0.1, 0.1)
    st.picture[:] = np.clip(laid * 1.02 + relief[..., None], 0, 1)


def _watercolour(st: Stage) -> None:
    source = cv2.bilateralFilter(_bytes(resize(st.picture, max(st.width // 2, 8), max(st.height // 2, 8))), 7, 40, 6)
    soft = resize(source.astype(np.float32) / 255, st.width, st.height)
    reach = np.float32(0.009 * st.scale)
    x = np.arange(st.width, dtype=np.float32)[None, :] + reach * fbm(
        st.dice("bleed x"), st.height, st.width, 14, octaves=5
    )
    y = np.arange(st.height, dtype=np.float32)[:, None] + reach * fbm(
        st.dice("bleed y"), st.height, st.width, 14, octaves=5
    )
    wash = np.asarray(cv2.remap(soft, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101), np.float32)
    wash = wash * 0.65 + st.picture * 0.35
    grey = _luma(wash)
    edge = np.clip(blur(grey, 0.006 * st.scale) - grey, 0, 0.2)
    granule = fbm(st.dice("granule"), st.height, st.width, 80, octaves=3, gain=0.7)
    pool = fbm(st.dice("pool"), st.height, st.width, 4, octaves=5)
    paper = colour("#fbf8f1")
    pigment = np.clip(1 - wash, 0, 1) ** 1.15 * (0.86 + 0.1 * pool + 0.04 * granule)[..., None] + 1.1 * edge[..., None]
    border = _deckle(st)
    st.picture[:] = paper * (1 - np.clip(pigment, 0, 1) * border[..., None]) + (granule * np.float32(0.008))[..., None]


def _deckle(st: Stage) -> Field:
    """1 inside, 0 in an unpainted, wavy margin of paper."""
    x = np.minimum(np.arange(st.width), np.arange(st.width)[::-1]).astype(np.float32)[None, :]
    y = np.minimum(np.arange(st.height), np.arange(st.height)[::-1]).astype(np.float32)[:, None]
    wavy = fbm(st.dice("deckle"), st.height, st.width, 14, octaves=5, gain=0.6)
    inset = np.minimum(x, y) / np.float32(st.scale) + 0.0035 * wavy
    return smooth(inset, 0.026, 0.031)


def _ink(st: Stage) -> None:
    grey = _luma(np.clip(st.picture, 0, 1))
    fine, wide = blur(grey, 0.0012 * st.scale), blur(grey, 0.0042 * st.scale)
    line = np.clip((wide - fine) * 14 - 0.05, 0, 1)
    low, high = (float(v) for v in np.quantile(grey[::4, ::4], (0.02, 0.9)))
    grey = np.clip((grey - low) / max(high - low, 0.05), 0, 1)
    x = np.arange(st.width, dtype=np.float32)[None, :] / np.float32(st.scale)
    y = np.arange(st.height, dtype=np.float32)[:, None] / np.float32(st.scale)
    wobble = fbm(st.dice("hand"), st.height, st.width, 12, octaves=3) * 0.4
    tone = 1 - blur(grey, 0.003 * st.scale)
    ink = np.zeros_like(grey)
    for angle, level in ((0.8, 0.5), (-0.7, 0.72), (0.15, 0.88)):
        hatch = np.sin((x * np.float32(np.cos(angle)) + y * np.float32(np.sin(angle))) * 560 + wobble * 6)
        ink = np.maximum(ink, smooth(hatch + (tone - level) * 5.0, 0.6, 1.1))
    wash = smooth(tone, 0.3, 1.0) * (0.34 + 0.06 * fbm(st.dice("wash"), st.height, st.width, 5, octaves=5))
    dark = 1 - (1 - line) * (1 - 0.8 * ink) * (1 - wash)
    paper, black = colour("#f5efe2"), colour("#1c1b22")
    st.picture[:] = paper + (black - paper) * (np.clip(dark, 0, 1) * _deckle(st))[..., None]


def _neon(st: Stage) -> None:
    picture = st.picture
    glow = blur(np.clip(picture - 0.5, 0, 1), 0.03 * st.scale)
    picture += glow * colour("#ff6ad0") * 0.9
    luma = cv2.cvtColor(np.clip(picture, 0, 1), cv2.COLOR_RGB2GRAY)[..., None]
    picture += (colour("#151048") - picture) * (0.45 * (1 - luma) ** 2)
    picture += colour("#00e0ff") * (0.1 * luma * (1 - luma) * 4)
    shift = max(1, round(0.0016 * st.scale))
    picture[:, shift:, 0] = picture[:, :-shift, 0].copy()
    picture[:, :-shift, 2] = picture[:, shift:, 2].copy()


def _pixel(st: Stage) -> None:
    cell = max(2, round(st.scale / 112))
    small = resize(st.picture, max(st.width // cell, 8), max(st.height // cell, 8))
    bayer = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]], np.float32) / 16 - 0.47
    tiled = np.tile(bayer, (small.shape[0] // 4 + 1, small.shape[1] // 4 + 1))[: small.shape[0], : small.shape[1]]
    small = np.round(np.clip(small + tiled[..., None] * 0.045, 0, 1) * 14) / 14
    st.picture[:] = cv2.resize(small, (st.width, st.height), interpolation=cv2.INTER_NEAREST)


def _minimal(st: Stage) -> None:
    size = (max(st.width // 2, 8), max(st.height // 2, 8))
    small = cv2.medianBlur(_bytes(resize(st.picture, *size)), max(3, round(0.008 * st.scale) | 1))
    flat = resize(small.astype(np.float32) / 255, st.width, st.height)
    st.picture[:] = flat * 0.9 + 0.1 * mix(st.light.horizon, colour("#ffffff"), 0.3)


def _monochrome(st: Stage) -> None:
    grey = cv2.transform(np.clip(st.picture, 0, 1), np.array([[0.42, 0.46, 0.12]], np.float32))
    grey = np.clip((grey - 0.06) * 1.12, 0, 1)
    grey = grey + (grey * grey * (3 - 2 * grey) - grey) * 0.55
    st.picture[:] = colour("#0c0b0d") + (colour("#f8f6f1") - colour("#0c0b0d")) * grey[..., None]


_STYLES = {
    "oil": _oil,
    "watercolour": _watercolour,
    "ink": _ink,
    "neon": _neon,
    "pixel": _pixel,
    "minimal": _minimal,
    "monochrome": _monochrome,
}


def grain(picture: Field, rng: np.random.Generator, amount: float) -> Bytes:
    """The picture as bytes, with fine grain that also hides banding."""
    height, width = picture.shape[:2]
    noise = rng.standard_normal((height, width), dtype=np.float32)
    return _bytes(picture + (noise * np.float32(amount))[..., None])
