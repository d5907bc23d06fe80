"""Ids of controls, hashes of workflows, and words for makers."""

from __future__ import annotations

import re

import pytest
from controls_cases import text_to_image
from hypothesis import given
from hypothesis import strategies as st

from comfy_api.workflow import Workflow
from comfy_api.workflow.forms.ids import make_id, workflow_hash
from comfy_api.workflow.forms.wording import humanise, label_for, label_from, plain


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("Lightning LoRA", "lightning_lora"),
        ("model.aspect_ratio", "model_aspect_ratio"),
        ("Café No. 5", "cafe_no_5"),
        ("2nd picture", "control_2nd_picture"),
        ("提示词", "control"),
        ("", "control"),
        ("x" * 100, "x" * 64),
    ],
)
def test_an_id_is_made_of_the_letters_and_numbers_of_a_name(text: str, made: str) -> None:
    assert make_id(text) == made


@given(st.text(), st.sets(st.sampled_from(["control", "control_2", "a", "a_2"])))
def test_every_id_has_the_form_that_links_take_and_is_new(text: str, taken: set[str]) -> None:
    made = make_id(text, taken)
    assert re.fullmatch(r"[a-z][a-z0-9_]{0,63}", made)
    assert made not in taken


def test_a_taken_id_is_numbered_within_its_length() -> None:
    assert make_id("Steps", {"steps", "steps_2"}) == "steps_3"
    assert make_id("x" * 80, {"x" * 64}) == "x" * 62 + "_2"


def test_a_hash_stays_under_another_order_and_changes_with_a_value() -> None:
    workflow = text_to_image()
    backwards = Workflow.load(dict(reversed(workflow.graph.items())))
    assert workflow_hash(workflow) == workflow_hash(backwards)
    assert re.fullmatch("sha256:[0-9a-f]{64}", workflow_hash(workflow))
    assert workflow_hash(workflow.set_value("CheckpointLoaderSimple.ckpt_name", "b")) != workflow_hash(workflow)


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("sampler_name", "Sampler"),
        ("model.aspect_ratio", "Aspect ratio"),
        ("start_image", "Start image"),
        ("image2", "Image 2"),
        ("batchCount", "Batch count"),
        ("lora_url", "LoRA URL"),
    ],
)
def test_an_input_is_called_as_people_do(name: str, label: str) -> None:
    assert label_for(name) == label


def test_an_authors_words_stay_unless_they_are_written_like_an_input() -> None:
    assert label_from("How many ants?") == "How many ants?"
    assert label_from("enable_turbo_mode") == "Enable turbo mode"
    assert humanise("My own Title") == "My own Title"


def test_help_is_plain_text_in_one_line_and_bounded() -> None:
    assert plain("## Steps\n\n- **More** is [slower](http://x.y).\n<b>Really</b>") == "Steps More is slower. Really"
    assert len(plain("word " * 500)) <= 300
    assert plain("a\x00b\u202ec") == "a b c"
    assert plain({"not": "text"}) == ""
