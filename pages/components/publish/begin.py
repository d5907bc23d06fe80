"""Where one begins: a file, a workflow of the server's, or a draft that was put aside."""

from __future__ import annotations

from functools import partial
from html import escape

import streamlit as st

from comfy_api.errors import EaselError
from comfy_api.servers.library import Offer, OfferKind
from comfy_api.service import Service
from pages.components import publish_words as words
from pages.components.notes import note, problem_text
from pages.components.publish.table import Table, typed
from pages.components.text import plain


def draw(service: Service, table: Table) -> None:
    """Draws it."""
    st.html(f"<h1>{escape(words.BEGIN)}</h1>")
    note(words.BEGIN_MORE)
    key = f"workflow_file_{table.uploads}"
    st.file_uploader(words.DROP, key=key, help=words.DROP_HELP, on_change=partial(_dropped, service, table, key))
    _refused(table)
    _several(service, table)
    _drafts(table)
    with st.expander(words.SERVER, expanded=table.shelf is not None):
        _server(service, table)


def _dropped(service: Service, table: Table, key: str) -> None:
    file = typed(key)
    if file is not None:
        table.drop(service, file.getvalue(), file.name)


def _refused(table: Table) -> None:
    if table.problem:
        problem_text(table.problem)
    for sentence in table.refused[:5]:
        problem_text(sentence)


def _several(service: Service, table: Table) -> None:
    if table.dropped is None:
        return
    files = table.dropped.intake.files
    note(words.SEVERAL.format(name=table.name, n=len(files)))
    with st.container(key="publish_several", gap="small"):
        for number, file in enumerate(files[:100]):
            st.button(
                plain(file.name),
                key=f"several_{number}",
                on_click=partial(table.take, service, table.dropped, file),
            )


def _drafts(table: Table) -> None:
    if not table.works:
        return
    st.html(f"<h2>{escape(words.DRAFTS)}</h2>")
    for work in reversed(table.works):
        with st.container(key=f"aside_{work.number}", horizontal=True, vertical_alignment="center"):
            st.html(f"<p>{escape(work.form.title or words.UNTITLED)}</p>", width="stretch")
            st.button(words.GO_ON, key=f"resume_{work.number}", on_click=partial(table.resume, work))
            st.button(
                words.THROW_AWAY,
                key=f"throw_{work.number}",
                type="tertiary",
                on_click=partial(table.throw_away, work),
            )


# --- what the server has ------------------------------------------------------------------------------------


def _server(service: Service, table: Table) -> None:
    shelf = table.shelf
    label = words.SERVER_LOOK if shelf is None else words.SERVER_AGAIN
    st.button(label, key="look_at_server", on_click=partial(_look, service, table))
    if shelf is None:
        return
    for sentence in shelf.problems:
        problem_text(sentence)
    kind = st.segmented_control(
        words.SERVER,
        list(OfferKind),
        format_func=words.SERVER_KINDS.__getitem__,
        default=next((offer.kind for offer in shelf.offers), OfferKind.SAVED),
        key="server_kind",
        required=True,
        label_visibility="collapsed",
    )
    offers = [offer for offer in shelf.offers if offer.kind is kind]
    if not offers:
        note(words.SERVER_NONE)
        return
    chosen = st.selectbox(
        words.SERVER_CHOOSE,
        range(len(offers)),
        format_func=lambda at: _name(offers[at]) if 0 <= at < len(offers) else "",
        index=None,
        key=f"server_offer_{kind}",
        placeholder=words.SERVER_CHOOSE,
        label_visibility="collapsed",
        filter_mode="fuzzy",
    )
    st.button(
        words.SERVER_OPEN,
        key="server_open",
        disabled=chosen is None,
        on_click=None if chosen is None else partial(_fetch, service, table, offers[chosen]),
    )


def _name(offer: Offer) -> str:
    return " · ".join(part for part in (offer.group, offer.title) if part)


def _look(service: Service, table: Table) -> None:
    table.clear()
    table.shelf = service.workshop.on_server()


def _fetch(service: Service, table: Table, offer: Offer) -> None:
    table.clear()
    try:
        file = service.workshop.fetch(offer)
    except EaselError as error:
        table.problem = str(error)
        return
    table.open(service, service.workshop.examine(file))
