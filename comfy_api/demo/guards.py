"""What stands before the routes: a limit on bodies, and a check of the Origin."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from comfy_api.demo.engine import UPLOAD_LIMIT

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class BodyTooLargeError(Exception):
    """More bytes than `UPLOAD_LIMIT`."""


async def answer_too_large(request: Request, error: Exception) -> Response:
    """413, as ComfyUI words it."""
    return PlainTextResponse(f"Maximum request body size {UPLOAD_LIMIT} exceeded", 413)


class BodyLimit:
    """Refuses bodies over `UPLOAD_LIMIT`, declared or counted."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > UPLOAD_LIMIT:
            await _drain(receive)
            response = await answer_too_large(Request(scope), BodyTooLargeError())
            return await response(scope, receive, send)
        return await self._app(scope, _counted(receive), send)


async def _drain(receive: Receive) -> None:
    """Read on for a while: a client that is cut off while it sends never sees the answer."""
    read, more = 0, True
    while more and read < 2 * UPLOAD_LIMIT:
        message = await receive()
        read += len(message.get("body", b""))
        more = bool(message.get("more_body", False))


def _counted(receive: Receive) -> Callable[[], Awaitable[Message]]:
    read = 0

    async def counting() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > UPLOAD_LIMIT:
            raise BodyTooLargeError
        return message

    return counting


class OriginGuard:
    """Answers 403 when a page of another origin calls a loopback host (protocol.md §1)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or not _is_foreign(dict(scope["headers"])):
            return await self._app(scope, receive, send)
        if scope["type"] == "websocket":
            return await send({"type": "websocket.close", "code": 1008})
        return await Response(status_code=403)(scope, receive, send)


def _is_foreign(headers: dict[bytes, bytes]) -> bool:
    host = urlsplit(f"//{headers.get(b'host', b'').decode('latin-1')}")
    origin = urlsplit(headers.get(b"origin", b"").decode("latin-1"))
    if not origin.netloc or host.hostname not in LOOPBACK:
        return False
    if origin.port is None or host.port is None:
        return origin.hostname != host.hostname
    return (origin.hostname, origin.port) != (host.hostname, host.port)
