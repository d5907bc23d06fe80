"""Node classes whose results are no pictures: animations, videos, sounds, texts and 3D models."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from comfy_api.demo import clips, sounds
from comfy_api.demo.clips import Clip
from comfy_api.demo.mesh import Mesh, glb, relief
from comfy_api.demo.nodes import NODES, Batch, Node, Outcome, Run, file_ref
from comfy_api.demo.sampler import Latent
from comfy_api.demo.sounds import Sound


def _save_animated_webp(
    run: Run, images: Batch, filename_prefix: str, fps: float, lossless: bool, quality: int, method: str
) -> Outcome:
    data = clips.animated_webp(Clip(images, fps), run.texts, lossless=lossless, quality=quality)
    return _moving(run, data, filename_prefix, ".webp")


def _save_animated_png(run: Run, images: Batch, filename_prefix: str, fps: float, compress_level: int) -> Outcome:
    return _moving(run, clips.animated_png(Clip(images, fps), compress_level), filename_prefix, ".png")


def _save_webm(run: Run, images: Batch, filename_prefix: str, codec: str, fps: float, crf: float) -> Outcome:
    return _moving(run, clips.webm(Clip(images, fps)), filename_prefix, ".webm")


def _create_video(run: Run, images: Batch, fps: float) -> Outcome:
    return Outcome((Clip(images, fps),))


def _save_video(run: Run, video: Clip, filename_prefix: str, format: str, codec: str) -> Outcome:
    return _moving(run, clips.mp4(video), filename_prefix, ".mp4")


def _empty_audio(run: Run, duration: float, sample_rate: int, channels: int) -> Outcome:
    return Outcome((sounds.silence(duration, sample_rate, channels),))


def _decode_audio(run: Run, samples: Latent, vae: str) -> Outcome:
    return Outcome((sounds.chord(samples.pictures[0]),))


def _save_audio(run: Run, audio: Sound, filename_prefix: str) -> Outcome:
    return _saved(run, "audio", sounds.flac(audio), filename_prefix, ".flac")


def _preview_audio(run: Run, audio: Sound) -> Outcome:
    return _saved(run, "audio", sounds.flac(audio), "ComfyUI", ".flac", kind="temp")


def _string(run: Run, value: str) -> Outcome:
    return Outcome((value,))


def _preview_any(run: Run, source: Any) -> Outcome:
    if isinstance(source, str | int | float | bool):
        return Outcome(ui={"text": [str(source)]})
    text = json.dumps(source) if isinstance(source, dict | list) else type(source).__name__
    return Outcome(ui={"text": [text]})


def _decode_voxel(run: Run, samples: Latent, vae: str, num_chunks: int, octree_resolution: int) -> Outcome:
    return Outcome((samples.pictures[0],))


def _voxel_to_mesh(run: Run, voxel: Any, threshold: float) -> Outcome:
    return Outcome((relief(voxel),))


def _save_glb(run: Run, mesh: Mesh, filename_prefix: str) -> Outcome:
    return _saved(run, "3d", glb(mesh), filename_prefix, ".glb")


def _preview_3d(run: Run, model_file: str) -> Outcome:
    return Outcome(ui={"result": [model_file, None]})


def _moving(run: Run, data: bytes, prefix: str, suffix: str) -> Outcome:
    saved = _saved(run, "images", data, prefix, suffix)
    return Outcome(ui={**(saved.ui or {}), "animated": [True]})


def _saved(run: Run, key: str, data: bytes, prefix: str, suffix: str, kind: str = "output") -> Outcome:
    return Outcome(ui={key: [file_ref(run.files.save_result(data, prefix, kind, suffix))]})


#: Every class of the engine.
CLASSES: Mapping[str, Node] = {
    **NODES,
    "SaveAnimatedWEBP": _save_animated_webp,
    "SaveAnimatedPNG": _save_animated_png,
    "SaveWEBM": _save_webm,
    "CreateVideo": _create_video,
    "SaveVideo": _save_video,
    "EmptyAudio": _empty_audio,
    "VAEDecodeAudio": _decode_audio,
    "SaveAudio": _save_audio,
    "PreviewAudio": _preview_audio,
    "PrimitiveString": _string,
    "PrimitiveStringMultiline": _string,
    "PreviewAny": _preview_any,
    "VAEDecodeHunyuan3D": _decode_voxel,
    "VoxelToMeshBasic": _voxel_to_mesh,
    "SaveGLB": _save_glb,
    "Preview3D": _preview_3d,
}
