"""The live view: one component for the stage, in every state. It has a line of its own to the service.

The page's script mounts it and is told twice: of a click (``example``, ``pick``) and of the job's end
(``done``). Progress and pictures never pass through the script.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

#: In the order in which they build on each other; ``mount.js`` has the export.
_PARTS = ("say.js", "dom.js", "line.js", "media.js", "print.js", "wall.js", "viewer.js", "stage.js", "mount.js")
_FOLDER = Path(__file__).parent / "live"
_KEY = "live"


def script() -> str:
    """The browser's side, in one module."""
    return "\n".join((_FOLDER / part).read_text(encoding="utf-8") for part in _PARTS)


@cache
def _component() -> ComponentRenderer:
    """Registers the component, once a process."""
    return st.components.v2.component(
        "easel_live",
        html='<section class="easel" aria-label="Stage"></section>',
        css=(_FOLDER / "live.css").read_text(encoding="utf-8"),
        js=script(),
    )


def live(data: dict[str, Any], *, on_example: Callable[[Any], None], on_pick: Callable[[Any], None]) -> None:
    """Draws the stage.

    Args:
        data: what the component is to show; see :mod:`pages.components.stage`.
        on_example: called with the number of the example prompt that was clicked.
        on_pick: called with ``{"job": id, "vary": bool}``: settings to take over. Both come from a
            browser and are to be checked.
    """

    def relay(name: str, act: Callable[[Any], None]) -> Callable[[], None]:
        return lambda: act(st.session_state[_KEY].get(name))

    _component()(
        key=_KEY,
        data=data,
        on_done_change=lambda: None,
        on_example_change=relay("example", on_example),
        on_pick_change=relay("pick", on_pick),
    )
