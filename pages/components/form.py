"""The form: what a workflow lets a maker change, read at the start of a run. ``controls.py`` draws it afterwards.

Nothing here starts or stops a job. Widgets keep their values in ``st.session_state`` under the keys of
:func:`key_of`; those that depend on the workflow's own values have one key a workflow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from comfy_api.errors import EaselError, Refused
from comfy_api.service import Service
from comfy_api.workflow.basics import Basics, Values
from pages.components import seeds, words
from pages.components.desk import Desk, Upload

#: Numbers of images to choose from; the installation's limit cuts the list.
IMAGES = (1, 2, 4, 8)
_SHARED = ("prompt", "seed", "images")
#: Values that each workflow has of its own, folded under "More settings".
OWN = ("negative", "width", "height", "steps", "cfg")


@dataclass(frozen=True)
class Form:
    """The form at one moment.

    Attributes:
        slug: the workflow.
        basics: what that workflow has.
        raw: every value as it stands in its field; ``seed`` is text, empty for a new one each time;
            ``uploads`` maps node ids to the names that the server gave. JSON can hold it.
        keep: the switch "Let it finish", which is no value of the picture.
    """

    slug: str
    basics: Basics
    raw: Mapping[str, Any]
    keep: bool

    def values(self) -> Values:
        """What to make.

        Raises:
            Refused: the seed is no seed, or the picture to begin from is missing.
        """
        raw = self.raw
        if self.missing:
            raise Refused(words.UPLOAD_MISSING, control="image")
        seed = seeds.parse_seed(raw["seed"]) if "seed" in raw else None
        if "seed" in raw and seed is None:
            seed = seeds.draw_seed()
        plain = {name: raw[name] for name in ("images", "width", "height", "steps", "cfg") if name in raw}
        # An empty prompt leaves the workflow's own, which the empty field shows.
        return Values(
            prompt=raw.get("prompt") or None,
            negative=raw.get("negative"),
            seed=seed,
            uploads=dict(raw.get("uploads", {})),
            model=dict(raw.get("model", {})),
            **plain,
        )

    @property
    def missing(self) -> bool:
        """Whether a picture to begin from is still to be added."""
        return len(self.raw.get("uploads", {})) < len(self.basics.images_in)


def read(service: Service, owner: str, desk: Desk) -> Form:
    """The form as it stands, before any widget is drawn. A picture that was just chosen goes to the server."""
    state = st.session_state
    slugs = [entry.slug for entry in service.entries]
    slug = state.setdefault("workflow", slugs[0])
    if slug not in slugs:
        slug = state["workflow"] = slugs[0]
    basics = service.basics(slug)
    raw: dict[str, Any] = {"workflow": slug}
    for name, default in _defaults(service, basics).items():
        raw[name] = state.setdefault(key_of(name, slug), default)
    if basics.images_in:
        nodes = [image.node_id for image in basics.images_in]
        for node_id in nodes:
            _take_upload(service, owner, desk, node_id)
        raw["uploads"] = {node: desk.uploads[node].name for node in nodes if node in desk.uploads}
    if chosen := desk.models.get(slug):
        raw["model"] = dict(chosen)
    keep = bool(state.setdefault("keep", service.settings.keep_by_default))
    return Form(slug, basics, raw, keep)


def fill(service: Service, desk: Desk, raw: Mapping[str, Any]) -> None:
    """Puts these values into the form, before any widget is drawn. What the workflow lacks is left out."""
    state = st.session_state
    slug = raw.get("workflow")
    if slug not in [entry.slug for entry in service.entries]:
        return
    state["workflow"] = slug
    for name in _defaults(service, service.basics(slug)):
        if name in raw:
            state[key_of(name, slug)] = raw[name]
    desk.models[slug] = dict(raw.get("model", {}))
    for node_id, name in raw.get("uploads", {}).items():
        if node_id not in desk.uploads or desk.uploads[node_id].name != name:
            desk.uploads[node_id] = Upload(name, name, kept=True)


def _take_upload(service: Service, owner: str, desk: Desk, node_id: str) -> None:
    """Follows the uploader: a new file is sent once, a removed one is forgotten, one of a job's stays."""
    file = st.session_state.get(f"image-{node_id}")
    if file is None:
        desk.turned_away.pop(node_id, None)
        # The maker took the file away; a picture that came with a job stands on its own.
        if desk.taken.pop(node_id, None) and not desk.uploads.get(node_id, Upload("", "")).kept:
            desk.uploads.pop(node_id, None)
        return
    if desk.taken.get(node_id) == file.file_id:
        return
    desk.taken[node_id] = file.file_id
    desk.uploads.pop(node_id, None)
    desk.turned_away.pop(node_id, None)
    try:
        name = service.upload(owner, file.getvalue(), file.name).name
    except EaselError as error:
        desk.turned_away[node_id] = str(error)
        return
    desk.uploads[node_id] = Upload(name, file.name)


# --- values ---------------------------------------------------------------------------------------------


def key_of(name: str, slug: str) -> str:
    """The widget's key for a value of this workflow."""
    return name if name in _SHARED else f"{name}-{slug}"


def _defaults(service: Service, basics: Basics) -> dict[str, Any]:
    """What the workflow has, with the value that its field shows at first."""
    found: dict[str, Any] = {}
    if basics.prompt:
        found["prompt"] = ""
    if basics.negative:
        found["negative"] = basics.negative.text
    if basics.seed is not None:
        found |= {"seed": "", "images": _nearest(service, basics.images or 1)}
    elif basics.images is not None:
        found["images"] = _nearest(service, basics.images)
    if basics.size:
        found["width"], found["height"] = basics.size
    if basics.steps is not None:
        found["steps"] = basics.steps
    if basics.cfg is not None:
        found["cfg"] = float(basics.cfg)
    return found


def _nearest(service: Service, images: int) -> int:
    return max(number for number in IMAGES if number <= max(1, min(images, service.settings.max_images)))
