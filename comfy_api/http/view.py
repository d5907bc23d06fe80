"""A job as the live view's browser side gets it. Pure."""

from __future__ import annotations

from typing import Any

from comfy_api.jobs.job import Job, Picture


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
        "stages": [
            {"node_id": stage.node_id, "title": stage.title, "expected": stage.expected} for stage in job.stages
        ],
        "results": [_picture_view(job, picture, base) for picture in job.results],
        "problem": None
        if job.problem is None
        else {
            "sentence": job.problem.sentence,
            "details": job.problem.details,
            "control": job.problem.control,
        },
    }


def _picture_view(job: Job, picture: Picture, base: str) -> dict[str, Any]:
    url = f"{base}/easel/jobs/{job.id}/pictures/{picture.id}"
    return {
        "id": picture.id,
        "node_id": picture.node_id,
        "index": picture.index,
        "stage": picture.stage,
        "width": picture.width,
        "height": picture.height,
        "url": url,
        "thumb": f"{url}?thumb=1",
        "download": f"{url}?download=1",
    }
