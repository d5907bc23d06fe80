"""From one input to one control: exactly what the server states, and nothing invented without it."""

from __future__ import annotations

from typing import Any

import pytest
from controls_cases import api, at, real_info, text_to_image

from comfy_api.workflow import Workflow
from comfy_api.workflow.forms.control import Control, Kind, Place
from comfy_api.workflow.forms.widgets import control_for


def one(spec: Any, value: Any, name: str = "thing", **entry: Any) -> Control | None:
    """The control for an input with this spec and value."""
    workflow = api(a=("MyNode", {name: value}), b=("Sink", {"x": ["a", 0]}))
    info = {"MyNode": {"input": {"required": {name: spec}}, **entry}}
    return control_for(workflow, info, Place("a", name))


def test_a_whole_number_has_the_servers_range_and_step() -> None:
    control = one(["INT", {"default": 3, "min": -4, "max": 2**64 - 1, "step": 2, "tooltip": "How **many**."}], 7)
    assert control is not None
    assert (control.kind, control.default) == (Kind.INTEGER, 7)
    assert (control.minimum, control.maximum, control.step) == (-4, 2**64 - 1, 2)
    assert control.help == "How many."


def test_what_the_server_does_not_state_is_not_there() -> None:
    control = one(["INT"], 7)
    assert control is not None
    assert (control.minimum, control.maximum, control.step, control.options, control.help) == (None, None, None, (), "")


@pytest.mark.parametrize(
    "settings",
    [
        {"min": "0", "max": None, "step": True},
        {"min": float("inf")},
        {"min": 5, "max": 1},
        {"step": 0},
        {"step": -1},
        None,
    ],
)
def test_limits_that_mean_nothing_are_left_out(settings: Any) -> None:
    control = one(["INT", settings], 3)
    assert control is not None
    assert (control.minimum, control.maximum, control.step) == (None, None, None)


def test_a_limit_too_long_for_a_double_does_no_harm() -> None:
    control = one(["INT", {"max": 10**400}], 3)
    assert control is not None
    assert control.maximum == 10**400


@pytest.mark.parametrize(
    ("spec", "value", "kind"),
    [
        (["FLOAT", {}], 1.5, Kind.NUMBER),
        (["FLOAT", {}], 7, Kind.NUMBER),
        (["FLOAT", {"display": "slider", "min": 0, "max": 1}], 0.5, Kind.SLIDER),
        (["FLOAT", {"display": "slider", "min": 0}], 0.5, Kind.NUMBER),
        (["INT", {"display": "slider", "min": 0, "max": 9}], 5, Kind.SLIDER),
        (["BOOLEAN", {}], True, Kind.SWITCH),
        (["BOOLEAN", {}], "true", None),
        (["STRING", {}], "x", Kind.TEXT),
        (["STRING", {"multiline": True}], "x", Kind.LONG_TEXT),
        (["STRING", {}], 5, None),
        ([["a", "b"], {}], "a", Kind.CHOICE),
        (["COMBO", {"options": ["a"]}], "gone", Kind.CHOICE),
        (["COMBO", {"options": ["x/y.safetensors"]}], "gone", Kind.MODEL),
        ([[], {}], "old.gguf", Kind.MODEL),
        (["COMBO", {"options": ["a", "b"], "multiselect": True}], {"__value__": ["a"]}, Kind.LIST),
        (["COLOR", {}], "#ff0000", Kind.COLOUR),
        (["BOUNDING_BOX", {}], {"x": 1}, None),
        (["MY_PACKS_OWN", {}], "x", None),
        (["INT,FLOAT", {}], 2.5, Kind.NUMBER),
        ([["x.png"], {"image_upload": True}], "x.png", Kind.IMAGE),
        ([["x.mp4"], {"video_upload": True}], "x.mp4", Kind.VIDEO),
        ([["x.mp3"], {"audio_upload": True}], "x.mp3", Kind.AUDIO),
        ([[], {"file_upload": True}], "x.glb", Kind.FILE),
    ],
)
def test_the_kind_follows_type_and_flags(spec: Any, value: Any, kind: Kind | None) -> None:
    control = one(spec, value)
    assert (control.kind if control else None) is kind


def test_choices_keep_their_json_type() -> None:
    control = one(["COMBO", {"options": [1, 2.5, "three", {"no": "scalar"}]}], 2.5)
    assert control is not None
    assert control.options == (1, 2.5, "three")
    assert control.default == 2.5


def test_a_picture_read_by_a_node_that_gives_only_a_mask_is_a_mask() -> None:
    control = one([["x.png"], {"image_upload": True}], "x.png", output=["MASK"])
    assert control is not None
    assert control.kind is Kind.MASK


def test_the_two_states_of_a_switch_and_the_hint_of_a_field_are_the_servers() -> None:
    switch = one(["BOOLEAN", {"label_on": "sharp", "label_off": "soft"}], False)
    text = one(["STRING", {"placeholder": "a fox"}], "")
    assert switch is not None
    assert text is not None
    assert (switch.on, switch.off, text.placeholder) == ("sharp", "soft", "a fox")


@pytest.mark.parametrize("name", ["seed", "noise_seed", "model.seed"])
def test_a_seed_is_known_by_its_name_and_starts_as_a_new_one_each_time(name: str) -> None:
    control = one(["INT", {"min": 0, "max": 2**31 - 1}], 5, name) if "." not in name else None
    if control is None:
        workflow = api(a=("MyNode", {"model": "m", name: 5}))
        control = control_for(workflow, {}, Place("a", name))
    assert control is not None
    assert (control.kind, control.default, control.mode) == (Kind.SEED, None, "random")


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("thing", True, Kind.SWITCH),
        ("thing", 3, Kind.INTEGER),
        ("cfg", 7, Kind.NUMBER),
        ("thing", 3.5, Kind.NUMBER),
        ("text", "hi", Kind.LONG_TEXT),
        ("negative_prompt", "hi", Kind.LONG_TEXT),
        ("value", "hi", Kind.TEXT),
        ("value", "two\nlines", Kind.LONG_TEXT),
        ("filename_prefix", "x", Kind.TEXT),
        ("sampler_name", "euler", Kind.CHOICE),
        ("ckpt_name", "a/b.safetensors", Kind.MODEL),
        ("thing", {"__value__": [1, 2]}, Kind.LIST),
        ("thing", {"lora": "x", "on": True}, None),
        ("thing", None, None),
    ],
)
def test_without_a_server_the_json_value_decides(name: str, value: Any, kind: Kind | None) -> None:
    control = control_for(api(a=("MyNode", {name: value})), {}, Place("a", name))
    assert (control.kind if control else None) is kind
    assert control is None or (control.minimum, control.maximum, control.step) == (None, None, None)


def test_what_is_linked_or_missing_has_no_control() -> None:
    workflow = text_to_image()
    assert control_for(workflow, {}, Place("3", "model")) is None
    assert control_for(workflow, {}, Place("3", "nope")) is None
    assert control_for(workflow, {}, Place("99", "seed")) is None


def test_a_title_of_the_authors_names_what_has_no_name_of_its_own() -> None:
    workflow = api(
        a=("LoadImage", {"image": "x.png"}, "Your room"),
        b=("LoadImage", {"image": "x.png"}, "Load Image"),
        c=("KSampler", {"steps": 3}, "Drafting"),
    )
    labels = [
        control_for(workflow, real_info(), Place(*place)) for place in (("a", "image"), ("b", "image"), ("c", "steps"))
    ]
    assert [control.label for control in labels if control] == ["Your room", "Picture", "Steps"]


def test_fields_can_be_set_afterwards() -> None:
    control = control_for(text_to_image(), {}, Place("3", "steps"), label="How long", order=7, advanced=True)
    assert control is not None
    assert (control.id, control.label, control.order, control.advanced) == ("how_long", "How long", 7, True)
    assert at(control) == [("3", "steps")]


def test_a_primitive_takes_the_limits_of_what_it_feeds() -> None:
    workflow = api(
        a=("PrimitiveInt", {"value": 20}, "Steps"),
        b=("KSampler", {"steps": ["a", 0]}),
        c=("EmptyLatentImage", {"width": 64, "height": 64, "batch_size": 1}),
    )
    info = {**real_info(), "PrimitiveInt": {"input": {"required": {"value": ["INT", {"min": -(2**63), "max": 2**63}]}}}}
    control = control_for(workflow, info, Place("a", "value"))
    assert control is not None
    assert (control.minimum, control.maximum) == (1, 10000)


# --- inputs with dots ---------------------------------------------------------------------------------

DYNAMIC = {
    "Cloud": {
        "input": {
            "required": {
                "model": [
                    "COMFY_DYNAMICCOMBO_V3",
                    {
                        "options": [
                            {"key": "small", "inputs": {"required": {"size": ["INT", {"min": 1, "max": 4}]}}},
                            {"key": "large", "inputs": {"required": {"size": ["INT", {"min": 1, "max": 9}]}}},
                            {"key": "odd", "inputs": {"required": {"shape": ["COMBO", {"options": ["a"]}]}}},
                            {"key": "plain", "inputs": {}},
                            "broken",
                        ]
                    },
                ],
                "rows": [
                    "COMFY_DYNAMICGROUP_V3",
                    {"template": {"required": {"name": ["STRING", {"multiline": True}]}}},
                ],
                "more": ["COMFY_AUTOGROW_V3", {"template": {"input": {"required": {"n": ["FLOAT", {"max": 2}]}}}}],
            }
        }
    }
}


def cloud(model: str) -> Workflow:
    return api(a=("Cloud", {"model": model, "model.size": 2, "rows.0.name": "x", "more.n0": 1.5}))


def test_an_input_that_a_choice_brings_has_that_choices_limits() -> None:
    small = control_for(cloud("small"), DYNAMIC, Place("a", "model.size"))
    large = control_for(cloud("large"), DYNAMIC, Place("a", "model.size"))
    assert small is not None
    assert large is not None
    assert (small.maximum, large.maximum) == (4, 9)


def test_rows_and_grown_inputs_are_known_too() -> None:
    row = control_for(cloud("small"), DYNAMIC, Place("a", "rows.0.name"))
    grown = control_for(cloud("small"), DYNAMIC, Place("a", "more.n0"))
    assert row is not None
    assert grown is not None
    assert (row.kind, grown.maximum) == (Kind.LONG_TEXT, 2)


def test_a_choice_that_needs_inputs_which_are_not_there_is_not_offered() -> None:
    control = control_for(cloud("small"), DYNAMIC, Place("a", "model"))
    assert control is not None
    assert (control.kind, control.options) == (Kind.CHOICE, ("small", "large", "plain"))


# --- files ----------------------------------------------------------------------------------------------


def wanted(**nodes: Any) -> bool:
    control = control_for(api(**nodes), INFO, Place("a", "image"))
    assert control is not None
    return control.required


INFO = {
    "LoadImage": {"input": {"required": {"image": [[], {"image_upload": True}]}}, "output": ["IMAGE", "MASK"]},
    "Resize": {"input": {"required": {"image": ["IMAGE"]}}},
    "Make": {"input": {"required": {}, "optional": {"hint": ["IMAGE"]}}},
    "Save": {"input": {"required": {"images": ["IMAGE"]}}, "output_node": True},
}
LOAD = ("LoadImage", {"image": "x.png"})


def test_a_picture_is_required_where_an_output_depends_on_it() -> None:
    assert wanted(a=LOAD, s=("Save", {"images": ["a", 0]}))
    assert wanted(a=LOAD, r=("Resize", {"image": ["a", 0]}), s=("Save", {"images": ["r", 0]}))


def test_a_picture_that_only_optional_inputs_take_may_be_left_empty() -> None:
    made = {"m": ("Make", {"hint": ["r", 0]}), "s": ("Save", {"images": ["m", 0]})}
    assert not wanted(a=LOAD, r=("Resize", {"image": ["a", 0]}), **made)
    assert wanted(a=LOAD, r=("Unknown", {"image": ["a", 0]}), **made)
