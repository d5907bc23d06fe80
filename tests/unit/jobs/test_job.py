"""States, the policy, estimates and presence: pure."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comfy_api.jobs.eta import seconds_left, seconds_until
from comfy_api.jobs.job import MOVES, ForbiddenMove, Job, JobState
from comfy_api.jobs.policy import must_stop
from comfy_api.jobs.presence import Presence

FORM = {"workflow": "txt2img", "prompt": "a fox", "seed": ""}


def job(**changes: object) -> Job:
    return Job(**{"id": "1", "owner": "ann", "workflow": "txt2img", "title": "Text", "values": FORM, **changes})


@pytest.mark.parametrize(("before", "after"), list(itertools.product(JobState, JobState)))
def test_a_state_follows_only_where_the_table_says_so(before: JobState, after: JobState) -> None:
    now = job(state=before)
    if after is before or after in MOVES[before]:
        assert now.evolve(state=after).state is after
    else:
        with pytest.raises(ForbiddenMove):
            now.evolve(state=after)


def test_every_state_leads_to_an_end() -> None:
    for state in JobState:
        reached, edge = set(), {state}
        while edge:
            reached |= edge
            edge = {after for before in edge for after in MOVES[before]} - reached
        assert any(found.over for found in reached)


def test_each_moment_has_its_version() -> None:
    first = job()
    assert first.evolve(fraction=0.5).version == first.version + 1


# --- interrupt on rerun -------------------------------------------------------------------------------------------


def test_a_changed_value_or_generate_stops_the_job() -> None:
    running = job(state=JobState.RUNNING)
    assert must_stop(running, {**FORM, "prompt": "a cat"}, False)
    assert must_stop(running, FORM, True)
    assert must_stop(job(state=JobState.QUEUED), {**FORM, "prompt": "a cat"}, False)


def test_a_rerun_with_the_same_values_stops_nothing() -> None:
    assert not must_stop(job(state=JobState.RUNNING), dict(FORM), False)


@pytest.mark.parametrize("state", [state for state in JobState if state.over])
def test_what_is_over_is_not_stopped(state: JobState) -> None:
    assert not must_stop(job(state=state), {}, True)


def test_let_it_finish_is_let_finish() -> None:
    assert not must_stop(job(state=JobState.RUNNING, keep=True), {}, True)
    assert not must_stop(None, {}, True)


# --- estimates ----------------------------------------------------------------------------------------------------


def test_a_guess_waits_until_there_is_something_to_guess_from() -> None:
    assert seconds_left(0.01, 5.0) is None
    assert seconds_left(0.5, 0.1) is None
    assert seconds_left(0.25, 10.0) == pytest.approx(30.0)


@given(st.floats(0.0, 1.0), st.floats(0.0, 1e6), st.none() | st.floats(0.0, 1e6))
def test_a_guess_is_never_negative(fraction: float, elapsed: float, before: float | None) -> None:
    left = seconds_left(fraction, elapsed, before)
    assert left is None or left >= 0


def test_waiting_counts_the_jobs_before() -> None:
    assert seconds_until(3, 10.0, 4.0) == pytest.approx(24.0)
    assert seconds_until(0, 10.0, None) == 0.0
    assert seconds_until(1, None, 4.0) == 4.0
    assert seconds_until(2, None, 4.0) is None


# --- presence -----------------------------------------------------------------------------------------------------


def presence() -> Presence:
    return Presence(goodbye_grace=4.0, silent_grace=600.0)


def test_a_goodbye_has_the_short_grace_and_a_loss_the_long_one() -> None:
    seen = presence()
    seen.expect("said", 0.0)
    seen.expect("lost", 0.0)
    for name in ("said", "lost"):
        seen.join(name)
    assert seen.next_deadline() is None
    seen.leave("said", 10.0, goodbye=True)
    seen.leave("lost", 10.0, goodbye=False)
    assert seen.overdue(13.9) == []
    assert seen.overdue(14.0) == ["said"]
    assert set(seen.overdue(610.0)) == {"said", "lost"}


def test_a_view_that_comes_back_in_time_lifts_the_deadline() -> None:
    seen = presence()
    seen.expect("1", 0.0)
    seen.join("1")
    seen.leave("1", 10.0, goodbye=True)
    seen.join("1")
    assert seen.overdue(1e9) == []


def test_one_of_two_views_may_go() -> None:
    seen = presence()
    seen.expect("1", 0.0)
    seen.join("1")
    seen.join("1")
    seen.leave("1", 10.0, goodbye=True)
    assert seen.next_deadline() is None


def test_a_page_that_never_looks_is_a_silent_loss() -> None:
    seen = presence()
    seen.expect("1", 0.0)
    assert seen.overdue(599.0) == []
    assert seen.overdue(600.0) == ["1"]
    seen.forget("1")
    assert seen.overdue(601.0) == []


def test_a_job_that_nobody_expects_is_left_alone() -> None:
    seen = presence()
    seen.join("kept")
    seen.leave("kept", 0.0, goodbye=True)
    assert seen.next_deadline() is None
