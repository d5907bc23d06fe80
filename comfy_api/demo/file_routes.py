"""Uploads and /view (protocol.md §10)."""

from __future__ import annotations

import asyncio
import contextlib
import email.utils
import io
import json
import mimetypes
import os
from pathlib import Path
from typing import Any

from PIL import Image
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Route

from comfy_api.demo.answers import Json, trouble
from comfy_api.demo.engine import Engine
from comfy_api.demo.files import EscapeError, FileRef, Files, with_alpha_of
from comfy_api.demo.images import PIXEL_LIMIT

#: Only these two overwrite; "True" does not.
_OVERWRITES = frozenset({"true", "1"})


async def _upload_image(request: Request) -> Response:
    return await _upload(request, masked=False)


async def _upload_mask(request: Request) -> Response:
    return await _upload(request, masked=True)


async def _upload(request: Request, *, masked: bool) -> Response:
    files = _files(request)
    try:
        async with request.form(max_files=1) as form:
            upload = form.get("image")
            if not isinstance(upload, UploadFile):
                return Response(status_code=400)
            if not upload.filename:
                return Response(status_code=400)
            data = await upload.read()
            ref = FileRef(upload.filename, str(form.get("subfolder", "")), str(form.get("type") or "input"))
            original = json.loads(str(form["original_ref"])) if masked else None
            overwrite = form.get("overwrite") in _OVERWRITES
            return await asyncio.to_thread(_store, files, data, ref, original, overwrite)
    except EscapeError:
        return Response(status_code=400)
    except (KeyError, ValueError, TypeError, OSError):
        return trouble()


def _store(files: Files, data: bytes, ref: FileRef, original: Any, overwrite: bool) -> Response:
    answer = {"name": ref.filename, "subfolder": ref.subfolder, "type": ref.type}
    if original is not None:
        source = files.path(
            FileRef(original["filename"], original.get("subfolder", ""), original.get("type", "output"))
        )
        if not source.is_file():
            # ComfyUI says yes and writes nothing.
            files.path(ref)
            return Json(answer)
        data = with_alpha_of(source.read_bytes(), data)
    return Json({**answer, "name": files.store_upload(data, ref, overwrite=overwrite)})


async def _view(request: Request) -> Response:
    query = request.query_params
    filename = query.get("filename")
    if filename is None:
        return Response(status_code=404)
    name, kind = _annotated(filename, query.get("type", "output"))
    if not name or name.startswith("/") or ".." in name:
        return Response(status_code=400)
    try:
        folder = _files(request).path(FileRef("", query.get("subfolder", ""), kind))
    except KeyError:
        return Response(status_code=400)
    except EscapeError:
        return Response(status_code=403)
    # Only the last part counts: a sub-path belongs into `subfolder`.
    path = folder / name.replace("\\", "/").rsplit("/", 1)[-1]
    if not path.is_file():
        return Response(status_code=404)
    return await _shown(request, path)


async def _shown(request: Request, path: Path) -> Response:
    query = request.query_params
    headers = _disposition(path.name)
    try:
        if "preview" in query:
            body, media = await asyncio.to_thread(_preview, path, query["preview"])
        elif query.get("channel") in ("rgb", "a"):
            body, media = await asyncio.to_thread(_channel, path, query["channel"])
        else:
            return _whole(request, path, headers)
    except (OSError, ValueError):
        return trouble()
    return Response(body, media_type=media, headers=headers)


def _whole(request: Request, path: Path, headers: dict[str, str]) -> Response:
    stat = path.stat()
    headers = {
        **headers,
        "etag": f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"',
        "last-modified": email.utils.formatdate(stat.st_mtime, usegmt=True),
    }
    if _is_known(request, headers["etag"], stat):
        return Response(status_code=304, headers=headers)
    media = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return FileResponse(path, media_type=media, headers=headers, stat_result=stat)


def _is_known(request: Request, etag: str, stat: os.stat_result) -> bool:
    if "if-none-match" in request.headers:
        return etag in request.headers["if-none-match"]
    since = request.headers.get("if-modified-since")
    with contextlib.suppress(ValueError, TypeError):
        return since is not None and int(stat.st_mtime) <= email.utils.parsedate_to_datetime(since).timestamp()
    return False


def _preview(path: Path, wish: str) -> tuple[bytes, str]:
    """A smaller encoding: ``webp;90`` or ``jpeg;50``; anything else is taken for webp."""
    name, _, quality = wish.partition(";")
    name = name if name in ("jpeg", "webp") else "webp"
    with _opened(path) as image:
        shown = image.convert("RGB") if name == "jpeg" else image
        buffer = io.BytesIO()
        shown.save(buffer, name, quality=int(quality) if quality.isdecimal() else 90)
    return buffer.getvalue(), f"image/{name}"


def _channel(path: Path, channel: str) -> tuple[bytes, str]:
    """``rgb``: the picture without alpha; ``a``: black with its alpha."""
    with _opened(path) as image:
        if channel == "rgb":
            shown = image.convert("RGB")
        else:
            shown = Image.new("RGBA", image.size)
            shown.putalpha(image.convert("RGBA").getchannel("A"))
        buffer = io.BytesIO()
        shown.save(buffer, "PNG")
    return buffer.getvalue(), "image/png"


def _opened(path: Path) -> Image.Image:
    image = Image.open(path)
    if image.width * image.height > PIXEL_LIMIT:
        image.close()
        raise ValueError("The picture is larger than the demo engine takes.")
    return image


def _annotated(filename: str, kind: str) -> tuple[str, str]:
    for annotation in ("input", "output", "temp"):
        if filename.endswith(f"[{annotation}]"):
            return filename[: -len(annotation) - 2].rstrip(), annotation
    return filename, kind


def _disposition(name: str) -> dict[str, str]:
    # ComfyUI writes raw UTF-8; headers are latin-1 on their way through ASGI.
    return {"content-disposition": f'filename="{name}"'.encode().decode("latin-1")}


def _files(request: Request) -> Files:
    engine: Engine = request.app.state.engine
    return engine.files


ROUTES: list[BaseRoute] = [
    Route("/upload/image", _upload_image, methods=["POST"]),
    Route("/upload/mask", _upload_mask, methods=["POST"]),
    Route("/view", _view),
]
