"""The node classes of the engine: each a function from its inputs to its outputs.

An IMAGE is a tuple of RGB uint8 arrays (H×W×3), a MASK one float32 array (H×W, 0…1).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from comfy_api.demo import images, sampler
from comfy_api.demo.files import FileRef, Files
from comfy_api.demo.images import Picture, encode
from comfy_api.demo.sampler import Conditioning, Latent, Model, Sampling

Batch = tuple[Picture, ...]


class Run(sampler.Steps, Protocol):
    """What a node sees of the prompt that it runs in."""

    @property
    def files(self) -> Files:
        """The engine's folders."""

    @property
    def texts(self) -> Mapping[str, Any]:
        """What a saved PNG carries: ``prompt`` and every key of ``extra_pnginfo``."""

    def result(self, value: int, maximum: int, picture: Picture) -> None:
        """Report progress with a finished picture (SaveImageWebsocket)."""

    def send(self, encoded: bytes, format_name: str) -> None:
        """Send a finished picture as a type-1 frame (ETN_SendImageWebSocket)."""


@dataclass(frozen=True)
class Outcome:
    """What a node leaves behind.

    Attributes:
        values: one per output slot.
        ui: what `executed` and /history show of it, or None.
    """

    values: tuple[Any, ...] = ()
    ui: dict[str, Any] | None = None


Node = Callable[..., Outcome]


def _load_checkpoint(run: Run, ckpt_name: str) -> Outcome:
    return Outcome((Model(ckpt_name), ckpt_name, ckpt_name))


def _load_lora(
    run: Run, model: Model, clip: str, lora_name: str, strength_model: float, strength_clip: float
) -> Outcome:
    return Outcome((model.with_lora(lora_name, strength_model), clip))


def _load_lora_model_only(run: Run, model: Model, lora_name: str, strength_model: float) -> Outcome:
    return Outcome((model.with_lora(lora_name, strength_model),))


def _load_vae(run: Run, vae_name: str) -> Outcome:
    return Outcome((vae_name,))


def _encode_text(run: Run, text: str, clip: str) -> Outcome:
    return Outcome((Conditioning(text),))


def _sample(
    run: Run,
    model: Model,
    seed: int,
    steps: int,
    cfg: float,
    sampler_name: str,
    scheduler: str,
    positive: Conditioning,
    negative: Conditioning,
    latent_image: Latent,
    denoise: float,
) -> Outcome:
    how = Sampling(seed, cfg, steps, 0, steps if denoise > 0 else 0, denoise)
    return Outcome((sampler.sample(model, positive, negative, latent_image, how, run),))


def _sample_advanced(
    run: Run,
    model: Model,
    add_noise: str,
    noise_seed: int,
    steps: int,
    cfg: float,
    sampler_name: str,
    scheduler: str,
    positive: Conditioning,
    negative: Conditioning,
    latent_image: Latent,
    start_at_step: int,
    end_at_step: int,
    return_with_leftover_noise: str,
) -> Outcome:
    last = min(end_at_step, steps)
    leave = return_with_leftover_noise == "enable" and last < steps
    strength = 1 - start_at_step / steps
    how = Sampling(noise_seed, cfg, steps, min(start_at_step, last), last, strength, leave)
    return Outcome((sampler.sample(model, positive, negative, latent_image, how, run),))


def _empty_latent(run: Run, width: int, height: int, batch_size: int) -> Outcome:
    return Outcome((sampler.empty_latent(width, height, batch_size),))


def _vae_encode(run: Run, pixels: Batch, vae: str) -> Outcome:
    height, width = pixels[0].shape[:2]
    high, wide = max(8, height // 8 * 8), max(8, width // 8 * 8)
    if (high, wide) == (height, width):
        return Outcome((Latent(pixels),))
    return Outcome((Latent(_scaled(pixels, wide, high, "area", "center")),))


def _vae_decode(run: Run, samples: Latent, vae: str) -> Outcome:
    return Outcome((samples.pictures,))


def _upscale_latent(run: Run, samples: Latent, upscale_method: str, width: int, height: int, crop: str) -> Outcome:
    wide, high = _wanted_size(samples.pictures[0], width, height)
    scaled = _scaled(samples.pictures, max(8, wide // 8 * 8), max(8, high // 8 * 8), upscale_method, crop)
    return Outcome((Latent(scaled, samples.empty, samples.noisy),))


def _upscale_latent_by(run: Run, samples: Latent, upscale_method: str, scale_by: float) -> Outcome:
    height, width = samples.pictures[0].shape[:2]
    wide, high = (max(1, round(side / 8 * scale_by)) * 8 for side in (width, height))
    scaled = _scaled(samples.pictures, wide, high, upscale_method)
    return Outcome((Latent(scaled, samples.empty, samples.noisy),))


def _load_image(run: Run, image: str) -> Outcome:
    picture, mask = images.load(_input_path(run, image))
    return Outcome(((picture,), mask))


def _load_image_mask(run: Run, image: str, channel: str) -> Outcome:
    return Outcome((images.load_channel(_input_path(run, image), channel),))


def _scale_image(run: Run, image: Batch, upscale_method: str, width: int, height: int, crop: str) -> Outcome:
    wide, high = _wanted_size(image[0], width, height)
    return Outcome((_scaled(image, wide, high, upscale_method, crop),))


def _scale_image_by(run: Run, image: Batch, upscale_method: str, scale_by: float) -> Outcome:
    height, width = image[0].shape[:2]
    wide, high = (max(1, round(side * scale_by)) for side in (width, height))
    return Outcome((_scaled(image, wide, high, upscale_method),))


def _invert_image(run: Run, image: Batch) -> Outcome:
    return Outcome((tuple(255 - picture for picture in image),))


def _blend_images(run: Run, image1: Batch, image2: Batch, blend_factor: float, blend_mode: str) -> Outcome:
    height, width = image1[0].shape[:2]
    fitted = _scaled(image2, width, height, "bicubic", "center")
    if len(fitted) not in (1, len(image1)) and len(image1) != 1:
        raise ValueError(f"Batches of {len(image1)} and {len(fitted)} images cannot be blended.")
    count = max(len(image1), len(fitted))
    pairs = zip(_repeated(image1, count), _repeated(fitted, count), strict=True)
    return Outcome((tuple(_blend(a, b, blend_factor, blend_mode) for a, b in pairs),))


def _empty_image(run: Run, width: int, height: int, batch_size: int, color: int) -> Outcome:
    images.require_size(width, height, batch_size)
    rgb = np.array([color >> 16 & 255, color >> 8 & 255, color & 255], dtype=np.uint8)
    return Outcome(((np.broadcast_to(rgb, (height, width, 3)).copy(),) * batch_size,))


def _preview_image(run: Run, images: Batch) -> Outcome:
    return _save(run, images, "ComfyUI", "temp")


def _save_image(run: Run, images: Batch, filename_prefix: str) -> Outcome:
    return _save(run, images, filename_prefix, "output")


def _save_image_websocket(run: Run, images: Batch) -> Outcome:
    # ComfyUI counts from 0 here and never reaches the maximum (protocol.md §2).
    for index, picture in enumerate(images):
        run.result(index, len(images), picture)
    return Outcome()


def _send_image_websocket(run: Run, images: Batch, format: str) -> Outcome:
    for picture in images:
        run.send(encode(picture, format), format)
    ref = {"source": "websocket", "content-type": f"image/{format.lower()}", "type": "output"}
    return Outcome(ui={"images": [dict(ref) for _ in images]})


def _save(run: Run, batch: Batch, prefix: str, kind: str) -> Outcome:
    refs = [run.files.save_result(images.encode_saved(p, run.texts), prefix, kind) for p in batch]
    return Outcome(ui={"images": [file_ref(ref) for ref in refs]})


def file_ref(ref: FileRef) -> dict[str, str]:
    """A file as `executed` and /history name it."""
    return {"filename": ref.filename, "subfolder": ref.subfolder, "type": ref.type}


def _input_path(run: Run, name: str) -> str:
    path = run.files.annotated_path(name)
    if path is None:
        raise FileNotFoundError(f"Invalid image file: {name}")
    return str(path)


def _wanted_size(picture: Picture, width: int, height: int) -> tuple[int, int]:
    """The size asked for; a side of 0 follows from the other, both 0 leave it as it is."""
    high, wide = picture.shape[:2]
    if width == 0 and height == 0:
        return wide, high
    return width or max(1, round(wide * height / high)), height or max(1, round(high * width / wide))


def _scaled(batch: Sequence[Picture], width: int, height: int, method: str, crop: str = "disabled") -> Batch:
    images.require_size(width, height, len(batch))
    return tuple(images.scale(picture, width, height, method, crop) for picture in batch)


def _repeated(batch: Batch, count: int) -> Batch:
    return batch * count if len(batch) == 1 else batch


def _blend(below: Picture, above: Picture, factor: float, mode: str) -> Picture:
    a, b = below.astype(np.float32) / 255, above.astype(np.float32) / 255
    mixed = a * (1 - factor) + _BLENDS[mode](a, b) * factor
    return np.asarray(np.clip(mixed * 255 + 0.5, 0, 255), dtype=np.uint8)


_BLENDS: Mapping[str, Callable[[Any, Any], Any]] = {
    "normal": lambda a, b: b,
    "multiply": lambda a, b: a * b,
    "screen": lambda a, b: 1 - (1 - a) * (1 - b),
    "overlay": lambda a, b: np.where(a <= 0.5, 2 * a * b, 1 - 2 * (1 - a) * (1 - b)),
    "soft_light": lambda a, b: (1 - 2 * b) * a * a + 2 * b * a,
    "difference": lambda a, b: a - b,
}

NODES: Mapping[str, Node] = {
    "CheckpointLoaderSimple": _load_checkpoint,
    "LoraLoader": _load_lora,
    "LoraLoaderModelOnly": _load_lora_model_only,
    "VAELoader": _load_vae,
    "CLIPTextEncode": _encode_text,
    "KSampler": _sample,
    "KSamplerAdvanced": _sample_advanced,
    "EmptyLatentImage": _empty_latent,
    "VAEEncode": _vae_encode,
    "VAEDecode": _vae_decode,
    "LatentUpscale": _upscale_latent,
    "LatentUpscaleBy": _upscale_latent_by,
    "LoadImage": _load_image,
    "LoadImageMask": _load_image_mask,
    "ImageScale": _scale_image,
    "ImageScaleBy": _scale_image_by,
    "ImageInvert": _invert_image,
    "ImageBlend": _blend_images,
    "EmptyImage": _empty_image,
    "PreviewImage": _preview_image,
    "SaveImage": _save_image,
    "SaveImageWebsocket": _save_image_websocket,
    "ETN_SendImageWebSocket": _send_image_websocket,
}
