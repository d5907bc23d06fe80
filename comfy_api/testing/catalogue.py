"""A small object_info and system_stats, in the two forms that servers give (protocol.md §9)."""

from __future__ import annotations

from typing import Any

Inputs = dict[str, list[Any]]


def object_info() -> dict[str, Any]:
    """The nodes of a text-to-image run, its senders, and LoadImage."""
    image: Inputs = {"images": ["IMAGE"]}
    prefix: Inputs = {"filename_prefix": ["STRING", {"default": "ComfyUI"}]}
    etn: Inputs = {
        "images": ["IMAGE", {}],
        "format": ["COMBO", {"default": "PNG", "multiselect": False, "options": ["PNG", "JPEG"]}],
    }
    checkpoint: Inputs = {"ckpt_name": [["dream.safetensors", "sub/other.safetensors"], {}]}
    nodes = [
        _node("CheckpointLoaderSimple", "Load Checkpoint", checkpoint, ["MODEL", "CLIP", "VAE"]),
        _node("CLIPTextEncode", "CLIP Text Encode (Prompt)", _TEXT, ["CONDITIONING"]),
        _node("EmptyLatentImage", "Empty Latent Image", _LATENT, ["LATENT"]),
        _node("KSampler", "KSampler", _SAMPLER, ["LATENT"]),
        _node("VAEDecode", "VAE Decode", {"samples": ["LATENT", {}], "vae": ["VAE", {}]}, ["IMAGE"]),
        _node("LoadImage", "Load Image", {"image": [["example.png"], {"image_upload": True}]}, ["IMAGE", "MASK"]),
        _node("PreviewImage", "Preview Image", image, []),
        _node("SaveImage", "Save Image", {**image, **prefix}, []),
        _node("SaveImageWebsocket", "SaveImageWebsocket", image, []),
        _node("ETN_SendImageWebSocket", "Send Image (WebSocket)", etn, []),
    ]
    return {node["name"]: node for node in nodes}


def system_stats(version: str) -> dict[str, Any]:
    """One CPU with previews on."""
    return {
        "system": {
            "os": "linux" if version.startswith("0.38") else "posix",
            "ram_total": 16 * 2**30,
            "ram_free": 8 * 2**30,
            "comfyui_version": version,
            "required_frontend_version": "1.27.10",
            "python_version": "3.12.3",
            "pytorch_version": "2.8.0+cpu",
            "embedded_python": False,
            "argv": ["main.py", "--preview-method", "auto"],
        },
        "devices": [
            {
                "name": "cpu",
                "type": "cpu",
                "index": None,
                "vram_total": 16 * 2**30,
                "vram_free": 8 * 2**30,
                "torch_vram_total": 16 * 2**30,
                "torch_vram_free": 8 * 2**30,
            }
        ],
    }


_TEXT: Inputs = {"text": ["STRING", {"multiline": True, "dynamicPrompts": True}], "clip": ["CLIP", {}]}
_LATENT: Inputs = {
    "width": ["INT", {"default": 512, "min": 16, "max": 16384, "step": 8}],
    "height": ["INT", {"default": 512, "min": 16, "max": 16384, "step": 8}],
    "batch_size": ["INT", {"default": 1, "min": 1, "max": 4096}],
}
_SAMPLER: Inputs = {
    "model": ["MODEL", {}],
    "seed": ["INT", {"default": 0, "min": 0, "max": 2**64 - 1, "control_after_generate": True}],
    "steps": ["INT", {"default": 20, "min": 1, "max": 10000}],
    "cfg": ["FLOAT", {"default": 8.0, "min": 0.0, "max": 100.0, "step": 0.1, "round": 0.01}],
    "sampler_name": [["euler", "dpmpp_2m", "ddim"], {}],
    "scheduler": [["simple", "karras", "normal"], {}],
    "positive": ["CONDITIONING", {}],
    "negative": ["CONDITIONING", {}],
    "latent_image": ["LATENT", {}],
    "denoise": ["FLOAT", {"default": 1.0, "min": 0.0, "max": 1.0, "step": 0.01}],
}


def _node(name: str, display_name: str, required: Inputs, output: list[str]) -> dict[str, Any]:
    """One entry; a node without outputs is an output node."""
    return {
        "input": {"required": required},
        "input_order": {"required": list(required)},
        "output": output,
        "output_is_list": [False] * len(output),
        "output_name": output,
        "name": name,
        "display_name": display_name,
        "description": "",
        "python_module": "nodes",
        "category": "fake",
        "output_node": not output,
    }
