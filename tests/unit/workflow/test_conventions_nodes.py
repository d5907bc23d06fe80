"""Nodes that other tools made to mark inputs: what of them becomes a control."""

from __future__ import annotations

from typing import Any

import pytest

from comfy_api.errors import NotConvertible
from comfy_api.workflow import Workflow
from comfy_api.workflow.forms.control import Control, Kind, Place, Source
from comfy_api.workflow.forms.conventions import (
    CONVENTIONS,
    cif,
    comfydeploy,
    comfypack,
    describe,
    find_outputs,
    gradio,
    inline,
    krita,
    mixlab,
    stand_ins,
    substitute,
    swarm,
)

Nodes = dict[str, tuple[str, dict[str, Any]]]


def build(nodes: Nodes, titles: dict[str, str] | None = None) -> Workflow:
    graph: dict[str, Any] = {key: {"class_type": name, "inputs": inputs} for key, (name, inputs) in nodes.items()}
    for key, title in (titles or {}).items():
        graph[key]["_meta"] = {"title": title}
    return Workflow.load(graph)


def only(found: list[Control]) -> Control:
    (control,) = found
    return control


# --- SwarmUI --------------------------------------------------------------------------------------------


def swarm_int(**inputs: Any) -> Nodes:
    said = {"title": "Steps", "value": 20, "step": 1, "min": 1, "max": 100, "view_max": 50, "view_type": "big"}
    more = {"description": "", "order_priority": 0, "is_advanced": False, "raw_id": ""}
    return {"7": ("SwarmInputInteger", {**said, **more, **inputs})}


def test_a_swarm_number_has_the_authors_words_and_range() -> None:
    control = only(swarm.find(build(swarm_int(description="More is slower")), {}))
    assert (control.id, control.kind, control.label, control.help) == ("steps", Kind.INTEGER, "Steps", "More is slower")
    assert (control.default, control.minimum, control.maximum, control.step) == (20, 1, 100, 1)
    assert (control.places, control.source) == ((Place("7", "value"),), Source.NODE)
    assert "SwarmUI" in control.reason
    assert "SwarmInputInteger" in control.reason


@pytest.mark.parametrize(("value", "end"), [(20, 50), (70, 100)])
def test_a_swarm_slider_ends_at_view_max_unless_its_value_lies_beyond(value: int, end: int) -> None:
    control = only(swarm.find(build(swarm_int(view_type="pot_slider", value=value)), {}))
    assert (control.kind, control.whole, control.maximum) == (Kind.SLIDER, True, end)


@pytest.mark.parametrize(("value", "default", "mode"), [(-1, None, "random"), (2**64 - 1, 2**64 - 1, "fixed")])
def test_a_negative_swarm_seed_is_a_new_one_each_time(value: int, default: int | None, mode: str) -> None:
    control = only(swarm.find(build(swarm_int(title="My seed", view_type="seed", value=value, max=2**64 - 1)), {}))
    assert (control.kind, control.default, control.mode) == (Kind.SEED, default, mode)


def test_a_range_that_contradicts_itself_or_its_value_counts_as_not_stated() -> None:
    control = only(swarm.find(build(swarm_int(min=90, max=10, view_type="slider", view_max=0)), {}))
    assert (control.kind, control.minimum, control.maximum) == (Kind.INTEGER, None, None)
    control = only(swarm.find(build(swarm_int(value=500)), {}))
    assert (control.minimum, control.maximum) == (1, None)


def test_swarm_groups_are_headings_and_order_before_their_inputs() -> None:
    group = {"title": "Look", "order_priority": 2, "open_by_default": True, "is_advanced": False}
    nodes = {
        **swarm_int(group=["3", 0], order_priority=-1, is_advanced=True),
        "8": ("SwarmInputBoolean", {"title": "Free", "value": True, "order_priority": 5}),
        "3": ("SwarmInputGroup", group),
    }
    grouped, free = swarm.find(build(nodes), {})
    assert (grouped.group, grouped.advanced, free.group, free.advanced) == ("Look", True, "", False)
    assert grouped.order > free.order
    assert (free.kind, free.default) == (Kind.SWITCH, True)


def test_a_swarm_group_that_is_shut_at_first_is_folded() -> None:
    shut = {"3": ("SwarmInputGroup", {"title": "Look", "open_by_default": False, "can_shrink": True})}
    assert only(swarm.find(build({**swarm_int(group=["3", 0]), **shut}), {})).advanced


def test_a_swarm_dropdown_lists_its_values_or_those_of_the_connected_input(object_info: dict[str, Any]) -> None:
    named = {"1": ("SwarmInputDropdown", {"title": "Style", "value": "two", "values": "one, two , three"})}
    assert only(swarm.find(build(named), {})).options == ("one", "two", "three")
    blank = {
        "1": ("SwarmInputDropdown", {"title": "Sampler", "value": "euler", "values": ""}),
        # The first output is text for anything; the second fits a choice.
        "0": ("CLIPTextEncode", {"text": ["1", 0]}),
        "2": ("KSampler", {"sampler_name": ["1", 1], "steps": 20}),
    }
    control = only(swarm.find(build(blank), object_info))
    assert (control.kind, control.default) == (Kind.CHOICE, "euler")
    assert "dpmpp_2m" in control.options


def test_swarm_texts_models_and_pictures(object_info: dict[str, Any]) -> None:
    nodes: Nodes = {
        "1": ("SwarmInputText", {"title": "Prompt", "value": "a fox", "view_type": "prompt"}),
        "2": ("SwarmInputText", {"title": "Name", "value": "x", "view_type": "normal"}),
        "3": ("SwarmInputImage", {"title": "Sketch", "value": "(Do Not Set Me)", "image": "a.png"}),
        "4": ("SwarmInputModelName", {"title": "VAE", "value": "a.pt", "subtype": "VAE"}),
        "5": ("VAEEncode", {"pixels": ["3", 0], "mask": ["3", 1]}),
    }
    prompt, name, sketch, model = swarm.find(build(nodes), object_info)
    assert (prompt.id, prompt.kind, name.kind) == ("prompt", Kind.LONG_TEXT, Kind.TEXT)
    assert (sketch.kind, sketch.places, sketch.maskable) == (Kind.IMAGE, (Place("3", "image"),), True)
    loader = object_info["VAELoader"]["input"]["required"]["vae_name"][0]
    assert (model.kind, model.options) == (Kind.MODEL, tuple(loader))


def test_a_swarm_raw_id_names_the_control_if_its_kind_fits() -> None:
    nodes: Nodes = {
        "1": ("SwarmInputText", {"title": "Avoid", "value": "", "raw_id": "negativeprompt"}),
        "2": ("SwarmInputBoolean", {"title": "Seed", "value": False, "raw_id": "seed"}),
    }
    assert [control.id for control in swarm.find(build(nodes), {})] == ["negative", "seed_switch"]


def test_what_swarm_says_of_the_workflow_is_plain_text() -> None:
    workflow = build({"1": ("SwarmWorkflowDescription", {"description": "Makes <b>foxes</b>\n\nand more"})})
    assert describe(workflow) == ("", "Makes foxes and more")


# --- Krita ----------------------------------------------------------------------------------------------


def parameter(name: str, type_: str, default: Any, **more: Any) -> tuple[str, dict[str, Any]]:
    return "ETN_Parameter", {"name": name, "type": type_, "default": default, **more}


@pytest.mark.parametrize(
    ("type_", "default", "kind", "value"),
    [
        ("number", "0.5", Kind.NUMBER, 0.5),
        ("number (integer)", "20", Kind.INTEGER, 20),
        ("toggle", "false", Kind.SWITCH, False),
        ("text", "x", Kind.TEXT, "x"),
        ("prompt (positive)", "a fox", Kind.LONG_TEXT, "a fox"),
    ],
)
def test_a_parameter_for_krita_has_a_default_of_its_type(type_: str, default: str, kind: Kind, value: Any) -> None:
    control = only(krita.find(build({"1": parameter("p", type_, default, min=-1e10, max=1e10)}), {}))
    assert (control.kind, control.default, control.places) == (kind, value, (Place("1", "default"),))
    assert (control.minimum, control.maximum) == (None, None)


def test_krita_names_hold_group_order_and_label() -> None:
    control = only(krita.find(build({"1": parameter("Look/Fine/2. Strength", "number", "0.5", min=0, max=1)}), {}))
    assert (control.group, control.order, control.label) == ("Look/Fine", 2, "Strength")
    assert (control.kind, control.whole, control.minimum, control.maximum) == (Kind.SLIDER, False, 0, 1)


def test_an_empty_range_of_a_parameter_is_none() -> None:
    control = only(krita.find(build({"1": parameter("p", "number", "0", min=0.0, max=0.0)}), {}))
    assert (control.kind, control.minimum, control.maximum) == (Kind.NUMBER, None, None)


def test_a_picture_whose_text_another_node_makes_stays() -> None:
    workflow = build({"1": ("ETN_LoadImageBase64", {"image": ["2", 0]}), "2": ("Camera", {})})
    assert substitute(workflow, {}) == workflow


def test_krita_prompts_have_their_own_ids() -> None:
    nodes = {"1": parameter("Text", "prompt (positive)", ""), "2": parameter("Text 2", "prompt (negative)", "")}
    assert [control.id for control in krita.find(build(nodes), {})] == ["prompt", "negative"]


def test_choices_for_krita_are_those_of_the_connected_input(object_info: dict[str, Any]) -> None:
    nodes: Nodes = {
        "1": parameter("Sampler", "choice", "euler"),
        "2": parameter("Steps", "auto", "20"),
        "3": ("KSampler", {"sampler_name": ["1", 0], "steps": ["2", 0]}),
    }
    sampler, steps = krita.find(build(nodes), object_info)
    assert (sampler.kind, sampler.default) == (Kind.CHOICE, "euler")
    assert "dpmpp_2m" in sampler.options
    assert (steps.kind, steps.default, steps.maximum) == (Kind.INTEGER, 20, 10000)


def test_krita_keeps_one_value_for_a_name() -> None:
    nodes = {"1": parameter("Strength", "number", "0.5"), "2": parameter("Strength", "number", "0.7")}
    assert only(krita.find(build(nodes), {})).places == (Place("1", "default"), Place("2", "default"))


def test_parameters_are_handed_on_in_the_type_that_is_taken_there(object_info: dict[str, Any]) -> None:
    nodes: Nodes = {
        "1": parameter("Steps", "auto", "20"),
        "2": parameter("On", "toggle", False),
        "3": parameter("Words", "text", "a fox"),
        "4": ("KSampler", {"steps": ["1", 0], "cfg": 7, "model": ["9", 0]}),
        "5": ("Custom", {"on": ["2", 0], "words": ["3", 0]}),
    }
    assert inline(build(nodes), object_info) == build(
        {
            "4": ("KSampler", {"steps": 20, "cfg": 7, "model": ["9", 0]}),
            "5": ("Custom", {"on": False, "words": "a fox"}),
        }
    )


def test_kritas_pictures_are_uploaded_instead() -> None:
    nodes: Nodes = {
        "1": ("ETN_KritaCanvas", {}),
        "2": ("ETN_KritaSelection", {"context": "automatic", "padding": 0}),
        "3": ("VAEEncode", {"pixels": ["1", 0], "mask": ["1", 4], "vae": ["9", 2]}),
        "4": ("EmptyLatentImage", {"width": ["1", 1], "height": ["1", 2], "seed": ["1", 3]}),
        "5": ("SetLatentNoiseMask", {"samples": ["3", 0], "mask": ["2", 0], "on": ["2", 1]}),
        "6": ("ETN_KritaOutput", {"images": ["9", 0], "x": 0, "name": "Result"}),
        "7": ("ETN_LoadMaskBase64", {"mask": "AAAA"}),
        "8": ("Blur", {"mask": ["7", 0]}),
    }
    workflow = build(nodes)
    changed = substitute(workflow, {})
    assert {key: node.class_type for key, node in changed.nodes.items() if key in "1267"} == {
        "1": "LoadImage",
        "2": "LoadImageMask",
        "6": "PreviewImage",
        "7": "LoadImageMask",
    }
    assert changed.raw("3")["inputs"] == {"pixels": ["1", 0], "mask": ["1", 1], "vae": ["9", 2]}
    assert changed.raw("4")["inputs"] == {"width": 512, "height": 512, "seed": 0}
    assert changed.raw("5")["inputs"] == {"samples": ["3", 0], "mask": ["2", 0], "on": True}
    assert changed.raw("8")["inputs"] == {"mask": ["7", 0]}
    assert substitute(changed, {}) == changed
    picture, selection, mask = stand_ins.find(changed, {})
    assert (picture.kind, picture.label, picture.maskable, picture.default) == (Kind.IMAGE, "Picture", True, None)
    assert (selection.kind, selection.label, mask.kind) == (Kind.MASK, "Selection", Kind.MASK)
    assert [(output.node_id, output.label) for output in find_outputs(changed)] == [("6", "Result")]


def test_the_size_of_kritas_canvas_is_read_from_the_picture_where_the_server_can() -> None:
    nodes: Nodes = {
        "1": ("ETN_KritaCanvas", {}),
        "1_size": ("Other", {}),
        "2": ("EmptyLatentImage", {"width": ["1", 1], "height": ["1", 2]}),
    }
    changed = substitute(build(nodes), {"GetImageSize": {}})
    assert changed.raw("2")["inputs"] == {"width": ["1_size_", 0], "height": ["1_size_", 1]}
    assert changed.raw("1_size_") == {"class_type": "GetImageSize", "inputs": {"image": ["1", 0]}}


def test_a_style_from_krita_is_refused_in_words() -> None:
    workflow = build({"1": ("ETN_KritaStyle", {"name": "Style", "sampler_preset": "auto"})}, {"1": "My style"})
    with pytest.raises(NotConvertible, match=r'"My style" .* only Krita knows'):
        substitute(workflow, {})


# --- comfydeploy ----------------------------------------------------------------------------------------


def external(name: str, **inputs: Any) -> Nodes:
    return {"12": (f"ComfyUIDeployExternal{name}", {"input_id": "my_input", **inputs})}


@pytest.mark.parametrize(
    ("nodes", "kind", "default", "inputs"),
    [
        (external("Text", default_value="a fox"), Kind.LONG_TEXT, "a fox", ["default_value", "input_id"]),
        (external("Number", default_value=0.5), Kind.NUMBER, 0.5, ["default_value", "input_id"]),
        (external("NumberInt", default_value=-5), Kind.INTEGER, -5, ["default_value", "input_id"]),
        (external("Boolean", default_value=True), Kind.SWITCH, True, ["default_value", "input_id"]),
        (external("Checkpoint", default_value="a.ckpt"), Kind.MODEL, "a.ckpt", ["default_value", "input_id"]),
        (external("Lora", lora_url="", default_lora_name="l.pt"), Kind.MODEL, "l.pt", ["lora_url", "input_id"]),
        (external("Audio", audio_file=""), Kind.AUDIO, None, ["audio_file", "input_id"]),
        (external("EXR", exr_file=""), Kind.FILE, None, ["exr_file", "input_id"]),
        (external("Video", default_video="a.mp4"), Kind.VIDEO, "a.mp4", ["default_video"]),
        (external("Color", default_value="#ff0000"), Kind.COLOUR, "#ff0000", ["default_value", "input_id"]),
        (external("Text"), Kind.LONG_TEXT, "", ["input_id"]),
    ],
)
def test_an_external_value_goes_to_its_own_input_and_to_input_id(
    nodes: Nodes, kind: Kind, default: Any, inputs: list[str]
) -> None:
    control = only(comfydeploy.find(build(nodes), {}))
    assert (control.id, control.label) == ("my_input", "My input")
    assert (control.kind, control.default, [place.input for place in control.places]) == (kind, default, inputs)


def test_an_external_slider_has_the_authors_words_and_ends() -> None:
    said = {"display_name": "Strength", "description": "How much", "min_value": 0, "max_value": 1}
    control = only(comfydeploy.find(build(external("NumberSlider", default_value=0.5, **said)), {}))
    assert (control.kind, control.label, control.help) == (Kind.SLIDER, "Strength", "How much")
    assert (control.whole, control.minimum, control.maximum) == (False, 0, 1)


@pytest.mark.parametrize(("value", "mode"), [(-1, "random"), (0, "random"), (7, "fixed"), (11, "random")])
def test_an_external_seed_outside_its_ends_is_random(value: int, mode: str) -> None:
    control = only(comfydeploy.find(build(external("Seed", default_value=value, min_value=1, max_value=10)), {}))
    assert (control.kind, control.mode, control.default) == (Kind.SEED, mode, value if mode == "fixed" else None)
    assert (control.minimum, control.maximum) == (1, 10)


def test_an_external_seed_without_ends_is_random_below_zero() -> None:
    control = only(comfydeploy.find(build(external("Seed", default_value=-1)), {}))
    assert (control.mode, control.default) == ("random", None)


@pytest.mark.parametrize("text", ['["a", "b"]', "a\nb\n", "a, b"])
def test_external_choices_are_json_or_lines_or_between_commas(text: str) -> None:
    assert only(comfydeploy.find(build(external("Enum", default_value="a", options=text)), {})).options == ("a", "b")


def test_what_the_server_would_fetch_from_an_address_is_not_shown() -> None:
    assert not only(comfydeploy.find(build(external("File", file_url="")), {})).shown


def test_external_nodes_of_one_name_are_set_together() -> None:
    first = external("Text", default_value="a")
    nodes = {**first, "13": first["12"]}
    places = only(comfydeploy.find(build(nodes), {})).places
    assert [place.node_id for place in places] == ["12", "12", "13", "13"]


def test_an_external_picture_is_uploaded_instead() -> None:
    nodes: Nodes = {**external("Image", display_name="Face"), "2": ("VAEEncode", {"pixels": ["12", 0]})}
    changed = substitute(build(nodes), {})
    assert (changed.nodes["12"].class_type, changed.raw("2")["inputs"]) == ("LoadImage", {"pixels": ["12", 0]})
    control = only(stand_ins.find(changed, {}))
    assert (control.id, control.label, control.places) == ("my_input", "Face", (Place("12", "image"),))


def test_an_external_picture_with_a_loaded_default_sets_that_file() -> None:
    nodes: Nodes = {**external("Image", default_value=["3", 0]), "3": ("LoadImage", {"image": "a.png"})}
    workflow = build(nodes)
    assert substitute(workflow, {}) == workflow
    control = only(comfydeploy.find(workflow, {}))
    assert (control.kind, control.default, control.places) == (Kind.IMAGE, "a.png", (Place("3", "image"),))


# --- comfy-pack, CIF, kungful, mixlab -------------------------------------------------------------------


def test_comfy_pack_names_are_titles_or_the_connected_input() -> None:
    nodes: Nodes = {
        "1": ("CPackInputString", {"value": "a fox"}),
        "2": ("CPackInputInt", {"value": 20, "min": -(2**63 - 1), "max": 40}),
        "3": ("KSampler", {"steps": ["2", 0]}),
        "4": ("CPackInputFile", {"path": "a.obj"}),
        "5": ("CPackInputInt", {"value": 20, "min": 3, "max": 2**63 - 1}),
    }
    text, steps, file, free = comfypack.find(build(nodes, {"1": "positive_prompt", "4": "my mesh"}), {})
    assert (text.id, text.label, text.default) == ("prompt", "Positive prompt", "a fox")
    assert (steps.id, steps.minimum, steps.maximum) == ("steps", None, 40)
    assert (free.minimum, free.maximum) == (3, None)
    assert (file.kind, file.label, file.default) == (Kind.FILE, "my mesh", "a.obj")


def test_comfy_pack_any_is_what_its_options_or_the_connected_input_say(object_info: dict[str, Any]) -> None:
    graph: dict[str, Any] = {
        "1": {"class_type": "CPackInputAny", "inputs": {"input": "b"}, "_meta": {"options": {"values": ["a", "b"]}}},
        "2": {"class_type": "CPackInputAny", "inputs": {"input": 0.5}, "_meta": {"options": {"max": 1, "round": 0.01}}},
        "3": {"class_type": "CPackInputAny", "inputs": {"input": "euler"}},
        "4": {"class_type": "KSampler", "inputs": {"sampler_name": ["3", 0]}},
    }
    choice, number, sampler = comfypack.find(Workflow.load(graph), object_info)
    assert (choice.kind, choice.options) == (Kind.CHOICE, ("a", "b"))
    assert (number.kind, number.maximum) == (Kind.NUMBER, 1)
    assert "euler" in sampler.options


def test_a_cif_node_carries_its_own_words() -> None:
    said = {"parameter_id": "look", "label": "Look", "description": "d", "group": "Style", "order": 30}
    choices = '[{"value": "a", "label": "Soft"}, {"value": "b", "label": "Hard"}]'
    node = ("CIFChoiceParameter", {**said, "advanced": True, "required": True, "value": "a", "options_json": choices})
    control = only(cif.find(build({"5": node}), {}))
    assert (control.id, control.label, control.help, control.group, control.order) == ("look", "Look", "d", "Style", 30)
    assert (control.options, control.option_labels) == (("a", "b"), ("Soft", "Hard"))
    assert (control.advanced, control.required) == (True, True)


@pytest.mark.parametrize(("mode", "default"), [("fixed", 7), ("random", None)])
def test_a_cif_seed_says_whether_it_stays(mode: str, default: int | None) -> None:
    control = only(cif.find(build({"5": ("CIFSeedParameter", {"value": 7, "default_mode": mode})}), {}))
    assert (control.kind, control.mode, control.default) == (Kind.SEED, mode, default)


def test_a_cif_prompt_is_the_prompt() -> None:
    node = ("CIFTextParameter", {"parameter_id": "words", "semantic_role": "positive_prompt", "value": "x"})
    assert only(cif.find(build({"5": node}), {})).id == "prompt"


def test_gradio_classes_give_prompts_size_seed_and_numbers() -> None:
    nodes: Nodes = {
        "1": ("GradioTextOk", {"string": "a fox", "name": "GradioTextOk"}),
        "2": ("GradioTextBad", {"string": "blur", "name": "GradioTextBad"}),
        "3": ("Hua_gradio_resolution", {"custom_width": 512, "custom_height": 768, "name": "Hua_gradio_resolution"}),
        "4": ("Hua_gradio_Seed", {"seed": 5, "name": "x"}),
        "5": ("HuaFloatNode", {"float_value": 0.5, "name": "Strength"}),
    }
    size, *rest = sorted(gradio.find(build(nodes), {}), key=lambda control: control.kind is not Kind.SIZE)
    assert (size.id, size.default) == ("size", [512, 768])
    assert size.places == (Place("3", "custom_width", "width"), Place("3", "custom_height", "height"))
    assert {control.label: control.id for control in rest} == {
        "Prompt": "prompt",
        "Negative prompt": "negative",
        "X": "x",
        "Strength": "strength",
    }


def test_app_info_lists_nodes_and_outputs_and_names_the_app() -> None:
    info = {"name": "Foxes", "description": "Makes foxes", "input_ids": "2\n99\n 1 ", "output_ids": "3"}
    nodes: Nodes = {
        "1": ("CLIPTextEncode", {"text": "a", "clip": ["9", 1]}),
        "2": ("LoadImage", {"image": "a.png", "upload": "image"}),
        "3": ("SaveImage", {"images": ["2", 0]}),
        "4": ("AppInfo", info),
    }
    workflow = build(nodes, {"1": "What to draw"})
    picture, text = mixlab.find(workflow, {})
    assert (picture.places, text.label, text.places) == ((Place("2", "image"),), "What to draw", (Place("1", "text"),))
    assert [output.node_id for output in find_outputs(workflow)] == ["3"]
    assert describe(workflow) == ("Foxes", "Makes foxes")


@pytest.mark.parametrize(
    ("class_type", "inputs", "label"),
    [
        ("ComfyDeployOutputImage", {"output_id": "final_images"}, "Final images"),
        ("CPackOutputImage", {}, "My result"),
        ("Hua_Output", {"name": "Poster"}, "Poster"),
        ("CIFPublishImage", {"label": "Final"}, "Final"),
        ("ETN_KritaSendText", {"name": "Caption"}, "Caption"),
    ],
)
def test_output_nodes_are_found_with_their_names(class_type: str, inputs: dict[str, Any], label: str) -> None:
    (output,) = find_outputs(build({"1": (class_type, inputs)}, {"1": "My result"}))
    assert (output.node_id, output.label) == ("1", label)


def test_a_linked_value_is_no_input() -> None:
    nodes = {**swarm_int(value=["9", 0]), "2": parameter("p", "text", ["9", 0]), **external("Text", input_id=["9", 0])}
    assert [control for convention in CONVENTIONS for control in convention(build(nodes), {})] == []


def test_a_plain_workflow_has_no_marks(txt2img: Workflow, object_info: dict[str, Any]) -> None:
    graph = txt2img.graph
    for node in graph.values():
        node["_meta"] = {"title": node["class_type"]}
    plain = Workflow.load(graph)
    assert [control for convention in CONVENTIONS for control in convention(plain, object_info)] == []
    assert find_outputs(plain) == ()
    assert substitute(plain, object_info) == plain
    assert inline(plain, object_info) == plain
