"""Small print beside the controls."""

from __future__ import annotations

from html import escape
from typing import Literal

import streamlit as st

from pages.components.desk import Desk


def problem(desk: Desk, control: str = "") -> None:
    """Says what is wrong with the control, or with the form as a whole, where ``desk.problem`` names it.

    Where a job failed on it the control is marked only: the sentence stands on the stage.
    """
    if not desk.problem:
        return
    if desk.failed:
        st.html(
            f"<style>.st-key-form .st-key-field_{escape(control)} {{ outline: 1px solid var(--easel-warn) }}</style>"
        )
    else:
        problem_text(desk.problem.sentence)


def problem_text(sentence: str) -> None:
    """A sentence about the control below or above it."""
    st.html(f'<p class="easel-problem" role="alert">{escape(sentence)}</p>')


def note(text: str, width: Literal["stretch", "content"] = "stretch") -> None:
    """A quiet line."""
    st.html(f'<p class="easel-note">{escape(text)}</p>', width=width)
