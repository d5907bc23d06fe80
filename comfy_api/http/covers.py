"""Cover pictures of workflows by URL, for every maker."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Final, Protocol

from starlette.requests import Request
from starlette.responses import Response

from comfy_api.http.pictures import not_found
from comfy_api.protocol.images import BadPicture, measure, sniff

#: Bytes of a cover; a larger file is none.
MAX_BYTES: Final = 2_000_000
#: A cover changes with its workflow's version: the browser asks each time, and is answered in a line if it has it.
_ASK: Final = {
    "Cache-Control": "private, no-cache",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}


class Covers(Protocol):
    """What knows the covers: the service."""

    def cover(self, slug: str) -> Path | None:
        """The cover's file; None where there is none, or no such workflow."""
        ...


async def cover(request: Request, covers: Covers, owner: str) -> Response:
    """The cover of the workflow with the slug in the path; not found where it is no picture."""
    data = await asyncio.to_thread(_read, covers, request.path_params["slug"])
    if data is None:
        return not_found()
    tag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    headers = {**_ASK, "ETag": tag}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(data, media_type=sniff(data), headers=headers)


def _read(covers: Covers, slug: str) -> bytes | None:
    """The bytes of a cover that is a picture. Read once, so that what is checked is what is sent."""
    path = covers.cover(slug)
    if path is None:
        return None
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        measure(data)
    except (OSError, BadPicture):
        return None  # the card shows none; the folder may be just being changed
    return data if len(data) <= MAX_BYTES else None
