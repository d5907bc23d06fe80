"""Finding jobs by words with FTS5.

Its ``ascii`` tokenizer parts words at blanks, and at nothing else that a word of ours can hold. Rows come newest first
by themselves, so a page costs what it shows; beginnings of one to three characters have an index of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, bindparam, column, delete, insert, literal_column, table

from comfy_api.store.search import Hits
from comfy_api.store.words import Term

_TABLE: Final = table("search", column("rowid"), column("words"))


class SqliteSearch:
    """The table ``search`` as FTS5 keeps it; the row's number is the job's."""

    def put(self, connection: Connection, job: int, words: Sequence[str]) -> None:
        """Have a job found by these words."""
        connection.execute(insert(_TABLE).values(rowid=job, words=" ".join(words)))

    def drop(self, connection: Connection, jobs: Sequence[int]) -> None:
        """Have these jobs found no more."""
        connection.execute(delete(_TABLE).where(_TABLE.c.rowid.in_(jobs)))

    def hits(self, terms: Sequence[Term]) -> Hits:
        """The jobs that have all of these."""
        question = " ".join(f'"{term.word}"{"*" if term.prefix else ""}' for term in terms)
        condition = literal_column("search").op("MATCH", is_comparison=True)(bindparam("question", question))
        return Hits(_TABLE, _TABLE.c.rowid, condition)
