"""One database: short transactions, and one writer at a time.

A reading transaction sees one moment. A writing one begins by taking the writer's place (``BEGIN IMMEDIATE`` on
SQLite, an advisory lock on Postgres), so nothing that it read changes before it commits, events are committed in the
order of their numbers, and no two writers can wait for each other.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from comfy_api.errors import StoreBusy, StoreGone
from comfy_api.store.failures import translated
from comfy_api.store.search import Search
from comfy_api.store.search_postgres import PostgresSearch
from comfy_api.store.search_sqlite import SqliteSearch

#: Keys of Postgres' advisory locks: any number that nobody else in the database takes.
WRITER_KEY: Final = 0x4541_5345_4C01
DISPATCHER_KEY: Final = 0x4541_5345_4C02

_CONNECT_SECONDS: Final = 5
#: Without it Postgres reckons with turning disks, and reads all words of all jobs rather than the index.
_SOLID_STATE: Final = "-c random_page_cost=1.1"
_POOL: Final = {"pool_size": 5, "max_overflow": 15}


class Database:
    """Connections to one database. Thread-safe; ``close`` it.

    Attributes:
        url: where it is, its driver filled in.
        path: its file; None for a server.
        clock: seconds since the epoch.
        search: finds jobs by words, in this database's own way.
    """

    def __init__(self, url: str | Path, *, clock: Callable[[], float] = time.time, patience: float = 10.0) -> None:
        """
        Args:
            url: ``sqlite:///path`` or ``postgresql://user:password@host/name``, or the path of a SQLite file.
            clock: seconds since the epoch.
            patience: seconds to wait for another writer, or for a free connection.

        Raises:
            StoreGone: no such kind of database, its driver is missing, or its folder cannot be made.
        """
        self.url, self.clock, self._patience = parse_url(url), clock, patience
        self.path = Path(self.url.database or "") if self.url.get_backend_name() == "sqlite" else None
        self.search: Search = SqliteSearch() if self.path else PostgresSearch()
        self._turn = threading.Lock()  # held by this process' writer: threads wait here, not in SQLite's busy loop
        self._engine = self._connect_file(self.path) if self.path else self._connect_server()
        self._writing = self._engine.execution_options(writes=True)
        self._reading = self._engine if self.path else self._engine.execution_options(**_SNAPSHOT)

    def close(self) -> None:
        """Close all connections. Closing twice is fine."""
        self._engine.dispose()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one moment of the database. Raises StoreError."""
        with translated(), self._reading.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction of the only writer: all of it, or nothing where the block raises. Keep it short.

        Raises:
            StoreBusy: another writer did not end in time.
            StoreFull, StoreGone: nothing was written. Where the connection broke in the very moment of the commit,
                it may have been: look before doing it again.
        """
        if not self._turn.acquire(timeout=self._patience):
            raise StoreBusy("another thread writes")
        try:
            self._require_file()
            with translated(), self._writing.begin() as connection:
                if self.path is None:
                    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITER_KEY})")
                yield connection
        finally:
            self._turn.release()

    def connect(self) -> Connection:
        """A connection of the caller's own, for a lock that it holds. Raises the driver's errors."""
        return self._engine.connect()

    # --- inside -----------------------------------------------------------------------------------------------

    def _connect_file(self, path: Path) -> Engine:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
        except OSError as error:
            raise StoreGone(error.strerror or "its file cannot be made") from error
        self._file = _identity(path)
        engine = create_engine(
            self.url,
            hide_parameters=True,
            pool_timeout=self._patience,
            # Transactions are begun by us, below.
            connect_args={"timeout": self._patience, "isolation_level": None},
            **_POOL,
        )
        event.listen(engine, "connect", _prepare_file)
        event.listen(engine, "begin", _begin_file)
        return engine

    def _connect_server(self) -> Engine:
        milliseconds = max(1, int(self._patience * 1000))
        try:
            return create_engine(
                self.url,
                hide_parameters=True,
                pool_timeout=self._patience,
                pool_pre_ping=True,
                connect_args={
                    "connect_timeout": _CONNECT_SECONDS,
                    "options": f"-c lock_timeout={milliseconds} -c statement_timeout={3 * milliseconds} {_SOLID_STATE}",
                    "prepare_threshold": None,
                    "application_name": "easel",
                },
                **_POOL,
            )
        except ImportError as error:
            raise StoreGone("its driver is missing: pip install -r requirements-postgres.txt") from error

    def _require_file(self) -> None:
        """SQLite goes on writing into a file that was removed; what is written there is lost."""
        if self.path is not None and _identity(self.path) != self._file:
            raise StoreGone("its file was moved or removed while in use")


_SNAPSHOT: Final[dict[str, Any]] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


def parse_url(url: str | Path) -> URL:
    """Where a database is, the driver filled in. Raises StoreGone for what is no such address."""
    if isinstance(url, Path):
        return URL.create("sqlite", database=str(url))
    try:
        parsed = make_url(url)
        kind = parsed.get_backend_name()
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise StoreGone("no such kind of address; sqlite:///file or postgresql://… is one") from error
    if kind == "sqlite" and parsed.database not in (None, "", ":memory:"):
        return parsed.set(drivername="sqlite")
    if kind == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    raise StoreGone("only a SQLite file or a Postgres database will do")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _prepare_file(connection: Any, _: Any) -> None:
    # WAL: readers never wait. NORMAL: a power cut may take the last moments, never the file; a killed process none.
    for setting in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {setting}")


def _begin_file(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
