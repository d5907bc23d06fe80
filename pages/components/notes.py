"""Small print beside the controls."""

from __future__ import annotations

from html import escape

import streamlit as st

from pages.components.desk import Desk


def problem(desk: Desk, *controls: str) -> None:
    """Says what is wrong with one of these controls, if anything is."""
    if desk.problem and desk.problem.control in controls:
        st.html(f'<p class="easel-problem" role="alert">{escape(desk.problem.sentence)}</p>')


def note(text: str) -> None:
    """A quiet line."""
    st.html(f'<p class="easel-note">{escape(text)}</p>')
