"""What makers are told of the workflow, which results they see, and controls from another tool's file."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from functools import partial
from html import escape
from typing import Any

import streamlit as st

from comfy_api.errors import EaselError
from comfy_api.protocol.images import sniff
from comfy_api.service import Service
from comfy_api.workshop import shrink
from pages.components import publish_words as words
from pages.components.notes import note, problem_text
from pages.components.publish.table import Work, typed, without
from pages.components.text import plain

_PICTURES = ["png", "jpg", "jpeg", "webp"]


def words_of(work: Work) -> None:
    """Draws title, sentence and cover."""
    form = work.form
    for name, label, empty, present, most in (
        ("title", words.TITLE, words.TITLE_EMPTY, form.title, 80),
        ("description", words.SENTENCE, words.SENTENCE_EMPTY, form.description, 300),
    ):
        key = work.key(name)
        st.text_input(
            label,
            value=present,
            key=key,
            placeholder=empty,
            max_chars=most,
            autocomplete="off",
            on_change=partial(_write, work, name, key),
        )
    _cover(work)


def more(service: Service, work: Work) -> None:
    """Draws the outputs and the import."""
    if len(work.form.outputs) > 1:
        _outputs(work)
    with st.expander(words.IMPORT):
        note(words.IMPORT_MORE)
        key = work.key("mapping")
        st.file_uploader(
            words.IMPORT,
            type=["json"],
            key=key,
            label_visibility="collapsed",
            on_change=partial(_import, service, work, key),
        )
    if "mapping" in work.said:
        problem_text(work.said["mapping"])


def cover_html(cover: bytes) -> str:
    """A small picture, in the page itself."""
    return f'<img class="easel-cover" src="data:{sniff(cover)};base64,{b64encode(cover).decode()}" alt="">'


def _write(work: Work, name: str, key: str) -> None:
    text = typed(key)
    work.change(**{name: text.strip() if isinstance(text, str) else ""})


# --- cover ------------------------------------------------------------------------------------------------


def _cover(work: Work) -> None:
    with st.container(key="publish_cover", horizontal=True, vertical_alignment="center"):
        if work.cover:
            st.html(cover_html(work.cover), width="content")
            st.button(words.COVER_AWAY, key=work.key("cover_away"), type="tertiary", on_click=partial(_uncover, work))
        else:
            key = work.key("cover")
            st.file_uploader(words.COVER, type=_PICTURES, key=key, on_change=partial(_take_cover, work, key))
    if "cover" in work.said:
        problem_text(work.said["cover"])


def _take_cover(work: Work, key: str) -> None:
    file = typed(key)
    if file is None:
        return
    work.said = without(work.said, "cover")
    try:
        work.cover = shrink(file.getvalue())
    except EaselError as error:
        work.said["cover"] = str(error)


def _uncover(work: Work) -> None:
    work.cover = None
    work.turn += 1


# --- outputs ------------------------------------------------------------------------------------------------


def _outputs(work: Work) -> None:
    st.html(f"<h2>{escape(words.RESULTS)}</h2>")
    for number, output in enumerate(work.form.outputs):
        with st.container(key=f"publish_output_{number}", horizontal=True, vertical_alignment="center"):
            shown, named = work.key("output", str(number)), work.key("output_name", str(number))
            name = output.label or output.node_id
            st.checkbox(
                plain(name),
                value=output.shown,
                key=shown,
                on_change=partial(_change_output, work, output.node_id, "shown", shown),
            )
            st.text_input(
                words.RESULT_NAME.format(name=name),
                value=output.label,
                key=named,
                max_chars=80,
                label_visibility="collapsed",
                autocomplete="off",
                on_change=partial(_change_output, work, output.node_id, "label", named),
            )


def _change_output(work: Work, node_id: str, name: str, key: str) -> None:
    value = typed(key)
    changes: dict[str, Any] = {name: value.strip() if isinstance(value, str) else bool(value)}
    outputs = [replace(one, **changes) if one.node_id == node_id else one for one in work.form.outputs]
    work.change(outputs=tuple(outputs))


# --- another tool's file --------------------------------------------------------------------------------------


def _import(service: Service, work: Work, key: str) -> None:
    file = typed(key)
    if file is None:
        return
    try:
        work.put(service.workshop.with_mapping(work.draft, file.getvalue()))
    except EaselError as error:
        work.said["mapping"] = str(error)
