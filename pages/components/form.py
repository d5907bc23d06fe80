"""The form: what a workflow lets a maker change, read at the start of a run. ``controls.py`` draws it afterwards.

Nothing here starts or stops a job. All but the main prompt text, the seed and the number of pictures belong to one
workflow: whoever comes back to a workflow finds what it had when it was left, in this session or an earlier one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

from comfy_api.errors import WorkflowError
from comfy_api.offers import Offer
from comfy_api.service import Service
from comfy_api.workflow.forms.control import FILES, Control, Form, Kind
from comfy_api.workflow.forms.seeding import next_seed
from comfy_api.workflow.forms.typed import parse_text
from comfy_api.workflow.library import Entry
from pages.components.desk import Desk
from pages.components.slots import first, image_counts, is_shared, key_of, put, slot, take

_ABSENT: Final = object()


@dataclass(frozen=True)
class Sheet:
    """The form at one moment.

    Attributes:
        offer: the workflow and its form, as the server sees it.
        raw: every value as it stands in its field, by control, and the workflow's slug under ``workflow``. A seed is
            text, empty for a new one each time, with its mode under ``<id>.mode``. JSON can hold it.
        counted: control → how far a seed that counts up has come. It is no part of ``raw``: a seed that counts is no
            change of the form.
        keep: the switch "Let it finish", which is no value of the picture.
    """

    offer: Offer
    raw: Mapping[str, Any]
    counted: Mapping[str, int]
    keep: bool

    @property
    def slug(self) -> str:
        """The workflow."""
        return self.offer.entry.slug

    @property
    def controls(self) -> tuple[Control, ...]:
        """What a maker sees, in the order of the page."""
        return shown(self.offer)

    @property
    def missing(self) -> Control | None:
        """The first file that is still to be added."""
        files = (control for control in self.controls if control.kind in FILES and control.required)
        return next((control for control in files if not self.raw.get(slot(control))), None)

    @property
    def seed(self) -> Control | None:
        """The seed that a job is known by."""
        return main_seed(self.offer)

    def find(self, control_id: str, *kinds: Kind) -> Control | None:
        """The control with this id, if it is of one of these kinds."""
        return next((one for one in self.controls if one.id == control_id and one.kind in kinds), None)

    def values(self) -> dict[str, Any]:
        """What to make, as ``Service.submit`` takes and checks it."""
        found = {control.id: self._value(control) for control in self.controls}
        return {name: value for name, value in found.items() if value is not _ABSENT}

    def next_seed(self, control: Control) -> int | None:
        """The seed of the next press; None: it is drawn, or it is none."""
        seed = parse_text(control, self.raw.get(slot(control)) or "")
        if not isinstance(seed, int):
            return None
        counts = self.raw.get(f"{slot(control)}.mode") == "count"
        return next_seed(control, seed, self.counted.get(control.id, 0)) if counts else seed

    def count_ups(self) -> tuple[tuple[str, str, int], ...]:
        """Of each seed that counts up: its widget's key, its text, and how many seeds a job uses."""
        images = next((one for one in self.controls if one.kind is Kind.IMAGES), None)
        # Pictures without a place in the graph are runs of their own, each with the next seed.
        ahead = int(self.raw.get(slot(images)) or 1) if images and not images.places else 1
        seeds = [one for one in self.controls if self.raw.get(f"{slot(one)}.mode") == "count"]
        return tuple((key_of(one), self.raw[slot(one)], ahead if one is self.seed else 1) for one in seeds)

    def asked(self) -> dict[str, Any] | None:
        """What is asked for, seeds as they will be used; None where one is drawn anew."""
        seeds = {slot(one): self.next_seed(one) for one in self.controls if one.kind is Kind.SEED}
        if None in seeds.values():
            return None
        return without_modes({**self.raw, **{name: str(seed) for name, seed in seeds.items()}})

    def _value(self, control: Control) -> Any:
        raw = self.raw.get(slot(control))
        if control.kind is Kind.SEED:
            seed = self.next_seed(control)
            return parse_text(control, raw or "") if seed is None else seed
        if control.kind in FILES:
            return raw
        if raw is None or (raw == "" and not control.default and (control.placeholder or not control.required)):
            return _ABSENT  # an empty field leaves what the workflow has, which its placeholder shows
        return raw


def shown(offer: Offer) -> tuple[Control, ...]:
    """The controls that makers see, in the order of the page."""
    return tuple(sorted((one for one in offer.form.controls if one.shown), key=lambda one: one.order))


def main_seed(offer: Offer) -> Control | None:
    """The seed that a job is known by: the one called ``seed``, else the first."""
    found = [control for control in offer.form.controls if control.kind is Kind.SEED]
    return next((control for control in found if control.id == "seed"), found[0] if found else None)


def without_modes(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The values alone: how a seed moves on makes no other picture."""
    return {name: value for name, value in raw.items() if not name.endswith(".mode")}


# --- reading ----------------------------------------------------------------------------------------------


def read(service: Service, owner: str, desk: Desk) -> Sheet:
    """The form as it stands, before any widget is drawn."""
    state = st.session_state
    entries = {entry.slug: entry for entry in service.entries}
    slug = state.setdefault("workflow", next(iter(entries)))
    if slug not in entries:
        slug = state["workflow"] = next(iter(entries))
        desk.adopt()
    offer = look_up(service, desk, entries[slug])
    if desk.slug != slug:
        enter(service, owner, desk, offer)
    elif desk.outline != _outline(offer):
        _follow(service, desk, offer)
    raw = _taken(desk, offer)
    _keep(service, owner, desk, raw)
    counted = {one.id: desk.count_of(key_of(one), raw[slot(one)]) for one in shown(offer) if one.kind is Kind.SEED}
    keep = bool(state.setdefault("keep", service.settings.keep_by_default))
    return Sheet(offer, raw, counted, keep)


def look_up(service: Service, desk: Desk, entry: Entry) -> Offer:
    """The workflow as the server sees it; while none answers, as it was seen last, so that the form stays."""
    try:
        offer = service.offer(entry.slug)
    except WorkflowError as error:
        return Offer(entry, Form(), problem=str(error))
    kept = desk.offers.get(entry.slug)
    if service.object_info():
        desk.offers[entry.slug] = offer
    elif kept and kept.entry.version == offer.entry.version:
        return kept
    return offer


# --- filling ----------------------------------------------------------------------------------------------


def fill(service: Service, owner: str, desk: Desk, raw: Mapping[str, Any]) -> Offer | None:
    """Puts these values into the form, before any widget is drawn. What the workflow lacks is left out."""
    entry = next((entry for entry in service.entries if entry.slug == raw.get("workflow")), None)
    if entry is None:
        return None
    offer = look_up(service, desk, entry)
    st.session_state["workflow"] = entry.slug
    enter(service, owner, desk, offer)
    for control in shown(offer):
        if slot(control) in raw:
            put(service, desk, control, raw)
    return offer


def enter(service: Service, owner: str, desk: Desk, offer: Offer) -> None:
    """Another workflow: its own values come back, or the first ones; what all workflows share stays."""
    before, slug = desk.slug, offer.entry.slug
    if before == slug:
        return
    _leave(service, owner, desk)
    desk.slug, desk.outline = slug, _outline(offer)
    known = desk.left.get(slug) or service.recall(owner, slug) or {}
    for control in shown(offer):
        shared = before is not None and is_shared(control) and key_of(control) in st.session_state
        if not shared:
            put(service, desk, control, {**first(service, control), **known})
        elif control.kind is Kind.IMAGES and st.session_state["images"] not in image_counts(service, control):
            put(service, desk, control, {slot(control): st.session_state["images"]})


def _leave(service: Service, owner: str, desk: Desk) -> None:
    """Keeps what the form's fields hold of the workflow that is left: the last change may have come with the choice."""
    entry = next((entry for entry in service.entries if entry.slug == desk.slug), None)
    if entry is not None:
        _keep(service, owner, desk, _taken(desk, look_up(service, desk, entry)))


def _keep(service: Service, owner: str, desk: Desk, raw: Mapping[str, Any]) -> None:
    slug = raw["workflow"]
    # What was used last is found first by a new session, so coming back is remembered too.
    if raw != desk.left.get(slug) or desk.newest != slug:
        desk.left[slug], desk.newest = raw, slug
        service.remember(owner, slug, raw)


def _taken(desk: Desk, offer: Offer) -> dict[str, Any]:
    """Every value as it stands in its widget."""
    raw: dict[str, Any] = {}
    for control in shown(offer):
        raw |= take(desk, control)
    return {**raw, "workflow": offer.entry.slug}


def _follow(service: Service, desk: Desk, offer: Offer) -> None:
    """The form became another one, by its author or the server: no change of the maker's, and so it stops nothing."""
    known = desk.left.get(offer.entry.slug, {})
    before, desk.outline = dict(desk.outline), _outline(offer)
    for control in shown(offer):
        if before.get(control.id) != control.kind:
            put(service, desk, control, {**first(service, control), **known})
    desk.adopt()


def _outline(offer: Offer) -> tuple[tuple[str, Kind], ...]:
    return tuple((control.id, control.kind) for control in shown(offer))
