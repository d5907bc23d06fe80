"""What makers may change: found in a workflow, and applied to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from comfy_api.workflow import Basics, ImageInput, Workflow, find_basics, output_ids


def build(**nodes: tuple[str, dict[str, Any]]) -> Workflow:
    return Workflow.load({key: {"class_type": name, "inputs": inputs} for key, (name, inputs) in nodes.items()})


def sampler(**links: list[Any]) -> tuple[str, dict[str, Any]]:
    return "KSampler", {"seed": 1, "steps": 20, "cfg": 7, **links}


def encode(text: Any) -> tuple[str, dict[str, Any]]:
    return "CLIPTextEncode", {"text": text, "clip": ["m", 1]}


def texts(workflow: Workflow) -> tuple[str | None, str | None]:
    basics = find_basics(workflow)
    return basics.prompt and basics.prompt.text, basics.negative and basics.negative.text


def test_text_to_image_has_all_but_uploads(txt2img: Workflow) -> None:
    basics = find_basics(txt2img)
    assert basics.prompt is not None
    assert (basics.prompt.node_id, basics.prompt.input, basics.prompt.title) == (
        "6",
        "text",
        "positive_prompt",
    )
    assert basics.negative is not None
    assert basics.negative.node_id == "7"
    assert (basics.seed, basics.images, basics.size) == (156680208700286, 1, (512, 512))
    assert (basics.steps, basics.cfg, basics.images_in, basics.stages) == (20, 7.0, (), ("Picture",))


def test_stages_come_in_the_order_of_the_graph_not_of_the_file(draft_refine: Workflow) -> None:
    graph = draft_refine.graph
    backwards = Workflow.load({key: graph[key] for key in reversed(graph)})
    assert find_basics(backwards).stages == ("Draft", "Picture")
    assert output_ids(backwards) == ("9", "14")


def test_enlarging_has_an_upload_and_nothing_else(bundled: Path) -> None:
    expected = Basics(images_in=(ImageInput("1", "Your picture", "image", "example.png"),), stages=("Picture",))
    assert find_basics(Workflow.load(bundled / "upscale.json")) == expected


def test_image_to_image_has_no_batch_so_that_images_are_counted_runs(bundled: Path) -> None:
    basics = find_basics(Workflow.load(bundled / "img2img.json"))
    assert basics.images is None
    assert basics.seed is not None


def test_object_info_names_uploads_and_outputs_of_custom_nodes() -> None:
    workflow = build(a=("MyLoader", {"file": "x.png"}), b=("MySink", {"images": ["a", 0]}))
    info = {
        "MyLoader": {"input": {"required": {"file": ["COMBO", {"options": [], "image_upload": True}]}}},
        "MySink": {"output_node": True},
    }
    basics = find_basics(workflow, info)
    assert basics.images_in == (ImageInput("a", "MyLoader", "file", "x.png"),)
    assert basics.stages == ("MySink",)
    assert find_basics(workflow) == Basics()


def test_texts_are_found_behind_controlnet_and_combined_conditionings() -> None:
    workflow = build(
        s=sampler(positive=["c", 0], negative=["c", 1]),
        c=("ControlNetApplyAdvanced", {"positive": ["j", 0], "negative": ["n", 0]}),
        j=("ConditioningCombine", {"conditioning_1": ["p", 0], "conditioning_2": ["q", 0]}),
        n=encode("bad"),
        q=encode("second"),
        p=encode("good"),
    )
    assert texts(workflow) == ("good", "bad")


def test_texts_are_found_behind_a_guider() -> None:
    workflow = build(
        s=("SamplerCustomAdvanced", {"guider": ["g", 0]}),
        g=("CFGGuider", {"positive": ["p", 0], "negative": ["n", 0], "cfg": 3.0}),
        n=encode("bad"),
        p=encode("good"),
    )
    assert texts(workflow) == ("good", "bad")
    one_sided = build(
        s=("SamplerCustomAdvanced", {"guider": ["g", 0]}),
        g=("BasicGuider", {"conditioning": ["p", 0]}),
        p=encode("good"),
    )
    assert texts(one_sided) == ("good", None)


def test_a_guider_with_two_conditionings_has_the_first_as_its_text() -> None:
    guider = ("DualCFGGuider", {"cond1": ["p", 0], "cond2": ["q", 0], "negative": ["n", 0]})
    workflow = build(
        s=("SamplerCustomAdvanced", {"guider": ["g", 0]}),
        g=guider,
        q=encode("other"),
        p=encode("good"),
        n=encode("bad"),
    )
    assert texts(workflow) == ("good", "bad")


def test_a_text_that_is_put_together_is_not_taken_for_the_makers() -> None:
    styler = ("Styler", {"text": "style words", "more": ["t", 0]})
    workflow = build(
        s=sampler(positive=["p", 0]), p=encode(["x", 0]), x=styler, t=("PrimitiveString", {"value": "good"})
    )
    assert texts(workflow) == (None, None)


def test_a_conditioning_from_an_unknown_node_is_followed_through_its_other_links() -> None:
    workflow = build(
        s=sampler(positive=["x", 0]),
        x=("Pipe", {"negative": ["n", 0], "in": ["p", 0]}),
        n=encode("bad"),
        p=encode("good"),
    )
    assert texts(workflow) == ("good", None)


def test_a_text_that_is_zeroed_out_or_the_prompt_itself_is_no_negative() -> None:
    zeroed = build(
        s=sampler(positive=["p", 0], negative=["z", 0]),
        z=("ConditioningZeroOut", {"conditioning": ["p", 0]}),
        p=encode("good"),
    )
    other = build(
        s=sampler(positive=["p", 0], negative=["z", 0]),
        z=("ConditioningZeroOut", {"conditioning": ["q", 0]}),
        p=encode("good"),
        q=encode("unheard"),
    )
    assert texts(other) == ("good", None)
    same = build(s=sampler(positive=["p", 0], negative=["p", 0]), p=encode("good"))
    assert texts(zeroed) == texts(same) == ("good", None)


def test_a_linked_text_is_set_where_it_is_written() -> None:
    workflow = build(
        s=sampler(positive=["p", 0]), p=encode(["t", 0]), t=("PrimitiveStringMultiline", {"value": "good"})
    )
    assert texts(workflow) == ("good", None)


@pytest.mark.parametrize("title", ["positive_prompt", "Prompt"])
def test_a_title_wins_over_the_sampler(title: str) -> None:
    workflow = build(s=sampler(positive=["p", 0]), p=encode("style"), q=encode("mine"))
    titled = workflow.with_node("q", {**workflow.raw("q"), "_meta": {"title": title}})
    assert texts(titled)[0] == "mine"


def test_a_conditioning_cycle_and_a_dangling_link_end_the_search() -> None:
    workflow = build(s=sampler(positive=["c", 0], negative=["gone", 0]), c=("X", {"conditioning": ["c", 0]}))
    assert texts(workflow) == (None, None)


def test_of_two_samplers_the_first_in_the_graph_gives_the_numbers() -> None:
    second = ("KSampler", {"seed": 2, "steps": 9, "cfg": 2, "latent_image": ["a", 0]})
    basics = find_basics(build(b=second, a=sampler()))
    assert (basics.seed, basics.steps, basics.cfg) == (1, 20, 7)
