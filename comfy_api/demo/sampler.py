"""The engine's latents, conditionings and models, and what sampling does with them.

A latent holds its picture at full resolution; sampling develops it, step by step, from noise or from the
picture that it holds towards the one that the prompt text describes. Pictures are RGB uint8, H×W×3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from comfy_api.demo.images import Picture, require_size

SEEDS = 2**64


class Steps(Protocol):
    """What a sampler needs of the executor."""

    def step(self, value: int, maximum: int, preview: Picture) -> None:
        """Report a step with a preview; raises when the prompt was interrupted."""

    def pause(self) -> None:
        """Wait until a step has taken as long as it should; raises when the prompt was interrupted."""


@dataclass(frozen=True)
class Model:
    """What a loader gives.

    Attributes:
        name: the checkpoint.
        gains: how much of red, green and blue it lets through; LoRAs change it.
    """

    name: str
    gains: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def with_lora(self, name: str, strength: float) -> Model:
        """The model with a LoRA on it: warm or cool light."""
        shift = max(-1.0, min(1.0, strength)) * (0.08 if "warm" in name else -0.08)
        red, green, blue = self.gains
        return Model(self.name, (red + shift, green, blue - shift))


@dataclass(frozen=True)
class Conditioning:
    """What CLIPTextEncode gives: the text itself."""

    text: str


@dataclass(frozen=True)
class Latent:
    """A batch of pictures that can be sampled.

    Attributes:
        pictures: all of one size, its sides multiples of 8 px.
        empty: whether there is nothing in them yet.
        noisy: whether noise was left in them on purpose.
    """

    pictures: tuple[Picture, ...]
    empty: bool = False
    noisy: bool = False


@dataclass(frozen=True)
class Sampling:
    """One sampler node's settings.

    Attributes:
        first, last: the steps to take are ``first + 1 … last``.
        steps: how many there would be in all.
        strength: share of the picture that is made anew, 0…1 (ComfyUI's denoise).
        leave_noise: stop at ``last`` with the noise still in.
    """

    seed: int
    cfg: float
    steps: int
    first: int
    last: int
    strength: float
    leave_noise: bool = False


def empty_latent(width: int, height: int, batch: int) -> Latent:
    """A batch with nothing in it; sides are cut to multiples of 8 px. Raises TooManyPixelsError."""
    require_size(width, height, batch)
    grey = np.full((height // 8 * 8, width // 8 * 8, 3), 127, dtype=np.uint8)
    return Latent((grey,) * batch, empty=True)


def sample(
    model: Model, positive: Conditioning, negative: Conditioning, latent: Latent, how: Sampling, run: Steps
) -> Latent:
    """Develop every picture of the batch; picture i uses ``seed + i``. Previews show the first."""
    # The painter is heavy to import: a process that only validates never needs it.
    from comfy_api.demo import paint

    height, width = latent.pictures[0].shape[:2]
    seeds = [(how.seed + index) % SEEDS for index in range(len(latent.pictures))]
    targets = []
    for seed in seeds:
        painted = paint.paint(positive.text, negative=negative.text, seed=seed, width=width, height=height, cfg=how.cfg)
        targets.append(_tint(painted, model))
        run.pause()
    count = how.last - how.first
    strength = 1.0 if latent.empty or latent.noisy else min(1.0, how.strength)
    begin = how.first / how.steps if latent.noisy else 0.0
    end = how.last / how.steps if how.leave_noise else 1.0

    def at(index: int, share: float) -> Picture:
        return paint.develop(latent.pictures[index], targets[index], share, seeds[index], strength=strength)

    for done in range(1, count + 1):
        run.step(done, count, at(0, begin + (end - begin) * done / count))
    if count < 1:
        return latent
    return Latent(tuple(at(index, end) for index in range(len(seeds))), noisy=end < 1)


def _tint(picture: Picture, model: Model) -> Picture:
    if model.gains == (1.0, 1.0, 1.0):
        return picture
    gains = np.asarray(model.gains, dtype=np.float32)
    return np.asarray(np.clip(picture * gains, 0, 255), dtype=np.uint8)
