"""A link that carries values: it fills the form, and does nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from comfy_api.service import Service
from comfy_api.testing import FakeComfyUI
from pages.components import links, words
from tests import every_kind
from tests.pages.conftest import OWNER, OpenPage, generate, stage, written


def test_a_link_fills_the_form_and_starts_nothing(open_page: OpenPage, service: Service) -> None:
    at = open_page(workflow="draft_refine", prompt="a red fox", steps="30", seed="18446744073709551615", size="640x768")
    assert at.selectbox(key="workflow").value == "draft_refine"
    assert at.text_area(key="prompt").value == "a red fox"
    assert at.number_input(key="control_steps").value == 30
    assert at.text_input(key="seed").value == "18446744073709551615"
    assert [at.number_input(key=f"control_size_{side}").value for side in ("width", "height")] == [640, 768]
    assert service.jobs(OWNER) == ()
    assert stage(at)["job"] is None


def test_what_it_brought_leaves_the_address_and_is_not_brought_again(open_page: OpenPage) -> None:
    at = open_page(workflow="txt2img", prompt="a red fox")
    assert dict(at.query_params) == {}
    at.text_area(key="prompt").input("mine").run()
    assert at.text_area(key="prompt").value == "mine"


def test_every_kind_is_read(tmp_path: Path, open_page: OpenPage) -> None:
    every_kind.publish(tmp_path)
    at = open_page(
        workflow=every_kind.SLUG,
        note="a & b",
        count="15",
        large=str(2**63 - 1),
        control_amount="1.5",
        blend="0.75",
        tiled="on",
        side="true",
        variant="true",
        model="sub/oil.safetensors",
        tint="e4572e",
        styles="oil,chalk",
        images="3",
    )
    raw = at.session_state["desk"].left[every_kind.SLUG]
    assert {name: raw[name] for name in ("note", "count", "large", "amount", "blend", "tiled", "side")} == {
        "note": "a & b",
        "count": 15,
        "large": 2**63 - 1,
        "amount": 1.5,
        "blend": 0.75,
        "tiled": True,
        "side": True,
    }
    assert raw["variant"] == "true" or raw["variant"] is True
    assert (raw["model"], raw["tint"], raw["styles"], raw["images"]) == (
        "sub\\oil.safetensors",
        "#e4572e",
        ["oil", "chalk"],
        3,
    )


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("steps", "many", "is a whole number"),
        ("steps", "100000", "is a whole number"),
        ("seed", "-1", "A seed is a whole number"),
        ("images", "5000", "images"),
        ("cfg", "nan", "is a number"),
        ("size", "99999x99999", "Width and height"),
        ("model", "nothing.safetensors", "does not have the model"),
    ],
)
def test_what_it_cannot_bring_is_said_at_its_control(open_page: OpenPage, name: str, text: str, said: str) -> None:
    usual = open_page().session_state["desk"].left["txt2img"]
    at = open_page(owner="bob", workflow="txt2img", prompt="a red fox", **{name: text})
    left = at.session_state["desk"].left["txt2img"]
    assert left == {**usual, "prompt": "a red fox"}
    assert said in written(at)
    assert "The link brought something else." in written(at)


def test_what_was_said_of_a_link_goes_with_the_next_change_of_its_control(open_page: OpenPage) -> None:
    at = open_page(workflow="txt2img", steps="many")
    at.text_area(key="prompt").input("a red fox").run()
    assert "The link brought" in written(at)
    at.number_input(key="control_steps").set_value(7).run()
    assert "The link brought" not in written(at)


def test_it_brings_no_file(open_page: OpenPage, service: Service, comfy: FakeComfyUI) -> None:
    at = open_page(workflow="img2img", image="example.png")
    assert at.session_state["desk"].left["img2img"]["image"] is None
    assert "takes a file, which text cannot bring" in written(at)
    assert not [one for one in comfy.requests if one.method == "POST"]


def test_it_is_bounded(open_page: OpenPage) -> None:
    many = {f"a{number}": "1" for number in range(200)}
    at = open_page(workflow="txt2img", prompt="x" * (links.MOST_CHARACTERS + 1), **many)
    assert not at.exception
    assert at.text_area(key="prompt").value == ""
    assert words.LINK_TOO_LONG.format(most="8,000") in written(at)
    assert "The link also brought" in written(at)


@pytest.mark.parametrize("slug", ["nobody", "../txt2img", "<b>x</b>", "x" * 500])
def test_a_workflow_that_is_not_here_is_said(open_page: OpenPage, slug: str) -> None:
    at = open_page(workflow=slug)
    assert at.selectbox(key="workflow").value == "txt2img"
    assert "The link is for the workflow" in written(at)
    assert "<b>" not in written(at)


def test_it_chooses_no_server_and_nothing_of_the_page(open_page: OpenPage, service: Service) -> None:
    before = service.server()
    at = open_page(server="http://evil", comfyui_url="http://evil", keep="true", desk="x", owner_="bob")
    assert service.server() == before
    assert at.toggle(key="keep").value is False
    assert "The link also brought" in written(at)


def test_a_link_comes_on_top_of_what_the_maker_had(open_page: OpenPage) -> None:
    first = open_page()
    first.number_input(key="control_steps").set_value(7)
    first.text_area(key="prompt").input("mine").run()
    at: AppTest = open_page(workflow="txt2img", prompt="a red fox")
    assert (at.text_area(key="prompt").value, at.number_input(key="control_steps").value) == ("a red fox", 7)


def test_after_a_link_a_press_makes_what_it_says(open_page: OpenPage, service: Service) -> None:
    at = open_page(workflow="txt2img", prompt="a red fox", seed="7")
    generate(at)
    assert (service.jobs(OWNER)[0].prompt_text, service.jobs(OWNER)[0].seed) == ("a red fox", 7)
