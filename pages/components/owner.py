"""Whose page this is."""

from __future__ import annotations

import streamlit as st

from comfy_api.http import owner_of
from pages.components import words


def owner() -> str:
    """The owner that this browser's signed cookie names. Without one, the page says so and ends.

    A test, which has no cookies, sets ``session_state["owner"]``; browsers cannot reach that.
    """
    name = st.session_state.get("owner") or owner_of(st.context.cookies)
    if not name:
        st.error(words.NO_COOKIE)
        st.stop()
    return str(name)
