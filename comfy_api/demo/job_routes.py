"""The routes of the jobs API, which 0.38 has under /api alone (protocol.md §14)."""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from comfy_api.demo import jobs
from comfy_api.demo.answers import Json
from comfy_api.demo.engine import Engine


async def _list_jobs(request: Request) -> Response:
    try:
        return Json(jobs.list_jobs(_engine(request).all_jobs(), request.query_params))
    except jobs.BadQueryError as error:
        return Json({"error": str(error)}, 400)


async def _get_job(request: Request) -> Response:
    job = _engine(request).find_job(request.path_params["prompt_id"])
    return Json({"error": "Job not found"}, 404) if job is None else Json(job)


async def _cancel_job(request: Request) -> Response:
    return Json({"cancelled": _engine(request).cancel([request.path_params["prompt_id"]])})


async def _cancel_jobs(request: Request) -> Response:
    try:
        body = json.loads(await request.body())
    except ValueError:
        return Json({"error": "Request body must be valid JSON"}, 400)
    ids = body.get("job_ids") if isinstance(body, dict) else None
    if not isinstance(ids, list):
        return Json({"error": "job_ids must be a list"}, 400)
    bad = [str(job_id) for job_id in ids if not jobs.is_canonical_uuid(job_id)]
    if bad:
        return Json({"error": "job_ids contains invalid id(s)", "invalid_ids": bad}, 400)
    return Json({"cancelled": _engine(request).cancel(ids)})


def _engine(request: Request) -> Engine:
    engine: Engine = request.app.state.engine
    return engine


ROUTES: list[BaseRoute] = [
    Route("/jobs", _list_jobs),
    Route("/jobs/cancel", _cancel_jobs, methods=["POST"]),
    Route("/jobs/{prompt_id}", _get_job),
    Route("/jobs/{prompt_id}/cancel", _cancel_job, methods=["POST"]),
]
