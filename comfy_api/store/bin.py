"""What is thrown away: at first only put aside, so that it can be had back, then for good."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, func, select, update

from comfy_api.errors import MoveLost
from comfy_api.jobs.job import JobState
from comfy_api.store.database import Database
from comfy_api.store.events import What, note
from comfy_api.store.ledger import require
from comfy_api.store.results import recount
from comfy_api.store.schema import DELETED, PLAIN, RESULT_DELETED, files, graphs, jobs, results

_ZERO_USES: Final = files.c.uses == 0


@dataclass(frozen=True, slots=True)
class Target:
    """What to throw away: a result, or with no ``picture_id`` a whole job."""

    job_id: str
    picture_id: str | None = None


@dataclass(frozen=True, slots=True)
class Old:
    """A job that may go: it has ended and nothing of it is a favourite.

    Attributes:
        owner, job_id: whose it is, and which.
        ended: when, seconds since the epoch.
        size: bytes of its results.
    """

    owner: str
    job_id: str
    ended: float
    size: int


class Bin:
    """Deleting, undoing it, and clearing up. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def delete(self, owner: str, targets: Iterable[Target]) -> None:
        """Put one's own jobs and results aside: nobody sees them, :meth:`restore` brings them back. All or none.

        Raises:
            JobNotFound: one of the jobs is not there, or somebody else's.
            MoveLost: a job is still waiting or running; stop it first. Its results may be deleted.
        """
        now = self._database.clock()
        with self._database.write() as connection:
            for target in targets:
                job = require(connection, target.job_id, owner)
                if target.picture_id is not None:
                    self._mark(connection, job.seq, target.picture_id, now)
                elif not JobState(job.state).over:
                    raise MoveLost(target.job_id, job.state)
                else:
                    connection.execute(update(jobs).where(jobs.c.seq == job.seq).values(deleted=now))
                    note(connection, job.seq, now, What.DELETED)

    def restore(self, owner: str, targets: Iterable[Target]) -> None:
        """Bring back what was put aside and is still there; the rest is passed over."""
        with self._database.write() as connection:
            for target in targets:
                mine = (jobs.c.id == target.job_id, jobs.c.owner == owner)
                job = connection.scalar(select(jobs.c.seq).where(*mine))
                if job is None:
                    continue
                if target.picture_id is not None:
                    self._mark(connection, job, target.picture_id, None)
                else:
                    connection.execute(update(jobs).where(jobs.c.seq == job).values(deleted=None))
                    note(connection, job, self._database.clock(), What.RESTORED)

    def purge(self, before: float, limit: int = 200) -> int:
        """Remove for good what was put aside before a time, at most so many jobs and results; how many went.

        Their files are left to :meth:`take_unused`. Call it again while it removes something.
        """
        with self._database.write() as connection:
            gone = select(jobs.c.seq).where(DELETED, jobs.c.deleted < before).limit(limit)
            numbers = connection.scalars(gone).all()
            self._remove_jobs(connection, numbers)
            single = select(results.c.job, results.c.number).where(RESULT_DELETED, results.c.deleted < before)
            rows = connection.execute(single.limit(limit)).all()
            for row in rows:
                _remove_results(connection, and_(results.c.job == row.job, results.c.number == row.number))
            return len(numbers) + len(rows)

    def take_unused(self, limit: int = 200) -> tuple[str, ...]:
        """Ids of files that no result uses any more, and forget them; the caller removes them from the disk.

        Whoever stores files keeps a lock around this and the removal, and around writing a file and adding its
        result: a file that comes again in between would be lost.
        """
        with self._database.write() as connection:
            unused = connection.scalars(select(files.c.hash).where(_ZERO_USES).limit(limit)).all()
            connection.execute(delete(files).where(files.c.hash.in_(unused)))
            return tuple(unused)

    def unknown(self, file_ids: Sequence[str]) -> frozenset[str]:
        """Those of these files that no row speaks of: left by a crash between the file and its row."""
        with self._database.read() as connection:
            known = connection.scalars(select(files.c.hash).where(files.c.hash.in_(file_ids))).all()
        return frozenset(file_ids).difference(known)

    def oldest(self, before: float | None = None, limit: int = 200) -> tuple[Old, ...]:
        """Jobs that may go, the one that ended first before others; ``before``: that ended before a time."""
        size = select(func.coalesce(func.sum(results.c.size), 0)).where(results.c.job == jobs.c.seq)
        wanted = select(jobs.c.owner, jobs.c.id, jobs.c.ended, size.scalar_subquery().label("size")).where(PLAIN)
        if before is not None:
            wanted = wanted.where(jobs.c.ended < before)
        with self._database.read() as connection:
            rows = connection.execute(wanted.order_by(jobs.c.ended).limit(limit)).all()
        return tuple(Old(row.owner, row.id, row.ended, int(row.size)) for row in rows)

    def usage(self, owner: str | None = None) -> int:
        """Bytes of all files, each counted once; of an owner: of the results that are not put aside."""
        everything = select(func.sum(files.c.size))
        mine = select(func.sum(results.c.size)).join(jobs, jobs.c.seq == results.c.job)
        mine = mine.where(jobs.c.owner == owner, jobs.c.deleted.is_(None), results.c.deleted.is_(None))
        with self._database.read() as connection:
            return int(connection.scalar(everything if owner is None else mine) or 0)

    # --- inside -----------------------------------------------------------------------------------------------

    def _mark(self, connection: Connection, job: int, picture_id: str, deleted: float | None) -> None:
        of_file = update(results).where(results.c.job == job, results.c.file == picture_id)
        connection.execute(of_file.values(deleted=deleted))
        recount(connection, job)
        what = What.RESTORED if deleted is None else What.DELETED
        note(connection, job, self._database.clock(), what, file=picture_id)

    def _remove_jobs(self, connection: Connection, numbers: Sequence[int]) -> None:
        of_them = jobs.c.seq.in_(numbers)
        hashes = connection.scalars(select(jobs.c.graph).where(of_them)).all()
        _remove_results(connection, results.c.job.in_(numbers))
        self._database.search.drop(connection, numbers)
        connection.execute(delete(jobs).where(of_them))
        still_run = exists().where(jobs.c.graph == graphs.c.hash)
        connection.execute(delete(graphs).where(graphs.c.hash.in_(hashes), ~still_run))


def _remove_results(connection: Connection, which: ColumnElement[bool]) -> None:
    """Remove results and count their files down."""
    for file, uses in connection.execute(select(results.c.file, func.count()).where(which).group_by(results.c.file)):
        connection.execute(update(files).where(files.c.hash == file).values(uses=files.c.uses - uses))
    connection.execute(delete(results).where(which))
