"""The client of one ComfyUI: its routes, and ``run``, which follows a prompt from submission to pictures."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote

from urllib3.util import Retry

from comfy_api.errors import ComfyError
from comfy_api.protocol.address import Address, parse_address
from comfy_api.protocol.events import Event
from comfy_api.protocol.http import Http
from comfy_api.protocol.replies import Health, SystemStats
from comfy_api.protocol.routes import Routes
from comfy_api.protocol.run import Run, RunOptions
from comfy_api.protocol.socket import Socket
from comfy_api.protocol.timing import USUAL, Timing
from comfy_api.workflow import Workflow

#: How long an object_info is good for, in seconds; ``refresh=True`` asks anew.
OBJECT_INFO_FOR: Final = 300.0
#: Seconds without an answer, for ``health`` and for those who ask again anyway.
_PROBE_FOR: Final = 5.0
_HASTY_FOR: Final = 10.0


class ComfyClient(Routes):
    """One ComfyUI. Thread-safe; a context manager; closing twice is fine.

    Every method raises ``ServerUnreachable``, ``SignInNeeded``, ``ApiError`` or ``ProtocolError``, and what its own
    docstring names. Reads are repeated on connection errors, 429 and 502–504; nothing else is.
    """

    def __init__(
        self,
        url: str | Address,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        api_key: str | None = None,
        timeout: float = 30.0,
        retries: Retry | None = None,
    ) -> None:
        """Nothing is sent yet.

        Args:
            url: http or https, with a path prefix where a proxy has one; ``user:password@`` is basic authentication.
                An ``Address`` is taken as it is, without the three below.
            headers: go with every request and the websocket handshake.
            params: query parameters, likewise.
            api_key: ``Authorization: Bearer``; for ``*.comfy.org`` as they want it.
            timeout: seconds without an answer; servers that encode large pictures pause for seconds.
            retries: other rules for reads than the usual ones.

        Raises:
            ValueError: no address.
        """
        if isinstance(url, str):
            url = parse_address(url, headers=headers, params=params, api_key=api_key)
        self.address = url
        super().__init__(Http(self.address, timeout=timeout, retries=retries))
        self._probe = Http(self.address, timeout=min(timeout, _PROBE_FOR), retries=Retry(0))
        self._lock = threading.Lock()  # guards the two caches
        self._object_info: tuple[float, dict[str, Any]] | None = None
        self._classes: dict[str, tuple[float, dict[str, Any]]] = {}

    def __repr__(self) -> str:
        return f"ComfyClient({self.address.url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections. Runs under way go on: stop them first."""
        self._http.close()
        self._probe.close()

    def hasty(self) -> ComfyClient:
        """A client of the same server that repeats nothing and waits 10 s at most: for those who ask again anyway."""
        return ComfyClient(self.address, timeout=min(self._http.timeout, _HASTY_FOR), retries=Retry(0))

    def health(self) -> Health:
        """Whether the server answers, as what, and how fast. Never raises a ComfyError: it says it in words."""
        began = time.monotonic()
        try:
            reply = self._probe.get("/system_stats")
            stats = SystemStats.parse(reply.json(), reply.url)
        except ComfyError as error:
            return Health(connected=False, error=str(error))
        latency = time.monotonic() - began
        return Health(connected=True, version=stats.version, latency=latency, demo=stats.demo)

    def get_object_info(self, class_type: str | None = None, *, refresh: bool = False) -> dict[str, Any]:
        """Node definitions: of every class, or of one; empty for a class that the server does not have.

        Kept for ``OBJECT_INFO_FOR`` seconds. Treat the answer as read-only.
        """
        now = time.monotonic()
        with self._lock:
            if self._object_info and not refresh and now - self._object_info[0] < OBJECT_INFO_FOR:
                whole = self._object_info[1]
                return whole if class_type is None else _one(whole, class_type)
            kept = self._classes.get(class_type or "")
            if kept and not refresh and now - kept[0] < OBJECT_INFO_FOR:
                return kept[1]
        path = "/object_info" if class_type is None else f"/object_info/{quote(class_type, safe='')}"
        info = self._http.get(path).json_object()
        with self._lock:
            if class_type is None:
                self._object_info = (now, info)
            else:
                self._classes[class_type] = (now, info)
        return info

    def forget_object_info(self) -> None:
        """Ask anew next time: the server was restarted, or got new models."""
        with self._lock:
            self._object_info = None
            self._classes.clear()

    # --- runs ---------------------------------------------------------------------------------------------

    def cancel(self, prompt_id: str) -> None:
        """Make sure that this prompt neither waits nor runs; others are not touched (design.md, decision 4).

        The server answers before it has stopped: ``find_history`` or the run's end tell.
        """
        reply = self._http.post(f"/api/jobs/{quote(prompt_id, safe='')}/cancel", json={}, ok_only=False)
        if reply.status < 400 and reply.content_type == "application/json":
            return
        self.delete_pending([prompt_id])
        # Servers from before the targeted interrupt would stop whoever runs: ask only when it is this one.
        if prompt_id in [entry.prompt_id for entry in self.get_queue().running]:
            self.interrupt(prompt_id)

    def run(
        self,
        workflow: Workflow | Mapping[str, Any],
        *,
        swap: bool = True,
        front: bool = False,
        number: float | None = None,
        extra_data: Mapping[str, Any] | None = None,
        targets: Sequence[str] | None = None,
        silence: float = 1800.0,
        patience: float = 300.0,
        timing: Timing = USUAL,
        spool: Path | None = None,
        on_event: Callable[[Event], None] | None = None,
    ) -> Run:
        """Queue a workflow and follow it. Returns once the server has taken it.

        Args:
            workflow: API format.
            swap: let PreviewImage nodes send their pictures over the websocket (design.md, decision 3).
            front, number, extra_data, targets: as in ``queue_prompt``.
            silence: seconds without any sign of life before the run fails with ``RunTimeout``.
            patience: seconds for a server that went away to come back, before it fails with ``ServerUnreachable``.
            timing: the finer points of its patience.
            spool: a folder into which files that are no pictures are written, instead of into memory.
            on_event: takes each event at once, one at a time, from the run's own threads, and so has to be quick and
                raise nothing. The run then keeps neither events nor results.

        Raises:
            PromptRejected: the graph was refused.
            ServerUnreachable, SignInNeeded, ApiError, ProtocolError.
        """
        loaded = workflow if isinstance(workflow, Workflow) else Workflow.load(workflow)
        options = RunOptions(
            swap=swap,
            front=front,
            number=number,
            extra_data=dict(extra_data or {}),
            targets=None if targets is None else tuple(targets),
            silence=silence,
            patience=patience,
            timing=timing,
            spool=spool,
        )
        return Run.start(self, loaded, options, on_event)

    def connect(self, client_id: str, *, timeout: float | None = None, timing: Timing = USUAL) -> Socket:
        """Open the websocket that hears of ``client_id``'s prompts. The caller's thread owns it."""
        seconds = self._http.timeout if timeout is None else timeout
        return Socket(self.address, client_id, timeout=seconds, timing=timing)


def _one(whole: Mapping[str, Any], class_type: str) -> dict[str, Any]:
    return {class_type: whole[class_type]} if class_type in whole else {}
