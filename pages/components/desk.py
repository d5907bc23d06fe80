"""What one browser session holds besides its widgets, and the one place where its page starts and stops jobs.

Streamlit may end a run wherever it touches ``st.*`` or ``st.session_state``, and begins the next one in a
thread of its own before the old one has gone. So all that must not be lost lies in one object, which is
fetched once a run and then changed in place: a button's callback does no more than note the press, and
whichever run comes first with the newest values takes it, under a lock, once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from comfy_api.errors import EaselError
from comfy_api.jobs.job import Job, Problem
from comfy_api.jobs.policy import must_stop
from comfy_api.workflow.forms.control import Kind

if TYPE_CHECKING:
    from comfy_api.offers import Offer
    from comfy_api.service import Service
    from pages.components.form import Sheet


@dataclass
class Desk:
    """One session's state.

    Attributes:
        lock: held while a run reads the form and acts on it, so that a press is taken once.
        turn: counts the runs; a run that is no longer the newest does nothing.
        pressed: Generate was pressed and no run has taken it yet.
        job_id: the job on the stage.
        gone: the address names a job that is not here any more.
        opened: the first run has filled the form.
        slug: the workflow whose values the widgets hold.
        outline: its controls, to see when its author or the server changes them.
        offers: workflow → what it was when the server was last seen.
        left: workflow → the form as it stands, or stood when it was left.
        newest: the workflow that was remembered last.
        files: workflow and control → the file's name in the server's input folder.
        picks: workflow and control → what is chosen, in its JSON type, also where the server lacks it.
        modes: a seed's key → ``random``, ``fixed`` or ``count``.
        counted: a seed's key → the seed, and how far it has counted up from there.
        said: control → a sentence beside it, and the value that it is about; ``""`` is the form as a whole.
        unfolded: workflows whose further settings were opened to show a problem, and stay so.
        browsing: the workflows are looked through as cards.
        problem: why the last press was refused, with the control concerned.
        refused: the form at that time; another form is judged anew.
        failed: it was a job that failed, not a press that was refused.
        repeated: the job that was asked for with the very values of a finished one.
        wishes: what clicks on the stage ask of the form, oldest first.
        faces: controls that show what others say → what they show, and how often that has changed.
    """

    lock: threading.RLock = field(default_factory=threading.RLock)
    turn: int = 0
    pressed: bool = False
    job_id: str | None = None
    gone: bool = False
    opened: bool = False
    slug: str | None = None
    outline: tuple[tuple[str, Kind], ...] = ()
    offers: dict[str, Offer] = field(default_factory=dict)
    left: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    newest: str | None = None
    files: dict[tuple[str, str], str | None] = field(default_factory=dict)
    picks: dict[tuple[str, str], Any] = field(default_factory=dict)
    modes: dict[str, str] = field(default_factory=dict)
    counted: dict[str, tuple[str, int]] = field(default_factory=dict)
    said: dict[str, tuple[str, Any]] = field(default_factory=dict)
    unfolded: set[str] = field(default_factory=set)
    browsing: bool = False
    problem: Problem | None = None
    refused: Mapping[str, Any] = field(default_factory=dict)
    failed: bool = False
    repeated: str | None = None
    wishes: list[Callable[[], None]] = field(default_factory=list)
    faces: dict[str, tuple[object, int]] = field(default_factory=dict)
    _tolerated: Mapping[str, Any] | None = None
    _keep: bool | None = None
    _adopts: bool = False

    def key_for(self, name: str, state: object) -> str:
        """A key for a control that shows what another says: a new one whenever that changes.

        A browser that has not heard of the change yet still sends the old key: it can neither undo the change, nor
        bring an old state back with a key that was there before.
        """
        before, turns = self.faces.get(name, (state, 0))
        self.faces[name] = (state, turns + (before != state))
        return f"{name}-{self.faces[name][1]}"

    def count_of(self, key: str, text: str) -> int:
        """How far a seed has counted up; another seed begins anew."""
        begun, ahead = self.counted.get(key, ("", 0))
        return ahead if begun == text else 0

    def adopt(self) -> None:
        """The form changes without its maker: that is no change against the job on the stage."""
        self._adopts = True

    def press(self) -> None:
        """Generate was pressed. Touches nothing of Streamlit's: no newer run can cut it short."""
        self.pressed = True

    def begin(self) -> int:
        """A run begins; gives its turn."""
        with self.lock:
            self.turn += 1
            return self.turn

    def show(self, job: Job | None) -> None:
        """Puts a job on the stage. What the form says now is no change against it."""
        self.job_id = job.id if job else None
        self.gone = False
        self._tolerated = None
        self._keep = None
        self._adopts = job is not None

    def act(self, turn: int, read: Callable[[], Sheet], service: Service, owner: str) -> Sheet:
        """Reads the form, stops what it contradicts, starts what was pressed."""
        with self.lock:
            form = read()
            if turn == self.turn:
                self._judge(form, service, owner)
            return form

    def _judge(self, form: Sheet, service: Service, owner: str) -> None:
        job = service.find(owner, self.job_id)
        if job and not job.over:
            job = self._switch(job, form, service)
            if job.keep or self._adopts:
                self._tolerated, self._adopts = form.raw, False
            if must_stop(self._as_tolerated(job), form.raw, self.pressed):
                service.stop(owner, job.id, reason="again" if self.pressed else "changed")
        self._blame(job, form)
        if self.pressed:
            self._submit(job, form, service, owner)

    def _blame(self, job: Job | None, form: Sheet) -> None:
        """A control stays marked until the form changes: by a refusal, or by the job that failed on it."""
        if job and job.problem and job.problem.control and form.raw == job.values:
            self.problem, self.refused, self.failed = job.problem, form.raw, True
        elif self.problem and form.raw != self.refused:
            self.problem, self.failed = None, False

    def _switch(self, job: Job, form: Sheet, service: Service) -> Job:
        """The switch was turned: the job follows. Only a turn counts, for another tab may stand otherwise."""
        turned = self._keep is not None and self._keep != form.keep
        self._keep = form.keep
        return service.keep(job.owner, job.id, form.keep) if turned and job.keep != form.keep else job

    def _as_tolerated(self, job: Job) -> Job:
        """The job, as if made with what was let pass while it was to finish: the switch alone stops nothing."""
        return job if self._tolerated is None else replace(job, values=self._tolerated)

    def _submit(self, before: Job | None, form: Sheet, service: Service, owner: str) -> None:
        self.pressed = False
        self.problem, self.failed = None, False
        try:
            job = service.submit(owner, form.slug, form.values(), keep=form.keep, form=dict(form.raw))
        except EaselError as error:
            self.problem = Problem(str(error), control=getattr(error, "control", ""))
            self.refused = form.raw
            return
        same = before and before.over and before.results and _settled(before, form) == form.asked()
        self.repeated = job.id if same else None
        self._count(form)
        self.said.clear()
        self.show(job)
        self._adopts, self._keep = False, form.keep

    def _count(self, form: Sheet) -> None:
        """Seeds that count up go on, by as many as the job has used."""
        for key, text, ahead in form.count_ups():
            self.counted[key] = (text, self.count_of(key, text) + ahead)


def _settled(job: Job, form: Sheet) -> dict[str, Any]:
    """A job's values with the seed that was drawn for it."""
    name = form.seed.id if form.seed else ""
    plain = {name: value for name, value in job.values.items() if not name.endswith(".mode")}
    return {**plain, **({name: str(job.seed)} if name in plain else {})}


def desk() -> Desk:
    """This session's desk."""
    if "desk" not in st.session_state:
        st.session_state["desk"] = Desk()
    found: Desk = st.session_state["desk"]
    return found
