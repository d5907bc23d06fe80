"""What makers have: each workflow with its versions, to edit, to switch, to take back and to export."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from html import escape

import streamlit as st

from comfy_api.errors import EaselError
from comfy_api.service import Service
from comfy_api.workflow.library import Entry, Version
from comfy_api.workshop import Export
from pages.components import publish_words as words
from pages.components.notes import problem_text
from pages.components.publish.table import Table

#: Rows that are drawn at once.
_MOST = 50


def draw(service: Service, table: Table) -> None:
    """Draws it."""
    entries = service.entries
    if entries:
        st.html(f"<h2>{escape(words.ALL)}</h2>")
        for entry in _found(entries):
            _row(service, table, entry)
    try:
        back = service.workshop.taken_back()
    except EaselError as error:
        problem_text(str(error))
        return
    if back:
        st.html(f"<h2>{escape(words.TAKEN_BACK)}</h2>")
        for slug in back[:_MOST]:
            with st.container(key=f"shelf_{slug}", gap="small"):
                with st.container(key=f"shelf_line_{slug}", horizontal=True, vertical_alignment="center"):
                    st.html(f"<p>{escape(slug)}</p>", width="stretch")
                    _manage_button(table, slug)
                if table.managed == slug:
                    _manage(service, table, slug, on_offer=False)


def _found(entries: Sequence[Entry]) -> Sequence[Entry]:
    if len(entries) <= _MOST:
        return entries
    wanted = st.text_input(words.FIND, key="shelf_find", placeholder=words.FIND, label_visibility="collapsed") or ""
    return [entry for entry in entries if wanted.casefold() in f"{entry.title} {entry.sentence}".casefold()][:_MOST]


def _row(service: Service, table: Table, entry: Entry) -> None:
    version = words.VERSION.format(n=entry.version) if entry.version else words.BUNDLED
    with st.container(key=f"shelf_{entry.slug}", gap="small"):
        with st.container(key=f"shelf_line_{entry.slug}", horizontal=True, vertical_alignment="center", gap="small"):
            st.html(_cover(service, entry), width="content")
            said = f'<p>{escape(entry.title)}<br><span class="easel-note">{escape(version)}</span></p>'
            st.html(said, width="stretch")
            edit = partial(table.attempt, partial(table.edit, service, entry.slug))
            st.button(words.EDIT_AGAIN, key=f"shelf_edit_{entry.slug}", on_click=edit)
            _manage_button(table, entry.slug)
        if table.managed == entry.slug:
            _manage(service, table, entry.slug, on_offer=entry.version > 0)


def _cover(service: Service, entry: Entry) -> str:
    if entry.cover is None:
        return f'<span class="easel-cover" aria-hidden="true">{escape(entry.title[:1].upper())}</span>'
    address = f"{service.settings.base_path}/easel/covers/{entry.slug}?v={entry.version}"
    return f'<img class="easel-cover" src="{escape(address)}" alt="">'


def _manage_button(table: Table, slug: str) -> None:
    shown = table.managed == slug
    st.button(
        words.CLOSE if shown else words.MANAGE,
        key=f"shelf_manage_{slug}",
        icon=":material/check:" if shown else ":material/more_horiz:",
        type="tertiary",
        on_click=partial(_unfold, table, slug),
    )


def _unfold(table: Table, slug: str) -> None:
    table.clear()
    table.managed = None if table.managed == slug else slug


def _manage(service: Service, table: Table, slug: str, *, on_offer: bool) -> None:
    """``on_offer``: one that was published, not the bundled one."""
    with st.container(key="publish_manage", border=True, gap="small"):
        try:
            versions = service.workshop.versions(slug)
        except EaselError as error:
            problem_text(str(error))
            return
        chosen = _versions(service, table, slug, versions) if versions else None
        if on_offer:
            back = partial(table.attempt, partial(service.workshop.unpublish, slug))
            st.button(words.TAKE_BACK, key="take_back", type="tertiary", on_click=back)
        _exports(service, slug, chosen)


def _versions(service: Service, table: Table, slug: str, versions: Sequence[Version]) -> int:
    known = {version.number: version for version in versions}
    current = next((version.number for version in versions if version.current), versions[0].number)
    chosen = st.selectbox(
        words.VERSIONS,
        list(known),
        index=list(known).index(current),
        format_func=lambda number: _said(known[number]) if number in known else str(number),
        key=f"version_{slug}_{current}_{len(known)}",
    )
    with st.container(horizontal=True):
        use = partial(table.attempt, partial(service.workshop.use, slug, chosen))
        st.button(words.USE, key="use_version", disabled=known[chosen].current, on_click=use)
        edit = partial(table.attempt, partial(table.edit, service, slug, chosen))
        st.button(words.EDIT_VERSION, key="edit_version", on_click=edit)
    return chosen


def _said(version: Version) -> str:
    date = datetime.fromtimestamp(version.published).astimezone().strftime("%Y-%m-%d %H:%M")
    form = words.VERSION_CURRENT if version.current else words.VERSION_OF
    return form.format(n=version.number, date=date)


def _exports(service: Service, slug: str, version: int | None) -> None:
    try:
        kinds = service.workshop.exports(slug, version)
    except EaselError as error:
        problem_text(str(error))
        return
    kind = st.selectbox(words.SAVE_AS, kinds, format_func=words.EXPORTS.__getitem__, key=f"export_{slug}")
    try:
        name, data = service.workshop.export(slug, Export(kind), version)
    except EaselError as error:
        problem_text(str(error))
        return
    st.download_button(words.DOWNLOAD, data, file_name=name, key="download_export", on_click="ignore")
