"""Which jobs are asked for, and where a page of them ends. Builds queries, runs none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, Select, false

from comfy_api.errors import Refused
from comfy_api.jobs.job import JobState
from comfy_api.store.schema import PRESENT, WITH_FAVOURITES, WITH_PICTURES, jobs
from comfy_api.store.search import Hits, Search, owner_word
from comfy_api.store.words import Term, terms_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What has to hold, all of it. The default takes everything.

    Attributes:
        workflow: a slug; None: any.
        states: any of them; empty: all.
        server: the one that ran it last; None: any.
        since, until: seconds since the epoch, of the job's making; the first belongs to it, the second does not.
        favourite: with a favourite among its results; of results: being one.
        text: words of the prompt text, each whole or its beginning.
    """

    workflow: str | None = None
    states: frozenset[JobState] = frozenset()
    server: str | None = None
    since: float | None = None
    until: float | None = None
    favourite: bool = False
    text: str = ""


#: Takes every job.
EVERYTHING: Final = Filter()


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last thing of a page: a job's number, and of results the number among the job's. Opaque as text."""

    job: int
    number: int = 0

    def __str__(self) -> str:
        return f"{self.job}.{self.number}"

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Read what ``str`` gave. Raises Refused."""
        job, _, number = text.partition(".")
        if not (_is_number(job) and _is_number(number)):
            raise Refused("This page of the list is not there. Go back to its beginning.")
        return cls(int(job), int(number))


@dataclass(frozen=True, slots=True)
class Scope:
    """The jobs that a filter leaves of an owner's, as parts of a query.

    Attributes:
        source: what to select from; ``jobs`` is in it.
        job: the job's number, in the column by which the database gives the newest first without sorting.
        conditions: all of them hold.
    """

    source: FromClause
    job: ColumnElement[int]
    conditions: tuple[ColumnElement[bool], ...]

    def narrow(self, statement: Select[Any], *, newest_first: bool = True) -> Select[Any]:
        """A query of these jobs only."""
        narrowed = statement.where(*self.conditions)
        return narrowed.order_by(self.job.desc()) if newest_first else narrowed


def scope_of(owner: str, asked: Filter, search: Search, *, with_pictures: bool = False) -> Scope:
    """What a filter means for one owner's jobs; ``with_pictures``: only those that have some."""
    base = WITH_FAVOURITES if asked.favourite else WITH_PICTURES if with_pictures else PRESENT
    conditions = [jobs.c.owner == owner, base, *_conditions(asked)]
    if not asked.text.strip():
        return Scope(jobs, jobs.c.seq, tuple(conditions))
    terms = terms_of(asked.text)
    if not terms:  # no word that any text could have
        return Scope(jobs, jobs.c.seq, (*conditions, false()))
    hits = search.hits((Term(owner_word(owner), prefix=False), *terms))
    return Scope(_joined(hits), hits.job, (*conditions, hits.condition))


def _joined(hits: Hits) -> FromClause:
    return hits.source.join(jobs, jobs.c.seq == hits.job)


def _conditions(asked: Filter) -> Iterator[ColumnElement[bool]]:
    if asked.workflow is not None:
        yield jobs.c.workflow == asked.workflow
    if asked.states:
        yield jobs.c.state.in_(sorted(state.value for state in asked.states))
    if asked.server is not None:
        yield jobs.c.server == asked.server
    if asked.since is not None:
        yield jobs.c.created >= asked.since
    if asked.until is not None:
        yield jobs.c.created < asked.until


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19
