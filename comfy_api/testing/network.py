"""A loopback server in a thread, whose connections can be cut on purpose.

uvicorn speaks HTTP and websocket; this module owns the listening socket, the event loop and the lines.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import socket
import struct
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, cast

import uvicorn
from starlette.types import ASGIApp, Scope
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

T = TypeVar("T")

DEADLINE = 10.0
"""Seconds within which the thread starts, answers a call or ends."""


class Line:
    """A transport that can be cut: in the middle of a frame, by a clean close or by a TCP reset."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._budget: int | None = None
        self._cut = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def allow(self, budget: int | None) -> None:
        """Let ``budget`` more bytes through, then cut; None lifts the limit."""
        self._budget = budget

    def write(self, data: bytes) -> None:
        if self._cut:
            return
        if self._budget is None:
            self._transport.write(data)
            return
        self._transport.write(data[: self._budget])
        self._budget -= len(data)
        if self._budget <= 0:
            self.cut()

    def cut(self, reset: bool = False) -> None:
        """End the connection without a word: FIN after what was written, or RST at once."""
        if self._cut and not reset:
            return
        self._cut = True
        if not reset:
            self._transport.close()
            return
        with contextlib.suppress(OSError):  # closed by the peer a moment ago
            # A lingering time of zero seconds is what makes the kernel send RST instead of FIN.
            linger = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
            self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._transport.abort()


class _Protocol(H11Protocol):
    """uvicorn's HTTP protocol over a :class:`Line`; a websocket takes the line over with the upgrade."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(cast(asyncio.Transport, Line(transport)))


class Loopback:
    """An ASGI app on 127.0.0.1, on a free port, served from a thread of its own.

    Args:
        app: the application.
        setup: runs in the loop before the first connection.
        teardown: runs in the loop after the last one.
    """

    def __init__(
        self,
        app: ASGIApp,
        setup: Callable[[], Coroutine[Any, Any, None]],
        teardown: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        self._app, self._setup, self._teardown = app, setup, teardown
        self._state = ServerState()
        self._socket = _bound(0)
        self.port: int = self._socket.getsockname()[1]
        self._server: asyncio.Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending: asyncio.Event | None = None
        self._ready: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._thread = threading.Thread(target=self._run, name=f"fake-comfyui-{self.port}", daemon=True)

    def start(self) -> None:
        """Start the thread; the port listens when this returns."""
        self._thread.start()
        self._ready.result(DEADLINE)

    def close(self) -> None:
        """Close every connection and join the thread. Twice is fine."""
        if self._loop is not None and self._ending is not None and not self._loop.is_closed():
            with contextlib.suppress(RuntimeError):  # the loop ended between the question and the call
                self._loop.call_soon_threadsafe(self._ending.set)
        if self._thread.ident is not None:
            self._thread.join(DEADLINE)
        self._socket.close()
        if self._thread.is_alive():
            raise RuntimeError(f"the server's thread did not end within {DEADLINE:.0f} s")

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run ``work`` in the loop, from another thread, and return its result."""
        if self._loop is None or self._loop.is_closed():
            work.close()
            raise RuntimeError("this server is closed")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(DEADLINE)

    async def listen(self) -> None:
        """Accept connections."""
        if self._server is not None:
            return
        self._server = await asyncio.get_running_loop().create_server(
            lambda: _Protocol(self._config, self._state, {}), sock=self._socket
        )

    async def refuse(self) -> None:
        """Refuse connections and cut those there are; the port stays ours."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        self._socket.close()
        self._socket = _bound(self.port)  # bound but not listening: refused, and nobody else gets the port
        self.cut_all()

    def line(self, scope: Scope) -> Line:
        """The connection of a request or websocket.

        Raises:
            LookupError: it is gone already.
        """
        for connection in self._state.connections:
            if getattr(connection, "client", None) == scope["client"]:
                return cast(Line, connection.transport)
        raise LookupError("the connection is closed")

    def cut_all(self, reset: bool = False) -> None:
        """Cut every connection, HTTP and websocket."""
        for connection in list(self._state.connections):
            cast(Line, connection.transport).cut(reset)

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as error:
            if self._ready.done():
                raise
            self._ready.set_exception(error)

    async def _main(self) -> None:
        self._loop, self._ending = asyncio.get_running_loop(), asyncio.Event()
        self._config = uvicorn.Config(
            self._app,
            http=_Protocol,
            ws="websockets-sansio",
            ws_max_size=4 * 1024 * 1024,
            ws_ping_interval=None,
            ws_per_message_deflate=False,
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
        )
        self._config.load()
        await self._setup()
        await self.listen()
        self._ready.set_result(None)
        await self._ending.wait()
        self.cut_all(reset=True)
        await self.refuse()
        for _ in range(3):  # what was accepted a moment ago becomes a connection, and ends like the others
            await asyncio.sleep(0)
        self.cut_all(reset=True)
        await self._teardown()
        if self._state.tasks:  # each sees its connection end
            await asyncio.wait(self._state.tasks, timeout=DEADLINE / 2)
        last = self._loop.time() + DEADLINE / 2
        while self._state.connections and self._loop.time() < last:  # a transport closes its socket a turn later
            await asyncio.sleep(0)


def _bound(port: int) -> socket.socket:
    """A socket bound to a loopback port, not listening."""
    # The protocol is named so that asyncio turns Nagle off: else every answer in two parts takes 40 ms.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # Windows: SO_REUSEADDR would let others in
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(("127.0.0.1", port))
    except OSError:
        bound.close()
        raise
    return bound
