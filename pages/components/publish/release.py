"""Giving it to makers: under which name, and what is said when it is done."""

from __future__ import annotations

from functools import partial
from html import escape
from urllib.parse import quote, urlsplit

import streamlit as st

from comfy_api.service import Service
from comfy_api.workflow.library import Entry
from pages.components import cards
from pages.components import publish_words as words
from pages.components.desk import desk
from pages.components.notes import note
from pages.components.publish.table import Table, Work, typed


def draw(service: Service, table: Table, work: Work) -> None:
    """Draws the last step."""
    with st.container(key="publish_release", gap="small"):
        titles = {"": words.NEW} | {
            entry.slug: words.NEXT.format(title=f"“{entry.title}”") for entry in service.entries
        }
        if work.slug and work.slug not in titles:
            titles[work.slug] = words.NEXT.format(title=f"“{work.slug}”")
        key = work.key("slug")
        st.selectbox(
            words.PUBLISH_AS,
            list(titles),
            index=list(titles).index(work.slug),
            format_func=lambda slug: titles.get(slug, slug),
            key=key,
            filter_mode="fuzzy" if len(titles) > 8 else None,
            on_change=partial(_choose, work, key),
        )
        if work.slug and work.slug != work.begun:
            st.button(
                words.TAKE_FORM,
                key="take_form",
                type="tertiary",
                help=words.TAKE_FORM_HELP,
                on_click=partial(table.attempt, partial(_take_form, service, work)),
            )
        st.button(
            words.PUBLISH,
            key="publish_now",
            type="primary",
            width="stretch",
            on_click=partial(table.attempt, partial(_publish, service, table, work)),
        )


def done(table: Table) -> None:
    """Says what was published, and where it is."""
    entry = table.published
    if entry is None:
        return
    with st.container(key="published_now", gap="small"):
        title = f"“{entry.title}”"
        st.html(f'<p role="status">{escape(words.PUBLISHED.format(title=title, version=entry.version))}</p>')
        if st.button(words.OPEN, key="open_published", type="primary"):
            cards.choose(desk(), entry.slug)
            st.switch_page("generate.py")
        note(f"{words.ADDRESS}: {_address(entry)}")


def _address(entry: Entry) -> str:
    """What a browser opens Generate with."""
    url = urlsplit(st.context.url or "")
    path = url.path.rstrip("/").rpartition("/")[0]
    return (
        f"{url.scheme}://{url.netloc}{path}/?workflow={quote(entry.slug)}" if url.netloc else f"?workflow={entry.slug}"
    )


def _choose(work: Work, key: str) -> None:
    work.slug = typed(key) or ""


def _take_form(service: Service, work: Work) -> None:
    edited = service.workshop.edit(work.slug)
    form = edited.draft.form
    work.put(service.workshop.examine(work.draft.file, form))
    work.cover = work.cover or edited.cover
    work.begun = work.slug


def _publish(service: Service, table: Table, work: Work) -> None:
    workshop = service.workshop
    slug = work.slug or workshop.slug_for(work.form.title)
    entry = workshop.publish(slug, work.draft, work.cover)
    table.throw_away(work)
    table.clear()
    table.published = entry
