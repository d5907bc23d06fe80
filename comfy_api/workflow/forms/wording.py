"""What makers read: names and explanations of the inputs that many workflows have, and plain text from markdown."""

from __future__ import annotations

import re

MAX_LABEL = 80
MAX_HELP = 300

#: Input → its name for makers.
LABELS = {
    "text": "Text",
    "prompt": "Prompt",
    "negative": "Leave out",
    "negative_prompt": "Leave out",
    "seed": "Seed",
    "noise_seed": "Seed",
    "images": "Images",
    "batch_size": "Images",
    "size": "Size",
    "steps": "Steps",
    "cfg": "Guidance",
    "guidance": "Guidance",
    "denoise": "Change",
    "sampler_name": "Sampler",
    "scheduler": "Scheduler",
    "ckpt_name": "Model",
    "unet_name": "Model",
    "vae_name": "VAE",
    "clip_name": "Text encoder",
    "clip_name1": "Text encoder 1",
    "clip_name2": "Text encoder 2",
    "clip_name3": "Text encoder 3",
    "clip_name4": "Text encoder 4",
    "lora_name": "LoRA",
    "strength_model": "LoRA strength",
    "strength_clip": "LoRA strength (text)",
    "control_net_name": "ControlNet",
    "length": "Frames",
    "fps": "Frames per second",
    "frame_rate": "Frames per second",
    "seconds": "Seconds",
    "n": "Images at once",
    "upscale_method": "Method",
}

#: Kind of file → what makers call it, where neither the author nor the input does.
FILE_LABELS = {"image": "Picture", "mask": "Mask", "video": "Video", "audio": "Sound", "file": "File"}

#: Input → what it does, for makers. The server's own tooltip stands in for the rest.
HELP = {
    "negative": "What the picture should not show (the negative prompt).",
    "seed": "The number a picture grows from. The same seed and the same settings give the same picture.",
    "steps": "More steps take longer and show finer detail, up to a point.",
    "cfg": "How closely the picture keeps to the prompt (cfg).",
    "guidance": "How closely the picture keeps to the prompt (guidance).",
    "denoise": ("How far the new picture may go from the one it begins from: 0 keeps it, 1 starts afresh (denoise)."),
}

_ACRONYMS = {"lora": "LoRA", "vae": "VAE", "clip": "CLIP", "cfg": "CFG", "fps": "FPS", "url": "URL", "id": "ID"}
_ACRONYMS |= {"pbr": "PBR", "ssml": "SSML", "bpm": "BPM", "uv": "UV", "svg": "SVG", "3d": "3D", "ai": "AI"}


def label_for(name: str) -> str:
    """The name of an input for makers: ``model.aspect_ratio`` → ``Aspect ratio``."""
    last = name.rsplit(".", 1)[-1]
    return LABELS.get(last) or humanise(last)


def label_from(text: str) -> str:
    """A label that an author wrote; one that is written like an input (``lora_name``) as that input's."""
    return label_for(text) if re.fullmatch(r"[A-Za-z0-9_.]{1,80}", text) else clip(text, MAX_LABEL)


def humanise(name: str) -> str:
    """``some_nameOf`` → ``Some name of``; what holds spaces already was written for people and stays."""
    if " " in name.strip():
        return clip(name, MAX_LABEL)
    words = re.sub(r"(?<=[a-z])(?=[A-Z0-9])", " ", name).replace("_", " ").replace("-", " ").split()
    words = [_ACRONYMS.get(word.lower(), word.lower() if not word.isupper() else word) for word in words]
    text = " ".join(words) or name
    return clip(text[:1].upper() + text[1:], MAX_LABEL)


def plain(text: object, limit: int = MAX_HELP) -> str:
    """A text from outside as plain text of at most ``limit`` characters; empty where it is no text."""
    if not isinstance(text, str):
        return ""
    text = text[: limit * 8]
    text = re.sub(r"!?\[([^\]\n]{0,200})\]\([^)\n]{0,500}\)", r"\1", text)
    text = re.sub(r"<[^<>\n]{1,200}>", " ", text)
    text = re.sub(r"^[ \t]*(?:#{1,6}|>|[-*+])[ \t]+", "", text, flags=re.MULTILINE)
    text = re.sub(r"(\*\*|__|`+)(?=\S)(.+?)(?<=\S)\1", r"\2", text)
    return clip(text, limit)


def clip(text: str, limit: int) -> str:
    """In one line, no control characters, and with ``…`` where it is longer than ``limit``."""
    line = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
