"""The well: one component for a control whose value is a file. It talks to Easel's upload routes itself.

The page's script hears of the outcome alone: a name in the server's input folder, or nothing. Bytes never pass
through it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from comfy_api.workflow.forms.control import Kind

_HERE = Path(__file__).parent
#: In the order in which they build on each other; ``mount.js`` has the export.
_PARTS = (
    "live/dom.js",
    *(f"well/{part}" for part in ("talk.js", "camera.js", "crop.js", "paint.js", "editor.js", "face.js", "mount.js")),
)
#: Characters of a name that a browser may report.
_LONGEST: Final = 512

#: Words that the browser fills in.
WORDS: Final[Mapping[str, Any]] = {
    "kinds": {
        "image": {"drop": "Drop or paste a picture", "tap": "Add a picture", "choose": "Choose a picture"},
        "mask": {"drop": "Drop or paste a picture to paint on", "tap": "Add a mask", "choose": "Choose a picture"},
        "video": {"drop": "Drop a video", "tap": "Add a video", "choose": "Choose a video"},
        "audio": {"drop": "Drop a sound file", "tap": "Add a sound file", "choose": "Choose a sound"},
        "file": {"drop": "Drop a file", "tap": "Add a file", "choose": "Choose a file"},
    },
    "optional": "(optional)",
    "adding": "Adding",
    "cancel": "Cancel",
    "camera": "Camera",
    "shutter": "Take the picture",
    "camera_denied": "The camera is not open to this page. Allow it in the browser, or choose a file.",
    "link": "Web address",
    "link_label": "Web address of the file",
    "no_link": "This is no web address. It begins with https:// or http://",
    "add": "Add",
    "mine": "Your pictures",
    "untitled": "Picture",
    "back": "Back",
    "keep": "Keep this one",
    "edit": "Edit",
    "replace": "Replace",
    "remove": "Remove",
    "gone": "This file is not here any more. Add it again.",
    "too_large": "This file is larger than {n} MB. Choose a smaller one.",
    "line_down": "The line to Easel broke. Try again.",
    "crop": "Crop",
    "crop_hint": "Keep a part of the picture",
    "crop_keys": "What is kept. Arrow keys move it; with Shift they resize it.",
    "shapes": {"free": "Free"},
    "paint": "Paint a mask",
    "paint_hint": "Mark what is made anew",
    "paint_keys": "The mask. Arrow keys move the brush, Space paints.",
    "brush": "Brush",
    "brush_hint": "Paint over what is made anew",
    "eraser": "Eraser",
    "eraser_hint": "Take paint away",
    "brush_size": "Size of the brush",
    "undo": "Undo",
    "clear": "Clear",
    "done": "Done",
}


@dataclass(frozen=True, slots=True)
class Picked:
    """A file that a browser reports. Whether its owner may use it, ``Uploads.knows`` says.

    Attributes:
        name: what the form's values hold.
        width, height: of a picture, in pixels, else 0.
    """

    name: str
    width: int = 0
    height: int = 0


def script() -> str:
    """The browser's side, in one module."""
    return "\n".join((_HERE / part).read_text(encoding="utf-8") for part in _PARTS)


@cache
def _component() -> ComponentRenderer:
    """Registers the component, once a process."""
    return st.components.v2.component(
        "easel_well",
        html='<section class="well"></section>',
        css=(_HERE / "well/well.css").read_text(encoding="utf-8"),
        js=script(),
    )


def well(
    control_id: str,
    *,
    label: str,
    kind: Kind,
    value: str | None,
    pictures: Sequence[Mapping[str, str]] = (),
    maskable: bool = False,
    required: bool = False,
    help: str = "",
    limit_bytes: int,
    base: str,
    on_change: Callable[[Picked | None], None],
) -> str | None:
    """Draws the control. The page keeps the value and gives it back at each run; the well shows what it is given.

    Args:
        control_id: the control; the widget's key is ``control_<id>``.
        kind: IMAGE, MASK, VIDEO, AUDIO or FILE.
        value: the name to show, or None.
        pictures: own results to choose from, newest first: ``job``, ``picture``, ``thumb`` (an address), ``alt``.
        maskable: a mask may be painted over a picture.
        limit_bytes: most bytes of a file; the routes have the last word.
        base: path prefix of the pages.
        on_change: called before the script's run, when the maker chose another file, or took it away.

    Returns:
        The name as it stands now: ``value``.
    """
    key = f"control_{control_id}"
    told = st.session_state.get(key)
    heard = _at(told.get("file")) if isinstance(told, Mapping) else None
    _component()(
        key=key,
        data={
            "value": value,
            "heard": heard,
            "label": label,
            "help": help,
            "kind": kind.value,
            "pictures": [dict(picture) for picture in pictures],
            "maskable": maskable,
            "required": required,
            "limit": limit_bytes,
            "base": base,
            "words": WORDS,
        },
        on_file_change=lambda: on_change(picked(st.session_state[key].get("file"))),
    )
    return value


def picked(told: Any) -> Picked | None:
    """What a browser reports, as far as it makes sense."""
    if not isinstance(told, Mapping) or not isinstance(told.get("name"), str):
        return None
    name, sides = told["name"], (told.get("width"), told.get("height"))
    if not 0 < len(name) <= _LONGEST:
        return None
    width, height = (side if isinstance(side, int) and 0 <= side < 2**31 else 0 for side in sides)
    return Picked(name, width, height)


def _at(told: Any) -> int | None:
    """When the browser said it, by its own clock: it tells its word from an older one."""
    at = told.get("at") if isinstance(told, Mapping) else None
    return at if isinstance(at, int) else None
