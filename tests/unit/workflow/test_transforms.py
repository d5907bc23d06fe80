"""What happens to values when a prompt is queued: dynamic prompts, file names, and seeds for the run after."""

from __future__ import annotations

import copy
import time
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comfy_api.workflow.convert import convert
from comfy_api.workflow.spec import InputSpec
from comfy_api.workflow.transforms import (
    apply_queue_transforms,
    format_date,
    next_value,
    replace_patterns,
    resolve_dynamic,
)

NOW = datetime(2026, 3, 4, 15, 6, 7, tzinfo=UTC)
SPECS: dict[str, Any] = {
    "Encode": {
        "input": {
            "required": {
                "text": ["STRING", {"multiline": True, "dynamicPrompts": True}],
                "plain": ["STRING", {"dynamicPrompts": False}],
                "unsaid": ["STRING", {}],
            }
        },
        "output": ["CONDITIONING"],
    },
    "Sampler": {"input": {"required": {"seed": ["INT", {"default": 0}], "cfg": ["FLOAT", {}]}}, "output": ["INT"]},
    "SaveImage": {"input": {"required": {"filename_prefix": ["STRING", {}]}}, "output": []},
    "SaveText": {"input": {"required": {"filename_prefix": ["STRING", {}]}}, "output": []},
}


def transformed(ui: dict[str, Any]) -> dict[str, Any]:
    conversion = convert(ui, SPECS)
    prompt = apply_queue_transforms(conversion.prompt, Random(0), NOW, SPECS, conversion.queueing)
    return {node_id: node["inputs"] for node_id, node in prompt.items()}


# --- dynamic prompts --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a {one} {} {{two}}", "a one  two"),
        (r"\{esc|aped\} \(y\)", r"{esc|aped} \(y\)"),
        ("a /* block\ncomment */ end // line\nnext https://x", "a  end \nnext https:"),
        ("stray } and | pipe, open { tail", "stray } and | pipe, open  tail"),
        ("{x|x}", "x"),
        ("/*a*///b\n/*c*//d /* open //e", "\n/d /* open "),
        (r"{a\|b}", "a|b"),
        ("", ""),
    ],
)
def test_one_reading_of_a_dynamic_prompt(text: str, expected: str) -> None:
    assert resolve_dynamic(text, Random(1)) == expected


def test_each_option_comes_up_and_no_other() -> None:
    drawn = {resolve_dynamic("{a|b {c|d}|}!", Random(seed)) for seed in range(200)}
    assert drawn == {"a!", "b c!", "b d!", "!"}


def test_the_same_random_numbers_give_the_same_text() -> None:
    text = "{a|b|c|d|e|f} {a|b|c|d|e|f}"
    assert resolve_dynamic(text, Random(5)) == resolve_dynamic(text, Random(5))


@given(st.text(alphabet="ab{}|\\/* \n", max_size=60))
def test_any_text_has_a_reading(text: str) -> None:
    resolve_dynamic(text, Random(0))


def test_braces_nested_ten_thousand_deep_have_a_reading() -> None:
    assert resolve_dynamic("{" * 10_000 + "a" + "}" * 10_000, Random(0)) == "a"


def test_comments_that_are_never_closed_are_read_soon() -> None:
    begun = time.process_time()
    assert resolve_dynamic("/* " * 200_000, Random(0)) == "/* " * 200_000
    assert time.process_time() - begun < 2


def test_only_inputs_that_the_server_marks_are_dynamic_prompts() -> None:
    ui = {"nodes": [{"id": 1, "type": "Encode", "widgets_values": ["{a} //", "{a} //", "{a} //"]}]}
    assert transformed(ui)["1"] == {"text": "a ", "plain": "{a} //", "unsaid": "{a} //"}


def test_a_promoted_value_of_a_subgraph_stays_as_it_is() -> None:
    definition = {
        "id": "S",
        "inputs": [{"name": "text", "type": "STRING", "linkIds": [1]}],
        "nodes": [
            {
                "id": 2,
                "type": "Encode",
                "inputs": [{"name": "text", "link": 1, "widget": {"name": "text"}}],
                "widgets_values": ["{b}"],
            }
        ],
        "links": [[1, -10, 0, 2, 0, "STRING"]],
    }
    ui = {"nodes": [{"id": 1, "type": "S", "widgets_values": ["{a}"]}], "definitions": {"subgraphs": [definition]}}
    assert transformed(ui)["1:2"]["text"] == "{a}"


# --- file names -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [("yyyy-MM-dd hh:mm:ss", "2026-03-04 15:06:07"), ("d.M.yy", "4.3.26"), ("h m s", "15 6 7"), ("y", "y")],
)
def test_a_date_has_as_many_digits_as_letters(pattern: str, expected: str) -> None:
    assert format_date(pattern, NOW) == expected


def file_name(prefix: str, class_type: str = "SaveImage", **sampler: Any) -> str:
    ui = {
        "nodes": [
            {"id": 1, "type": "Sampler", "title": "My node", "widgets_values": [42, "fixed", 8.0], **sampler},
            {"id": 2, "type": class_type, "widgets_values": [prefix]},
        ]
    }
    return transformed(ui)["2"]["filename_prefix"]


def test_values_of_other_nodes_stand_in_a_file_name_by_property_or_title() -> None:
    assert file_name("%Sampler.seed%_%My node.cfg%_%date:yyyy%") == "42_8_2026"
    assert file_name("%Named.seed%_%Sampler.seed%", properties={"Node name for S&R": "Named"}) == "42_%Sampler.seed%"


def test_patterns_without_a_meaning_stay_for_the_server() -> None:
    text = "%width%_%Nobody.seed%_%Sampler.no%_100%"
    assert file_name(text) == text


def test_other_nodes_keep_their_patterns() -> None:
    assert file_name("%Sampler.seed%", "SaveText") == "%Sampler.seed%"


def test_what_cannot_stand_in_a_file_name_is_replaced() -> None:
    assert replace_patterns("a/b:%N.w%", NOW, lambda node, widget: 'x/y:"z"') == "a/b:x_y__z_"


def test_the_value_under_a_wire_counts() -> None:
    wired = [{"name": "seed", "link": 5, "widget": {"name": "seed"}}]
    ui = {
        "nodes": [
            {"id": 1, "type": "Sampler", "widgets_values": [42, "fixed", 1], "inputs": wired, "title": "A"},
            {"id": 3, "type": "Sampler", "widgets_values": [7, "fixed", 1], "title": "B"},
            {"id": 2, "type": "SaveImage", "widgets_values": ["%A.seed%"]},
        ],
        "links": [[5, 3, 0, 1, 0, "INT"]],
    }
    assert transformed(ui)["2"]["filename_prefix"] == "42"


def test_a_primitive_with_the_property_has_its_patterns_replaced() -> None:
    ui = {
        "nodes": [
            {"id": 1, "type": "Sampler", "widgets_values": [42, "fixed", 1]},
            {
                "id": 2,
                "type": "PrimitiveNode",
                "widgets_values": ["%Sampler.seed%"],
                "properties": {"Run widget replace on values": True},
            },
            {"id": 3, "type": "Encode", "inputs": [{"name": "unsaid", "link": 1, "widget": {"name": "unsaid"}}]},
        ],
        "links": [[1, 2, 0, 3, 0, "STRING"]],
    }
    assert transformed(ui)["3"]["unsaid"] == "42"


def test_without_a_conversion_nodes_are_found_by_class_and_title_and_the_prompt_is_not_changed() -> None:
    prompt = {
        "1": {"class_type": "Sampler", "inputs": {"seed": 3}, "_meta": {"title": "Mine"}},
        "2": {
            "class_type": "SaveImage",
            "inputs": {"filename_prefix": "%Sampler.seed%%Mine.seed%", "images": ["1", 0]},
        },
    }
    kept = copy.deepcopy(prompt)
    assert apply_queue_transforms(prompt, Random(0), NOW, SPECS)["2"]["inputs"]["filename_prefix"] == "33"
    assert prompt == kept


# --- seeds ------------------------------------------------------------------------------------------


def number(type_: str = "INT", **settings: Any) -> InputSpec:
    return InputSpec("seed", True, type_, None, False, settings)


def choice(*options: Any) -> InputSpec:
    return InputSpec("pick", True, "COMBO", options, False, {})


@pytest.mark.parametrize(
    ("value", "mode", "spec", "expected"),
    [
        (5, "fixed", number(min=0, max=9), 5),
        (5, "increment", number(min=0, max=9), 6),
        (9, "increment", number(min=0, max=9), 9),
        (5, "decrement", number(min=0, max=9), 4),
        (0, "decrement", number(min=0, max=9), 0),
        (8, "increment", number(min=0, max=64, step=8), 16),
        (2**64 - 2, "increment", number(min=0, max=2**64 - 1), 2**64 - 1),
        ("b", "increment", choice("a", "b", "c"), "c"),
        ("c", "increment", choice("a", "b", "c"), "c"),
        ("c", "increment-wrap", choice("a", "b", "c"), "a"),
        ("gone", "increment", choice("a", "b"), "gone"),
        ("text", "increment", number(), "text"),
        (True, "randomize", number(), True),
    ],
)
def test_the_value_of_the_run_after(value: Any, mode: str, spec: InputSpec, expected: Any) -> None:
    assert next_value(value, mode, spec, Random(0)) == expected


@given(seed=st.integers(), low=st.integers(-100, 100), width=st.integers(0, 2**64), step=st.sampled_from([1, 8]))
def test_a_drawn_seed_is_within_the_servers_bounds_and_javascripts(seed: int, low: int, width: int, step: int) -> None:
    drawn = next_value(1, "randomize", number(min=low, max=low + width, step=step), Random(seed))
    assert low <= drawn <= min(low + width, 2**50)
    assert (drawn - low) % step == 0


def test_drawn_seeds_differ() -> None:
    rng = Random(3)
    assert len({next_value(1, "randomize", number(min=0, max=2**64 - 1), rng) for _ in range(50)}) == 50


def test_a_drawn_choice_is_one_of_the_options() -> None:
    rng = Random(3)
    assert {next_value("a", "randomize", choice("a", "b"), rng) for _ in range(50)} == {"a", "b"}
