"""Answers of the routes: typed, or one of our errors."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comfy_api.errors import ApiError, ComfyError, PromptRejected, ProtocolError, SignInNeeded
from comfy_api.protocol.http import Reply
from comfy_api.protocol.outputs import OutputRef, OutputText
from comfy_api.protocol.replies import (
    Accepted,
    HistoryEntry,
    Queue,
    SystemStats,
    Uploaded,
    combo_options,
)

URL = "http://host/prompt"


def reply(body: Any, status: int = 200, kind: str = "application/json") -> Reply:
    return Reply(status, URL, kind, body if isinstance(body, bytes) else json.dumps(body).encode())


def refused(node_errors: Any, kind: str = "prompt_outputs_failed_validation", **error: Any) -> PromptRejected:
    said = {"type": kind, "message": "Prompt outputs failed validation", "details": "", "extra_info": {}, **error}
    with pytest.raises(PromptRejected) as caught:
        Accepted.parse(reply({"error": said, "node_errors": node_errors}, 400), {"3": "My Sampler"})
    return caught.value


def bad_input(kind: str, name: str, received: Any, config: Any = None, details: str = "") -> dict[str, Any]:
    extra = {"input_name": name, "received_value": received, "input_config": config}
    error = {"type": kind, "message": kind, "details": details, "extra_info": extra}
    return {"3": {"errors": [error], "dependent_outputs": ["9"], "class_type": "KSampler"}}


# --- POST /prompt (protocol.md §4) ---


def test_a_choice_that_the_server_does_not_have_is_named_with_what_it_offers() -> None:
    error = refused(bad_input("value_not_in_list", "sampler_name", "magic", [["euler", "ddim"], {}]))
    (problem,) = error.problems
    assert (problem.node_id, problem.title, problem.class_type) == ("3", "My Sampler", "KSampler")
    assert (problem.input, problem.received, problem.allowed) == ("sampler_name", "magic", ("euler", "ddim"))
    assert "My Sampler" in str(error)
    assert '"euler", "ddim"' in str(error)
    assert (error.status, error.url, error.kind) == (400, URL, "prompt_outputs_failed_validation")


def test_a_number_out_of_range_comes_with_the_range() -> None:
    error = refused(bad_input("value_bigger_than_max", "steps", 99999, ["INT", {"min": 1, "max": 10000}]))
    assert (error.problems[0].minimum, error.problems[0].maximum) == (1, 10000)
    assert "1 to 10000" in str(error)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("required_input_missing", "is missing"),
        ("return_type_mismatch", "cannot be used"),
        ("exception_during_inner_validation", "cannot be used"),
        ("custom_validation_failed", "cannot be used"),
        ("of_tomorrow", "cannot be used"),
    ],
)
def test_every_kind_of_problem_has_a_sentence_that_says_what_to_do(kind: str, words: str) -> None:
    sentence = str(refused(bad_input(kind, "image", "x.png", details="why")))
    assert words in sentence
    assert sentence.endswith(".")


@pytest.mark.parametrize(("kind", "words"), [("prompt_no_outputs", "makes no picture"), ("invalid_prompt", "node X")])
def test_a_refusal_that_names_no_node_has_a_sentence(kind: str, words: str) -> None:
    assert words in str(refused({}, kind, message="Cannot execute because node X does not exist."))


def test_a_long_value_does_not_fill_the_sentence() -> None:
    assert len(str(refused(bad_input("value_not_in_list", "image", "A" * 10**6)))) < 1000


def test_acceptance_names_what_was_left_out() -> None:
    body = {"prompt_id": "p", "number": 4, "node_errors": bad_input("required_input_missing", "images", None)}
    accepted = Accepted.parse(reply(body), {})
    assert (accepted.prompt_id, accepted.number, accepted.left_out) == ("p", 4, {"9"})
    assert accepted.problems[0].kind == "required_input_missing"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (reply(b"500 Internal Server Error", 500, "text/plain"), ApiError),
        (reply(b"<html>", 200, "text/html"), SignInNeeded),
        (reply(b"", 401, "text/plain"), SignInNeeded),
        (reply(b"<html>", 403, "text/html"), SignInNeeded),
        (reply(b"<html>", 502, "text/html"), ApiError),
        (reply(b"too large", 413, "text/plain"), ApiError),
        (reply([1]), ProtocolError),
        (reply({}), ProtocolError),
        (reply(b"{cut"), ProtocolError),
        (reply({"error": "no"}, 400), PromptRejected),
        (reply({"error": None}, 400), PromptRejected),
    ],
)
def test_other_answers_to_a_prompt_are_errors_of_ours(answer: Reply, error: type[ComfyError]) -> None:
    with pytest.raises(error) as caught:
        Accepted.parse(answer, {})
    assert type(caught.value) is error


def test_a_web_page_instead_of_json_means_sign_in() -> None:
    with pytest.raises(SignInNeeded):
        reply(b"[1]", 200, "text/html").json()


# --- queue, history, the server ---


def test_pending_prompts_are_sorted_by_number() -> None:
    data = {
        "queue_running": [[0, "a", {}, {}, []]],
        "queue_pending": [[7, "d", {}], [-3.0, "b", {}], [2, "c", {}]],
    }
    queue = Queue.parse(data, URL)
    assert [queue.place(prompt_id) for prompt_id in "abcde"] == [0, 1, 2, 3, None]
    assert "c" in queue
    assert "e" not in queue


def entry(status: Any, outputs: Any = None) -> HistoryEntry:
    return HistoryEntry.parse("p", {"status": status, "outputs": outputs or {}, "prompt": []})


def test_history_tells_success_error_and_interruption_apart() -> None:
    error = {"prompt_id": "p", "node_id": "3", "node_type": "KSampler", "exception_message": "it broke"}
    failed = entry({"status_str": "error", "messages": [["execution_error", error]]})
    stopped = entry({"status_str": "error", "messages": [["execution_interrupted", {"prompt_id": "p"}]]})
    assert entry({"status_str": "success", "messages": []}).outcome.error is None
    assert failed.outcome.error is not None
    assert failed.outcome.error.message == "it broke"
    assert (stopped.outcome.interrupted, stopped.outcome.error) == (True, None)
    assert entry({"status_str": "error"}).outcome.error is not None


def test_history_names_files_and_what_was_cached() -> None:
    read = entry(
        {"status_str": "success", "messages": [["execution_cached", {"prompt_id": "p", "nodes": ["4"]}]]},
        {
            "9": {"images": [{"source": "websocket"}, {"filename": "a.png", "subfolder": "s", "type": "temp"}]},
            "10": {"gifs": [{"filename": "b.mp4"}], "text": ["a caption"], "animated": [True]},
        },
    )
    assert read.outputs == (
        OutputRef("9", 0, "a.png", "s", "temp"),
        OutputRef("10", 0, "b.mp4", "", "output"),
        OutputText("10", 1, "a caption"),
    )
    assert read.cached == {"4"}


def test_outputs_of_nodes_made_by_expansion_belong_to_the_one_that_they_stand_for() -> None:
    told = {"5.0.0.2": {"images": [{"filename": "a.png"}]}, "5.0.0.3": {"images": [{"filename": "b.png"}]}}
    meta = {node_id: {"node_id": node_id, "display_node": "5"} for node_id in told}
    read = HistoryEntry.parse("p", {"outputs": told, "meta": meta, "status": {"status_str": "success"}})
    assert read.outputs == (OutputRef("5", 0, "a.png", "", "output"), OutputRef("5", 1, "b.png", "", "output"))


def test_system_stats_are_read() -> None:
    system = {"comfyui_version": "0.3.64", "os": "posix", "ram_total": 5, "argv": ["main.py"]}
    stats = SystemStats.parse({"system": system, "devices": [{"name": "cpu"}]}, URL)
    assert (stats.version, stats.ram_total, stats.argv, stats.devices) == (
        "0.3.64",
        5,
        ("main.py",),
        ({"name": "cpu"},),
    )


@pytest.mark.parametrize(
    ("spec", "choices"),
    [
        ([["a", "b"], {}], ("a", "b")),
        ([["a"]], ("a",)),
        (["COMBO", {"options": ["a", "b"], "default": "a"}], ("a", "b")),
        (["COMBO", {}], ()),
        (["INT", {"min": 1}], ()),
        (["IMAGE"], ()),
        (None, ()),
    ],
)
def test_both_combo_forms_give_their_choices(spec: Any, choices: tuple[str, ...]) -> None:
    assert combo_options(spec) == choices


@pytest.mark.parametrize(
    ("uploaded", "value"),
    [
        (Uploaded("a.png"), "a.png"),
        (Uploaded("a.png", "sub/deep"), "sub/deep/a.png"),
        (Uploaded("a.png", "", "temp"), "a.png [temp]"),
    ],
)
def test_the_value_for_a_load_image_node(uploaded: Uploaded, value: str) -> None:
    assert uploaded.value == value


# --- anything else ---

KEYS = st.sampled_from(
    ["status", "messages", "outputs", "queue_running", "queue_pending", "system", "comfyui_version", "argv", "devices",
     "images", "filename", "node_errors", "errors", "error", "prompt_id", "number", "extra_info", "input_config",
     "name", "status_str", "dependent_outputs", "ram_total"]
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["error", "x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(JSON, st.sampled_from([200, 400, 404, 500]))
def test_no_json_makes_a_parser_raise_anything_but_our_errors(data: Any, status: int) -> None:
    HistoryEntry.parse("p", data)
    combo_options(data)
    for parse in (
        lambda: Queue.parse(data, URL),
        lambda: SystemStats.parse(data, URL),
        lambda: Accepted.parse(reply(data, status), {}),
        lambda: Uploaded.parse(reply(data), "input"),
    ):
        try:
            parse()
        except ComfyError:
            continue


@given(st.binary(max_size=60), st.sampled_from(["text/html", "application/json", ""]), st.integers(200, 599))
def test_no_body_makes_an_answer_raise_anything_but_our_errors(body: bytes, kind: str, status: int) -> None:
    for parse in (lambda: Accepted.parse(reply(body, status, kind), {}), reply(body, status, kind).json_object):
        try:
            parse()
        except ComfyError:
            continue
