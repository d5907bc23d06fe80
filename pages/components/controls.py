"""The form's controls, in the order of the page: labels, fields and what is said beside them.

Nothing here starts or stops a job.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from html import escape

import streamlit as st

from comfy_api.service import Service
from comfy_api.workflow.forms.control import FILES, Control, Kind
from pages.components import cards, fields, options, seeds, sizes, wells, words
from pages.components.desk import Desk
from pages.components.form import Sheet
from pages.components.notes import note, problem, problem_text
from pages.components.slots import slot

#: Kinds of which two stand side by side among the further settings.
_SHORT = (Kind.INTEGER, Kind.NUMBER)


def draw(service: Service, owner: str, desk: Desk, sheet: Sheet) -> None:
    """Draws all but the buttons."""
    cards.chooser(service, desk, sheet.slug)
    if sheet.offer.problem:
        problem_text(sheet.offer.problem)
    if "" in desk.said:
        note(desk.said[""][0])
    one = partial(_control, service, owner, desk, sheet)
    group = ""
    for control in (control for control in sheet.controls if not control.advanced):
        group = _heading(control.group, group)
        one(control)
    further = [control for control in sheet.controls if control.advanced or control.kind is Kind.SIZE]
    if further:
        if any(_is_told(desk, sheet, control) for control in further):
            desk.unfolded.add(sheet.slug)
        with st.expander(words.MORE, expanded=sheet.slug in desk.unfolded):
            _further(service, owner, desk, sheet, further)


def _further(service: Service, owner: str, desk: Desk, sheet: Sheet, controls: Sequence[Control]) -> None:
    one = partial(_control, service, owner, desk, sheet)
    group = ""
    for row in _rows(controls):
        group = _heading(row[0].group, group)
        if len(row) == 2:
            with st.container(horizontal=True):
                for control in row:
                    one(control, said=False)
            for control in row:
                _said(desk, sheet, control)  # across both: half a line is little room for a sentence
            continue
        (control,) = row
        if control.kind is not Kind.SIZE or control.advanced:
            one(control)
        if control.kind is Kind.SIZE:
            sizes.sides(control, disabled=sheet.offer.workflow is None)


def _rows(controls: Iterable[Control]) -> Iterable[tuple[Control, ...]]:
    """Short ones of a group in pairs, in the order of the form."""
    waiting: Control | None = None
    for control in controls:
        short = control.kind in _SHORT
        if waiting and short and control.group == waiting.group:
            yield waiting, control
            waiting = None
            continue
        if waiting:
            yield (waiting,)
        waiting = control if short else None
        if not short:
            yield (control,)
    if waiting:
        yield (waiting,)


def _heading(group: str, before: str) -> str:
    """The group's name, where it begins; gives the group."""
    if group and group != before:
        st.html(f'<h3 class="easel-group">{escape(group)}</h3>')
    return group


def _control(service: Service, owner: str, desk: Desk, sheet: Sheet, control: Control, *, said: bool = True) -> None:
    disabled = sheet.offer.workflow is None
    with st.container(key=f"field_{control.id}", gap="small"):
        if control.kind in FILES:
            wells.draw(service, owner, desk, sheet, control)
        elif control.kind is Kind.SEED:
            seeds.seed(desk, sheet, control, disabled=disabled)
        elif control.kind is Kind.SIZE:
            sizes.shape(desk, sheet, control, disabled=disabled)
        else:
            fields.draw(service, sheet, control, disabled=disabled)
        if said:
            _said(desk, sheet, control)


def _said(desk: Desk, sheet: Sheet, control: Control) -> None:
    """What there is to say about the control: one thing, the most pressing."""
    value = sheet.raw[slot(control)]
    if desk.problem and desk.problem.control == control.id:
        problem(desk, control.id)
    elif lack := options.what_lacks(sheet.offer, control, value) if control.options else "":
        problem_text(lack)
    elif control.id in desk.said and desk.said[control.id][1] == value:
        problem_text(desk.said[control.id][0])


def _is_told(desk: Desk, sheet: Sheet, control: Control) -> bool:
    """Whether something stands beside a control that is folded away."""
    value = sheet.raw[slot(control)]
    return (
        bool(desk.problem and desk.problem.control == control.id)
        or options.is_lacking(control, value)
        or (control.id in desk.said and desk.said[control.id][1] == value)
    )
