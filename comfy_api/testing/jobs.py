"""The jobs routes of newer servers (protocol.md §14); only under /api."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from comfy_api.testing.board import Prompt
from comfy_api.testing.core import Core

_OUTCOMES = {"success": "completed", "execution_error": "failed", "execution_interrupted": "cancelled"}


def routes(core: Core) -> list[Route]:
    """GET /api/jobs, GET /api/jobs/{id}, POST /api/jobs/{id}/cancel, POST /api/jobs/cancel."""

    async def listed(request: Request) -> Response:
        asked = request.query_params
        wanted = [status for status in asked.get("status", "").split(",") if status]
        jobs = [job for job in map(_job, _prompts(core)) if not wanted or job["status"] in wanted]
        jobs.sort(key=lambda job: job["create_time"], reverse=asked.get("sort_order", "desc") == "desc")
        offset, limit = int(asked.get("offset", 0)), int(asked.get("limit", len(jobs)))
        page = {"offset": offset, "limit": limit, "total": len(jobs), "has_more": offset + limit < len(jobs)}
        return JSONResponse({"jobs": jobs[offset : offset + limit], "pagination": page})

    async def one(request: Request) -> Response:
        for prompt in _prompts(core):
            if prompt.id == request.path_params["job_id"]:
                workflow = {"prompt": prompt.graph, "extra_data": prompt.extra_data}
                return JSONResponse({**_job(prompt), "outputs": prompt.outputs, "workflow": workflow})
        return JSONResponse({"error": "Job not found"}, 404)

    async def cancel(request: Request) -> Response:
        return await _cancelled(core, [request.path_params["job_id"]])

    async def cancel_many(request: Request) -> Response:
        try:
            ids = json.loads(await request.body())["job_ids"]
        except (ValueError, KeyError, TypeError):
            return JSONResponse({"error": "job_ids must be a list"}, 400)
        return await _cancelled(core, ids)

    return [
        Route("/api/jobs", listed, methods=["GET"]),
        Route("/api/jobs/cancel", cancel_many, methods=["POST"]),
        Route("/api/jobs/{job_id}", one, methods=["GET"]),
        Route("/api/jobs/{job_id}/cancel", cancel, methods=["POST"]),
    ]


async def _cancelled(core: Core, ids: list[str]) -> Response:
    deleted = core.board.delete(ids)
    interrupted = [prompt_id for prompt_id in ids if core.board.interrupt(prompt_id)]
    if deleted:
        await core.board.broadcast_status()
    return JSONResponse({"cancelled": bool(deleted or interrupted)})


def _prompts(core: Core) -> list[Prompt]:
    """Pending, running and remembered ones whose history shows."""
    board = core.board
    seen = [r.prompt for prompt_id, r in board.history.items() if board.history_of(prompt_id)]
    return [*board.pending, *board.running, *seen]


def _job(prompt: Prompt) -> dict[str, Any]:
    in_queue = "in_progress" if prompt.taken else "pending"
    return {
        "id": prompt.id,
        "status": in_queue if not prompt.finished else _OUTCOMES[prompt.outcome],
        "priority": prompt.number,
        "create_time": prompt.created,
        "outputs_count": sum(len(output.get("images", ())) for output in prompt.outputs.values()),
        "workflow_id": None,
    }
