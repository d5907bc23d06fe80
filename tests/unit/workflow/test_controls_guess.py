"""The guess from class, input and links."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from controls_cases import api, at, named, real_info, sampler, shown, text_to_image
from hypothesis import given, settings
from hypothesis import strategies as st

from comfy_api.workflow import Workflow
from comfy_api.workflow.forms.control import Control, Kind, Place, Source
from comfy_api.workflow.forms.find import find_controls

FIRST = ["prompt", "negative", "size", "images", "seed"]
MORE = ["steps", "cfg", "sampler_name", "scheduler", "model"]


@pytest.fixture(params=[True, False], ids=["with object_info", "without"])
def info(request: pytest.FixtureRequest) -> dict[str, Any]:
    return real_info() if request.param else {}


def test_text_to_image_has_the_few_things_that_makers_change(info: dict[str, Any]) -> None:
    controls = find_controls(text_to_image(), info)
    assert shown(controls) == FIRST + MORE
    assert [control.id for control in controls if control.shown and not control.advanced] == [
        "prompt",
        "size",
        "images",
        "seed",
    ]
    assert {control.source for control in controls} == {Source.GUESS}
    assert all(control.reason for control in controls)


def test_each_of_them_writes_to_its_place(info: dict[str, Any]) -> None:
    controls = find_controls(text_to_image(), info)
    places = {control.id: at(control) for control in controls if control.shown}
    assert places["prompt"] == [("6", "text")]
    assert places["negative"] == [("7", "text")]
    assert places["images"] == [("5", "batch_size")]
    assert places["seed"] == [("3", "seed")]
    assert places["model"] == [("4", "ckpt_name")]
    size = named(controls, "size")
    assert size.places == (Place("5", "width", part="width"), Place("5", "height", part="height"))
    assert (size.kind, size.default) == (Kind.SIZE, [512, 768])


def test_kinds_defaults_and_ranges_are_the_servers() -> None:
    controls = find_controls(text_to_image(), real_info())
    prompt, seed, images, size, steps = (named(controls, id_) for id_ in ("prompt", "seed", "images", "size", "steps"))
    assert (prompt.kind, prompt.default, prompt.label) == (Kind.LONG_TEXT, "a fox", "Prompt")
    assert (seed.kind, seed.default, seed.mode, seed.maximum) == (Kind.SEED, None, "random", 2**64 - 1)
    assert (images.kind, images.default, images.minimum, images.maximum) == (Kind.IMAGES, 2, 1, 4096)
    assert (size.minimum, size.maximum, size.step) == (16, 16384, 8)
    assert (steps.default, steps.minimum, steps.maximum) == (20, 1, 10000)


def test_nothing_is_invented_without_a_server() -> None:
    controls = find_controls(text_to_image(), {})
    assert all((c.minimum, c.maximum, c.step, c.options) == (None, None, None, ()) for c in controls)


def test_positive_and_negative_follow_the_samplers_links_not_the_order(info: dict[str, Any]) -> None:
    swapped = text_to_image(n3=("KSampler", sampler(positive=["7", 0], negative=["6", 0])))
    controls = find_controls(swapped, info)
    assert at(named(controls, "prompt")) == [("7", "text")]
    assert at(named(controls, "negative")) == [("6", "text")]


def test_encoders_share_a_text_only_where_it_is_the_same(info: dict[str, Any]) -> None:
    def prompts(text: str) -> list[list[tuple[str, str]]]:
        extra = ("CLIPTextEncode", {"text": text, "clip": ["4", 1]})
        controls = find_controls(text_to_image(n60=extra, **second(positive=["60", 0])), info)
        return [at(c) for c in controls if c.kind is Kind.LONG_TEXT and c.shown and c.id != "negative"]

    assert prompts("a fox") == [[("6", "text"), ("60", "text")]]
    assert prompts("an owl") == [[("6", "text")], [("60", "text")]]


def test_a_titled_text_that_leads_nowhere_is_not_the_prompt(info: dict[str, Any]) -> None:
    stray = text_to_image(n2=("CLIPTextEncode", {"text": "old", "clip": ["4", 1]}, "Prompt"))
    assert at(named(find_controls(stray, info), "prompt")) == [("6", "text")]


def test_a_side_of_zero_is_no_size(bundled: Path, info: dict[str, Any]) -> None:
    controls = find_controls(Workflow.load(bundled / "img2img.json"), info)
    assert named(controls, "fitting_width").kind is Kind.INTEGER


def test_a_silenced_negative_is_no_control(info: dict[str, Any]) -> None:
    silent = text_to_image(n7=("ConditioningZeroOut", {"conditioning": ["6", 0]}))
    assert "negative" not in [control.id for control in find_controls(silent, info)]


def second(**inputs: Any) -> dict[str, Any]:
    """A second sampler behind the first, and what it gives."""
    return {
        "n13": ("KSampler", sampler(latent_image=["3", 0], **inputs), "Refining"),
        "n8": ("VAEDecode", {"samples": ["13", 0], "vae": ["4", 2]}),
    }


def test_samplers_share_one_seed_and_whatever_else_is_equal(info: dict[str, Any]) -> None:
    controls = find_controls(text_to_image(**second(seed=99, denoise=0.5)), info)
    assert at(named(controls, "seed")) == [("3", "seed"), ("13", "seed")]
    assert at(named(controls, "steps")) == [("3", "steps"), ("13", "steps")]
    assert at(named(controls, "denoise")) == [("13", "denoise")]


def test_values_that_differ_are_controls_of_their_own_told_apart_by_title(info: dict[str, Any]) -> None:
    controls = find_controls(text_to_image(**second(steps=8)), info)
    assert at(named(controls, "steps")) == [("3", "steps")]
    refining = named(controls, "refining_steps")
    assert (at(refining), refining.label) == ([("13", "steps")], "Steps (Refining)")


def test_steps_that_samplers_share_out_are_on_offer_only(info: dict[str, Any]) -> None:
    def part(start: int, end: int) -> tuple[str, dict[str, Any]]:
        plain = sampler(noise_seed=1, start_at_step=start, end_at_step=end, add_noise="enable")
        return "KSamplerAdvanced", {name: value for name, value in plain.items() if name not in ("seed", "denoise")}

    controls = find_controls(text_to_image(n3=part(0, 10), n13=part(10, 10000)), info)
    assert not named(controls, "steps").shown
    assert at(named(controls, "seed"))[0] == ("3", "noise_seed")


def test_how_much_changes_is_asked_only_where_something_stays(info: dict[str, Any]) -> None:
    assert not named(find_controls(text_to_image(), info), "denoise").shown
    half = named(find_controls(text_to_image(n3=("KSampler", sampler(denoise=0.6))), info), "denoise")
    assert (half.shown, half.advanced) == (True, True)


# --- pictures in and out --------------------------------------------------------------------------------


def from_picture(**changed: Any) -> Workflow:
    nodes: dict[str, Any] = {
        "n5": ("VAEEncode", {"pixels": ["10", 0], "vae": ["4", 2]}),
        "n10": ("LoadImage", {"image": "x.png"}, "Your picture"),
    }
    return text_to_image(**(nodes | changed))


def test_a_picture_to_begin_from_follows_the_prompt(info: dict[str, Any]) -> None:
    controls = find_controls(from_picture(), info)
    assert shown(controls)[:2] == ["prompt", "image"]
    picture = named(controls, "image")
    assert (picture.kind, picture.label, picture.default, picture.required) == (
        Kind.IMAGE,
        "Your picture",
        "x.png",
        True,
    )
    assert not picture.maskable


def test_a_mask_is_painted_where_the_graph_reads_one(info: dict[str, Any]) -> None:
    masked = from_picture(n11=("SetLatentNoiseMask", {"samples": ["5", 0], "mask": ["10", 1]}))
    masked = Workflow.load(masked.graph | {"3": masked.raw("3") | {"inputs": sampler(latent_image=["11", 0])}})
    assert named(find_controls(masked, info), "image").maskable


def test_without_a_batch_size_images_are_counted_runs(info: dict[str, Any]) -> None:
    images = named(find_controls(from_picture(), info), "images")
    assert (images.places, images.default, images.kind) == ((), 1, Kind.IMAGES)


def test_without_a_seed_there_is_nothing_to_count(info: dict[str, Any]) -> None:
    enlarge = api(
        n1=("LoadImage", {"image": "x.png"}),
        n2=("ImageScaleBy", {"image": ["1", 0], "upscale_method": "area", "scale_by": 2.0}),
        n3=("PreviewImage", {"images": ["2", 0]}),
    )
    controls = find_controls(enlarge, info)
    assert shown(controls) == ["image"]
    assert "images" not in [control.id for control in controls]


def test_several_pictures_are_called_after_what_they_are_for() -> None:
    workflow = api(
        n1=("LoadImage", {"image": "a.png"}, "Load Image"),
        n2=("LoadImage", {"image": "b.png"}, "Load Image"),
        n3=("ImageStitch", {"image1": ["1", 0], "image2": ["2", 0], "direction": "right"}),
        n4=("SaveImage", {"images": ["3", 0], "filename_prefix": "x"}),
    )
    controls = find_controls(workflow, real_info())
    assert [(c.id, c.label) for c in controls if c.shown] == [("image1", "Image 1"), ("image2", "Image 2")]


def test_what_no_output_depends_on_is_left_alone(info: dict[str, Any]) -> None:
    stray = text_to_image(
        n50=("LoadImage", {"image": "x.png"}), n51=("EmptyLatentImage", {"width": 64, "height": 64, "batch_size": 1})
    )
    controls = find_controls(stray, info)
    assert not [control for control in controls if {"50", "51"} & {node for node, _ in at(control)}]


# --- links and primitives -------------------------------------------------------------------------------


def test_numbers_behind_links_are_found_where_they_stand(info: dict[str, Any]) -> None:
    workflow = text_to_image(
        n20=("PrimitiveInt", {"value": 640}, "Width"),
        n21=("PrimitiveInt", {"value": 480}, "Height"),
        n22=("PrimitiveInt", {"value": 9}, "Seed"),
        n23=("PrimitiveStringMultiline", {"value": "an owl"}, "Text"),
        n3=("KSampler", sampler(seed=["22", 0])),
        n5=("EmptyLatentImage", {"width": ["20", 0], "height": ["21", 0], "batch_size": 1}),
        n6=("CLIPTextEncode", {"text": ["23", 0], "clip": ["4", 1]}),
    )
    controls = find_controls(workflow, info)
    assert named(controls, "size").places == (Place("20", "value", part="width"), Place("21", "value", part="height"))
    assert named(controls, "size").default == [640, 480]
    assert at(named(controls, "seed")) == [("22", "value")]
    assert at(named(controls, "prompt")) == [("23", "value")]


def test_a_primitive_with_a_title_is_what_its_author_set_apart() -> None:
    workflow = text_to_image(
        n20=("PrimitiveFloat", {"value": 1.5}, "Boldness"), n30=("Custom", {"x": ["20", 0], "images": ["8", 0]})
    )
    info = {**real_info(), "Custom": {"output_node": True, "input": {}}}
    control = named(find_controls(workflow, info), "boldness")
    assert (control.shown, control.advanced, control.label) == (True, True, "Boldness")


# --- models ---------------------------------------------------------------------------------------------


def test_a_lora_has_its_choice_and_one_strength(info: dict[str, Any]) -> None:
    lora = {
        "lora_name": "fur.safetensors",
        "strength_model": 0.8,
        "strength_clip": 0.8,
        "model": ["4", 0],
        "clip": ["4", 1],
    }
    controls = find_controls(
        text_to_image(n10=("LoraLoader", lora), n3=("KSampler", sampler(model=["10", 0]))),
        info,
    )
    assert named(controls, "lora").kind is Kind.MODEL
    strength = named(controls, "lora_strength")
    assert (at(strength), strength.default) == ([("10", "strength_model"), ("10", "strength_clip")], 0.8)


def test_models_that_belong_to_the_model_are_on_offer_only(info: dict[str, Any]) -> None:
    workflow = text_to_image(
        n10=("VAELoader", {"vae_name": "v.safetensors"}), n8=("VAEDecode", {"samples": ["3", 0], "vae": ["10", 0]})
    )
    assert not named(find_controls(workflow, info), "vae_name").shown


# --- nodes that nobody knows ----------------------------------------------------------------------------

PARTNER = {
    "CloudImage": {
        "api_node": True,
        "input": {
            "required": {
                "system_prompt": ["STRING", {"multiline": True}],
                "prompt": ["STRING", {"multiline": True}],
                "aspect_ratio": ["COMBO", {"options": ["1:1", "16:9"]}],
                "seed": ["INT", {"min": 0, "max": 2147483647}],
            },
            "optional": {"negative_prompt": ["STRING", {"multiline": True}]},
        },
    },
    "Keep": {"output_node": True, "input": {"required": {"images": ["IMAGE"]}}},
}


def partner() -> Workflow:
    inputs = {
        "system_prompt": "You are an artist.",
        "prompt": "a fox",
        "aspect_ratio": "1:1",
        "seed": 4,
        "negative_prompt": "dogs",
    }
    return api(n1=("CloudImage", inputs), n2=("Keep", {"images": ["1", 0]}))


def test_a_partner_node_has_its_prompt_and_its_settings() -> None:
    controls = find_controls(partner(), PARTNER)
    assert at(named(controls, "prompt")) == [("1", "prompt")]
    assert at(named(controls, "negative")) == [("1", "negative_prompt")]
    assert shown(controls) == ["prompt", "negative", "images", "seed", "aspect_ratio"]
    assert named(controls, "aspect_ratio").options == ("1:1", "16:9")
    assert named(controls, "seed").maximum == 2147483647
    assert not named(controls, "system_prompt").shown


def test_the_same_is_found_of_an_unknown_node_without_a_server() -> None:
    controls = find_controls(partner(), {})
    assert at(named(controls, "prompt")) == [("1", "prompt")]
    assert at(named(controls, "seed")) == [("1", "seed")]


def test_everything_else_is_on_offer_under_its_nodes_title(info: dict[str, Any]) -> None:
    controls = find_controls(text_to_image(), info)
    prefix = named(controls, "saveimage_filename_prefix")
    assert (prefix.shown, prefix.group) == (False, "SaveImage")


# --- whatever the order -----------------------------------------------------------------------------------


def outline(controls: list[Control]) -> list[tuple[str, tuple[Place, ...], bool, int]]:
    return [(control.id, control.places, control.shown, control.order) for control in controls]


def busy() -> Workflow:
    enlarged = {
        f"n{number}": ("ImageScaleBy", {"image": ["8", 0], "upscale_method": "area", "scale_by": number / 10})
        for number in (30, 31, 32)
    }
    kept = {f"n{number + 10}": ("PreviewImage", {"images": [str(number), 0]}) for number in (30, 31, 32)}
    return from_picture(**second(seed=3, steps=8), **enlarged, **kept)


@given(st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_the_order_of_nodes_and_inputs_in_the_file_changes_nothing(shuffle: random.Random) -> None:
    workflow = busy()
    entries = list(workflow.graph.items())
    shuffle.shuffle(entries)
    assert outline(find_controls(Workflow.load(dict(entries)), real_info())) == outline(
        find_controls(workflow, real_info())
    )


@given(st.permutations(["3", "4", "5", "6", "7", "8", "9"]))
@settings(max_examples=30, deadline=None)
def test_other_numbers_of_nodes_keep_the_ids_of_controls(numbers: list[str]) -> None:
    renumbered = dict(zip(["3", "4", "5", "6", "7", "8", "9"], numbers, strict=True))
    text = json.dumps(text_to_image().graph)
    graph = json.loads(text)
    moved = {
        renumbered[node_id]: {
            **node,
            "inputs": {
                name: [renumbered[value[0]], value[1]] if isinstance(value, list) else value
                for name, value in node["inputs"].items()
            },
        }
        for node_id, node in graph.items()
    }
    assert sorted(c.id for c in find_controls(Workflow.load(moved), real_info())) == sorted(
        c.id for c in find_controls(text_to_image(), real_info())
    )


def test_an_unrelated_node_changes_no_id() -> None:
    before = [control.id for control in find_controls(text_to_image(), real_info())]
    extra = text_to_image(n40=("ImageInvert", {"image": ["8", 0]}), n41=("PreviewImage", {"images": ["40", 0]}))
    assert set(before) <= {control.id for control in find_controls(extra, real_info())}


def test_ids_and_places_occur_once(info: dict[str, Any]) -> None:
    controls = find_controls(busy(), info)
    places = [place for control in controls for place in at(control)]
    assert len({control.id for control in controls}) == len(controls)
    assert len(set(places)) == len(places)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("txt2img", FIRST + MORE),
        ("img2img", ["prompt", "image", "negative", "images", "seed", "steps", "cfg", "denoise", *MORE[2:]]),
        ("draft_refine", [*FIRST, "steps", "cfg", "denoise", *MORE[2:]]),
        ("upscale", ["image"]),
    ],
)
def test_bundled_workflows_have_their_forms_before_a_server_answers(
    bundled: Path, info: dict[str, Any], name: str, expected: list[str]
) -> None:
    assert shown(find_controls(Workflow.load(bundled / f"{name}.json"), info)) == expected
