"""The jobs that are kept: written before anything is sent, changed by one transaction a move."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from comfy_api.errors import MoveLost, Refused
from comfy_api.jobs.job import ForbiddenMove, Job, JobState
from comfy_api.store import queue, turns
from comfy_api.store.columns import to_json
from comfy_api.store.database import Database
from comfy_api.store.events import What, note
from comfy_api.store.filters import EVERYTHING, Cursor, Filter, scope_of
from comfy_api.store.ledger import require, to_job, to_jobs
from comfy_api.store.rows import LIVE, to_row
from comfy_api.store.schema import OPEN, PRESENT, graphs, jobs, results
from comfy_api.store.search import document_of

Graph = Mapping[str, Any]

#: Columns that are too long for an event.
_LONG: Final = frozenset({"typed", "used", "prompt_text", "stages", "shown", "version"})
#: Jobs of which the results are read at once: databases limit the values of one query.
_CHUNK: Final = 500


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to be written down, with what it runs.

    Attributes:
        job: as it was asked for.
        rounds: the compiled graphs, in API format, one a run.
    """

    job: Job
    rounds: Sequence[Graph] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Record:
    """All that is kept of one job, its history apart.

    Attributes:
        job: the job.
        server: the one that ran it last, or ``""``.
        graph_hash: SHA-256 of its compiled graphs, in hex.
        favourites: ids of the results that are favourites.
    """

    job: Job
    server: str
    graph_hash: str
    favourites: frozenset[str]


@dataclass(frozen=True, slots=True)
class JobPage:
    """A part of a list. ``next`` gives the one after it; None: this is the last."""

    jobs: tuple[Job, ...]
    next: Cursor | None


class Jobs:
    """The table of jobs. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, job: Job, rounds: Sequence[Graph], *, most_waiting: int | None = None) -> Job:
        """Write down one new job and put it into the line; see :meth:`add_all`."""
        return self.add_all([NewJob(job, rounds)], most_waiting=most_waiting)[0]

    def add_all(self, new: Sequence[NewJob], *, most_waiting: int | None = None) -> tuple[Job, ...]:
        """Write down new jobs of one owner and put them into the line, all or none.

        Args:
            new: in the order in which they are to run.
            most_waiting: jobs of an owner that may wait, these included; None: any number.

        Raises:
            Refused: more would wait.
            StoreError: nothing was written.
        """
        with self._database.write() as connection:
            for one in new:
                self._add(connection, one)
            if new and most_waiting is not None:
                _refuse_more(turns.waiting_of(connection, new[0].job.owner), len(new), most_waiting)
        return tuple(one.job for one in new)

    def update(self, job_id: str, **changes: Any) -> Job:
        """The job's next moment: these attributes changed. A move and its event are one transaction.

        Args:
            changes: attributes of :class:`Job`, but none of ``rows.LIVE`` and no results.

        Raises:
            MoveLost: it has ended, or its state does not lead there (``jobs.job.MOVES``): someone else was first.
            JobNotFound: no such job.
            StoreError: nothing was written.
        """
        if unkept := changes.keys() & (LIVE | {"id", "owner", "results", "version"}):
            raise ValueError(f"not kept by an update: {', '.join(sorted(unkept))}")
        wanted = changes.get("state")
        with self._database.write() as connection:
            row = require(connection, job_id)
            before = to_job(connection, row)
            if before.over:
                raise MoveLost(job_id, before.state, wanted or "")
            try:
                after = before.evolve(**changes)
            except ForbiddenMove:
                raise MoveLost(job_id, before.state, wanted or "") from None
            if after.over and after.ended is None:
                after = replace(after, ended=self._database.clock())
            self._write(connection, row.seq, before, after)
        return after

    def find(self, job_id: str) -> Job | None:
        """A job, whosever it is, or None: for the service's own use."""
        with self._database.read() as connection:
            row = connection.execute(select(jobs).where(jobs.c.id == job_id, PRESENT)).one_or_none()
            return None if row is None else to_job(connection, row)

    def get(self, owner: str, job_id: str) -> Job:
        """One's own job. Raises JobNotFound for an unknown or deleted one, and for somebody else's."""
        with self._database.read() as connection:
            return to_job(connection, require(connection, job_id, owner))

    def record(self, owner: str, job_id: str) -> Record:
        """All about one's own job. Raises JobNotFound."""
        with self._database.read() as connection:
            row = require(connection, job_id, owner)
            liked = select(results.c.file).where(results.c.job == row.seq, results.c.favourite)
            favourites = frozenset(connection.scalars(liked))
            return Record(to_job(connection, row), row.server, row.graph or "", favourites)

    def rounds(self, job_id: str) -> tuple[dict[str, Any], ...]:
        """The compiled graphs of a job, as they were added. Raises JobNotFound."""
        with self._database.read() as connection:
            row = require(connection, job_id)
            return tuple(connection.scalar(select(graphs.c.body).where(graphs.c.hash == row.graph)) or ())

    def list(self, owner: str, asked: Filter = EVERYTHING, cursor: Cursor | None = None, limit: int = 50) -> JobPage:
        """One's own jobs, newest first.

        Args:
            asked: what has to hold.
            cursor: where the page before ended.
            limit: at most so many.
        """
        scope = scope_of(owner, asked, self._database.search)
        wanted = scope.narrow(select(jobs).select_from(scope.source)).limit(limit + 1)
        if cursor is not None:
            wanted = wanted.where(scope.job < cursor.job)
        with self._database.read() as connection:
            rows = connection.execute(wanted).all()
            page = rows[:limit]
            return JobPage(to_jobs(connection, page), Cursor(page[-1].seq) if len(rows) > limit else None)

    def open(self) -> tuple[Job, ...]:
        """Everybody's jobs that have not ended, oldest first: what a start has to look after."""
        with self._database.read() as connection:
            rows = connection.execute(select(jobs).where(OPEN).order_by(jobs.c.seq)).all()
            chunks = (rows[start : start + _CHUNK] for start in range(0, len(rows), _CHUNK))
            return tuple(job for chunk in chunks for job in to_jobs(connection, chunk))

    def counts(self, owner: str, asked: Filter = EVERYTHING) -> Mapping[JobState, int]:
        """How many of one's own jobs are in each state; states of none are left out."""
        scope = scope_of(owner, asked, self._database.search)
        counted = select(jobs.c.state, func.count()).select_from(scope.source).group_by(jobs.c.state)
        with self._database.read() as connection:
            rows = connection.execute(scope.narrow(counted, newest_first=False))
            return {JobState(state): count for state, count in rows}

    # --- inside -----------------------------------------------------------------------------------------------

    def _add(self, connection: Connection, new: NewJob) -> None:
        row = to_row(new.job)
        kept = insert(jobs).values(**row.columns(), graph=_keep_graph(connection, new.rounds)).returning(jobs.c.seq)
        job = connection.execute(kept).scalar_one()
        self._database.search.put(connection, job, document_of(row.owner, row.prompt_text))
        queue.enter(connection, job, row.owner)
        note(connection, job, row.created, What.QUEUED)

    def _write(self, connection: Connection, job: int, before: Job, after: Job) -> None:
        changed = to_row(before).changes(to_row(after))
        connection.execute(update(jobs).where(jobs.c.seq == job).values(changed))
        if after.state is before.state:
            what = What.CHANGED
        else:
            what = What(after.state.value)
            queue.leave(connection, job, ended=after.over)
        told = {name: value for name, value in changed.items() if name not in _LONG and name != "state"}
        note(connection, job, self._database.clock(), what, **told)


def _keep_graph(connection: Connection, rounds: Sequence[Graph]) -> str:
    """The hash of these graphs, which are stored once."""
    body = [dict(graph) for graph in rounds]
    graph_hash = hashlib.sha256(to_json(body).encode("ascii")).hexdigest()
    insertion = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    connection.execute(insertion(graphs).values(hash=graph_hash, body=body).on_conflict_do_nothing())
    return graph_hash


def _refuse_more(waiting: int, new: int, most: int) -> None:
    if waiting <= most:
        return
    if new == 1:
        raise Refused(f"You have {waiting - new} pictures waiting already. Wait for one, or stop one.")
    raise Refused(f"{new} more would wait; {most} may, and {waiting - new} do already. Choose fewer, or wait.")
