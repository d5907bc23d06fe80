"""Preflight: what a server will refuse, in a maker's words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comfy_api.workflow import FindingKind, Workflow, check, repair_paths
from comfy_api.workflow.check import nearest

Info = dict[str, Any]
CKPT = "CheckpointLoaderSimple"


def with_models(object_info: Info, *models: Any) -> Info:
    spec = {**object_info[CKPT], "input": {"required": {"ckpt_name": [list(models), {}]}}}
    return {**object_info, CKPT: spec}


def needing(txt2img: Workflow, model: Any) -> Workflow:
    return txt2img.set("Model", ckpt_name=model)


def test_a_workflow_that_fits_has_no_findings(txt2img: Workflow, object_info: Info) -> None:
    assert check(txt2img, with_models(object_info, "v1-5-pruned-emaonly-fp16.safetensors")) == []


def test_a_missing_model_is_said_in_plain_words_with_the_nearest_name(txt2img: Workflow, object_info: Info) -> None:
    models = ["a.safetensors", "sd_xl.safetensors", "dreamshaper_7.safetensors", "z.ckpt"]
    [finding] = check(needing(txt2img, "dreamshaper_8.safetensors"), with_models(object_info, *models))
    assert finding.sentence == (
        'This workflow needs the model "dreamshaper_8". The server has "dreamshaper_7" and 3 others. Choose one.'
    )
    assert (finding.node_id, finding.title, finding.input) == ("4", "Model", "ckpt_name")
    assert finding.kind is FindingKind.NOT_IN_LIST
    assert finding.received == "dreamshaper_8.safetensors"
    assert finding.nearest == ("dreamshaper_7.safetensors",)
    assert finding.options == tuple(models)


@pytest.mark.parametrize(
    ("models", "end"),
    [
        ([], "The server has no model of this kind. Put one into its models folder."),
        (["q.safetensors"], 'The server has "q". Choose that one.'),
        (["q.safetensors", "r.ckpt"], 'The server has "q" and 1 other. Choose one.'),
    ],
)
def test_the_offer_counts_what_the_server_has(
    txt2img: Workflow, object_info: Info, models: list[str], end: str
) -> None:
    [finding] = check(needing(txt2img, "dreamshaper_8.ckpt"), with_models(object_info, *models))
    assert finding.sentence == f'This workflow needs the model "dreamshaper_8". {end}'


def test_both_forms_of_a_choice_are_checked(txt2img: Workflow, object_info: Info) -> None:
    old = txt2img.set("Sampling", sampler_name="eulr")
    new = txt2img.with_node(
        "9", {"class_type": "ETN_SendImageWebSocket", "inputs": {"images": ["8", 0], "format": "WEBP"}}
    )
    info = with_models(object_info, txt2img.nodes["4"].inputs["ckpt_name"])
    [first], [second] = check(old, info), check(new, info)
    assert (first.input, first.nearest[0]) == ("sampler_name", "euler")
    assert '"Sampling" asks for "eulr" as sampler_name. The server has "euler" and' in first.sentence
    assert (second.input, second.options) == ("format", ("PNG", "JPEG"))


@pytest.mark.parametrize(
    ("wanted", "options", "expected"),
    [
        ("sub\\a.ckpt", ["x.ckpt", "sub/a.ckpt"], ("sub/a.ckpt",)),
        ("a.ckpt", ["zzzzzz.ckpt", "deep/er/A.ckpt"], ("deep/er/A.ckpt",)),
        ("dreamshaper_8.ckpt", ["dreamshaper_8.safetensors", "x.ckpt"], ("dreamshaper_8.safetensors",)),
        ("sub\\a.ckpt", ["a.ckpt", "sub/a.ckpt"], ("sub/a.ckpt", "a.ckpt")),
        ("m.ckpt", ["m.safetensors", "x/m.ckpt"], ("x/m.ckpt", "m.safetensors")),
        ("abc", ["xyz"], ()),
        ("x", [1, 2], ()),
        (5, ["x"], ()),
        ("aaaa", ["aaaa1", "aaaa2", "aaaa3", "aaaa4"], ("aaaa4", "aaaa3", "aaaa2")),
    ],
)
def test_nearest_prefers_the_same_path_then_the_same_file_then_a_similar_name(
    wanted: Any, options: list[Any], expected: tuple[str, ...]
) -> None:
    assert nearest(wanted, options) == expected


def test_an_unknown_class_is_found_with_its_neighbours(txt2img: Workflow, object_info: Info) -> None:
    workflow = txt2img.with_node("3", {**txt2img.raw("3"), "class_type": "KSamplr"})
    [finding, *_] = [found for found in check(workflow, object_info) if found.node_id == "3"]
    assert finding.kind is FindingKind.UNKNOWN_CLASS
    assert finding.nearest[0] == "KSampler"
    assert 'needs the building block "KSamplr", which the server does not have' in finding.sentence


def test_a_missing_required_input_is_found_and_an_optional_one_is_not(txt2img: Workflow, object_info: Info) -> None:
    raw = txt2img.raw("3")
    del raw["inputs"]["positive"]
    info = with_models(object_info, txt2img.nodes["4"].inputs["ckpt_name"])
    [finding] = check(txt2img.with_node("3", raw), info)
    assert (finding.kind, finding.input) == (FindingKind.INPUT_MISSING, "positive")
    info["KSampler"] = {"input": {"optional": info["KSampler"]["input"]["required"]}}
    assert check(txt2img.with_node("3", raw), info) == []


@pytest.mark.parametrize("link", [["77", 0], ["4", 3], ["4", -1], [4, 0], ["4"], [], ["4", "0"]])
def test_a_link_that_leads_nowhere_is_found(txt2img: Workflow, object_info: Info, link: list[Any]) -> None:
    workflow = txt2img.set("Sampling", model=link, relink=True)
    info = with_models(object_info, txt2img.nodes["4"].inputs["ckpt_name"])
    assert [(f.kind, f.input, f.received) for f in check(workflow, info)] == [(FindingKind.BAD_LINK, "model", link)]


def test_a_part_that_leads_to_no_output_is_not_looked_at(txt2img: Workflow, object_info: Info) -> None:
    loose = {"class_type": CKPT, "inputs": {"ckpt_name": "gone.safetensors"}}
    info = with_models(object_info, txt2img.nodes["4"].inputs["ckpt_name"])
    assert check(txt2img.with_node("loose", loose), info) == []


def test_a_workflow_without_an_output_makes_no_picture(txt2img: Workflow, object_info: Info) -> None:
    [finding] = check(txt2img.without("9"), object_info)
    assert finding.kind is FindingKind.NO_OUTPUTS


def test_files_that_can_be_uploaded_are_left_to_the_server(bundled: Any, object_info: Info) -> None:
    workflow = Workflow.load(bundled / "upscale.json").set("Your picture", image="just uploaded.png")
    assert check(workflow, object_info) == []


def test_a_multiple_choice_is_checked_piece_by_piece() -> None:
    info = {
        "A": {
            "input": {"required": {"x": ["COMBO", {"options": ["a", "b"], "multiselect": True}]}},
            "output_node": True,
        }
    }
    workflow = Workflow.load({"1": {"class_type": "A", "inputs": {"x": {"__value__": ["a", "q"]}}}})
    assert [finding.received for finding in check(workflow, info)] == ["q"]


def test_growing_and_remote_inputs_are_left_to_the_server() -> None:
    inputs = {"g": ["COMFY_AUTOGROW_V3", {}], "r": ["COMBO", {"remote": {"route": "/x"}}]}
    info = {"A": {"input": {"required": inputs}, "output_node": True}}
    assert check(Workflow.load({"1": {"class_type": "A", "inputs": {"g.0": 1, "r": "x"}}}), info) == []


@given(
    st.recursive(
        st.none() | st.text() | st.integers(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_an_object_info_of_any_shape_is_borne(junk: Any) -> None:
    workflow = Workflow.load({"1": {"class_type": "A", "inputs": {"x": 1}}})
    for spec in (
        junk,
        {"input": junk},
        {"input": {"required": junk}},
        {"input": {"required": {"x": junk}}, "output": junk},
    ):
        check(workflow, {"A": spec})
        repair_paths(workflow, {"A": spec})


@pytest.mark.parametrize(
    ("wanted", "models", "expected"),
    [
        ("sub\\a.ckpt", ["sub/a.ckpt", "b.ckpt"], "sub/a.ckpt"),
        ("sub/a.ckpt", ["sub\\a.ckpt"], "sub\\a.ckpt"),
        ("sub\\a.ckpt", ["sub\\a.ckpt", "sub/a.ckpt"], "sub\\a.ckpt"),
        ("d\\e/a.ckpt", ["d\\e\\a.ckpt", "d/e/a.ckpt"], "d\\e/a.ckpt"),
        ("a.ckpt", ["sub/a.ckpt"], "a.ckpt"),
    ],
)
def test_slashes_are_repaired_when_exactly_one_option_fits(
    txt2img: Workflow, object_info: Info, wanted: str, models: list[str], expected: str
) -> None:
    repaired = repair_paths(needing(txt2img, wanted), with_models(object_info, *models))
    assert repaired == needing(txt2img, expected)
