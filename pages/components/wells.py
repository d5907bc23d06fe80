"""Controls that take a file: the well, with the maker's own results to choose from."""

from __future__ import annotations

from functools import partial
from typing import Final

from comfy_api.errors import EaselError
from comfy_api.service import Service
from comfy_api.workflow import Media
from comfy_api.workflow.forms.control import Control, Kind
from pages.components.desk import Desk
from pages.components.fields import label_of
from pages.components.form import Sheet
from pages.components.slots import slot
from pages.components.well import Picked, well

#: Own results that are on offer.
_MOST: Final = 24


def draw(service: Service, owner: str, desk: Desk, sheet: Sheet, control: Control) -> None:
    """Draws the control."""
    pictures = results(service, owner) if control.kind in (Kind.IMAGE, Kind.MASK) else []
    well(
        control.id,
        label=label_of(control),
        help=control.help,
        kind=control.kind,
        value=sheet.raw[slot(control)],
        pictures=pictures,
        maskable=control.maskable,
        required=control.required,
        limit_bytes=service.uploads.limit(control.kind),
        base=service.settings.base_path,
        on_change=partial(take, service, owner, desk, sheet.slug, control),
    )


def take(service: Service, owner: str, desk: Desk, slug: str, control: Control, picked: Picked | None) -> None:
    """A file was chosen or taken away. The word comes from a browser: a name must be one that its maker may use."""
    if picked is None:
        desk.files[(slug, control.id)] = None
        return
    try:
        if service.uploads.knows(owner, picked.name):
            desk.files[(slug, control.id)] = picked.name
    except EaselError as error:
        desk.said[control.id] = (str(error), desk.files.get((slug, control.id)))


def results(service: Service, owner: str) -> list[dict[str, str]]:
    """The maker's own pictures, newest first, as the well offers them."""
    found: list[dict[str, str]] = []
    for job in service.jobs(owner):
        for picture in job.seen:
            if picture.kind is Media.IMAGE:
                url = f"{service.settings.base_path}/easel/jobs/{job.id}/pictures/{picture.id}?thumb=1"
                found.append({"job": job.id, "picture": picture.id, "thumb": url, "alt": job.prompt_text or job.title})
            if len(found) == _MOST:
                return found
    return found
