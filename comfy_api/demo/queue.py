"""The prompt queue and its history: what waits, what runs, what was (protocol.md §4, §6, §9)."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

#: Finished prompts that are remembered; the oldest goes first.
HISTORY_LIMIT = 1000
#: Prompts that may wait.
PENDING_LIMIT = 1000


class QueueFullError(Exception):
    """`PENDING_LIMIT` prompts wait already."""


@dataclass(frozen=True)
class QueuedPrompt:
    """One submission.

    Attributes:
        number: place in line; lower first, negative for ``front``.
        prompt_id: its id.
        prompt: the graph, validated and coerced.
        extra_data: as posted, ``client_id`` included, credentials left out.
        outputs: ids of the output nodes to run.
    """

    number: float
    prompt_id: str
    prompt: dict[str, Any]
    extra_data: dict[str, Any]
    outputs: tuple[str, ...]

    def as_list(self) -> list[Any]:
        """The five values under which /queue and /history show it."""
        return [self.number, self.prompt_id, self.prompt, self.extra_data, list(self.outputs)]


class PromptQueue:
    """Thread-safe. ``on_change`` is called with the number of running and pending prompts, lock held."""

    def __init__(self, on_change: Callable[[int], None]) -> None:
        self._on_change = on_change
        # Guards everything below; waited on by `take`.
        self._changed = threading.Condition(threading.RLock())
        self._pending: list[tuple[float, int, QueuedPrompt]] = []
        self._running: QueuedPrompt | None = None
        self._history: dict[str, dict[str, Any]] = {}
        self._order = itertools.count()
        self._next_number = 0
        self._closed = False
        #: Set while the running prompt is asked to stop.
        self.interrupted = threading.Event()

    # --- the way in ---------------------------------------------------------------------------------

    def draw_number(self, *, front: bool) -> int:
        """The next place in line, negative for the front."""
        with self._changed:
            drawn = self._next_number
            self._next_number += 1
            return -drawn if front else drawn

    def put(self, item: QueuedPrompt) -> None:
        """Let a prompt wait. Raises QueueFullError."""
        with self._changed:
            if len(self._pending) >= PENDING_LIMIT:
                raise QueueFullError
            heapq.heappush(self._pending, (item.number, next(self._order), item))
            self._on_change(self.remaining())
            self._changed.notify()

    # --- the worker's side --------------------------------------------------------------------------

    def take(self, timeout: float) -> QueuedPrompt | None:
        """The next prompt, running from now on; None after ``timeout`` seconds or when closed."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._pending or self._closed, timeout) or self._closed:
                return None
            self._running = heapq.heappop(self._pending)[2]
            # An interrupt of nothing must not hit the next run.
            self.interrupted.clear()
            self._on_change(self.remaining())
            return self._running

    def finish(self, item: QueuedPrompt, outcome: Mapping[str, Any]) -> None:
        """Write a prompt's history (``outputs``, ``status``, ``meta``) and make room for the next."""
        with self._changed:
            self._running = None
            self._history[item.prompt_id] = {"prompt": item.as_list(), **outcome}
            while len(self._history) > HISTORY_LIMIT:
                del self._history[next(iter(self._history))]
            self._on_change(self.remaining())

    def close(self) -> None:
        """Stop the running prompt and let no other begin."""
        with self._changed:
            self._closed = True
            self.interrupted.set()
            self._changed.notify_all()

    # --- reading ------------------------------------------------------------------------------------

    def remaining(self) -> int:
        """Prompts running and pending."""
        with self._changed:
            return len(self._pending) + (self._running is not None)

    def snapshot(self) -> tuple[list[QueuedPrompt], list[QueuedPrompt]]:
        """Running and pending prompts; the pending ones in the heap's order, not in line order."""
        with self._changed:
            running = [self._running] if self._running else []
            return running, [item for _, _, item in self._pending]

    def history(
        self, prompt_id: str | None = None, *, max_items: int | None = None, offset: int = -1
    ) -> dict[str, Any]:
        """Finished prompts, oldest first: one, all, or ``max_items`` of them (the newest without offset)."""
        with self._changed:
            if prompt_id is not None:
                return {prompt_id: self._history[prompt_id]} if prompt_id in self._history else {}
            entries = list(self._history.items())
        if offset < 0:
            offset = 0 if max_items is None else max(0, len(entries) - max(max_items, 0))
        end = None if max_items is None else offset + max(max_items, 0)
        return dict(entries[offset:end])

    # --- changing -----------------------------------------------------------------------------------

    def delete(self, prompt_ids: Collection[str]) -> list[str]:
        """Take pending prompts out of line; the ids that were. A running one stays."""
        with self._changed:
            gone = [item.prompt_id for _, _, item in self._pending if item.prompt_id in prompt_ids]
            if gone:
                self._pending = [entry for entry in self._pending if entry[2].prompt_id not in prompt_ids]
                heapq.heapify(self._pending)
                self._on_change(self.remaining())
            return gone

    def clear(self) -> None:
        """Empty the line; the running prompt goes on."""
        with self._changed:
            self._pending.clear()
            self._on_change(self.remaining())

    def interrupt(self, prompt_id: str | None) -> bool:
        """Ask the running prompt to stop, if it is this one; any one with None. Whether one was asked."""
        with self._changed:
            asked = self._running is not None and prompt_id in (None, self._running.prompt_id)
            if asked:
                self.interrupted.set()
            return asked

    def forget(self, prompt_ids: Collection[str] | None) -> None:
        """Drop history entries, all of them with None."""
        with self._changed:
            for prompt_id in list(self._history) if prompt_ids is None else prompt_ids:
                self._history.pop(prompt_id, None)
