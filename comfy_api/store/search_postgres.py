"""Finding jobs by words with tsvector.

Words go in and questions come out as they are (``array_to_tsvector``, a cast to ``tsquery``): Postgres' own parser,
which takes numbers, paths and hyphens its own way, has no part in it. Hits come from the GIN index before anything else
is looked at: where the planner guesses wrong how common a word is, it would walk over every job.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, bindparam, cast, column, delete, func, insert, select, table, true
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY, TSVECTOR
from sqlalchemy.types import Text

from comfy_api.store.search import Hits
from comfy_api.store.words import Term

_TABLE: Final = table("search", column("job"), column("words", TSVECTOR))


class PostgresSearch:
    """The table ``search`` with a GIN index."""

    def put(self, connection: Connection, job: int, words: Sequence[str]) -> None:
        """Have a job found by these words."""
        vector = func.array_to_tsvector(cast(list(words), ARRAY(Text)))
        connection.execute(insert(_TABLE).values(job=job, words=vector))

    def drop(self, connection: Connection, jobs: Sequence[int]) -> None:
        """Have these jobs found no more."""
        connection.execute(delete(_TABLE).where(_TABLE.c.job.in_(jobs)))

    def hits(self, terms: Sequence[Term]) -> Hits:
        """The jobs that have all of these."""
        question = " & ".join(f"'{term.word}'{':*' if term.prefix else ''}" for term in terms)
        asked = _TABLE.c.words.op("@@", is_comparison=True)(cast(bindparam("question", question), TSQUERY))
        found = select(_TABLE.c.job).where(asked).cte("found").prefix_with("MATERIALIZED")
        return Hits(found, found.c.job, true())
