"""App Mode: read in its three spellings, hidden where ComfyUI hides, and written back."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest
from controls_cases import GRAPH_ID, INNER_ID, at, drawn, flat, load, named, nested, real_info, shown

from comfy_api.workflow import Workflow
from comfy_api.workflow.forms.app_mode import write_app_mode
from comfy_api.workflow.forms.control import Control, Form, Kind, Source
from comfy_api.workflow.forms.find import find_controls, find_outputs, suggest_form


def controls_of(ui: dict[str, Any]) -> list[Control]:
    return find_controls(load(ui), real_info())


def app(ui: dict[str, Any]) -> list[tuple[str, list[tuple[str, str]]]]:
    """What App Mode gives: (id, places)."""
    return [(c.id, at(c)) for c in controls_of(ui) if c.source is Source.APP_MODE]


def linear(*inputs: list[Any], outputs: tuple[Any, ...] = ()) -> dict[str, Any]:
    return {"inputs": list(inputs), "outputs": list(outputs)}


def test_the_list_is_the_form_in_its_order_with_seed_and_images() -> None:
    controls = controls_of(flat(linear(["3", "steps"], [6, "text"])))
    assert shown(controls) == ["steps", "prompt", "images", "seed"]
    assert [c.source for c in controls if c.shown] == [Source.APP_MODE] * 2 + [Source.GUESS] * 2
    seed = named(controls, "seed")
    assert (seed.advanced, seed.mode) == (True, "random")
    assert not named(controls, "steps").advanced


def test_what_the_author_left_out_is_on_offer() -> None:
    controls = controls_of(flat(linear(["6", "text"])))
    assert {"negative", "size", "steps", "model"} <= {c.id for c in controls if not c.shown}


@pytest.mark.parametrize(
    "spelling",
    [
        [3, "steps"],
        ["3", "steps"],
        [f"{GRAPH_ID}:3:steps", "steps"],
        [f"{GRAPH_ID}:3", "steps"],
        ["%31" + GRAPH_ID[1:] + ":%33:st%65ps", "steps"],
    ],
)
def test_every_spelling_of_an_id_is_understood(spelling: list[Any]) -> None:
    assert app(flat(linear(spelling))) == [("steps", [("3", "steps")])]


@pytest.mark.parametrize(
    "spelling",
    [
        ["57", "text"],
        [f"{GRAPH_ID}:57:text", "text"],
        [f"{INNER_ID}:6", "text"],
        [f"{INNER_ID}:6:text", "text"],
        ["6", "text"],
    ],
)
def test_inner_widgets_are_found_by_the_instance_that_promotes_them(spelling: list[Any]) -> None:
    assert app(nested(linear(spelling))) == [("prompt", [("57:6", "text")])]


def test_an_inner_id_that_two_instances_promote_is_dropped() -> None:
    ui = nested(linear(["6", "text"]))
    ui["nodes"] += [drawn(58, INNER_ID, (), [("text*", None)], ["IMAGE"])]
    assert app(ui) == []


def test_an_inner_widget_that_nobody_promotes_is_meant_where_it_stands() -> None:
    assert app(nested(linear([f"{INNER_ID}:7:text", "text"]))) == [("negative", [("57:7", "text")])]


@pytest.mark.parametrize(
    "entry",
    [["99", "text"], ["3", "nope"], [None, "text"], [True, "text"], ["3"], "3", [{}, {}], ["a:b:c:d", "x"], ["", ""]],
)
def test_what_is_not_there_any_more_is_dropped(entry: Any) -> None:
    assert app(flat(linear(entry, ["3", "steps"]))) == [("steps", [("3", "steps")])]


def test_of_an_entry_that_occurs_twice_the_first_counts() -> None:
    ui = flat(linear([3, "steps", {"description": "First"}], ["3", "steps", {"description": "Second"}]))
    assert app(ui) == [("steps", [("3", "steps")])]
    assert named(controls_of(ui), "steps").help == "First"


def test_of_two_instances_the_one_that_runs_is_meant() -> None:
    ui = nested(linear(["6", "text"]))
    ui["nodes"] += [drawn(58, INNER_ID, (), [("text*", None)], ["IMAGE"], mode=2)]
    assert app(ui) == [("prompt", [("57:6", "text")])]


@pytest.mark.parametrize("mode", [2, 4])
def test_muted_and_bypassed_nodes_are_hidden(mode: int) -> None:
    assert app(flat(linear(["6", "text"], ["3", "steps"]), n6={"mode": mode})) == [("steps", [("3", "steps")])]


def test_a_linked_widget_is_hidden_and_its_primitive_is_not() -> None:
    ui = flat(linear(["6", "text"], ["20", "value"]))
    ui["nodes"].append(drawn(20, "PrimitiveNode", ["an owl"], (), ["STRING"], title="What"))
    ui["nodes"][3]["inputs"][1]["link"] = 30
    ui["links"].append([30, 20, 0, 6, 1, "STRING"])
    controls = controls_of(ui)
    prompt = named(controls, "prompt")
    assert (at(prompt), prompt.source, prompt.default, prompt.label) == (
        [("6", "text")],
        Source.APP_MODE,
        "an owl",
        "What",
    )


def test_a_primitive_writes_to_everything_that_it_drives() -> None:
    ui = flat(linear(["20", "value"]))
    ui["nodes"].append(drawn(20, "PrimitiveNode", ["an owl"], (), ["STRING"]))
    for place, (node, link) in enumerate(((3, 30), (4, 31))):
        ui["nodes"][node]["inputs"][1]["link"] = link
        ui["links"].append([link, 20, 0, 6 + place, 1, "STRING"])
    assert app(ui) == [("prompt", [("6", "text"), ("7", "text")])]


def test_dotted_names_are_names() -> None:
    info = {
        "Cloud": {
            "output_node": True,
            "input": {
                "required": {
                    "model": [
                        "COMFY_DYNAMICCOMBO_V3",
                        {"options": [{"key": "a", "inputs": {"required": {"size": ["INT", {"max": 9}]}}}]},
                    ]
                }
            },
        }
    }
    ui = flat(linear(["1", "model.size"]))
    ui["nodes"], ui["links"] = [drawn(1, "Cloud", ["a", 4])], []
    controls = find_controls(Workflow.load(ui, info), info)
    assert [(c.id, at(c), c.maximum) for c in controls if c.shown] == [("model_size", [("1", "model.size")], 9)]


def test_labels_help_and_headings_are_the_authors() -> None:
    ui = flat(
        linear(["3", "steps", {"height": 80, "description": "How **long** it takes"}], ["3", "cfg"], ["6", "text"]),
        n3={"title": "Drawing"},
        n6={"title": "What"},
    )
    ui["nodes"][0]["inputs"][4]["label"] = "Patience"
    controls = controls_of(ui)
    steps, cfg = named(controls, "steps"), named(controls, "cfg")
    assert (steps.label, steps.help, steps.group) == ("Patience", "How long it takes", "Drawing")
    assert cfg.group == "Drawing"
    assert named(controls, "prompt").group == ""


def test_width_and_height_become_one_size() -> None:
    controls = controls_of(flat(linear(["5", "width"], ["5", "height"])))
    size = named(controls, "size")
    assert (size.kind, size.default, [p.part for p in size.places]) == (Kind.SIZE, [512, 768], ["width", "height"])


def test_one_side_alone_stays_a_number_and_leaves_the_other_on_offer() -> None:
    controls = controls_of(flat(linear(["5", "width"])))
    assert named(controls, "width").kind is Kind.INTEGER
    height = next(c for c in controls if at(c) == [("5", "height")])
    assert (height.kind, height.shown) == (Kind.INTEGER, False)


@pytest.mark.parametrize(
    ("word", "mode", "default", "kept"),
    [("fixed", "fixed", 5, False), ("increment", "count", 5, True), ("randomize", "random", None, True)],
)
def test_the_seeds_own_control_says_how_it_goes_on(word: str, mode: str, default: int | None, kept: bool) -> None:
    values = {"widgets_values": [5, word, 20, 7.0, "euler", "normal", 1.0]}
    seed = named(controls_of(flat(linear(["6", "text"]), n3=values)), "seed")
    assert (seed.mode, seed.default, seed.shown) == (mode, default, kept)
    exposed = named(controls_of(flat(linear(["3", "seed"]), n3=values)), "seed")
    assert (exposed.mode, exposed.shown, exposed.advanced) == (mode, True, False)


def test_a_primitives_own_mode_counts_before_that_of_the_sampler() -> None:
    ui = flat(linear(["20", "value"]))
    ui["nodes"].append(drawn(20, "PrimitiveNode", [5, "fixed"], (), ["INT"]))
    ui["nodes"][0]["inputs"].append({"name": "seed", "type": "INT", "link": 30, "widget": {"name": "seed"}})
    ui["links"].append([30, 20, 0, 3, 5, "INT"])
    assert named(controls_of(ui), "seed").mode == "fixed"


# --- outputs --------------------------------------------------------------------------------------------


def with_preview(data: Any) -> dict[str, Any]:
    ui = flat(data)
    ui["nodes"].append(drawn(10, "PreviewImage", (), [("images", 40)], title="Draft"))
    ui["links"].append([40, 8, 0, 10, 0, "IMAGE"])
    return ui


@pytest.mark.parametrize(
    ("outputs", "visible"), [((), ["9", "10"]), (("10",), ["10"]), ((10, "10", "77"), ["10"]), (("77",), ["9", "10"])]
)
def test_listed_outputs_are_shown_and_an_empty_list_means_all(outputs: tuple[Any, ...], visible: list[str]) -> None:
    found = find_outputs(load(with_preview(linear(outputs=outputs))), real_info())
    assert [output.node_id for output in found] == ["9", "10"]
    assert [output.node_id for output in found if output.shown] == visible
    assert found[1].label == "Draft"


# --- untrusted ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data", [[], "x", 5, {"inputs": {}, "outputs": {}}, {"inputs": [[]] * 5}, {"outputs": [[], {}]}]
)
def test_a_list_of_the_wrong_shape_is_no_list(data: Any) -> None:
    controls = controls_of(flat(data))
    assert {c.source for c in controls} == {Source.GUESS}
    assert all(output.shown for output in find_outputs(load(flat(data)), real_info()))


def test_a_broken_drawing_beside_a_good_prompt_costs_its_hints_only() -> None:
    workflow = replace(load(flat()), ui={"nodes": [{"id": []}]}, conversion=None)
    assert shown(find_controls(workflow, real_info()))[0] == "prompt"


def test_a_picture_that_holds_both_formats_needs_no_conversion() -> None:
    workflow = replace(load(nested(linear(["57", "text"]))), conversion=None)
    controls = find_controls(workflow, real_info())
    assert [(c.id, at(c)) for c in controls if c.source is Source.APP_MODE] == [("prompt", [("57:6", "text")])]


# --- written back ---------------------------------------------------------------------------------------


def told(controls: Any) -> list[Any]:
    return [(c.id, c.kind, set(c.places), c.label, c.help, c.group) for c in controls if c.source is Source.APP_MODE]


@pytest.mark.parametrize(
    "ui",
    [
        flat(
            linear(
                ["6", "text"], ["3", "steps", {"height": 80, "description": "Long"}], ["5", "width"], ["5", "height"]
            )
        ),
        nested(linear([f"{INNER_ID}:6:text", "text"], ["57", "seed"])),
        nested(linear([f"{INNER_ID}:7:text", "text"])),
    ],
    ids=["flat", "promoted", "inner"],
)
def test_what_is_written_reads_as_the_same_form(ui: dict[str, Any]) -> None:
    workflow = load(ui)
    controls = [c for c in find_controls(workflow, real_info()) if c.source is Source.APP_MODE]
    written = write_app_mode(ui, Form(controls=tuple(controls)), workflow)
    assert told(find_controls(load(written), real_info())) == told(controls)
    assert [entry[:2] for entry in written["extra"]["linearData"]["inputs"]] == [
        entry[:2] for entry in ui["extra"]["linearData"]["inputs"]
    ]


@pytest.mark.parametrize("ui", [flat(), nested()], ids=["flat", "nested"])
def test_a_guessed_form_is_written_for_comfyui(ui: dict[str, Any]) -> None:
    workflow, before = load(ui), copy.deepcopy(ui)
    form = suggest_form(workflow, real_info())
    written = write_app_mode(ui, form, workflow)
    assert ui == before
    assert written["extra"]["linearMode"] is True
    again = find_controls(load(written), real_info())
    wanted = {place for control in form.controls if control.shown for place in control.places}
    assert {place for c in again if c.source is Source.APP_MODE for place in c.places} == wanted
    assert written["extra"]["linearData"]["outputs"] == ["9"]


def test_order_labels_and_hidden_controls_are_written() -> None:
    ui = flat(linear(["6", "text"], ["3", "steps", {"height": 80}]))
    workflow = load(ui)
    found = find_controls(workflow, real_info())
    steps = replace(named(found, "steps"), order=0, label="Patience", help="Takes long")
    prompt = replace(named(found, "prompt"), order=1, help="")
    hidden = replace(named(found, "cfg"), shown=False)
    written = write_app_mode(ui, Form(controls=(prompt, steps, hidden)), workflow)
    assert written["extra"]["linearData"]["inputs"] == [
        ["3", "steps", {"height": 80, "description": "Takes long"}],
        ["6", "text"],
    ]
    assert named(find_controls(load(written), real_info()), "steps").label == "Patience"
