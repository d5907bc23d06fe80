"""A job as the live view's browser side gets it. Pure."""

from __future__ import annotations

from typing import Any

from comfy_api.jobs.job import Job, Picture
from comfy_api.jobs.naming import file_name
from comfy_api.workflow import Media


def job_view(job: Job, base: str) -> dict[str, Any]:
    """JSON for the browser. Seeds are text: a browser's numbers end at 2⁵³.

    Args:
        base: path prefix of the pages, ``""`` or ``/easel`` …
    """
    return {
        "version": job.version,
        "state": job.state.value,
        "over": job.over,
        "place": job.place,
        "fraction": round(job.fraction, 4),
        "node": job.node,
        "step": job.step,
        "steps": job.steps,
        "seconds_left": None if job.seconds_left is None else round(job.seconds_left, 1),
        "line": job.line,
        "reason": job.reason,
        "seed": None if job.seed is None else str(job.seed),
        "width": job.width,
        "height": job.height,
        "stages": stage_views(job),
        "results": [_result_view(job, result, number, base) for number, result in enumerate(job.seen)],
        "problem": None
        if job.problem is None
        else {
            "sentence": job.problem.sentence,
            "details": job.problem.details,
            "control": job.problem.control,
        },
    }


def stage_views(job: Job) -> list[dict[str, Any]]:
    """The stages that makers see, for the browser."""
    return [
        {"node_id": stage.node_id, "title": stage.title, "expected": stage.expected, "kind": stage.kind.value}
        for stage in job.seen_stages
    ]


def _result_view(job: Job, result: Picture, number: int, base: str) -> dict[str, Any]:
    url = f"{base}/easel/jobs/{job.id}/pictures/{result.id}"
    view: dict[str, Any] = {
        "id": result.id,
        "node_id": result.node_id,
        "index": result.index,
        "stage": result.stage,
        "kind": result.kind.value,
        "width": result.width,
        "height": result.height,
        "url": url,
        "thumb": f"{url}?thumb=1" if result.width else None,
        "download": f"{url}?download=1",
    }
    if result.kind is not Media.IMAGE:
        view |= {"name": file_name(job, result, number), "size": result.size}
    if result.kind is Media.TEXT:
        view |= {"text": result.text, "whole": result.size <= len(result.text.encode())}
    return view
