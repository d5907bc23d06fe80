"""Real conversations replayed: what was recorded is understood."""

from __future__ import annotations

import json
from typing import Any

import pytest
from recorded import (
    FOLDER,
    NAMES,
    Line,
    Submission,
    frame_bytes,
    heard,
    is_result,
    lines_of,
    submissions,
    told_by_history,
)
from running import FAST, Connect, events_of, of, places

from comfy_api.errors import PromptRejected
from comfy_api.protocol.events import Finished, Preview, Progress, Result
from comfy_api.protocol.follow import Arrived, Follower, Graph, Step
from comfy_api.protocol.frames import ImageFrame, TextFrame, parse_frame
from comfy_api.protocol.http import Reply
from comfy_api.protocol.messages import Unknown, parse_message
from comfy_api.protocol.progress import Meter
from comfy_api.protocol.replies import Accepted, HistoryEntry
from comfy_api.testing import FakeComfyUI, Play
from comfy_api.testing import steps as fake_steps
from comfy_api.workflow import SenderKind

SENDERS = {kind.value: kind for kind in SenderKind}
PROMPTS = [
    pytest.param(name, number, id=f"{name}-{number}")
    for name in NAMES
    for number in range(len(submissions(lines_of(name))))
]


def _in_history(name: str, number: int) -> bool:
    lines = lines_of(name)
    return told_by_history(lines, submissions(lines)[number].prompt_id) is not None


def follow(lines: list[Line], submission: Submission) -> tuple[Follower, list[tuple[Line, list[Step]]]]:
    """The follower of a recorded prompt after its client's whole conversation, and what it made of each line."""
    classes = {node: spec["class_type"] for node, spec in submission.graph.items() if "class_type" in spec}
    senders = {node: SENDERS[class_type] for node, class_type in classes.items() if class_type in SENDERS}
    follower = Follower(submission.prompt_id, Graph(classes, {}, senders), Meter(classes))
    taken: list[tuple[Line, list[Step]]] = []
    for line in heard(lines, submission.client, submission.start):
        if follower.lossy and _begins_another(line, submission):
            break  # it was over when nobody listened
        if line["kind"] == "ws-text":
            taken.append((line, follower.message(parse_message(json.dumps(line["body"])))))
        elif line["kind"] == "ws-binary" and line["event"] in (1, 4):
            taken.append((line, follower.frame(parse_frame(frame_bytes(line)))))
        else:
            follower.connection_lost()
    return follower, taken


@pytest.mark.parametrize(("name", "number"), PROMPTS)
def test_results_and_previews_of_every_recorded_prompt_are_told_apart(name: str, number: int) -> None:
    lines = lines_of(name)
    _, taken = follow(lines, submissions(lines)[number])
    for line, steps in taken:
        if line["kind"] == "ws-binary":
            assert all(isinstance(step, Arrived) == is_result(name, line) for step in steps)
    arrived = [step for _, steps in taken for step in steps if isinstance(step, Arrived)]
    assert len(arrived) == len({(step.node_id, step.index) for step in arrived})
    overall = [step.overall for _, steps in taken for step in steps if isinstance(step, Progress)]
    assert overall == sorted(overall)
    assert all(share < 1 for share in overall)


@pytest.mark.parametrize(("name", "number"), [prompt for prompt in PROMPTS if _in_history(*prompt.values)])
def test_the_websocket_and_the_history_tell_the_same_end(name: str, number: int) -> None:
    lines = lines_of(name)
    submission = submissions(lines)[number]
    follower, _ = follow(lines, submission)
    told = told_by_history(lines, submission.prompt_id)
    if not follower.closed:
        assert follower.lossy
        return
    entry = HistoryEntry.parse(submission.prompt_id, told)
    assert follower.outcome is not None
    assert follower.outcome.interrupted == entry.outcome.interrupted
    assert (follower.outcome.error is None) == (entry.outcome.error is None)
    if entry.outcome.error is not None and follower.outcome.error is not None:
        assert follower.outcome.error == entry.outcome.error


def test_no_recorded_message_is_malformed() -> None:
    for name in NAMES:
        for line in lines_of(name):
            if line["kind"] == "ws-text" and line["dir"] == "in":
                assert parse_message(json.dumps(line["body"])) != Unknown("malformed"), line


def test_every_recorded_refusal_is_typed() -> None:
    refused = [
        line["body"]
        for name in ("06_validation_failures", "06b_unvalidated_v3_combo_and_cycle")
        for line in lines_of(name)
        if line["kind"] == "http" and line["dir"] == "in" and line["method"] == "POST" and line["status"] == 400
    ]
    kinds: set[str] = set()
    for body in refused:
        with pytest.raises(PromptRejected) as caught:
            Accepted.parse(Reply(400, "http://host/prompt", "application/json", json.dumps(body).encode()), {})
        assert str(caught.value).endswith(".")
        assert (caught.value.problems != ()) == bool(body["node_errors"])
        kinds |= {problem.kind for problem in caught.value.problems} | {caught.value.kind}
    assert kinds >= {
        "value_not_in_list", "required_input_missing", "return_type_mismatch", "bad_linked_input", "invalid_input_type",
        "value_smaller_than_min", "value_bigger_than_max", "invalid_prompt", "prompt_no_outputs", "no_prompt",
    }  # fmt: skip


def test_a_recorded_acceptance_names_the_output_that_was_left_out() -> None:
    bodies = [line["body"] for line in lines_of("06_validation_failures") if line["kind"] == "http" and "body" in line]
    (body,) = [body for body in bodies if isinstance(body, dict) and "prompt_id" in body and body.get("node_errors")]
    accepted = Accepted.parse(Reply(200, "http://host/prompt", "application/json", json.dumps(body).encode()), {})
    assert accepted.left_out == {"11"}
    assert accepted.problems[0].kind == "exception_during_validation"


@pytest.mark.parametrize("path", sorted((FOLDER / "frames").glob("*.bin")), ids=lambda path: path.stem)
def test_every_recorded_frame_is_read(path: Any) -> None:
    frame = parse_frame(path.read_bytes())
    if "text" in path.stem:
        assert frame == TextFrame("12:7", "hello ä 日本")
        return
    assert isinstance(frame, ImageFrame)
    assert frame.mime == ("image/png" if "png" in path.stem else "image/jpeg")
    assert (frame.node_id is not None) == ("type4" in path.stem)


@pytest.mark.parametrize(
    ("name", "results", "previews"),
    [
        ("01b_txt2img_preview_warm", 1, True),
        ("02_etn_jpeg_batch3_flags", 3, True),
        ("02_etn_png_batch3_flags", 3, True),
        ("02_etn_png_batch3_noflags", 3, True),
        ("02_previewimage_batch3_flags", 3, True),
        ("02_savewebsocket_batch3_flags", 3, True),
        ("02_savewebsocket_batch3_noflags", 3, True),
        ("04_two_stage_etn_etn_flags", 2, True),
        ("04_two_stage_preview_preview", 2, True),
        ("04_two_stage_ws_ws_flags", 2, True),
        ("18_no_latent_previews", 1, False),
    ],
)
def test_a_recorded_run_is_followed_to_its_end(connect: Connect, name: str, results: int, previews: bool) -> None:
    """The server says word for word what the real one said, but for the prompt's id."""
    lines = lines_of(name)
    submission = submissions(lines)[0]
    said = [line for line in heard(lines, submission.client, submission.start) if line["kind"] != "ws-close"]
    begin = next(i for i, line in enumerate(said) if _is(line, "execution_start", submission.prompt_id))
    end = next(i for i, line in enumerate(said) if _is(line, "executing", submission.prompt_id, node=None))
    flags = any(line["kind"] == "ws-text" and line["body"]["type"] == "feature_flags" for line in said)
    with FakeComfyUI(flags=flags) as comfy:
        client = connect(comfy.url)
        for line in said[begin:end]:
            for image in _files(line):
                stored = client.upload_image(frame_file(), image["filename"], type=image["type"])
                assert stored.name == image["filename"]
        comfy.script(Play(fake_steps.Step("words", lambda stage: _say(stage, said[begin : end + 1], submission))))
        run = client.run(submission.graph, timing=FAST, swap=False)
        assert len(run.wait(10)) == results
        events = events_of(run)
        assert isinstance(events[-1], Finished)
        assert sorted(places(of(Result, events))) == sorted(places(run.results))
        assert bool(of(Preview, events)) == previews
        assert len(comfy.prompts) == 1


def _begins_another(line: Line, submission: Submission) -> bool:
    body = line.get("body") if line["kind"] == "ws-text" else None
    return bool(body) and body["type"] == "execution_start" and body["data"]["prompt_id"] != submission.prompt_id


def frame_file() -> bytes:
    return frame_bytes({"event": 1, "image": ["PNG", "RGB", [64, 64]]})[8:]


def _is(line: Line, kind: str, prompt_id: str, **data: Any) -> bool:
    body = line.get("body") if line["kind"] == "ws-text" else None
    return bool(body) and body["type"] == kind and {"prompt_id": prompt_id, **data}.items() <= body["data"].items()


def _files(line: Line) -> list[dict[str, Any]]:
    if line["kind"] != "ws-text" or line["body"]["type"] != "executed":
        return []
    return [image for image in line["body"]["data"]["output"].get("images", []) if "filename" in image]


async def _say(stage: Any, lines: list[Line], submission: Submission) -> None:
    stage.prompt.outcome = "success"
    stage.board.finish(stage.prompt)
    for line in lines:
        if line["kind"] == "ws-binary":
            await stage.frame(frame_bytes(line, stage.prompt.id))
        else:
            await stage.frame(json.dumps(line["body"]).replace(submission.prompt_id, stage.prompt.id))
