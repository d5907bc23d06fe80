"""Contract of events, attempts and timings, on both databases."""

from __future__ import annotations

import threading

import pytest

from comfy_api.errors import JobNotFound
from comfy_api.jobs.job import JobState
from comfy_api.store import WHOLE, NodeTime, Store, Target, What
from comfy_api.store.timings import KEPT
from tests.store.conftest import Clock, add, add_done, picture


def test_every_change_is_an_event_with_its_time(store: Store, clock: Clock) -> None:
    began = clock.now
    job = add(store, created=began)
    deeds = [
        lambda: store.jobs.update(job.id, state=JobState.SUBMITTED),
        lambda: store.attempts.begin(job.id, "http://one", "prompt", "client"),
        lambda: store.attempts.post(job.id, 1),
        lambda: store.jobs.update(job.id, state=JobState.RUNNING, started=5.0),
        lambda: store.jobs.update(job.id, keep=True),
        lambda: store.results.add(job.id, picture("a")),
        lambda: store.attempts.end(job.id, 1, "finished"),
        lambda: store.jobs.update(job.id, state=JobState.SUCCEEDED, fraction=1.0),
        lambda: store.results.favourite("ann", job.id, picture("a").id),
        lambda: store.bin.delete("ann", [Target(job.id, picture("a").id)]),
        lambda: store.bin.restore("ann", [Target(job.id, picture("a").id)]),
    ]
    for deed in deeds:
        clock.tick()
        deed()
    told = store.events.of("ann", job.id)
    assert [event.what for event in told] == [
        What.QUEUED, What.SUBMITTED, What.ATTEMPT, What.POSTED, What.RUNNING, What.CHANGED, What.RESULT,
        What.ATTEMPT_ENDED, What.SUCCEEDED, What.FAVOURITE, What.DELETED, What.RESTORED,
    ]  # fmt: skip
    assert [event.at for event in told] == [began + number for number in range(len(told))]
    details = [dict(event.detail) for event in told]
    assert details[2] == {"attempt": 1, "server": "http://one", "prompt_id": "prompt"}
    assert (details[4], details[5]) == ({"started": 5.0}, {"keep": True})
    assert details[6] == {"number": 0, "file": picture("a").id}
    assert details[8] == {"fraction": 1.0, "ended": clock.now - 3}
    assert {(event.job_id, event.owner) for event in told} == {(job.id, "ann")}


def test_events_are_read_on_from_a_number(store: Store) -> None:
    assert store.events.newest() == 0
    add_done(store)
    first = store.events.since(0)
    assert store.events.newest() == first[-1].seq
    add_done(store, owner="bob")
    rest = store.events.since(first[-1].seq)
    assert {event.owner for event in rest} == {"bob"}
    assert store.events.since(0, limit=4) == (first + rest)[:4]
    assert store.events.since(rest[-1].seq) == ()


def test_a_reader_misses_no_event_of_many_writers(store: Store, address: str) -> None:
    """Numbers are committed in their order, so what was read on from is behind all that comes."""
    writing = 4
    done = threading.Barrier(writing + 1)

    def write(where: Store) -> None:
        for _ in range(10):
            add(where)
        done.wait(30)

    with Store(address) as other:
        threads = [threading.Thread(target=write, args=((store, other)[n % 2],)) for n in range(writing)]
        for thread in threads:
            thread.start()
        seen: list[int] = []
        while done.n_waiting < writing:
            seen += [event.seq for event in store.events.since(seen[-1] if seen else 0)]
        done.wait(30)
        for thread in threads:
            thread.join(10)
    seen += [event.seq for event in store.events.since(seen[-1] if seen else 0)]
    assert seen == [event.seq for event in store.events.since(0)]
    assert len(seen) == writing * 10


def test_an_update_that_is_refused_leaves_no_event(store: Store) -> None:
    job = add_done(store)
    before = store.events.of("ann", job.id)
    with pytest.raises(Exception, match="by now"):
        store.jobs.update(job.id, state=JobState.RUNNING)
    assert store.events.of("ann", job.id) == before


# --- attempts -----------------------------------------------------------------------------------------------------


def test_an_attempt_is_there_before_it_is_made(store: Store, address: str, clock: Clock) -> None:
    job = add(store)
    begun = store.attempts.begin(job.id, "http://one", "prompt-1", "client-1")
    with Store(address) as other:
        assert other.attempts.of(job.id) == (begun,)
    assert (begun.number, begun.round, begun.begun, begun.posted, begun.ended, begun.outcome) == (
        1, 0, clock.now, None, None, "",
    )  # fmt: skip


def test_attempts_are_counted_over_all_rounds(store: Store, clock: Clock) -> None:
    job = add(store)
    for number, round in enumerate((0, 0, 1), 1):
        store.attempts.begin(job.id, "http://one", f"prompt-{number}", "client", round)
        store.attempts.post(job.id, number)
        clock.tick()
        store.attempts.end(job.id, number, "finished")
    kept = store.attempts.of(job.id)
    assert [(one.number, one.round, one.prompt_id) for one in kept] == [
        (1, 0, "prompt-1"), (2, 0, "prompt-2"), (3, 1, "prompt-3"),
    ]  # fmt: skip
    assert all(one.ended == (one.posted or 0) + 1 and one.outcome == "finished" for one in kept)


def test_an_unknown_job_has_no_attempts(store: Store) -> None:
    assert store.attempts.of("nothing") == ()
    with pytest.raises(JobNotFound):
        store.attempts.begin("nothing", "http://one", "p", "c")


# --- timings ------------------------------------------------------------------------------------------------------


def timed(store: Store, seconds: float, server: str = "http://one", **changes: object) -> None:
    job = add(store, **changes)
    store.attempts.begin(job.id, server, "p", "c")
    store.timings.add(job.id, [NodeTime("3", "KSampler", seconds), NodeTime(WHOLE, "", seconds + 1)])


def test_times_are_remembered_by_workflow_version_and_server(store: Store) -> None:
    timed(store, 1.0)
    timed(store, 2.0)
    timed(store, 9.0, workflow_version=2)
    timed(store, 9.0, workflow="upscale")
    timed(store, 9.0, server="http://two")
    past = store.timings.past("txt2img", 0, "http://one")
    assert past == {
        "3": (NodeTime("3", "KSampler", 2.0), NodeTime("3", "KSampler", 1.0)),
        WHOLE: (NodeTime(WHOLE, "", 3.0), NodeTime(WHOLE, "", 2.0)),
    }
    assert store.timings.past("nothing", 0, "http://one") == {}


def test_only_the_last_runs_are_remembered(store: Store) -> None:
    for number in range(KEPT + 3):
        timed(store, float(number))
    times = [time.seconds for time in store.timings.past("txt2img", 0, "http://one")["3"]]
    assert times == [float(number) for number in reversed(range(3, KEPT + 3))]


def test_a_second_telling_takes_the_place_of_the_first(store: Store) -> None:
    job = add(store)
    store.timings.add(job.id, [NodeTime("3", "KSampler", 1.0), NodeTime("4", "VAEDecode", 1.0)])
    store.timings.add(job.id, [NodeTime("3", "KSampler", 2.0)])
    assert store.timings.past("txt2img", 0, "") == {"3": (NodeTime("3", "KSampler", 2.0),)}
