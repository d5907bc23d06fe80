"""The store: jobs, their results and their line, in one database."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from comfy_api.store.attempts import Attempts
from comfy_api.store.bin import Bin
from comfy_api.store.database import Database
from comfy_api.store.events import Events
from comfy_api.store.jobs import Jobs
from comfy_api.store.lock import DispatcherLock
from comfy_api.store.migrate import upgrade
from comfy_api.store.queue import StoreQueue
from comfy_api.store.results import Results
from comfy_api.store.timings import Timings


class Store:
    """One database of jobs. Thread-safe; other processes may use the same. ``close`` it.

    Attributes:
        jobs: what was asked for.
        results: what came of it.
        queue: which job comes next.
        attempts: what was sent where.
        events: what happened, in order.
        timings: how long it took.
        bin: what is thrown away.
        dispatching: held by the one process that runs the jobs.
    """

    def __init__(self, url: str | Path, *, clock: Callable[[], float] = time.time, patience: float = 10.0) -> None:
        """Opens the database and brings it up to date.

        Args:
            url: ``sqlite:///path`` or ``postgresql://user:password@host/name``, or the path of a SQLite file.
            clock: seconds since the epoch.
            patience: seconds to wait for another writer, or for a free connection.

        Raises:
            StoreTooNew: a newer Easel wrote it.
            StoreError: it cannot be used.
        """
        self._database = Database(url, clock=clock, patience=patience)
        try:
            upgrade(self._database)
        except BaseException:
            self._database.close()
            raise
        self.jobs = Jobs(self._database)
        self.results = Results(self._database)
        self.queue = StoreQueue(self._database)
        self.attempts = Attempts(self._database)
        self.events = Events(self._database)
        self.timings = Timings(self._database)
        self.bin = Bin(self._database)
        self.dispatching = DispatcherLock(self._database)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the dispatcher's lock and close all connections. Closing twice is fine."""
        self.dispatching.release()
        self._database.close()
