"""A run that goes well, and one that the server ends: order, events, results, errors."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from running import FAST, Connect, events_of, graph, names, of, places, two_stages

from comfy_api import ComfyClient, Workflow
from comfy_api.errors import ApiError, ExecutionFailed, PromptRejected, RunStopped
from comfy_api.protocol.events import (
    Cached,
    Failed,
    Finished,
    NodeStarted,
    Preview,
    Progress,
    Queued,
    Result,
    Started,
    Stopped,
)
from comfy_api.testing import FakeComfyUI, Play, jpeg, noise_png, png, steps

SENDERS = ["PreviewImage", "SaveImage", "SaveImageWebsocket", "ETN_SendImageWebSocket"]
FLAGS = {"type": "feature_flags", "data": {"supports_preview_metadata": True}}


def only(sender: str) -> dict[str, Any]:
    """The object_info of a server that has just this websocket sender."""
    with FakeComfyUI() as full:
        info = ComfyClient(full.url).get_object_info()
    return {
        name: spec
        for name, spec in info.items()
        if name == sender or "Websocket" not in name.replace("Socket", "socket")
    }


# --- order ---


def test_the_socket_is_open_and_the_flags_are_sent_before_the_post(comfy: FakeComfyUI, client: ComfyClient) -> None:
    client.run(graph(), timing=FAST).wait(10)
    order = [request.method for request in comfy.requests if request.path in ("/ws", "/prompt")]
    assert order == ["WS", "POST"]
    ((sid, first),) = comfy.client_messages
    assert json.loads(first) == FLAGS
    assert sid == comfy.prompts[0]["client_id"] == comfy.requests[0].query["clientId"]


def test_every_run_has_ids_of_its_own(comfy: FakeComfyUI, client: ComfyClient) -> None:
    runs = [client.run(graph(), timing=FAST) for _ in range(2)]
    for run in runs:
        run.wait(10)
    assert [run.prompt_id for run in runs] == [body["prompt_id"] for body in comfy.prompts]
    assert len({body[key] for body in comfy.prompts for key in ("prompt_id", "client_id")}) == 4


def test_events_come_typed_and_in_order(comfy: FakeComfyUI, client: ComfyClient) -> None:
    run = client.run(graph(batch=2), timing=FAST)
    run.wait(10)
    events = events_of(run)
    assert names(events) == [
        "Started", "Cached", "NodeStarted", "Preview", "Progress", "NodeStarted", "Result", "Finished"
    ]  # fmt: skip
    assert of(Started, events) == [Started(run.prompt_id)]
    assert of(Cached, events) == [Cached(())]
    assert [event.title for event in of(NodeStarted, events)] == [
        "CheckpointLoaderSimple", "CLIPTextEncode", "EmptyLatentImage", "My Sampler", "VAEDecode", "Picture"
    ]  # fmt: skip
    (progress,) = of(Progress, events)
    assert (progress.node_id, progress.title, progress.value, progress.max) == ("3", "My Sampler", 2, 2)
    assert places(of(Result, events)) == [("9", 0), ("9", 1)]
    assert events[-1] == Finished()
    assert run.next_event(1) is None
    assert run.over


def test_a_run_need_not_be_iterated(client: ComfyClient) -> None:
    run = client.run(graph(batch=3), timing=FAST)
    assert places(run.wait(10)) == places(run.results) == [("9", 0), ("9", 1), ("9", 2)]


def test_iterating_is_done_at_the_end(client: ComfyClient) -> None:
    assert isinstance(list(client.run(graph(), timing=FAST))[-1], Finished)


def test_a_place_in_line_is_told_and_again_when_it_changes(comfy: FakeComfyUI, client: ComfyClient) -> None:
    comfy.script(Play.usual(ahead=2))
    run = client.run(graph(), timing=FAST)
    assert run.next_event(5) == Queued(2)
    comfy.release(1)
    assert run.next_event(5) == Queued(1)
    comfy.release()
    assert isinstance(events_of(run)[-1], Finished)


def test_waiting_has_a_deadline_and_the_run_goes_on(comfy: FakeComfyUI, client: ComfyClient) -> None:
    comfy.hold()
    run = client.run(graph(), timing=FAST)
    with pytest.raises(TimeoutError, match="goes on"):
        run.wait(0.05)
    assert not run.over
    comfy.release()
    assert run.wait(10)


def test_overall_never_falls_and_is_not_full_before_the_last_result(comfy: FakeComfyUI, client: ComfyClient) -> None:
    comfy.script(Play.usual(before={"result 12:7 0": steps.gate()}))
    run = client.run(two_stages("SaveImage"), timing=FAST)
    seen: list[Any] = []
    while len(of(NodeStarted, seen)) < 9:
        seen.append(run.next_event(5))
    comfy.wait_at()
    comfy.open()
    seen += events_of(run)
    shares = [event.overall for event in seen if isinstance(event, Progress | NodeStarted)]
    assert shares == sorted(shares)
    assert 0.8 < shares[-1] < 1


# --- results and previews ---


@pytest.mark.parametrize("flags", [True, False])
@pytest.mark.parametrize("sender", SENDERS)
def test_every_sender_with_and_without_metadata(connect: Connect, sender: str, flags: bool) -> None:
    with FakeComfyUI(flags=flags) as comfy:
        client = connect(comfy.url)
        run = client.run(graph(sender, batch=3, steps=4), timing=FAST)
        seen: list[Any] = list(run)
        assert places(run.results) == places(of(Result, seen))
        assert sorted(places(run.results)) == [("9", 0), ("9", 1), ("9", 2)]
        assert {result.title for result in run.results} == {"Picture"}
        for result in run.results:
            assert result.data == png(32, 16, 7 + result.index)
            assert (result.mime, result.recomputed) == ("image/png", False)
            assert result.image is not None
            assert result.image.shape == (16, 32, 3)
        assert {preview.mime for preview in of(Preview, seen)} <= {"image/jpeg"}
        assert len(comfy.prompts) == 1


@pytest.mark.parametrize("sender", ["SaveImageWebsocket", "ETN_SendImageWebSocket"])
def test_preview_nodes_become_the_sender_that_the_server_has(connect: Connect, sender: str) -> None:
    with FakeComfyUI(object_info=only(sender)) as comfy:
        (result,) = connect(comfy.url).run(graph(), timing=FAST).wait(10)
        assert comfy.prompts[0]["prompt"]["9"]["class_type"] == sender
        assert (result.title, result.filename) == ("Picture", "")
        assert not [request for request in comfy.requests if request.path == "/view"]


@pytest.mark.parametrize("swap", [True, False])
def test_without_a_sender_or_on_request_previews_stay_and_are_fetched(connect: Connect, swap: bool) -> None:
    with FakeComfyUI(object_info=only("none") if swap else None) as comfy:
        (result,) = connect(comfy.url).run(graph(), timing=FAST, swap=swap).wait(10)
        assert comfy.prompts[0]["prompt"]["9"]["class_type"] == "PreviewImage"
        assert result.filename.endswith(".png")
        assert result.data == png(32, 16, 7)


@pytest.mark.parametrize("flags", [True, False])
@pytest.mark.parametrize("second", SENDERS)
@pytest.mark.parametrize("first", ["PreviewImage", "ETN_SendImageWebSocket"])
def test_two_stages_are_told_apart(connect: Connect, flags: bool, first: str, second: str) -> None:
    with FakeComfyUI(flags=flags) as comfy:
        run = connect(comfy.url).run(two_stages(first, second), timing=FAST)
        assert {(result.node_id, result.title) for result in run.wait(10)} == {("9", "Draft"), ("12:7", "Final")}
        assert len(run.results) == 2
        assert len(comfy.prompts) == 1


@pytest.mark.parametrize("sender", SENDERS)
def test_a_cached_run_brings_its_pictures_again(comfy: FakeComfyUI, client: ComfyClient, sender: str) -> None:
    first = client.run(graph(sender, batch=2), timing=FAST).wait(10)
    run = client.run(graph(sender, batch=2), timing=FAST)
    assert sorted(places(run.wait(10))) == sorted(places(first))
    events = events_of(run)
    assert {"3", "4", "8"} <= set(of(Cached, events)[0].node_ids)
    assert not of(Preview, events)
    assert len(comfy.prompts) == 2


def test_the_workflow_of_the_caller_stays_as_it_is(client: ComfyClient) -> None:
    workflow = Workflow.load(graph())
    client.run(workflow, timing=FAST).wait(10)
    assert workflow.graph == graph()


def test_a_preview_is_decoded_on_first_use_and_keeps_its_bytes(comfy: FakeComfyUI, client: ComfyClient) -> None:
    picture = jpeg(40, 24, seed=5)
    comfy.script(Play.usual(before={"progress 3 1": steps.preview("3", picture), "progress 3 2": steps.gate()}))
    run = client.run(graph(), timing=FAST)
    previews: list[Preview] = []
    while not previews:
        event = run.next_event(5)
        previews += [event] if isinstance(event, Preview) else []
    comfy.open()
    run.wait(10)
    assert previews[0].mime == "image/jpeg"
    assert "image" not in vars(previews[0])
    assert (previews[0].image.shape[2], previews[0].image.dtype) == (3, np.uint8)
    assert previews[0].image is previews[0].image


def test_frames_of_twelve_megabytes_arrive(comfy: FakeComfyUI, client: ComfyClient) -> None:
    picture = noise_png(2048, 2048)
    comfy.script(Play(steps.start(), steps.executing("9"), steps.result("9", picture), steps.success(), steps.end()))
    (result,) = client.run(graph(), timing=FAST).wait(30)
    assert len(result.data) > 12_000_000
    assert result.data == picture
    assert result.image is not None
    assert result.image.shape == (2048, 2048, 3)


def test_files_that_are_no_pictures_are_brought_as_they_are(comfy: FakeComfyUI, client: ComfyClient) -> None:
    upload = client.upload_image(b"a film", "film.mp4", type="output")
    output = {"gifs": [{"filename": upload.name, "subfolder": "", "type": "output"}]}
    inputs = {"images": [{"filename": "example.png", "subfolder": "", "type": "input"}]}
    comfy.script(Play.usual(after={"executed 9": [steps.executed("8", output), steps.executed("4", inputs)]}))
    results = {result.node_id: result for result in client.run(graph("SaveImage"), timing=FAST).wait(10)}
    assert set(results) == {"8", "9"}
    assert (results["8"].data, results["8"].image, results["8"].filename) == (b"a film", None, "film.mp4")


# --- frames that are not ours, and worse ---


GARBAGE = [
    steps.raw_binary(b""), steps.raw_binary(b"\0\0\0\1"), steps.raw_binary(b"\0\0\0\1\0\0\0\2junk"),
    steps.raw_binary(b"\0\0\0\4\x7f\xff\xff\xff{}"), steps.raw_binary(b"\0\0\0\4\0\0\0\3{}}" + png()),
    steps.raw_binary(b"\0\0\0\x63" + bytes(40)), steps.raw_text("{cut"), steps.raw_text("[1]"), steps.raw_text("null"),
    steps.raw_text('{"type":"event_of_tomorrow","data":null}'), steps.raw_text('{"type":"progress","data":{}}'),
    steps.text("3", "a line of text"), steps.message("progress", node="3", value=float("nan"), max=1),
    steps.message("progress_state", nodes=[]), steps.other_prompt_frame(), steps.other_prompt_frame(node="9"),
]  # fmt: skip


@pytest.mark.parametrize("sender", ["SaveImageWebsocket", "ETN_SendImageWebSocket"])
def test_garbage_and_frames_of_others_change_nothing(comfy: FakeComfyUI, client: ComfyClient, sender: str) -> None:
    places_ = ["start", "executing 3", "progress 3 1", "executing 9", "result 9 0", "success", "end"]
    comfy.script(Play.usual(before=dict.fromkeys(places_, GARBAGE)))
    run = client.run(graph(sender), timing=FAST)
    (result,) = run.wait(10)
    assert result.data == png(32, 16, 7)
    assert len(comfy.prompts) == 1


@pytest.mark.parametrize("whole", [png(32, 16, 7), jpeg(64, 64, 7)], ids=["png", "jpeg"])
def test_a_result_that_is_cut_is_asked_for_again(comfy: FakeComfyUI, client: ComfyClient, whole: bytes) -> None:
    cut = steps.result("9", whole[:-30])  # OpenCV takes a cut JPEG for a whole one
    comfy.script(Play.usual(after={"result 9 0": cut}, without=["result 9 0"]), Play.usual())
    (result,) = client.run(graph("ETN_SendImageWebSocket"), timing=FAST).wait(10)
    assert result.data == png(32, 16, 7)
    assert comfy.prompts[1]["partial_execution_targets"] == ["9"]


def test_messages_of_nodes_that_expand_count_for_the_one_in_the_graph(comfy: FakeComfyUI, client: ComfyClient) -> None:
    inner = [
        steps.message("executing", node="8.0.0.2", display_node="8"),
        steps.message("progress", node="8.0.0.2", display_node="8", value=1, max=2),
        steps.message("executing", node="7.0.1", display_node="7.0.1"),
    ]
    comfy.script(Play.usual(after={"executing 8": inner}))
    run = client.run(graph(), timing=FAST)
    run.wait(10)
    events = events_of(run)
    assert ("8", "VAEDecode") in {(event.node_id, event.title) for event in of(Progress, events)}
    shares = [event.overall for event in events if isinstance(event, Progress | NodeStarted)]
    assert shares == sorted(shares)


def test_events_that_come_before_the_answer_of_the_post_are_kept(comfy: FakeComfyUI, client: ComfyClient) -> None:
    comfy.script(Play.usual(after={"end": steps.answer()}))
    run = client.run(graph(batch=2), timing=FAST)
    assert len(run.wait(10)) == 2
    assert names(events_of(run))[:2] == ["Started", "Cached"]
    assert len(comfy.prompts) == 1


def test_a_slow_consumer_loses_no_result_and_holds_nobody_up(comfy: FakeComfyUI, client: ComfyClient) -> None:
    flood = [steps.preview("3", jpeg(64, 64, i % 50)) for i in range(2000)]
    comfy.script(Play.usual(before={"executing 8": flood}))
    run = client.run(graph(batch=4), timing=FAST)
    assert len(run.wait(20)) == 4  # nothing was read so far
    events = events_of(run)
    assert places(of(Result, events)) == [("9", index) for index in range(4)]
    assert len(of(Preview, events)) == 1


# --- history ---


@pytest.mark.parametrize("sender", ["SaveImage", "PreviewImage"])
def test_a_history_that_comes_late_or_never_is_no_matter_while_the_line_holds(
    comfy: FakeComfyUI, client: ComfyClient, sender: str
) -> None:
    comfy.script(
        Play.usual(before={"end": steps.late_history(reads=5)}), Play.usual(before={"end": steps.lose_history()})
    )
    assert client.run(graph(sender), timing=FAST).wait(10)
    assert client.run(graph(sender, seed=8), timing=FAST).wait(10)
    assert len(comfy.prompts) == 2


def test_what_the_socket_still_holds_is_let_in_when_the_history_is_first(
    comfy: FakeComfyUI, client: ComfyClient
) -> None:
    """The history is read while the frames are under way: they are not asked for again."""

    async def write_history(stage: Any) -> None:
        stage.prompt.outcome = "success"
        stage.board.finish(stage.prompt)

    early = steps.Step("history", write_history)
    asked = steps.Step("asked", lambda stage: stage.board.gates.stand_at("gate"))
    comfy.script(Play.usual(before={"start": [early, asked]}))
    run = client.run(graph("ETN_SendImageWebSocket"), timing=replace(FAST, last_words=30.0))
    comfy.wait_for(lambda: any(request.path.startswith("/history/") for request in comfy.requests))
    comfy.open()
    assert run.wait(10)
    assert len(comfy.prompts) == 1


# --- bad ends ---


def test_an_execution_error_is_typed_and_holds_no_inputs(comfy: FakeComfyUI, client: ComfyClient) -> None:
    failure = steps.error("3", inputs={"api_key": ["hunter2"]})
    comfy.script(Play(steps.start(), steps.executing("3"), failure, steps.end()))
    run = client.run(graph(), timing=FAST)
    with pytest.raises(ExecutionFailed, match='"My Sampler" failed') as caught:
        run.wait(10)
    error = caught.value
    assert (error.node_id, error.class_type, error.title) == ("3", "KSampler", "My Sampler")
    assert (error.exception_type, error.prompt_id) == ("RuntimeError", run.prompt_id)
    assert "nodes.py" in error.traceback[0]
    assert "hunter2" not in f"{error} {error!r} {vars(error)}"
    assert events_of(run)[-1] == Failed(error)


def test_results_before_an_error_are_kept(comfy: FakeComfyUI, client: ComfyClient) -> None:
    comfy.script(Play.usual(before={"executing 11": [steps.error("11"), steps.end()]}))
    run = client.run(two_stages("SaveImage"), timing=FAST)
    with pytest.raises(ExecutionFailed):
        run.wait(10)
    events = events_of(run)
    assert places(run.results) == places(of(Result, events)) == [("9", 0)]


def test_being_stopped_by_somebody_else_is_told_apart(comfy: FakeComfyUI, client: ComfyClient) -> None:
    comfy.script(Play.usual(before={"progress 3 2": steps.gate()}))
    run = client.run(graph(), timing=FAST)
    comfy.wait_at()
    client.interrupt_whoever_runs()
    with pytest.raises(RunStopped) as caught:
        run.wait(10)
    assert not caught.value.asked
    assert events_of(run)[-1] == Stopped(asked=False)


def test_being_deleted_while_waiting_is_noticed(comfy: FakeComfyUI, client: ComfyClient) -> None:
    comfy.hold()
    run = client.run(graph(), timing=FAST)
    client.delete_pending([run.prompt_id])
    assert events_of(run)[-1] == Stopped(asked=False)
    assert len(comfy.prompts) == 1


def problem(node: str, outputs: list[str]) -> dict[str, Any]:
    error = {
        "type": "required_input_missing",
        "message": "x",
        "details": "images",
        "extra_info": {"input_name": "images"},
    }
    return {node: {"errors": [error], "dependent_outputs": outputs, "class_type": "PreviewImage"}}


@pytest.mark.parametrize("sender", ["PreviewImage", "SaveImage", "ETN_SendImageWebSocket"])
def test_outputs_that_the_server_left_out_are_named_and_not_waited_for(
    comfy: FakeComfyUI, client: ComfyClient, sender: str
) -> None:
    broken = [f"{part} 12:7" for part in ("executing", "finished")] + ["result 12:7 0"]
    broken += ["executed 12:7"] if sender in ("SaveImage", "ETN_SendImageWebSocket") else []
    comfy.script(Play.usual(without=broken, node_errors=problem("12:7", ["12:7"])))
    run = client.run(two_stages("PreviewImage", sender), timing=FAST)
    assert places(run.wait(10)) == [("9", 0)]
    assert [found.node_id for found in run.problems] == ["12:7"]
    assert run.problems[0].title == "Final"
    assert events_of(run)[-1] == Finished(run.problems)
    assert len(comfy.prompts) == 1


def test_outputs_that_were_left_out_are_named_although_the_end_comes_before_the_answer(
    comfy: FakeComfyUI, client: ComfyClient
) -> None:
    early = [steps.message("executing", node=None), steps.wait(0.2), steps.answer()]
    broken = ["executing 12:7", "finished 12:7", "result 12:7 0"]
    comfy.script(Play.usual(after={"success": early}, without=broken, node_errors=problem("12:7", ["12:7"])))
    run = client.run(two_stages(), timing=FAST)
    end = events_of(run)[-1]
    assert isinstance(end, Finished)
    assert [found.node_id for found in end.problems] == ["12:7"]


def test_outputs_that_the_server_left_out_are_not_asked_for_after_a_break_either(
    comfy: FakeComfyUI, client: ComfyClient
) -> None:
    broken = ["executing 12:7", "finished 12:7", "result 12:7 0"]
    cut = {"executing 9": steps.drop()}
    comfy.script(Play.usual(before=cut, without=broken, node_errors=problem("12:7", ["12:7"])), Play.usual())
    run = client.run(two_stages(), timing=FAST)
    assert places(run.wait(10)) == [("9", 0)]
    assert "12:7" not in str([body.get("partial_execution_targets") for body in comfy.prompts])


def test_a_node_that_a_switch_left_out_is_not_asked_for_again(comfy: FakeComfyUI, client: ComfyClient) -> None:
    comfy.script(Play.usual(without=["executing 12:7", "result 12:7 0", "finished 12:7"]))
    run = client.run(two_stages(), timing=FAST)
    assert places(run.wait(10)) == [("9", 0)]
    assert len(comfy.prompts) == 1


def test_a_refused_graph_raises_at_once_and_leaves_nothing(comfy: FakeComfyUI, client: ComfyClient) -> None:
    comfy.reject({"type": "prompt_no_outputs", "message": "Prompt has no outputs"})
    with pytest.raises(PromptRejected, match="makes no picture"):
        client.run(graph(), timing=FAST)
    comfy.wait_for(lambda: comfy.sockets == [])


def test_a_server_that_cannot_take_it_is_an_error_at_once(comfy: FakeComfyUI, client: ComfyClient) -> None:
    comfy.fail("POST /prompt", 500, body="Server got itself in trouble")
    with pytest.raises(ApiError) as caught:
        client.run(graph(), timing=FAST)
    assert (caught.value.status, comfy.prompts) == (500, [])


# --- what is handed over ---


def test_front_number_extra_data_and_targets_are_handed_over(comfy: FakeComfyUI, client: ComfyClient) -> None:
    comfy.hold()
    extra = {"extra_pnginfo": {"workflow": {"nodes": []}}}
    runs = [
        client.run(two_stages("SaveImage"), timing=FAST, targets=["9"], extra_data=extra, number=5.0),
        client.run(graph(), timing=FAST, front=True),
    ]
    first, second = comfy.prompts
    assert first["partial_execution_targets"] == ["9"]
    assert (first["extra_data"], first["number"]) == (extra, 5.0)
    assert second["front"] is True
    comfy.release()
    assert places(runs[0].wait(10)) == [("9", 0)]
    assert runs[1].wait(10)


def test_runs_may_be_started_from_many_threads(comfy: FakeComfyUI, client: ComfyClient) -> None:
    found: list[int] = []

    def one(seed: int) -> None:
        results = client.run(graph(seed=seed, batch=2), timing=FAST).wait(20)
        found.extend([seed] if [r.data for r in results] == [png(32, 16, seed), png(32, 16, seed + 1)] else [])

    threads = [threading.Thread(target=one, args=(seed,)) for seed in range(100, 112)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(found) == list(range(100, 112))
