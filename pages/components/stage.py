"""What the stage is to show: a job, or an empty place with prompts to begin from."""

from __future__ import annotations

from typing import Any

from comfy_api.http.view import stage_views
from comfy_api.jobs.job import Job
from comfy_api.service import Service
from comfy_api.workflow.forms.control import Kind
from pages.components import words
from pages.components.form import Sheet
from pages.components.slots import slot


def describe(service: Service, job: Job | None, form: Sheet, *, same: bool, gone: bool) -> dict[str, Any]:
    """Data for the live view. Numbers of 64 bits go as text; URLs carry the base path.

    Args:
        gone: the address names a job that is not here any more.
        same: the job was asked for with the very settings of the one before.
    """
    server = service.server()
    width, height = _size(form)
    data: dict[str, Any] = {
        "job": None,
        "over": False,
        "base": service.settings.base_path,
        "server": words.SERVER_DEMO if server.kind == "demo" else words.SERVER_NAMED.format(name=server.name),
        "words": words.STAGE,
        "examples": words.EXAMPLES if form.find("prompt", Kind.TEXT, Kind.LONG_TEXT) else (),
        "needs": form.missing.kind.value if form.missing else "",
        "width": width,
        "height": height,
        "stages": [],
        "same": same,
        "gone": gone,
    }
    if job:
        data |= {
            "job": job.id,
            "over": job.over,
            "prompt": job.prompt_text or job.title,
            "width": job.width,
            "height": job.height,
            "stages": stage_views(job),
        }
    return data


def _size(form: Sheet) -> tuple[int | None, int | None]:
    """What the form asks for, in pixels, as far as it does."""
    control = form.find("size", Kind.SIZE) or next((one for one in form.controls if one.kind is Kind.SIZE), None)
    sides = control and (form.raw[slot(control)] or control.default)
    return (sides[0], sides[1]) if sides else (None, None)
