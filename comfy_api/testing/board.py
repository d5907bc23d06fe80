"""What the fake server knows: its sockets, its queue, its history and its files.

Belongs to the server's event loop: nothing here is called from another thread.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from comfy_api.testing import wire
from comfy_api.testing.network import Line
from comfy_api.testing.play import Play

FOREIGN = "somebody-else"
"""The client id of prompts that stand in the queue before the test's own."""


@dataclass(eq=False)
class Socket:
    """One open websocket."""

    sid: str
    websocket: WebSocket
    line: Line
    flagged: bool = False
    deaf: bool = False
    gone: bool = False

    async def send(self, *frames: str | bytes) -> None:
        """Send frames in order; to a socket that is gone or deaf, nothing."""
        for frame in frames:
            if self.deaf or self.gone:
                return
            try:
                if isinstance(frame, str):
                    await self.websocket.send_text(frame)
                else:
                    await self.websocket.send_bytes(frame)
            except (WebSocketDisconnect, RuntimeError):  # closed while this waited for its turn
                self.gone = True


@dataclass(eq=False)
class Prompt:
    """One submission, from POST /prompt to the history."""

    number: float
    id: str
    graph: dict[str, Any]
    extra_data: dict[str, Any]
    outputs_to_execute: list[str]
    play: Play
    created: int = field(default_factory=lambda: int(time.time() * 1000))
    ready: bool = False
    taken: bool = False
    finished: bool = False
    node: str | None = None
    executed: list[str] = field(default_factory=list)
    outcome: str = ""
    messages: list[list[Any]] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)
    signatures: dict[str, str] = field(default_factory=dict)
    history_lost: bool = False
    history_seconds: float = 0.0
    history_reads: int = 0
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    interrupted: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def client_id(self) -> Any:
        return self.extra_data.get("client_id")

    @property
    def queue_item(self) -> list[Any]:
        """The 5-tuple of /queue and /history (protocol.md §9)."""
        return [self.number, self.id, self.graph, self.extra_data, self.outputs_to_execute]

    def class_of(self, node: str | None) -> str:
        return str(self.graph.get(node or "", {}).get("class_type", ""))


@dataclass(eq=False)
class Remembered:
    """A history entry, and how long it hides."""

    prompt: Prompt
    visible_at: float
    reads: int

    def entry(self) -> dict[str, Any]:
        nodes = self.prompt.outputs
        ids = {n: {"node_id": n, "display_node": n, "parent_node": None, "real_node_id": n} for n in nodes}
        return {
            "prompt": self.prompt.queue_item,
            "outputs": nodes,
            "status": {
                "status_str": "success" if self.prompt.outcome == "success" else "error",
                "completed": self.prompt.outcome == "success",
                "messages": self.prompt.messages,
            },
            "meta": ids,
        }


class Gates:
    """Where plays wait for the test.

    Attributes:
        flowing: whether the server takes prompts from its queue.
        passes: one for each prompt of somebody else that may end.
        standing: gate → how many plays stand there.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._gates: dict[str, asyncio.Event] = {}
        self.flowing = True
        self.passes = asyncio.Semaphore(0)
        self.standing: Counter[str] = Counter()

    def open(self, name: str) -> None:
        """Let everybody through, from now on."""
        self._gates.setdefault(name, asyncio.Event()).set()

    async def stand_at(self, name: str) -> None:
        gate = self._gates.setdefault(name, asyncio.Event())
        self.standing[name] += 1
        self._changed()
        try:
            await gate.wait()
        finally:
            self.standing[name] -= 1
            self._changed()


class Board:
    """The state of one server's life; a restart makes a new one.

    Args:
        gates: where plays wait; they outlive a restart.
        changed: called after each change that a test may wait for.
    """

    def __init__(self, gates: Gates, changed: Callable[[], None]) -> None:
        self.gates, self.changed = gates, changed
        self.sockets: dict[str, Socket] = {}
        self.everyone: set[Socket] = set()
        self.pending: list[Prompt] = []
        self.running: list[Prompt] = []
        self.history: dict[str, Remembered] = {}
        self.files: dict[tuple[str, str, str], bytes] = {}
        self.etn_images: dict[str, bytes] = {}
        self.cache: dict[str, Any] = {}
        self.numbers = itertools.count()
        self.file_numbers = itertools.count(1)
        self._news = asyncio.Event()

    # --- sockets ---

    def join(self, socket: Socket) -> None:
        self.sockets[socket.sid] = socket
        self.everyone.add(socket)
        self.changed()

    def leave(self, socket: Socket) -> None:
        """Forget a socket; another one with the same id goes deaf, as on a real server (protocol.md §0.2)."""
        if socket in self.everyone:
            self.everyone.discard(socket)
            self.sockets.pop(socket.sid, None)
            self.changed()

    async def drop(self, socket: Socket, reset: bool = False, code: int | None = None) -> None:
        """Cut a socket, or close it politely where a websocket close code is given."""
        self.leave(socket)
        if code is not None and not socket.gone:
            socket.gone = True
            await socket.websocket.close(code)
            return
        socket.gone = True
        socket.line.cut(reset)

    async def broadcast(self, *frames: str | bytes) -> None:
        for socket in list(self.sockets.values()):
            await socket.send(*frames)

    async def broadcast_status(self) -> None:
        await self.broadcast(wire.text("status", self.status()))

    def status(self) -> dict[str, Any]:
        return {"status": {"exec_info": {"queue_remaining": self.remaining}}}

    # --- the queue ---

    @property
    def remaining(self) -> int:
        return len(self.running) + len(self.pending)

    def put(self, prompt: Prompt) -> None:
        self.pending.append(prompt)
        self.changed()

    def make_ready(self, prompt: Prompt) -> None:
        """Let the prompt be taken: its answer is on its way."""
        prompt.ready = True
        self.wake()

    def wake(self) -> None:
        self._news.set()

    async def take(self) -> Prompt:
        """Wait for the next prompt and make it a running one."""
        while True:
            ready = [prompt for prompt in self.pending if prompt.ready]
            if ready and self.gates.flowing:
                break
            self._news.clear()
            await self._news.wait()
        prompt = min(ready, key=lambda waiting: waiting.number)
        self.pending.remove(prompt)
        self.running.append(prompt)
        prompt.taken = True
        self.changed()
        return prompt

    def delete(self, ids: list[Any]) -> list[Prompt]:
        """Delete pending prompts; a running one stays (protocol.md §6)."""
        deleted = [prompt for prompt in self.pending if prompt.id in ids]
        for prompt in deleted:
            self.pending.remove(prompt)
            prompt.answered.set()
        self.changed()
        return deleted

    def interrupt(self, prompt_id: str | None) -> bool:
        """Interrupt one running prompt, or whatever runs where no id is given."""
        hit = [p for p in self.running if prompt_id in (None, p.id) and not p.outcome]
        for prompt in hit:
            prompt.interrupted.set()
        return bool(hit)

    def finish(self, prompt: Prompt) -> None:
        """Take a prompt out of the queue and write its history."""
        if prompt not in self.running:
            return
        self.running.remove(prompt)
        prompt.finished = True
        prompt.answered.set()
        done = [*prompt.executed, *(n for n in prompt.signatures if prompt.signatures[n] in self.cache)]
        self.cache = {prompt.signatures[n]: prompt.outputs.get(n) for n in done if n in prompt.signatures}
        if prompt.outcome and not prompt.history_lost:
            visible_at = asyncio.get_running_loop().time() + prompt.history_seconds
            self.history.pop(prompt.id, None)
            self.history[prompt.id] = Remembered(prompt, visible_at, prompt.history_reads)
        self.changed()

    def history_of(self, prompt_id: str) -> dict[str, Any]:
        """``{id: entry}``, or ``{}`` while unknown or still hidden."""
        remembered = self.history.get(prompt_id)
        if remembered is None or asyncio.get_running_loop().time() < remembered.visible_at:
            return {}
        if remembered.reads > 0:
            remembered.reads -= 1
            return {}
        return {prompt_id: remembered.entry()}

    # --- files ---

    def store(self, kind: str, subfolder: str, filename: str, data: bytes) -> dict[str, str]:
        """Keep a file for /view and return its reference."""
        self.files[kind, subfolder, filename] = data
        return {"filename": filename, "subfolder": subfolder, "type": kind}

    def store_result(self, class_type: str, prefix: str, data: bytes) -> dict[str, str]:
        """Keep a picture as PreviewImage (temp) or SaveImage (output) does, under the next free number."""
        temporary = class_type != "SaveImage"
        name = f"{'ComfyUI_temp_fakes' if temporary else prefix}_{next(self.file_numbers):05}_.png"
        return self.store("temp" if temporary else "output", "", name, data)
