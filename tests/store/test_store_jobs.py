"""Contract of the record of jobs, on both databases."""

from __future__ import annotations

import itertools
import threading

import pytest
from hypothesis import HealthCheck, given, settings

from comfy_api.errors import JobNotFound, MoveLost, Refused
from comfy_api.jobs.job import MOVES, Job, JobState, Problem, Stage
from comfy_api.store import Cursor, Filter, NewJob, Store, What
from comfy_api.store.columns import storable
from comfy_api.workflow import Media
from tests.store.conftest import GRAPH, Clock, add, add_done, new_job, picture
from tests.store.test_store_rows import JOBS

FULL = {
    "values": {"prompt": "a fox", "seed": "", "size": [512, 768]},
    "used": {"prompt": "a fox", "seed": 2**64 - 1, "strength": 0.1 + 0.2},
    "prompt_text": "a fox",
    "seed": 2**64 - 1,
    "workflow_version": 3,
    "keep": True,
    "width": 512,
    "height": 768,
    "stages": (Stage("9", "Picture", 4), Stage("12", "Film", 1, Media.VIDEO)),
    "shown": ("9",),
    "created": 1_700_000_000.123_456,
}


def test_a_job_comes_back_as_it_was(store: Store) -> None:
    job = store.jobs.add(new_job(**FULL), [GRAPH])
    assert store.jobs.get("ann", job.id) == store.jobs.find(job.id) == job


def test_it_is_there_for_another_process_at_once(store: Store, address: str) -> None:
    job = add(store, **FULL)
    with Store(address) as other:
        assert other.jobs.get("ann", job.id) == job


def test_it_outlives_the_process(address: str) -> None:
    with Store(address) as first:
        job = add_done(first, "a", "b", **FULL)
    with Store(address) as second:
        assert second.jobs.get("ann", job.id).results == (picture("a"), picture("b", index=1))


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(job=JOBS)
def test_whatever_makers_type_is_kept(store: Store, job: Job) -> None:
    """Values are exact; in texts, what no database takes is replaced."""
    kept = store.jobs.add(new_job(values=job.values, used=job.used, seed=job.seed, prompt_text=job.prompt_text), [])
    found = store.jobs.find(kept.id)
    assert found is not None
    assert (found.values, found.used, found.seed) == (job.values, job.used, job.seed)
    assert found.prompt_text == storable(job.prompt_text)


def test_what_no_database_takes_is_replaced_in_texts_and_kept_in_values(store: Store) -> None:
    odd = "a\x00b\ud83d"
    job = store.jobs.add(new_job(prompt_text=odd, title=odd, values={odd: odd}, used={"text": odd}), [{odd: odd}])
    found = store.jobs.get("ann", job.id)
    assert found.prompt_text == found.title == "a\ufffdb\ufffd"
    assert (found.values, found.used, store.jobs.rounds(job.id)) == ({odd: odd}, {"text": odd}, ({odd: odd},))


def test_somebody_elses_job_is_not_there(store: Store) -> None:
    job = add_done(store, "a")
    for owner in ("bob", "", "ann ", "ANN", "ann' OR '1'='1", "ann\x00", "%"):
        with pytest.raises(JobNotFound):
            store.jobs.get(owner, job.id)
        with pytest.raises(JobNotFound):
            store.jobs.record(owner, job.id)
        assert store.jobs.list(owner).jobs == ()
        assert store.results.list(owner).results == ()
        assert store.events.of(owner, job.id) == ()


def test_an_unknown_job_is_not_there(store: Store) -> None:
    assert store.jobs.find("nothing") is None
    with pytest.raises(JobNotFound):
        store.jobs.get("ann", "nothing")
    with pytest.raises(JobNotFound):
        store.jobs.update("nothing", keep=True)


# --- graphs -------------------------------------------------------------------------------------------------------


def test_graphs_come_back_in_their_order_and_exact(store: Store) -> None:
    rounds = [
        {"9": {"inputs": {"seed": 2**64 - 1, "text": "\x00 日本 \ud83d"}}, "1": {}},
        {"9": {"inputs": {"seed": 0}}},
    ]
    job = store.jobs.add(new_job(), rounds)
    kept = store.jobs.rounds(job.id)
    assert kept == tuple(rounds)
    assert list(kept[0]) == ["9", "1"]


def test_equal_graphs_have_one_hash(store: Store) -> None:
    first, second = add(store), add(store)
    other = store.jobs.add(new_job(), [GRAPH, GRAPH])
    hashes = [store.jobs.record("ann", job.id).graph_hash for job in (first, second, other)]
    assert hashes[0] == hashes[1] != hashes[2]


# --- moves --------------------------------------------------------------------------------------------------------


def test_moves_follow_the_table(store: Store) -> None:
    for before, after in itertools.product(JobState, JobState):
        job = add(store, state=before, ended=1.0 if before.over else None)
        if after in MOVES[before] or (after is before and not before.over):
            assert store.jobs.update(job.id, state=after).state is after
            assert store.jobs.get("ann", job.id).state is after
            continue
        with pytest.raises(MoveLost) as lost:
            store.jobs.update(job.id, state=after)
        assert (lost.value.job_id, lost.value.found, lost.value.wanted) == (job.id, before, after)
        assert store.jobs.get("ann", job.id) == job


def test_what_has_ended_changes_no_more(store: Store) -> None:
    job = add_done(store)
    with pytest.raises(MoveLost):
        store.jobs.update(job.id, keep=True)


def test_an_update_is_the_next_moment(store: Store, clock: Clock) -> None:
    job = add(store)
    running = store.jobs.update(store.jobs.update(job.id, state=JobState.SUBMITTED).id, state=JobState.RUNNING)
    problem = Problem("It broke.", "ExecutionFailed", "why", "prompt")
    clock.tick(5)
    failed = store.jobs.update(job.id, state=JobState.FAILED, problem=problem, fraction=0.5, reason="server")
    assert store.jobs.get("ann", job.id) == failed
    assert (failed.problem, failed.fraction, failed.reason) == (problem, 0.5, "server")
    assert failed.version > running.version > job.version
    assert failed.ended == clock.now


def test_what_is_not_kept_is_not_taken(store: Store) -> None:
    for name in ("place", "node", "seconds_left", "results", "owner", "id", "version"):
        with pytest.raises(ValueError, match=name):
            store.jobs.update(add(store).id, **{name: None})


def test_of_racing_ends_one_wins(store: Store, address: str) -> None:
    """Two processes, many threads: each job ends once, and everyone else is told."""
    ends = [JobState.SUCCEEDED, JobState.FAILED, JobState.STOPPED, JobState.LOST] * 2
    jobs = [add(store, state=JobState.SUBMITTED).id for _ in range(10)]
    won: list[tuple[str, JobState]] = []
    lost: list[str] = []
    barrier = threading.Barrier(len(ends))

    def end(where: Store, state: JobState) -> None:
        for job_id in jobs:
            barrier.wait(10)
            try:
                won.append((job_id, where.jobs.update(job_id, state=state).state))
            except MoveLost as error:
                lost.append(error.job_id)

    with Store(address) as other:
        threads = [threading.Thread(target=end, args=((store, other)[n % 2], state)) for n, state in enumerate(ends)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert sorted(job_id for job_id, _ in won) == sorted(jobs)
    assert len(lost) == len(jobs) * (len(ends) - 1)
    for job_id, state in won:
        assert [event.what for event in store.events.of("ann", job_id)] == [What.QUEUED, What(state.value)]


# --- many ---------------------------------------------------------------------------------------------------------


def test_many_are_added_all_or_none(store: Store) -> None:
    new = [NewJob(new_job(prompt_text=f"{number}"), [GRAPH]) for number in range(3)]
    assert store.jobs.add_all(new, most_waiting=3) == tuple(one.job for one in new)
    with pytest.raises(Refused, match="3 pictures"):
        store.jobs.add_all([NewJob(new_job(), [GRAPH])], most_waiting=3)
    with pytest.raises(Refused, match="2 more"):
        store.jobs.add_all([NewJob(new_job(), [GRAPH]), NewJob(new_job(), [GRAPH])], most_waiting=4)
    assert len(store.jobs.list("ann").jobs) == store.queue.waiting("ann") == 3
    assert store.jobs.add_all([]) == ()


def test_of_racing_submissions_no_more_wait_than_may(store: Store, address: str) -> None:
    refused = []
    barrier = threading.Barrier(8)

    def submit(where: Store) -> None:
        barrier.wait(10)
        try:
            where.jobs.add(new_job(), [GRAPH], most_waiting=3)
        except Refused as error:
            refused.append(error)

    with Store(address) as other:
        threads = [threading.Thread(target=submit, args=((store, other)[n % 2],)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert len(refused) == 5
    assert store.queue.waiting("ann") == 3


def test_jobs_are_listed_newest_first_by_pages(store: Store) -> None:
    added = [add(store) for _ in range(7)]
    add(store, owner="bob")
    seen, cursor = [], None
    while True:
        page = store.jobs.list("ann", cursor=cursor, limit=3)
        seen += [job.id for job in page.jobs]
        if page.next is None:
            break
        cursor = Cursor.parse(str(page.next))
    assert seen == [job.id for job in reversed(added)]


def test_a_job_that_comes_between_two_pages_moves_nothing(store: Store) -> None:
    added = [add(store) for _ in range(4)]
    first = store.jobs.list("ann", limit=2)
    add(store)
    assert [job.id for job in store.jobs.list("ann", cursor=first.next).jobs] == [added[1].id, added[0].id]


@pytest.mark.parametrize(
    "text", ["", ".", "1", "1.", "a.b", "-1.0", "1.0.0", "9" * 30 + ".0", "1.0; DROP TABLE jobs", "²."]
)
def test_a_cursor_from_elsewhere_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        Cursor.parse(text)


def test_filters(store: Store) -> None:
    fox = add_done(store, "a", workflow="txt2img", prompt_text="a red fox", created=100.0)
    cat = add(store, workflow="upscale", prompt_text="a red cat", created=200.0)
    store.attempts.begin(cat.id, "http://two:8188", "p", "c")
    dog = add_done(store, workflow="txt2img", prompt_text="a dog", created=300.0)
    store.results.favourite("ann", fox.id, picture("a").id)

    def found(**asked: object) -> set[str]:
        jobs = store.jobs.list("ann", Filter(**asked)).jobs  # type: ignore[arg-type]
        assert sum(store.jobs.counts("ann", Filter(**asked)).values()) == len(jobs)  # type: ignore[arg-type]
        return {job.id for job in jobs}

    assert found() == {fox.id, cat.id, dog.id}
    assert found(workflow="txt2img") == {fox.id, dog.id}
    assert found(states=frozenset({JobState.QUEUED, JobState.RUNNING})) == {cat.id}
    assert found(server="http://two:8188") == {cat.id}
    assert found(since=200.0) == {cat.id, dog.id}
    assert found(since=100.0, until=200.0) == {fox.id}
    assert found(favourite=True) == {fox.id}
    assert found(text="red") == {fox.id, cat.id}
    assert found(text="red", workflow="upscale", states=frozenset({JobState.QUEUED})) == {cat.id}
    assert found(text="red", favourite=True) == {fox.id}
    assert found(text="nothing") == set()


def test_counts_by_state(store: Store) -> None:
    add(store)
    add(store)
    add_done(store)
    add_done(store, owner="bob")
    assert store.jobs.counts("ann") == {JobState.QUEUED: 2, JobState.SUCCEEDED: 1}


def test_open_jobs_are_everybodys_that_have_not_ended(store: Store) -> None:
    first = add(store)
    add_done(store)
    second = add(store, owner="bob")
    store.jobs.update(second.id, state=JobState.SUBMITTED)
    assert [job.id for job in store.jobs.open()] == [first.id, second.id]


def test_a_record_says_where_and_what(store: Store) -> None:
    job = add_done(store, "a", "b")
    store.attempts.begin(job.id, "http://one:8188", "prompt", "client")
    store.results.favourite("ann", job.id, picture("b").id)
    record = store.jobs.record("ann", job.id)
    assert (record.server, len(record.graph_hash)) == ("http://one:8188", 64)
    assert record.favourites == {picture("b").id}
    assert record.job.results == (picture("a"), picture("b", index=1))
