"""Contract of deleting, undoing it and clearing up, on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, text

from comfy_api.errors import JobNotFound, MoveLost
from comfy_api.jobs.job import JobState
from comfy_api.store import Filter, Store, Target
from comfy_api.store.database import parse_url
from tests.store.conftest import GRAPH, Clock, add, add_done, new_job, picture


def seen(store: Store, **asked: object) -> str:
    return "".join(kept.picture.id[0] for kept in store.results.list("ann", Filter(**asked)).results)  # type: ignore[arg-type]


def purge(store: Store, clock: Clock) -> int:
    clock.tick()
    return store.bin.purge(clock.now)


def test_a_deleted_job_is_not_seen_and_can_be_had_back(store: Store) -> None:
    job = add_done(store, "a", prompt_text="a fox")
    store.bin.delete("ann", [Target(job.id)])
    assert seen(store) == seen(store, text="fox") == ""
    assert store.jobs.list("ann").jobs == ()
    assert store.jobs.find(job.id) is None
    with pytest.raises(JobNotFound):
        store.jobs.get("ann", job.id)
    store.bin.restore("ann", [Target(job.id)])
    assert store.jobs.get("ann", job.id).results == (picture("a"),)
    assert seen(store, text="fox") == "a"


def test_single_results_are_deleted_and_had_back(store: Store) -> None:
    first, second = add_done(store, "a", "b"), add_done(store, "c", "d")
    targets = [Target(first.id, picture("b").id), Target(second.id, picture("c").id)]
    store.bin.delete("ann", targets)
    assert seen(store) == "da"
    assert store.jobs.get("ann", first.id).results == (picture("a"),)
    store.bin.restore("ann", targets)
    assert seen(store) == "cdab"


def test_a_job_whose_results_are_all_deleted_leaves_the_gallery_and_stays(store: Store) -> None:
    job = add_done(store, "a")
    store.bin.delete("ann", [Target(job.id, picture("a").id)])
    assert seen(store) == ""
    assert store.jobs.get("ann", job.id).results == ()


def test_a_deleted_result_that_is_told_again_stays_deleted(store: Store) -> None:
    job = add_done(store, "a")
    store.bin.delete("ann", [Target(job.id, picture("a").id)])
    store.results.add(job.id, picture("a"))
    assert seen(store) == ""


def test_nobody_deletes_what_is_somebody_elses(store: Store) -> None:
    mine, theirs = add_done(store, "a"), add_done(store, "b", owner="bob")
    with pytest.raises(JobNotFound):
        store.bin.delete("ann", [Target(mine.id), Target(theirs.id)])
    assert seen(store) == "a"
    store.bin.delete("bob", [Target(theirs.id)])
    store.bin.restore("ann", [Target(theirs.id)])
    assert store.jobs.find(theirs.id) is None


def test_a_running_job_is_not_deleted(store: Store) -> None:
    job = add(store)
    store.results.add(job.id, picture("a"))
    with pytest.raises(MoveLost):
        store.bin.delete("ann", [Target(job.id)])
    store.bin.delete("ann", [Target(job.id, picture("a").id)])
    assert seen(store) == ""


def test_a_purge_is_for_good_and_spares_what_can_be_undone(store: Store, clock: Clock) -> None:
    old, new = add_done(store, "a", prompt_text="a fox"), add_done(store, "b", "c", prompt_text="a fox")
    store.bin.delete("ann", [Target(old.id), Target(new.id, picture("b").id)])
    deleted = clock.now
    clock.tick(60)
    assert store.bin.purge(deleted) == 0
    store.bin.delete("ann", [Target(new.id, picture("c").id)])
    assert store.bin.purge(clock.now) == 2
    store.bin.restore("ann", [Target(old.id), Target(new.id, picture("b").id), Target(new.id, picture("c").id)])
    assert seen(store) == seen(store, text="fox") == "c"
    assert store.events.of("ann", old.id) == store.attempts.of(old.id) == ()
    assert set(store.bin.take_unused()) == {picture("a").id, picture("b").id}
    assert store.bin.take_unused() == ()


def test_a_purge_leaves_no_words_behind(store: Store, address: str, clock: Clock) -> None:
    store.bin.delete("ann", [Target(add_done(store, prompt_text="a fox").id)])
    add(store)
    purge(store, clock)
    engine = create_engine(parse_url(address))
    with engine.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM search")).scalar() == 1
    engine.dispose()


def test_a_purge_is_done_by_portions(store: Store, clock: Clock) -> None:
    store.bin.delete("ann", [Target(add_done(store, str(n)).id) for n in range(5)])
    clock.tick()
    assert [store.bin.purge(clock.now, limit=2) for _ in range(4)] == [2, 2, 1, 0]


def test_shared_files_go_with_the_last_who_uses_them(store: Store, clock: Clock) -> None:
    first, second = add_done(store, "a", "a"), add_done(store, "a")
    assert store.bin.usage() == 100
    assert store.bin.usage("ann") == 300
    store.bin.delete("ann", [Target(first.id)])
    purge(store, clock)
    assert store.bin.take_unused() == ()
    store.bin.delete("ann", [Target(second.id)])
    purge(store, clock)
    assert store.bin.take_unused() == (picture("a").id,)
    assert store.bin.usage() == store.bin.usage("ann") == 0


def test_a_file_that_is_wanted_again_in_time_stays(store: Store, clock: Clock) -> None:
    store.bin.delete("ann", [Target(add_done(store, "a").id)])
    purge(store, clock)
    add_done(store, "a")
    assert store.bin.take_unused() == ()


def test_shared_graphs_go_with_the_last_job_that_ran_them(store: Store, clock: Clock) -> None:
    first, second = add_done(store), add_done(store)
    store.bin.delete("ann", [Target(first.id)])
    purge(store, clock)
    assert store.jobs.rounds(second.id) == (GRAPH,)
    store.bin.delete("ann", [Target(second.id)])
    purge(store, clock)
    again = store.jobs.add(new_job(), [GRAPH])
    assert store.jobs.rounds(again.id) == (GRAPH,)


def test_files_that_no_row_speaks_of_are_known(store: Store) -> None:
    add_done(store, "a")
    ids = [picture(name).id for name in ("a", "b")]
    assert store.bin.unknown(ids) == {picture("b").id}
    assert store.bin.unknown([]) == frozenset()


def test_the_oldest_may_go_but_no_favourites_and_nothing_open(store: Store, clock: Clock) -> None:
    old = add_done(store, "a", "b")
    clock.tick(10)
    liked = add_done(store, "c")
    store.results.favourite("ann", liked.id, picture("c").id)
    add(store)
    gone = add_done(store, "d")
    store.bin.delete("ann", [Target(gone.id)])
    stopped = store.jobs.update(add(store, owner="bob").id, state=JobState.STOPPED)
    found = store.bin.oldest()
    assert [(one.owner, one.job_id, one.size) for one in found] == [("ann", old.id, 200), ("bob", stopped.id, 0)]
    assert [one.job_id for one in store.bin.oldest(before=clock.now)] == [old.id]
    assert [one.job_id for one in store.bin.oldest(limit=1)] == [old.id]
