"""What was found in the file, and what the server lacks for it."""

from __future__ import annotations

from html import escape
from pathlib import PurePosixPath

import streamlit as st

from comfy_api.draft import Draft
from comfy_api.lacks import Lack
from comfy_api.service import Service
from pages.components import publish_words as words
from pages.components import words as common
from pages.components.notes import note, problem_text
from pages.components.publish.table import Work


def draw(service: Service, work: Work) -> None:
    """Draws it."""
    draft = work.draft
    with st.container(key="publish_found", gap="small"):
        if draft.workflow is not None:
            note(_counted(draft))
        elif not draft.lacks:
            problem_text(draft.problem)
        if draft.dropped:
            note(words.LOST.format(names=", ".join(f'"{name}"' for name in draft.dropped)))
        _lacks(service, draft)
        if draft.workflow is None and draft.lacks:
            note(words.WAITS)
        if draft.notices:
            with st.expander(words.NOTICES.format(n=len(draft.notices))):
                for notice in draft.notices[:50]:
                    note(f"{notice.title}: {notice.sentence}" if notice.title else notice.sentence)


def _counted(draft: Draft) -> str:
    counts = draft.counts()
    if not counts:
        return words.FOUND_NONE
    listed = [words.SOURCES[source].format(n=n) for source, n in counts.items()]
    return words.FOUND.format(n=sum(counts.values()), sources=", ".join(listed))


def _lacks(service: Service, draft: Draft) -> None:
    server = service.server()
    if not service.object_info():
        note(words.NO_SERVER)
        return
    name = words.SERVER_DEMO if server.kind == "demo" else common.SERVER_NAMED.format(name=server.name)
    if not draft.lacks:
        if draft.workflow is not None:
            note(words.LACKS_NONE.format(server=name))
        return
    st.html(f"<h2>{escape(words.LACKS.format(server=name))}</h2>")
    st.html(f"<ul class='publish-lacks'>{''.join(_lack(draft, lack) for lack in draft.lacks[:50])}</ul>")


def _lack(draft: Draft, lack: Lack) -> str:
    parts = [lack.sentence]
    # The likeliest one stands in the sentence, as people call it.
    others = [name for name in lack.nearest if PurePosixPath(name).stem not in lack.sentence]
    if others:
        parts.append(words.ALSO_NEAR.format(names=", ".join(others)))
    control = draft.form.find(lack.control) if lack.control else None
    if control:
        parts.append(words.MENDED.format(label=control.label))
    return f"<li>{escape(' '.join(parts))}</li>"
