"""FakeComfyUI: the test's side of the fake server."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from types import TracebackType
from typing import Any, Literal

from comfy_api.testing import catalogue, routes
from comfy_api.testing.chaos import Chaos
from comfy_api.testing.core import Core, Options, Request
from comfy_api.testing.faults import Fault, Kind
from comfy_api.testing.front import Front
from comfy_api.testing.network import Loopback
from comfy_api.testing.play import Play


class FakeComfyUI:
    """A stand-in for one ComfyUI on 127.0.0.1, which plays a script for each prompt and executes no graph.

    ::

        with FakeComfyUI() as comfy:
            comfy.script(Play.usual(before={"executing 9": steps.drop()}))
            ...                       # a client of comfy.url

    Without a script each prompt gets the run that a real server would make of its graph. All methods may be
    called from any thread.

    Args:
        api: how it speaks; ``0.38`` has /api/jobs and takes only UUIDs as prompt ids.
        object_info: the answer of /object_info; a small one by default.
        system_stats: the answer of /system_stats.
        prefix: a path before every route, such as ``/comfy``, as behind a proxy.
        require_headers: headers without which it answers 401, websocket included.
        parallel: how many prompts run at once; a real server runs one.
        cache: whether nodes that the last prompt ran are cached, as on a real server.
        flags: whether it knows feature flags; older servers do not answer them.
        userdata: path → content of the users' files, such as ``workflows/mine.json``.
        templates: file name → content of the templates, ``index.json`` among them; ``pack/name.json`` for those of
            custom nodes.
    """

    def __init__(
        self,
        api: Literal["0.3.64", "0.38"] = "0.3.64",
        *,
        object_info: Mapping[str, Any] | None = None,
        system_stats: Mapping[str, Any] | None = None,
        prefix: str = "",
        require_headers: Mapping[str, str] | None = None,
        parallel: int = 1,
        cache: bool = True,
        flags: bool = True,
        userdata: Mapping[str, bytes] | None = None,
        templates: Mapping[str, bytes] | None = None,
    ) -> None:
        version = "0.38.0" if api == "0.38" else api
        options = Options(
            modern=api == "0.38",
            object_info=catalogue.object_info() if object_info is None else object_info,
            system_stats=catalogue.system_stats(version) if system_stats is None else system_stats,
            prefix=prefix.rstrip("/"),
            require_headers=dict(require_headers or {}),
            parallel=parallel,
            cache=cache,
            flags=flags,
            userdata=dict(userdata or {}),
            templates=dict(templates or {}),
        )
        self._changes, self._changed = 0, threading.Condition()  # protects the count of changes
        self._core = Core(options, self._note_change)
        self._server = Loopback(Front(self._core, routes.app(self._core)), self._core.begin, self._core.close)
        self._core.line_of = self._server.line

    @property
    def port(self) -> int:
        return self._server.port

    @property
    def url(self) -> str:
        """Where it is, with the prefix and without a slash at the end."""
        return f"http://127.0.0.1:{self.port}{self._core.options.prefix}"

    def start(self) -> FakeComfyUI:
        """Listen; ``with`` does it too."""
        self._server.start()
        return self

    def close(self) -> None:
        """End every connection and join the thread; twice is fine.

        Raises:
            Exception: what a step of a play raised meanwhile.
        """
        self._server.close()
        self._raise_failed()

    def __enter__(self) -> FakeComfyUI:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.close()
        except Exception as late:
            if error is None:
                raise
            error.add_note(f"A play failed too: {late!r}")

    # --- the script ---

    def script(self, *plays: Play) -> None:
        """What the next prompts do, in order; the last one repeats."""
        if not plays:
            raise ValueError("a script needs a play")
        self._core.plays.clear()
        self._core.plays.extend(plays)

    def hold(self) -> None:
        """Take nothing from the queue: prompts stay pending until :meth:`release`."""
        self._call(self._core.hold)

    def release(self, count: int | None = None) -> None:
        """Go on after :meth:`hold` and end the prompts ``ahead``; with ``count``, only so many of these."""
        self._call(self._core.release, count)

    def open(self, gate: str = "gate") -> None:
        """Open a gate for all plays, from now on."""
        self._call(self._core.gates.open, gate)

    def wait_at(self, gate: str = "gate", timeout: float = 5.0) -> None:
        """Wait until a play stands at the gate; a TimeoutError after ``timeout`` seconds."""
        self.wait_for(lambda: self._core.gates.standing[gate] > 0, timeout, f"no play came to gate {gate!r}")

    # --- what was seen ---

    @property
    def requests(self) -> list[Request]:
        """Every request, oldest first, websocket handshakes included; at most 10,000."""
        return list(self._core.requests)

    @property
    def prompts(self) -> list[dict[str, Any]]:
        """The bodies of the accepted POST /prompt."""
        return list(self._core.prompts)

    @property
    def client_messages(self) -> list[tuple[str, str]]:
        """(client id, text) of what clients sent over their websockets."""
        return list(self._core.client_messages)

    @property
    def sockets_opened(self) -> int:
        """How many websockets were ever opened."""
        return self._core.sockets_opened

    @property
    def sockets(self) -> list[str]:
        """The client ids of the websockets that are open now."""
        return [socket.sid for socket in tuple(self._core.board.everyone)]

    @property
    def files(self) -> dict[tuple[str, str, str], bytes]:
        """What lies on the server: type, subfolder and name → bytes. Changing it changes the server."""
        return self._core.board.files

    @property
    def remaining(self) -> int:
        """How many prompts are running or pending."""
        return self._core.board.remaining

    @property
    def faults_drawn(self) -> list[str]:
        """What :meth:`chaos` did so far."""
        return list(self._core.chaos.drawn) if self._core.chaos else []

    def wait_for(self, condition: Callable[[], bool], timeout: float = 5.0, what: str = "it did not happen") -> None:
        """Wait until ``condition()`` holds; it is asked again after each change.

        Raises:
            TimeoutError: not within ``timeout`` seconds.
            Exception: what a step of a play raised meanwhile.
        """
        deadline = time.monotonic() + timeout
        while True:
            with self._changed:
                seen = self._changes
            self._raise_failed()
            if condition():
                return
            with self._changed:
                rest = deadline - time.monotonic()
                if rest <= 0 or not self._changed.wait_for(lambda: self._changes != seen, rest):  # noqa: B023
                    raise TimeoutError(f"{what} within {timeout} s")

    # --- faults ---

    def fail(
        self,
        route: str,
        fault: int | Kind = 500,
        *,
        times: int | None = 1,
        body: Any = "",
        headers: Mapping[str, str] | None = None,
        seconds: float = 0.2,
        to: str = "",
    ) -> None:
        """Let requests fail.

        Args:
            route: method and path pattern, such as ``POST /prompt``, ``GET /history/*``, ``WS /ws``, ``*``;
                without prefix and ``/api``.
            fault: an HTTP status, or a kind of :class:`comfy_api.testing.Fault`.
            times: for how many requests; None for all to come.
            body: of an answer with a status; a dict is sent as JSON.
            headers: of an answer, such as ``{"Retry-After": "1"}``.
            seconds: how late a ``slow`` answer is.
            to: where a ``redirect`` leads.
        """
        kind: Kind = "answer" if isinstance(fault, int) else fault
        status = fault if isinstance(fault, int) else 200
        made = Fault(kind, status, body, dict(headers or {}), seconds, to)
        self._call(self._core.faults.add, route, made, times)

    def reject(self, error: Mapping[str, Any], node_errors: Mapping[str, Any] | None = None) -> None:
        """Answer the next POST /prompt with 400 and these errors (protocol.md §4)."""
        self.fail("POST /prompt", 400, body={"error": dict(error), "node_errors": dict(node_errors or {})})

    def heal(self) -> None:
        """Forget all faults ordered with :meth:`fail`, :meth:`chaos` and :meth:`socket_budget`."""
        self._call(self._core.faults.clear)
        self._core.chaos = None
        self.socket_budget(None)

    def chaos(self, seed: int, rate: float = 0.1, most: int = 20) -> None:
        """Draw faults at steps and requests, at most ``most`` in all; the same seed draws the same ones.

        Args:
            seed: of the draw.
            rate: the chance of a fault each time, 0 to 1.
            most: after so many all goes well.
        """
        self._core.chaos = Chaos(seed, rate, most)

    def socket_budget(self, size: int | None) -> None:
        """Cut each websocket after ``size`` bytes sent, also in the middle of a frame; None lifts it."""

        def set_budget() -> None:
            self._core.socket_budget = size
            for socket in self._core.board.everyone:
                socket.line.allow(size)

        self._call(set_budget)

    def drop_sockets(self, reset: bool = False, client_ids: Sequence[str] | None = None) -> None:
        """Cut websockets, all or those of some clients; ``reset`` does it with a TCP reset."""

        async def drop() -> None:
            for socket in list(self._core.board.everyone):
                if client_ids is None or socket.sid in client_ids:
                    await self._core.board.drop(socket, reset)

        self._server.call(drop())

    def stop_listening(self) -> None:
        """Refuse connections and cut those there are, as a network that is down; queue and plays go on."""
        self._server.call(self._server.refuse())

    def resume(self) -> None:
        """Listen again, on the same port."""
        self._server.call(self._server.listen())

    def restart(self) -> None:
        """Be killed and come back: every connection ends; queue, history, files and cache are gone.

        Scripts and faults stay. For a server that is away for a while: ``stop_listening``, ``restart``,
        ``resume``.
        """

        async def killed() -> None:
            self._server.cut_all()
            await self._core.restart()

        self._server.call(killed())

    # --- inside ---

    def _raise_failed(self) -> None:
        if self._core.errors:
            raise self._core.errors.pop(0)

    def _call(self, function: Callable[..., object], *arguments: Any) -> None:
        async def run() -> None:
            function(*arguments)

        work: Coroutine[Any, Any, None] = run()
        self._server.call(work)

    def _note_change(self) -> None:
        with self._changed:
            self._changes += 1
            self._changed.notify_all()
