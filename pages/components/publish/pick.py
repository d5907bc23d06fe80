"""The controls: which are in the form, and in what order. Plain buttons, so that a keyboard and a thumb do."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from html import escape

import streamlit as st

from comfy_api.workflow.forms.control import Control, Source
from pages.components import publish_words as words
from pages.components.notes import note
from pages.components.publish import details
from pages.components.publish.table import Work, typed
from pages.components.text import plain

#: Rows that are drawn at once of what is on offer.
_MOST = 40


def draw(work: Work) -> None:
    """Draws them."""
    shown = [control for control in work.form.controls if control.shown]
    hidden = [control for control in work.form.controls if not control.shown]
    if shown:
        st.html(f"<h2>{escape(words.CONTROLS)}</h2>")
    with st.container(key="publish_controls", gap="small"):
        for number, control in enumerate(shown):
            _row(work, control, first=number == 0, last=number == len(shown) - 1)
    if hidden:
        with st.expander(words.ON_OFFER.format(n=len(hidden)), key=work.key("on_offer")):
            _on_offer(work, hidden)


def _row(work: Work, control: Control, *, first: bool, last: bool) -> None:
    name = plain(control.label or control.id)
    with st.container(key=f"publish_row_{control.id}", gap="small"):
        with st.container(key=f"publish_line_{control.id}", horizontal=True, vertical_alignment="center", gap="small"):
            _switch(work, control)
            for by, label, icon, stopped in (
                (-1, words.UP, "arrow_upward", first),
                (1, words.DOWN, "arrow_downward", last),
            ):
                st.button(
                    label.format(label=name),
                    key=work.key("up" if by < 0 else "down", control.id),
                    icon=f":material/{icon}:",
                    type="tertiary",
                    disabled=stopped,
                    on_click=partial(work.move, control.id, by),
                )
            st.button(
                words.CLOSE if work.open == control.id else words.EDIT.format(label=name),
                key=work.key("edit", control.id),
                icon=":material/check:" if work.open == control.id else ":material/edit:",
                type="tertiary",
                on_click=partial(_unfold, work, control.id),
            )
        note(_why(control))
        if work.open == control.id:
            with st.container(key=f"publish_details_{control.id}", border=True):
                details.draw(work, control)


def _on_offer(work: Work, hidden: Sequence[Control]) -> None:
    found = list(hidden)
    if len(hidden) > _MOST:
        wanted = st.text_input(words.FIND, key=work.key("find"), placeholder=words.FIND, label_visibility="collapsed")
        found = [one for one in hidden if (wanted or "").casefold() in f"{one.label} {one.id}".casefold()]
    for control in found[:_MOST]:
        with st.container(key=f"publish_row_{control.id}", gap="small"):
            _switch(work, control)
            note(_why(control))
    if len(found) > _MOST:
        note(words.FIND_MORE.format(n=len(found) - _MOST))


def _switch(work: Work, control: Control) -> None:
    key = work.key("shown" if control.shown else "hidden", control.id)
    st.checkbox(
        plain(control.label or control.id),
        value=control.shown,
        key=key,
        width="stretch",
        on_change=partial(_show, work, control.id, key),
    )


def _why(control: Control) -> str:
    source = words.REASONS[control.source]
    # Only a guess has to say that it is one: the other reasons name their source.
    guessed = control.source is Source.GUESS and control.reason
    reason = f"{source}: {_lower(control.reason)}" if guessed else control.reason or source
    folded = words.FOLDED if control.advanced else ""
    parts = (words.KINDS[control.kind], control.group, reason, folded)
    return " · ".join(part.rstrip(".") for part in parts if part)


def _lower(text: str) -> str:
    """Within a sentence."""
    return text[:1].lower() + text[1:]


def _show(work: Work, control_id: str, key: str) -> None:
    work.show(control_id, bool(typed(key)))


def _unfold(work: Work, control_id: str) -> None:
    work.open = None if work.open == control_id else control_id
    work.said.clear()
