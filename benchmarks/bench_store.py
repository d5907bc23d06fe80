"""What the record of jobs costs, and whether it stays flat: a store against one of ten or a hundred times its size.

Galleries of 10⁴ and 10⁵ results in jobs of four; 100 and 10,000 waiting jobs. Both stores are asked in turns, so that
what else the machine does falls on both. SQLite in a temporary folder; ``--database`` names the address of an empty
Postgres database, such as ``python -m tests.store.cluster`` prints: it is filled and left so.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from lib import ROOT
from lib.report import head, line, median, percentile
from sqlalchemy import insert, make_url, text

from comfy_api.jobs.job import Job, JobState, Picture
from comfy_api.store import Cursor, Filter, NewJob, Store
from comfy_api.store.database import Database
from comfy_api.store.rows import to_result, to_row
from comfy_api.store.schema import files, jobs, results
from comfy_api.store.search import document_of

_GRAPH = json.loads((ROOT / "workflows" / "txt2img.json").read_text())
_EACH = 4
_WORDS = (
    *("portrait", "of", "a", "red", "fox", "in", "the", "rain", "at", "dusk"),
    *("detailed", "fur", "soft", "light", "forest", "river", "stone", "moss", "ink"),
)
#: Jobs of every gallery that hold the rare words.
_RARE = 100
_ids = itertools.count()


def new_job(owner: str, prompt_text: str = "a red fox", **more: object) -> Job:
    """A job with an id of its own."""
    made = {"id": f"j{next(_ids)}", "owner": owner, "workflow": "txt2img", "title": "Text to image", **more}
    return Job(**made, prompt_text=prompt_text, values={"prompt": prompt_text}, seed=2**63, created=time.time())


def fill_gallery(url: str, owner: str, count: int) -> None:
    """Results of an owner, written by the thousand."""
    rng = random.Random(count)
    database = Database(url)
    made = count // _EACH
    rare = set(rng.sample(range(made), _RARE))
    for start in range(0, made, 1000):
        with database.write() as connection:
            for place in range(start, min(start + 1000, made)):
                words = "portrait " + " ".join(rng.choices(_WORDS, k=25)) + (" heron 苍鹭" if place in rare else "")
                job = new_job(owner, words, workflow=f"w{place % 20}", state=JobState.SUCCEEDED)
                row = {**to_row(job).columns(), "pictures": _EACH, "ended": job.created}
                number = connection.execute(insert(jobs).values(row).returning(jobs.c.seq)).scalar_one()
                database.search.put(connection, number, document_of(owner, words))
                pictures = [
                    to_result(Picture(f"{job.id}-{n}", "9", n, "S", "image/png", 8, 8, 9)) for n in range(_EACH)
                ]
                connection.execute(insert(files), [{"hash": one.file, "size": 9, "uses": 1} for one in pictures])
                kept = [{**one.columns(), "job": number, "number": n, "at": 0.0} for n, one in enumerate(pictures)]
                connection.execute(insert(results), kept)
    with database.write() as connection:
        connection.execute(text("ANALYZE"))
    database.close()


def fill_line(store: Store, owners: int, count: int) -> None:
    """Waiting jobs, as many of each owner."""
    for start in range(0, count, 500):
        new = [NewJob(new_job(f"owner {n % owners}"), [_GRAPH]) for n in range(start, min(start + 500, count))]
        store.jobs.add_all(new)


def in_turns(small: Callable[[], object], large: Callable[[], object], times: int) -> tuple[list[float], list[float]]:
    """Milliseconds of each call, one by one."""
    taken: tuple[list[float], list[float]] = ([], [])
    for number in range(times + 3):
        for act, took in zip((small, large), taken, strict=True):
            began = time.perf_counter()
            act()
            if number >= 3:  # the first ones fill caches
                took.append(1000 * (time.perf_counter() - began))
    return taken


def tell(what: str, taken: tuple[list[float], list[float]], most: float) -> None:
    """Print medians, the ratio, and whether both targets are met.

    The ratio is that of the lower quartiles: what else the machine does only ever adds.
    """
    small, large = map(median, taken)
    ratio = percentile(taken[1], 0.25) / percentile(taken[0], 0.25)
    said = f"{small:6.2f} → {large:6.2f} ms: × {ratio:.2f}; 95 %: {percentile(taken[1], 0.95):.1f} ms"
    line(what, said, met=large <= most and ratio <= 1.5)


def measure_galleries(small: Store, large: Store, times: int) -> None:
    """First pages and searches: terms with equally many hits, and one that every job has."""
    asked = {
        "gallery, first page of 60": Filter(),
        f"search, {_RARE} jobs have it: hero…": Filter(text="hero"),
        f"search, {_RARE} jobs have it: 苍鹭": Filter(text="苍鹭"),
        "search, two words: hero… fo…": Filter(text="hero fo"),
        "search, no job has it": Filter(text="zebra"),
    }
    for what, filter_ in asked.items():
        tell(what, in_turns(*(_gallery(store, filter_) for store in (small, large)), times), 150)
    for what, filter_ in {"every job has it: portr…": Filter(text="portr"), "one letter: p…": Filter(text="p")}.items():
        taken = in_turns(*(_gallery(store, filter_) for store in (small, large)), times)
        line(f"search, {what}", f"{median(taken[0]):.1f} → {median(taken[1]):.1f} ms", met=median(taken[1]) <= 150)
    taken = in_turns(*(_gallery(store, Filter(workflow="w7")) for store in (small, large)), times)
    tell("gallery of one workflow of twenty", taken, 150)
    taken = in_turns(
        *(lambda store=store: store.results.list("bob", Filter(text="portr")) for store in (small, large)), times
    )
    line("search of one who has few among many", f"{median(taken[0]):.1f} → {median(taken[1]):.1f} ms")
    middle = Cursor(10**6)
    taken = in_turns(*(lambda store=store: store.results.list("ann", cursor=middle) for store in (small, large)), times)
    tell("gallery, a page by its cursor", taken, 150)
    taken = in_turns(*(lambda store=store: store.jobs.list("ann") for store in (small, large)), times)
    tell("jobs, first page of 50 with results", taken, 150)
    taken = in_turns(*(lambda store=store: store.jobs.add(new_job("ann"), [_GRAPH]) for store in (small, large)), times)
    tell("submit: the record", taken, 10)


def measure_lines(small: Store, large: Store, times: int) -> None:
    """Waiting jobs: all that a page or a dispatcher does with them."""
    added: dict[Store, list[str]] = {small: [], large: []}

    def submit(store: Store) -> None:
        added[store].append(store.jobs.add(new_job("owner 0"), [_GRAPH], most_waiting=20_000).id)

    def move(store: Store) -> None:
        claim = store.queue.claim("bench")
        assert claim is not None
        store.queue.release(claim)

    deeds: dict[str, Callable[[Store], object]] = {
        "submit": submit,
        "list": lambda store: store.jobs.list("owner 0", limit=20),
        "waiting": lambda store: store.queue.waiting("owner 0"),
        "claim and release": move,
        "stop": lambda store: store.jobs.update(added[store].pop(), state=JobState.STOPPED),
    }
    for what, deed in deeds.items():
        taken = in_turns(lambda deed=deed: deed(small), lambda deed=deed: deed(large), times)
        tell(what, taken, 10)
    taken = in_turns(lambda: small.queue.places("owner 0"), lambda: large.queue.places("owner 0"), times)
    line("places of one's own", f"{median(taken[0]):.2f} → {median(taken[1]):.2f} ms")


def _gallery(store: Store, asked: Filter) -> Callable[[], object]:
    return lambda: store.results.list("ann", asked)


@contextmanager
def databases(given: str | None) -> Iterator[Iterator[str]]:
    """Addresses of empty databases, one after the other."""
    with tempfile.TemporaryDirectory() as folder:
        if given is None:
            yield (f"sqlite:///{folder}/{number}.db" for number in itertools.count())
        else:
            yield _schemas(given)


def _schemas(given: str) -> Iterator[str]:
    """Databases beside the one that was given."""
    for number in itertools.count():
        database = Database(given)
        name = f"bench_{int(time.time())}_{number}"
        with database.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(text(f"CREATE DATABASE {name}"))
        database.close()
        yield make_url(given).set(database=name).render_as_string(hide_password=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", help="a Postgres; SQLite where none is given")
    parser.add_argument("--times", type=int, default=40)
    parser.add_argument("--results", type=int, nargs=2, default=(10_000, 100_000))
    parser.add_argument("--waiting", type=int, nargs=2, default=(100, 10_000))
    asked = parser.parse_args()
    kind = "SQLite" if asked.database is None else "Postgres"
    with databases(asked.database) as fresh, ExitStack() as closing:
        galleries = []
        for count in asked.results:
            url = next(fresh)
            galleries.append(closing.enter_context(Store(url)))
            fill_gallery(url, "bob", _EACH * _RARE)
            fill_gallery(url, "ann", count)
        head(f"{kind}: {asked.results[0]:,} against {asked.results[1]:,} results; medians of {asked.times}")
        measure_galleries(*galleries, asked.times)
        for few, many in ((1, 1), (5, 500)):
            lines = [closing.enter_context(Store(next(fresh))) for _ in range(2)]
            for store, owners, count in zip(lines, (few, many), asked.waiting, strict=True):
                fill_line(store, owners, count)
            shape = "of one owner" if many == 1 else f"of {few} and {many} owners"
            head(f"{kind}: {asked.waiting[0]:,} against {asked.waiting[1]:,} waiting jobs {shape}")
            measure_lines(*lines, asked.times)


if __name__ == "__main__":
    main()
