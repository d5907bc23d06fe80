"""Reading jobs within a transaction: what the parts of the store share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from comfy_api.errors import JobNotFound
from comfy_api.jobs.job import Job, Picture
from comfy_api.store.rows import from_row, read_job, read_picture
from comfy_api.store.schema import PRESENT, jobs, results


def require(connection: Connection, job_id: str, owner: str | None = None) -> Row[Any]:
    """A job's row, deleted ones too where no owner asks. Raises JobNotFound; somebody else's is not found either."""
    wanted = select(jobs).where(jobs.c.id == job_id)
    if owner is not None:
        wanted = wanted.where(jobs.c.owner == owner, PRESENT)
    row = connection.execute(wanted).one_or_none()
    if row is None:
        raise JobNotFound(job_id)
    return row


def to_jobs(connection: Connection, rows: Sequence[Row[Any]]) -> tuple[Job, ...]:
    """The jobs of these rows of ``jobs``, in their order, with their results."""
    pictures = _pictures(connection, [row.seq for row in rows if row.pictures])
    return tuple(from_row(read_job(row), pictures.get(row.seq, ())) for row in rows)


def to_job(connection: Connection, row: Row[Any]) -> Job:
    """The job of one row."""
    return to_jobs(connection, [row])[0]


def _pictures(connection: Connection, numbers: Iterable[int]) -> dict[int, list[Picture]]:
    wanted = results.c.job.in_(list(numbers)) & results.c.deleted.is_(None)
    found: dict[int, list[Picture]] = {}
    for row in connection.execute(select(results).where(wanted).order_by(results.c.job, results.c.number)):
        found.setdefault(row.job, []).append(read_picture(row))
    return found
