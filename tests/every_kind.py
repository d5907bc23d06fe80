"""A workflow with a control of every kind, its nodes as a server lists them, and how it is published."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from comfy_api.workflow.forms.control import Control, Form, Kind, Place
from comfy_api.workflow.intake import read_files
from comfy_api.workflow.library import Library

SLUG = "every-kind"
TITLE = "Every kind"
BIG = 2**53 + 1

INPUTS: dict[str, Any] = {
    "prompt": "",
    "note": "",
    "story": "Once",
    "count": 5,
    "large": BIG,
    "amount": 0.5,
    "blend": 0.25,
    "turns": 3,
    "tiled": False,
    "side": False,
    "variant": 1,
    "model": "ink.safetensors",
    "seed": 3,
    "width": 512,
    "height": 512,
    "image": "",
    "mask": "",
    "video": "",
    "audio": "",
    "file": "",
    "tint": "#112233",
    "styles": {"__value__": ["ink"]},
    "lines": {"__value__": ["one"]},
}
WORKFLOW: dict[str, Any] = {
    "1": {"class_type": "EveryKind", "inputs": INPUTS, "_meta": {"title": "Everything"}},
    "9": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}, "_meta": {"title": "Picture"}},
}
_UPLOADS = {"image": "image_upload", "mask": "image_upload", "video": "video_upload", "audio": "audio_upload"}
_REQUIRED: dict[str, Any] = {
    "prompt": ["STRING", {"multiline": True}],
    "note": ["STRING", {}],
    "story": ["STRING", {"multiline": True}],
    "count": ["INT", {"min": 0, "max": 100, "step": 5}],
    "large": ["INT", {"min": -(2**63), "max": 2**63 - 1}],
    "amount": ["FLOAT", {"min": 0.0, "max": 10.0, "step": 0.125}],
    "blend": ["FLOAT", {"min": 0.0, "max": 1.0, "step": 0.05, "display": "slider"}],
    "turns": ["INT", {"min": 0, "max": 10, "display": "slider"}],
    "tiled": ["BOOLEAN", {}],
    "side": ["BOOLEAN", {"label_on": "Front", "label_off": "Back"}],
    "variant": [[1, "1", True, "two"], {}],
    "model": [["ink.safetensors", "sub\\oil.safetensors"], {}],
    "seed": ["INT", {"min": 0, "max": 2**64 - 1}],
    # Beyond what a browser counts, as some nodes state it.
    "width": ["INT", {"min": 16, "max": 2**60, "step": 8}],
    "height": ["INT", {"min": 16, "max": 16384, "step": 8}],
    "tint": ["COLOR", {}],
    "styles": [["ink", "oil", "chalk"], {"multiselect": True}],
}
NODES: dict[str, Any] = {
    "EveryKind": {
        "input": {
            "required": _REQUIRED,
            "optional": {name: [["example.png"], {how: True}] for name, how in _UPLOADS.items()}
            | {"file": ["STRING", {}], "lines": ["*", {}]},
        },
        "output": ["IMAGE"],
        "output_is_list": [False],
        "output_name": ["IMAGE"],
        "name": "EveryKind",
        "display_name": "Everything",
        "description": "",
        "category": "",
        "output_node": False,
    }
}


def _control(name: str, kind: Kind, **more: Any) -> Control:
    given = INPUTS[name]
    default = given["__value__"] if isinstance(given, dict) else given
    told = {"id": name, "label": name.capitalize(), "places": (Place("1", name),), "default": default}
    return Control(**{**told, "kind": kind, **more})


FORM = Form(
    title=TITLE,
    description="Has one of everything.",
    order=90,
    controls=(
        _control("prompt", Kind.LONG_TEXT),
        _control("image", Kind.IMAGE, default=None, maskable=True),
        _control("mask", Kind.MASK, default=None),
        _control("video", Kind.VIDEO, default=None),
        _control("audio", Kind.AUDIO, default=None),
        _control("file", Kind.FILE, default=None),
        Control(id="images", kind=Kind.IMAGES, label="Images", default=1),
        Control(
            id="size",
            kind=Kind.SIZE,
            label="Size",
            places=(Place("1", "width", "width"), Place("1", "height", "height")),
            default=[512, 512],
        ),
        _control("seed", Kind.SEED, default=None),
        _control("note", Kind.TEXT, help="A *short* note.", group="Words"),
        _control("story", Kind.LONG_TEXT, group="Words"),
        _control("count", Kind.INTEGER, group="Numbers"),
        _control("large", Kind.INTEGER, group="Numbers"),
        _control("amount", Kind.NUMBER, group="Numbers"),
        _control("blend", Kind.SLIDER, minimum=0.0, maximum=1.0, step=0.05, group="Numbers"),
        _control("turns", Kind.SLIDER, minimum=0, maximum=10, whole=True, group="Numbers"),
        _control("tiled", Kind.SWITCH, group="Choices"),
        _control("side", Kind.SWITCH, on="Front", off="Back", group="Choices"),
        _control("variant", Kind.CHOICE, group="Choices"),
        _control("model", Kind.MODEL, group="Choices"),
        _control("tint", Kind.COLOUR, advanced=True),
        _control("styles", Kind.LIST, advanced=True),
        _control("lines", Kind.LIST, advanced=True),
    ),
)


def publish(data: Path, form: Form = FORM, slug: str = SLUG) -> None:
    """Puts it on offer in this data folder."""
    file = read_files(json.dumps(WORKFLOW).encode(), "workflow.json").one()
    Library(data / "nothing", data / "workflows").publish(slug, file, form)
