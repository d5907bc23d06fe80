"""What the stage is to show: a job, or an empty place with prompts to begin from."""

from __future__ import annotations

from typing import Any

from comfy_api.jobs.job import Job
from comfy_api.service import Service
from pages.components import words
from pages.components.form import Form


def describe(service: Service, job: Job | None, form: Form, *, same: bool, gone: bool) -> dict[str, Any]:
    """Data for the live view. Numbers of 64 bits go as text; URLs carry the base path.

    Args:
        gone: the address names a job that is not here any more.
        same: the job was asked for with the very settings of the one before.
    """
    server = service.server()
    data: dict[str, Any] = {
        "job": None,
        "over": False,
        "base": service.settings.base_path,
        "server": words.SERVER_DEMO if server.kind == "demo" else words.SERVER_NAMED.format(name=server.name),
        "words": words.STAGE,
        "examples": words.EXAMPLES if form.basics.prompt else (),
        "needs": "image" if form.missing else "",
        "width": form.raw.get("width"),
        "height": form.raw.get("height"),
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
            "stages": [
                {"node_id": stage.node_id, "title": stage.title, "expected": stage.expected} for stage in job.stages
            ],
        }
    return data
