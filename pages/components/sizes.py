"""A size: buttons for its shape among the first things, its width and height in pixels among the further ones."""

from __future__ import annotations

import streamlit as st

from comfy_api.workflow.forms.control import Control
from pages.components import shapes, words
from pages.components.desk import Desk
from pages.components.fields import number
from pages.components.form import Sheet
from pages.components.slots import sides_of, slot, within
from pages.components.text import plain

#: The size that shapes are made for where the workflow states none.
_USUAL = (512, 512)
_STEP = 8


def shape(desk: Desk, sheet: Sheet, control: Control, *, disabled: bool) -> None:
    """Draws the shapes that the workflow can make, if there are any to choose from."""
    own = _own(control)
    offered = [one for one in shapes.SHAPES if all(within(control, side) for side in shapes.size_of(one, own))]
    if len(offered) < 2:
        return
    width, height = sheet.raw[slot(control)] or own
    present = shapes.shape_of((width, height), own)
    name = "shape" if control.id == "size" else f"{control.id}_shape"
    key = desk.key_for(name, present)

    def choose() -> None:
        chosen = st.session_state[key]
        if chosen and chosen != present:
            st.session_state.update(zip(sides_of(control), shapes.size_of(chosen, own), strict=True))

    st.segmented_control(
        words.SHAPE if control.id == "size" else plain(control.label),
        offered,
        default=present if present in offered else None,
        format_func=words.SHAPES.__getitem__,
        key=key,
        on_change=choose,
        width="stretch",
        disabled=disabled,
    )


def sides(control: Control, *, disabled: bool) -> None:
    """Draws width and height."""
    own = _own(control)
    labels = (words.WIDTH, words.HEIGHT)
    if control.id != "size":
        labels = (f"{plain(control.label)} · {words.WIDTH}", f"{plain(control.label)} · {words.HEIGHT}")
    with st.container(horizontal=True):
        for key, label, side in zip(sides_of(control), labels, own, strict=True):
            least = max(1, int(control.minimum or 1))
            number(key, label, least, control.maximum, control.step or _STEP, str(side), True, "", disabled)


def _own(control: Control) -> tuple[int, int]:
    width, height = control.default or _USUAL
    return int(width), int(height)
