"""Workflow.load: what it takes, and what it refuses in which words."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from comfy_api.errors import NotReadable
from comfy_api.workflow import Workflow
from comfy_api.workflow.reading import Unfit, parse_json

GRAPH: dict[str, Any] = {"3": {"class_type": "KSampler", "inputs": {"seed": 2**64 - 1}, "is_changed": [1]}}
TEXT = json.dumps(GRAPH)


def nested(levels: int) -> dict[str, Any]:
    """A graph of so many nested containers."""
    value: Any = 1
    for _ in range(levels - 3):
        value = [value]
    return {"1": {"class_type": "X", "inputs": {"a": value}}}


def test_path_text_bytes_and_mapping_give_the_same_workflow(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text(TEXT)
    for source in (
        file,
        str(file),
        TEXT,
        "\ufeff \n" + TEXT,
        TEXT.encode(),
        b"\xef\xbb\xbf" + TEXT.encode(),
        GRAPH,
    ):
        assert Workflow.load(source).graph == GRAPH


def test_a_64_bit_seed_is_exact() -> None:
    assert Workflow.load(TEXT).nodes["3"].inputs["seed"] == 18446744073709551615


def test_unknown_keys_of_a_node_are_kept() -> None:
    assert json.loads(Workflow.load(TEXT).to_json()) == GRAPH


def test_a_wrapper_gives_its_graph_and_keeps_its_other_keys() -> None:
    extra = {"extra_data": {"extra_pnginfo": {"workflow": {"nodes": []}}}, "front": True}
    workflow = Workflow.load({"prompt": GRAPH, **extra})
    assert workflow.graph == GRAPH
    assert workflow.extra == extra
    assert workflow.set("3", seed=1).extra == extra


def test_a_node_with_the_id_prompt_is_no_wrapper() -> None:
    graph = {"prompt": {"class_type": "X", "inputs": {}}}
    assert Workflow.load(graph).graph == graph


def test_links_that_people_wrote_with_numbers_become_links() -> None:
    """The server refuses an integer as the source and a fraction as the slot (formats.md §1.1)."""
    inputs = {
        "a": [4, 0],
        "b": ["4", 1.0],
        "size": [512, 512],
        "flags": [True, 0],
        "odd": ["4", 0.5],
        "long": [4, 0, 1],
    }
    graph = {"4": {"class_type": "X", "inputs": {}}, "5": {"class_type": "Y", "inputs": inputs}}
    loaded = Workflow.load(graph).nodes["5"].inputs
    assert dict(loaded) == {**inputs, "a": ["4", 0], "b": ["4", 1]}
    assert Workflow.load(graph).nodes["5"].links == {"a": ("4", 0), "b": ("4", 1)}


@pytest.mark.parametrize("node", [{"class_type": "X"}, {"class_type": "X", "inputs": None}])
def test_missing_inputs_are_none(node: dict[str, Any]) -> None:
    assert Workflow.load({"1": node}).graph == {"1": {"class_type": "X", "inputs": {}}}


def test_lenient_reading_turns_what_python_writes_and_json_does_not_know_into_null() -> None:
    text = '{"a": [NaN, Infinity, -Infinity, 1e999, 1.5]}'
    assert parse_json(text, lenient=True) == {"a": [None, None, None, None, 1.5]}
    with pytest.raises(Unfit, match="NaN"):
        parse_json(text)


def test_what_is_loaded_is_independent_of_its_source() -> None:
    source = json.loads(TEXT)
    workflow = Workflow.load(source)
    source["3"]["inputs"]["seed"] = 5
    assert workflow.graph == GRAPH


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("{", "no JSON .* at line 1, column 2"),
        ("{}", "empty"),
        (b"[]", "not a JSON object"),
        (b"\xff\xfe", "no UTF-8"),
        (b"", "no JSON"),
        (
            '{"1": {"class_type": "X", "inputs": {}}, "1": {"class_type": "Y", "inputs": {}}}',
            '"1" stands in it twice',
        ),
        ('{"1": {"class_type": "X", "inputs": {"a": NaN}}}', "NaN"),
        ('{"1": {"class_type": "X", "inputs": {"a": -Infinity}}}', "-Infinity"),
        ('{"1": {"class_type": "X", "inputs": {"a": 1e999}}}', "not finite"),
        ('{"1": {"class_type": "X", "inputs": {"a": ' + "9" * 5000 + "}}}", "thousands of digits"),
        ({"1": {"class_type": "X", "inputs": 5}}, 'entry "1" is no node'),
        ({"1": {"class_type": "", "inputs": {}}}, 'entry "1" is no node'),
        ({"1": {"class_type": "X", "inputs": {}}, "version": 1}, 'entry "version" is no node'),
        ({"1": {"class_type": "X", "inputs": {"a": {1}}}}, "a set, which JSON does not know"),
        ({1: {"class_type": "X", "inputs": {}}}, "key 1 is no text"),
        ({str(i): {"class_type": "X", "inputs": {}} for i in range(5001)}, "more than 5000 nodes"),
        (b'{"a": [' + b"[]," * 1_000_000 + b"[]]}", "more than 1000000 values"),
        (b" " * 20_000_001, "larger than 20 MB"),
        ("{" + " " * 20_000_001, "larger than 20 MB"),
    ],
)
def test_what_is_no_workflow_is_refused_with_its_reason_and_what_to_do(source: Any, reason: str) -> None:
    with pytest.raises(NotReadable, match=f"^The workflow .*{reason}.*Export"):
        Workflow.load(source)


def test_nesting_is_bounded_at_64_levels() -> None:
    assert Workflow.load(nested(64)).graph == nested(64)
    for source in (nested(65), json.dumps(nested(65))):
        with pytest.raises(NotReadable, match="deeper than 64 levels"):
            Workflow.load(source)


@pytest.mark.parametrize("bomb", ["[" * 400_000, '{"a":' * 400_000, '{"a":' + "[" * 100_000 + "]" * 100_000 + "}"])
def test_a_nesting_bomb_is_refused(bomb: str) -> None:
    with pytest.raises(NotReadable, match=r"deeper than 64 levels|no JSON"):
        Workflow.load(bomb.encode())


def test_a_mapping_that_holds_itself_is_refused() -> None:
    loop: dict[str, Any] = {"class_type": "X", "inputs": {}}
    loop["inputs"]["me"] = loop
    with pytest.raises(NotReadable, match="deeper than 64 levels"):
        Workflow.load({"1": loop})


def test_a_mapping_that_grows_when_it_is_copied_is_refused_before_it_costs_memory() -> None:
    """Forty levels of two that are the same one: a trillion values."""
    value: dict[str, Any] = {}
    for _ in range(40):
        value = {"a": value, "b": value}
    with pytest.raises(NotReadable, match="more than 1000000 values"):
        Workflow.load({"1": {"class_type": "X", "inputs": value}})


def test_a_refused_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "portrait.json"
    file.write_text("[1]")
    with pytest.raises(NotReadable, match=r'^"portrait\.json" is no workflow'):
        Workflow.load(file)
    with pytest.raises(NotReadable, match=r'^"gone\.json" cannot be read \(No such file or directory\)'):
        Workflow.load(tmp_path / "gone.json")


def test_a_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    if hasattr(os, "mkfifo"):
        os.mkfifo(pipe)
    else:
        pytest.skip("this system has no pipes in folders")
    with pytest.raises(NotReadable, match="no ordinary file"):
        Workflow.load(pipe)
