"""The loop's side of the fake server: all that its routes and its controls share."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from comfy_api.testing.board import FOREIGN, Board, Gates, Prompt
from comfy_api.testing.chaos import Chaos
from comfy_api.testing.faults import Faults
from comfy_api.testing.network import Line
from comfy_api.testing.plan import output_nodes
from comfy_api.testing.play import Play, Step
from comfy_api.testing.player import Player
from comfy_api.testing.steps import end, start, success

MOST_RECORDED = 10_000
"""How many requests and client messages are kept; older ones are forgotten."""

MAX_BODY = 100 * 1024 * 1024
"""Bytes; ComfyUI's own limit (protocol.md §10)."""


@dataclass(frozen=True)
class Request:
    """One request as it came, a websocket handshake included (method ``WS``).

    Attributes:
        method, path: as sent, with prefix and ``/api``.
        query: the query parameters; the last of each name.
        headers: names in lower case.
        body: the bytes.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)

    @property
    def json(self) -> Any:
        """The body as JSON; None where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass(frozen=True)
class Options:
    """How the server is set up; see :class:`comfy_api.testing.FakeComfyUI`."""

    modern: bool
    object_info: Mapping[str, Any]
    system_stats: Mapping[str, Any]
    prefix: str
    require_headers: Mapping[str, str]
    parallel: int
    cache: bool
    flags: bool
    userdata: Mapping[str, bytes] = field(default_factory=dict)
    templates: Mapping[str, bytes] = field(default_factory=dict)


class Core:
    """State and script of one fake server.

    Args:
        options: how it is set up.
        changed: called after each change that a test may wait for.
    """

    def __init__(self, options: Options, changed: Callable[[], None]) -> None:
        self.options, self.changed = options, changed
        self.line_of: Callable[[Any], Line]  # given by the server once it exists
        self.plays: deque[Play] = deque([Play.usual()])
        self.requests: deque[Request] = deque(maxlen=MOST_RECORDED)
        self.prompts: deque[dict[str, Any]] = deque(maxlen=MOST_RECORDED)
        self.client_messages: deque[tuple[str, str]] = deque(maxlen=MOST_RECORDED)
        self.sockets_opened = 0
        self.socket_budget: int | None = None
        self.faults = Faults()
        self.chaos: Chaos | None = None
        self.errors: list[Exception] = []

    async def begin(self) -> None:
        """Start with an empty queue and history."""
        self.gates = Gates(self.changed)
        self._new_board()

    async def restart(self) -> None:
        """Forget queue, history, files and cache, as a killed server does (protocol.md §7)."""
        await self.player.close()
        self._new_board()
        self.changed()

    async def close(self) -> None:
        await self.player.close()

    def _new_board(self) -> None:
        self.board = Board(self.gates, self.changed)
        cache, parallel = self.options.cache, self.options.parallel
        self.player = Player(self.board, parallel, cache, lambda: self.chaos, self._note)

    def _note(self, error: Exception) -> None:
        self.errors.append(error)
        self.changed()

    def next_play(self) -> Play:
        """The play for the next prompt; the last one of a script repeats."""
        return self.plays.popleft() if len(self.plays) > 1 else self.plays[0]

    def admit(self, body: Mapping[str, Any], prompt_id: str) -> Prompt:
        """Put a posted prompt into the queue, behind those of others where its play says so."""
        play = self.next_play()
        for _ in range(play.ahead):
            self._admit_foreign()
        graph = body["prompt"]
        extra_data = dict(body.get("extra_data") or {})
        if "client_id" in body:
            extra_data["client_id"] = body["client_id"]
        outputs = [str(node) for node in body.get("partial_execution_targets") or self.outputs_of(graph)]
        prompt = Prompt(self._number(body), prompt_id, graph, extra_data, outputs, play)
        self.board.put(prompt)
        return prompt

    def outputs_of(self, graph: Mapping[str, Any]) -> list[str]:
        """The graph's output nodes, by the server's object_info."""
        known = self.options.object_info.items()
        return output_nodes(graph, {name for name, info in known if info.get("output_node")})

    def _number(self, body: Mapping[str, Any]) -> float:
        if "number" in body:
            return float(body["number"])
        number = next(self.board.numbers)
        return -number if body.get("front") else number

    def _admit_foreign(self) -> None:
        async def passes(_: Any) -> None:
            await self.gates.passes.acquire()

        number = next(self.board.numbers)
        play = Play(start(), Step("pass", passes), success(), end())
        graph = {"1": {"class_type": "PreviewImage", "inputs": {}}}
        prompt = Prompt(number, f"foreign-{number}", graph, {"client_id": FOREIGN}, ["1"], play)
        self.board.put(prompt)
        self.board.make_ready(prompt)

    def hold(self) -> None:
        """Take nothing from the queue until :meth:`release`."""
        self.gates.flowing = False

    def release(self, count: int | None) -> None:
        """Let prompts go: all, or ``count`` of somebody else's."""
        queue = [*self.board.running, *self.board.pending]
        foreign = sum(prompt.client_id == FOREIGN for prompt in queue)
        for _ in range(foreign if count is None else count):
            self.gates.passes.release()
        if count is None:
            self.gates.flowing = True
            self.board.wake()
