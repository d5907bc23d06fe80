"""An author with a browser, on the demo engine: from a dropped file to a maker's picture."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import Visit
from tests.browser.maker import PATIENCE, Maker
from tests.browser.process import App
from tests.conftest import DATA

FILES = DATA / "workflows"
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def to_publish(maker: Maker) -> Maker:
    """By the way that people take."""
    maker.page.get_by_role("link", name="Publish").click()
    maker.page.get_by_role("heading", name="Turn a workflow into a form").wait_for()
    maker.wait_idle()
    return maker


def drop(maker: Maker, file: Path | dict[str, object]) -> None:
    """Choose a file, as a drop does."""
    field = maker.page.locator("[class*=st-key-workflow_file] input[type=file]")
    field.set_input_files(file)


def field(maker: Maker, label: str) -> Locator:
    """A field of the editor."""
    return maker.page.locator(".st-key-publish_editor").get_by_label(label, exact=True)


def entitle(maker: Maker, title: str) -> None:
    """Another title, so that tests of one app do not meet."""
    expect(field(maker, "Title")).to_be_visible(timeout=PATIENCE)
    maker.wait_idle()
    field(maker, "Title").fill(title)
    field(maker, "Title").press("Enter")
    expect(maker.page.get_by_role("heading", name=title, exact=True)).to_be_visible(timeout=PATIENCE)
    maker.wait_idle()


def publish(maker: Maker) -> None:
    maker.page.locator(".st-key-publish_now").get_by_role("button", name="Publish", exact=True).click()
    maker.page.get_by_role("status").filter(has_text="is published").wait_for()
    maker.wait_idle()


@pytest.mark.parametrize(
    ("name", "prompt"),
    [
        ("boat.json", "Prompt"),
        ("boat.png", "Prompt"),
        ("dunes.app.json", "What to paint"),
    ],
)
def test_a_dropped_file_becomes_a_form_that_makes_a_picture(visit: Visit, demo: App, name: str, prompt: str) -> None:
    maker = to_publish(visit(demo.url))
    drop(maker, FILES / name)
    entitle(maker, f"From {name}")
    publish(maker)
    maker.page.get_by_role("button", name="Open in Generate").click()
    maker.wait_drawn()
    expect(maker.page.get_by_role("combobox", name="Workflow")).to_have_value(f"From {name}")
    expect(maker.page.get_by_label(prompt, exact=True)).to_be_visible()
    maker.generate_button.click()
    maker.wait_job()
    maker.wait_over(1)
    assert maker.foreign == []


def test_the_preview_is_a_form_that_can_be_tried_and_gives_the_cover(visit: Visit, demo: App) -> None:
    maker = to_publish(visit(demo.url))
    drop(maker, FILES / "dunes.app.json")
    entitle(maker, "Tried")
    side = maker.page.locator(".st-key-publish_side")
    side.get_by_label("What to paint", exact=True).fill("a lighthouse at dusk")
    side.get_by_role("button", name="Try it").click()
    side.get_by_role("button", name="Use picture 1 as the cover").click()
    maker.page.locator(".st-key-publish_cover img").wait_for()
    publish(maker)
    cover = maker.page.locator(".st-key-shelf_tried img")
    expect(cover).to_be_visible()
    assert cover.evaluate("image => image.complete ? image.naturalWidth : 0") > 0


def test_the_keyboard_reorders_and_renames(visit: Visit, demo: App) -> None:
    maker = to_publish(visit(demo.url))
    drop(maker, FILES / "dunes.app.json")
    entitle(maker, "By keyboard")
    maker.page.get_by_role("button", name="Move Steps up").press("Enter")
    rows = maker.page.locator(".st-key-publish_controls [class*=st-key-publish_line_] label")
    expect(rows.first).to_have_text("Steps", timeout=PATIENCE)
    maker.page.get_by_role("button", name="Edit Steps").press("Enter")
    name = field(maker, "Name")
    name.fill("How long")
    name.press("Enter")
    labels = maker.page.locator(".st-key-publish_side .st-key-form label")
    expect(labels.first).to_have_text("How long", timeout=PATIENCE)


def test_what_was_typed_survives_a_look_at_another_page(visit: Visit, demo: App) -> None:
    maker = to_publish(visit(demo.url))
    drop(maker, FILES / "boat.json")
    entitle(maker, "Kept while away")
    maker.page.get_by_role("link", name="Generate").click()
    maker.wait_drawn()
    maker.page.get_by_role("link", name="Publish").click()
    expect(field(maker, "Title")).to_have_value("Kept while away", timeout=PATIENCE)


def test_a_refused_file_is_said_in_words_and_the_next_one_is_taken(visit: Visit, demo: App) -> None:
    maker = to_publish(visit(demo.url))
    drop(maker, {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"hello"})
    expect(maker.page.get_by_role("alert").first).to_contain_text('"notes.txt" is no workflow', timeout=PATIENCE)
    maker.wait_idle()
    drop(maker, FILES / "boat.json")
    expect(field(maker, "Title")).to_have_value("Boat", timeout=PATIENCE)


def test_a_node_that_is_missing_is_named_with_its_package(visit: Visit, demo: App) -> None:
    ui = json.loads((FILES / "boat.json").read_text())
    ui["nodes"][4] |= {"type": "FancySampler", "properties": {"cnr_id": "fancy-pack"}}
    maker = to_publish(visit(demo.url))
    drop(maker, {"name": "odd.json", "mimeType": "application/json", "buffer": json.dumps(ui).encode()})
    lacks = maker.page.locator(".publish-lacks li")
    expect(lacks).to_contain_text("belongs to the package fancy-pack", timeout=PATIENCE)


def test_a_copy_is_exported_and_dropped_again(visit: Visit, demo: App) -> None:
    maker = to_publish(visit(demo.url))
    drop(maker, FILES / "dunes.app.json")
    entitle(maker, "Exported")
    publish(maker)
    maker.page.locator(".st-key-shelf_manage_exported button").first.click()
    with maker.page.expect_download() as waiting:
        maker.page.get_by_role("button", name="Download").click()
    saved = waiting.value
    assert saved.suggested_filename == "exported.zip"
    drop(maker, {"name": "exported.zip", "mimeType": "application/zip", "buffer": Path(saved.path()).read_bytes()})
    expect(field(maker, "Title")).to_have_value("Exported", timeout=PATIENCE)
    expect(maker.page.locator(".st-key-publish_found")).to_contain_text("as saved")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_stands_out_and_all_can_be_tapped(visit: Visit, demo: App, scheme: str) -> None:
    maker = to_publish(visit(demo.url, **PHONE, color_scheme=scheme))
    drop(maker, FILES / "boat.json")
    expect(field(maker, "Title")).to_have_value("Boat", timeout=PATIENCE)
    maker.wait_idle()
    width = maker.page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390
    for button in maker.page.locator(".st-key-publish_controls button:visible").all():
        box = button.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 44
