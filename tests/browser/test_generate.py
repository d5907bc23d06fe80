"""The main job on the demo engine: type, Generate, watch, get pictures."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Visit
from tests.browser.maker import PATIENCE, Maker
from tests.browser.process import App
from tests.browser.wire import Wire

PROMPT = "a small harbour at night, lanterns"

#: Writes down what is seen of a run: the bar's values, and hashes of what stands on the canvas.
_WATCH = """
() => {
  const seen = (window.seen = { bar: [], canvas: [], tileAt: null });
  const look = () => {
    const root = document.querySelector('.st-key-live [data-testid=stBidiComponentIsolated]').shadowRoot;
    const bar = root.querySelector('[role=progressbar]');
    const now = bar && !bar.hidden ? Number(bar.getAttribute('aria-valuenow')) : null;
    if (now !== null && now !== seen.bar.at(-1)) seen.bar.push(now);
    const canvas = root.querySelector('.print.previewing canvas');
    const data = canvas && canvas.width > 1 ? canvas.toDataURL('image/jpeg', 0.3) : null;
    if (data && data !== seen.canvas.at(-1)) seen.canvas.push(data);
    if (root.querySelector('.tile img')) seen.tileAt ??= seen.canvas.length;
    requestAnimationFrame(look);
  };
  look();
}
"""


@dataclass(frozen=True)
class Run:
    """A finished run. ``seen``: what ``_WATCH`` wrote down; ``heading``: what the empty page said."""

    maker: Maker
    heading: str
    seen: dict[str, Any]


@pytest.fixture(scope="module")
def run(browser: Browser, demo: App) -> Iterator[Run]:
    """Someone opens the page, types, presses Generate, and two pictures come. Its tests look at one page."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, accept_downloads=True)
    maker = Maker(context, demo.url).open()
    heading = maker.page.locator(".easel h2").inner_text()
    maker.choose("images", "2")
    maker.page.evaluate(_WATCH)
    maker.generate(PROMPT)
    maker.wait_over(2)
    yield Run(maker, heading, maker.page.evaluate("window.seen"))
    context.close()


@pytest.fixture
def shown(run: Run) -> Iterator[Maker]:
    """The page with its two pictures, nothing open over it."""
    yield run.maker
    run.maker.page.keyboard.press("Escape")


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def picture_ids(maker: Maker) -> list[str]:
    """The pictures in the grid, by the SHA-256 that their addresses carry."""
    sources = [tile.get_attribute("src") or "" for tile in maker.tiles.all()]
    return [found[1] for source in sources if (found := re.search(r"/pictures/([0-9a-f]{64})", source))]


def test_the_first_page_asks_what_it_shall_be_and_says_that_it_is_the_demo_engine(run: Run) -> None:
    assert run.heading == "What shall it be?"
    expect(run.maker.pill).to_contain_text("Demo engine")
    expect(run.maker.page.get_by_text("no model is behind it").first).to_be_visible()


def test_the_bar_moves_forwards_only_while_the_picture_is_made(run: Run) -> None:
    values = run.seen["bar"]
    assert len(values) >= 5
    assert values == sorted(values)
    assert values[0] < 30


def test_the_picture_is_seen_growing_before_it_is_there(run: Run) -> None:
    assert len(set(run.seen["canvas"])) >= 3
    assert run.seen["tileAt"] >= 3


def test_tiles_say_the_prompt_in_their_alt_text(shown: Maker) -> None:
    alts = [tile.get_attribute("alt") for tile in shown.tiles.all()]
    assert alts == [f"{PROMPT} (1 of 2)", f"{PROMPT} (2 of 2)"]


def test_thumbnails_are_loaded_and_the_two_pictures_differ(shown: Maker) -> None:
    for tile in shown.tiles.all():
        expect(tile).not_to_have_js_property("naturalWidth", 0)
    first, second = picture_ids(shown)
    assert first != second


def test_a_click_opens_a_picture_in_full_size_and_arrow_keys_walk_and_escape_closes(shown: Maker) -> None:
    first, second = picture_ids(shown)
    shown.tiles.first.click()
    image = shown.viewer.locator("img")
    expect(image).to_have_attribute("src", re.compile(f"{first}$"))
    expect(image).to_have_js_property("naturalWidth", 512)
    expect(shown.viewer).to_contain_text("1 of 2")
    shown.page.keyboard.press("ArrowRight")
    expect(image).to_have_attribute("src", re.compile(f"{second}$"))
    shown.page.keyboard.press("ArrowRight")
    shown.page.keyboard.press("ArrowLeft")
    expect(image).to_have_attribute("src", re.compile(f"{second}$"))
    shown.page.keyboard.press("Escape")
    expect(shown.viewer).to_be_hidden()


def test_download_gives_the_very_bytes_under_a_name_of_prompt_and_seed(shown: Maker) -> None:
    tile = shown.page.locator(".easel .tile").first
    tile.hover()
    with shown.page.expect_download() as started:
        tile.locator("a.save").click()
    assert sha(Path(started.value.path()).read_bytes()) == picture_ids(shown)[0]
    assert re.fullmatch(r"a-small-harbour-at-night-lanterns-\d+-1\.png", started.value.suggested_filename)


def test_download_all_gives_one_zip_with_every_picture(shown: Maker) -> None:
    with shown.page.expect_download() as started:
        shown.page.get_by_role("link", name="Download all").click()
    with zipfile.ZipFile(io.BytesIO(Path(started.value.path()).read_bytes())) as packed:
        assert [sha(packed.read(name)) for name in packed.namelist()] == picture_ids(shown)


def test_same_seed_puts_the_seed_into_the_form_and_gives_the_same_pictures(shown: Maker) -> None:
    before = picture_ids(shown)
    said = re.search(r"seed (\d+)", shown.status.inner_text())
    assert said
    shown.page.get_by_role("button", name="Same seed").first.click()
    expect(shown.seed).to_have_value(said[1])
    shown.generate()
    shown.wait_over(2)
    assert picture_ids(shown) == before
    expect(shown.status).to_contain_text("same settings, same pictures", timeout=PATIENCE)


def test_a_run_asks_no_other_host_for_anything_and_the_console_stays_quiet(run: Run) -> None:
    assert run.maker.foreign == []
    assert run.maker.complaints == []


def test_an_example_on_the_empty_stage_is_typed_and_made(visit: Visit, app: App, comfy: Wire) -> None:
    maker = visit(app.url)
    card = maker.page.locator(".easel .card").nth(1)
    words = card.inner_text()
    card.click()
    maker.wait_job()
    maker.wait_over(1)
    assert comfy.texts == [words]
    expect(maker.prompt).to_have_value(words)


def test_two_stages_stand_apart_under_their_names(ann: Maker, comfy: Wire) -> None:
    ann.choose_workflow("Draft, then refine")
    comfy.hold_before("result 14 0")
    ann.generate("a red fox")
    comfy.wait_held()
    draft, picture = (ann.page.get_by_role("region", name=name) for name in ("Draft", "Picture"))
    expect(draft.locator("button.open img")).to_have_count(1)
    expect(picture.get_by_role("img", name="Picture 1 of 1")).to_be_visible()
    comfy.go_on()
    ann.wait_over(2)
    expect(picture.locator("button.open img")).to_have_count(1)
    for part in (draft, picture):
        expect(part.get_by_role("heading")).to_be_visible()


def test_the_form_goes_to_the_server_as_it_stands(ann: Maker, comfy: Wire) -> None:
    ann.choose_workflow("Text to image")
    seed = str(2**64 - 1)
    ann.seed.fill(seed)
    ann.choose("images", "4")
    ann.generate("a red fox")
    ann.wait_over(4)
    (graph,) = comfy.prompts
    assert graph["6"]["inputs"]["text"] == "a red fox"
    assert str(graph["3"]["inputs"]["seed"]) == seed
    assert graph["5"]["inputs"]["batch_size"] == 4
    expect(ann.status).to_contain_text(f"seed {seed}")
