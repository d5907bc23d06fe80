"""The bench: the form beside the stage, and the buttons between them."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from comfy_api.errors import EaselError, JobNotFound
from comfy_api.jobs.job import Job
from comfy_api.service import Service
from pages.components import controls, links, seeds, words
from pages.components import form as forms
from pages.components.desk import Desk, desk
from pages.components.form import Sheet
from pages.components.live import live
from pages.components.notes import note, problem
from pages.components.owner import owner
from pages.components.pill import connect
from pages.components.service import service
from pages.components.slots import put, slot
from pages.components.stage import describe


def show() -> None:
    """The page, top to bottom: what changed is acted on first, then everything is drawn."""
    mine, who, held = desk(), owner(), service()
    turn = mine.begin()
    if not held.entries:
        note(words.NO_WORKFLOWS)
        return
    if not mine.opened:
        _open(held, who, mine)
        mine.opened = True
    while mine.wishes:
        mine.wishes[0]()
        mine.wishes.pop(0)
    form = mine.act(turn, partial(forms.read, held, who, mine), held, who)
    job = held.find(who, mine.job_id)
    if job and st.query_params.get("job") != job.id:
        st.query_params["job"] = job.id
    _draw(held, who, mine, form, job)


def _draw(held: Service, who: str, mine: Desk, form: Sheet, job: Job | None) -> None:
    with st.container(key="bench"):
        with st.container(key="form"):
            controls.draw(held, who, mine, form)
            _buttons(held, who, mine, form, job)
        with st.container(key="stage"):
            live(
                describe(held, job, form, same=job is not None and mine.repeated == job.id, gone=mine.gone),
                on_example=partial(try_example, mine),
                on_pick=partial(take_over, held, who, mine),
            )
            _others(held, who, mine, job)
            _engine(held)
    if job:
        # On a phone the picture comes first, once there is one.
        st.html("<style>@media (max-width: 999px) { :has(> .st-key-stage) { order: -1 } }</style>")


def _buttons(held: Service, who: str, mine: Desk, form: Sheet, job: Job | None) -> None:
    running = job is not None and not job.over
    with st.container(key="act"):
        if mine.problem and mine.problem.control not in [control.id for control in form.controls]:
            problem(mine)
        with st.container(key="press", horizontal=True, gap="small"):
            st.button(
                words.AGAIN if running else words.GENERATE,
                key="generate",
                type="secondary" if running else "primary",
                shortcut="Ctrl+Enter",
                disabled=bool(form.offer.problem),
                width="stretch",
                on_click=mine.press,
            )
            # Drawn second, shown first: Generate keeps its place, and so hears Ctrl+Enter while Stop comes and goes.
            if job and running:
                st.button(
                    words.STOP,
                    key="stop",
                    type="primary",
                    width="stretch",
                    on_click=_stop,
                    args=(held, who, job.id),
                )
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.toggle(words.KEEP, key="keep", help=words.KEEP_HELP, persist_state="session")
        st.html(f'<p class="easel-key">{words.PROMPT_HINT}</p>', width="content")


def _stop(held: Service, who: str, job_id: str) -> None:
    """Stops this job and no other. Touches nothing of Streamlit's: no newer run can cut it short."""
    try:
        held.stop(who, job_id)
    except JobNotFound:
        # It ended and was cleared away; the stage says so.
        return


def _open(held: Service, who: str, mine: Desk) -> None:
    """A page that was loaded: its job stands in the address, if it is this maker's; else the form is as it was left,
    in whichever session. What a link carries comes on top.
    """
    wanted = st.query_params.get("job")
    job = held.find(who, wanted)
    mine.gone = bool(wanted) and job is None
    if raw := job.values if job else held.recall(who):
        forms.fill(held, who, mine, raw)
    links.fill_from_link(held, who, mine)
    if job:
        st.session_state["keep"] = job.keep
        mine.show(job)


def _others(held: Service, who: str, mine: Desk, job: Job | None) -> None:
    """Pictures that go on behind this one: after "Let it finish", or from another tab."""
    others = [other for other in held.jobs(who) if not other.over and other.id != mine.job_id]
    if not others:
        return
    text = words.OTHERS_ONE if len(others) == 1 else words.OTHERS_MANY.format(n=len(others))
    with st.container(key="others", horizontal=True, vertical_alignment="center"):
        note(text)
        st.button(words.SHOW, key="show", on_click=mine.show, args=(others[-1],))


def _engine(held: Service) -> None:
    """Says so where pictures come from the demo engine."""
    server = held.server()
    if server.kind != "demo":
        return
    with st.container(key="engine", horizontal=True, vertical_alignment="center", gap="small"):
        note(words.DEMO_SHORT if not server.offer else words.OFFER.format(url=server.offer), width="content")
        if server.offer:
            connect(held, server.offer, "stage")
        else:
            with st.popover(words.CONNECT, type="tertiary"):
                st.markdown(words.DEMO_HOW)


# --- clicks on the stage: they come from a browser, and are checked ---------------------------------------


def try_example(mine: Desk, number: Any) -> None:
    """An example prompt was clicked: it is written into the form and made."""
    if not isinstance(number, int) or not 0 <= number < len(words.EXAMPLES):
        return

    def wish() -> None:
        st.session_state["prompt"] = words.EXAMPLES[number][0]
        mine.press()

    mine.wishes.append(wish)


def take_over(held: Service, who: str, mine: Desk, picked: Any) -> None:
    """A picture's settings go into the form: with its seed, or with a new one, which is made at once."""
    if not isinstance(picked, dict):
        return
    try:
        job = held.get(who, str(picked.get("job")))
    except EaselError:
        return
    vary = picked.get("vary") is True

    def wish() -> None:
        offer = forms.fill(held, who, mine, job.values)
        seed = forms.main_seed(offer) if offer else None
        if seed and seed.shown and job.seed is not None:
            mode = job.values.get(f"{slot(seed)}.mode")
            text = seeds.draw(seed) if vary else str(job.seed)
            put(held, mine, seed, {slot(seed): text, f"{slot(seed)}.mode": mode})
        if vary:
            mine.press()

    mine.wishes.append(wish)
