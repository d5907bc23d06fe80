"""The edits of a job: seed, batch, text, size, steps, cfg."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from comfy_api.errors import InputNotFound, WorkflowError
from comfy_api.workflow import (
    Workflow,
    edits,
    parse_seed,
    set_batch,
    set_cfg,
    set_seed,
    set_size,
    set_steps,
    set_text,
)


def build(**nodes: tuple[str, dict[str, Any]]) -> Workflow:
    return Workflow.load({key: {"class_type": name, "inputs": inputs} for key, (name, inputs) in nodes.items()})


def inputs(workflow: Workflow, node_id: str) -> dict[str, Any]:
    return dict(workflow.nodes[node_id].inputs)


@pytest.mark.parametrize(("text", "seed"), [("0", 0), (" 7 ", 7), ("18446744073709551615", 2**64 - 1), ("007", 7)])
def test_a_typed_seed_is_exact(text: str, seed: int) -> None:
    assert parse_seed(text) == seed


@pytest.mark.parametrize("text", ["", "-1", "1.0", "1e3", "18446744073709551616", "1_000", "０", "abc", "9" * 5000])
def test_a_wrong_seed_is_refused_in_words(text: str) -> None:
    with pytest.raises(WorkflowError, match=r"^A seed is a whole number from 0 to 18446744073709551615\.$"):
        parse_seed(text)


def test_the_seed_reaches_every_sampler_and_noise(draft_refine: Workflow) -> None:
    changed = set_seed(draft_refine, 5)
    assert [inputs(changed, node_id)["seed"] for node_id in ("3", "12")] == [5, 5]
    assert inputs(set_seed(build(a=("RandomNoise", {"noise_seed": 1})), 5), "a") == {"noise_seed": 5}


def test_a_linked_seed_is_set_at_its_plain_source() -> None:
    workflow = build(
        a=("KSampler", {"seed": ["p", 0]}),
        b=("KSampler", {"seed": ["p", 0]}),
        p=("PrimitiveInt", {"value": 1}),
    )
    changed = set_seed(workflow, 9)
    assert inputs(changed, "p") == {"value": 9}
    assert inputs(changed, "a") == {"seed": ["p", 0]}


def test_a_source_that_feeds_more_than_seeds_or_is_computed_is_left_alone() -> None:
    shared = build(a=("KSampler", {"seed": ["p", 0], "steps": ["p", 0]}), p=("PrimitiveInt", {"value": 1}))
    computed = build(a=("KSampler", {"seed": ["p", 0]}), p=("Add", {"value": 1, "b": ["a", 0]}))
    for workflow in (shared, computed):
        with pytest.raises(WorkflowError, match="no seed to set"):
            set_seed(workflow, 9)


@pytest.mark.parametrize("seed", [-1, 2**64, 1.0, True, "1"])
def test_a_seed_out_of_range_is_refused(txt2img: Workflow, seed: Any) -> None:
    with pytest.raises(WorkflowError, match="A seed is a whole number"):
        set_seed(txt2img, seed)


def test_the_batch_reaches_every_latent_but_no_rebatch() -> None:
    workflow = build(
        a=("EmptySD3LatentImage", {"batch_size": 1}),
        b=("WanImageToVideo", {"batch_size": 1}),
        c=("RebatchLatents", {"batch_size": 1}),
    )
    changed = set_batch(workflow, 4)
    assert [inputs(changed, key)["batch_size"] for key in "abc"] == [4, 4, 1]


def test_text_goes_to_every_text_input_of_the_titled_nodes(txt2img: Workflow) -> None:
    assert inputs(set_text(txt2img, "Positive_Prompt", "fox"), "6")["text"] == "fox"
    flux = build(a=("CLIPTextEncodeFlux", {"clip_l": "", "t5xxl": "", "guidance": 3.5}))
    assert inputs(set_text(flux, "CLIPTextEncodeFlux", "fox"), "a") == {
        "clip_l": "fox",
        "t5xxl": "fox",
        "guidance": 3.5,
    }
    with pytest.raises(InputNotFound):
        set_text(txt2img, "Sampling", "fox")


def test_size_is_that_of_the_empty_latent_and_of_no_other_node() -> None:
    workflow = build(
        a=("EmptyLatentImage", {"width": 1, "height": 1, "batch_size": 1}),
        b=("ImageScale", {"width": 1, "height": 1}),
    )
    changed = set_size(workflow, 640, 768)
    assert inputs(changed, "a") == {"width": 640, "height": 768, "batch_size": 1}
    assert inputs(changed, "b") == {"width": 1, "height": 1}


def test_without_an_empty_latent_the_node_that_feeds_the_sampler_has_the_size() -> None:
    workflow = build(a=("WanImageToVideo", {"width": 1, "height": 1}), b=("KSampler", {"latent_image": ["a", 2]}))
    assert inputs(set_size(workflow, 640, 768), "a") == {"width": 640, "height": 768}


def test_steps_and_cfg_reach_every_sampler(draft_refine: Workflow) -> None:
    changed = set_cfg(set_steps(draft_refine, 8), 3.5)
    assert [(inputs(changed, key)["steps"], inputs(changed, key)["cfg"]) for key in ("3", "12")] == [(8, 3.5)] * 2


def test_a_sampler_of_a_part_keeps_its_share_of_the_steps() -> None:
    part = {"steps": 25, "start_at_step": 0, "end_at_step": 20}
    rest = {"steps": 25, "start_at_step": 20, "end_at_step": 10000}
    changed = set_steps(build(a=("KSamplerAdvanced", part), b=("KSamplerAdvanced", rest)), 10)
    assert inputs(changed, "a") == {"steps": 10, "start_at_step": 0, "end_at_step": 8}
    assert inputs(changed, "b") == {"steps": 10, "start_at_step": 8, "end_at_step": 10000}


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (lambda w: set_batch(w, 0), "Images is a whole number from 1 to 4096"),
        (lambda w: set_size(w, 8, 512), "Width and height are whole numbers from 16 to 16384"),
        (lambda w: set_size(w, 512, 20000), "Width and height"),
        (lambda w: set_steps(w, 0), "Steps is a whole number from 1 to 10000"),
        (lambda w: set_cfg(w, float("nan")), "CFG is a number from 0 to 100"),
        (lambda w: set_cfg(w, -1), "CFG is a number"),
    ],
)
def test_values_out_of_range_are_refused_in_words(
    txt2img: Workflow, edit: Callable[[Workflow], Workflow], sentence: str
) -> None:
    with pytest.raises(WorkflowError, match=sentence):
        edit(txt2img)


@pytest.mark.parametrize(
    "edit",
    [
        lambda w: set_seed(w, 1),
        lambda w: set_batch(w, 2),
        lambda w: set_size(w, 512, 512),
        lambda w: set_steps(w, 5),
        lambda w: set_cfg(w, 5.0),
    ],
)
def test_a_workflow_without_such_an_input_says_so(edit: Callable[[Workflow], Workflow]) -> None:
    with pytest.raises(WorkflowError, match="This workflow has no"):
        edit(build(a=("LoadImage", {"image": "x.png"})))


def test_the_bounds_are_those_that_comfyui_states(object_info: dict[str, Any]) -> None:
    latent = object_info["EmptyLatentImage"]["input"]["required"]
    sampler = object_info["KSampler"]["input"]["required"]
    assert (latent["width"][1]["min"], latent["width"][1]["max"]) == (edits.MIN_SIDE, edits.MAX_SIDE)
    assert latent["batch_size"][1]["max"] == edits.MAX_BATCH
    assert sampler["seed"][1]["max"] == edits.MAX_SEED
    assert sampler["steps"][1]["max"] == edits.MAX_STEPS
    assert sampler["cfg"][1]["max"] == edits.MAX_CFG
