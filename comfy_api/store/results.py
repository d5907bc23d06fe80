"""Finished pictures and files: written once each, equal bytes counted, listed for the gallery."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, insert, or_, select, update

from comfy_api.errors import JobNotFound
from comfy_api.jobs.job import Job, Picture
from comfy_api.store.database import Database
from comfy_api.store.events import What, note
from comfy_api.store.filters import EVERYTHING, Cursor, Filter, scope_of
from comfy_api.store.ledger import require, to_job
from comfy_api.store.rows import read_picture, to_result
from comfy_api.store.schema import files, jobs, results


@dataclass(frozen=True, slots=True)
class Kept:
    """A result in the gallery.

    Attributes:
        picture: the result.
        favourite: whether its maker marked it.
        at: when it came, seconds since the epoch.
        job_id, workflow, workflow_version, title, prompt_text, seed, server, created: of its job.
    """

    picture: Picture
    favourite: bool
    at: float
    job_id: str
    workflow: str
    workflow_version: int
    title: str
    prompt_text: str
    seed: int | None
    server: str
    created: float


@dataclass(frozen=True, slots=True)
class ResultPage:
    """A part of the gallery. ``next`` gives the one after it; None: this is the last."""

    results: tuple[Kept, ...]
    next: Cursor | None


_OF_JOB = (
    jobs.c.id.label("job_id"),
    jobs.c.workflow,
    jobs.c.workflow_version,
    jobs.c.title,
    jobs.c.prompt_text,
    jobs.c.seed,
    jobs.c.server,
    jobs.c.created,
)
_NAMES = tuple(column.name for column in _OF_JOB)


class Results:
    """The table of results. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, job_id: str, picture: Picture) -> Job:
        """Write down a result; its file is there already. One that is known by node and index changes nothing.

        A job that has ended takes late ones too.

        Raises:
            JobNotFound: no such job.
            StoreError: nothing was written.
        """
        row = to_result(picture)
        with self._database.write() as connection:
            job = require(connection, job_id)
            same = (results.c.job == job.seq, results.c.node_id == row.node_id, results.c.position == row.position)
            if connection.execute(select(results.c.number).where(*same)).one_or_none() is None:
                self._add(connection, job, picture)
            return to_job(connection, require(connection, job_id))

    def favourite(self, owner: str, job_id: str, picture_id: str, favourite: bool = True) -> None:
        """Mark a result of one's own job, or take the mark away. Raises JobNotFound."""
        with self._database.write() as connection:
            job = require(connection, job_id, owner)
            mine = (results.c.job == job.seq, results.c.file == picture_id, results.c.deleted.is_(None))
            if not connection.execute(update(results).where(*mine).values(favourite=favourite)).rowcount:
                raise JobNotFound(job_id)
            recount(connection, job.seq)
            note(connection, job.seq, self._database.clock(), What.FAVOURITE, file=picture_id, favourite=favourite)

    def list(self, owner: str, asked: Filter = EVERYTHING, cursor: Cursor | None = None, limit: int = 60) -> ResultPage:
        """One's own results: those of the newest job first, each job's in the order in which they came.

        Args:
            asked: what has to hold.
            cursor: where the page before ended.
            limit: at most so many.
        """
        scope = scope_of(owner, asked, self._database.search, with_pictures=True)
        of_job = scope.narrow(select(jobs.c.seq, *_OF_JOB).select_from(scope.source))
        wanted = []
        if cursor is not None:
            of_job = of_job.where(scope.job <= cursor.job)
            wanted.append(or_(results.c.job < cursor.job, results.c.number > cursor.number))
        if asked.favourite:
            wanted.append(results.c.favourite)
        # Each job has one at least, but for the one that the page before ended in: no more of them are needed.
        made = of_job.limit(limit + 2).subquery()
        rows_of = select(results, *(made.c[name] for name in _NAMES)).join(made, made.c.seq == results.c.job)
        rows_of = rows_of.where(results.c.deleted.is_(None), *wanted)
        with self._database.read() as connection:
            ordered = rows_of.order_by(results.c.job.desc(), results.c.number).limit(limit + 1)
            rows = connection.execute(ordered).all()
        page = rows[:limit]
        more = len(rows) > limit
        return ResultPage(tuple(map(_kept, page)), Cursor(page[-1].job, page[-1].number) if more else None)

    def _add(self, connection: Connection, job: Row[Any], picture: Picture) -> None:
        row, now = to_result(picture), self._database.clock()
        known = update(files).where(files.c.hash == row.file).values(uses=files.c.uses + 1)
        if not connection.execute(known).rowcount:
            connection.execute(insert(files).values(hash=row.file, size=row.size, uses=1))
        last = connection.scalar(select(func.max(results.c.number)).where(results.c.job == job.seq))
        number = 0 if last is None else last + 1
        connection.execute(insert(results).values(**row.columns(), job=job.seq, number=number, at=now))
        connection.execute(update(jobs).where(jobs.c.seq == job.seq).values(version=jobs.c.version + 1))
        recount(connection, job.seq)
        note(connection, job.seq, now, What.RESULT, number=number, file=row.file)


def recount(connection: Connection, job: int) -> None:
    """Bring a job's counts of results and favourites up to date."""
    there = select(func.count()).where(results.c.job == job, results.c.deleted.is_(None))
    counts = {"pictures": there.scalar_subquery(), "favourites": there.where(results.c.favourite).scalar_subquery()}
    connection.execute(update(jobs).where(jobs.c.seq == job).values(counts))


def _kept(row: Row[Any]) -> Kept:
    return Kept(
        picture=read_picture(row),
        favourite=row.favourite,
        at=row.at,
        **{name: row._mapping[name] for name in _NAMES},
    )
