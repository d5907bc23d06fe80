"""What one author's session holds: drafts, what was dropped, and what is open. Nothing is drawn here.

Fields write into the draft as soon as they change, so that neither a rerun nor another page loses anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import streamlit as st

from comfy_api.draft import Draft
from comfy_api.dropped import Dropped
from comfy_api.errors import EaselError
from comfy_api.service import Service
from comfy_api.workflow.forms.control import Control, Form
from comfy_api.workflow.intake import WorkflowFile
from comfy_api.workflow.library import Entry
from comfy_api.workflow.spec import ObjectInfo
from comfy_api.workshop import Shelf
from pages.components.desk import Desk

#: Drafts of one session; the oldest gives way.
MAX_WORKS: Final = 4


@dataclass
class Work:
    """One draft that is worked on.

    Attributes:
        number: no other draft of the session has it.
        draft: as it stands.
        slug: the workflow whose next version it becomes; empty: a new one.
        begun: the slug that it was opened from, or empty.
        cover: encoded, or None.
        turn: grows when fields are to show what the draft says, in place of what was typed.
        open: the control whose details are unfolded, or None.
        said: field → what is wrong with what was typed there; ``""`` is the draft as a whole.
        seen: the node definitions that it was examined with.
        desk: of the preview, which is a form like any other.
        job_id: of the last trial.
    """

    number: int
    draft: Draft
    slug: str = ""
    begun: str = ""
    cover: bytes | None = field(default=None, repr=False)
    turn: int = 0
    open: str | None = None
    said: dict[str, str] = field(default_factory=dict)
    seen: ObjectInfo = field(default_factory=dict, repr=False)
    desk: Desk = field(default_factory=Desk)
    job_id: str | None = None

    @property
    def form(self) -> Form:
        """As it stands."""
        return self.draft.form

    def key(self, *names: str) -> str:
        """A field's key: of this draft, and new when the field is to show another value."""
        return "_".join(("publish", str(self.number), str(self.turn), *names))

    def choices(self, control: Control) -> Control:
        """The control with all that the server offers for it."""
        return self.draft.with_choices(control, self.seen)

    def change(self, **changes: Any) -> None:
        """Changes the form's own words."""
        self.draft = self.draft.with_form(replace(self.form, **changes))

    def change_control(self, control_id: str, **changes: Any) -> None:
        """Changes one control."""
        self._put([replace(one, **changes) if one.id == control_id else one for one in self.form.controls])

    def show(self, control_id: str, shown: bool) -> None:
        """Shows a control, as the last one, or hides it."""
        moved = [replace(one, shown=shown) for one in self.form.controls if one.id == control_id]
        rest = [one for one in self.form.controls if one.id != control_id]
        seen, hidden = [one for one in rest if one.shown], [one for one in rest if not one.shown]
        self._put([*seen, *moved, *hidden])
        if not shown and self.open == control_id:
            self.open = None

    def move(self, control_id: str, by: int) -> None:
        """Moves a shown control up (-1) or down (1)."""
        seen = [one for one in self.form.controls if one.shown]
        hidden = [one for one in self.form.controls if not one.shown]
        at = next((index for index, one in enumerate(seen) if one.id == control_id), None)
        if at is not None and 0 <= at + by < len(seen):
            seen[at], seen[at + by] = seen[at + by], seen[at]
            self._put([*seen, *hidden])

    def put(self, draft: Draft) -> None:
        """Another draft in its place; the fields show it."""
        self.draft, self.open = draft, None
        self.turn += 1
        self.said.clear()

    def _put(self, controls: list[Control]) -> None:
        self.change(controls=tuple(controls))


@dataclass
class Table:
    """One session's state.

    Attributes:
        works: drafts, the last used one last.
        work: the one in sight, or None.
        made: how many there were.
        dropped: a file with several workflows, of which one is to be chosen.
        name: the file's name.
        refused: why what was dropped cannot be used.
        shelf: what the server has, once it was asked.
        published: what was published last, to be told.
        managed: the slug whose versions are in sight.
        problem: why the last press did nothing.
        uploads: counts what was dropped: a new one empties the field.
    """

    works: list[Work] = field(default_factory=list)
    work: Work | None = None
    made: int = 0
    dropped: Dropped | None = None
    name: str = ""
    refused: tuple[str, ...] = ()
    shelf: Shelf | None = None
    published: Entry | None = None
    managed: str | None = None
    problem: str = ""
    uploads: int = 0

    def drop(self, service: Service, data: bytes, name: str) -> None:
        """A file was dropped: it is opened, or its workflows are listed, or it is refused in words."""
        self.clear()
        self.uploads += 1
        self.name = name
        found = service.workshop.read(data, name)
        self.refused = tuple(refusal.sentence for refusal in found.intake.refusals)
        if len(found.intake.files) == 1:
            self.take(service, found, found.intake.files[0])
        elif found.intake.files:
            self.dropped = found

    def take(self, service: Service, dropped: Dropped, file: WorkflowFile) -> None:
        """One of the workflows in a file."""
        draft = service.workshop.examine(file, dropped.forms.get(file.name))
        self.open(service, draft, cover=dropped.covers.get(file.name))

    def edit(self, service: Service, slug: str, version: int | None = None) -> None:
        """A published one, or the bundled one."""
        edited = service.workshop.edit(slug, version)
        self.clear()
        self.open(service, edited.draft, slug=slug, cover=edited.cover)

    def open(self, service: Service, draft: Draft, *, slug: str = "", cover: bytes | None = None) -> None:
        """Begins to work on a draft."""
        self.made += 1
        self.dropped = None
        work = Work(self.made, draft, slug, slug, cover, seen=service.object_info())
        self.works = [*self.works, work][-MAX_WORKS:]
        self.work = work

    def resume(self, work: Work) -> None:
        """Goes on with a draft that was put aside."""
        self.clear()
        self.works.remove(work)
        self.works.append(work)
        self.work = work

    def put_aside(self) -> None:
        """Leaves the draft for later."""
        self.work = None

    def throw_away(self, work: Work) -> None:
        """Forgets a draft."""
        self.works = [one for one in self.works if one is not work]
        if self.work is work:
            self.work = None

    def clear(self) -> None:
        """What was said of the last press is over."""
        self.dropped, self.refused, self.problem, self.published = None, (), "", None

    def attempt(self, act: Callable[[], object]) -> None:
        """Does it; what stands against it is kept to be said."""
        self.problem = ""
        try:
            act()
        except EaselError as error:
            self.problem = str(error)


def table() -> Table:
    """This session's."""
    if "table" not in st.session_state:
        st.session_state["table"] = Table()
    found: Table = st.session_state["table"]
    return found


def typed(key: str) -> Any:
    """What stands in a field, in its callback."""
    return st.session_state.get(key)


def without(said: Mapping[str, str], name: str) -> dict[str, str]:
    """The sentences but this one."""
    return {key: sentence for key, sentence in said.items() if key != name}
