"""Any form: every kind of control, workflows as cards, links, wells, and values that stay."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

from comfy_api.testing import FakeComfyUI, png
from tests import every_kind
from tests.browser.conftest import Visit
from tests.browser.maker import Maker
from tests.browser.process import App
from tests.browser.test_looks import PHONE
from tests.browser.wire import Wire
from tests.conftest import known_nodes, wait_until

POOR = "poor"


@pytest.fixture(scope="module")
def every_fake() -> Iterator[FakeComfyUI]:
    with FakeComfyUI(object_info={**known_nodes(), **every_kind.NODES}, cache=False) as server:
        yield server


@pytest.fixture(scope="module")
def every_app(browser: Browser, every_fake: FakeComfyUI, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """Easel with two workflows more: one with every kind of control, one for a model that is not there."""
    data = tmp_path_factory.mktemp("every")
    every_kind.publish(data)
    lacking = [
        replace(one, default="oil_paint.safetensors") if one.id == "model" else one for one in every_kind.FORM.controls
    ]
    poor = replace(every_kind.FORM, title="Poor", order=91, controls=tuple(lacking))
    every_kind.publish(data, poor, POOR)
    with App(data, COMFYUI_URL=every_fake.url, EASEL_GOODBYE_GRACE="60") as running:
        yield running


@pytest.fixture
def wire(every_fake: FakeComfyUI, every_app: App) -> Iterator[Wire]:
    found = Wire(every_fake)
    yield found
    found.close()
    wait_until(lambda: not every_app.open_jobs, 20, "the end of this test's jobs")


@pytest.fixture
def eve(visit: Visit, every_app: App, wire: Wire) -> Maker:
    return visit(every_app.url)


def field(maker: Maker, name: str) -> Locator:
    return maker.page.locator(f".st-key-field_{name}")


def go(maker: Maker) -> None:
    """To the workflow with every kind of control, and until its form stands."""
    maker.choose_workflow(every_kind.TITLE)
    field(maker, "note").wait_for()
    maker.wait_idle()


def write(maker: Maker, name: str, text: str) -> None:
    box = field(maker, name).locator("input, textarea").first
    box.fill(text)
    box.press("Tab")
    maker.wait_idle()


def pick(maker: Maker, name: str, option: str) -> None:
    maker.open_list(field(maker, name).get_by_role("combobox"), option).click()
    maker.wait_idle()


def upload(maker: Maker, name: str, data: bytes) -> None:
    files = [{"name": "mine.png", "mimeType": "image/png", "buffer": data}]
    field(maker, name).locator("input[type=file]").first.set_input_files(files)
    field(maker, name).get_by_role("img").or_(field(maker, name).locator("img")).first.wait_for()
    maker.wait_idle()


def inputs(wire: Wire) -> dict[str, Any]:
    found: dict[str, Any] = wire.prompts[-1]["1"]["inputs"]
    return found


def test_every_kind_of_control_reaches_the_graph_exactly(visit: Visit, every_app: App, wire: Wire) -> None:
    eve = visit(every_app.url, viewport={"width": 1280, "height": 2600})  # all in sight: no list hangs over the edge
    go(eve)
    eve.page.get_by_text("More settings").click()
    upload(eve, "image", png(64, 48))
    write(eve, "prompt", "a red fox")
    write(eve, "note", "1 < 2 & *three*")
    write(eve, "count", "15")
    write(eve, "large", str(2**63 - 1))
    write(eve, "amount", "1.625")
    for name, presses in (("blend", 2), ("turns", 4)):
        for _ in range(presses):
            field(eve, name).get_by_role("slider").press("ArrowRight")
    eve.wait_idle()
    field(eve, "tiled").locator("label").first.click()
    field(eve, "side").get_by_text("Front").click()
    pick(eve, "variant", '"1"')
    pick(eve, "model", "sub\\oil.safetensors")
    write(eve, "seed", str(2**64 - 1))
    eve.choose("shape", "Portrait")
    eve.wait_idle()
    pick(eve, "styles", "chalk")
    eve.page.keyboard.press("Escape")
    write(eve, "lines", "one\ntwo")
    eve.generate()
    eve.wait_over(1)
    got = inputs(wire)
    assert re.fullmatch(r"easel-[0-9a-f]{24}\.png", got["image"])
    wanted = {
        "prompt": "a red fox",
        "note": "1 < 2 & *three*",
        "story": "Once",
        "count": 15,
        "large": 2**63 - 1,
        "amount": 1.625,
        "blend": 0.35,
        "turns": 7,
        "tiled": True,
        "side": True,
        "variant": "1",
        "model": "sub\\oil.safetensors",
        "seed": 2**64 - 1,
        "width": 448,
        "height": 576,
        "tint": "#112233",
        "styles": {"__value__": ["ink", "chalk"]},
        "lines": {"__value__": ["one", "two"]},
    }
    assert {name: got.get(name) for name in wanted} == wanted
    assert eve.complaints == []


def test_a_link_fills_the_form_starts_nothing_and_leaves_the_address(visit: Visit, every_app: App, wire: Wire) -> None:
    query = f"?workflow={every_kind.SLUG}&prompt=a+red+fox&count=25&variant=two&image=example.png&seed=7"
    maker = visit(every_app.url, query)
    expect(maker.prompt).to_have_value("a red fox")
    expect(maker.seed).to_have_value("7")
    expect(field(maker, "count").locator("input")).to_have_value("25")
    expect(field(maker, "variant").get_by_role("combobox")).to_have_value("two")
    expect(field(maker, "image").get_by_text("takes a file")).to_be_visible()
    maker.page.wait_for_function("() => !location.search.includes('prompt')")
    assert wire.prompts == []
    write(maker, "prompt", "mine")
    maker.reload()
    expect(maker.prompt).to_have_value("mine")
    expect(field(maker, "count").locator("input")).to_have_value("25")
    assert wire.prompts == []


def test_values_stay_through_a_reload_and_a_visit_to_another_workflow(eve: Maker) -> None:
    go(eve)
    write(eve, "prompt", "a red fox")
    write(eve, "large", str(2**63 - 1))
    pick(eve, "variant", "true")
    upload(eve, "image", png(40, 30))
    eve.choose_workflow("Text to image")
    expect(eve.prompt).to_have_value("a red fox")
    go(eve)
    eve.reload()
    expect(eve.page.get_by_role("combobox", name="Workflow")).to_have_value(every_kind.TITLE)
    expect(eve.prompt).to_have_value("a red fox")
    expect(field(eve, "large").locator("input")).to_have_value(str(2**63 - 1))
    expect(field(eve, "variant").get_by_role("combobox")).to_have_value("true")
    expect(field(eve, "image").locator("img").first).to_be_visible()


def test_a_seed_counts_up_from_press_to_press_and_stops_nothing(eve: Maker, wire: Wire, every_app: App) -> None:
    since = len(every_app.lines)
    go(eve)
    write(eve, "seed", "41")
    expect(eve.page.get_by_role("radio", name="Keep")).to_be_checked()
    eve.wait_idle()
    eve.choose("seed_mode", "Count up")
    for number in (41, 42, 43):
        expect(eve.page.get_by_text(f"Next: {number}")).to_be_visible()
        eve.generate()
        eve.wait_over(1)
    assert [graph["1"]["inputs"]["seed"] for graph in wire.prompts] == [41, 42, 43]
    expect(eve.seed).to_have_value("41")
    assert every_app.find_all("(event=stop) ", since) == []


def test_a_model_that_is_not_there_is_said_and_the_nearest_stands_first(eve: Maker, wire: Wire) -> None:
    eve.choose_workflow("Poor")
    box = field(eve, "model")
    expect(box.get_by_role("alert")).to_contain_text("does not have the model")
    eve.generate_button.click()
    eve.wait_idle()
    assert wire.prompts == []
    box.get_by_role("combobox").click()
    expect(eve.page.get_by_role("option").first).to_have_text("sub\\oil.safetensors")
    eve.page.keyboard.press("Escape")
    pick(eve, "model", "ink.safetensors")
    expect(box.get_by_role("alert")).to_have_count(0)
    eve.generate("a red fox")
    eve.wait_over(1)
    assert inputs(wire)["model"] == "ink.safetensors"


def _as_before(maker: Maker) -> None:
    maker.page.locator(".st-key-browse button:visible").click()


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desk", "phone"])
def test_workflows_are_cards_that_can_be_pressed(
    visit: Visit, every_app: App, wire: Wire, options: dict[str, Any]
) -> None:
    maker = visit(every_app.url, **options)
    _as_before(maker)
    cards = maker.page.locator(".st-key-cards button")
    expect(cards).to_have_count(6)
    card = maker.page.get_by_role("button", name=re.compile("^Draft, then refine Shows a quick draft"))
    picture = card.evaluate("one => getComputedStyle(one, '::before').backgroundImage")
    assert "/easel/covers/draft_refine" in picture
    width = maker.page.viewport_size["width"] if maker.page.viewport_size else 0
    for number in range(6):
        box = cards.nth(number).bounding_box()
        assert box
        assert box["height"] >= 44
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
    card.click()
    expect(maker.page.get_by_role("dialog")).to_have_count(0)
    expect(maker.page.get_by_role("combobox", name="Workflow")).to_have_value("Draft, then refine")
    assert maker.complaints == []
    assert maker.foreign == []


def test_escape_closes_the_cards_and_stops_nothing(eve: Maker, wire: Wire) -> None:
    go(eve)
    wire.hold_before("executing 9")
    eve.generate("a red fox")
    wire.wait_held()
    _as_before(eve)
    expect(eve.page.get_by_role("dialog")).to_be_visible()
    eve.page.keyboard.press("Escape")
    expect(eve.page.get_by_role("dialog")).to_have_count(0)
    eve.wait_idle()
    assert wire.interrupts == []
    wire.go_on()
    eve.wait_over(1)


def test_a_workflow_keeps_its_picture_to_begin_from_and_makes_another_of_it(eve: Maker, wire: Wire) -> None:
    eve.choose_workflow("Enlarge")
    expect(eve.page.get_by_role("heading", name="Add a picture to begin")).to_be_visible()
    eve.generate_button.click()
    expect(field(eve, "image").get_by_text("Add a picture to begin from.")).to_be_visible()
    assert wire.prompts == []
    upload(eve, "image", png(64, 64))
    eve.generate()
    eve.wait_over(1)
    assert re.fullmatch(r"easel-[0-9a-f]{24}\.png", wire.prompts[0]["1"]["inputs"]["image"])
