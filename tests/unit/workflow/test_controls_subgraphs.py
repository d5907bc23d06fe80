"""Promoted inputs of subgraphs, in both eras of the format."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from controls_cases import INNER_ID, at, drawing, drawn, load, named, nested, real_info, shown, text_to_image

from comfy_api.workflow.forms.app_mode import write_app_mode
from comfy_api.workflow.forms.control import Control, Form, Kind, Place, Source
from comfy_api.workflow.forms.find import find_controls


def controls_of(ui: dict[str, Any]) -> list[Control]:
    return find_controls(load(ui), real_info())


def test_promoted_inputs_are_the_form_in_the_order_of_the_definition() -> None:
    controls = controls_of(nested())
    assert shown(controls) == ["prompt", "seed", "size", "images"]
    assert at(named(controls, "prompt")) == [("57:6", "text")]
    assert named(controls, "size").places == (
        Place("57:5", "width", part="width"),
        Place("57:5", "height", part="height"),
    )
    assert [c.source for c in controls if c.shown] == [Source.SUBGRAPH] * 3 + [Source.GUESS]
    assert "Text to image" in named(controls, "prompt").reason


def test_one_instance_alone_needs_no_heading() -> None:
    assert {c.group for c in controls_of(nested(host={"title": "Maker"})) if c.source is Source.SUBGRAPH} == {""}


def test_the_seeds_mode_stands_inside() -> None:
    seed = named(controls_of(nested()), "seed")
    assert (seed.kind, seed.mode, seed.default) == (Kind.SEED, "fixed", 5)


def test_what_the_instance_keeps_is_the_default() -> None:
    host = {"widgets_values": ["an owl", 77, 640, 640]}
    controls = controls_of(nested(host=host))
    assert (named(controls, "prompt").default, named(controls, "size").default) == ("an owl", [640, 640])


def test_labels_come_from_the_instance_then_from_the_definition_then_from_the_name() -> None:
    ports = [("text", 101, "positive_prompt"), ("width", 103)]
    assert named(controls_of(nested(ports=ports)), "prompt").label == "Positive prompt"
    host = {"inputs": [{"name": "text", "type": "*", "link": None, "widget": {"name": "text"}, "label": "What?"}]}
    assert named(controls_of(nested(ports=ports, host=host)), "prompt").label == "What?"
    renamed = controls_of(nested(ports=[("how_wide", 103)]))
    assert named(renamed, "how_wide").label == "How wide"


def test_the_older_list_of_inner_widgets_is_read_as_well() -> None:
    listed = [
        ["6", "text"],
        ["3", "steps"],
        ["3", "control_after_generate"],
        ["8", "$$canvas-image-preview"],
        ["99", "x"],
    ]
    for spelled in (listed, json.dumps(listed)):
        host = {"properties": {"proxyWidgets": spelled}, "inputs": []}
        controls = controls_of(nested(host=host, ports=[("unused", 104)]))
        promoted = {c.id: at(c) for c in controls if c.source is Source.SUBGRAPH}
        assert promoted["prompt"] == [("57:6", "text")]
        assert promoted["steps"] == [("57:3", "steps")]
        assert named(controls, "steps").advanced
        assert len(promoted) == 3


def test_an_input_that_is_linked_outside_is_not_the_makers() -> None:
    ui = nested(host={"inputs": [{"name": "width", "type": "INT", "link": 30, "widget": {"name": "width"}}]})
    ui["nodes"].append(drawn(20, "PrimitiveInt", [640, "fixed"], (), ["INT"]))
    ui["links"].append([30, 20, 0, 57, 0, "INT"])
    assert ("57:5", "width") not in [place for c in controls_of(ui) for place in at(c)]


@pytest.mark.parametrize("mode", [2, 4])
def test_an_instance_that_does_not_run_promotes_nothing(mode: int) -> None:
    assert not [c for c in controls_of(nested(host={"mode": mode})) if c.source is Source.SUBGRAPH]


def test_one_promoted_value_writes_to_everything_behind_it() -> None:
    ui = nested()
    definition = ui["definitions"]["subgraphs"][0]
    definition["nodes"][4]["inputs"][1]["link"] = 120
    definition["links"].append(
        {"id": 120, "origin_id": -10, "origin_slot": 0, "target_id": 7, "target_slot": 1, "type": "*"}
    )
    assert at(named(controls_of(ui), "prompt")) == [("57:6", "text"), ("57:7", "text")]


def test_two_instances_have_a_heading_and_values_of_their_own() -> None:
    ui = nested(host={"title": "First"})
    ui["nodes"] += [
        drawn(58, INNER_ID, (), [("text*", None), ("seed*", None)], ["IMAGE"], title="Second"),
        drawn(10, "SaveImage", ["y"], [("images", 2)]),
    ]
    ui["links"].append([2, 58, 0, 10, 0, "IMAGE"])
    controls = [c for c in controls_of(ui) if c.source is Source.SUBGRAPH and c.kind is Kind.LONG_TEXT]
    assert [(at(c), c.group) for c in controls] == [([("57:6", "text")], "First"), ([("58:6", "text")], "Second")]


def test_what_a_subgraph_is_fed_with_stays_in_the_form() -> None:
    ui = nested(ports=[("seed", 102)])
    ui["nodes"].append(drawn(30, "LoadImage", ["x.png", "image"], (), ["IMAGE", "MASK"]))
    ui["nodes"].append(drawn(31, "PreviewImage", (), [("images", 50)]))
    ui["links"].append([50, 30, 0, 31, 0, "IMAGE"])
    # The prompt inside was not promoted, but without it nobody can say what to make.
    assert shown(controls_of(ui)) == ["prompt", "image", "seed", "images"]


@pytest.mark.parametrize("socket", ["text*", "text"])
def test_a_widget_of_a_subgraph_in_a_subgraph_is_reached(socket: str) -> None:
    ui = nested()
    outer_id = "bbbbbbbb-bbbb-4ccc-8ddd-eeeeeeeeeeee"
    inner_host = drawn(70, INNER_ID, (), [(socket, 5)], ["IMAGE"])
    ui["definitions"]["subgraphs"].append(
        {
            "id": outer_id,
            "name": "Outer",
            "inputs": [{"name": "what", "type": "STRING", "linkIds": [5]}],
            "outputs": [{"name": "IMAGE", "type": "IMAGE", "linkIds": [6]}],
            "nodes": [inner_host],
            "links": [
                {"id": 5, "origin_id": -10, "origin_slot": 0, "target_id": 70, "target_slot": 0, "type": "STRING"},
                {"id": 6, "origin_id": 70, "origin_slot": 0, "target_id": -20, "target_slot": 0, "type": "IMAGE"},
            ],
        }
    )
    ui["nodes"][0] = drawn(57, outer_id, (), [("what*", None)], ["IMAGE"])
    prompt = named(controls_of(ui), "prompt")
    assert (at(prompt), prompt.source) == ([("57:70:6", "text")], Source.SUBGRAPH)


def test_a_socket_that_a_promoted_text_feeds_gets_it_too() -> None:
    ui = nested()
    definition = ui["definitions"]["subgraphs"][0]
    definition["nodes"].append(drawn(12, "PreviewImage", (), [("images", 120)]))
    definition["links"].append(
        {"id": 120, "origin_id": -10, "origin_slot": 0, "target_id": 12, "target_slot": 0, "type": "*"}
    )
    assert at(named(controls_of(ui), "prompt")) == [("57:6", "text"), ("57:12", "images")]


# --- untrusted ------------------------------------------------------------------------------------------


def folded(depth: int, width: int, target: int) -> dict[str, Any]:
    """A drawing in which each subgraph holds ``width`` instances of the next; the last holds ``target``."""
    definitions = [
        {
            "id": f"g{level}",
            "inputs": [{"name": "text", "type": "*", "linkIds": list(range(width))}],
            "nodes": [
                drawn(one, f"g{level + 1 if level < depth else target}", (), [("text*", one)]) for one in range(width)
            ],
            "links": [
                {"id": one, "origin_id": -10, "origin_slot": 0, "target_id": one, "target_slot": 0}
                for one in range(width)
            ],
        }
        for level in range(depth + 1)
    ]
    linear = {"inputs": [["1", "text"], ["g9:1:text", "text"], ["0", "text"]], "outputs": []}
    return drawing([drawn(1, "g0", (), [("text*", None)])], (), linear, definitions)


@pytest.mark.parametrize(("depth", "width", "target"), [(0, 1, 0), (3, 2, 0), (40, 5, 99), (2, 900, 99)])
def test_subgraphs_folded_into_very_many_or_into_themselves_come_to_an_end(depth: int, width: int, target: int) -> None:
    workflow = replace(text_to_image(), ui=folded(depth, width, target))
    assert shown(find_controls(workflow, {})) == shown(find_controls(text_to_image(), {}))
    write_app_mode(workflow.ui or {}, Form(controls=tuple(find_controls(workflow, {}))), workflow)
