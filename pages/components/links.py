"""A link that carries values: ``?workflow=txt2img&prompt=a+red+fox&steps=30``.

It only fills the form, checked as typed values are. It starts nothing, chooses no server and brings no file; what it
cannot bring is said beside the control.
"""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from comfy_api.errors import Refused
from comfy_api.service import Service
from comfy_api.workflow.forms.control import Control, Kind
from comfy_api.workflow.forms.typed import parse_text
from comfy_api.workflow.forms.values import check_value
from pages.components import words
from pages.components.desk import Desk
from pages.components.form import enter, look_up, shown
from pages.components.slots import key_of, put, slot, take

#: Values of one link, and characters of one of them.
MOST_VALUES: Final = 50
MOST_CHARACTERS: Final = 8_000
#: The page's own: a job's address is no value.
_OURS: Final = ("job", "workflow")


def fill_from_link(service: Service, owner: str, desk: Desk) -> None:
    """Puts what the address carries into the form, before any widget is drawn; then it leaves the address."""
    query = st.query_params
    carried = {name: query[name] for name in query if name not in _OURS}
    wanted = query.get("workflow")
    if not carried and wanted is None:
        return
    _go_to(service, owner, desk, wanted)
    _fill(service, desk, carried)
    for name in (*carried, "workflow"):
        if name in query:
            del query[name]


def _go_to(service: Service, owner: str, desk: Desk, wanted: str | None) -> None:
    entries = {entry.slug: entry for entry in service.entries}
    if wanted is not None and wanted not in entries:
        desk.said[""] = (words.LINK_NO_WORKFLOW.format(name=_short(wanted)), None)
    here = desk.slug if desk.slug in entries else next(iter(entries))
    slug = wanted if wanted in entries else here
    st.session_state["workflow"] = slug
    enter(service, owner, desk, look_up(service, desk, entries[slug]))


def _fill(service: Service, desk: Desk, carried: dict[str, str]) -> None:
    entry = next(entry for entry in service.entries if entry.slug == desk.slug)
    controls = shown(look_up(service, desk, entry))
    known = {key_of(control): control for control in controls} | {control.id: control for control in controls}
    unknown = [name for name in carried if name not in known]
    for name in list(carried)[:MOST_VALUES]:
        if name in known:
            _bring(service, desk, known[name], carried[name])
    left_out = [*unknown, *list(carried)[MOST_VALUES:]]
    if left_out and "" not in desk.said:
        names = ", ".join(f'"{_short(name)}"' for name in left_out[:3])
        desk.said[""] = (words.LINK_UNKNOWN.format(names=names), None)


def _bring(service: Service, desk: Desk, control: Control, text: str) -> None:
    try:
        if len(text) > MOST_CHARACTERS:
            raise Refused(words.LINK_TOO_LONG.format(most=f"{MOST_CHARACTERS:,}"), control.id)
        value = check_value(control, parse_text(control, text), service.limits)
    except Refused as refused:
        desk.said[control.id] = (words.LINK_WRONG.format(sentence=refused), take(desk, control)[slot(control)])
        return
    put(service, desk, control, {slot(control): _as_raw(control, value)})


def _as_raw(control: Control, value: Any) -> Any:
    if control.kind is Kind.SEED:
        return "" if value is None else str(value)
    return value


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}…"
