"""One dispatcher a store: two would give the same server two jobs at once."""

from __future__ import annotations

import sqlite3
import threading
from typing import Any, Final, Protocol

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from comfy_api.errors import StoreGone
from comfy_api.store.database import DISPATCHER_KEY, Database
from comfy_api.store.failures import translated

#: What a process says that did not get the lock.
TAKEN: Final = "Another Easel runs the jobs of this database. This one shows them and takes new ones, and runs none."


class _Lock(Protocol):
    def take(self) -> bool: ...
    def held(self) -> bool: ...
    def drop(self) -> None: ...


class DispatcherLock:
    """Held by the process that runs a store's jobs. It ends with the process, however that ends. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._lock: _Lock = _FileLock(f"{database.path}-dispatcher") if database.path else _ServerLock(database)
        self._guard = threading.Lock()  # one thread at a time asks or changes it

    def acquire(self) -> bool:
        """Take it, without waiting. False: another process has it (``TAKEN`` says so). Raises StoreError."""
        with self._guard:
            return self._lock.held() or self._lock.take()

    def held(self) -> bool:
        """Whether it is still ours: a lock on a server is lost with its connection. Ask before each claim."""
        with self._guard:
            return self._lock.held()

    def release(self) -> None:
        """Let go. Releasing twice is fine."""
        with self._guard:
            self._lock.drop()


class _FileLock:
    """A second SQLite file in an exclusive transaction: SQLite locks files on every system, and we need not."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def take(self) -> bool:
        try:
            connection = sqlite3.connect(self._path, timeout=0, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            raise StoreGone(str(error)) from error
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            connection.close()
            if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                return False
            raise StoreGone(str(error)) from error
        self._connection = connection
        return True

    def held(self) -> bool:
        return self._connection is not None

    def drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class _ServerLock:
    """An advisory lock of a connection that is kept open for it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: Connection | None = None

    def take(self) -> bool:
        with translated():
            connection = self._database.connect()
            if self._ask(connection, f"SELECT pg_try_advisory_lock({DISPATCHER_KEY})"):
                self._connection = connection
                return True
            connection.close()
            return False

    def held(self) -> bool:
        if self._connection is None:
            return False
        try:
            self._ask(self._connection, "SELECT 1")
        except DBAPIError:
            self.drop()
        return self._connection is not None

    def drop(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            try:
                self._ask(connection, f"SELECT pg_advisory_unlock({DISPATCHER_KEY})")
            except DBAPIError:  # it goes with its connection
                connection.invalidate()
            connection.close()

    def _ask(self, connection: Connection, question: str) -> Any:
        with connection.begin():
            return connection.scalar(text(question))
