"""The jobs of this process and who watches them. In memory: they end with the process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from comfy_api.errors import JobNotFound
from comfy_api.jobs.job import Job
from comfy_api.protocol.events import Preview

Wake = Callable[[], None]


@dataclass(frozen=True, slots=True)
class LivePreview:
    """The newest picture in the making. ``number`` grows with each."""

    number: int
    mime: str
    data: bytes = field(repr=False)


@dataclass(slots=True)
class _Entry:
    job: Job
    preview: LivePreview | None = None
    watchers: set[Wake] = field(default_factory=set)


class Watch:
    """Someone who is woken at each change of a job. Close it."""

    def __init__(self, close: Callable[[], None]) -> None:
        self._close = close

    def close(self) -> None:
        """Be woken no more. Closing twice is fine."""
        self._close()


class Board:
    """Jobs by id. Thread-safe; watchers are woken outside the lock, from the thread that made the change."""

    def __init__(self, *, max_ended: int, forget: Callable[[Job], None]) -> None:
        """
        Args:
            max_ended: ended jobs of one owner that are remembered.
            forget: called for each job that is remembered no more.
        """
        self._lock = threading.RLock()  # guards the entries and every job in them
        self._entries: dict[str, _Entry] = {}
        self._max_ended, self._forget = max_ended, forget

    def add(self, job: Job) -> None:
        """Remember a new job; the owner's oldest ended ones make room."""
        with self._lock:
            self._entries[job.id] = _Entry(job)
            ended = [entry.job for entry in self._entries.values() if entry.job.owner == job.owner and entry.job.over]
            surplus = ended[: max(0, len(ended) - self._max_ended)]
            for old in surplus:
                del self._entries[old.id]
        for old in surplus:
            self._forget(old)

    def get(self, owner: str, job_id: str) -> Job:
        """The job as it is now. Raises JobNotFound for an unknown one, and for somebody else's."""
        with self._lock:
            entry = self._entries.get(job_id)
            if entry is None or entry.job.owner != owner:
                raise JobNotFound(job_id)
            return entry.job

    def find(self, job_id: str) -> Job | None:
        """The job, whosever it is: for the service's own use."""
        with self._lock:
            entry = self._entries.get(job_id)
            return entry.job if entry is not None else None

    def jobs(self, owner: str) -> tuple[Job, ...]:
        """An owner's jobs, newest first."""
        with self._lock:
            return tuple(entry.job for entry in reversed(self._entries.values()) if entry.job.owner == owner)

    def all(self) -> tuple[Job, ...]:
        """Everyone's jobs, oldest first."""
        with self._lock:
            return tuple(entry.job for entry in self._entries.values())

    def update(self, job_id: str, **changes: Any) -> Job | None:
        """Change a job and wake its watchers. None: it has ended or is not remembered, and nothing was changed."""
        with self._lock:
            entry = self._entries.get(job_id)
            if entry is None or entry.job.over:
                return None
            entry.job = entry.job.evolve(**changes)
            job, watchers = entry.job, tuple(entry.watchers)
            if job.over:
                entry.preview = None
        _wake(watchers)
        return job

    def show(self, job_id: str, preview: Preview) -> None:
        """Keep the newest preview and wake the watchers."""
        with self._lock:
            entry = self._entries.get(job_id)
            if entry is None or entry.job.over:
                return
            number = entry.preview.number + 1 if entry.preview else 1
            entry.preview = LivePreview(number, preview.mime, preview.data)
            watchers = tuple(entry.watchers)
        _wake(watchers)

    def preview(self, owner: str, job_id: str) -> LivePreview | None:
        """The newest preview while the job runs. Raises JobNotFound."""
        with self._lock:
            self.get(owner, job_id)
            return self._entries[job_id].preview

    def watch(self, owner: str, job_id: str, wake: Wake) -> Watch:
        """Have ``wake`` called, from other threads, at each change. Raises JobNotFound."""
        with self._lock:
            self.get(owner, job_id)
            watchers = self._entries[job_id].watchers
            watchers.add(wake)
        return Watch(lambda: watchers.discard(wake))


def _wake(watchers: Iterable[Wake]) -> None:
    for wake in watchers:
        wake()
