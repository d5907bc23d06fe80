"""A run whose line breaks: what is lost is had again, nothing runs twice, and every wait ends."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from typing import Any

import pytest
import websocket
from running import FAST, Connect, events_of, graph, names, of, places, two_stages
from tcp_proxy import proxy_to

from comfy_api import ComfyClient
from comfy_api.errors import ProtocolError, ResultsLost, RunLost, RunTimeout, ServerUnreachable, SignInNeeded
from comfy_api.protocol.events import Failed, Finished, LineBroken, LineMended, Result, Started, Stopped
from comfy_api.testing import FakeComfyUI, Play, noise_png, png, steps

SENDERS = ["SaveImageWebsocket", "ETN_SendImageWebSocket"]
ALL = ["PreviewImage", "SaveImage", *SENDERS]


def run_inputs(comfy: FakeComfyUI, node: str = "9") -> list[Any]:
    """What made the output node run anew, of every prompt."""
    return [body["prompt"][node]["inputs"].get("_run") for body in comfy.prompts]


def asked(comfy: FakeComfyUI, route: str) -> int:
    return sum(f"{request.method} {request.path}" == route for request in comfy.requests)


def finished(comfy: FakeComfyUI, client: ComfyClient) -> list[str]:
    """The prompts that ran to their end."""
    return [entry.prompt_id for entry in client.get_history() if not entry.outcome.interrupted]


# --- the socket breaks ---


@pytest.mark.parametrize("cut", [steps.drop(), steps.drop(1001), steps.reset()])
def test_a_break_is_mended_with_flags_anew_and_nothing_runs_twice(
    comfy: FakeComfyUI, client: ComfyClient, cut: Any
) -> None:
    comfy.script(Play.usual(before={"progress 3 2": [cut, steps.gate()]}))
    run = client.run(graph("ETN_SendImageWebSocket"), timing=FAST)
    comfy.wait_for(lambda: comfy.sockets_opened == 2 and len(comfy.client_messages) == 2)
    comfy.open()
    (result,) = run.wait(10)
    assert result.data == png(32, 16, 7)
    events = events_of(run)
    assert [name for name in names(events) if name.startswith("Line")] == ["LineBroken", "LineMended"]
    assert of(LineMended, events)[0].seconds > 0
    assert [json.loads(text)["type"] for _, text in comfy.client_messages] == ["feature_flags"] * 2
    assert len({sid for sid, _ in comfy.client_messages}) == 1
    assert len(comfy.prompts) == 1


def test_the_old_socket_is_closed_before_a_new_one_is_opened(comfy: FakeComfyUI, client: ComfyClient) -> None:
    """A real server makes the new one deaf when the old one is closed after it (protocol.md §0.2)."""
    comfy.script(Play.usual(before={"start": [steps.silence(), steps.gate()]}))
    impatient = replace(FAST, ping_every=0.02, pong_within=0.1)
    with proxy_to(comfy.url) as (proxy, url), ComfyClient(url) as through:
        run = through.run(graph("ETN_SendImageWebSocket"), timing=impatient)
        comfy.wait_at()
        proxy.block()  # our close does not get through either
        comfy.wait_for(lambda: comfy.sockets_opened == 2)
        assert len(comfy.sockets) == 1
        comfy.open()
        assert run.wait(10)


@pytest.mark.parametrize("sender", ALL)
@pytest.mark.parametrize(
    "where", ["start", "executing 3", "progress 3 2", "executing 9", "result 9 1", "success", "end"]
)
def test_pictures_arrive_once_wherever_the_line_breaks(connect: Connect, sender: str, where: str) -> None:
    with FakeComfyUI() as comfy:
        comfy.script(Play.usual(before={where: steps.drop()}), Play.usual())
        client = connect(comfy.url)
        run = client.run(graph(sender, batch=3), timing=FAST)
        run.wait(10)
        assert sorted(places(run.results)) == [("9", 0), ("9", 1), ("9", 2)]
        for result in run.results:
            assert result.data == png(32, 16, 7 + result.index)
        assert sorted(places(of(Result, events_of(run)))) == sorted(places(run.results))


@pytest.mark.parametrize("sender", SENDERS)
def test_a_lost_result_is_posted_again_at_once_alone_and_with_a_fresh_input(connect: Connect, sender: str) -> None:
    with FakeComfyUI() as comfy:
        comfy.script(Play.usual(before={"result 9 0": [steps.drop(), steps.gate()]}), Play.usual())
        client = connect(comfy.url)
        run = client.run(graph(sender), timing=FAST)
        comfy.wait_at()
        other = client.run(graph(seed=99), timing=FAST)
        comfy.open()
        (result,) = run.wait(10)
        first, between, again = comfy.prompts
        assert between["prompt"]["3"]["inputs"]["seed"] == 99
        assert again["partial_execution_targets"] == ["9"]
        assert again["front"] is True
        assert again["prompt"]["9"]["class_type"] == sender
        inputs = run_inputs(comfy)
        assert inputs[2] not in (None, inputs[0])
        assert {**again["prompt"], "9": 0} == {**first["prompt"], "9": 0}
        assert again["client_id"] == first["client_id"]
        assert other.wait(10)
        assert result.data == png(32, 16, 7)


def test_what_is_had_again_from_the_cache_is_not_called_recomputed(comfy: FakeComfyUI, client: ComfyClient) -> None:
    comfy.script(Play.usual(before={"result 9 0": steps.drop()}), Play.usual())
    (result,) = client.run(graph(), timing=FAST).wait(10)
    assert not result.recomputed
    assert len(comfy.prompts) == 2


@pytest.mark.parametrize("over_socket", [True, False])
def test_what_had_to_be_sampled_again_is_called_recomputed(connect: Connect, over_socket: bool) -> None:
    with FakeComfyUI(cache=False) as comfy:
        comfy.script(Play.usual(before={"result 9 0": steps.drop()}), Play.usual())
        if not over_socket:
            comfy.socket_budget(1500)
        (result,) = connect(comfy.url).run(graph(), timing=FAST).wait(10)
        assert result.recomputed


def test_only_the_node_whose_result_was_lost_runs_again(comfy: FakeComfyUI, client: ComfyClient) -> None:
    comfy.script(Play.usual(before={"result 12:7 0": steps.drop()}), Play.usual())
    run = client.run(two_stages(), timing=FAST)
    assert sorted(places(run.wait(10))) == [("12:7", 0), ("9", 0)]
    assert comfy.prompts[1]["partial_execution_targets"] == ["12:7"]


def test_after_a_second_loss_the_picture_is_fetched_as_a_file(comfy: FakeComfyUI, client: ComfyClient) -> None:
    lossy = Play.usual(before={"result 9 0": steps.drop()})
    comfy.script(lossy, lossy, Play.usual())
    (result,) = client.run(graph(), timing=FAST).wait(10)
    assert [body["prompt"]["9"]["class_type"] for body in comfy.prompts] == [
        "SaveImageWebsocket", "SaveImageWebsocket", "PreviewImage"
    ]  # fmt: skip
    assert result.data == png(32, 16, 7)
    assert result.filename


def test_results_that_cannot_be_had_at_all_are_a_typed_error(comfy: FakeComfyUI, client: ComfyClient) -> None:
    comfy.fail("GET /view", 404, times=None)
    run = client.run(graph("SaveImage"), timing=FAST)
    with pytest.raises(ResultsLost) as caught:
        run.wait(20)
    assert caught.value.titles == ["Picture"]
    assert len(comfy.prompts) <= 5


@pytest.mark.parametrize("sender", ALL)
@pytest.mark.parametrize("budget", [200, 1500, 10_000])
def test_pictures_arrive_over_a_line_on_which_no_socket_lives_longer(
    connect: Connect, sender: str, budget: int
) -> None:
    with FakeComfyUI() as comfy:
        comfy.socket_budget(budget)
        big = [noise_png(64, 64, seed=index) for index in range(2)]
        comfy.script(
            Play(
                steps.start(), steps.cached(), steps.executing("3"), steps.progress("3", 1, 1, noise_png(60, 60)),
                steps.executing("9"), steps.result("9", big[0], 0, 2), steps.result("9", big[1], 1, 2),
                *([steps.executed("9")] if sender not in ("PreviewImage", "SaveImageWebsocket") else []),
                steps.success(), steps.end(),
            ),
            Play(
                steps.start(), steps.cached("3"), steps.executing("9"), steps.result("9", big[0], 0, 2),
                steps.result("9", big[1], 1, 2), steps.executed("9"), steps.success(), steps.end(),
            ),
        )  # fmt: skip
        run = connect(comfy.url).run(graph(sender, batch=2), timing=FAST)
        run.wait(20)
        assert {result.index: result.data for result in run.results} == dict(enumerate(big))
        assert comfy.sockets_opened <= 8


@pytest.mark.parametrize("sender", ALL)
@pytest.mark.parametrize("fault", [400, 401, 403, 404, 426, 502, "close-before-answer", "login", "redirect"])
def test_where_websockets_are_barred_altogether_pictures_come_as_files(
    connect: Connect, sender: str, fault: Any
) -> None:
    with FakeComfyUI() as comfy:
        comfy.fail("WS /ws", fault, times=None, to="/elsewhere")
        run = connect(comfy.url).run(graph(sender, batch=2), timing=FAST)
        assert sorted(places(run.wait(10))) == [("9", 0), ("9", 1)]
        assert isinstance(events_of(run)[-1], Finished)
        assert len(comfy.prompts) == 1
        assert asked(comfy, "WS /ws") == 1


def test_behind_a_login_a_run_asks_for_a_sign_in(connect: Connect) -> None:
    with FakeComfyUI(require_headers={"authorization": "Bearer k3y"}) as comfy:
        with pytest.raises(SignInNeeded):
            connect(comfy.url).run(graph(), timing=FAST)
        with pytest.raises(SignInNeeded):
            connect(comfy.url).connect("me", timeout=1)


# --- the socket is open, and nothing comes ---


def test_a_deaf_socket_is_noticed_and_replaced(comfy: FakeComfyUI, client: ComfyClient) -> None:
    """Another socket with our client id was closed, so the server has forgotten ours (protocol.md §0.2)."""
    comfy.hold()
    comfy.fail("GET /object_info/*", "slow", seconds=0.2, times=1)
    found: list[str] = []

    def deafen() -> bool:
        if comfy.sockets and not found:
            found.extend(comfy.sockets)
            websocket.create_connection(f"{comfy.url.replace('http', 'ws')}/ws?clientId={found[0]}", timeout=5).close()
        return bool(found)

    helper = threading.Thread(target=lambda: comfy.wait_for(deafen))
    helper.start()
    run = client.run(graph("ETN_SendImageWebSocket"), timing=FAST)
    helper.join(5)
    comfy.wait_for(lambda: comfy.sockets_opened == 3)
    comfy.release()
    (result,) = run.wait(10)
    assert result.data == png(32, 16, 7)
    assert "nothing is heard" in of(LineBroken, events_of(run))[0].reason


@pytest.mark.parametrize("sender", ALL)
@pytest.mark.parametrize("where", ["start", "progress 3 1", "result 9 0", "end"])
def test_a_socket_that_goes_deaf_in_between_is_made_up_for(connect: Connect, sender: str, where: str) -> None:
    with FakeComfyUI() as comfy:
        comfy.script(Play.usual(before={where: steps.silence()}), Play.usual())
        run = connect(comfy.url).run(graph(sender, batch=2), timing=FAST)
        assert sorted(places(run.wait(10))) == [("9", 0), ("9", 1)]
        assert isinstance(events_of(run)[-1], Finished)


def test_a_line_that_is_dead_without_a_word_is_noticed_by_our_own_pings(comfy: FakeComfyUI, connect: Connect) -> None:
    comfy.script(Play.usual(before={"progress 3 1": steps.gate()}), Play.usual())
    timing = replace(FAST, ask_after=60.0, ping_every=0.05, pong_within=0.2)
    with proxy_to(comfy.url) as (proxy, url):
        run = connect(url, timeout=0.5).run(graph("ETN_SendImageWebSocket"), timing=timing)
        comfy.wait_at()
        proxy.block()
        broken = None
        while not isinstance(broken, LineBroken):
            broken = run.next_event(5)
            assert broken is not None
        assert "no answer to a ping" in broken.reason
        comfy.open()
        assert run.wait(10)


def test_a_line_that_is_only_quiet_is_kept(comfy: FakeComfyUI, client: ComfyClient) -> None:
    comfy.script(Play.usual(before={"progress 3 1": [steps.wait(0.5)]}))
    run = client.run(graph(), timing=replace(FAST, ping_every=0.02, pong_within=0.2, ask_after=60.0))
    assert run.wait(10)
    assert comfy.sockets_opened == 1


def test_a_message_that_trickles_does_not_keep_a_stop_waiting(comfy: FakeComfyUI, connect: Connect) -> None:
    """The half message never ends, the run does."""
    comfy.script(Play.usual(before={"progress 3 1": [steps.result("9", noise_png(1024, 1024)), steps.gate()]}))
    with proxy_to(comfy.url) as (proxy, url):
        run = connect(url).run(graph("ETN_SendImageWebSocket"), timing=FAST)
        comfy.wait_for(lambda: comfy.remaining == 1)
        proxy.block()
        assert run.stop(10)
        assert events_of(run)[-1] == Stopped(asked=True)
        assert comfy.remaining == 0


def test_a_picture_that_is_still_on_its_way_when_the_history_has_the_end_is_waited_for(
    comfy: FakeComfyUI, connect: Connect
) -> None:
    picture = noise_png(512, 512)
    comfy.script(
        Play(
            steps.start(),
            steps.executing("9"),
            steps.result("9", picture),
            steps.executed("9"),
            steps.success(),
            steps.end(),
        )
    )
    with proxy_to(comfy.url) as (proxy, url):
        proxy.pause = 0.02
        run = connect(url).run(graph("ETN_SendImageWebSocket"), timing=replace(FAST, place_after=0.0, last_words=0.3))
        (result,) = run.wait(20)
        assert result.data == picture
        assert len(comfy.prompts) == 1
        assert any(request.path.startswith("/history/") for request in comfy.requests)


# --- the server goes away ---


def test_a_server_that_is_killed_and_comes_back_gets_the_same_prompt_again(
    comfy: FakeComfyUI, client: ComfyClient
) -> None:
    comfy.script(Play.usual(before={"progress 3 2": steps.gate("never")}), Play.usual())
    run = client.run(graph(seed=2**64 - 1), timing=FAST)
    comfy.wait_at("never")
    comfy.stop_listening()
    comfy.restart()
    broken = None
    while not isinstance(broken, LineBroken):
        broken = run.next_event(5)
    comfy.resume()
    (result,) = run.wait(10)
    first, second = comfy.prompts
    assert second["prompt"]["3"] == first["prompt"]["3"]
    assert second["prompt"]["3"]["inputs"]["seed"] == 2**64 - 1
    assert second["prompt_id"] == run.prompt_id != first["prompt_id"]
    assert result.data == png(32, 16, (2**64 - 1) % 2**32)
    events = events_of(run)
    assert of(LineMended, events)
    assert of(Started, events)[-1] == Started(run.prompt_id)


def test_a_server_that_is_killed_while_the_prompt_waits_gets_it_again(comfy: FakeComfyUI, client: ComfyClient) -> None:
    comfy.hold()
    run = client.run(graph(), timing=FAST)
    comfy.restart()
    comfy.release()
    assert run.wait(10)
    assert len(comfy.prompts) == 2


def test_a_server_that_dies_each_time_does_not_get_it_for_ever(comfy: FakeComfyUI, client: ComfyClient) -> None:
    comfy.script(Play.usual(before={"progress 3 2": steps.gate()}))
    run = client.run(graph(), timing=FAST)
    for attempt in range(1, 4):
        comfy.wait_for(lambda attempt=attempt: len(comfy.prompts) == attempt)  # type: ignore[misc]
        comfy.wait_at()
        comfy.restart()
    with pytest.raises(RunLost):
        run.wait(10)
    assert len(comfy.prompts) == 3


def test_a_server_that_stays_away_is_an_error_after_patience(comfy: FakeComfyUI, client: ComfyClient) -> None:
    comfy.script(Play.usual(before={"progress 3 2": steps.gate()}))
    run = client.run(graph(), timing=FAST, patience=0.3)
    comfy.wait_at()
    comfy.stop_listening()
    with pytest.raises(ServerUnreachable) as caught:
        run.wait(10)
    assert caught.value.url == comfy.url
    assert events_of(run)[-1] == Failed(caught.value)


def test_a_server_that_answers_nonsense_for_a_while_is_borne(comfy: FakeComfyUI, client: ComfyClient) -> None:
    comfy.script(Play.usual(before={"start": steps.drop(), "progress 3 2": steps.gate()}), Play.usual())
    for route in ("GET /history/*", "GET /queue"):
        comfy.fail(route, "login", times=3)
        comfy.fail(route, 500, times=3)
        comfy.fail(route, 200, body="{cut", times=3)
    run = client.run(graph(), timing=FAST)
    comfy.wait_at()
    comfy.open()
    assert run.wait(10)


def test_nobody_there_is_said_at_once(connect: Connect) -> None:
    with FakeComfyUI() as gone:
        url = gone.url
    with pytest.raises(ServerUnreachable):
        connect(url).run(graph(), timing=FAST)


def test_silence_ends_with_a_timeout_and_the_prompt_is_cancelled(comfy: FakeComfyUI, client: ComfyClient) -> None:
    comfy.script(Play.usual(before={"progress 3 2": steps.gate()}))
    run = client.run(graph(), timing=FAST, silence=0.3)
    with pytest.raises(RunTimeout) as caught:
        run.wait(10)
    assert caught.value.seconds == 0.3
    comfy.wait_for(lambda: comfy.remaining == 0)


def test_every_sign_of_life_puts_the_deadline_back(comfy: FakeComfyUI, client: ComfyClient) -> None:
    slow = [step for value in range(8) for step in (steps.wait(0.1), steps.progress("3", value, 9))]
    comfy.script(Play.usual(before={"progress 3 2": slow}))
    began = time.monotonic()
    assert client.run(graph(), timing=FAST, silence=0.4).wait(10)
    assert time.monotonic() - began > 0.6


# --- the answer of the POST is lost ---


@pytest.mark.parametrize("fault", ["close-after-accept", "close-before-answer"])
@pytest.mark.parametrize("held", [True, False])
def test_a_lost_answer_is_looked_up_and_nothing_runs_twice(
    comfy: FakeComfyUI, client: ComfyClient, fault: Any, held: bool
) -> None:
    if held:
        comfy.hold()
    comfy.fail("POST /prompt", fault)
    run = client.run(graph(), timing=FAST)
    comfy.release()
    assert run.wait(10)
    assert len(comfy.prompts) == 1
    assert comfy.prompts[0]["prompt_id"] == run.prompt_id
    posts = [request.json["prompt_id"] for request in comfy.requests if request.method == "POST"]
    assert (len(posts), len(set(posts))) == ((1, 1) if fault == "close-after-accept" else (2, 2))


def test_a_prompt_that_is_over_before_its_answer_is_lost_is_found_in_the_history(
    comfy: FakeComfyUI, connect: Connect
) -> None:
    comfy.script(Play.usual(after={"end": steps.answer()}))
    comfy.fail("WS /ws", 403, times=None)  # so that nothing but the history can tell
    comfy.fail("POST /prompt", "close-after-accept")
    assert connect(comfy.url).run(graph(), timing=FAST).wait(10)
    assert len(comfy.prompts) == 1


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_proxy_that_gives_up_is_asked_what_became_of_the_prompt(
    comfy: FakeComfyUI, client: ComfyClient, status: int
) -> None:
    comfy.fail("POST /prompt", status)
    assert client.run(graph(), timing=FAST).wait(10)
    assert len(comfy.prompts) == 1


def test_a_prompt_that_arrives_late_after_all_is_taken_out(comfy: FakeComfyUI, connect: Connect) -> None:
    comfy.hold()
    comfy.fail("POST /prompt", "slow", seconds=0.6)
    client = connect(comfy.url, timeout=0.2)
    run = client.run(graph(), timing=FAST)
    comfy.wait_for(lambda: len(comfy.prompts) == 2)
    late = comfy.prompts[1]["prompt_id"]
    assert run.prompt_id == comfy.prompts[0]["prompt_id"] != late
    comfy.wait_for(lambda: comfy.remaining == 1)
    comfy.release()
    assert run.wait(10)
    assert finished(comfy, client) == [run.prompt_id]
    assert comfy.remaining == 0


def test_a_prompt_that_cannot_be_posted_is_an_error_after_patience(comfy: FakeComfyUI, client: ComfyClient) -> None:
    comfy.fail("POST /prompt", "close-before-answer", times=None)
    with pytest.raises(ServerUnreachable):
        client.run(graph(), timing=FAST, patience=0.3)
    comfy.wait_for(lambda: comfy.sockets == [])
    assert comfy.prompts == []


def test_when_nothing_is_known_of_a_prompt_it_is_cancelled_all_the_same(comfy: FakeComfyUI, connect: Connect) -> None:
    comfy.hold()
    comfy.fail("POST /prompt", 200, body="garbled")
    client = connect(comfy.url)
    with pytest.raises(ProtocolError):
        client.run(graph(), timing=FAST)
    deleted = [request.json for request in comfy.requests if (request.method, request.path) == ("POST", "/queue")]
    assert len(deleted) == 1
