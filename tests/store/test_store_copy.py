"""All jobs from one database to another."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from comfy_api.errors import Refused
from comfy_api.store import Filter, Store
from comfy_api.store.copy import copy_store
from tests.store.conftest import GRAPH, add, add_done, picture
from tests.store.dump import fill


@pytest.fixture
def other(tmp_path: Path) -> str:
    """A SQLite database beside the one that the test has."""
    return f"sqlite:///{tmp_path}/other.db"


def look(url: str) -> list[object]:
    """Everything that a store says of what ``dump.fill`` put into it."""
    with Store(url) as store:
        jobs = store.jobs.list("ann").jobs
        told = [
            (store.jobs.record("ann", job.id), store.jobs.rounds(job.id), store.attempts.of(job.id)) for job in jobs
        ]
        found = [store.results.list("ann", Filter(text=text)).results for text in ("", "fo", "猫")]
        past = store.timings.past("txt2img", 0, "http://one:8188")
        return [told, found, past, store.events.since(0), store.queue.places("ann"), store.bin.usage()]


def test_everything_is_copied_there_and_back(address: str, other: str) -> None:
    fill(other)
    assert copy_store(other, address) == 2
    assert look(address) == look(other)
    back = other.replace("other.db", "back.db")
    assert copy_store(address, back) == 2
    assert look(back) == look(other)


def test_work_goes_on_in_the_copy(address: str, other: str) -> None:
    """New jobs and events take new numbers, and copied claims are adopted."""
    fill(other)
    copy_store(other, address)
    with Store(address) as store:
        newest = store.events.newest()
        job = add_done(store, "c")
        assert store.jobs.list("ann").jobs[0].id == job.id
        assert store.events.since(newest)[0].job_id == job.id
        assert store.jobs.rounds(job.id) == (GRAPH,)
        assert store.results.list("ann").results[0].picture == picture("c")


def test_an_empty_database_is_copied_too(address: str, other: str) -> None:
    Store(other).close()
    assert copy_store(other, address) == 0
    with Store(address) as store:
        assert add(store).id in store.queue.places("ann")


def test_what_is_in_use_is_not_copied_and_nothing_is_copied_over(address: str, other: str) -> None:
    fill(other)
    with Store(other) as store:
        store.dispatching.acquire()
        with pytest.raises(Refused, match="Stop it"):
            copy_store(other, address)
    copy_store(other, address)
    with pytest.raises(Refused, match="empty one"):
        copy_store(other, address)


def test_the_command(address: str, tmp_path: Path) -> None:
    fill(f"sqlite:///{tmp_path}/other.db")

    def run(*arguments: str, **environment: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "comfy_api.store.copy", *arguments],
            cwd=Path(__file__).parents[2],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    assert run()[0] == run(str(tmp_path / "other.db"))[0] == 2
    assert run("nowhere.db", EASEL_DATABASE=address)[0] == 2
    assert run(str(tmp_path / "other.db"), EASEL_DATABASE=address)[1].startswith("Copied 2 jobs.")
    code, said = run(str(tmp_path / "other.db"), EASEL_DATABASE=address)
    assert code == 1
    assert said.startswith("There are jobs")
