"""Which names we answer to, and which pages may open our websockets. Streamlit checks its own websocket alone."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send


def is_same_origin(connection: HTTPConnection, others: Sequence[str] = ()) -> bool:
    """Whether the page that asks came from here.

    No Origin is no browser, and has to have the cookie all the same. A proxy has to pass the Host on.

    Args:
        others: further origins, such as ``https://studio.example.com``.
    """
    origin = connection.headers.get("origin")
    if origin is None or origin in others:
        return True
    return urlsplit(origin).netloc == connection.headers.get("host", "")


class HostCheck:
    """ASGI middleware: answers to known names alone, so that no foreign name can be made to lead here."""

    def __init__(self, app: ASGIApp, hosts: Sequence[str]) -> None:
        """``hosts``: names without port, ``*.example.com`` for all below one; an empty list allows any."""
        self._app, self._hosts = app, [host.lower() for host in hosts]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is addressed to us; refuse the rest."""
        if scope["type"] not in ("http", "websocket") or self._knows(host := _host(scope)):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            sentence = f"Easel does not go by the name {host!r} here. Allow it: --server.allowedHosts {host}"
            await PlainTextResponse(sentence, 400)(scope, receive, send)

    def _knows(self, host: str) -> bool:
        return not self._hosts or any(fnmatchcase(host, allowed) for allowed in self._hosts)


def _host(scope: Scope) -> str:
    """The name in the Host header, without port."""
    host = HTTPConnection({**scope, "type": "http"}).headers.get("host", "")
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""  # no name at all
