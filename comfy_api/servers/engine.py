"""The engine of this process: the ComfyUI that was named, the one next door, or the demo (design.md, decision 8)."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit

from comfy_api.demo.process import DemoDidNotStartError, DemoProcess
from comfy_api.protocol.client import ComfyClient
from comfy_api.settings import Settings

log = logging.getLogger(__name__)

#: Where a ComfyUI on the same machine listens unless told otherwise.
NEXT_DOOR: Final = "http://127.0.0.1:8188"
#: Seconds between two looks at the server, while it answers and while it does not.
LOOK_EVERY: Final = 4.0
LOOK_AGAIN: Final = 1.0


@dataclass(frozen=True, slots=True)
class ServerState:
    """The engine as the pages show it.

    Attributes:
        kind: ``comfyui`` or ``demo``; ``""`` while it is being chosen.
        name: host and port, without secrets.
        connected: whether it answered the last time.
        version: ComfyUI's version.
        sentence: why it does not answer and what to do, or ``""``.
        offer: a ComfyUI that appeared next door while the demo engine runs, or None.
    """

    kind: str = ""
    name: str = ""
    connected: bool = False
    version: str = ""
    sentence: str = ""
    offer: str | None = None


def choose(settings: Settings, next_door: str = NEXT_DOOR) -> str | None:
    """The ComfyUI to use: the one that is named, else the one next door if it answers; None: the demo engine."""
    if settings.demo:
        return None
    return settings.comfyui_url or (next_door if is_there(next_door) else None)


def is_there(url: str) -> bool:
    """Whether a real ComfyUI answers there, within a second."""
    with ComfyClient(url, timeout=1.0) as client:
        health = client.health()
        return health.connected and not health.demo


def client_for(settings: Settings, url: str) -> ComfyClient:
    """A client of the ComfyUI there. Secrets go to the server that they were set for, and to no other."""
    own = url == settings.comfyui_url
    return ComfyClient(
        url,
        headers=settings.comfyui_headers if own else None,
        params=settings.comfyui_params if own else None,
        api_key=settings.comfyui_api_key.get_secret_value() or None if own else None,
    )


class Engine:
    """Chooses the engine once, watches it, and ends what it started. One thread, which ends with ``close``."""

    def __init__(self, settings: Settings, *, next_door: str = NEXT_DOOR, look_every: float = LOOK_EVERY) -> None:
        """
        Args:
            next_door: where a ComfyUI on this machine is looked for.
            look_every: seconds between two looks at the server.
        """
        self._settings, self._next_door, self._look_every = settings, next_door, look_every
        self._lock = threading.Lock()  # guards the client, the demo and the state
        self._client: ComfyClient | None = None
        self._retired: list[ComfyClient] = []
        self._demo: DemoProcess | None = None
        self._state = ServerState()
        self._ready, self._closing = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._watch, name="easel-engine", daemon=True)
        self._thread.start()

    @property
    def state(self) -> ServerState:
        """How the engine was at the last look."""
        with self._lock:
            return self._state

    def client(self) -> ComfyClient | None:
        """The client for the next job; None while the engine is being chosen."""
        with self._lock:
            return self._client

    def wait_ready(self, timeout: float) -> bool:
        """Wait until the engine is chosen and was looked at once."""
        return self._ready.wait(timeout)

    def connect(self, url: str) -> None:
        """Take another ComfyUI for later jobs. Running ones stay where they are, and so the demo engine does too."""
        self._use(client_for(self._settings, url), "comfyui")
        self._look()

    def close(self, timeout: float = 20.0) -> None:
        """End the thread, the clients and the demo engine. Closing twice is fine."""
        self._closing.set()
        self._thread.join(timeout)
        with self._lock:
            clients, self._client = [*self._retired, *([self._client] if self._client else [])], None
            self._retired, demo, self._demo = [], self._demo, None
        for client in clients:
            client.close()
        if demo is not None:
            demo.close()

    # --- the thread -----------------------------------------------------------------------------------------

    def _watch(self) -> None:
        while not self._closing.is_set():
            self._choose()
            self._look()
            self._ready.set()
            self._closing.wait(self._look_every if self.state.connected else min(LOOK_AGAIN, self._look_every))

    def _choose(self) -> None:
        """Choose once; but a demo engine that did not start, or ended, is started again."""
        settings = self._settings
        if self._client is not None:
            self._revive()
        elif url := choose(settings, self._next_door):
            self._use(client_for(settings, url), "comfyui")
        else:
            self._start_demo()

    def _start_demo(self, port: int = 0) -> None:
        began = time.monotonic()
        try:
            demo = DemoProcess.start(port)
        except DemoDidNotStartError as error:
            log.error("%s", error)
            with self._lock:
                self._state = ServerState(kind="demo", name="127.0.0.1", sentence=str(error))
            return
        with self._lock:
            self._demo = demo
        if self._client is None:
            self._use(ComfyClient(demo.url), "demo")
        log.info("demo engine ready after %.1f s", time.monotonic() - began)

    def _revive(self) -> None:
        """Start an ended demo engine anew at its old address, where running jobs look for it."""
        demo = self._demo
        if demo is not None and not demo.alive and self.state.kind == "demo":
            demo.close()
            self._start_demo(urlsplit(demo.url).port or 0)

    def _use(self, client: ComfyClient, kind: str) -> None:
        with self._lock:
            if self._client is not None:
                self._retired.append(self._client)
            self._client = client
            self._state = ServerState(kind=kind, name=urlsplit(client.address.url).netloc)

    def _look(self) -> None:
        client = self.client()
        if client is None:
            return
        was, health = self.state, client.health()
        offer = self._next_door if was.kind == "demo" and not self._settings.demo else None
        if offer and not is_there(offer):
            offer = None
        if health.connected and not was.connected:
            client.forget_object_info()  # another ComfyUI may be there now, or this one with other models
        with self._lock:
            if client is self._client:
                self._state = replace(
                    self._state,
                    connected=health.connected,
                    version=health.version or self._state.version,
                    sentence=health.error,
                    offer=offer,
                )


EngineFactory = Callable[[Settings], Engine]
