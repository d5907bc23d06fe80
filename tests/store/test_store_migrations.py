"""From the oldest schema, or from nothing, to the present one."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from comfy_api.errors import StoreTooNew
from comfy_api.store import Filter, NodeTime, Store, What
from comfy_api.store.database import parse_url
from comfy_api.store.schema import metadata
from tests.store.conftest import GRAPH, add, picture

DATA = Path(__file__).parents[1] / "data" / "store"


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/easel.db"
    make: Callable[..., str] = request.getfixturevalue("make_postgres")
    return make()


def load(address: str, script: Path) -> None:
    """Run the dump of a database."""
    if address.startswith("sqlite"):
        with sqlite3.connect(address.removeprefix("sqlite:///")) as connection:
            connection.executescript(script.read_text())
        connection.close()
    else:
        with psycopg.connect(address) as server:
            server.execute(script.read_bytes())


def revision(address: str) -> str:
    engine = create_engine(parse_url(address))
    with engine.begin() as connection:
        found: str = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    engine.dispose()
    return found


def test_the_oldest_database_is_brought_up_to_date_with_all_that_is_in_it(empty: str) -> None:
    """The dumps hold two jobs as version 1 kept them (``tests/store/dump.py``)."""
    load(empty, DATA / f"version_1.{empty.partition(':')[0]}.sql")
    with Store(empty) as store:
        waiting, done = store.jobs.list("ann").jobs
        assert (waiting.prompt_text, waiting.seed) == ("東京の猫", 2**64 - 1)
        assert done.values == {"prompt": "a red fox"}
        assert done.results == (picture("a"), picture("b", index=1))
        assert store.jobs.record("ann", done.id).favourites == {picture("b").id}
        assert store.jobs.list("ann", Filter(text="猫")).jobs == (waiting,)
        assert store.results.list("ann", Filter(text="fo")).results[0].picture == picture("a")
        assert store.jobs.rounds(done.id) == (GRAPH,)
        assert store.queue.places("ann") == {waiting.id: 0}
        assert [event.what for event in store.events.of("ann", waiting.id)] == [What.QUEUED]
        assert store.attempts.of(done.id)[0].outcome == "finished"
        assert store.timings.past("txt2img", 0, "http://one:8188") == {"3": (NodeTime("3", "KSampler", 1.5),)}
        assert add(store).id in store.queue.places("ann")


def test_the_steps_make_what_the_schema_says(empty: str) -> None:
    Store(empty).close()
    engine = create_engine(parse_url(empty))
    with engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": False, "include_name": _is_ours}
        differences = compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
    engine.dispose()
    assert differences == []


def _is_ours(name: str | None, kind: str, _: object) -> bool:
    return not (kind == "table" and name is not None and name.startswith("search"))


def test_partial_indices_have_the_conditions_that_queries_have(tmp_path: Path) -> None:
    """Alembic compares no conditions, and a planner takes a partial index for its very words only."""
    Store(f"sqlite:///{tmp_path}/migrated.db").close()
    made = create_engine(f"sqlite:///{tmp_path}/made.db")
    metadata.create_all(made)
    made.dispose()
    assert _indices(tmp_path / "migrated.db") == _indices(tmp_path / "made.db")


def _indices(file: Path) -> dict[str, str]:
    connection = sqlite3.connect(file)
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL").fetchall()
    connection.close()
    return {name: sql.replace("jobs.", "").replace("results.", "").replace("queue.", "") for name, sql in rows}


def test_opening_again_changes_nothing(empty: str) -> None:
    with Store(empty) as store:
        job = add(store)
    with Store(empty) as store:
        assert store.jobs.get("ann", job.id) == job


def test_processes_that_open_an_empty_database_at_once_do_not_race(empty: str) -> None:
    opened, barrier = [], threading.Barrier(4)

    def open_it() -> None:
        barrier.wait(10)
        with Store(empty) as store:
            opened.append(add(store).id)

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    with Store(empty) as store:
        assert {job.id for job in store.jobs.list("ann").jobs} == set(opened)
    assert len(opened) == 4


def test_a_newer_database_is_left_alone(empty: str) -> None:
    Store(empty).close()
    engine = create_engine(parse_url(empty))
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(StoreTooNew) as newer:
        Store(empty)
    assert newer.value.revision == "9999"
    assert revision(empty) == "9999"


def test_a_step_that_fails_leaves_the_database_as_it_was(empty: str) -> None:
    load_one = "CREATE TABLE timings (x INTEGER)"  # in the way of the first step, after other tables
    engine = create_engine(parse_url(empty))
    with engine.begin() as connection:
        connection.execute(text(load_one))
    with pytest.raises(Exception, match="timings"):
        Store(empty)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE timings"))
    engine.dispose()
    with Store(empty) as store:
        assert store.jobs.list("ann").jobs == ()
