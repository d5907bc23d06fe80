"""What a database driver's error means. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from comfy_api.errors import StoreBusy, StoreError, StoreFull, StoreGone

#: SQLite's result codes, without their extended part.
_SQLITE_BUSY: Final = (5, 6)  # BUSY, LOCKED
_SQLITE_FULL: Final = 13
_SQLITE_IOERR: Final = 10
#: A write that the system cut short, such as by a limit on the size of a file.
_SQLITE_IOERR_WRITE: Final = 10 | (3 << 8)
_SQLITE_GONE: Final = (8, _SQLITE_IOERR, 11, 14, 26)  # READONLY, IOERR, CORRUPT, CANTOPEN, NOTADB

#: Postgres' SQLSTATE, whole or its class: too many connections, a lock not had, cancelled, deadlock, serialisation.
_STATE_BUSY: Final = ("53300", "55P03", "57014", "40")
_STATE_FULL: Final = ("53100",)
#: Connection, credentials, database missing, shut down, read-only, no privilege, disk and data errors.
_STATE_GONE: Final = ("08", "28", "3D", "57P", "25006", "42501", "58", "XX")


def meaning(error: DBAPIError | PoolTimeout) -> StoreError | None:
    """The store's error for a driver's; None for what no operator can mend: a fault of ours."""
    if isinstance(error, PoolTimeout):
        return StoreBusy("all connections are in use")
    original = error.orig
    said = _first_line(original)
    code = getattr(original, "sqlite_errorcode", None)
    if code is not None:
        return _of_sqlite(code, said)
    state = getattr(original, "sqlstate", None)
    if state is not None:
        return _of_postgres(state, said)
    return StoreGone(said) if error.connection_invalidated or _is_operational(error) else None


def _of_sqlite(code: int, said: str) -> StoreError | None:
    if code & 0xFF in _SQLITE_BUSY:
        return StoreBusy(said)
    if code & 0xFF == _SQLITE_FULL or code == _SQLITE_IOERR_WRITE:
        return StoreFull(said)
    return StoreGone(said) if code & 0xFF in _SQLITE_GONE else None


def _of_postgres(state: str, said: str) -> StoreError | None:
    if state.startswith(_STATE_FULL):
        return StoreFull(said)
    if state.startswith(_STATE_BUSY):
        return StoreBusy(said)
    return StoreGone(said) if state.startswith(_STATE_GONE) else None


@contextmanager
def translated() -> Iterator[None]:
    """Raises the store's own errors for those of a driver."""
    try:
        yield
    except (DBAPIError, PoolTimeout) as error:
        meant = meaning(error)
        if meant is None:
            raise
        raise meant from error


def _is_operational(error: DBAPIError) -> bool:
    return type(error).__name__ in ("OperationalError", "InterfaceError")


def _first_line(error: BaseException | None) -> str:
    """What the driver said, in short; drivers name the address and the user, never the password."""
    lines = str(error).strip().splitlines()
    return lines[0][:200].rstrip(".") if lines else type(error).__name__
