"""What the engine's node classes are: inputs, outputs and ranges, as GET /object_info gives them.

The facts stand in ``object_info.json`` beside this module (recorded from ComfyUI 0.3.64, model lists
shortened to the engine's own names).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

#: Classes whose ``image`` input lists files of the input folder.
FILE_CLASSES = frozenset({"LoadImage", "LoadImageMask"})
#: Keys that 0.38 adds to every class (protocol.md §14).
NEWER_KEYS: Mapping[str, Any] = {"is_input_list": False, "has_intermediate_output": False, "search_aliases": None}


@dataclass(frozen=True)
class InputSpec:
    """One required input.

    Attributes:
        kind: type name such as ``INT`` or ``IMAGE``, or the list of choices in the older combo form.
        options: its options dict (min, max, default, tooltip …), empty where there is none.
    """

    kind: str | Sequence[str]
    options: Mapping[str, Any]

    @property
    def config(self) -> list[Any]:
        """``[kind, options]`` as validation errors show it."""
        return [self.kind, dict(self.options)]


@dataclass(frozen=True)
class NodeSpec:
    """One node class.

    Attributes:
        name: ``class_type``.
        required: input name → its specification, in ComfyUI's order.
        outputs: type of each output slot.
        is_output: whether the class ends a graph.
    """

    name: str
    required: Mapping[str, InputSpec]
    outputs: tuple[str, ...]
    is_output: bool


def load_object_info() -> dict[str, dict[str, Any]]:
    """Read the recorded object_info of every class of the engine."""
    text = resources.files("comfy_api.demo").joinpath("object_info.json").read_text(encoding="utf-8")
    loaded: dict[str, dict[str, Any]] = json.loads(text)
    return loaded


def parse_specs(object_info: Mapping[str, Mapping[str, Any]]) -> dict[str, NodeSpec]:
    """Class name → specification."""
    return {name: _parse_spec(name, info) for name, info in object_info.items()}


def describe(
    object_info: Mapping[str, Mapping[str, Any]],
    files: Mapping[str, Sequence[str]],
    *,
    newer: bool,
    only: str | None = None,
) -> dict[str, Any]:
    """The answer of GET /object_info, or of /object_info/{only}: ``{}`` for an unknown class.

    Args:
        files: class of `FILE_CLASSES` → the file names that it offers now.
        newer: add the keys of 0.38.
    """
    names = object_info if only is None else [only] if only in object_info else []
    answer: dict[str, Any] = {}
    for name in names:
        info = {**object_info[name], **(NEWER_KEYS if newer else {})}
        if name in FILE_CLASSES:
            info["input"] = _with_files(info["input"], files[name])
        answer[name] = info
    return answer


def model_lists(object_info: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """Model folder → the names in it, as GET /models/{folder} gives them."""
    places = {
        "checkpoints": ("CheckpointLoaderSimple", "ckpt_name"),
        "loras": ("LoraLoader", "lora_name"),
        "vae": ("VAELoader", "vae_name"),
    }
    empty = ("text_encoders", "diffusion_models", "clip_vision", "embeddings", "controlnet", "upscale_models")
    lists = {folder: list(object_info[c]["input"]["required"][i][0]) for folder, (c, i) in places.items()}
    # "pixel_space" is a choice of the node but no file.
    lists["vae"] = [name for name in lists["vae"] if name != "pixel_space"]
    return {**lists, **{folder: [] for folder in empty}}


def _with_files(inputs: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    required = dict(inputs["required"])
    required["image"] = [list(names), *required["image"][1:]]
    return {**inputs, "required": required}


def _parse_spec(name: str, info: Mapping[str, Any]) -> NodeSpec:
    required = {
        key: InputSpec(value[0], value[1] if len(value) > 1 else {})
        for key, value in info["input"].get("required", {}).items()
    }
    return NodeSpec(name, required, tuple(info["output"]), bool(info["output_node"]))
