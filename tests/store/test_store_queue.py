"""Contract of the line: any JobQueue keeps it. Turns and places belong to the store's own."""

from __future__ import annotations

import random
import threading

import pytest

from comfy_api.errors import ClaimLost, JobNotFound
from comfy_api.jobs.job import JobState
from comfy_api.store import Claim, JobQueue, Store, Target
from tests.store.conftest import Clock, add


def drain(store: Store) -> list[str]:
    """Ids in the order in which they are claimed."""
    claimed = []
    while (claim := store.queue.claim("drain")) is not None:
        claimed.append(claim.job_id)
    return claimed


# --- the protocol -------------------------------------------------------------------------------------------------


@pytest.fixture
def line(store: Store) -> JobQueue:
    return store.queue


def test_an_empty_line_gives_nothing(line: JobQueue) -> None:
    assert line.claim("one") is None


def test_a_job_is_claimed_once(store: Store, line: JobQueue) -> None:
    job = add(store)
    assert line.claim("one") == Claim(job.id, "one")
    assert line.claim("two") is None


def test_racing_claims_share_the_line(store: Store, line: JobQueue, address: str) -> None:
    """Two processes, many threads: every job goes to one of them."""
    jobs = {add(store, owner=f"owner {number % 3}").id for number in range(24)}
    claimed: list[str] = []

    def work(where: JobQueue, holder: str) -> None:
        while (claim := where.claim(holder)) is not None:
            claimed.append(claim.job_id)

    with Store(address) as other:
        lines = (line, other.queue)
        threads = [threading.Thread(target=work, args=(lines[n % 2], str(n))) for n in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert len(claimed) == len(jobs)
    assert set(claimed) == jobs


def test_a_released_job_is_the_next_one_again(store: Store, line: JobQueue) -> None:
    job = add(store)
    add(store, owner="bob")
    add(store)
    claim = line.claim("one")
    assert claim == Claim(job.id, "one")
    line.release(claim)
    assert line.claim("two") == Claim(job.id, "two")


def test_a_finished_job_is_gone(store: Store, line: JobQueue) -> None:
    add(store)
    claim = line.claim("one")
    assert claim is not None
    line.heartbeat(claim)
    line.finish(claim)
    line.finish(claim)
    assert line.claim("two") is None
    for act in (line.heartbeat, line.release):
        with pytest.raises(ClaimLost):
            act(claim)


def test_what_was_given_to_someone_else_is_left_alone(store: Store, line: JobQueue) -> None:
    add(store)
    old = line.claim("one")
    assert old is not None
    line.release(old)
    new = line.claim("two")
    assert new is not None
    for act in (line.heartbeat, line.release):
        with pytest.raises(ClaimLost):
            act(old)
    line.finish(old)
    line.heartbeat(new)


# --- with the record ----------------------------------------------------------------------------------------------


def test_a_stopped_job_leaves_the_line(store: Store) -> None:
    first, second = add(store), add(store)
    store.jobs.update(first.id, state=JobState.STOPPED)
    assert store.queue.waiting("ann") == 1
    assert drain(store) == [second.id]
    assert store.queue.waiting("ann") == 0


def test_an_ended_job_takes_its_claim_with_it(store: Store) -> None:
    job = add(store)
    claim = store.queue.claim("one")
    assert claim is not None
    store.jobs.update(job.id, state=JobState.SUBMITTED)
    store.queue.heartbeat(claim)
    store.jobs.update(job.id, state=JobState.STOPPED)
    with pytest.raises(ClaimLost):
        store.queue.heartbeat(claim)


def test_a_claimed_job_that_ends_was_counted_out_of_the_line_already(store: Store) -> None:
    job, second, third = add(store), add(store), add(store)
    store.queue.claim("one")
    store.jobs.update(job.id, state=JobState.STOPPED)
    assert store.queue.waiting("ann") == 2
    assert drain(store) == [second.id, third.id]


def test_claims_of_the_dead_are_adopted(store: Store, clock: Clock) -> None:
    sent, unsent = add(store), add(store)
    waiting = add(store)
    held = [store.queue.claim("dead"), store.queue.claim("dead")]
    store.jobs.update(sent.id, state=JobState.SUBMITTED)
    clock.tick(30)
    assert held[1] is not None
    store.queue.heartbeat(held[1])
    assert store.queue.adopt("new", silent=20) == (Claim(sent.id, "new"),)
    assert store.queue.adopt("new") == (Claim(unsent.id, "new"),)
    assert store.queue.adopt("new") == ()
    with pytest.raises(ClaimLost):
        store.queue.heartbeat(held[1])
    assert drain(store) == [waiting.id]


# --- turns --------------------------------------------------------------------------------------------------------


def test_owners_take_turns(store: Store) -> None:
    ann = [add(store, owner="ann").id for _ in range(4)]
    bob = [add(store, owner="bob").id for _ in range(2)]
    cleo = [add(store, owner="cleo").id]
    assert drain(store) == [ann[0], bob[0], cleo[0], ann[1], bob[1], ann[2], ann[3]]


def test_who_comes_later_waits_one_turn_of_each(store: Store) -> None:
    for owner in ("ann", "bob"):
        for _ in range(5):
            add(store, owner=owner)
    store.queue.claim("one")
    late = add(store, owner="cleo")
    assert store.queue.places("cleo") == {late.id: 2}
    assert drain(store).index(late.id) == 2


def test_who_submits_one_at_a_time_gets_every_other_turn(store: Store) -> None:
    for _ in range(6):
        add(store, owner="ann")
    owners = []
    for _ in range(6):
        if not store.queue.waiting("bob"):
            add(store, owner="bob")
        claim = store.queue.claim("one")
        assert claim is not None
        job = store.jobs.find(claim.job_id)
        assert job is not None
        owners.append(job.owner)
    assert owners == ["ann", "bob"] * 3


def test_one_reorders_among_ones_own(store: Store) -> None:
    ann = [add(store, owner="ann").id for _ in range(4)]
    bob = [add(store, owner="bob").id for _ in range(2)]
    store.queue.reorder("ann", [ann[3], bob[1], ann[0], "nothing", ann[3]])
    assert list(store.queue.places("ann")) == [ann[3], ann[1], ann[2], ann[0]]
    store.queue.reorder("bob", [ann[0], ann[3]])
    assert drain(store) == [ann[3], bob[0], ann[1], bob[1], ann[2], ann[0]]


@pytest.mark.parametrize("seed", range(4))
def test_places_are_the_order_of_claims(store: Store, seed: int) -> None:
    rng = random.Random(seed)
    owners = ["ann", "bob", "cleo", "dan"]
    waiting: list[str] = []
    for _ in range(40):
        deed = rng.choice(["add", "add", "add", "claim", "release", "stop", "reorder"])
        owner = rng.choice(owners)
        if deed == "add":
            waiting.append(add(store, owner=owner).id)
        elif deed == "reorder":
            mine = list(store.queue.places(owner))
            store.queue.reorder(owner, rng.sample(mine, len(mine)))
        elif deed == "stop" and waiting:
            store.jobs.update(waiting.pop(rng.randrange(len(waiting))), state=JobState.STOPPED)
        elif (claim := store.queue.claim("one")) is not None:
            if deed == "release":
                store.queue.release(claim)
            else:
                waiting.remove(claim.job_id)
    places = {job_id: place for owner in owners for job_id, place in store.queue.places(owner).items()}
    assert sorted(places, key=places.__getitem__) == drain(store)
    assert sorted(places.values()) == list(range(len(waiting)))


def test_a_deleted_job_is_not_in_the_line(store: Store, clock: Clock) -> None:
    job = add(store)
    store.jobs.update(job.id, state=JobState.STOPPED)
    store.bin.delete("ann", [Target(job.id)])
    clock.tick()
    store.bin.purge(clock.now)
    assert drain(store) == []
    with pytest.raises(JobNotFound):
        store.jobs.get("ann", job.id)
