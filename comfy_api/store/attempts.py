"""Each try of a job on a server: written before the prompt is posted, so that no start has to guess."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, insert, select, update

from comfy_api.store.database import Database
from comfy_api.store.events import What, note
from comfy_api.store.ledger import require
from comfy_api.store.schema import attempts, jobs


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """One try.

    Attributes:
        number: from 1, over all rounds of the job.
        round: the round that it runs, from 0.
        server: where.
        prompt_id, client_id: as the server knows them.
        begun: when it was written down, seconds since the epoch.
        posted: when the server had taken it; None: it is not known to have.
        ended: when it was over, or None.
        outcome: ``""`` until then; the caller's word, such as ``finished``, ``failed``, ``stopped`` or ``lost``.
    """

    number: int
    round: int
    server: str
    prompt_id: str
    client_id: str
    begun: float
    posted: float | None
    ended: float | None
    outcome: str


class Attempts:
    """The table of attempts. Thread-safe; each method raises JobNotFound and StoreError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, job_id: str, server: str, prompt_id: str, client_id: str, round: int = 0) -> AttemptRecord:
        """Write down a try before it is made; the job's server is this one from now on."""
        now = self._database.clock()
        with self._database.write() as connection:
            job = require(connection, job_id).seq
            last = connection.scalar(select(func.max(attempts.c.number)).where(attempts.c.job == job)) or 0
            kept = AttemptRecord(last + 1, round, server, prompt_id, client_id, now, None, None, "")
            columns = {name: getattr(kept, name) for name in AttemptRecord.__slots__}
            connection.execute(insert(attempts).values(job=job, **columns))
            connection.execute(update(jobs).where(jobs.c.seq == job).values(server=server))
            note(connection, job, now, What.ATTEMPT, attempt=kept.number, server=server, prompt_id=prompt_id)
        return kept

    def post(self, job_id: str, number: int) -> None:
        """The server has taken it."""
        self._change(job_id, number, What.POSTED, posted=self._database.clock())

    def end(self, job_id: str, number: int, outcome: str) -> None:
        """It is over."""
        self._change(job_id, number, What.ATTEMPT_ENDED, ended=self._database.clock(), outcome=outcome)

    def of(self, job_id: str) -> tuple[AttemptRecord, ...]:
        """A job's attempts, in their order."""
        mine = select(attempts).join(jobs, jobs.c.seq == attempts.c.job).where(jobs.c.id == job_id)
        with self._database.read() as connection:
            return tuple(map(_attempt, connection.execute(mine.order_by(attempts.c.number))))

    def _change(self, job_id: str, number: int, what: What, **values: Any) -> None:
        with self._database.write() as connection:
            job = require(connection, job_id).seq
            wanted = update(attempts).where(attempts.c.job == job, attempts.c.number == number)
            connection.execute(wanted.values(values))
            told = {name: value for name, value in values.items() if name == "outcome"}
            note(connection, job, self._database.clock(), what, attempt=number, **told)


def _attempt(row: Row[Any]) -> AttemptRecord:
    return AttemptRecord(**{name: row._mapping[name] for name in AttemptRecord.__slots__})
