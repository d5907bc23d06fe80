"""A store on SQLite and on a real PostgreSQL: each test that asks for one runs on both."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from comfy_api.jobs.job import Job, JobState, Picture
from comfy_api.store import Store
from comfy_api.store.schema import metadata
from tests.store.cluster import Cluster, find_programs

_numbers = itertools.count(1)


class Clock:
    """Seconds since the epoch, as the test says."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now

    def tick(self, seconds: float = 1.0) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL; skipped where none is installed, and where it does not start unless this is CI."""
    programs = find_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed")
    try:
        started = Cluster(programs)
    except (OSError, RuntimeError) as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"PostgreSQL does not start: {error}")
    with started:
        yield started


@pytest.fixture
def make_postgres(cluster: Cluster) -> Callable[[], str]:
    """Makes databases without tables; they go with the cluster."""

    def make() -> str:
        name = f"test_{next(_numbers)}"
        with psycopg.connect(cluster.url(), autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {name}")
        return cluster.url(name)

    return make


@pytest.fixture(scope="session")
def tables(cluster: Cluster) -> Iterator[psycopg.Connection]:
    """A connection to a database that has the tables."""
    Store(cluster.url()).close()
    with psycopg.connect(cluster.url(), autocommit=True) as connection:
        yield connection


@pytest.fixture
def postgres(cluster: Cluster, tables: psycopg.Connection) -> str:
    """The URL of a database with empty tables."""
    for table in (*reversed(metadata.sorted_tables), "search"):
        tables.execute(f"DELETE FROM {table}".encode())
    return cluster.url()


@pytest.fixture(params=["sqlite", "postgres"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database of the test's own."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/easel.db"
    url: str = request.getfixturevalue("postgres")
    return url


@pytest.fixture
def store(address: str, clock: Clock) -> Iterator[Store]:
    with Store(address, clock=clock) as opened:
        yield opened


# --- what is kept -------------------------------------------------------------------------------------------------

GRAPH = {"3": {"class_type": "KSampler", "inputs": {"seed": 1, "model": ["4", 0]}}}


def new_job(**changes: object) -> Job:
    """A job as it is asked for, with an id of its own."""
    number = next(_numbers)
    return Job(**{"id": f"job-{number}", "owner": "ann", "workflow": "txt2img", "title": "Text to image", **changes})


def picture(content: str = "a", node_id: str = "9", index: int = 0, **changes: object) -> Picture:
    """A result whose bytes are these."""
    what = {"stage": "Picture", "mime": "image/png", "width": 64, "height": 32, "size": 100, **changes}
    return Picture(id=content.ljust(64, "0"), node_id=node_id, index=index, **what)


def add(store: Store, **changes: object) -> Job:
    """A job in the line."""
    return store.jobs.add(new_job(**changes), [GRAPH])


def add_done(store: Store, *contents: str, **changes: object) -> Job:
    """A job that has ended with these results."""
    job = add(store, **changes)
    store.jobs.update(job.id, state=JobState.SUBMITTED)
    for index, content in enumerate(contents):
        store.results.add(job.id, picture(content, index=index))
    return store.jobs.update(job.id, state=JobState.SUCCEEDED)
