"""The live view's websocket."""

from __future__ import annotations

import itertools
import threading
import time

import pytest
import websocket

from comfy_api.jobs.job import Job, JobState
from comfy_api.testing import FakeComfyUI, Play, steps
from tests.conftest import Until
from tests.http.conftest import Browser, Site, until_state

_seeds = itertools.count(1)


def submit(site: Site, browser: Browser, **options: object) -> Job:
    values = {"prompt": "a fox", "seed": next(_seeds), "images": 2, "size": [64, 64], "steps": 3}
    return site.service.submit(browser.owner, "txt2img", values, **options)


def test_a_viewer_sees_the_job_to_its_end(site: Site) -> None:
    browser = site.browser()
    job = submit(site, browser)
    line = browser.live(job.id)
    state = until_state(line, over=True)
    assert (state["state"], state["fraction"], state["seed"]) == ("succeeded", 1.0, str(job.seed))
    assert [result["stage"] for result in state["results"]] == ["Picture", "Picture"]
    for name in ("url", "thumb", "download"):
        assert browser.session.get(f"{site.url}{state['results'][0][name]}", timeout=5).ok
    assert line.recv_data()[0] == websocket.ABNF.OPCODE_CLOSE
    line.shutdown()


def test_previews_come_as_they_were_and_one_at_a_time(site: Site, comfy: FakeComfyUI) -> None:
    frames = [f"\xff\xd8\xff{number}".encode("latin-1") + b"\xff\xd9" for number in range(3)]
    comfy.script(
        Play(
            steps.start(), steps.executing("3"),
            steps.preview("3", frames[0]), steps.gate("one"),
            steps.preview("3", frames[1]), steps.preview("3", frames[2]), steps.progress("3", 2, 3), steps.gate("two"),
            steps.success(), steps.end(),
        )
    )  # fmt: skip
    browser = site.browser()
    job = submit(site, browser)
    comfy.wait_at("one")
    line = browser.live(job.id)
    seen: list[bytes] = []
    while not seen:
        opcode, data = line.recv_data()
        seen += [data] if opcode == websocket.ABNF.OPCODE_BINARY else []
    comfy.open("one")
    comfy.wait_at("two")
    until_state(line, step=2)  # acknowledges nothing: no second picture has come
    line.send("a")
    while len(seen) < 2:
        opcode, data = line.recv_data()
        seen += [data] if opcode == websocket.ABNF.OPCODE_BINARY else []
    assert seen == [frames[0], frames[2]]
    comfy.open("two")
    line.shutdown()


def test_nobody_else_may_look(site: Site, comfy: FakeComfyUI) -> None:
    comfy.script(Play.usual(before={"executing 3": steps.gate()}))
    ann, bob = site.browser(), site.browser()
    job = submit(site, ann)
    assert ann.owner != bob.owner
    for line in (bob.live(job.id), ann.live("unknown")):
        opcode, data = line.recv_data()
        assert (opcode, data[:2]) == (websocket.ABNF.OPCODE_CLOSE, (1008).to_bytes(2, "big"))
        line.shutdown()
    for attempt in (
        lambda: ann.live(job.id, origin="https://evil.example"),
        lambda: websocket.create_connection(
            f"{site.url.replace('http', 'ws')}{site.base}/easel/jobs/{job.id}/live", timeout=5
        ),
    ):
        with pytest.raises(websocket.WebSocketBadStatusException):
            attempt()
    comfy.open()


def test_the_escape_key_stops_ones_own_job(site: Site, comfy: FakeComfyUI) -> None:
    comfy.script(Play.usual(after={"progress 3 1": steps.gate()}))
    browser = site.browser()
    job = submit(site, browser)
    line = browser.live(job.id)
    comfy.wait_at()
    line.send("stop")
    comfy.wait_for(lambda: any(request.path.endswith("/interrupt") for request in comfy.requests))
    comfy.open()
    assert until_state(line, over=True)["state"] == "stopped"
    line.shutdown()


def test_a_goodbye_stops_the_job_after_the_grace(site: Site, comfy: FakeComfyUI, until: Until) -> None:
    comfy.script(Play.usual(after={"progress 3 1": steps.gate()}))
    browser = site.browser()
    job = submit(site, browser)
    line = browser.live(job.id)
    comfy.wait_at()
    line.send("bye")
    line.shutdown()
    comfy.wait_for(lambda: any(request.path.endswith("/interrupt") for request in comfy.requests))
    comfy.open()
    until(lambda: site.service.get(browser.owner, job.id).over)
    job = site.service.get(browser.owner, job.id)
    assert (job.state, job.reason) == (JobState.STOPPED, "left")


def test_a_reload_within_the_grace_stops_nothing(site: Site, comfy: FakeComfyUI, until: Until) -> None:
    comfy.script(Play.usual(after={"progress 3 1": steps.gate()}))
    browser = site.browser()
    job = submit(site, browser)
    first = browser.live(job.id)
    comfy.wait_at()
    first.send("bye")
    second = browser.live(job.id)
    first.shutdown()
    until(lambda: site.service._presence._seen[job.id].viewers == 1)
    assert site.service._presence.next_deadline() is None
    comfy.open()
    assert until_state(second, over=True)["state"] == "succeeded"
    second.shutdown()


def test_a_silent_loss_has_the_longer_grace(site: Site, comfy: FakeComfyUI, until: Until) -> None:
    comfy.script(Play.usual(after={"progress 3 1": steps.gate()}))
    browser = site.browser()
    job = submit(site, browser)
    line = browser.live(job.id)
    comfy.wait_at()
    line.shutdown()
    presence = site.service._presence
    until(lambda: presence.next_deadline() is not None)
    assert presence.overdue(presence.next_deadline() - 1) == []
    comfy.open()
    until(lambda: site.service.get(browser.owner, job.id).over)
    assert site.service.get(browser.owner, job.id).state is JobState.SUCCEEDED


@pytest.mark.parametrize("switched", [False, True], ids=["from the start", "switched"])
def test_leaving_stops_no_job_that_is_to_finish(site: Site, comfy: FakeComfyUI, until: Until, switched: bool) -> None:
    comfy.script(Play.usual(after={"progress 3 1": steps.gate()}))
    browser = site.browser()
    job = submit(site, browser, keep=not switched)
    line = browser.live(job.id)
    comfy.wait_at()
    if switched:
        site.service.keep(browser.owner, job.id, True)
    line.send("bye")
    line.shutdown()
    until(lambda: site.service._presence.overdue(time.monotonic()))
    assert not site.service.get(browser.owner, job.id).reason
    comfy.open()
    until(lambda: site.service.get(browser.owner, job.id).over)
    assert site.service.get(browser.owner, job.id).state is JobState.SUCCEEDED


def test_a_job_tied_to_its_page_again_is_stopped_when_that_is_left(
    site: Site, comfy: FakeComfyUI, until: Until
) -> None:
    comfy.script(Play.usual(after={"progress 3 1": steps.gate()}))
    browser = site.browser()
    job = submit(site, browser, keep=True)
    line = browser.live(job.id)
    comfy.wait_at()
    site.service.keep(browser.owner, job.id, False)
    assert site.service._presence.next_deadline() is None
    line.send("bye")
    line.shutdown()
    until(lambda: site.service.get(browser.owner, job.id).reason == "left")
    comfy.open()
    until(lambda: site.service.get(browser.owner, job.id).over)


def test_a_viewer_that_never_reads_holds_up_nobody(site: Site, comfy: FakeComfyUI, until: Until) -> None:
    comfy.script(Play.stream(rate=200, seconds=0.5))
    browser = site.browser()
    job = submit(site, browser)
    lazy, eager = browser.live(job.id), browser.live(job.id)
    assert until_state(eager, over=True)["over"]
    for line in (lazy, eager):
        line.shutdown()
    assert not [thread for thread in threading.enumerate() if thread.name == "easel-receiver"]
