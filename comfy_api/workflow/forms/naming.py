"""Ids and labels that tell the controls of one form apart."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from comfy_api.workflow.document import Workflow
from comfy_api.workflow.forms.control import Control, Kind, Source
from comfy_api.workflow.forms.ids import make_id
from comfy_api.workflow.forms.widgets import has_own_title
from comfy_api.workflow.forms.wording import MAX_LABEL, clip

#: Ids that mean the same in every form (control.py), and the kinds that can be it.
ROLES = {
    "prompt": frozenset({Kind.LONG_TEXT, Kind.TEXT}),
    "negative": frozenset({Kind.LONG_TEXT, Kind.TEXT}),
    "seed": frozenset({Kind.SEED}),
    "images": frozenset({Kind.IMAGES}),
}


def with_roles(workflow: Workflow, marked: Sequence[Control], guessed: Sequence[Control]) -> list[Control]:
    """Gives the ids of :data:`ROLES` to those of the author's controls that play the role, and to no other."""
    holders: dict[str, int] = {}
    for role in ROLES:
        index = _holder(role, marked, guessed)
        if index is not None and index not in holders.values():
            holders[role] = index
    roles = {index: role for role, index in holders.items()}
    return [
        replace(
            control, id=_id_in_role(workflow, control, roles.get(index)), kind=_kind_in_role(control, roles.get(index))
        )
        for index, control in enumerate(marked)
    ]


def _holder(role: str, marked: Sequence[Control], guessed: Sequence[Control]) -> int | None:
    fitting = [index for index, control in enumerate(marked) if control.kind in ROLES[role]]
    if role == "images":
        fitting = [index for index, control in enumerate(marked) if control.kind in (Kind.IMAGES, Kind.INTEGER)]
    places = {place for control in guessed if control.id == role for place in control.places}
    same = [index for index in fitting if places.intersection(marked[index].places)]
    called = [index for index in fitting if marked[index].id == role]
    found = same or called
    if not found and role == "prompt" and not _only_promoted(marked, places):
        found = [i for i in fitting if marked[i].kind is Kind.LONG_TEXT and "negative" not in marked[i].id]
    return found[0] if found else None


def _only_promoted(marked: Sequence[Control], guessed_places: Iterable[object]) -> bool:
    """Whether the guess has a prompt that stands outside of what was promoted, and so is shown itself."""
    return bool(guessed_places) and all(control.source is Source.SUBGRAPH for control in marked)


def _id_in_role(workflow: Workflow, control: Control, role: str | None) -> str:
    if role:
        return role
    return _qualified(workflow, control) if control.id in ROLES else control.id


def _kind_in_role(control: Control, role: str | None) -> Kind:
    if role in ("prompt", "negative"):
        return Kind.LONG_TEXT
    return Kind.IMAGES if role == "images" else control.kind


def with_ids(workflow: Workflow, controls: Iterable[Control]) -> list[Control]:
    """Makes the wished ids into ids, each of its own; those of the saved form stay."""
    controls = list(controls)
    taken = {control.id for control in controls if control.source is Source.FORM}
    named: list[Control] = []
    for control in controls:
        if control.source is not Source.FORM:
            wish = make_id(control.id)
            control = replace(control, id=make_id(wish if wish not in taken else _qualified(workflow, control), taken))
            taken.add(control.id)
        named.append(control)
    return named


def distinct_labels(workflow: Workflow, controls: Sequence[Control]) -> list[Control]:
    """Tells apart controls that makers see under one heading with one label: by their nodes' titles, or by numbers."""
    alike: dict[tuple[str, str], list[Control]] = {}
    for control in controls:
        if control.shown and control.source is not Source.FORM:
            alike.setdefault((control.label, control.group), []).append(control)
    labels: dict[str, str] = {}
    for same in alike.values():
        titles = [_title(workflow, control) for control in same]
        told = len(set(titles)) == len(titles)
        for number, (control, title) in enumerate(zip(same, titles, strict=True), start=1):
            if len(same) > 1:
                labels[control.id] = clip(
                    f"{control.label} ({title})" if told else f"{control.label} {number}", MAX_LABEL
                )
    return [
        control if control.source is Source.FORM else replace(control, label=labels.get(control.id, control.label))
        for control in controls
    ]


def from_one(names: Sequence[str]) -> list[str]:
    """``image0``, ``image1`` as makers count, from one; ``image1``, ``image2``, ``image2`` so that each is its own."""
    found = [re.fullmatch(r"(images?_?)([0-9]{1,3})", name) for name in names]
    numbers = [int(match[2]) for match in found if match]
    if len(set(numbers)) < len(numbers):
        count = iter(range(1, len(numbers) + 1))
        return [f"image{next(count)}" if match else name for match, name in zip(found, names, strict=True)]
    shift = int(0 in numbers)
    return [f"{match[1]}{int(match[2]) + shift}" if match else name for match, name in zip(found, names, strict=True)]


def _qualified(workflow: Workflow, control: Control) -> str:
    node = workflow.nodes.get(control.places[0].node_id) if control.places else None
    return f"{node.title} {control.id}" if node and has_own_title(node, {}) else control.id


def _title(workflow: Workflow, control: Control) -> str:
    node = workflow.nodes.get(control.places[0].node_id) if control.places else None
    return clip(node.title, MAX_LABEL) if node else ""
