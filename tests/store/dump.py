"""Writes the dumps of ``tests/data/store``: a database of the present version, with a little of everything in it.

To be run once a version, when it is released: ``python -m tests.store.dump 1``. PostgreSQL is needed.
"""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

from comfy_api.jobs.job import JobState
from comfy_api.store import NodeTime, Store
from tests.store.cluster import Cluster, find_programs
from tests.store.conftest import Clock, add, picture

DATA = Path(__file__).parents[1] / "data" / "store"


def fill(url: str) -> None:
    """Two jobs: one is done, one waits."""
    clock = Clock()
    with Store(url, clock=clock) as store:
        done = add(store, id="done", prompt_text="a red fox", values={"prompt": "a red fox"}, created=clock.now)
        store.queue.claim("one")
        store.attempts.begin(done.id, "http://one:8188", "prompt-1", "client-1")
        store.jobs.update(done.id, state=JobState.SUBMITTED)
        for index, name in enumerate(("a", "b")):
            store.results.add(done.id, picture(name, index=index))
        store.attempts.end(done.id, 1, "finished")
        store.jobs.update(done.id, state=JobState.SUCCEEDED, fraction=1.0)
        store.timings.add(done.id, [NodeTime("3", "KSampler", 1.5)])
        store.results.favourite("ann", done.id, picture("b").id)
        clock.tick()
        add(store, id="waiting", prompt_text="東京の猫", seed=2**64 - 1, created=clock.now)


def dump_sqlite(folder: Path) -> str:
    """The file as a script. What FTS5 keeps for itself is made by filling its table."""
    fill(f"sqlite:///{folder}/easel.db")
    connection = sqlite3.connect(folder / "easel.db")
    schema = connection.execute(
        "SELECT name, type, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid"
    ).fetchall()
    own = [row for row in schema if not row[0].startswith(("search_", "sqlite_"))]
    lines = [f"{sql};" for _, _, sql in own]
    for name, kind, _ in own:
        if kind == "table":
            columns = ["rowid", "words"] if name == "search" else _columns(connection, name)
            literals = " || ', ' || ".join(f"quote({column})" for column in columns)
            listed = ", ".join(columns)
            rows = connection.execute(f"SELECT {literals} FROM {name} ORDER BY rowid")
            lines += [f"INSERT INTO {name} ({listed}) VALUES ({values});" for (values,) in rows]
    connection.close()
    return "\n".join(["BEGIN;", *lines, "COMMIT;", ""])


def dump_postgres(cluster: Cluster, programs: Path) -> str:
    """What pg_dump says, without what only psql understands."""
    fill(cluster.url())
    command = [str(programs / "pg_dump"), "--inserts", "--no-owner", "--no-privileges", cluster.url()]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    kept = [
        line for line in said.splitlines() if line and not re.match(r"--|\\|SET |SELECT pg_catalog.set_config", line)
    ]
    return "\n".join([*kept, ""])


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [f'"{row[1]}"' for row in connection.execute(f"PRAGMA table_info({table})")]


if __name__ == "__main__":
    version, programs = int(sys.argv[1]), find_programs()
    if programs is None:
        sys.exit("PostgreSQL is not installed.")
    DATA.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        (DATA / f"version_{version}.sqlite.sql").write_text(dump_sqlite(Path(name)))
    with Cluster(programs) as running:
        (DATA / f"version_{version}.postgresql.sql").write_text(dump_postgres(running, programs))
