"""Who looks at a job, and which jobs nobody waits for any more. Pure but for a lock: the clock is handed in."""

from __future__ import annotations

import threading
from dataclasses import dataclass


@dataclass(slots=True)
class _Seen:
    viewers: int
    deadline: float | None


class Presence:
    """Counts the live views of each job. A job that lost its last one has a deadline. Thread-safe."""

    def __init__(self, *, goodbye_grace: float, silent_grace: float) -> None:
        """
        Args:
            goodbye_grace: seconds after an explicit goodbye; a reload comes back sooner.
            silent_grace: seconds after a silent loss: a locked phone, a tunnel.
        """
        self._goodbye, self._silent = goodbye_grace, silent_grace
        self._lock = threading.Lock()  # guards the table
        self._seen: dict[str, _Seen] = {}

    def expect(self, job_id: str, now: float) -> None:
        """A job begins; its page is about to look at it."""
        with self._lock:
            self._seen[job_id] = _Seen(0, now + self._silent)

    def join(self, job_id: str) -> None:
        """A view opens."""
        with self._lock:
            seen = self._seen.get(job_id)
            if seen is not None:
                seen.viewers, seen.deadline = seen.viewers + 1, None

    def leave(self, job_id: str, now: float, *, goodbye: bool) -> None:
        """A view closes; with ``goodbye`` its page said so."""
        with self._lock:
            seen = self._seen.get(job_id)
            if seen is not None:
                seen.viewers = max(0, seen.viewers - 1)
                if not seen.viewers:
                    seen.deadline = now + (self._goodbye if goodbye else self._silent)

    def forget(self, job_id: str) -> None:
        """The job is over, or is being stopped."""
        with self._lock:
            self._seen.pop(job_id, None)

    def overdue(self, now: float) -> list[str]:
        """Jobs whose deadline has passed."""
        with self._lock:
            return [job_id for job_id, seen in self._seen.items() if seen.deadline is not None and seen.deadline <= now]

    def next_deadline(self) -> float | None:
        """When the next one passes, or None."""
        with self._lock:
            return min((seen.deadline for seen in self._seen.values() if seen.deadline is not None), default=None)
