"""Which source a place belongs to, and what makers see of each source."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from comfy_api.workflow.document import Workflow
from comfy_api.workflow.forms.control import FILES, Control, Kind, Place, Source
from comfy_api.workflow.forms.widgets import control_for
from comfy_api.workflow.spec import ObjectInfo

#: What one of these says is the whole list: what it leaves out, the author left out.
_LISTS = (Source.FORM, Source.APP_MODE, Source.MAPPING)
#: Where these stand among what is no list of the author's.
_USUAL = {"prompt": 0, "negative": 1, "size": 2, "images": 3, "seed": 4}
_TRUST = {source: rank for rank, source in enumerate(Source)}


# --- whose place it is ----------------------------------------------------------------------------------


def claim(workflow: Workflow, object_info: ObjectInfo, controls: Iterable[Control]) -> list[Control]:
    """Leaves each place to the most trusted source that names it; what keeps no place is gone."""
    whole: set[Place] = set()
    pieces: set[Place] = set()
    kept: list[Control] = []
    for control in sorted(controls, key=lambda control: _TRUST[control.source]):
        free = tuple(place for place in control.places if _is_free(place, whole, pieces))
        if control.source is not Source.FORM:
            if not _is_wanted(control, free, kept):
                continue
            control = _with_places(workflow, object_info, control, free)
        kept.append(control)
        whole.update(_bare(place) for place in control.places if not place.token)
        pieces.update(one for place in control.places if place.token for one in (place, _bare(place)))
    return kept


def _is_free(place: Place, whole: set[Place], pieces: set[Place]) -> bool:
    bare = _bare(place)
    if place.token:
        return bare not in whole and place not in pieces
    return bare not in whole and bare not in pieces


def _is_wanted(control: Control, free: Sequence[Place], kept: Iterable[Control]) -> bool:
    if control.places:
        return bool(free)
    return control.kind is Kind.IMAGES and all(other.kind is not Kind.IMAGES for other in kept)


def _with_places(workflow: Workflow, object_info: ObjectInfo, control: Control, free: tuple[Place, ...]) -> Control:
    sides = {place.part for place in free}
    if control.kind is not Kind.SIZE or sides == {"width", "height"}:
        return replace(control, places=free)
    # The other side is someone else's: what is left is a number.
    side = control_for(workflow, object_info, _bare(free[0]), shown=False, source=control.source)
    return replace(side or control, places=tuple(map(_bare, free)), reason=control.reason)


def _bare(place: Place) -> Place:
    return Place(place.node_id, place.input)


# --- who sees it ----------------------------------------------------------------------------------------


def decide(controls: Sequence[Control]) -> list[Control]:
    """Says of each control whether it is shown, and puts them in order."""
    sources = _speaking(controls)
    lead = next((source for source in _LISTS if source in sources), None)
    exposed = any(control.kind is Kind.SEED and control.source is not Source.GUESS for control in controls)
    decided = [_decide(control, lead, sources, exposed) for control in controls]
    if not any(control.kind is Kind.SEED and control.shown for control in decided):
        decided = [_counted_hidden(control) for control in decided]
    return sorted(decided, key=lambda control: _rank(control, sources))


def _speaking(controls: Sequence[Control]) -> frozenset[Source]:
    """The sources that say what makers change.

    Titles that name only what every form has, such as ``positive_prompt``, say nothing of the rest.
    """
    sources = {control.source for control in controls} - {Source.GUESS}
    if sources == {Source.TITLE} and all(c.id in _USUAL for c in controls if c.source is Source.TITLE):
        return frozenset()
    return frozenset(sources)


def _decide(control: Control, lead: Source | None, sources: frozenset[Source], exposed: bool) -> Control:
    if not sources or control.source is lead:
        return control
    if control.source is not Source.GUESS:
        return control if lead is None else replace(control, shown=False)
    if lead is Source.FORM:
        return replace(control, shown=False)
    if control.id == "seed":
        return replace(control, advanced=True, shown=control.mode != "fixed" and not exposed)
    if control.id == "images":
        return control
    outside = sources == {Source.SUBGRAPH}
    return control if outside and _is_outside(control) else replace(control, shown=False)


def _counted_hidden(control: Control) -> Control:
    """Pictures that are runs of their own differ by their seeds: without one there is nothing to count."""
    counted = control.kind is Kind.IMAGES and not control.places and control.source is not Source.FORM
    return replace(control, shown=False) if counted else control


def _is_outside(control: Control) -> bool:
    """Whether it is what a subgraph is fed with: that cannot be promoted, but makers change it."""
    if control.id == "prompt":
        return True
    main = control.kind in FILES or control.kind in (Kind.LONG_TEXT, Kind.SIZE)
    return main and all(":" not in place.node_id for place in control.places)


def _rank(control: Control, sources: frozenset[Source]) -> tuple[int, int, int]:
    trust = _TRUST[control.source]
    if control.source is Source.FORM:
        return 0, 0, 0
    if not control.shown:
        return 4, trust, control.order
    if control.source in sources:
        return 2, trust, control.order
    first = control.id == "prompt" or control.kind in FILES
    return 1 if first else 3, _USUAL.get(control.id, len(_USUAL)), control.order
