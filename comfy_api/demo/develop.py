"""From noise to picture, and from one picture to another: what the demo sampler shows at each step.

Pictures are uint8, H×W×3, RGB.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from comfy_api.demo.brush import Bytes, Field, blur, dice, resize, smooth

LATENT = 8
"""Pixels a side that one value of a latent picture stands for."""
TURN = 0.85
"""Denoise strength above which the composition is the target's, and the start only tints it."""


def noise(seed: int, width: int, height: int) -> Bytes:
    """What step 0 looks like: coloured noise, one softened blot for each value of the latent picture."""
    rng = dice(str(seed), "latent")
    rows, cols = -(-height // LATENT), -(-width // LATENT)
    grey = rng.standard_normal((rows, cols, 1), dtype=np.float32)
    hues = rng.standard_normal((rows, cols, 3), dtype=np.float32)
    small = np.clip(124 + 34 * grey + 40 * hues, 0, 255).astype(np.uint8)
    size = (cols * LATENT, rows * LATENT)
    soft = cv2.resize(small, size, interpolation=cv2.INTER_CUBIC)
    blocks = cv2.resize(small, size, interpolation=cv2.INTER_NEAREST)
    mixed = cv2.addWeighted(soft, 0.65, blocks, 0.35, 0)
    return np.ascontiguousarray(mixed[:height, :width], np.uint8)


def develop(start: Bytes, target: Bytes, share: float, seed: int, *, strength: float = 1.0) -> Bytes:
    """The picture when `share` (0 … 1) of the way to `target` is done: large shapes first, detail last.

    `strength` is the denoise: at 1 the start is forgotten and the way leads from `noise(seed, …)` to the target;
    below, it leads from `start` under some noise to `restyle(start, target, strength, seed)`; at 0 it stays `start`.
    `start` is brought to the target's size.
    """
    height, width = target.shape[:2]
    start = _fitted(start, width, height)
    share, strength = float(np.clip(share, 0, 1)), float(np.clip(strength, 0, 1))
    if strength == 0:
        return start.copy()
    if share == 1:
        return restyle(start, target, strength, seed)
    left = 1 - share
    veil = noise(seed, width, height)
    shrink = 1 + 0.05 * math.sqrt(width * height) * strength * left**1.7
    size = (max(round(width / shrink), 2), max(round(height / shrink), 2))
    formed = _scaled(target, *size)
    if strength < 1:
        begun = _scaled(start, *size)
        formed = _blend(begun, restyle(begun, formed, strength, seed), share)
    formed = _scaled(formed, width, height)
    cover = strength * left**1.8
    return _blend(formed, veil, cover)


def _blend(first: Bytes, second: Bytes, share: float) -> Bytes:
    return np.asarray(cv2.addWeighted(first, 1 - share, second, share, 0), np.uint8)


def restyle(start: Bytes, target: Bytes, strength: float, seed: int) -> Bytes:
    """The result of image to image: the start's composition in the target's palette and light, and sharper.

    Where both already show the same scene (a draft that is refined), the target's own detail is taken instead.
    `strength` 0 gives the start, 1 the target; from `TURN` up the composition is the target's. `seed` is part of
    the signature for samplers that need one; the result does not depend on it.
    """
    height, width = target.shape[:2]
    start = _fitted(start, width, height)
    if strength <= 0 or strength >= 1:
        return (start if strength <= 0 else target).copy()
    if strength > TURN:
        return _bytes(_toned(target, start, 1 - strength))
    result = _crisp(_toned(start, target, strength), strength)
    same = _same_scene(start, target)
    if same > 0:
        gap = np.abs(_grey(start) - _grey(target)).astype(np.float32)
        near = blur(gap, 0.006 * math.sqrt(width * height))
        share = smooth(near, 0.14, 0.05) * np.float32(same * min(1.0, 1.9 * strength))
        result += (target * np.float32(1 / 255) - result) * share[..., None]
    return _bytes(result)


def _bytes(picture: Field) -> Bytes:
    return np.asarray(cv2.convertScaleAbs(picture, alpha=255), np.uint8)


def _fitted(image: Bytes, width: int, height: int) -> Bytes:
    return image if image.shape[:2] == (height, width) else _scaled(image, width, height)


def _scaled(image: Bytes, width: int, height: int) -> Bytes:
    smaller = width * height < image.shape[0] * image.shape[1]
    way = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, (width, height), interpolation=way), np.uint8)


def _grey(image: Bytes) -> Field:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) * np.float32(1 / 255), np.float32)


def _same_scene(start: Bytes, target: Bytes) -> float:
    """1 where both pictures show the same shapes in the same places, 0 where they do not."""
    parts = []
    for image in (start, target):
        grey = cv2.cvtColor(_scaled(image, 72, 72), cv2.COLOR_RGB2GRAY).astype(np.float32)
        shapes = cv2.GaussianBlur(grey, (0, 0), 0.8) - cv2.GaussianBlur(grey, (0, 0), 6)
        parts.append((shapes - shapes.mean()) / (float(shapes.std()) + 1.0))
    likeness = float((parts[0] * parts[1]).mean())
    t = min(max((likeness - 0.5) / 0.3, 0.0), 1.0)
    return t * t * (3 - 2 * t)


def _toned(start: Bytes, target: Bytes, strength: float) -> Field:
    """The start with colours moved towards the target's, by their means and spreads and by its broad light.

    Brightness keeps more of its own than colour does. The move of the whole picture is one matrix.
    """
    mine, theirs = (_scaled(p, 48, 48).astype(np.float32).reshape(-1, 3) @ _TO_YUV.T / 255 for p in (start, target))
    mean, aim = mine.mean(0), theirs.mean(0)
    pull = np.array([0.45, 0.85, 0.85], np.float32) * np.float32(strength**0.7)
    stretch = 1 + (np.clip(theirs.std(0) / np.maximum(mine.std(0), 0.01), 0.75, 1.35) - 1) * pull
    back = np.linalg.inv(_TO_YUV)
    matrix = back @ (stretch[:, None] * _TO_YUV)
    shift = back @ (mean + (aim - mean) * pull - mean * stretch)
    move = np.hstack([matrix / 255, shift[:, None]]).astype(np.float32)
    picture = np.asarray(cv2.transform(start.astype(np.float32), move), np.float32)
    broad = cv2.GaussianBlur((theirs - aim).reshape(48, 48, 3), (0, 0), 8) * (0.45 * pull)
    picture += resize((broad @ back.T).astype(np.float32), start.shape[1], start.shape[0])
    return np.clip(picture, 0, 1, out=picture)


_TO_YUV = np.array([[0.299, 0.587, 0.114], [-0.147, -0.289, 0.436], [0.615, -0.515, -0.1]], np.float32)


def _crisp(picture: Field, strength: float) -> Field:
    """Edges and texture drawn out at two scales; limited, so that no halo appears, and blind to grain."""
    scale = math.sqrt(picture.shape[0] * picture.shape[1])
    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.float32)
    fine = grey - blur(grey, max(0.0022 * scale, 0.8))
    fine = np.clip(fine - np.clip(fine, -0.012, 0.012), -0.06, 0.06)
    broad = np.clip(grey - blur(grey, 0.014 * scale), -0.12, 0.12)
    gain = np.float32(min(1.0, 2.5 * strength)) * (1.5 * fine + 0.3 * broad)
    return np.clip(cv2.add(picture, cv2.merge([gain, gain, gain])), 0, 1)
