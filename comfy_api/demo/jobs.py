"""The jobs API of 0.38: the queue and its history under one roof (protocol.md §14). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from comfy_api.demo.queue import QueuedPrompt

STATUSES = ("pending", "in_progress", "completed", "failed", "cancelled")
_UUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
_SORTS = {"created_at": "create_time", "execution_duration": "duration"}


class BadQueryError(ValueError):
    """A query that ComfyUI answers with 400; the message is its text."""


def is_canonical_uuid(value: Any) -> bool:
    """Whether an id is a UUID in lower-case, hyphenated form, as 0.38 demands."""
    return isinstance(value, str) and _UUID.match(value) is not None


def job_of_queued(item: QueuedPrompt, status: str) -> dict[str, Any]:
    """A pending or running prompt as a job."""
    return {
        "id": item.prompt_id,
        "status": status,
        "priority": item.number,
        "create_time": item.extra_data.get("create_time"),
        "outputs_count": 0,
        "previewable_outputs_count": 0,
        **_workflow_id(item.extra_data),
    }


def job_of_finished(prompt_id: str, entry: Mapping[str, Any], *, whole: bool) -> dict[str, Any]:
    """A history entry as a job; ``whole`` adds outputs, status and workflow."""
    number, _, prompt, extra_data, _ = entry["prompt"]
    messages = dict(entry["status"]["messages"])
    end = entry["status"]["messages"][-1]
    shown = [(n, i) for n, ui in entry["outputs"].items() for i in ui.get("images", ()) if "filename" in i]
    job: dict[str, Any] = {
        "id": prompt_id,
        "status": _status(entry["status"]["completed"], end[0]),
        "priority": number,
        "create_time": extra_data.get("create_time"),
        "execution_start_time": messages["execution_start"]["timestamp"],
        "execution_end_time": end[1]["timestamp"],
        "outputs_count": sum(len(ui.get("images", ())) for ui in entry["outputs"].values()),
        "previewable_outputs_count": len(shown),
    }
    if shown:
        job["preview_output"] = {**shown[0][1], "nodeId": shown[0][0], "mediaType": "images"}
    if end[0] == "execution_error":
        job["execution_error"] = end[1]
    job.update(_workflow_id(extra_data))
    if whole:
        job["outputs"] = entry["outputs"]
        job["execution_status"] = entry["status"]
        job["workflow"] = {"prompt": prompt, "extra_data": extra_data}
    return job


def list_jobs(jobs: Iterable[dict[str, Any]], query: Mapping[str, str]) -> dict[str, Any]:
    """The answer of GET /api/jobs. Raises BadQueryError."""
    statuses = _statuses(query.get("status"))
    limit = _limit(query.get("limit"))
    offset = max(0, _integer("offset", query["offset"]) if "offset" in query else 0)
    sort = _SORTS.get(query.get("sort_by", "created_at"))
    if sort is None:
        raise BadQueryError("sort_by must be 'created_at' or 'execution_duration'")
    order = query.get("sort_order", "desc")
    if order not in ("asc", "desc"):
        raise BadQueryError("sort_order must be 'asc' or 'desc'")
    wanted = [
        job
        for job in jobs
        if job["status"] in statuses and query.get("workflow_id") in (None, "", job.get("workflow_id"))
    ]
    wanted.sort(key=lambda job: _sort_value(job, sort), reverse=order == "desc")
    page = wanted[offset:] if limit is None else wanted[offset : offset + limit]
    more = offset + len(page) < len(wanted)
    return {
        "jobs": page,
        "pagination": {"offset": offset, "limit": limit, "total": len(wanted), "has_more": more},
    }


def _sort_value(job: Mapping[str, Any], sort: str) -> float:
    if sort == "duration":
        return float(job.get("execution_end_time", 0) - job.get("execution_start_time", 0))
    return float(job["create_time"] or 0)


def _status(completed: bool, last: str) -> str:
    if completed:
        return "completed"
    return "cancelled" if last == "execution_interrupted" else "failed"


def _workflow_id(extra_data: Mapping[str, Any]) -> dict[str, str]:
    info = extra_data.get("extra_pnginfo")
    workflow = info.get("workflow") if isinstance(info, dict) else None
    found = workflow.get("id") if isinstance(workflow, dict) else None
    return {"workflow_id": found} if found else {}


def _statuses(text: str | None) -> tuple[str, ...]:
    if not text:
        return STATUSES
    asked = tuple(part.strip() for part in text.split(","))
    bad = [status for status in asked if status not in STATUSES]
    if bad:
        valid = ", ".join(STATUSES)
        raise BadQueryError(f"Invalid status value(s): {', '.join(bad)}. Valid values: {valid}")
    return asked


def _limit(text: str | None) -> int | None:
    if text is None:
        return None
    limit = _integer("limit", text)
    if limit < 1:
        raise BadQueryError("limit must be a positive integer")
    return limit


def _integer(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise BadQueryError(f"{name} must be an integer") from None
