"""Stopping a run: this one and no other, at every moment, and confirmed by the server."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from running import FAST, Connect, events_of, graph, of, places, two_stages

from comfy_api import ComfyClient, Run
from comfy_api.errors import RunStopped, ServerUnreachable
from comfy_api.protocol.events import Failed, Finished, Result, Stopped
from comfy_api.testing import FakeComfyUI, Play, steps

HELD = Play.usual(before={"progress 3 2": steps.gate()})
APIS = ["0.3.64", "0.38"]


def interrupts(comfy: FakeComfyUI) -> list[Any]:
    """The bodies of every interrupt."""
    return [request.json for request in comfy.requests if request.path.endswith("/interrupt")]


def assert_stopped(run: Run, comfy: FakeComfyUI) -> None:
    assert run.stop(10)
    assert run.over
    assert events_of(run)[-1] == Stopped(asked=True)
    with pytest.raises(RunStopped, match="Stopped") as caught:
        run.wait(1)
    assert caught.value.asked
    assert comfy.remaining == 0
    assert not [body for body in interrupts(comfy) if not body.get("prompt_id")], "a global interrupt"


@pytest.mark.parametrize("api", APIS)
def test_a_waiting_run_is_taken_out(connect: Connect, api: Any) -> None:
    with FakeComfyUI(api) as comfy:
        comfy.hold()
        run = connect(comfy.url).run(graph(), timing=FAST)
        assert_stopped(run, comfy)
        assert interrupts(comfy) == []


@pytest.mark.parametrize("api", APIS)
def test_a_running_run_is_interrupted_by_its_id(connect: Connect, api: Any) -> None:
    with FakeComfyUI(api) as comfy:
        comfy.script(HELD)
        run = connect(comfy.url).run(graph(), timing=FAST)
        comfy.wait_at()
        assert_stopped(run, comfy)


@pytest.mark.parametrize("api", APIS)
def test_others_go_on(connect: Connect, api: Any) -> None:
    with FakeComfyUI(api) as comfy:
        comfy.script(HELD)
        client = connect(comfy.url)
        running = client.run(graph(), timing=FAST)
        comfy.wait_at()
        mine, theirs = client.run(graph(seed=1), timing=FAST), connect(comfy.url).run(graph(seed=2), timing=FAST)
        assert mine.stop(10)
        assert comfy.remaining == 2
        assert running.stop(10)
        comfy.open()
        assert theirs.wait(10)
        assert not running.results


def test_stop_does_not_wait_unless_told(comfy: FakeComfyUI, client: ComfyClient) -> None:
    comfy.script(Play.usual(before={"progress 3 2": steps.gate()}, interruptible=False))
    run = client.run(graph(), timing=FAST)
    comfy.wait_at()
    assert run.stop() is False
    assert run.stop(0.05) is False
    comfy.open()
    run.stop(10)


def test_stopping_twice_and_after_the_end_is_fine(comfy: FakeComfyUI, client: ComfyClient) -> None:
    comfy.script(HELD, Play.usual())
    run = client.run(graph(), timing=FAST)
    comfy.wait_at()
    run.stop()
    assert_stopped(run, comfy)
    done = client.run(graph(seed=1), timing=FAST)
    done.wait(10)
    seen = len(comfy.requests)
    assert done.stop(1)
    assert len(comfy.requests) == seen
    assert isinstance(events_of(done)[-1], Finished)


def test_stopping_from_many_threads_ends_it_once(comfy: FakeComfyUI, client: ComfyClient) -> None:
    comfy.script(HELD)
    run = client.run(graph(), timing=FAST)
    comfy.wait_at()
    threads = [threading.Thread(target=run.stop, args=(10,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(15)
    assert len(of(Stopped, events_of(run))) == 1


def test_a_node_that_does_not_look_up_runs_to_its_end_first(comfy: FakeComfyUI, client: ComfyClient) -> None:
    play = Play.usual(before={"progress 3 1": steps.gate(), "progress 3 2": steps.interrupted()}, interruptible=False)
    comfy.script(play)
    run = client.run(graph(), timing=FAST)
    comfy.wait_at()
    assert not run.stop(0.2)
    comfy.open()
    assert run.stop(10)


def test_a_run_that_is_done_before_the_stop_arrives_is_done(comfy: FakeComfyUI, client: ComfyClient) -> None:
    comfy.script(Play.usual(before={"end": steps.gate()}, interruptible=False))
    run = client.run(graph(), timing=FAST)
    comfy.wait_at()
    run.stop()
    comfy.open()
    assert len(run.wait(10)) == 1
    assert isinstance(events_of(run)[-1], Finished)


def test_results_so_far_are_kept(comfy: FakeComfyUI, client: ComfyClient) -> None:
    comfy.script(Play.usual(before={"executing 10": steps.gate()}))
    comfy.fail("GET /view", "slow", seconds=0.3)
    run = client.run(two_stages("SaveImage"), timing=FAST)
    comfy.wait_at()
    assert run.stop(10)
    assert places(run.results) == places(of(Result, events_of(run))) == [("9", 0)]


@pytest.mark.parametrize("lost", ["POST /interrupt", "POST /queue"])
@pytest.mark.parametrize("fault", [200, 500, "close-before-answer", "close-after-accept"])
def test_a_stop_that_got_lost_is_asked_for_again(
    comfy: FakeComfyUI, client: ComfyClient, lost: str, fault: Any
) -> None:
    if lost == "POST /queue":
        comfy.hold()
    else:
        comfy.script(HELD)
    run = client.run(graph(), timing=FAST)
    if lost != "POST /queue":
        comfy.wait_at()
    comfy.fail(lost, fault, times=2)
    assert_stopped(run, comfy)


@pytest.mark.parametrize("cut", [steps.drop(), steps.silence()])
def test_a_stop_is_confirmed_without_a_word_on_the_socket(comfy: FakeComfyUI, client: ComfyClient, cut: Any) -> None:
    comfy.script(Play.usual(before={"progress 3 2": [cut, steps.gate()]}))
    comfy.fail("WS /ws", 503, times=None)
    comfy.heal()
    run = client.run(graph(), timing=FAST)
    comfy.wait_at()
    comfy.fail("WS /ws", 503, times=None)
    assert_stopped(run, comfy)


def test_a_stop_whose_history_is_lost_is_confirmed_by_the_queue(comfy: FakeComfyUI, client: ComfyClient) -> None:
    comfy.script(Play.usual(before={"progress 3 2": [steps.silence(), steps.lose_history(), steps.gate()]}))
    run = client.run(graph(), timing=FAST)
    comfy.wait_at()
    assert_stopped(run, comfy)


def test_a_stop_while_lost_results_are_posted_again(comfy: FakeComfyUI, client: ComfyClient) -> None:
    """The POST of the second attempt is not answered yet: whoever posts it cancels it."""
    held = Play.usual(before={"start": [steps.gate("again"), steps.answer(), steps.gate("never")]})
    comfy.script(Play.usual(before={"result 9 0": steps.drop()}), held)
    run = client.run(graph(), timing=FAST)
    comfy.wait_at("again")
    assert run.stop() is False
    comfy.open("again")
    assert_stopped(run, comfy)
    assert len(comfy.prompts) == 2


def test_a_stop_while_a_post_finds_nobody(comfy: FakeComfyUI, client: ComfyClient) -> None:
    comfy.script(Play.usual(before={"result 9 0": [steps.drop(), steps.gate()]}), Play.usual())
    run = client.run(graph(), timing=FAST)
    comfy.wait_at()
    comfy.fail("POST /prompt", "close-before-answer", times=None)
    comfy.open()
    comfy.wait_for(lambda: sum(request.path == "/prompt" for request in comfy.requests) > 2)
    assert_stopped(run, comfy)


def test_a_stop_while_the_server_is_restarted(comfy: FakeComfyUI, client: ComfyClient) -> None:
    comfy.script(HELD)
    run = client.run(graph(), timing=FAST)
    comfy.wait_at()
    comfy.stop_listening()
    assert run.stop() is False
    comfy.restart()
    comfy.resume()
    assert_stopped(run, comfy)
    assert len(comfy.prompts) == 1


def test_a_stop_that_nobody_can_confirm_is_an_error_after_patience(comfy: FakeComfyUI, client: ComfyClient) -> None:
    comfy.script(HELD)
    run = client.run(graph(), timing=FAST, patience=0.3)
    comfy.wait_at()
    comfy.stop_listening()
    assert run.stop(10)
    assert isinstance(events_of(run)[-1], Failed)
    with pytest.raises(ServerUnreachable):
        run.wait(1)


def test_a_stop_at_any_moment_leaves_nothing_behind(connect: Connect) -> None:
    for moment in ("start", "cached", "executing 3", "progress 3 1", "executing 9", "result 9 0", "success"):
        with FakeComfyUI() as comfy:
            comfy.script(Play.usual(before={moment: steps.gate()}))
            run = connect(comfy.url).run(graph(), timing=FAST)
            comfy.wait_at()
            assert run.stop(10), moment
            assert isinstance(events_of(run)[-1], Stopped), moment
            assert comfy.remaining == 0
