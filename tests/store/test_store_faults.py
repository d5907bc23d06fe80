"""What can go wrong with a database: each fault has its error, nothing is half written, and the store goes on after."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError

from comfy_api.errors import StoreBusy, StoreError, StoreFull, StoreGone
from comfy_api.jobs.job import JobState
from comfy_api.store import Store
from comfy_api.store.database import WRITER_KEY, Database
from comfy_api.store.failures import meaning
from tests.store.cluster import Cluster, find_programs
from tests.store.conftest import GRAPH, add, add_done, new_job, picture


@contextmanager
def writing(address: str) -> Iterator[None]:
    """Another program that has the writer's place."""
    if address.startswith("sqlite"):
        other = sqlite3.connect(address.removeprefix("sqlite:///"), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.close()
    else:
        with psycopg.connect(address) as connection:
            connection.execute(f"SELECT pg_advisory_xact_lock({WRITER_KEY})")
            yield


def test_a_database_that_stays_locked_is_busy_and_still_read(store: Store, address: str) -> None:
    job = add(store)
    with Store(address, patience=0.2) as impatient:
        with writing(address):
            with pytest.raises(StoreBusy):
                impatient.jobs.update(job.id, keep=True)
            assert impatient.jobs.get("ann", job.id) == job
        assert impatient.jobs.update(job.id, keep=True).keep


def test_a_writer_that_ends_in_time_is_waited_for(store: Store, address: str) -> None:
    job = add(store)
    updated = threading.Event()

    def update() -> None:
        store.jobs.update(job.id, keep=True)
        updated.set()

    thread = threading.Thread(target=update)
    with writing(address):
        thread.start()
        assert not updated.wait(0.1)
    thread.join(10)
    assert updated.is_set()


def test_a_thread_that_stays_in_the_way_is_busy_too(address: str) -> None:
    Store(address).close()
    database = Database(address, patience=0.2)
    said: list[Exception] = []

    def write() -> None:
        try:
            with database.write():
                said.append(AssertionError("two write at once"))
        except StoreBusy as error:
            said.append(error)

    thread = threading.Thread(target=write)
    with database.write():
        thread.start()
        thread.join(10)
    database.close()
    assert [type(error) for error in said] == [StoreBusy]


def test_an_error_tells_nothing_of_what_was_written(store: Store) -> None:
    job = add(store)
    with pytest.raises(IntegrityError) as twice:
        add(store, id=job.id, prompt_text="a s3cret fox", values={"prompt": "a s3cret fox"})
    assert "s3cret" not in f"{twice.value}{twice.value!r}"


def test_a_fault_in_between_leaves_nothing(store: Store) -> None:
    """A job and its place in the line, its words and its event are one: a graph that is no JSON stops all of it."""
    with pytest.raises(Exception, match="JSON serializable"):
        store.jobs.add(new_job(prompt_text="a fox", used={"bytes": b""}), [GRAPH])
    assert (store.jobs.list("ann").jobs, store.queue.claim("one"), store.events.since(0)) == ((), None, ())


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "mysql://host/name",
        "sqlite://",
        "sqlite:///:memory:",
        "postgresql://easel@/x?host=/nowhere",
        "oracle:",
    ],
)
def test_an_address_that_leads_nowhere_is_said_so(url: str) -> None:
    with pytest.raises(StoreGone):
        Store(url)


def test_no_error_holds_a_password() -> None:
    with pytest.raises(StoreGone) as gone:
        Store("postgresql://easel:s3cret@127.0.0.1:1/name", patience=1.0)
    error: BaseException | None = gone.value
    while error is not None:
        assert "s3cret" not in f"{error!s}{error!r}"
        error = error.__cause__ or error.__context__


# --- a file -------------------------------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "easel.db"


@pytest.fixture
def on_file(file: Path) -> Iterator[Store]:
    with Store(f"sqlite:///{file}", patience=0.5) as store:
        yield store


def test_a_file_that_is_gone_takes_nothing_more(on_file: Store, file: Path) -> None:
    job = add(on_file)
    file.rename(file.with_name("elsewhere"))
    with pytest.raises(StoreGone):
        on_file.jobs.update(job.id, keep=True)
    file.with_name("elsewhere").rename(file)
    assert on_file.jobs.update(job.id, keep=True).keep


def test_what_is_no_database_is_left_alone(file: Path) -> None:
    file.write_bytes(b"a shopping list, by no means a database" * 100)
    with pytest.raises(StoreGone):
        Store(f"sqlite:///{file}")
    assert file.read_bytes().startswith(b"a shopping list")


def test_a_folder_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(StoreGone):
        Store(f"sqlite:///{tmp_path}/taken/easel.db")


@pytest.mark.skipif(sys.platform == "win32", reason="such permissions are Unix's")
def test_the_file_is_its_owners_alone(on_file: Store, file: Path) -> None:
    add(on_file)
    assert {path.stat().st_mode & 0o077 for path in file.parent.glob("easel.db*") if path.stat().st_size} == {0}


#: Writes jobs until the size of files is limited as a full disk would, then tells what it gets and goes on.
_FULL = """
import resource, signal, sys
from comfy_api.errors import StoreFull
from comfy_api.store import Store
from tests.store.conftest import add
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with Store(sys.argv[1]) as store:
    kept = [add(store).id]
    resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, resource.RLIM_INFINITY))
    try:
        while len(kept) < 1000:
            kept.append(add(store, prompt_text="word " * 2000, values={"text": "x" * 20_000}).id)
    except StoreFull as error:
        print("full:", error)
    assert {job.id for job in store.jobs.list("ann", limit=1000).jobs} == set(kept)
    assert store.queue.waiting("ann") == len(kept)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    add(store)
    print("went on")
"""


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are Unix's")
def test_a_full_disk_is_said_and_loses_nothing_that_was_taken(file: Path) -> None:
    done = run(_FULL, f"sqlite:///{file}")
    assert done.returncode == 0, done.stderr
    assert "full: The disk of the database is full" in done.stdout
    assert "went on" in done.stdout


#: Adds results and tells each that was taken, until it is killed.
_WORK = """
import sys
from comfy_api.jobs.job import JobState
from comfy_api.store import Store
from tests.store.conftest import add, picture
store = Store(sys.argv[1])
while True:
    job = add(store)
    store.queue.claim("child")
    store.jobs.update(job.id, state=JobState.SUBMITTED)
    store.results.add(job.id, picture(job.id))
    print(job.id, flush=True)
"""


def test_what_was_taken_outlives_a_killed_process(store: Store, address: str) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", _WORK, address], cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    with child.stdout:
        taken = [child.stdout.readline().strip() for _ in range(20)]
        child.kill()
        taken += child.stdout.read().split()
    child.wait(10)
    found = {job.id: job for job in store.jobs.open()}
    assert all(found[job_id].results == (picture(job_id),) for job_id in taken)
    assert len(found) - len(taken) in (0, 1)
    assert {claim.job_id for claim in store.queue.adopt("next")} >= set(taken)


# --- a server -----------------------------------------------------------------------------------------------------


def test_a_server_that_comes_back_is_used_again() -> None:
    programs = find_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed")
    with Cluster(programs) as cluster, Store(cluster.url(), patience=2.0) as store:
        job = add(store)
        cluster.stop()
        try:
            for act in (lambda: store.jobs.get("ann", job.id), lambda: store.jobs.update(job.id, keep=True)):
                with pytest.raises(StoreGone):
                    act()
        finally:
            cluster.start()
        assert store.jobs.update(job.id, keep=True).keep


def test_a_connection_that_was_cut_is_made_anew(postgres: str, tables: psycopg.Connection) -> None:
    with Store(postgres) as store:
        job = add_done(store)
        tables.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'easel'")
        assert store.jobs.get("ann", job.id).state is JobState.SUCCEEDED


@pytest.mark.parametrize(
    ("error", "meant"),
    [
        (psycopg.errors.DiskFull("x"), StoreFull),
        (psycopg.errors.LockNotAvailable("x"), StoreBusy),
        (psycopg.errors.QueryCanceled("x"), StoreBusy),
        (psycopg.errors.TooManyConnections("x"), StoreBusy),
        (psycopg.errors.DeadlockDetected("x"), StoreBusy),
        (psycopg.errors.AdminShutdown("x"), StoreGone),
        (psycopg.errors.InvalidPassword("x"), StoreGone),
        (psycopg.errors.InvalidCatalogName("x"), StoreGone),
        (psycopg.errors.ReadOnlySqlTransaction("x"), StoreGone),
        (psycopg.errors.UniqueViolation("x"), None),
        (psycopg.errors.SyntaxError("x"), None),
    ],
    ids=lambda value: getattr(value, "__name__", type(value).__name__),
)
def test_what_a_server_says_is_understood(error: Exception, meant: type[StoreError] | None) -> None:
    found = meaning(DBAPIError("a statement", None, error))
    assert type(found) is (meant or type(None))
