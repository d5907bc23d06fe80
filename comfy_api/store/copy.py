"""Takes all jobs from one database to another, such as from SQLite to Postgres.

``python -m comfy_api.store.copy FROM`` copies into ``EASEL_DATABASE``, whose password then stands on no command line.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, insert, select, text

from comfy_api.errors import EaselError, Refused
from comfy_api.store.database import Database
from comfy_api.store.lock import DispatcherLock
from comfy_api.store.migrate import upgrade
from comfy_api.store.schema import jobs, metadata
from comfy_api.store.search import document_of

_ROWS: Final = 500


def copy_store(source: str | Path, target: str | Path) -> int:
    """Copy everything, in one transaction; how many jobs there are. The picture files are not touched.

    Raises:
        Refused: an Easel runs jobs of the source, or the target holds some already.
        StoreError: nothing was copied.
    """
    old, new = Database(source), Database(target)
    running = DispatcherLock(old)
    try:
        upgrade(old)
        upgrade(new)
        if not running.acquire():
            raise Refused("An Easel runs the jobs of this database. Stop it, then copy.")
        with old.read() as reading, new.write() as writing:
            if writing.execute(select(jobs.c.seq).limit(1)).first() is not None:
                raise Refused("There are jobs in the new database already. Name an empty one.")
            return _copy(reading, writing, new)
    finally:
        running.release()
        old.close()
        new.close()


def _copy(reading: Connection, writing: Connection, new: Database) -> int:
    for table in metadata.sorted_tables:
        for part in reading.execution_options(yield_per=_ROWS).execute(select(table)).partitions():
            writing.execute(insert(table), [dict(row._mapping) for row in part])
    count = 0
    for row in writing.execute(select(jobs.c.seq, jobs.c.owner, jobs.c.prompt_text)).all():
        new.search.put(writing, row.seq, document_of(row.owner, row.prompt_text))
        count += 1
    if new.path is None:
        for name in ("jobs", "events"):
            last = (
                f"SELECT setval(pg_get_serial_sequence('{name}', 'seq'), coalesce(max(seq), 0) + 1, false) FROM {name}"
            )
            writing.execute(text(last))
    return count


def main(arguments: list[str]) -> int:
    """The command. Returns its exit code."""
    target = os.environ.get("EASEL_DATABASE", "")
    if len(arguments) != 1 or not target:
        sys.stderr.write("Name the database to copy from, and set EASEL_DATABASE to the one to copy into.\n")
        return 2
    source = arguments[0] if "://" in arguments[0] else Path(arguments[0])
    if isinstance(source, Path) and not source.is_file():
        sys.stderr.write(f'There is no file "{source}". Look in the data folder.\n')
        return 2
    try:
        count = copy_store(source, target)
    except EaselError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"Copied {count} jobs. Start Easel with EASEL_DATABASE as it is set now.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
