"""Contract of results and the gallery, on both databases."""

from __future__ import annotations

import threading

import pytest

from comfy_api.errors import JobNotFound
from comfy_api.jobs.job import JobState
from comfy_api.store import Cursor, Filter, Store, Target
from comfy_api.workflow import Media
from tests.store.conftest import Clock, add, add_done, picture


def test_a_result_comes_back_as_it_was(store: Store) -> None:
    job = add(store)
    film = picture("f", "12", kind=Media.VIDEO, mime="video/mp4", name="film.mp4", recomputed=True, size=2**40)
    words = picture("t", "13", kind=Media.TEXT, mime="text/plain", text="日本 🐱", width=0, height=0)
    store.results.add(job.id, film)
    after = store.results.add(job.id, words)
    assert after.results == store.jobs.get("ann", job.id).results == (film, words)
    assert after.version > job.version


def test_the_same_result_is_kept_once(store: Store) -> None:
    job = add(store)
    first = store.results.add(job.id, picture("a"))
    assert store.results.add(job.id, picture("a")) == first
    assert store.results.add(job.id, picture("b", recomputed=True)) == first
    assert store.bin.usage() == 100


def test_racing_tellings_of_one_result_keep_it_once(store: Store, address: str) -> None:
    job = add(store)
    with Store(address) as other:
        threads = [
            threading.Thread(target=(store, other)[n % 2].results.add, args=(job.id, picture("a", index=n // 4)))
            for n in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert {result.index for result in store.jobs.get("ann", job.id).results} == {0, 1}
    assert store.bin.usage() == 100


def test_a_late_result_of_an_ended_job_is_kept(store: Store) -> None:
    job = add(store)
    store.jobs.update(job.id, state=JobState.STOPPED)
    assert store.results.add(job.id, picture("a")).results == (picture("a"),)


def test_an_unknown_job_takes_no_result(store: Store) -> None:
    with pytest.raises(JobNotFound):
        store.results.add("nothing", picture())
    assert store.bin.usage() == 0


def test_the_gallery_is_newest_first_by_pages(store: Store) -> None:
    """Jobs newest first, each one's results in the order in which they came; jobs without any take no place."""
    for name in ("a", "b", "c"):
        add_done(store, *(f"{name}{number}" for number in range(3)))
        add_done(store)
    seen, cursor = [], None
    while True:
        page = store.results.list("ann", cursor=cursor, limit=2)
        seen += [kept.picture.id[:2] for kept in page.results]
        if page.next is None:
            break
        cursor = Cursor.parse(str(page.next))
    assert seen == ["c0", "c1", "c2", "b0", "b1", "b2", "a0", "a1", "a2"]


def test_jobs_of_one_result_each_fill_a_page(store: Store) -> None:
    for name in "abcde":
        add_done(store, name)
    first = store.results.list("ann", limit=2)
    second = store.results.list("ann", cursor=first.next, limit=2)
    last = store.results.list("ann", cursor=second.next, limit=2)
    assert [[kept.picture.id[0] for kept in page.results] for page in (first, second, last)] == [
        *map(list, ("ed", "cb", "a"))
    ]
    assert last.next is None


def test_a_gallery_result_says_what_it_is_of(store: Store, clock: Clock) -> None:
    job = add(store, prompt_text="a fox", seed=2**64 - 1, workflow_version=4, created=5.0)
    store.attempts.begin(job.id, "http://one:8188", "p", "c")
    store.results.add(job.id, picture("a"))
    (kept,) = store.results.list("ann").results
    assert (kept.picture, kept.favourite, kept.at, kept.job_id) == (picture("a"), False, clock.now, job.id)
    assert (kept.workflow, kept.workflow_version, kept.title) == ("txt2img", 4, "Text to image")
    assert (kept.prompt_text, kept.seed, kept.server, kept.created) == ("a fox", 2**64 - 1, "http://one:8188", 5.0)


def test_gallery_filters(store: Store) -> None:
    fox = add_done(store, "a", "b", prompt_text="a red fox", created=100.0)
    add_done(store, "c", workflow="upscale", prompt_text="a red cat", created=200.0)
    add_done(store, "d", owner="bob", prompt_text="a red fox")
    store.results.favourite("ann", fox.id, picture("b").id)

    def found(**asked: object) -> str:
        return "".join(kept.picture.id[0] for kept in store.results.list("ann", Filter(**asked)).results)  # type: ignore[arg-type]

    assert found() == "cab"
    assert found(text="fox") == "ab"
    assert found(text="re") == "cab"
    assert found(workflow="upscale") == "c"
    assert found(until=150.0) == "ab"
    assert found(favourite=True) == "b"
    assert found(favourite=True, text="fox") == "b"
    assert found(favourite=True, text="cat") == ""
    assert found(text="fox", workflow="upscale") == ""


def test_pages_of_a_search_follow_each_other(store: Store) -> None:
    for number in range(5):
        add_done(store, f"{number}x", f"{number}y", prompt_text="a fox")
        add_done(store, f"{number}z", prompt_text="a cat")
    seen, cursor = [], None
    while True:
        page = store.results.list("ann", Filter(text="fo"), cursor, limit=3)
        seen += [kept.picture.id[:2] for kept in page.results]
        cursor = page.next
        if cursor is None:
            break
    assert seen == [f"{number}{place}" for number in reversed(range(5)) for place in "xy"]


def test_a_favourite_is_marked_and_unmarked(store: Store) -> None:
    job = add_done(store, "a", "b")
    store.results.favourite("ann", job.id, picture("a").id)
    store.results.favourite("ann", job.id, picture("a").id)
    assert [kept.favourite for kept in store.results.list("ann").results] == [True, False]
    store.results.favourite("ann", job.id, picture("a").id, False)
    assert store.results.list("ann", Filter(favourite=True)).results == ()
    for owner, picture_id in (("bob", picture("a").id), ("ann", "nothing")):
        with pytest.raises(JobNotFound):
            store.results.favourite(owner, job.id, picture_id)


def test_a_deleted_result_is_no_favourite_that_shows(store: Store) -> None:
    job = add_done(store, "a")
    store.results.favourite("ann", job.id, picture("a").id)
    store.bin.delete("ann", [Target(job.id, picture("a").id)])
    assert store.results.list("ann", Filter(favourite=True)).results == ()
    assert store.jobs.list("ann", Filter(favourite=True)).jobs == ()
