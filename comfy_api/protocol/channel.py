"""The bounded way of events from the thread that makes them to the one that reads them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Iterator
from itertools import count
from typing import Final

from comfy_api.protocol.events import END, Event, Preview, Progress, Queued, Result

#: More events than any real run leaves unread.
MAX_WAITING: Final = 20_000
#: These wait however many they are: the run's caller has come for them.
_KEPT: Final = (Result, *END)


class Direct:
    """Hands each event to a function at once, one at a time, from whichever thread has it; no one reads it later."""

    def __init__(self, take: Callable[[Event], None]) -> None:
        self._take = take
        self._lock = threading.Lock()  # one event at a time, and none after the end
        self._ended = False

    def put(self, event: Event) -> None:
        """Hand over an event; after the end none is."""
        with self._lock:
            if not self._ended:
                self._ended = isinstance(event, END)
                self._take(event)

    def get(self, timeout: float | None) -> Event | None:
        """Nothing: every event has been handed over."""
        return None

    def __iter__(self) -> Iterator[Event]:
        return iter(())


class Channel:
    """Events in order. Putting never waits, and no result and no end is ever dropped.

    Of unread previews, of one node's progress, and of places in line, the latest wins. Of all else the oldest gives way
    when ``most`` events wait unread.
    """

    def __init__(self, most: int = MAX_WAITING) -> None:
        self._changed = threading.Condition()  # guards the two below
        self._waiting: dict[Hashable, Event] = {}
        self._ended = False
        self._most, self._numbers = most, count()

    def put(self, event: Event) -> None:
        """Add an event; after the end nothing is added."""
        with self._changed:
            if self._ended:
                return
            key = self._key(event)
            self._waiting.pop(key, None)  # the newer one goes to the end
            if len(self._waiting) >= self._most:
                self._make_room()
            self._waiting[key] = event
            self._ended = isinstance(event, END)
            self._changed.notify_all()

    def _make_room(self) -> None:
        oldest = next((key for key, event in self._waiting.items() if not isinstance(event, _KEPT)), None)
        if oldest is not None:
            del self._waiting[oldest]

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
        if isinstance(event, Preview | Queued):
            return type(event).__name__
        if isinstance(event, Progress):
            return Progress, event.node_id
        return next(self._numbers)
