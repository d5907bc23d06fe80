"""What happened to jobs, in the order in which it was committed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, Select, func, insert, select

from comfy_api.store.database import Database
from comfy_api.store.schema import events, jobs


class What(StrEnum):
    """Kinds of events. The first ones are moves: the state's own name."""

    QUEUED = "queued"
    SUBMITTED = "submitted"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"
    LOST = "lost"
    #: Something else of the job is different; the detail has the new values.
    CHANGED = "changed"
    #: It was given to a server once more or for the first time: ``attempt``, ``prompt_id``.
    ATTEMPT = "attempt"
    #: The server has taken it: ``attempt``.
    POSTED = "posted"
    #: ``attempt``, ``outcome``.
    ATTEMPT_ENDED = "attempt_ended"
    #: A picture or other file is here: ``number``, ``file``.
    RESULT = "result"
    #: ``file``, ``favourite``.
    FAVOURITE = "favourite"
    #: ``file``, or nothing: all of it.
    DELETED = "deleted"
    RESTORED = "restored"


@dataclass(frozen=True, slots=True)
class JobEvent:
    """One stored fact.

    Attributes:
        seq: grows with each; where a reader goes on from.
        job_id, owner: the job, and whose it is.
        at: seconds since the epoch.
        what: the kind.
        detail: what :class:`What` names.
    """

    seq: int
    job_id: str
    owner: str
    at: float
    what: What
    detail: Mapping[str, Any] = field(repr=False)


class Events:
    """The events that are kept: as long as their jobs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def newest(self) -> int:
        """The number of the last one; 0 before the first."""
        with self._database.read() as connection:
            return connection.scalar(select(func.max(events.c.seq))) or 0

    def since(self, seq: int, limit: int = 500) -> tuple[JobEvent, ...]:
        """Those after a number, oldest first, of all jobs."""
        with self._database.read() as connection:
            return tuple(map(_event, connection.execute(_select().where(events.c.seq > seq).limit(limit))))

    def of(self, owner: str, job_id: str) -> tuple[JobEvent, ...]:
        """Those of one's own job, oldest first; none of somebody else's."""
        mine = _select().where(jobs.c.id == job_id, jobs.c.owner == owner)
        with self._database.read() as connection:
            return tuple(map(_event, connection.execute(mine)))


def note(connection: Connection, job: int, at: float, what: What, **detail: Any) -> None:
    """Write an event, in the transaction of what it tells."""
    connection.execute(insert(events).values(job=job, at=at, what=what.value, detail=detail))


def _select() -> Select[Any]:
    columns = (events, jobs.c.id, jobs.c.owner)
    return select(*columns).join(jobs, jobs.c.seq == events.c.job).order_by(events.c.seq)


def _event(row: Row[Any]) -> JobEvent:
    return JobEvent(row.seq, row.id, row.owner, row.at, What(row.what), row.detail)
