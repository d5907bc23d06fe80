"""What stands before the routes: recording, prefix, sign-in, and the faults that were ordered."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from comfy_api.testing.core import MAX_BODY, Core, Request
from comfy_api.testing.faults import LOGIN_PAGE, Fault

_ONLY_UNDER_API = ("/api/jobs", "/api/etn/")


class Front:
    """An ASGI app around the routes.

    Args:
        core: the server's state.
        routes: the ASGI app that answers.
    """

    def __init__(self, core: Core, routes: ASGIApp) -> None:
        self._core, self._routes = core, routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b"" if scope["type"] == "websocket" else await _body(receive)
        if body is None:
            await PlainTextResponse("too large", 413)(scope, receive, send)
            return
        request = _request(scope, body)
        self._core.requests.append(request)
        self._core.changed()
        path = self._path(request.path)
        refusal = Response(status_code=404) if path is None else self._refusal(request)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        inner = {**scope, "path": path, "raw_path": str(path).encode()}
        again = receive if scope["type"] == "websocket" else _replayed(body, receive)
        await self._faulty(f"{request.method} {path}", inner, again, send)

    def _path(self, path: str) -> str | None:
        """The path as the routes know it, without prefix and ``/api``; None outside of the prefix."""
        prefix = self._core.options.prefix
        if not path.startswith(f"{prefix}/"):
            return None
        path = path[len(prefix) :]
        return path[4:] if path.startswith("/api/") and not path.startswith(_ONLY_UNDER_API) else path

    def _refusal(self, request: Request) -> Response | None:
        required = self._core.options.require_headers
        if any(request.headers.get(name.lower()) != value for name, value in required.items()):
            return PlainTextResponse("401: Unauthorized", 401)
        origin = request.headers.get("origin")
        if origin and urlsplit(origin).netloc != request.headers.get("host"):
            return PlainTextResponse("403: Forbidden", 403)
        return None

    async def _faulty(self, route: str, scope: Scope, receive: Receive, send: Send) -> None:
        core = self._core
        fault = core.faults.take(route)
        if fault is None and core.chaos is not None:
            fault = core.chaos.at_request(route)
        if fault is None:
            await self._routes(scope, receive, send)
        elif fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
            await self._routes(scope, receive, send)
        elif fault.kind == "timeout":
            await _until_disconnected(receive)
        elif fault.kind == "close-before-answer":
            self._hang_up(scope)
        elif fault.kind == "close-after-accept":
            await self._answer_lost(scope, receive, send)
        else:
            await _answer(fault)(scope, receive, send)

    async def _answer_lost(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def swallow(message: Message) -> None:
            if message["type"] in ("http.response.start", "http.response.body"):
                self._hang_up(scope)
            else:
                await send(message)

        await self._routes(scope, receive, swallow)
        self._hang_up(scope)

    def _hang_up(self, scope: Scope) -> None:
        try:
            self._core.line_of(scope).cut()
        except LookupError:  # the client hung up first
            return


def _answer(fault: Fault) -> Response:
    if fault.kind == "redirect":
        return Response(status_code=302, headers={**fault.headers, "Location": fault.to})
    if fault.kind == "login":
        return HTMLResponse(LOGIN_PAGE)
    text = fault.body if isinstance(fault.body, str | bytes) else json.dumps(fault.body)
    kind = "text/plain" if isinstance(fault.body, str | bytes) else "application/json"
    return Response(text, fault.status, {"content-type": kind, **fault.headers})


def _request(scope: Scope, body: bytes) -> Request:
    method = "WS" if scope["type"] == "websocket" else scope["method"]
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    return Request(method, scope["path"], query, headers, body)


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None where it is too large."""
    parts, size = [], 0
    while True:
        message: Any = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MAX_BODY:
            return None
        if not message.get("more_body"):
            return b"".join(parts)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """A ``receive`` that gives the body once, then what really comes."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay


async def _until_disconnected(receive: Receive) -> None:
    while (await receive())["type"] not in ("http.disconnect", "websocket.disconnect"):
        pass
