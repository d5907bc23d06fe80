"""A file that is left empty takes its branch out of the graph, and nothing else."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from comfy_api.errors import NodeNotFound, Refused
from comfy_api.workflow import Workflow, check
from comfy_api.workflow.forms.branches import without_file

Inputs = dict[str, Any]
ROOT = Path(__file__).resolve().parents[3]
#: txt2img as node id → (class, inputs).
BASE: dict[str, tuple[str, Inputs]] = {
    "model": ("CheckpointLoaderSimple", {"ckpt_name": "tiny_random_sd15.safetensors"}),
    "pos": ("CLIPTextEncode", {"text": "a fox", "clip": ["model", 1]}),
    "neg": ("CLIPTextEncode", {"text": "", "clip": ["model", 1]}),
    "empty": ("EmptyLatentImage", {"width": 512, "height": 512, "batch_size": 1}),
    "decode": ("VAEDecode", {"samples": ["sampler", 0], "vae": ["model", 2]}),
    "out": ("PreviewImage", {"images": ["decode", 0]}),
    "file": ("LoadImage", {"image": "example.png"}),
}


def sampler(**links: Any) -> tuple[str, Inputs]:
    plain = {
        "seed": 1,
        "steps": 20,
        "cfg": 7.0,
        "sampler_name": "euler",
        "scheduler": "normal",
        "denoise": 1.0,
        "model": ["model", 0],
        "positive": ["pos", 0],
        "negative": ["neg", 0],
        "latent_image": ["empty", 0],
    }
    return "KSampler", {**plain, **links}


def build(**nodes: tuple[str, Inputs]) -> Workflow:
    graph = {**BASE, "sampler": sampler(), **nodes}
    return Workflow.load({key: {"class_type": name, "inputs": inputs} for key, (name, inputs) in graph.items()})


def links(workflow: Workflow, node_id: str) -> dict[str, tuple[str, int]]:
    return workflow.nodes[node_id].links


@pytest.fixture(scope="module")
def info() -> dict[str, Any]:
    """What a real ComfyUI 0.3.64 says, and three classes of custom nodes."""
    with gzip.open(ROOT / "tests/data/object_info.json.gz", "rt", encoding="utf-8") as file:
        known: dict[str, Any] = json.load(file)
    custom = {
        "IPAdapterAdvanced": (
            {
                "required": {"model": ["MODEL"], "ipadapter": ["IPADAPTER"], "image": ["IMAGE"], "weight": ["FLOAT"]},
                "optional": {"image_negative": ["IMAGE"], "attn_mask": ["MASK"]},
            },
            ["MODEL"],
        ),
        "IPAdapterUnifiedLoader": (
            {"required": {"model": ["MODEL"], "preset": [["LIGHT"]]}},
            ["MODEL", "IPADAPTER"],
        ),
        "BatchImages": (
            {
                "required": {
                    "images": [
                        "COMFY_AUTOGROW_V3",
                        {"template": {"input": {"required": {"image": ["IMAGE"]}}, "min": 1}},
                    ]
                }
            },
            ["IMAGE"],
        ),
    }
    return known | {
        name: {"input": inputs, "output": outputs, "output_name": outputs, "output_node": False}
        for name, (inputs, outputs) in custom.items()
    }


def assert_sound(workflow: Workflow, info: dict[str, Any]) -> None:
    """The server takes what is left, and every node of it counts."""
    assert check(workflow, info) == []
    assert {"model", "out"} <= workflow.nodes.keys()
    assert set(workflow.nodes) == {"out", *workflow.ancestors("out")}


def test_a_controlnet_hands_both_texts_through(info: dict[str, Any]) -> None:
    workflow = build(
        net=("DualCLIPLoader", {}),
        edges=("Canny", {"image": ["file", 0], "low_threshold": 0.4, "high_threshold": 0.8}),
        apply=(
            "ControlNetApplyAdvanced",
            {
                "positive": ["pos", 0],
                "negative": ["neg", 0],
                "control_net": ["net", 0],
                "image": ["edges", 0],
                "strength": 1.0,
                "start_percent": 0.0,
                "end_percent": 1.0,
            },
        ),
        sampler=sampler(positive=["apply", 0], negative=["apply", 1]),
    )
    left = without_file(workflow, "file", info)
    assert links(left, "sampler")["positive"] == ("pos", 0)
    assert links(left, "sampler")["negative"] == ("neg", 0)
    assert left == build(sampler=sampler()).without("file")
    assert_sound(left, info)
    nameless = {**info, "ControlNetApplyAdvanced": {**info["ControlNetApplyAdvanced"], "output_name": None}}
    assert without_file(workflow, "file", nameless) == left


def test_of_two_controlnets_in_a_row_the_other_stays(info: dict[str, Any]) -> None:
    def apply(positive: list[Any], negative: list[Any], image: str) -> tuple[str, Inputs]:
        numbers = {"strength": 1.0, "start_percent": 0.0, "end_percent": 1.0}
        sources = {"positive": positive, "negative": negative, "control_net": ["net", 0], "image": [image, 0]}
        return "ControlNetApplyAdvanced", {**sources, **numbers}

    workflow = build(
        net=("ControlNetLoader", {"control_net_name": "x"}),
        other=("LoadImage", {"image": "b.png"}),
        first=apply(["pos", 0], ["neg", 0], "file"),
        second=apply(["first", 0], ["first", 1], "other"),
        sampler=sampler(positive=["second", 0], negative=["second", 1]),
    )
    left = without_file(workflow, "file", info)
    assert links(left, "second")["positive"] == ("pos", 0)
    assert links(left, "second")["negative"] == ("neg", 0)
    assert {"file", "first"}.isdisjoint(left.nodes)
    assert {"net", "other"} <= left.nodes.keys()
    both = without_file(left, "other", info)
    assert both == build().without("file")


def test_an_ip_adapter_hands_the_model_through(info: dict[str, Any]) -> None:
    workflow = build(
        loader=("IPAdapterUnifiedLoader", {"model": ["model", 0], "preset": "LIGHT"}),
        adapter=(
            "IPAdapterAdvanced",
            {"model": ["loader", 0], "ipadapter": ["loader", 1], "image": ["file", 0], "weight": 1.0},
        ),
        sampler=sampler(model=["adapter", 0]),
    )
    left = without_file(workflow, "file", info)
    assert links(left, "sampler")["model"] == ("loader", 0)
    assert_sound(left, info)


def test_an_optional_input_is_dropped_and_its_node_stays(info: dict[str, Any]) -> None:
    workflow = build(
        face=("LoadImage", {"image": "face.png"}),
        loader=("IPAdapterUnifiedLoader", {"model": ["model", 0], "preset": "LIGHT"}),
        adapter=(
            "IPAdapterAdvanced",
            {
                "model": ["loader", 0],
                "ipadapter": ["loader", 1],
                "image": ["face", 0],
                "attn_mask": ["file", 1],
                "weight": 1.0,
            },
        ),
        sampler=sampler(model=["adapter", 0]),
    )
    left = without_file(workflow, "file", info)
    assert links(left, "adapter") == {"model": ("loader", 0), "ipadapter": ("loader", 1), "image": ("face", 0)}
    assert_sound(left, info)


def test_without_a_mask_the_latent_goes_on_as_it_is(info: dict[str, Any]) -> None:
    workflow = build(
        mask=("LoadImageMask", {"image": "mask.png", "channel": "alpha"}),
        grow=("GrowMask", {"mask": ["mask", 0], "expand": 6, "tapered_corners": True}),
        encode=("VAEEncode", {"pixels": ["file", 0], "vae": ["model", 2]}),
        masked=("SetLatentNoiseMask", {"samples": ["encode", 0], "mask": ["grow", 0]}),
        sampler=sampler(latent_image=["masked", 0]),
    )
    left = without_file(workflow, "mask", info)
    assert links(left, "sampler")["latent_image"] == ("encode", 0)
    assert {"mask", "grow", "masked"}.isdisjoint(left.nodes)


def test_a_picture_that_is_pasted_in_leaves_the_one_below(info: dict[str, Any]) -> None:
    paste = ("ImageCompositeMasked", {"destination": ["decode", 0], "source": ["file", 0], "mask": ["file", 1]})
    paste[1].update({"x": 0, "y": 0, "resize_source": False})
    left = without_file(build(paste=paste, out=("PreviewImage", {"images": ["paste", 0]})), "file", info)
    assert links(left, "out")["images"] == ("decode", 0)
    assert_sound(left, info)


def test_pictures_in_a_growing_list_close_ranks(info: dict[str, Any]) -> None:
    grown = {f"images.image{number}": [name, 0] for number, name in enumerate(["decode", "file", "other"])}
    workflow = build(
        other=("LoadImage", {"image": "b.png"}),
        batch=("BatchImages", grown),
        out=("PreviewImage", {"images": ["batch", 0]}),
    )
    left = without_file(workflow, "file", info)
    assert links(left, "batch") == {"images.image0": ("decode", 0), "images.image1": ("other", 0)}
    alone = build(
        batch=("BatchImages", {"images.image0": ["file", 0]}), show=("PreviewImage", {"images": ["batch", 0]})
    )
    assert without_file(alone, "file", info) == build().without("file")


def test_an_output_that_shows_the_file_alone_goes_with_it(info: dict[str, Any]) -> None:
    left = without_file(build(show=("PreviewImage", {"images": ["file", 0]})), "file", info)
    assert left == build().without("file")


@pytest.mark.parametrize(
    "encode",
    [
        ("VAEEncode", {"pixels": ["file", 0], "vae": ["model", 2]}),
        ("VAEEncodeForInpaint", {"pixels": ["file", 0], "vae": ["model", 2], "mask": ["file", 1], "grow_mask_by": 6}),
    ],
)
def test_what_begins_from_the_file_cannot_do_without_it(info: dict[str, Any], encode: tuple[str, Inputs]) -> None:
    workflow = build(encode=encode, sampler=sampler(latent_image=["encode", 0]))
    with pytest.raises(Refused, match=r"^Nothing can be made without this file\. Add one\.$") as caught:
        without_file(workflow, "file", info, control="image")
    assert caught.value.control == "image"


def test_a_sampler_is_never_passed_by(info: dict[str, Any]) -> None:
    """An empty latent that nobody sampled would be a grey picture."""
    workflow = build(
        vision=("CLIPVisionEncode", {"clip_vision": ["model", 0], "image": ["file", 0], "crop": "center"}),
        style=("TextEncodeHunyuanVideo_ImageToVideo", {"clip": ["model", 1], "clip_vision_output": ["vision", 0]}),
        sampler=sampler(positive=["style", 0]),
    )
    with pytest.raises(Refused):
        without_file(workflow, "file", info)


def test_inpainting_conditioning_keeps_its_texts_but_not_its_latent(info: dict[str, Any]) -> None:
    paint = {"positive": ["pos", 0], "negative": ["neg", 0], "vae": ["model", 2], "noise_mask": True}
    paint |= {"pixels": ["file", 0], "mask": ["file", 1]}
    texts = sampler(positive=["paint", 0], negative=["paint", 1])
    left = without_file(build(paint=("InpaintModelConditioning", paint), sampler=texts), "file", info)
    assert left == build().without("file")
    latent = sampler(positive=["paint", 0], negative=["paint", 1], latent_image=["paint", 2])
    with pytest.raises(Refused):
        without_file(build(paint=("InpaintModelConditioning", paint), sampler=latent), "file", info)


def test_a_class_that_nobody_knows_needs_all_that_it_has(info: dict[str, Any]) -> None:
    odd = ("OddNode", {"latent": ["empty", 0], "image": ["file", 0]})
    with pytest.raises(Refused):
        without_file(build(odd=odd, sampler=sampler(latent_image=["odd", 0])), "file", info)


def test_outputs_follow_inputs_of_their_name_before_those_of_their_place(info: dict[str, Any]) -> None:
    declared = {"negative": ["CONDITIONING"], "positive": ["CONDITIONING"], "image": ["IMAGE"]}
    info = info | {
        "Turned": {
            "input": {"required": declared},
            "output": ["CONDITIONING", "CONDITIONING"],
            "output_name": ["positive", "negative"],
        }
    }
    turned = ("Turned", {"negative": ["neg", 0], "positive": ["pos", 0], "image": ["file", 0]})
    left = without_file(
        build(turned=turned, sampler=sampler(positive=["turned", 0], negative=["turned", 1])), "file", info
    )
    assert left == build().without("file")


def test_a_type_that_means_anything_stands_in_for_nothing(info: dict[str, Any]) -> None:
    info = info | {"Any": {"input": {"required": {"a": ["*"], "b": ["*"]}}, "output": ["*"]}}
    with pytest.raises(Refused):
        without_file(
            build(
                any=("Any", {"a": ["file", 0], "b": ["model", 0]}),
                out=("PreviewImage", {"images": ["any", 0]}),
            ),
            "file",
            info,
        )


def test_what_was_idle_before_stays(info: dict[str, Any]) -> None:
    idle = build(note=("CLIPTextEncode", {"text": "unused", "clip": ["model", 1]}))
    assert "note" in without_file(idle, "file", info).nodes


def test_the_workflow_given_is_not_changed(info: dict[str, Any]) -> None:
    workflow = build()
    before = workflow.graph
    without_file(workflow, "file", info)
    assert workflow.graph == before
    with pytest.raises(NodeNotFound):
        without_file(workflow, "nobody", info)
