"""Which source a place belongs to, what makers see of each, and ids and labels that tell controls apart."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from controls_cases import api, at, drawn, flat, load, named, nested, real_info, sampler, shown, text_to_image

from comfy_api.workflow import Workflow
from comfy_api.workflow.forms.control import Control, Form, Kind, Output, Place, Source
from comfy_api.workflow.forms.find import find_controls, find_outputs, suggest_form
from comfy_api.workflow.forms.ids import workflow_hash

INFO = real_info()


def visible(controls: list[Control], source: Source) -> list[str]:
    return [control.id for control in controls if control.shown and control.source is source]


# --- the saved form -------------------------------------------------------------------------------------


def saved() -> Form:
    patience = Control(
        id="patience", kind=Kind.SLIDER, label="Patience", places=(Place("3", "steps"),), minimum=5, maximum=9, order=40
    )
    hidden = Control(id="mood", kind=Kind.LONG_TEXT, label="Mood", places=(Place("6", "text"),), shown=False, order=41)
    return Form(controls=(patience, hidden))


def test_a_saved_form_is_the_form_and_all_else_is_on_offer() -> None:
    controls = find_controls(text_to_image(), INFO, form=saved())
    assert shown(controls) == ["patience"]
    assert [replace(c, source=Source.GUESS) for c in controls[:2]] == list(saved().controls)
    assert {"negative", "size", "images", "seed", "cfg"} <= {c.id for c in controls}
    assert all(c.order > 41 for c in controls[2:])


def test_a_place_of_the_saved_form_is_offered_to_nobody_else() -> None:
    controls = find_controls(text_to_image(), INFO, form=saved())
    assert [c.id for c in controls if ("3", "steps") in at(c) or ("6", "text") in at(c)] == ["patience", "mood"]


def test_a_form_of_titles_only_is_no_list_of_controls() -> None:
    plain = find_controls(text_to_image(), INFO)
    assert find_controls(text_to_image(), INFO, form=Form(title="Fox")) == plain


def test_app_mode_is_on_offer_where_a_form_was_saved() -> None:
    workflow = load(flat({"inputs": [["3", "cfg"]], "outputs": []}))
    controls = find_controls(workflow, INFO, form=saved())
    assert shown(controls) == ["patience"]
    assert named(controls, "cfg").source is Source.APP_MODE


# --- between the sources --------------------------------------------------------------------------------


def test_app_mode_comes_before_promoted_inputs_and_is_the_whole_list() -> None:
    controls = find_controls(load(nested({"inputs": [["57", "text"]], "outputs": []})), INFO)
    assert visible(controls, Source.APP_MODE) == ["prompt"]
    assert visible(controls, Source.SUBGRAPH) == []
    assert "size" in [c.id for c in controls if c.source is Source.SUBGRAPH]


def swarm(**inputs: Any) -> dict[str, Any]:
    plain = {"title": "Patience", "value": 20, "step": 1, "min": 1, "max": 50, "view_max": 50, "view_type": "slider"}
    return plain | {"description": "", "order_priority": 0, "is_advanced": False, "raw_id": ""} | inputs


def test_a_node_made_for_it_hides_the_guess_but_for_seed_and_images() -> None:
    workflow = text_to_image(n20=("SwarmInputInteger", swarm()), n3=("KSampler", sampler(steps=["20", 0])))
    controls = find_controls(workflow, INFO)
    assert visible(controls, Source.NODE) == ["patience"]
    assert shown(controls) == ["patience", "images", "seed"]
    assert (named(controls, "seed").advanced, named(controls, "prompt").shown) == (True, False)


def test_a_title_that_names_only_the_prompt_says_nothing_of_the_rest() -> None:
    workflow = text_to_image(n6=("CLIPTextEncode", {"text": "a fox", "clip": ["4", 1]}, "positive_prompt"))
    controls = find_controls(workflow, INFO)
    assert named(controls, "prompt").source is Source.TITLE
    assert shown(controls) == shown(find_controls(text_to_image(), INFO))


def test_a_title_that_names_another_thing_is_a_choice() -> None:
    workflow = text_to_image(
        n5=("EmptyLatentImage", {"width": 512, "height": 768, "batch_size": 2}, "<Canvas:prompt:1>")
    )
    controls = find_controls(workflow, INFO)
    assert visible(controls, Source.TITLE)
    assert not named(controls, "cfg").shown


def test_a_piece_of_a_text_leaves_no_whole_of_it_to_others() -> None:
    workflow = text_to_image(n6=("CLIPTextEncode", {"text": "a {{animal}} in {{place}}", "clip": ["4", 1]}))
    controls = find_controls(workflow, INFO)
    assert set(visible(controls, Source.PLACEHOLDER)) == {"animal", "place"}
    assert [c.id for c in controls if Place("6", "text") in c.places] == []


def test_a_mapping_file_is_the_whole_list() -> None:
    nodes = [{"type": "prompt", "key": "text", "node_ids": ["6"]}, {"type": "steps", "key": "steps", "node_ids": ["3"]}]
    controls = find_controls(text_to_image(), INFO, companions={"nodes.json": nodes, "readme.json": {"a": 1}})
    assert visible(controls, Source.MAPPING) == ["prompt", "steps"]
    assert shown(controls) == ["prompt", "steps", "images", "seed"]


def test_a_value_that_the_file_stores_once_is_written_everywhere() -> None:
    ui = flat()
    ui["nodes"].append(drawn(20, "PrimitiveNode", [30, "fixed"], (), ["INT"]))
    ui["nodes"].append(
        drawn(
            13,
            "KSampler",
            [5, "randomize", 30, 7.0, "euler", "normal", 0.5],
            [("model", 41), ("positive", 42), ("negative", 43), ("latent_image", 44), ("steps*", 45)],
            ["LATENT"],
        )
    )
    ui["nodes"][5]["inputs"][0]["link"] = 46
    ui["nodes"][0]["inputs"][4]["link"] = 47
    wires = [(41, 4, 0, 13, 0), (42, 6, 0, 13, 1), (43, 7, 0, 13, 2), (44, 3, 0, 13, 3), (46, 13, 0, 8, 0)]
    ui["links"] += [[*wire, "*"] for wire in [*wires, (45, 20, 0, 13, 4), (47, 20, 0, 3, 4)]]
    workflow = load(ui)
    assert workflow.conversion is not None
    assert len(workflow.conversion.fan_out(Place("3", "steps"))) == 2
    mapping = [{"type": "steps", "key": "steps", "node_ids": ["3"]}]
    controls = find_controls(workflow, INFO, companions={"m.json": mapping})
    assert at(named(controls, "steps")) == [("3", "steps"), ("13", "steps")]


# --- names ----------------------------------------------------------------------------------------------


def test_ids_of_roles_go_to_those_who_play_them() -> None:
    ui = flat({"inputs": [["7", "text"], ["6", "text"]], "outputs": []})
    controls = find_controls(load(ui), INFO)
    assert shown(controls)[:2] == ["negative", "prompt"]


def test_the_main_text_of_a_list_is_the_prompt_although_the_guess_sees_another() -> None:
    ui = flat({"inputs": [["30", "text"]], "outputs": []})
    ui["nodes"].append(drawn(30, "CLIPTextEncode", ["an owl"], [("clip", 60)], ["CONDITIONING"]))
    ui["nodes"].append(
        drawn(31, "ConditioningCombine", (), [("conditioning_1", 2), ("conditioning_2", 61)], ["CONDITIONING"])
    )
    ui["links"][1] = [2, 6, 0, 31, 0, "*"]
    ui["nodes"][0]["inputs"][1]["link"] = 62
    ui["links"] += [[60, 4, 1, 30, 0, "*"], [61, 30, 0, 31, 1, "*"], [62, 31, 0, 3, 1, "*"]]
    controls = find_controls(load(ui), INFO)
    assert at(named(controls, "prompt")) == [("30", "text")]
    assert not next(c for c in controls if at(c) == [("6", "text")]).shown


def test_ids_of_the_saved_form_are_its_own() -> None:
    form = Form(controls=(replace(saved().controls[0], id="cfg"),))
    controls = find_controls(text_to_image(), INFO, form=form)
    assert at(named(controls, "cfg")) == [("3", "steps")]
    assert [c.id for c in controls if at(c) == [("3", "cfg")]] == ["cfg_2"]


def test_a_text_of_an_unknown_kind_of_node_is_the_prompt() -> None:
    info = {
        "Odd": {"output_node": True, "input": {"required": {"lines": ["STRING", {"multiline": True}], "n": ["INT"]}}}
    }
    odd = drawn(1, "Odd", ["a fox", 3])
    ui = flat({"inputs": [["1", "n"], ["1", "lines"]], "outputs": []}) | {"nodes": [odd], "links": []}
    assert shown(find_controls(Workflow.load(ui, info), info)) == ["n", "prompt"]


def test_equal_labels_are_told_apart_by_titles_else_by_numbers() -> None:
    def labels(first: str, second: str) -> list[str]:
        workflow = text_to_image(
            n4=("CheckpointLoaderSimple", {"ckpt_name": "a.safetensors"}, first),
            n40=("CheckpointLoaderSimple", {"ckpt_name": "b.safetensors"}, second),
            n7=("CLIPTextEncode", {"text": "x", "clip": ["40", 1]}),
        )
        return [c.label for c in find_controls(workflow, INFO) if c.kind is Kind.MODEL]

    assert labels("Base", "Refiner") == ["Model (Base)", "Model (Refiner)"]
    assert labels("Base", "Base") == ["Model 1", "Model 2"]


# --- the suggestion -------------------------------------------------------------------------------------


def test_the_suggested_form_is_what_is_shown() -> None:
    workflow = text_to_image()
    form = suggest_form(workflow, INFO)
    assert form.controls == tuple(c for c in find_controls(workflow, INFO) if c.shown)
    assert form.outputs == (Output(node_id="9", label="SaveImage"),)
    assert form.workflow_hash == workflow_hash(workflow)


def test_the_suggested_form_saved_and_found_again_is_the_same() -> None:
    workflow = text_to_image()
    form = suggest_form(workflow, INFO)
    again = [c for c in find_controls(workflow, INFO, form=form) if c.shown]
    assert [replace(c, source=Source.GUESS) for c in again] == list(form.controls)


def test_outputs_come_in_the_order_of_the_graph_with_their_titles() -> None:
    workflow = text_to_image(
        n2=("PreviewImage", {"images": ["20", 0]}, "Big"), n20=("ImageInvert", {"image": ["8", 0]})
    )
    assert [(o.node_id, o.label, o.shown) for o in find_outputs(workflow, INFO)] == [
        ("9", "SaveImage", True),
        ("2", "Big", True),
    ]
    assert find_outputs(workflow, {}) == find_outputs(workflow, INFO)


def test_a_graph_that_has_nothing_has_no_controls() -> None:
    assert find_controls(api(a=("Thing", {})), {}) == []
