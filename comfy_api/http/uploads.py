"""What makers add to a form: from their machine, from a URL, from their own results; and the same again, cut or masked.

Every answer but a file is JSON: the upload, or ``{"error": sentence}``.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import quote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from comfy_api.errors import ComfyError, JobNotFound, Refused
from comfy_api.http.guard import Fetched, fetch
from comfy_api.http.origin import is_same_origin
from comfy_api.http.owner import Owners
from comfy_api.jobs import retouch
from comfy_api.jobs.files import thumbnail_of
from comfy_api.jobs.job import Picture
from comfy_api.jobs.uploads import Upload, Uploads, too_large
from comfy_api.protocol.contents import UNKNOWN, sniff
from comfy_api.protocol.images import BadPicture
from comfy_api.settings import Settings
from comfy_api.workflow.forms.control import Kind

#: Seconds for a body to arrive.
ARRIVES_WITHIN: Final = 300.0
#: URLs fetched at the same time, for everybody.
FETCHES: Final = 4
#: Bytes of a JSON body.
_MOST_JSON: Final = 8192
#: Bytes of a refused body that are read all the same, and seconds for them.
_POURED: Final = 16 * 2**20
_POURS_FOR: Final = 10.0
#: Bytes of a body that stay in memory while it arrives.
_IN_MEMORY: Final = 2**20

_SAFE: Final = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}
#: An upload's name holds the hash of its bytes: it never changes.
_FOR_EVER: Final = {"Cache-Control": "private, max-age=31536000, immutable", **_SAFE}
_FOR_NOW: Final = {"Cache-Control": "private, max-age=60", **_SAFE}

Fetch = Callable[..., Awaitable[Fetched]]


class Host(Protocol):
    """What these routes need of the service."""

    @property
    def settings(self) -> Settings:
        """The installation's limits."""

    @property
    def uploads(self) -> Uploads:
        """The register."""

    def picture(self, owner: str, job_id: str, picture_id: str) -> tuple[Picture, Path]:
        """A picture of one's own job and its file. Raises JobNotFound."""


Handler = Callable[[Request, Host, str], Awaitable[Response]]


def upload_routes(host: Callable[[], Host], owners: Owners, base: str = "", *, fetch: Fetch = fetch) -> list[BaseRoute]:
    """The routes below ``{base}/easel/uploads``, each for its owner alone and for pages from here alone.

    Args:
        host: gives the process's service; asked at each request.
        base: ``""``, or the path prefix with a slash before and none behind.
        fetch: another way to bring a URL, for tests.
    """
    turns = asyncio.Semaphore(FETCHES)

    def guarded(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def handle(request: Request) -> Response:
            owner, held = owners.owner_in(request.scope), host()
            if owner is None or not is_same_origin(request, held.settings.origins):
                answer = _error("This page is not yours to add to. Load it again.", 403)
            else:
                answer = await _answer(handler, request, held, owner)
            if answer.status_code >= 400:
                await _pour_away(request)
            return answer

        return handle

    async def from_url(request: Request, held: Host, owner: str) -> Response:
        return await _from_url(request, held, owner, fetch, turns)

    root = f"{base}/easel/uploads"
    return [
        Route(root, guarded(_from_body), methods=["POST"]),
        Route(f"{root}/url", guarded(from_url), methods=["POST"]),
        Route(f"{root}/result", guarded(_from_result), methods=["POST"]),
        Route(f"{root}/edit", guarded(_edit), methods=["POST"]),
        Route(f"{root}/{{name:path}}", guarded(_show), methods=["GET"]),
    ]


async def _answer(handler: Handler, request: Request, host: Host, owner: str) -> Response:
    """The handler's answer, or the sentence of what it raises."""
    try:
        return await handler(request, host, owner)
    except Refused as refused:
        return _error(str(refused), 400)
    except JobNotFound:
        return _error("This picture is not here any more.", 404)
    except ComfyError as error:
        return _error(str(error), 502)
    except TimeoutError:
        return _error("The file took too long to arrive. Try again.", 408)


# --- adding -------------------------------------------------------------------------------------------------


async def _from_body(request: Request, host: Host, owner: str) -> Response:
    """``POST ?filename=&kind=``: the raw body is the file."""
    kind = _kind(request.query_params.get("kind"))
    data = await _body(request, host.uploads.limit(kind))
    return await _put(host, owner, data, request.query_params.get("filename", ""), kind)


async def _from_url(request: Request, host: Host, owner: str, bring: Fetch, turns: asyncio.Semaphore) -> Response:
    """``{"url", "kind"}``: a file from a public address."""
    asked = await _json(request)
    kind = _kind(asked.get("kind"))
    async with asyncio.timeout(ARRIVES_WITHIN), turns:
        fetched = await bring(str(asked.get("url", "")), most=host.uploads.limit(kind))
    if not sniff(fetched.data) and fetched.data[:512].lstrip().startswith(b"<"):
        raise Refused("This address shows a page, not a file. Copy the address of the file itself.")
    return await _put(host, owner, fetched.data, fetched.filename, kind)


async def _from_result(request: Request, host: Host, owner: str) -> Response:
    """``{"job", "picture", "kind"}``: one of this maker's own results."""
    asked = await _json(request)
    picture, path = host.picture(owner, str(asked.get("job", "")), str(asked.get("picture", "")))
    if not path.exists():
        raise JobNotFound(str(asked.get("job", "")))
    data = await asyncio.to_thread(path.read_bytes)
    return await _put(host, owner, data, picture.stage, _kind(asked.get("kind")))


async def _edit(request: Request, host: Host, owner: str) -> Response:
    """``POST ?name=&crop=x,y,w,h&kind=``: a picture that is there already, cut, masked, or both.

    The body, which may be empty, is a PNG of the whole picture's shape, opaque where it is painted. ``kind=mask``
    gives the mask alone.
    """
    asked = request.query_params
    crop = retouch.Crop.parse(asked["crop"]) if asked.get("crop") else None
    alone = _kind(asked.get("kind")) is Kind.MASK
    mask = await _body(request, host.settings.max_upload_bytes, empty=True)

    def edit() -> Upload:
        name = asked.get("name", "")
        source = host.uploads.read(owner, name)
        own = host.uploads.find(owner, name)
        edited = retouch.retouch(source, crop=crop, mask=mask, alone=alone)
        # A PNG is larger than the photograph that it comes from: that one was small enough.
        most = host.uploads.limit(None)
        return host.uploads.put(owner, edited, own.filename if own else name, Kind.IMAGE, most=most)

    return _told(host, await asyncio.to_thread(edit))


async def _put(host: Host, owner: str, data: bytes, filename: str, kind: Kind | None) -> Response:
    return _told(host, await asyncio.to_thread(host.uploads.put, owner, data, filename, kind))


# --- showing ------------------------------------------------------------------------------------------------


async def _show(request: Request, host: Host, owner: str) -> Response:
    """``GET``: the file. ``?about=1`` what it is; ``?thumb=1`` a small WebP; ``?plain=1`` without its alpha channel."""
    name, asked = request.path_params["name"], request.query_params
    own = host.uploads.find(owner, name)
    if own is None:
        return await _show_offered(request, host, owner, name)
    if asked.get("about"):
        return _told(host, own)
    _, path = host.uploads.file(owner, name)
    thumbnail = host.uploads.thumbnail(owner, name)
    if not path.exists():
        return _gone()
    if asked.get("plain") and thumbnail is not None:
        data, mime = await asyncio.to_thread(_plain, path.read_bytes(), small=bool(asked.get("thumb")))
        return Response(data, media_type=mime, headers=_FOR_EVER)
    if asked.get("thumb") and thumbnail is not None:
        return FileResponse(thumbnail, media_type="image/webp", headers=_FOR_EVER)
    # What a browser could take for a page or a program is only ever saved.
    filename = None if own.kind is not Kind.FILE else own.filename or own.name
    mime = UNKNOWN if own.kind is Kind.FILE else own.mime
    return FileResponse(path, media_type=mime, filename=filename, headers=_FOR_EVER)


async def _show_offered(request: Request, host: Host, owner: str, name: str) -> Response:
    """A picture that lies on the server for everybody, such as the one that a workflow begins with."""
    try:
        data = await asyncio.to_thread(host.uploads.read, owner, name)
        pixels = await asyncio.to_thread(retouch.shown, data)
    except (Refused, ComfyError, BadPicture):
        return _gone()
    if request.query_params.get("about"):
        height, width = pixels.shape[:2]
        return _told(host, Upload(name, width, height, Kind.IMAGE, sniff(data), len(data), name))
    if request.query_params.get("thumb"):
        return Response(await asyncio.to_thread(thumbnail_of, pixels), media_type="image/webp", headers=_FOR_NOW)
    return Response(data, media_type=sniff(data), headers=_FOR_NOW)


def _plain(data: bytes, *, small: bool) -> tuple[bytes, str]:
    return (thumbnail_of(retouch.shown(data)[:, :, :3]), "image/webp") if small else retouch.plain(data)


# --- reading requests, writing answers ----------------------------------------------------------------------


async def _body(request: Request, most: int, *, empty: bool = False) -> bytes:
    """The body, counted while it arrives: what a header announces is only a reason to refuse it sooner."""
    announced, size = request.headers.get("content-length", "0"), 0
    if announced.isascii() and announced.isdigit() and int(announced) > most:
        raise Refused(too_large(most))
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as spool:
        try:
            async with asyncio.timeout(ARRIVES_WITHIN):
                async for chunk in request.stream():
                    size += len(chunk)
                    if size > most:
                        raise Refused(too_large(most))
                    spool.write(chunk)
        except ClientDisconnect:
            raise Refused("The file did not arrive whole. Try again.") from None
        if not size and not empty:
            raise Refused("This file is empty. Choose another one.")
        spool.seek(0)
        return await asyncio.to_thread(spool.read)


async def _pour_away(request: Request) -> None:
    """Read a refused body on for a little: a browser hears no answer before it has sent all."""
    size = 0
    with suppress(TimeoutError, ClientDisconnect, RuntimeError):  # the last: it was read to its end
        async with asyncio.timeout(_POURS_FOR):
            async for chunk in request.stream():
                size += len(chunk)
                if size > _POURED:
                    return


async def _json(request: Request) -> dict[str, Any]:
    try:
        asked = json.loads(await _body(request, _MOST_JSON))
    except (ValueError, RecursionError):
        asked = None
    if not isinstance(asked, dict):
        raise Refused("This is no request that is known here.")
    return asked


def _kind(text: object) -> Kind | None:
    """The kind of the control that it is for; None where none is named."""
    return Kind(text) if text in ("image", "mask", "video", "audio", "file") else None


def _told(host: Host, upload: Upload) -> Response:
    return JSONResponse(
        {
            "name": upload.name,
            "width": upload.width,
            "height": upload.height,
            "kind": upload.kind.value,
            "filename": upload.filename,
            "size": upload.size,
            "url": url_of(upload.name, host.settings.base_path),
        },
        headers={"Cache-Control": "no-store"},
    )


def url_of(name: str, base: str = "") -> str:
    """Where a browser gets this upload."""
    return f"{base}/easel/uploads/{quote(name)}"


def _gone() -> Response:
    """The same for what is not there and for what is somebody else's."""
    return _error("This file is not here any more. Add it again.", 404)


def _error(sentence: str, status: int) -> Response:
    # Closed, or all the rest of a refused body would be read.
    return JSONResponse({"error": sentence}, status, headers={"Cache-Control": "no-store", "Connection": "close"})
