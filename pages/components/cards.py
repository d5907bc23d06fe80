"""Which workflow: a compact chooser at the head of the form, and all of them as cards with a picture each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from html import escape
from urllib.parse import quote

import streamlit as st

from comfy_api.service import Service
from comfy_api.workflow.library import Entry
from pages.components import options, words
from pages.components.desk import Desk
from pages.components.fields import SEARCHED
from pages.components.text import plain


def chooser(service: Service, desk: Desk, slug: str) -> None:
    """Draws the head of the form. One workflow needs no choice."""
    entries = {entry.slug: entry for entry in service.entries}
    if len(entries) > 1:
        titles = dict(zip(entries, options.distinct([entry.title for entry in entries.values()]), strict=True))
        with st.container(key="chooser", horizontal=True, vertical_alignment="bottom", gap="small"):
            st.html(_cover(service, entries[slug]), width="content")
            st.selectbox(
                words.WORKFLOW,
                list(entries),
                format_func=lambda one: titles.get(one, one),
                key="workflow",
                filter_mode="fuzzy" if len(entries) > SEARCHED else None,
                persist_state="session",
            )
            st.button(
                words.WORKFLOWS,
                key="browse",
                icon=":material/grid_view:",
                help=words.WORKFLOWS,
                on_click=partial(_browse, desk),
            )
    if entries[slug].sentence:
        st.caption(plain(entries[slug].sentence))
    if desk.browsing:
        st.dialog(words.WORKFLOWS, width="medium", on_dismiss=partial(_leave, desk))(_cards)(
            service, desk, list(entries.values()), slug
        )


def choose(desk: Desk, slug: str) -> None:
    """A card was clicked."""

    def wish() -> None:
        st.session_state["workflow"] = slug

    desk.wishes.append(wish)
    desk.browsing = False


def _browse(desk: Desk) -> None:
    desk.browsing = True


def _leave(desk: Desk) -> None:
    desk.browsing = False


def _cards(service: Service, desk: Desk, entries: Sequence[Entry], present: str) -> None:
    found = entries
    if len(entries) > SEARCHED:
        wanted = st.text_input(words.FIND, key="find", placeholder=words.FIND, label_visibility="collapsed")
        found = [one for one in entries if wanted.casefold() in f"{one.title} {one.sentence}".casefold()]
    with st.container(key="cards"):
        st.html(f"<style>{''.join(_look(service, one, one.slug == present) for one in found)}</style>")
        for entry in found:
            label = f"**{plain(entry.title)}**" + (f" :gray[{plain(entry.sentence)}]" if entry.sentence else "")
            # Within a dialog a press runs the dialog alone; what was chosen concerns the page.
            if st.button(label, key=f"card_{entry.slug}", on_click=partial(choose, desk, entry.slug), width="stretch"):
                st.rerun()
        if not found:
            st.caption(words.FIND_NONE)


def _cover(service: Service, entry: Entry) -> str:
    if entry.cover is None:
        return f'<span class="easel-cover" aria-hidden="true">{escape(entry.title[:1].upper())}</span>'
    return f'<img class="easel-cover" src="{escape(_address(service, entry))}" alt="">'


def _look(service: Service, entry: Entry, present: bool) -> str:
    """The card's picture; without one the first letter of its title stands there."""
    card = f".st-key-card_{_as_class(entry.slug)} button"
    letter = quote(entry.title[:1].upper(), safe="") if not entry.title[:1].isalnum() else entry.title[:1].upper()
    shown = (
        f'content: ""; background-image: url("{_address(service, entry)}")' if entry.cover else f'content: "{letter}"'
    )
    ring = f"{card} {{ border-color: currentColor }}" if present else ""
    return f"{card}::before {{ {shown} }} {ring}"


def _address(service: Service, entry: Entry) -> str:
    return f"{service.settings.base_path}/easel/covers/{quote(entry.slug, safe='')}?v={entry.version}"


def _as_class(slug: str) -> str:
    """As Streamlit makes a class of a key."""
    return "".join(letter if letter.isascii() and (letter.isalnum() or letter in "_-") else "-" for letter in slug)
