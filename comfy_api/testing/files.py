"""The routes of pictures: /view, /upload and the tooling nodes' image cache (protocol.md §10, §11)."""

from __future__ import annotations

import mimetypes
from pathlib import PurePosixPath
from typing import Final

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from comfy_api.testing.board import Board
from comfy_api.testing.core import MAX_BODY, Core
from comfy_api.testing.pictures import reencoded

_PAGES: Final = frozenset({"text/html", "image/svg+xml", "text/javascript", "application/javascript"})


def routes(core: Core) -> list[Route]:
    """The routes of one server."""

    async def view(request: Request) -> Response:
        asked = request.query_params
        key = (asked.get("type", "output"), asked.get("subfolder", ""), asked.get("filename", ""))
        if ".." in key[2] or key[2].startswith("/") or key[0] not in ("input", "temp", "output"):
            return Response(status_code=400)
        data = core.board.files.get(key)
        return Response(status_code=404) if data is None else _shown(data, key[2], asked.get("preview"))

    async def upload(request: Request) -> Response:
        form = await _form(request)
        file = form.get("image")
        folder, kind = str(form.get("subfolder") or ""), str(form.get("type") or "input")
        if not isinstance(file, UploadFile) or not file.filename or ".." in PurePosixPath(folder).parts:
            return Response(status_code=400)
        name, data = file.filename, await file.read()
        await form.close()
        if form.get("overwrite") not in ("true", "1"):
            name = _free_name(core.board, kind, folder, name, data)
        core.board.store(kind, folder, name, data)
        return JSONResponse({"name": name, "subfolder": folder, "type": kind})

    async def get_cached(request: Request) -> Response:
        data = core.board.etn_images.get(request.path_params["image_id"])
        return Response(status_code=404) if data is None else Response(data, media_type="image/png")

    async def put_cached(request: Request) -> Response:
        image_id, data = request.path_params["image_id"], await request.body()
        known = image_id in core.board.etn_images
        core.board.etn_images.setdefault(image_id, data)
        return JSONResponse({"status": "cached" if known else "success"}, 200 if known else 201)

    return [
        Route("/view", view, methods=["GET"]),
        Route("/upload/image", upload, methods=["POST"]),
        Route("/upload/mask", upload, methods=["POST"]),
        Route("/api/etn/image/{image_id}", get_cached, methods=["GET"]),
        Route("/api/etn/image/{image_id}", put_cached, methods=["PUT"]),
    ]


class _InMemory(MultiPartParser):
    """Keeps files in memory: a larger one would go to disk through threads that outlive the server."""

    spool_max_size = 2 * MAX_BODY


async def _form(request: Request) -> FormData:
    """The form, empty where the body is none."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return FormData()
    try:
        return await _InMemory(request.headers, request.stream()).parse()
    except MultiPartException:
        return FormData()


def _shown(data: bytes, name: str, preview: str | None) -> Response:
    """The file, or its preview; anything but jpeg means WebP."""
    if preview is None:
        mime = mimetypes.guess_type(name)[0] or "application/octet-stream"
        # What could run as a page is handed out as a download (protocol.md §14).
        return Response(data, media_type="application/octet-stream" if mime in _PAGES else mime)
    try:
        kind = "jpeg" if preview.startswith("jpeg") else "webp"
        return Response(reencoded(data, preview), media_type=f"image/{kind}")
    except ValueError:  # no picture
        return Response(status_code=500)


def _free_name(board: Board, kind: str, folder: str, name: str, data: bytes) -> str:
    """The name itself where it is free or holds the same bytes, else ``x (1).png``."""
    path, number, tried = PurePosixPath(name), 0, name
    while board.files.get((kind, folder, tried), data) != data:
        number += 1
        tried = f"{path.stem} ({number}){path.suffix}"
    return tried
