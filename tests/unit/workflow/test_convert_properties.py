"""What must hold for every file: the order of its parts means nothing, and values written back come out again."""

from __future__ import annotations

import copy
from typing import Any

import goldens
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comfy_api.errors import NotConvertible, WorkflowError
from comfy_api.workflow.convert import Conversion, convert, write_back
from comfy_api.workflow.forms.control import Place

OBJECT_INFO = goldens.load("object_info_handmade.json.gz") | goldens.load("object_info_synth_tests.json.gz")
REAL = goldens.load("object_info_0.3.64.json.gz")

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def _convertible() -> list[tuple[Any, Any, Conversion]]:
    cases = [(ui, OBJECT_INFO) for _, ui, _ in (*goldens.micro_cases(), *goldens.handmade())]
    cases += [(ui, REAL) for _, ui, _ in goldens.templates("ui2api_real_specs.json.gz")]
    found = []
    for ui, object_info in cases:
        try:
            found.append((ui, object_info, convert(ui, object_info)))
        except NotConvertible:
            continue
    return found


CASES = _convertible()


@given(data=st.data())
@QUICK
def test_the_order_of_nodes_and_links_and_unknown_keys_mean_nothing(data: st.DataObject) -> None:
    ui, object_info, before = data.draw(st.sampled_from(CASES))
    changed = copy.deepcopy(ui)
    for graph in (changed, *(changed.get("definitions") or {}).get("subgraphs", ())):
        graph["nodes"] = data.draw(st.permutations(graph["nodes"]))
        graph["links"] = data.draw(st.permutations(graph["links"]))
        graph["someday"] = {"nodes": [1]}
        for node in graph["nodes"]:
            node["someday"] = [1]
            node["order"] = 99
    assert convert(changed, object_info) == before


@given(data=st.data())
@QUICK
def test_a_conversion_does_not_change_the_file(data: st.DataObject) -> None:
    ui, object_info, _ = data.draw(st.sampled_from(CASES))
    kept = copy.deepcopy(ui)
    convert(ui, object_info)
    assert ui == kept


NEW = {
    int: st.integers(0, 2**64 - 1),
    float: st.floats(-1e6, 1e6),
    str: st.text(st.characters(codec="ascii"), max_size=9),
}


def new_value(data: st.DataObject, present: Any) -> Any:
    if isinstance(present, bool) or type(present) not in NEW:
        return not present if isinstance(present, bool) else present
    value = data.draw(NEW[type(present)])
    # Text fields know one kind of new line; so does what comes out.
    return value.replace("\r", "") if isinstance(value, str) else value


@given(data=st.data())
@QUICK
def test_values_written_back_come_out_again_everywhere_and_nothing_else_changes(data: st.DataObject) -> None:
    ui, object_info, before = data.draw(st.sampled_from([case for case in CASES if case[2].origins]))
    places = [place for place, origin in before.origins.items() if not origin.steers]
    if not places:
        return
    values = {}
    for place in data.draw(st.lists(st.sampled_from(places), min_size=1, max_size=4, unique=True)):
        shared = [other for other in before.fan_out(place) if other in values]
        present = before.prompt[place.node_id]["inputs"][place.input]
        values[place] = values[shared[0]] if shared else new_value(data, present)
    expected = copy.deepcopy(before.prompt)
    for place, value in values.items():
        for other in before.fan_out(place):
            expected[other.node_id]["inputs"][other.input] = value
    after = convert(write_back(ui, before, values), object_info)
    assert after.prompt == expected
    assert after.origins == before.origins


def test_every_plain_value_has_an_origin() -> None:
    for _, _, conversion in CASES:
        for node_id, node in conversion.prompt.items():
            for name, value in node["inputs"].items():
                assert isinstance(value, list) != (Place(node_id, name) in conversion.origins)


SPECS = {
    "Two": {"input": {"required": {"seed": ["INT", {"default": 5}], "b": ["INT", {"default": 6}]}}, "output": ["INT"]},
    "Choice": {
        "input": {"required": {"mode": ["COMFY_DYNAMICCOMBO_V3", {"options": [{"key": "x"}, {"key": "y"}]}]}},
        "output": [],
    },
}


def written(node: dict[str, Any], values: dict[Place, Any]) -> dict[str, Any]:
    ui = {"nodes": [{"id": 1, "inputs": [], **node}], "links": []}
    return write_back(ui, convert(ui, SPECS), values)["nodes"][0]


def test_a_list_that_is_too_short_is_filled_with_the_values_that_counted() -> None:
    node = written({"type": "Two", "widgets_values": []}, {Place("1", "b"): 8})
    assert node["widgets_values"] == [5, None, 8]


def test_the_names_beside_the_list_say_the_same() -> None:
    named = {"seed": 1, "control_after_generate": "fixed", "b": 2}
    stored = {"type": "Two", "widgets_values": [1, "fixed", 2], "widgets_values_named": named}
    node = written(stored, {Place("1", "b"): 8})
    assert (node["widgets_values"], node["widgets_values_named"]["b"]) == ([1, "fixed", 8], 8)


def test_a_dict_is_written_by_name() -> None:
    assert written({"type": "Two", "widgets_values": {"seed": 1}}, {Place("1", "b"): 8})["widgets_values"] == {
        "seed": 1,
        "b": 8,
    }


@pytest.mark.parametrize(
    ("node", "values"),
    [
        ({"type": "Two"}, {Place("1", "c"): 1}),
        ({"type": "Choice", "widgets_values": ["x"]}, {Place("1", "mode"): "y"}),
    ],
)
def test_what_the_file_cannot_hold_is_refused(node: dict[str, Any], values: dict[Place, Any]) -> None:
    with pytest.raises(WorkflowError):
        written(node, values)


def test_two_values_for_one_origin_are_refused() -> None:
    target = {"type": "Two", "inputs": [{"name": "b", "link": 1, "widget": {"name": "b"}}]}
    ui = {
        "nodes": [
            {"id": 1, "type": "PrimitiveNode", "widgets_values": [3]},
            {"id": 2, **target},
            {"id": 3, **copy.deepcopy(target)},
        ],
        "links": [[1, 1, 0, 2, 1, "INT"]],
    }
    conversion = convert(ui, SPECS)
    with pytest.raises(WorkflowError):
        write_back(ui, conversion, {Place("2", "b"): 1, Place("3", "b"): 2})
    assert write_back(ui, conversion, {Place("2", "b"): 1})["nodes"][0]["widgets_values"] == [1]
