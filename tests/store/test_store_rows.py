"""A job as it is kept, and back: pure."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comfy_api.jobs.job import Job, JobState, Picture, Problem, Stage
from comfy_api.store.columns import storable
from comfy_api.store.rows import LIVE, JobRow, ResultRow, from_result, from_row, to_result, to_row
from comfy_api.store.schema import jobs, results
from comfy_api.workflow import Media

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
FORM = st.dictionaries(st.text(), JSON, max_size=4)
PICTURES = st.builds(Picture, *[st.text()] * 2, st.integers(0, 99), *[st.text()] * 2, *[st.integers(0, 9999)] * 3)
LIVE_FREE = {
    "values": FORM,
    "used": FORM,
    "seed": st.none() | st.integers(0, 2**64 - 1),
    "stages": st.lists(st.builds(Stage, st.text(), st.text(), st.integers(0, 9), st.sampled_from(Media))).map(tuple),
    "shown": st.none() | st.lists(st.text()).map(tuple),
    "state": st.sampled_from(JobState),
    "results": st.lists(PICTURES, max_size=2).map(tuple),
    "problem": st.none() | st.builds(Problem, *[st.text()] * 4),
    "started": st.none() | NUMBERS,
    "ended": st.none() | NUMBERS,
    "created": NUMBERS,
    **{name: st.just(field.default) for field in fields(Job) if (name := field.name) in LIVE},
}
JOBS = st.builds(Job, **LIVE_FREE)


@given(JOBS)
def test_a_job_is_kept_whole(job: Job) -> None:
    assert from_row(to_row(job), job.results) == job


@given(PICTURES)
def test_a_result_is_kept_whole(picture: Picture) -> None:
    assert from_result(to_result(picture)) == picture


@given(JOBS)
def test_only_what_changed_is_written(job: Job) -> None:
    assert to_row(job).changes(to_row(job)) == {}
    assert to_row(job).changes(to_row(job.evolve(reason=job.reason + "!"))) == {
        "reason": job.reason + "!",
        "version": job.version + 1,
    }


def test_every_part_of_a_job_is_kept_or_said_not_to_be() -> None:
    renamed = {"values": "typed"}
    kept = {field.name for field in fields(JobRow)}
    parts = {renamed.get(field.name, field.name) for field in fields(Job)}
    assert parts == kept | LIVE | {"results"}


@pytest.mark.parametrize(
    ("row", "table", "ours"),
    [
        (JobRow, jobs, {"seq", "server", "graph", "pictures", "favourites", "deleted"}),
        (ResultRow, results, {"job", "number", "favourite", "at", "deleted"}),
    ],
)
def test_rows_are_the_tables(row: type, table: object, ours: set[str]) -> None:
    assert {field.name for field in fields(row)} | ours == set(table.c.keys())  # type: ignore[attr-defined]


@given(st.text(st.characters()))
def test_what_no_database_takes_is_replaced(text: str) -> None:
    storable(text + "\x00\ud83d").encode("utf-8")
    assert storable("a\x00b\ud83d") == "a\ufffdb\ufffd"
    assert storable("日本語 🐱 é") == "日本語 🐱 é"
