"""Results by URL: bytes as they came, thumbnails, and all of a job as a zip."""

from __future__ import annotations

import asyncio
import tempfile
import zipfile
from pathlib import Path
from typing import Final

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from comfy_api.errors import JobNotFound
from comfy_api.jobs.job import Job, Picture
from comfy_api.jobs.naming import file_name, stem
from comfy_api.protocol.contents import PLAYED, UNKNOWN
from comfy_api.service import Service
from comfy_api.workflow import Media

#: A result's URL holds the hash of its bytes: it never changes.
_FOR_EVER: Final = {
    "Cache-Control": "private, max-age=31536000, immutable",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}

#: MIME types that a browser may show in place. All else is a download without a type: a page or a drawing with a
#: script in it would run as ours.
_INLINE: Final = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif", "image/bmp", *PLAYED})


async def picture(request: Request, service: Service, owner: str) -> Response:
    """One result; ``?thumb=1`` a small WebP of what can be seen, ``?download=1`` as a file to keep.

    Parts of it can be asked for (``Range``), as players do.
    """
    job_id, picture_id = request.path_params["job"], request.path_params["picture"]
    try:
        job = service.get(owner, job_id)
        found, path = service.picture(owner, job_id, picture_id)
    except JobNotFound:
        return not_found()
    thumb = service.thumbnail(owner, job_id, picture_id)
    if request.query_params.get("thumb") and thumb.exists():
        return FileResponse(thumb, media_type="image/webp", headers=_FOR_EVER)
    if not path.exists():
        return not_found()
    mime = _mime_for_browsers(found)
    if request.query_params.get("download") or mime is None:
        name = file_name(job, found, _number(job, found))
        return FileResponse(path, media_type=mime or UNKNOWN, filename=name, headers=_FOR_EVER)
    return FileResponse(path, media_type=mime, headers=_FOR_EVER)


async def all_pictures(request: Request, service: Service, owner: str) -> Response:
    """Every result that makers see of a job in one zip. They are packed already: the zip only holds them together."""
    try:
        job = service.get(owner, request.path_params["job"])
        files = [(found, service.picture(owner, job.id, found.id)[1]) for found in job.seen]
    except JobNotFound:
        return not_found()
    if not files:
        return not_found()
    path = await asyncio.to_thread(_pack, job, files)
    return FileResponse(
        path,
        media_type="application/zip",
        filename=f"{stem(job)}.zip",
        headers={"Cache-Control": "no-store"},
        background=BackgroundTask(path.unlink, missing_ok=True),
    )


def _mime_for_browsers(found: Picture) -> str | None:
    """What it is served as in place; None for what is only for keeping."""
    if found.kind is Media.TEXT:
        return "text/plain; charset=utf-8"
    return found.mime if found.mime in _INLINE and found.kind is not Media.FILE else None


def _number(job: Job, found: Picture) -> int:
    """Its place among those that makers see, so that names are those in the zip."""
    return (job.seen if found in job.seen else job.results).index(found)


def not_found() -> Response:
    """The same for what is not there and for what is somebody else's."""
    return PlainTextResponse("This is not here any more.", 404)


def _pack(job: Job, files: list[tuple[Picture, Path]]) -> Path:
    with tempfile.NamedTemporaryFile(prefix="easel-", suffix=".zip", delete=False) as out:
        with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as packed:
            for number, (found, path) in enumerate(files):
                packed.write(path, file_name(job, found, number))
        return Path(out.name)
