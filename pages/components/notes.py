"""Small print beside the controls."""

from __future__ import annotations

from html import escape
from typing import Literal

import streamlit as st

from pages.components.desk import Desk


def problem(desk: Desk, *controls: str) -> None:
    """Says what is wrong with one of these controls, if anything is.

    Where a job failed on it the control is marked only: the sentence stands on the stage.
    """
    if not desk.problem or desk.problem.control not in controls:
        return
    if desk.failed:
        keys = ", ".join(f'[class*="st-key-{escape(name)}"]' for name in controls if name)
        st.html(f"<style>.st-key-form :is({keys}) {{ outline: 1px solid var(--easel-warn) }}</style>")
    else:
        problem_text(desk.problem.sentence)


def problem_text(sentence: str) -> None:
    """A sentence about the control below or above it."""
    st.html(f'<p class="easel-problem" role="alert">{escape(sentence)}</p>')


def note(text: str, width: Literal["stretch", "content"] = "stretch") -> None:
    """A quiet line."""
    st.html(f'<p class="easel-note">{escape(text)}</p>', width=width)
