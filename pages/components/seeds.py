"""The seed: text, exact to 64 bits, with dice, and what it does from one picture to the next."""

from __future__ import annotations

import secrets
from html import escape

import streamlit as st

from comfy_api.workflow.forms.control import Control
from comfy_api.workflow.forms.seeding import draw_seed
from pages.components import words
from pages.components.desk import Desk
from pages.components.form import Sheet
from pages.components.slots import key_of, slot
from pages.components.text import plain

_MODES = tuple(words.SEED_MODES)


def draw(control: Control) -> str:
    """A seed at random that is short enough to be read aloud, as text."""
    return str(draw_seed(control, secrets.SystemRandom()))


def seed(desk: Desk, sheet: Sheet, control: Control, *, disabled: bool) -> None:
    """Draws the control."""
    key = key_of(control)
    text, mode = str(sheet.raw[slot(control)]), str(sheet.raw[f"{slot(control)}.mode"])
    name = control.id if key == control.id else key
    mirror = desk.key_for(f"{name}_mode", mode)

    def throw() -> None:
        st.session_state[key] = draw(control)
        desk.modes[key] = "fixed" if mode == "random" else mode

    def switch() -> None:
        chosen = st.session_state[mirror]
        if chosen not in _MODES or chosen == mode:
            return
        if chosen == "random":
            st.session_state[key] = ""
        elif not text:
            st.session_state[key] = draw(control)
        elif mode == "count" and (ahead := sheet.next_seed(control)) is not None:
            # What is kept is the seed that comes next, not the one that the counting began with.
            st.session_state[key] = str(ahead)
        desk.modes[key] = chosen

    with st.container(key=f"{name}_row", gap="small"):
        with st.container(key=f"{name}_line", horizontal=True, vertical_alignment="bottom", gap="small"):
            st.text_input(
                plain(control.label),
                key=key,
                placeholder=words.SEED_PLACEHOLDER,
                help=plain(control.help) or words.SEED_HELP,
                autocomplete="off",
                disabled=disabled,
                persist_state="session",
            )
            st.button(
                "⚂",
                key="dice" if name == "seed" else f"{name}_dice",
                help=words.SEED_DICE,
                on_click=throw,
                disabled=disabled,
            )
        st.segmented_control(
            words.SEED_NEXT,
            _MODES,
            default=mode,
            format_func=words.SEED_MODES.__getitem__,
            key=mirror,
            on_change=switch,
            required=True,
            label_visibility="collapsed",
            width="stretch",
            disabled=disabled,
        )
        ahead = sheet.next_seed(control) if mode == "count" else None
        if ahead is not None:
            st.html(f'<p class="easel-next">{escape(words.SEED_COMES.format(seed=ahead))}</p>', width="content")
