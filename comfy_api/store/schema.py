"""The tables. ``docs/storage.md`` says what they are for; ``migrations`` make them, and a test compares the two."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    and_,
    literal_column,
)

from comfy_api.store.columns import Json, PackedJson, Serial, Unsigned64, Words

metadata: Final = MetaData()


def _job(**more: Any) -> Column[int]:
    return Column("job", Serial, ForeignKey("jobs.seq", ondelete="CASCADE"), nullable=False, **more)


#: Compiled graphs: all rounds of a job as one JSON list, by the SHA-256 of its text.
graphs: Final = Table("graphs", metadata, Column("hash", String(64), primary_key=True), Column("body", PackedJson))

jobs: Final = Table(
    "jobs",
    metadata,
    Column("seq", Serial, primary_key=True),
    Column("id", Words, nullable=False, unique=True),
    Column("owner", Words, nullable=False),
    Column("workflow", Words, nullable=False),
    Column("workflow_version", Integer, nullable=False),
    Column("title", Words, nullable=False),
    Column("typed", Json, nullable=False),
    Column("used", Json, nullable=False),
    Column("prompt_text", Words, nullable=False),
    Column("seed", Unsigned64),
    Column("keep", Boolean, nullable=False),
    Column("width", Integer),
    Column("height", Integer),
    Column("stages", Json, nullable=False),
    Column("shown", Json),
    Column("state", String(16), nullable=False),
    Column("fraction", Double, nullable=False),
    Column("problem", Json),
    Column("reason", Words, nullable=False),
    Column("created", Double, nullable=False),
    Column("started", Double),
    Column("ended", Double),
    Column("version", Integer, nullable=False),
    Column("server", Words, nullable=False, server_default=""),
    Column("graph", String(64), ForeignKey("graphs.hash")),
    # Counts of what is in ``results``, for indices: a gallery passes over jobs that were stopped before a picture came.
    Column("pictures", Integer, nullable=False, server_default="0"),
    Column("favourites", Integer, nullable=False, server_default="0"),
    Column("deleted", Double),
    sqlite_autoincrement=True,
)

#: Files that results share, by the SHA-256 of their bytes, and how many results use each.
files: Final = Table(
    "files",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("size", Serial, nullable=False),
    Column("uses", Integer, nullable=False),
)

results: Final = Table(
    "results",
    metadata,
    _job(primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("node_id", Words, nullable=False),
    Column("position", Integer, nullable=False),
    Column("file", String(64), ForeignKey("files.hash"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("mime", Words, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("size", Serial, nullable=False),
    Column("stage", Words, nullable=False),
    Column("name", Words, nullable=False),
    Column("text", Words, nullable=False),
    Column("recomputed", Boolean, nullable=False),
    Column("favourite", Boolean, nullable=False, server_default="0"),
    Column("at", Double, nullable=False),
    Column("deleted", Double),
    UniqueConstraint("job", "node_id", "position", name="results_once"),
)

attempts: Final = Table(
    "attempts",
    metadata,
    _job(primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("round", Integer, nullable=False),
    Column("server", Words, nullable=False),
    Column("prompt_id", Words, nullable=False),
    Column("client_id", Words, nullable=False),
    Column("begun", Double, nullable=False),
    Column("posted", Double),
    Column("ended", Double),
    Column("outcome", Words, nullable=False, server_default=""),
)

events: Final = Table(
    "events",
    metadata,
    Column("seq", Serial, primary_key=True),
    _job(),
    Column("at", Double, nullable=False),
    Column("what", String(16), nullable=False),
    Column("detail", Json, nullable=False),
    sqlite_autoincrement=True,
)

#: How long nodes took; kept when their job goes. Node ``""`` is the whole run.
timings: Final = Table(
    "timings",
    metadata,
    Column("job", Serial, primary_key=True, autoincrement=False),
    Column("node_id", Words, primary_key=True),
    Column("workflow", Words, nullable=False),
    Column("workflow_version", Integer, nullable=False),
    Column("server", Words, nullable=False),
    Column("class_type", Words, nullable=False),
    Column("seconds", Double, nullable=False),
)

#: Whose turn it is: owners with waiting jobs, the smallest turn first.
lines: Final = Table(
    "lines",
    metadata,
    Column("owner", Words, primary_key=True),
    Column("turn", Serial, nullable=False),
    Column("waiting", Integer, nullable=False),
)

#: Jobs that wait (no holder) or are claimed. ``rank`` is the order among one's own.
queue: Final = Table(
    "queue",
    metadata,
    _job(primary_key=True, autoincrement=False),
    Column("owner", Words, nullable=False),
    Column("rank", Serial, nullable=False),
    Column("holder", Words),
    Column("beat", Double),
)

_ZERO: Final[ColumnElement[int]] = literal_column("0")

# Conditions of partial indices. They hold no parameters: a planner takes such an index only for these very words.
PRESENT: Final = jobs.c.deleted.is_(None)
DELETED: Final = jobs.c.deleted.is_not(None)
OPEN: Final = jobs.c.ended.is_(None)
WITH_PICTURES: Final = and_(PRESENT, jobs.c.pictures > _ZERO)
WITH_FAVOURITES: Final = and_(PRESENT, jobs.c.favourites > _ZERO)
PLAIN: Final = and_(PRESENT, jobs.c.favourites == _ZERO, jobs.c.ended.is_not(None))
RESULT_DELETED: Final = results.c.deleted.is_not(None)
WAITING: Final = queue.c.holder.is_(None)


def _index(name: str, *columns: ColumnElement[Any], where: ColumnElement[bool] | None = None) -> None:
    Index(name, *columns, sqlite_where=where, postgresql_where=where)


_index("jobs_newest", jobs.c.owner, jobs.c.seq, where=PRESENT)
_index("jobs_with_pictures", jobs.c.owner, jobs.c.seq, where=WITH_PICTURES)
_index("jobs_with_favourites", jobs.c.owner, jobs.c.seq, where=WITH_FAVOURITES)
_index("jobs_of_workflow", jobs.c.owner, jobs.c.workflow, jobs.c.seq, where=PRESENT)
_index("jobs_in_state", jobs.c.owner, jobs.c.state, jobs.c.seq, where=PRESENT)
_index("jobs_open", jobs.c.seq, where=OPEN)
_index("jobs_oldest", jobs.c.ended, where=PLAIN)
_index("jobs_deleted", jobs.c.deleted, where=DELETED)
_index("jobs_of_graph", jobs.c.graph)
_index("results_of_file", results.c.file)
_index("results_deleted", results.c.deleted, where=RESULT_DELETED)
_index("files_unused", files.c.hash, where=files.c.uses == _ZERO)
_index("events_of_job", events.c.job, events.c.seq)
_index("timings_of_workflow", timings.c.workflow, timings.c.workflow_version, timings.c.server, timings.c.job)
_index("lines_turn", lines.c.turn)
_index("queue_waiting", queue.c.owner, queue.c.rank, where=WAITING)
