"""The very form that makers get, drawn by the parts that draw it for them, and a trial of it.

The form's controls have ids of their own here, so that trying one out touches nothing of the author's own form on
Generate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from html import escape
from typing import Any, cast

import streamlit as st

from comfy_api.errors import EaselError, JobNotFound
from comfy_api.jobs.job import Job, Problem
from comfy_api.offers import Offer
from comfy_api.service import Service
from comfy_api.workflow import Media
from comfy_api.workflow.forms.control import Kind
from comfy_api.workflow.library import Entry
from comfy_api.workshop import shrink
from pages.components import controls
from pages.components import publish_words as words
from pages.components.form import Sheet, shown
from pages.components.live import live
from pages.components.notes import problem
from pages.components.publish.table import Work
from pages.components.slots import first, key_of, put, slot, take
from pages.components.stage import describe

#: Pictures of a trial that can become the cover.
_COVERS = 4


class _Stand:
    """The service as the form's parts see it: with this one workflow."""

    def __init__(self, service: Service, entry: Entry) -> None:
        self._service, self.entries = service, (entry,)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._service, name)


def draw(service: Service, owner: str, work: Work) -> None:
    """Draws the form, and below it what a trial made."""
    offer = _offer(work)
    stand = cast(Service, _Stand(service, offer.entry))
    sheet = _read(stand, work, offer)
    st.html(f"<h2>{escape(words.PREVIEW)}</h2>")
    job = service.find(owner, work.job_id)
    with st.container(key="form"):
        controls.draw(stand, owner, work.desk, sheet)
        if work.desk.problem and work.desk.problem.control not in [one.id for one in sheet.controls]:
            problem(work.desk)
        _buttons(service, owner, work, sheet, job)
    if job:
        with st.container(key="publish_trial"):
            live(
                describe(stand, job, sheet, same=False, gone=False),
                on_example=_nothing,
                on_pick=_nothing,
            )
        _covers(service, owner, work, job)


def _buttons(service: Service, owner: str, work: Work, sheet: Sheet, job: Job | None) -> None:
    if job and not job.over:
        st.button(words.STOP, key="stop_trial", width="stretch", on_click=partial(_stop, service, owner, job.id))
    else:
        st.button(
            words.TRY,
            key="try",
            width="stretch",
            help=words.TRY_HELP,
            on_click=partial(_try, service, owner, work, sheet.offer),
        )


def _offer(work: Work) -> Offer:
    """The draft as makers get it, under names of this draft's own."""
    offer = work.draft.offer(work.seen, f"draft-{work.number}")

    def name(control_id: str) -> str:
        return f"d{work.number}_{control_id}"

    form = replace(offer.form, controls=tuple(replace(one, id=name(one.id)) for one in offer.form.controls))
    return replace(offer, form=form, lacking={name(key): finding for key, finding in offer.lacking.items()})


def _read(service: Service, work: Work, offer: Offer) -> Sheet:
    """The form as it stands; a control whose first value the author has changed shows the new one."""
    desk = work.desk
    desk.slug = offer.entry.slug
    raw: dict[str, Any] = {"workflow": desk.slug}
    for control in shown(offer):
        begin = first(service, control)
        if desk.left.get(control.id) != begin or not _is_there(control.kind, key_of(control)):
            put(service, desk, control, begin)
            desk.left[control.id] = begin
        raw |= take(desk, control)
    counted = {one.id: desk.count_of(key_of(one), raw[slot(one)]) for one in shown(offer) if one.kind is Kind.SEED}
    return Sheet(offer, raw, counted, keep=True)


def _is_there(kind: Kind, key: str) -> bool:
    """Whether a widget still has its value: what was not drawn for a while may have lost it."""
    return kind in _WITHOUT_STATE or f"{key}_width" in st.session_state or key in st.session_state


_WITHOUT_STATE = frozenset({Kind.IMAGE, Kind.MASK, Kind.VIDEO, Kind.AUDIO, Kind.FILE})


# --- a trial ------------------------------------------------------------------------------------------------


def _try(service: Service, owner: str, work: Work, offer: Offer) -> None:
    """Makes one picture with what the preview says."""
    sheet = _read(cast(Service, _Stand(service, offer.entry)), work, offer)
    work.desk.problem = None
    try:
        title = offer.entry.title or words.UNTITLED
        named = replace(offer, entry=replace(offer.entry, title=title))
        work.job_id = service.submit(owner, named, sheet.values(), keep=True).id
    except EaselError as error:
        work.desk.problem = Problem(str(error), control=getattr(error, "control", ""))


def _stop(service: Service, owner: str, job_id: str) -> None:
    try:
        service.stop(owner, job_id)
    except JobNotFound:
        return  # it ended and was cleared away


def _covers(service: Service, owner: str, work: Work, job: Job) -> None:
    if not job.over:
        return
    pictures = [one for one in job.seen if one.kind is Media.IMAGE][:_COVERS]
    with st.container(horizontal=True):
        for number, picture in enumerate(pictures, 1):
            st.button(
                words.AS_COVER.format(n=number),
                key=f"as_cover_{number}",
                type="tertiary",
                on_click=partial(_as_cover, service, owner, work, job.id, picture.id),
            )


def _as_cover(service: Service, owner: str, work: Work, job_id: str, picture_id: str) -> None:
    try:
        _, path = service.picture(owner, job_id, picture_id)
        work.cover = shrink(path.read_bytes())
    except (EaselError, OSError):
        work.said["cover"] = words.COVER_WRONG


def _nothing(_: Mapping[str, Any] | Any) -> None:
    """Clicks on a trial's pictures change no form."""
