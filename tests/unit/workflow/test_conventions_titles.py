"""Titles and placeholders by which other tools' authors mark inputs."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comfy_api.workflow import Workflow
from comfy_api.workflow.forms.control import Control, Kind, Place, Source
from comfy_api.workflow.forms.conventions import (
    CONVENTIONS,
    connect,
    find_outputs,
    inline,
    mcww,
    placeholders,
    substitute,
    techtrash,
    viewcomfy_titles,
    visionhong,
)

SAMPLER = {"seed": 5, "steps": 20, "cfg": 7.5, "model": ["9", 0]}


def titled(*nodes: tuple[str, str, dict[str, Any]]) -> Workflow:
    """Nodes 1, 2, 3 … of (title, class, inputs)."""
    return Workflow.load(
        {
            str(place): {"class_type": name, "inputs": inputs, "_meta": {"title": title}}
            for place, (title, name, inputs) in enumerate(nodes, 1)
        }
    )


def only(found: list[Control]) -> Control:
    (control,) = found
    return control


# --- MCWW -----------------------------------------------------------------------------------------------


def test_an_mcww_title_names_places_and_orders_a_control() -> None:
    workflow = titled(
        ("<CFG:advanced/General:2/2> 1, 10, 0.1", "PrimitiveFloat", {"value": 7}),
        ("<Prompt:Prompts:1>", "CLIPTextEncode", {"text": "a fox", "clip": ["9", 1]}),
        ("<On:ControlNet:1>", "PrimitiveBoolean", {"value": True}),
    )
    cfg, prompt, on = mcww.find(workflow, {})
    assert (cfg.kind, cfg.minimum, cfg.maximum, cfg.step) == (Kind.SLIDER, 1, 10, 0.1)
    assert (cfg.label, cfg.advanced, cfg.group) == ("CFG", True, "General")
    assert (prompt.id, prompt.advanced, prompt.group, prompt.places) == ("prompt", False, "", (Place("2", "text"),))
    assert (on.group, on.advanced, on.source) == ("ControlNet", True, Source.TITLE)
    assert prompt.order < cfg.order < on.order


def test_an_mcww_seed_is_a_whole_number_without_a_range() -> None:
    free = titled(("<The SEED:prompt:1>", "PrimitiveInt", {"value": 7}))
    assert only(mcww.find(free, {})).kind is Kind.SEED
    ranged = titled(("<Seed:prompt:1> 1, 10, 1", "PrimitiveInt", {"value": 7}))
    assert only(mcww.find(ranged, {})).kind is Kind.SLIDER


def test_an_mcww_width_and_height_are_one_size() -> None:
    workflow = titled(
        ("<Image Height:prompt:2>", "PrimitiveInt", {"value": 512}),
        ("<Image Width:prompt:1>", "PrimitiveInt", {"value": 768}),
        ("<Mask Width:prompt:3>", "PrimitiveInt", {"value": 64}),
    )
    size, alone = mcww.find(workflow, {})
    assert (size.kind, size.label, size.default) == (Kind.SIZE, "Image", [768, 512])
    assert size.places == (Place("2", "value", "width"), Place("1", "value", "height"))
    assert alone.label == "Mask Width"


def test_an_mcww_picture_starts_empty_unless_the_title_says_so() -> None:
    workflow = titled(
        ("<A:prompt:1>", "LoadImage", {"image": "a.png"}),
        ("<B:prompt:2> show_default", "LoadImage", {"image": "b.png"}),
    )
    assert [(control.default, control.required) for control in mcww.find(workflow, {})] == [
        (None, False),
        ("b.png", False),
    ]


def test_mcww_outputs_are_outputs_in_their_order() -> None:
    workflow = titled(
        ("<Second:outputs:2>", "SaveImage", {"images": ["9", 0]}),
        ("<First:output:1> md", "PreviewAny", {"source": ["9", 0]}),
    )
    assert [(output.node_id, output.label) for output in find_outputs(workflow)] == [("2", "First"), ("1", "Second")]
    assert mcww.find(workflow, {}) == []


def test_a_title_that_is_nearly_mcww_is_none() -> None:
    for title in ("<b>Prompt</b>", "Prompt:prompt:1", "<Prompt:prompt>", "<Prompt:prompt:x>", "<:prompt:1>"):
        assert mcww.find(titled((title, "CLIPTextEncode", {"text": "a"})), {}) == []


# --- ViewComfy, Connect, techtrash, positive_prompt -------------------------------------------------------


def test_viewcomfy_prefixes_tell_basic_from_advanced() -> None:
    workflow = titled(("VC_BASIC Prompt", "CLIPTextEncode", {"text": "a"}), ("VC_ADV Sampling", "KSampler", SAMPLER))
    prompt, *rest = viewcomfy_titles.find(workflow, {})
    assert (prompt.id, prompt.label, prompt.advanced, prompt.group) == ("prompt", "Prompt", False, "")
    assert [(one.places[0].input, one.group, one.advanced) for one in rest] == [
        ("seed", "Sampling", True),
        ("steps", "Sampling", True),
        ("cfg", "Sampling", True),
    ]


def test_viewcomfy_shows_of_a_picture_the_file_alone() -> None:
    workflow = titled(("VC_BASIC Face", "LoadImage", {"image": "a.png", "upload": "image"}))
    assert only(viewcomfy_titles.find(workflow, {})).label == "Face"


@pytest.mark.parametrize(
    ("title", "inputs"),
    [
        ("KSampler $sampler", ["seed", "steps", "cfg"]),
        ("KSampler $sampler(seed, cfg)", ["seed", "cfg"]),
        ("$sampler(model,nothing)", []),
        ("$sampler()", []),
        ("costs $5", []),
        ("a$sampler", []),
    ],
)
def test_connect_tags_expose_what_their_list_names(title: str, inputs: list[str]) -> None:
    found = connect.find(titled((title, "KSampler", SAMPLER)), {})
    assert [control.places[0].input for control in found] == inputs
    assert all(control.group == "Sampler" for control in found)


def test_connect_tags_of_one_name_are_set_together() -> None:
    workflow = titled(
        ("A $words(text)", "CLIPTextEncode", {"text": "a"}), ("B $words(text)", "CLIPTextEncode", {"text": "b"})
    )
    control = only(connect.find(workflow, {}))
    assert (control.label, control.places) == ("Words", (Place("1", "text"), Place("2", "text")))


def test_connect_outputs_are_tagged_and_numbers_are_no_tags() -> None:
    workflow = titled(
        ("Save #final", "SaveImage", {}), ("Save #2", "SaveImage", {}), ("Save #call(a)", "SaveImage", {})
    )
    assert [(output.node_id, output.label) for output in find_outputs(workflow)] == [("1", "Final")]


def test_a_node_tagged_bypass_is_left_out_and_its_type_passes_through(object_info: dict[str, Any]) -> None:
    workflow = titled(
        ("Invert !bypass", "ImageInvert", {"image": ["2", 0]}),
        ("Load", "LoadImage", {"image": "a.png"}),
        ("Save", "SaveImage", {"images": ["3", 0], "filename_prefix": "x"}),
        ("Scale !bypass", "ImageScaleBy", {"image": ["1", 0], "scale_by": 2}),
    )
    graph = workflow.graph
    graph["3"]["inputs"]["images"] = ["4", 0]
    changed = substitute(Workflow.load(graph), object_info)
    assert list(changed.nodes) == ["2", "3"]
    assert changed.raw("3")["inputs"] == {"images": ["2", 0], "filename_prefix": "x"}


def test_a_bypassed_sampler_hands_on_its_latent_not_its_model(object_info: dict[str, Any]) -> None:
    sampler = {"model": ["9", 0], "seed": 1, "positive": ["8", 0], "latent_image": ["7", 0]}
    workflow = titled(("!bypass", "KSampler", sampler), ("Decode", "VAEDecode", {"samples": ["1", 0]}))
    assert substitute(workflow, object_info).raw("2")["inputs"] == {"samples": ["7", 0]}


def test_what_a_bypassed_node_cannot_hand_on_is_not_connected(object_info: dict[str, Any]) -> None:
    workflow = titled(("Load !bypass", "LoadImage", {"image": "a.png"}), ("Save", "SaveImage", {"images": ["1", 0]}))
    assert substitute(workflow, object_info).raw("2")["inputs"] == {}


def test_bypassed_nodes_in_a_circle_end() -> None:
    workflow = titled(
        ("!bypass", "A", {"x": ["2", 0]}), ("!bypass", "B", {"x": ["1", 0]}), ("Save", "C", {"x": ["1", 0]})
    )
    assert substitute(workflow, {}).raw("3")["inputs"] == {}


def test_techtrash_titles_name_values_pictures_and_the_seed() -> None:
    workflow = titled(
        ("API - POSITIVE_PROMPT", "PrimitiveStringMultiline", {"value": "a fox"}),
        ("API - PICTURE_FACE", "LoadImage", {"image": "a.png", "value": "no"}),
        ("K - SEED", "KSampler", SAMPLER),
        ("K - SEED", "KSampler", SAMPLER),
        ("API -", "PrimitiveInt", {"value": 3}),
    )
    prompt, face, seed = techtrash.find(workflow, {})
    assert (prompt.id, prompt.label) == ("prompt", "Positive prompt")
    assert (face.kind, face.places) == (Kind.IMAGE, (Place("2", "image"),))
    assert (seed.id, seed.kind, seed.places) == ("seed", Kind.SEED, (Place("3", "seed"), Place("4", "seed")))


def test_positive_prompt_counts_on_a_text_encoder_alone() -> None:
    workflow = titled(
        ("positive_prompt", "CLIPTextEncode", {"text": "a fox"}),
        ("positive_prompt", "Other", {"text": "b"}),
        ("Positive_Prompt", "CLIPTextEncode", {"text": "c"}),
    )
    control = only(visionhong.find(workflow, {}))
    assert (control.id, control.default, control.places) == ("prompt", "a fox", (Place("1", "text"),))


def test_titles_that_comfyui_writes_itself_mark_nothing() -> None:
    workflow = titled(
        ("KSampler", "KSampler", SAMPLER),
        ("Empty Latent Image", "EmptyLatentImage", {"width": 512, "height": 512, "batch_size": 1}),
        ("Send Image (WebSocket)", "ETN_SendImageWebSocket", {"images": ["9", 0], "format": "PNG"}),
    )
    assert [control for convention in CONVENTIONS for control in convention(workflow, {})] == []
    assert find_outputs(workflow) == ()


# --- placeholders ---------------------------------------------------------------------------------------


def test_a_parameter_stands_for_the_whole_value_with_the_servers_type_and_default(object_info: dict[str, Any]) -> None:
    values = {"seed": "PARAM_INT_SEED", "steps": "PARAM_INT_STEPS", "sampler_name": "PARAM_STR_SAMPLER"}
    workflow = titled(("x", "KSampler", values), ("y", "CLIPTextEncode", {"text": "PARAM_PROMPT"}))
    seed, steps, sampler, prompt = placeholders.find(workflow, object_info)
    assert (seed.id, seed.kind, seed.default) == ("seed", Kind.SEED, None)
    assert (steps.kind, steps.default, steps.maximum, steps.required) == (Kind.INTEGER, 20, 10000, False)
    assert (sampler.kind, sampler.default) == (Kind.CHOICE, "euler")
    assert (prompt.id, prompt.kind, prompt.default, prompt.required) == ("prompt", Kind.LONG_TEXT, "", True)
    assert (prompt.places, prompt.source) == ((Place("2", "text"),), Source.PLACEHOLDER)


def test_without_a_server_the_parameters_own_type_counts() -> None:
    values = {"a": "PARAM_INT_A", "b": "PARAM_FLOAT_B", "c": "PARAM_BOOL_C", "d": "PARAM_D"}
    found = placeholders.find(titled(("x", "Custom", values)), {})
    assert [control.kind for control in found] == [Kind.INTEGER, Kind.NUMBER, Kind.SWITCH, Kind.TEXT]


def test_braces_stand_for_a_piece_of_a_text() -> None:
    workflow = titled(
        ("x", "CLIPTextEncode", {"text": "a {{ animal }} in {{place}}, {{place}}, {{a|b}}"}),
        ("y", "CLIPTextEncode", {"text": "no {{animal}}s"}),
        ("z", "Custom", {"steps": "{{steps}}"}),
    )
    animal, place, steps = placeholders.find(workflow, {})
    assert animal.places == (Place("1", "text", token="{{ animal }}"), Place("2", "text", token="{{animal}}"))
    assert place.places == (Place("1", "text", token="{{place}}"),)
    assert steps.places == (Place("3", "steps"),)
    assert (animal.required, animal.default) == (True, "")


def test_a_dollar_name_counts_as_a_whole_value_alone() -> None:
    workflow = titled(("x", "CLIPTextEncode", {"text": "$text"}), ("y", "CLIPTextEncode", {"text": "pay $text now"}))
    assert only(placeholders.find(workflow, {})).places == (Place("1", "text"),)


def test_what_the_graph_replaces_by_itself_is_no_placeholder() -> None:
    workflow = titled(
        ("x", "PrimitiveStringMultiline", {"value": "{{width}} by {{height}}, {{idea}}"}),
        ("y", "StringReplace", {"string": ["1", 0], "find": "{{width}}", "replace": ["9", 0]}),
        ("z", "Replacer", {"text": ["2", 0], "find1": "{{height}} ", "replace1": "600"}),
        ("v", "StringReplace", {"string": "PARAM_NAME", "find": "PARAM_NAME", "replace": "fox"}),
        ("w", "Custom", {"finder": "{{who}}", "find": ["1", 0]}),
    )
    assert [(control.id, control.places) for control in placeholders.find(workflow, {})] == [
        ("idea", (Place("1", "value", token="{{idea}}"),)),
        ("who", (Place("5", "finder"),)),
    ]


# --- whatever a file says -------------------------------------------------------------------------------

_CLASSES = [
    *("SwarmInputInteger", "SwarmInputFloat", "SwarmInputDropdown", "SwarmInputImage", "SwarmInputGroup", "AppInfo"),
    *("ETN_Parameter", "ETN_KritaCanvas", "ETN_KritaSelection", "ETN_KritaOutput", "ETN_LoadImageBase64"),
    *("ComfyUIDeployExternalSeed", "ComfyUIDeployExternalEnum", "ComfyUIDeployExternalImage", "CPackInputAny"),
    *("ComfyUIDeployExternalNumberSlider", "CIFChoiceParameter", "Hua_gradio_resolution", "KSampler", "LoadImage"),
    *("CLIPTextEncode", "SwarmWorkflowDescription", "CPackOutputImage", "ETN_KritaSendText"),
]
_NAMES = [
    *("title", "value", "min", "max", "step", "view_max", "view_type", "values", "group", "order_priority", "name"),
    *("type", "default", "input_id", "default_value", "options", "min_value", "max_value", "input", "label", "image"),
    *("options_json", "custom_width", "custom_height", "input_ids", "output_ids", "text", "seed", "description"),
]
_WORDS = [
    *("slider", "seed", "number", "auto", "choice", "toggle", "1, 2", "nan", "-1", "1e400", "", "a\x00b", "\u202e"),
    *("{{a}}", "PARAM_INT_A", "$a", "[[[", "group/1. x", "1\n2"),
]
_TITLES = [
    "<A:prompt:1> 1,2,3",
    "<Width:x:1>",
    "<Height:x:1>",
    "VC_ADV",
    "$a(seed) #b !bypass",
    "API - X",
    "K - SEED",
    "",
]
_SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.just(10**400),
    st.sampled_from(_WORDS), st.text(max_size=5),
)  # fmt: skip
_VALUES = st.one_of(
    _SCALARS,
    st.tuples(st.sampled_from("1234"), st.integers(-1, 5)).map(list),
    st.lists(_SCALARS, max_size=3),
    st.dictionaries(st.sampled_from(_NAMES), _SCALARS, max_size=2),
)
_NODES = st.fixed_dictionaries(
    {
        "class_type": st.sampled_from(_CLASSES),
        "inputs": st.dictionaries(st.sampled_from(_NAMES), _VALUES, max_size=8),
        "_meta": st.fixed_dictionaries({"title": st.sampled_from(_TITLES), "options": _VALUES, "stands_for": _VALUES}),
    }
)


@given(st.dictionaries(st.sampled_from("1234"), _NODES, min_size=1, max_size=4))
def test_whatever_a_node_says_controls_are_sound(object_info: dict[str, Any], graph: dict[str, Any]) -> None:
    workflow = Workflow.load(graph)
    for changed in (workflow, substitute(workflow, object_info), inline(workflow, object_info)):
        find_outputs(changed)
        for convention in CONVENTIONS:
            found = convention(changed, object_info)
            assert len({control.id for control in found}) == len(found)
            for control in found:
                _require_sound(changed, control)


def _require_sound(workflow: Workflow, control: Control) -> None:
    assert all(place.input in workflow.nodes[place.node_id].inputs for place in control.places)
    assert control.label.isprintable()
    assert 0 < len(control.label) <= 80
    assert len(control.help) <= 300
    assert control.reason
    ends = [end for end in (control.minimum, control.maximum) if end is not None]
    assert ends == sorted(ends)
    if control.kind is Kind.SLIDER:
        assert len(set(ends)) == 2
    if control.kind in (Kind.INTEGER, Kind.SEED, Kind.IMAGES) and control.default is not None:
        assert isinstance(control.default, int)
        assert all(control.minimum is None or control.minimum <= control.default for _ in ends)
    if control.kind is Kind.SWITCH:
        assert isinstance(control.default, bool)


def test_a_hostile_title_costs_little() -> None:
    titles = ["$a(" * 50_000, "<" * 50_000, "{{" * 50_000, "API - " + "x" * 100_000, "<a:" + "b" * 100_000]
    nodes = [(title, "CLIPTextEncode", {"text": title[:90_000]}) for title in titles]
    began = time.perf_counter()
    workflow = titled(*nodes)
    found = [control for convention in CONVENTIONS for control in convention(workflow, {})]
    assert time.perf_counter() - began < 20
    assert all(len(control.label) <= 80 and len(control.reason) < 300 for control in found)


def test_a_workflow_of_marks_alone_is_bounded() -> None:
    workflow = titled(*[("$a", "CLIPTextEncode", {f"i{n}": "{{x}}" for n in range(200)}) for _ in range(50)])
    began = time.perf_counter()
    assert all(len(convention(workflow, {})) <= 300 for convention in CONVENTIONS)
    assert time.perf_counter() - began < 20
