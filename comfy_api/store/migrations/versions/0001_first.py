"""The first tables.

Revision ID: 0001
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0001"
down_revision: Final[str | None] = None

_SERIAL: Final = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_PRESENT: Final = "deleted IS NULL"


def upgrade() -> None:
    """Make them."""
    _make_jobs()
    _make_results()
    _make_history()
    _make_queue()
    _make_search()


def _text(name: str, **more: Any) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, **more)


def _job(**more: Any) -> sa.Column[int]:
    return sa.Column("job", _SERIAL, sa.ForeignKey("jobs.seq", ondelete="CASCADE"), nullable=False, **more)


def _index(name: str, table: str, *columns: str, where: str | None = None) -> None:
    condition = None if where is None else sa.text(where)
    op.create_index(name, table, list(columns), sqlite_where=condition, postgresql_where=condition)


def _make_jobs() -> None:
    op.create_table("graphs", sa.Column("hash", sa.String(64), primary_key=True), sa.Column("body", sa.LargeBinary))
    op.create_table(
        "jobs",
        sa.Column("seq", _SERIAL, primary_key=True),
        _text("id", unique=True),
        _text("owner"),
        _text("workflow"),
        sa.Column("workflow_version", sa.Integer, nullable=False),
        _text("title"),
        _text("typed"),
        _text("used"),
        _text("prompt_text"),
        sa.Column("seed", sa.String(20)),
        sa.Column("keep", sa.Boolean, nullable=False),
        sa.Column("width", sa.Integer),
        sa.Column("height", sa.Integer),
        _text("stages"),
        sa.Column("shown", sa.Text),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("fraction", sa.Double, nullable=False),
        sa.Column("problem", sa.Text),
        _text("reason"),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("started", sa.Double),
        sa.Column("ended", sa.Double),
        sa.Column("version", sa.Integer, nullable=False),
        _text("server", server_default=""),
        sa.Column("graph", sa.String(64), sa.ForeignKey("graphs.hash")),
        sa.Column("pictures", sa.Integer, nullable=False, server_default="0"),
        sa.Column("favourites", sa.Integer, nullable=False, server_default="0"),
        sa.Column("deleted", sa.Double),
        sqlite_autoincrement=True,
    )
    _index("jobs_newest", "jobs", "owner", "seq", where=_PRESENT)
    _index("jobs_with_pictures", "jobs", "owner", "seq", where=f"{_PRESENT} AND pictures > 0")
    _index("jobs_with_favourites", "jobs", "owner", "seq", where=f"{_PRESENT} AND favourites > 0")
    _index("jobs_of_workflow", "jobs", "owner", "workflow", "seq", where=_PRESENT)
    _index("jobs_in_state", "jobs", "owner", "state", "seq", where=_PRESENT)
    _index("jobs_open", "jobs", "seq", where="ended IS NULL")
    _index("jobs_oldest", "jobs", "ended", where=f"{_PRESENT} AND favourites = 0 AND ended IS NOT NULL")
    _index("jobs_deleted", "jobs", "deleted", where="deleted IS NOT NULL")
    _index("jobs_of_graph", "jobs", "graph")


def _make_results() -> None:
    op.create_table(
        "files",
        sa.Column("hash", sa.String(64), primary_key=True),
        sa.Column("size", _SERIAL, nullable=False),
        sa.Column("uses", sa.Integer, nullable=False),
    )
    op.create_table(
        "results",
        _job(primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        _text("node_id"),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("file", sa.String(64), sa.ForeignKey("files.hash"), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        _text("mime"),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("size", _SERIAL, nullable=False),
        _text("stage"),
        _text("name"),
        _text("text"),
        sa.Column("recomputed", sa.Boolean, nullable=False),
        sa.Column("favourite", sa.Boolean, nullable=False, server_default="0"),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("deleted", sa.Double),
        sa.UniqueConstraint("job", "node_id", "position", name="results_once"),
    )
    _index("results_of_file", "results", "file")
    _index("results_deleted", "results", "deleted", where="deleted IS NOT NULL")
    _index("files_unused", "files", "hash", where="uses = 0")


def _make_history() -> None:
    op.create_table(
        "attempts",
        _job(primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("round", sa.Integer, nullable=False),
        _text("server"),
        _text("prompt_id"),
        _text("client_id"),
        sa.Column("begun", sa.Double, nullable=False),
        sa.Column("posted", sa.Double),
        sa.Column("ended", sa.Double),
        _text("outcome", server_default=""),
    )
    op.create_table(
        "events",
        sa.Column("seq", _SERIAL, primary_key=True),
        _job(),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("what", sa.String(16), nullable=False),
        _text("detail"),
        sqlite_autoincrement=True,
    )
    _index("events_of_job", "events", "job", "seq")
    op.create_table(
        "timings",
        sa.Column("job", _SERIAL, primary_key=True, autoincrement=False),
        _text("node_id", primary_key=True),
        _text("workflow"),
        sa.Column("workflow_version", sa.Integer, nullable=False),
        _text("server"),
        _text("class_type"),
        sa.Column("seconds", sa.Double, nullable=False),
    )
    _index("timings_of_workflow", "timings", "workflow", "workflow_version", "server", "job")


def _make_queue() -> None:
    op.create_table(
        "lines",
        _text("owner", primary_key=True),
        sa.Column("turn", _SERIAL, nullable=False),
        sa.Column("waiting", sa.Integer, nullable=False),
    )
    _index("lines_turn", "lines", "turn")
    op.create_table(
        "queue",
        _job(primary_key=True, autoincrement=False),
        _text("owner"),
        sa.Column("rank", _SERIAL, nullable=False),
        sa.Column("holder", sa.Text),
        sa.Column("beat", sa.Double),
    )
    _index("queue_waiting", "queue", "owner", "rank", where="holder IS NULL")


def _make_search() -> None:
    if op.get_bind().dialect.name == "sqlite":
        # detail=none: only whether a word is in a text is asked, never where.
        op.execute("CREATE VIRTUAL TABLE search USING fts5(words, tokenize='ascii', prefix='1 2 3', detail=none)")
    else:
        op.execute("CREATE TABLE search (job BIGINT PRIMARY KEY, words TSVECTOR NOT NULL)")
        op.execute("CREATE INDEX search_words ON search USING gin (words) WITH (fastupdate = off)")
