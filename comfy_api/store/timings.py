"""How long things took: what an estimate of the next run is made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete, insert, select

from comfy_api.store.database import Database
from comfy_api.store.ledger import require
from comfy_api.store.schema import timings

#: Runs of a workflow on a server that are remembered.
KEPT: Final = 50
#: The whole run, in the place of a node.
WHOLE: Final = ""


@dataclass(frozen=True, slots=True)
class NodeTime:
    """Seconds of one node in one run; ``node_id`` is ``WHOLE`` for all of it."""

    node_id: str
    class_type: str
    seconds: float


class Timings:
    """The table of timings, by workflow, version and server. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, job_id: str, times: Iterable[NodeTime]) -> None:
        """Write down how long a job's nodes took on its server; a second telling takes the place of the first.

        Runs before the last ``KEPT`` of this workflow on this server are forgotten. Raises JobNotFound.
        """
        with self._database.write() as connection:
            job = require(connection, job_id)
            key = {"workflow": job.workflow, "workflow_version": job.workflow_version, "server": job.server}
            alike = [timings.c[name] == value for name, value in key.items()]
            connection.execute(delete(timings).where(timings.c.job == job.seq))
            for time in times:
                row = {"node_id": time.node_id, "class_type": time.class_type, "seconds": time.seconds}
                connection.execute(insert(timings).values(job=job.seq, **key, **row))
            runs = select(timings.c.job).distinct().where(*alike).order_by(timings.c.job.desc())
            last = connection.scalar(runs.offset(KEPT).limit(1))
            if last is not None:
                connection.execute(delete(timings).where(*alike, timings.c.job <= last))

    def past(self, workflow: str, version: int, server: str) -> Mapping[str, tuple[NodeTime, ...]]:
        """By node, how long it took in the runs that are remembered, the newest first."""
        key = (timings.c.workflow == workflow, timings.c.workflow_version == version, timings.c.server == server)
        found: dict[str, list[NodeTime]] = {}
        with self._database.read() as connection:
            for row in connection.execute(select(timings).where(*key).order_by(timings.c.job.desc())):
                found.setdefault(row.node_id, []).append(NodeTime(row.node_id, row.class_type, row.seconds))
        return {node: tuple(times) for node, times in found.items()}
