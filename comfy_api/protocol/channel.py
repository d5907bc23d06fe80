"""The bounded way of events from the thread that makes them to the one that reads them."""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable, Iterator
from itertools import count
from typing import Final

from comfy_api.protocol.events import END, Event, Preview, Progress

#: More events than any real run leaves unread.
MAX_WAITING: Final = 20_000


class Channel:
    """Events in order. Of unread previews and progress the latest wins; nothing else is ever dropped."""

    def __init__(self) -> None:
        self._changed = threading.Condition()  # guards the two below
        self._waiting: dict[Hashable, Event] = {}
        self._ended = False
        self._numbers = count()

    def put(self, event: Event) -> None:
        """Add an event; after the end nothing is added.

        Raises:
            OverflowError: nobody reads, and ``MAX_WAITING`` events wait.
        """
        with self._changed:
            if self._ended:
                return
            key = self._key(event)
            self._waiting.pop(key, None)  # the newer one goes to the end
            if len(self._waiting) >= MAX_WAITING:
                raise OverflowError(f"{MAX_WAITING} events wait unread")
            self._waiting[key] = event
            self._ended = isinstance(event, END)
            self._changed.notify_all()

    def get(self, timeout: float | None) -> Event | None:
        """The next event, or None when there is none within ``timeout`` seconds or none will come any more."""
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._changed:
            while not self._waiting and not self._ended:
                rest = None if deadline is None else deadline - time.monotonic()
                if rest is not None and rest <= 0:
                    return None
                self._changed.wait(rest)
            if not self._waiting:
                return None
            return self._waiting.pop(next(iter(self._waiting)))

    def __iter__(self) -> Iterator[Event]:
        while (event := self.get(None)) is not None:
            yield event

    def _key(self, event: Event) -> Hashable:
        if isinstance(event, Preview):
            return Preview
        if isinstance(event, Progress):
            return Progress, event.node_id
        return next(self._numbers)
