"""open-webui's ``COMFYUI_WORKFLOW_NODES``: what takes prompt, size, seed (docs/conventions/open-webui.md)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from comfy_api.workflow.document import Workflow
from comfy_api.workflow.forms.control import Control, Form, Kind, Place
from comfy_api.workflow.forms.conventions import building
from comfy_api.workflow.forms.conventions.building import words
from comfy_api.workflow.forms.mappings import fields
from comfy_api.workflow.spec import ObjectInfo

NAME: Final = "open-webui"
_KEY: Final = "COMFYUI_WORKFLOW_NODES"
_MAX_TEXT: Final = 1_000_000


@dataclass(frozen=True)
class _Type:
    """One of open-webui's types.

    Attributes:
        id: of the control here.
        key: the input that it means where the entry names none.
        label: for makers.
        kind: of the control; None: as the server states it.
    """

    id: str
    key: str
    label: str
    kind: Kind | None = None


_TYPES: Final = {
    "prompt": _Type("prompt", "text", "Prompt", Kind.LONG_TEXT),
    "negative_prompt": _Type("negative", "text", "Negative prompt", Kind.LONG_TEXT),
    "model": _Type("model", "ckpt_name", "Model", Kind.MODEL),
    "image": _Type("image", "image", "Picture", Kind.IMAGE),
    "width": _Type("width", "width", "Width", Kind.INTEGER),
    "height": _Type("height", "height", "Height", Kind.INTEGER),
    "n": _Type("images", "batch_size", "Images", Kind.IMAGES),
    "steps": _Type("steps", "steps", "Steps"),
    "seed": _Type("seed", "seed", "Seed", Kind.SEED),
}
_BY_ID: Final = {"prompt": "prompt", "negative": "negative_prompt", "images": "n", "seed": "seed"}


def recognise(document: object) -> bool:
    """Whether this is such a list, alone or under its name, also as JSON text."""
    found = _entries(document)
    return bool(found) and all(isinstance(one, dict) and "node_ids" in one and "type" in one for one in found)


def read(document: object, workflow: Workflow, object_info: ObjectInfo) -> list[Control]:
    """The controls that it names; a fixed value (type null) is on offer, with that value."""
    keyed: list[tuple[Any, Control | None]] = []
    for place, entry in enumerate(_entries(document)):
        keyed += _controls(workflow, object_info, entry, place) if isinstance(entry, dict) else []
    return fields.numbered(building.settled(_sized(building.merged(keyed))))


def write(form: Form, workflow: Workflow) -> list[dict[str, Any]]:
    """The entries for what open-webui knows: prompts, one model, pictures, size, images, steps and seed.

    It has no place for anything else, nor for a value that is a piece of a text.
    """
    written: list[dict[str, Any]] = []
    taken: set[str] = set()
    for control in form.controls:
        places = [place for place in control.places if not place.token]
        if not control.shown or len(places) != len(control.places) or not places:
            continue
        type_ = _type_of(control)
        if type_ == "size":
            for side in ("width", "height"):
                written += _entries_of(side, [place for place in places if place.part == side])
        elif type_ and (type_ == "image" or type_ not in taken):
            taken.add(type_)
            written += _entries_of(type_, places)
    return written


# --- reading --------------------------------------------------------------------------------------------


def _entries(document: object) -> list[Any]:
    if isinstance(document, dict):
        inner = document.get(_KEY, document.get("nodes"))
        return [] if isinstance(inner, dict) else _entries(inner)
    if isinstance(document, str):
        try:
            found = json.loads(document) if len(document) <= _MAX_TEXT else None
        except (ValueError, RecursionError):
            return []
        return _entries(found) if isinstance(found, list) else []
    return fields.entries(document)


def _controls(
    workflow: Workflow, object_info: ObjectInfo, entry: dict[str, Any], place: int
) -> Iterator[tuple[Any, Control | None]]:
    type_ = entry.get("type")
    known = _TYPES.get(type_) if isinstance(type_, str) else None
    if known is None and type_ not in (None, ""):
        return
    key = entry.get("key") or (known.key if known else "text")
    named = words(type_) or "a fixed value"
    for node_id in _node_ids(entry.get("node_ids")):
        shape = _shape(known) if known else {"shown": False, "default": entry.get("value")}
        # Each picture has a node of its own; anything else goes to all nodes of its type.
        group = (type_, node_id) if type_ == "image" or known is None else type_
        yield (
            (group, place if known is None else 0),
            fields.control_of(
                workflow,
                object_info,
                node_id,
                key,
                reason=f'The open-webui file maps {named} to "{words(key)}" of node {words(node_id)}.',
                **shape,
            ),
        )


def _shape(known: _Type) -> dict[str, Any]:
    shape: dict[str, Any] = {"id": known.id, "label": known.label}
    return {**shape, "kind": known.kind} if known.kind else shape


def _node_ids(value: object) -> list[str]:
    parts = value.split(",") if isinstance(value, str) else fields.entries(value)
    ids = [str(part).strip()[:200] for part in parts[: fields.MAX_FIELDS] if isinstance(part, (str, int))]
    return list(dict.fromkeys(ids))


def _sized(controls: Iterable[Control]) -> list[Control]:
    """Width and height as one size, where there are both."""
    found = list(controls)
    sides = {control.id: control for control in found if control.id in ("width", "height")}
    size = building.size_of(sides.get("width"), sides.get("height"))
    if size is None:
        return found
    first = min(found.index(side) for side in sides.values())
    rest = [control for control in found if control.id not in sides]
    return [*rest[:first], size, *rest[first:]]


# --- writing --------------------------------------------------------------------------------------------


def _type_of(control: Control) -> str:
    if control.id in _BY_ID:
        return _BY_ID[control.id]
    if control.kind is Kind.SIZE:
        return "size"
    if control.kind in (Kind.IMAGE, Kind.MODEL):
        return control.kind.value
    names = {place.input for place in control.places}
    return names.pop() if len(names) == 1 and names <= {"steps", "width", "height"} else ""


def _entries_of(type_: str, places: Iterable[Place]) -> list[dict[str, Any]]:
    """One entry for each name of input, with the nodes that have it so."""
    nodes: dict[str, list[str]] = {}
    for place in places:
        nodes.setdefault(place.input, []).append(place.node_id)
    return [{"type": type_, "key": key, "node_ids": ids} for key, ids in nodes.items()]
