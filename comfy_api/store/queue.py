"""Which job comes next, and who works on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection, delete, insert, select, update

from comfy_api.errors import ClaimLost
from comfy_api.store import turns
from comfy_api.store.database import Database
from comfy_api.store.schema import WAITING, jobs, lines, queue


@dataclass(frozen=True, slots=True)
class Claim:
    """A job that was taken out of the line, to be worked on.

    Attributes:
        job_id: the job.
        holder: who has it.
    """

    job_id: str
    holder: str


class JobQueue(Protocol):
    """A line of jobs. What stands behind it may be this store, or a queue library. Thread-safe.

    A job comes into the line when it is written, in the same transaction, and leaves it when it ends.
    """

    def claim(self, holder: str) -> Claim | None:
        """Take the next job out of the line; nobody else gets it. None: the line is empty. Raises StoreError."""

    def heartbeat(self, claim: Claim) -> None:
        """Say that it is still worked on. Raises ClaimLost: it was given to someone else, or has ended."""

    def finish(self, claim: Claim) -> None:
        """It has ended: forget the claim. Finishing twice, or what was given to someone else, changes nothing."""

    def release(self, claim: Claim) -> None:
        """Give a job back that was not begun: it is the next one again. Raises ClaimLost."""


class StoreQueue:
    """The line in the database: turns by owner, and each one's own order."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, holder: str) -> Claim | None:
        """The first job of the owner whose turn it is."""
        with self._database.write() as connection:
            owner = turns.next_owner(connection)
            if owner is None:
                return None
            first = (
                select(queue.c.job, jobs.c.id)
                .join(jobs, jobs.c.seq == queue.c.job)
                .where(queue.c.owner == owner, WAITING)
                .order_by(queue.c.rank)
                .limit(1)
            )
            row = connection.execute(first).one()
            now = self._database.clock()
            connection.execute(update(queue).where(queue.c.job == row.job).values(holder=holder, beat=now))
            turns.leave(connection, owner, served=True)
            return Claim(row.id, holder)

    def heartbeat(self, claim: Claim) -> None:
        """See :class:`JobQueue`."""
        with self._database.write() as connection:
            entry = self._require(connection, claim)
            connection.execute(update(queue).where(queue.c.job == entry).values(beat=self._database.clock()))

    def finish(self, claim: Claim) -> None:
        """See :class:`JobQueue`."""
        with self._database.write() as connection:
            entry = _held(connection, claim)
            connection.execute(delete(queue).where(queue.c.job == entry))

    def release(self, claim: Claim) -> None:
        """See :class:`JobQueue`."""
        with self._database.write() as connection:
            entry = self._require(connection, claim)
            free = update(queue).where(queue.c.job == entry).values(holder=None, beat=None).returning(queue.c.owner)
            turns.join(connection, connection.execute(free).scalar_one(), first=True)

    def adopt(self, holder: str, silent: float | None = None) -> tuple[Claim, ...]:
        """Take over what others claimed and said nothing of for ``silent`` seconds; the oldest first.

        None: all of them, for the one dispatcher of a store, at its start.
        """
        now = self._database.clock()
        stalled = queue.c.holder.is_not(None) & (queue.c.holder != holder)
        if silent is not None:
            stalled &= queue.c.beat <= now - silent
        found = select(queue.c.job, jobs.c.id).join(jobs, jobs.c.seq == queue.c.job).where(stalled)
        with self._database.write() as connection:
            rows = connection.execute(found.order_by(queue.c.job)).all()
            connection.execute(update(queue).where(stalled).values(holder=holder, beat=now))
        return tuple(Claim(row.id, holder) for row in rows)

    def reorder(self, owner: str, job_ids: Sequence[str]) -> None:
        """Put one's own waiting jobs into this order, in the places that they have among one's others.

        Jobs that do not wait any more, and those of others, are passed over.
        """
        with self._database.write() as connection:
            mine = select(jobs.c.id, queue.c.job, queue.c.rank).join(jobs, jobs.c.seq == queue.c.job)
            found = mine.where(queue.c.owner == owner, WAITING, jobs.c.id.in_(job_ids))
            rows = {row.id: row for row in connection.execute(found)}
            wanted = [rows[job_id].job for job_id in dict.fromkeys(job_ids) if job_id in rows]
            for job, rank in zip(wanted, sorted(row.rank for row in rows.values()), strict=True):
                connection.execute(update(queue).where(queue.c.job == job).values(rank=rank))

    def places(self, owner: str) -> Mapping[str, int]:
        """One's own waiting jobs, the next one first → waiting jobs of anybody that come before."""
        mine = select(jobs.c.id).join(queue, queue.c.job == jobs.c.seq).where(queue.c.owner == owner, WAITING)
        with self._database.read() as connection:
            own = connection.scalars(mine.order_by(queue.c.rank)).all()
            circle = connection.execute(select(lines)).all()
        turn = next((line.turn for line in circle if line.owner == owner), 0)
        others = [(line.turn, line.waiting) for line in circle if line.owner != owner]
        return {job_id: turns.ahead(index, turn, others) for index, job_id in enumerate(own)}

    def waiting(self, owner: str) -> int:
        """How many jobs of an owner wait."""
        with self._database.read() as connection:
            return turns.waiting_of(connection, owner)

    def _require(self, connection: Connection, claim: Claim) -> int:
        entry = _held(connection, claim)
        if entry is None:
            raise ClaimLost(claim.job_id)
        return entry


def enter(connection: Connection, job: int, owner: str) -> None:
    """Put a new job at the end of its owner's line, in the transaction that writes it."""
    connection.execute(insert(queue).values(job=job, owner=owner, rank=job))
    turns.join(connection, owner)


def leave(connection: Connection, job: int, *, ended: bool) -> None:
    """A job waits no more: it went to a server without a claim, or it ended, which takes its claim too."""
    row = connection.execute(select(queue.c.owner, queue.c.holder).where(queue.c.job == job)).one_or_none()
    if row is None or (row.holder is not None and not ended):
        return
    connection.execute(delete(queue).where(queue.c.job == job))
    if row.holder is None:
        turns.leave(connection, row.owner)


def _held(connection: Connection, claim: Claim) -> int | None:
    mine = select(queue.c.job).join(jobs, jobs.c.seq == queue.c.job)
    return connection.scalar(mine.where(jobs.c.id == claim.job_id, queue.c.holder == claim.holder))
