"""Whose turn it is: owners with waiting jobs stand in a circle, and each gives one job before the next.

Who comes with a first job stands at the end; who was served goes there. Every step touches one row.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, delete, func, insert, select, update

from comfy_api.store.schema import lines


def join(connection: Connection, owner: str, *, first: bool = False) -> None:
    """One more job of an owner waits; with ``first`` it is their turn, for a job that is given back."""
    turn = _before(connection) if first else _behind(connection)
    mine = lines.c.owner == owner
    more = update(lines).where(mine).values(waiting=lines.c.waiting + 1, **({"turn": turn} if first else {}))
    if not connection.execute(more).rowcount:
        connection.execute(insert(lines).values(owner=owner, turn=turn, waiting=1))


def leave(connection: Connection, owner: str, *, served: bool = False) -> None:
    """One job less of an owner waits; with ``served`` it is the others' turn."""
    moved = {"turn": _behind(connection)} if served else {}
    mine = lines.c.owner == owner
    connection.execute(update(lines).where(mine).values(waiting=lines.c.waiting - 1, **moved))
    connection.execute(delete(lines).where(mine, lines.c.waiting <= 0))


def next_owner(connection: Connection) -> str | None:
    """Whose turn it is; None: nobody waits."""
    return connection.scalar(select(lines.c.owner).order_by(lines.c.turn).limit(1))


def waiting_of(connection: Connection, owner: str) -> int:
    """How many jobs of an owner wait."""
    return connection.scalar(select(lines.c.waiting).where(lines.c.owner == owner)) or 0


def ahead(index: int, turn: int, others: Iterable[tuple[int, int]]) -> int:
    """Waiting jobs that are claimed before one. Pure.

    Args:
        index: its place among its owner's waiting jobs, from 0.
        turn: its owner's.
        others: turn and number of waiting jobs of each other owner.
    """
    return index + sum(min(waiting, index + (their < turn)) for their, waiting in others)


def _behind(connection: Connection) -> int:
    return (connection.scalar(select(func.max(lines.c.turn))) or 0) + 1


def _before(connection: Connection) -> int:
    return (connection.scalar(select(func.min(lines.c.turn))) or 0) - 1
