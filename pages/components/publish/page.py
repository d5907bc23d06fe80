"""The page as a whole: where one begins, or the draft beside the form that comes of it."""

from __future__ import annotations

from functools import partial
from html import escape
from pathlib import Path

import streamlit as st

from comfy_api.service import Service
from pages.components import publish_words as words
from pages.components.notes import problem_text
from pages.components.owner import owner
from pages.components.publish import about, begin, found, pick, preview, release, shelf
from pages.components.publish.table import Table, Work, table
from pages.components.service import service

_STYLE = Path(__file__).parent / "publish.css"


def show() -> None:
    """The page, top to bottom."""
    st.html(_STYLE)
    mine, who, held = table(), owner(), service()
    with st.container(key="publish"):
        if mine.work is None:
            with st.container(key="publish_begin"):
                release.done(mine)
                begin.draw(held, mine)
                shelf.draw(held, mine)
        else:
            _keep_up(held, mine.work)
            _draft(held, who, mine, mine.work)


def _keep_up(held: Service, work: Work) -> None:
    """Another server, or the same one with other nodes: what it lacks is looked at again."""
    info = held.object_info()
    if info and info is not work.seen:
        was = work.draft.workflow
        work.draft, work.seen = held.workshop.look_again(work.draft), info
        if was is None:
            work.turn += 1


def _draft(held: Service, who: str, mine: Table, work: Work) -> None:
    with st.container(key="publish_head", horizontal=True, vertical_alignment="center"):
        st.html(f"<h1>{escape(work.form.title or words.UNTITLED)}</h1>", width="stretch")
        st.button(words.PUT_ASIDE, key="put_aside", type="tertiary", on_click=mine.put_aside)
        st.button(words.THROW_AWAY, key="throw_away", type="tertiary", on_click=partial(mine.throw_away, work))
    with st.container(key="publish_bench"):
        with st.container(key="publish_editor"):
            found.draw(held, work)
            if work.draft.workflow is not None:
                about.words_of(work)
                pick.draw(work)
                about.more(held, work)
        with st.container(key="publish_side"):
            if work.draft.workflow is not None:
                preview.draw(held, who, work)
                release.draw(held, mine, work)
            if mine.problem:
                problem_text(mine.problem)
