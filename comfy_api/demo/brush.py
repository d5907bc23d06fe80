"""Brushes of the demo painter: noise, gradients, glows and layers on float pictures.

Pictures are float32, H×W×3, RGB, 0..1 in display gamma. Lengths are pixels unless a name says otherwise.
Noise is drawn coarse to fine on grids that depend on the aspect alone, so a picture keeps its composition
when only its resolution changes.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.floating[Any]]
"""A float picture or map; float32 wherever it has the picture's size."""
Values = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Points = Sequence[tuple[float, float]]

SUB_PIXEL_BITS = 4


def dice(key: str, name: str) -> np.random.Generator:
    """An independent random stream for one element (`name`) of the picture identified by `key`."""
    digest = hashlib.blake2b(f"{name}\0{key}".encode("utf-8", "surrogatepass"), digest_size=16).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest, "big")))


def colour(code: str) -> Field:
    """`#rrggbb` as three floats 0..1."""
    return np.array([int(code[i : i + 2], 16) for i in (1, 3, 5)], np.float32) / 255


def mix(a: Field, b: Field, t: float | Field) -> Field:
    """Linear blend: `a` at t = 0, `b` at t = 1; a field of n values gives n colours."""
    share = np.asarray(t, np.float32)
    return (a + (b - a) * (share[..., None] if share.ndim else share)).astype(np.float32)


def smooth(x: Field, low: float, high: float) -> Field:
    """Smoothstep: 0 below `low`, 1 above `high` (or falling, where low > high)."""
    t = np.clip((x - np.float32(low)) / np.float32(high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def fbm(
    rng: np.random.Generator,
    height: int,
    width: int,
    cells: float,
    *,
    octaves: int = 6,
    gain: float = 0.5,
    stretch: float = 1.0,
) -> Field:
    """Fractal noise H×W of mean 0 and deviation 1; `cells` grid cells a side of a square picture.

    `stretch` > 1 draws the cells out horizontally, < 1 vertically.
    """
    scale = math.sqrt(height * width)
    rows = max(2, round(cells * height / scale)) + 1
    cols = max(2, round(cells * width / scale / stretch)) + 1
    field = rng.standard_normal((rows, cols), dtype=np.float32)
    amount = 1.0
    for _ in range(octaves - 1):
        rows, cols = min(2 * rows, max(height, rows)), min(2 * cols, max(width, cols))
        if field.shape == (rows, cols):
            break
        amount *= gain
        field = resize(field, cols, rows)
        field += np.float32(amount) * rng.standard_normal(field.shape, dtype=np.float32)
    field -= field.mean()
    field /= max(float(field.std()), 1e-6)
    return resize(field, width, height)


def profile(rng: np.random.Generator, width: int, cells: float, *, octaves: int = 7, gain: float = 0.5) -> Field:
    """A fractal curve of `width` values, mean about 0, swing about ±1; `cells` bumps across the width."""
    out = np.zeros(width, np.float32)
    x = np.linspace(0, 1, width, dtype=np.float32)
    amount, total = 1.0, 0.0
    for _ in range(octaves):
        count = max(2, math.ceil(cells)) + 3
        knots = rng.uniform(-1, 1, count)
        position = x * cells + rng.uniform(0, 1)
        index = np.minimum(position.astype(np.int32), count - 2)
        t = position - index
        t = t * t * (3 - 2 * t)
        out += np.float32(amount) * (knots[index] * (1 - t) + knots[index + 1] * t).astype(np.float32)
        total += amount
        amount *= gain
        cells *= 2
        if cells > width:
            break
    return out / np.float32(total * 0.6)


def ground_noise(
    rng: np.random.Generator,
    height: int,
    width: int,
    scale: float,
    *,
    cells: float,
    stretch: float = 4.0,
    octaves: int = 5,
) -> Field:
    """Noise on a plane seen in perspective: row 0 is the horizon, cells grow with the distance below it."""
    depth = (np.arange(height, dtype=np.float32) + 0.5) / np.float32(scale)
    level = np.log2(0.6 / (depth + 0.012))
    out = np.zeros((height, width), np.float32)
    for band in range(6):
        weight = np.clip(1 - np.abs(level - band), 0, 1)
        if band == 0:
            weight[level < 0] = 1
        rows = np.flatnonzero(weight)
        noise = dice(str(rng.integers(1 << 62)), "band")
        if not rows.size:
            continue
        top, end = int(rows[0]), int(rows[-1]) + 1
        count = cells * (2**band) * math.sqrt((end - top) * width) / scale
        field = fbm(noise, end - top, width, count * 2, octaves=octaves, gain=0.58, stretch=stretch)
        out[top:end] += field * weight[top:end, None]
    return out


def resize(image: Field, width: int, height: int) -> Field:
    """Cubic up, area down."""
    smaller = width * height < image.shape[0] * image.shape[1]
    way = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, (width, height), interpolation=way), np.float32)


def blur(image: Field, sigma: float) -> Field:
    """Gaussian blur; wide ones work on a smaller copy."""
    if sigma < 0.3:
        return image
    height, width = image.shape[:2]
    shrink = min(int(sigma / 2.5), height // 4, width // 4)
    if shrink <= 1:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.float32)
    small = cv2.resize(image, (max(width // shrink, 4), max(height // shrink, 4)), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma / shrink, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def over(picture: Field, paint: Field, alpha: Field, top: int = 0) -> None:
    """Lay `paint` (a colour or a picture) over rows `top`… of `picture`, in place; alpha h×W, 0..1."""
    rows = picture[top : top + alpha.shape[0]]
    layer = paint - rows
    layer *= alpha[..., None]
    rows += layer


def screen(picture: Field, light: Field, amount: Field, top: int = 0) -> None:
    """Add light of one colour that never overflows, in place; `amount` h×W, 0..1."""
    rows = picture[top : top + amount.shape[0]]
    layer = (1 - rows) * light
    layer *= amount[..., None]
    rows += layer


def stamp(picture: Field, layer: Bytes, top: int = 0, opacity: float = 1.0) -> None:
    """Lay a premultiplied RGBA layer (uint8, drawn on zeros) over rows `top`… of `picture`, in place."""
    rows = picture[top : top + layer.shape[0]]
    part = layer.astype(np.float32)
    part *= np.float32(opacity / 255)
    rows *= 1 - part[..., 3:]
    rows += part[..., :3]


def ramp(stops: Iterable[tuple[float, Field]], at: Field) -> Field:
    """Colours along `at` (n values) through (position, colour) stops: n×3."""
    places, colours = zip(*stops, strict=True)
    table = np.stack(colours)
    return np.stack([np.interp(at, places, table[:, c]) for c in range(3)], axis=-1).astype(np.float32)


def spline(points: Points, steps: int = 8) -> Values:
    """A closed Catmull-Rom curve through the points; a point given twice is a corner."""
    knots = np.asarray(points, np.float64)
    before, after, next_ = np.roll(knots, 1, 0), np.roll(knots, -1, 0), np.roll(knots, -2, 0)
    t = (np.arange(steps) / steps)[None, :, None]
    p0, p1, p2, p3 = (k[:, None] for k in (before, knots, after, next_))
    curve = p1 + 0.5 * t * (p2 - p0 + t * (2 * p0 - 5 * p1 + 4 * p2 - p3 + t * (3 * (p1 - p2) + p3 - p0)))
    return np.asarray(curve.reshape(-1, 2), np.float64)


def fixed(points: Values) -> NDArray[np.int32]:
    """Pixel coordinates in the fixed-point form that cv2's `shift` takes."""
    return np.round(points * (1 << SUB_PIXEL_BITS)).astype(np.int32)


def fill(mask: Bytes, points: Values, paint: float | tuple[float, ...] = 255.0) -> None:
    """Fill a polygon with soft edges, in place."""
    cv2.fillPoly(mask, [fixed(points)], paint, cv2.LINE_AA, SUB_PIXEL_BITS)


def stroke(mask: Bytes, points: Values, width: int, paint: float | tuple[float, ...] = 255.0) -> None:
    """Draw an open line with soft edges, in place."""
    cv2.polylines(mask, [fixed(points)], False, paint, max(1, width), cv2.LINE_AA, SUB_PIXEL_BITS)


def dab(layer: Bytes, x: float, y: float, radius: float, paint: tuple[float, ...]) -> None:
    """A round touch of the brush with a soft edge, in place."""
    one = 1 << SUB_PIXEL_BITS
    cv2.circle(
        layer, (round(x * one), round(y * one)), max(round(radius * one), 1), paint, -1, cv2.LINE_AA, SUB_PIXEL_BITS
    )


def dabs(layer: Bytes, spots: Values, radii: Values, tones: Field) -> None:
    """Many touches at once, in order: n×2 spots, n radii, n×3 colours 0..1."""
    one = 1 << SUB_PIXEL_BITS
    centres = np.round(spots * one).astype(int).tolist()
    sizes = np.maximum(np.round(radii * one), 8).astype(int).tolist()
    for centre, size, tone in zip(centres, sizes, _paints(tones), strict=True):
        cv2.circle(layer, centre, size, tone, -1, cv2.LINE_AA, SUB_PIXEL_BITS)


def strokes(layer: Bytes, lines: Values, widths: Values, tones: Field) -> None:
    """Many open lines at once, in order: n×k×2 points, n widths, n×3 colours 0..1."""
    thick = np.maximum(np.round(widths), 1).astype(int).tolist()
    for line, wide, tone in zip(fixed(lines), thick, _paints(tones), strict=True):
        cv2.polylines(layer, [line], False, tone, wide, cv2.LINE_AA, SUB_PIXEL_BITS)


def _paints(tones: Field) -> list[list[float]]:
    solid = np.full((len(tones), 4), 255.0)
    solid[:, :3] = np.clip(tones, 0, 1) * 255
    return solid.tolist()


def opaque(shade: Field) -> tuple[float, float, float, float]:
    """A colour 0..1 as an opaque RGBA paint for `fill`, `stroke` and `dab`."""
    r, g, b = (float(v) for v in np.clip(shade, 0, 1) * 255)
    return r, g, b, 255.0
