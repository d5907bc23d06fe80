"""Text messages: the types of protocol.md §1, and whatever else comes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comfy_api.protocol.messages import (
    Executed,
    Executing,
    ExecutionCached,
    ExecutionError,
    ExecutionInterrupted,
    ExecutionStart,
    ExecutionSuccess,
    Features,
    Message,
    NodeProgress,
    ProgressState,
    Status,
    Unknown,
    parse_event,
    parse_message,
)

TYPES = [
    "status", "feature_flags", "execution_start", "execution_cached", "executing", "progress", "progress_state",
    "executed", "execution_success", "execution_error", "execution_interrupted",
]  # fmt: skip


def said(kind: str, **data: Any) -> Message:
    return parse_message(json.dumps({"type": kind, "data": data}))


def node_state(state: str, display: str | None = None) -> dict[str, Any]:
    return {"value": 1, "max": 1, "state": state, "display_node_id": display}


@pytest.mark.parametrize(
    ("kind", "data", "message"),
    [
        ("status", {"status": {"exec_info": {"queue_remaining": 3}}, "sid": "me"}, Status(3, "me")),
        ("status", {"status": {"exec_info": {"queue_remaining": 0}}}, Status(0)),
        ("feature_flags", {"supports_preview_metadata": True}, Features(True)),
        ("feature_flags", {"supports_preview_metadata": 1}, Features(False)),
        ("execution_start", {"prompt_id": "p", "timestamp": 1}, ExecutionStart("p")),
        ("execution_cached", {"prompt_id": "p", "nodes": ["4", "12:7"]}, ExecutionCached("p", ("4", "12:7"))),
        ("executing", {"prompt_id": "p", "node": "3", "display_node": "3"}, Executing("p", "3")),
        ("executing", {"prompt_id": "p", "node": "5.0.0.2", "display_node": "5"}, Executing("p", "5")),
        ("executing", {"node": "3"}, Executing(None, "3")),
        ("executing", {"prompt_id": "p", "node": None}, Executing("p", None)),
        ("progress", {"prompt_id": "p", "node": "3", "value": 1, "max": 6}, NodeProgress("p", "3", 1, 6)),
        ("execution_success", {"prompt_id": "p"}, ExecutionSuccess("p")),
        ("execution_interrupted", {"prompt_id": "p", "node_id": "3"}, ExecutionInterrupted("p", "3")),
        ("event_of_tomorrow", {"prompt_id": "p"}, Unknown("event_of_tomorrow")),
    ],
)
def test_each_type_is_read(kind: str, data: dict[str, Any], message: Message) -> None:
    assert said(kind, **data) == message


def test_executed_keeps_its_output() -> None:
    output = {"images": [{"source": "websocket"}]}
    assert said("executed", prompt_id="p", node="9", output=output) == Executed("p", "9", output)
    assert said("executed", prompt_id="p", node="9", output=None) == Executed("p", "9", {})


def test_an_expanded_part_does_not_finish_the_node_that_it_stands_for() -> None:
    nodes = {"3": node_state("finished"), "5.0.0.2": node_state("finished", "5"), "8": node_state("running")}
    assert said("progress_state", prompt_id="p", nodes=nodes) == ProgressState("p", ("3",))


def test_an_error_keeps_class_message_and_traceback_but_no_inputs() -> None:
    error = said(
        "execution_error",
        prompt_id="p",
        node_id="3",
        node_type="KSampler",
        exception_type="ValueError",
        exception_message="it broke\n",
        traceback=["line 1\n"],
        current_inputs={"api_key": ["hunter2"]},
    )
    assert isinstance(error, ExecutionError)
    assert (error.class_type, error.message, error.traceback) == ("KSampler", "it broke", ("line 1\n",))
    assert "hunter2" not in repr(error)


def test_megabytes_of_error_are_cut() -> None:
    error = said("execution_error", prompt_id="p", exception_message="x" * 10**5, traceback=["y" * 10**4] * 1000)
    assert isinstance(error, ExecutionError)
    assert len(error.message) + sum(map(len, error.traceback)) < 500_000


@pytest.mark.parametrize(
    "text",
    [
        "", "{cut", "null", "[1, 2]", '"status"', "{}", '{"type": []}', '{"type": "status"}', "[" * 100_000,
        '{"type":"progress","data":{"node":"3","value":NaN,"max":1}}',
        '{"type":"progress","data":{"node":"3","value":1,"max":Infinity}}',
        '{"type":"progress","data":{"node":"3","value":1' + "0" * 400 + ',"max":1}}',
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_unknown(text: str) -> None:
    assert isinstance(parse_message(text), Unknown)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["node", "prompt_id", "nodes", "value", "max", "status", "output", "traceback", "x"]), inner
        )
    ),
    max_leaves=8,
)


@given(st.text(max_size=100))
def test_no_text_makes_it_raise(text: str) -> None:
    parse_message(text)


@given(st.sampled_from(TYPES), JSON)
def test_no_data_of_a_known_type_makes_it_raise(kind: str, data: Any) -> None:
    parse_message(json.dumps({"type": kind, "data": data}))
    parse_event(kind, data)
