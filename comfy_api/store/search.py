"""Finding jobs by words: what each database has to offer."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import ColumnElement, Connection, FromClause

from comfy_api.store.words import Term, words_of

#: Stands before an owner's word; no word of a text begins with it, as it is no letter.
_MARK = "\ue000"


@dataclass(frozen=True, slots=True)
class Hits:
    """Jobs that answer a question, as a part of a query.

    Attributes:
        source: what to select from.
        job: the column with the job's number.
        condition: holds for those that answer.
    """

    source: FromClause
    job: ColumnElement[int]
    condition: ColumnElement[bool]


class Search(Protocol):
    """A table ``search`` of words by job."""

    def put(self, connection: Connection, job: int, words: Sequence[str]) -> None:
        """Have a job found by these words."""

    def drop(self, connection: Connection, jobs: Sequence[int]) -> None:
        """Have these jobs found no more."""

    def hits(self, terms: Sequence[Term]) -> Hits:
        """The jobs that have all of these."""


def document_of(owner: str, text: str) -> tuple[str, ...]:
    """What a job is found by: its owner's word and those of its prompt text."""
    return (owner_word(owner), *words_of(text))


def owner_word(owner: str) -> str:
    """A word that stands for an owner: the index then holds each one's jobs apart."""
    return _MARK + hashlib.sha256(owner.encode("utf-8", "replace")).hexdigest()[:16]
