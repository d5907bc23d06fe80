"""One process runs a store's jobs; a second one is told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psycopg

from comfy_api.store import TAKEN, Store
from tests.conftest import Until

#: Takes the lock, says so, and keeps it until it is killed or its input ends.
_HOLD = """
import sys
from comfy_api.store import Store
store = Store(sys.argv[1])
print(store.dispatching.acquire(), flush=True)
sys.stdin.read()
"""


def test_of_two_stores_one_dispatches(store: Store, address: str) -> None:
    assert not store.dispatching.held()
    assert store.dispatching.acquire()
    assert store.dispatching.acquire()
    assert store.dispatching.held()
    with Store(address) as second:
        assert not second.dispatching.acquire()
        assert not second.dispatching.held()
        store.dispatching.release()
        store.dispatching.release()
        assert not store.dispatching.held()
        assert second.dispatching.acquire()
    assert store.dispatching.acquire()


def test_a_closed_store_lets_go(store: Store, address: str) -> None:
    second = Store(address)
    assert second.dispatching.acquire()
    second.close()
    assert store.dispatching.acquire()


def test_the_lock_hinders_nobodys_reading_and_writing(store: Store, address: str) -> None:
    assert store.dispatching.acquire()
    with Store(address) as second:
        assert second.jobs.add_all([]) == ()
        assert second.jobs.list("ann").jobs == ()


def test_a_killed_process_lets_go(store: Store, address: str, until: Until) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", _HOLD, address],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    with child.stdin, child.stdout:
        assert child.stdout.readline() == "True\n"
        assert not store.dispatching.acquire()
        child.kill()
        child.wait(10)
    until(store.dispatching.acquire, what="the server noticing")


def test_a_lock_that_went_with_its_connection_is_held_no_more(postgres: str, tables: psycopg.Connection) -> None:
    with Store(postgres) as store, Store(postgres) as second:
        assert store.dispatching.acquire()
        tables.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'easel'")
        assert not store.dispatching.held()
        assert second.dispatching.acquire()
        assert not store.dispatching.acquire()


def test_the_sentence_says_what_it_means() -> None:
    assert TAKEN.endswith(".")
    assert "none" in TAKEN
