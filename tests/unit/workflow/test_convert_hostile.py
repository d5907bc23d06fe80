"""A file that nobody's ComfyUI wrote is refused in words, and soon."""

from __future__ import annotations

import copy
import time
from typing import Any

import goldens
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comfy_api.errors import NotConvertible
from comfy_api.workflow.convert import convert

SPECS = {
    "Source": {"input": {"required": {"w": ["INT", {"default": 10}], "text": ["STRING", {}]}}, "output": ["IMAGE"]},
    "Sink": {"input": {"required": {"image": ["IMAGE"]}}, "output": []},
}
#: Processor time; the machine may be busy.
SOON = 3.0


def refused_soon(ui: Any) -> str:
    begun = time.process_time()
    with pytest.raises(NotConvertible) as caught:
        convert(ui, SPECS)
    assert time.process_time() - begun < SOON
    assert caught.value.reasons
    return str(caught.value)


def definition(name: str, inner: str, copies: int, **more: Any) -> dict[str, Any]:
    return {"id": name, "name": name, "nodes": [{"id": i, "type": inner} for i in range(copies)], **more}


def test_definitions_that_multiply_are_refused_before_they_do() -> None:
    """Ten levels of ten would make ten thousand million nodes."""
    graphs = [definition(f"level{level}", f"level{level + 1}", 10) for level in range(10)]
    ui = {"nodes": [{"id": 1, "type": "level0"}], "definitions": {"subgraphs": graphs}}
    assert "5000 nodes" in refused_soon(ui)


def test_a_subgraph_within_itself_is_refused() -> None:
    graphs = [definition("a", "b", 1), definition("b", "a", 1)]
    assert "contains itself" in refused_soon({"nodes": [{"id": 1, "type": "a"}], "definitions": {"subgraphs": graphs}})


def test_subgraphs_nested_a_hundred_deep_are_refused() -> None:
    graphs = [definition(f"level{level}", f"level{level + 1}", 1) for level in range(100)]
    ui = {"nodes": [{"id": 1, "type": "level0"}], "definitions": {"subgraphs": graphs}}
    assert "deeper" in refused_soon(ui)


def test_a_long_text_in_many_instances_is_refused() -> None:
    inner = {"id": "a", "nodes": [{"id": 1, "type": "Source", "widgets_values": [1, "x" * 100_000]}]}
    ui = {"nodes": [{"id": i, "type": "a"} for i in range(2000)], "definitions": {"subgraphs": [inner]}}
    assert "MB" in refused_soon(ui)


def test_a_long_chain_of_reroutes_is_followed_soon() -> None:
    """Each of 2,000 inputs hangs at the end of a chain of 2,000 reroutes."""
    count = 2000
    reroutes = [
        {"id": i, "type": "Reroute", "inputs": [{"name": "", "link": i}], "outputs": [{"type": "*"}]}
        for i in range(1, count)
    ]
    sinks = [
        {"id": count + i, "type": "Sink", "inputs": [{"name": "image", "type": "IMAGE", "link": count + i}]}
        for i in range(1, count)
    ]
    links = [[i, i - 1, 0, i, 0, "*"] for i in range(1, count)]
    links += [[count + i, count - 1, 0, count + i, 0, "*"] for i in range(1, count)]
    begun = time.process_time()
    result = convert({"nodes": [{"id": 0, "type": "Source"}, *reroutes, *sinks], "links": links}, SPECS)
    assert time.process_time() - begun < SOON
    assert all(node["inputs"]["image"] == ["0", 0] for node in result.prompt.values() if node["class_type"] == "Sink")


def test_what_is_nested_too_deeply_is_refused() -> None:
    value: Any = []
    for _ in range(5000):
        value = [value]
    refused_soon({"nodes": [{"id": 1, "type": "Source", "widgets_values": value}]})


@pytest.mark.parametrize(
    "ui",
    [
        {},
        {"nodes": None},
        {"nodes": {}},
        {"nodes": [1]},
        {"nodes": [{}]},
        {"nodes": [{"id": 1}]},
        {"nodes": [{"id": True, "type": "Source"}]},
        {"nodes": [{"id": 1, "type": "Source"}, {"id": "1", "type": "Source"}]},
        {"nodes": [{"id": 1, "type": "Source", "inputs": {"a": 1}}]},
        {"nodes": [{"id": 1, "type": "Source", "widgets_values": "text"}]},
        {"nodes": [], "links": [[1, 2]]},
        {"nodes": [], "links": [[1, 2, "x", 3, 0, "*"]]},
        {"nodes": [], "links": 7},
        {"nodes": [], "definitions": {"subgraphs": [{"nodes": []}]}},
        {"nodes": [], "definitions": 5},
        {"nodes": [{"id": 1, "type": "Source", "widgets_values": [float("nan")]}]},
        {"nodes": [{"id": 1, "type": "Source", "properties": {1: 2}}]},
        {"nodes": [{"id": 1, "type": "Source", "widgets_values": [object()]}]},
        [],
        None,
        "text",
    ],
)
def test_wrong_types_are_refused(ui: Any) -> None:
    refused_soon(ui)


def test_holes_that_real_files_have_are_borne() -> None:
    ui = {
        "nodes": [None, {"id": 1.0, "type": "Source", "inputs": None, "outputs": None, "properties": [], "mode": None}],
        "links": [None],
        "extra": None,
        "definitions": None,
    }
    assert convert(ui, SPECS).prompt.keys() == {"1"}


JUNK = st.sampled_from(
    [
        None,
        True,
        -1,
        0,
        3,
        1.5,
        "",
        "x",
        [],
        {},
        [[]],
        [None],
        [1, 2, 3, 4, 5, 6],
        {"a": 1},
        {"name": 5},
        -10,
        "-20",
        10**30,
    ]
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) in a JSON value."""
    found, waiting = [], [value]
    while waiting:
        held = waiting.pop()
        keys = list(held) if isinstance(held, dict) else range(len(held)) if isinstance(held, list) else ()
        found += [(held, key) for key in keys]
        waiting += [held[key] for key in keys]
    return found


CASES = [ui for _, ui, _ in (*goldens.micro_cases(), *goldens.handmade())]


@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_is_broken_in_a_file_only_not_convertible_is_raised(data: st.DataObject) -> None:
    object_info = goldens.load("object_info_handmade.json.gz") | goldens.load("object_info_synth_tests.json.gz")
    ui = copy.deepcopy(data.draw(st.sampled_from(CASES)))
    for _ in range(data.draw(st.integers(1, 4))):
        found = places(ui)
        held, key = found[data.draw(st.integers(0, len(found) - 1))]
        held[key] = copy.deepcopy(data.draw(JUNK))  # else a list could come to hold itself
    try:
        result = convert(ui, object_info)
    except NotConvertible:
        return
    assert all(isinstance(node["class_type"], str) for node in result.prompt.values())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@given(ui=st.dictionaries(st.sampled_from(["nodes", "links", "extra", "definitions", "version"]), JSON))
@settings(max_examples=150, deadline=None)
def test_garbage_is_refused(ui: dict[str, Any]) -> None:
    try:
        convert(ui, SPECS)
    except NotConvertible:
        return
    assert isinstance(ui["nodes"], list)
