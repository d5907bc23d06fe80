"""Moving pictures, sound, text and 3D on the demo engine: shown, played, copied, kept."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.conftest import Visit
from tests.browser.maker import PATIENCE, Maker
from tests.browser.process import App

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
MOVING, OTHERS = "Moving pictures", "Sound, text and 3D"


@pytest.fixture(scope="module")
def kinds(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """Easel on its demo engine, with workflows whose results are of other kinds."""
    folder = tmp_path_factory.mktemp("kinds")
    with App(folder, script="tests/browser/other_results/app.py", EASEL_DEMO="1") as running:
        yield running


@pytest.fixture(scope="module")
def moving(browser: Browser, kinds: App) -> Iterator[Maker]:
    """A page with a finished video and a finished animation."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    maker = Maker(context, kinds.url).open()
    maker.generate()
    maker.wait_says("2 results")
    yield maker
    context.close()


@pytest.fixture(scope="module")
def others(browser: Browser, kinds: App) -> Iterator[Maker]:
    """A page with a finished text, sound and 3D model."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    maker = Maker(context, kinds.url).open()
    maker.choose_workflow(OTHERS)
    maker.page.evaluate(_WATCH)
    maker.generate()
    maker.wait_says("3 results")
    yield maker
    context.close()


#: Notes where the tiles stand from the first moment on.
_WATCH = """
() => {
  window.places = {};
  const look = () => {
    const root = document.querySelector('.st-key-live [data-testid=stBidiComponentIsolated]').shadowRoot;
    for (const group of root.querySelectorAll('.wall section')) {
      const { top, height } = group.getBoundingClientRect();
      if (height) (window.places[group.getAttribute('aria-label')] ??= new Set()).add(`${top} ${height}`);
    }
    requestAnimationFrame(look);
  };
  look();
}
"""


def group(maker: Maker, name: str) -> Locator:
    return maker.page.get_by_role("region", name=name, exact=True)


def plays(video: Locator) -> None:
    """Wait until its time has moved."""
    video.evaluate("video => new Promise(done => video.currentTime > 0 ? done() : (video.ontimeupdate = done))")


def test_a_video_stands_large_on_the_stage_and_plays_without_sound(moving: Maker) -> None:
    # The loop came last, and stands there; the clip is opened from its tile.
    expect(moving.page.locator(".easel .print.shown")).to_be_visible()
    tile = group(moving, "Clip").locator("button.open")
    video = tile.locator("video")
    expect(video).to_have_attribute("aria-label", re.compile("harbour"))
    assert video.evaluate("video => [video.muted, video.loop, video.paused]") == [True, True, True]
    tile.hover()
    plays(video)


def test_a_video_opens_with_controls_and_stops_when_it_is_closed(moving: Maker) -> None:
    group(moving, "Clip").locator("button.open").click()
    video = moving.page.locator(".easel .viewer video")
    expect(video).to_be_visible()
    assert video.evaluate("video => video.controls")
    plays(video)
    expect(moving.viewer).to_contain_text("256 × 192")
    moving.page.keyboard.press("ArrowRight")
    expect(moving.viewer.locator("img")).to_be_visible()
    expect(video).to_be_hidden()
    moving.page.keyboard.press("ArrowLeft")
    expect(video).to_be_visible()
    moving.page.keyboard.press("Escape")
    expect(moving.viewer).to_be_hidden()
    assert video.evaluate("video => [video.paused, video.getAttribute('src')]") == [True, None]


def test_an_animation_moves_by_itself_in_its_tile(moving: Maker) -> None:
    image = group(moving, "Loop").locator("button.open img")
    expect(image).not_to_have_js_property("naturalWidth", 0)
    address = image.evaluate("image => image.src")
    assert moving.fetch(address).headers["content-type"] == "image/webp"
    assert b"ANIM" in moving.fetch(address).body()[:100]


def test_a_text_is_read_as_it_was_written_and_can_be_copied(others: Maker) -> None:
    box = group(others, "Caption").get_by_role("region", name="Text 1 of 1")
    expect(box).to_contain_text("A <b>fox</b> sits in the snow.")
    group(others, "Caption").get_by_role("button", name="Copy").click()
    expect(group(others, "Caption").get_by_role("button", name="Copied")).to_be_visible()
    assert others.page.evaluate("navigator.clipboard.readText()") == box.evaluate("box => box.textContent")


def test_a_sound_can_be_heard(others: Maker) -> None:
    sound = group(others, "Sound").locator("audio")
    expect(sound).to_have_attribute("aria-label", "Sound 1 of 1")
    sound.evaluate(
        "sound => new Promise(done => sound.readyState > 0 ? done() : (sound.onloadedmetadata = done))",
    )
    assert sound.evaluate("sound => sound.duration") == pytest.approx(4, abs=0.1)


def test_a_3d_model_is_offered_with_name_and_size(others: Maker) -> None:
    tile = group(others, "Relief").get_by_role("link")
    expect(tile).to_contain_text("3D model · 38 kB")
    with others.page.expect_download() as started:
        tile.click()
    data = Path(started.value.path()).read_bytes()
    assert data[:4] == b"glTF"
    assert re.fullmatch(r"a-small-harbour-at-night-lanterns-\d+-\d\.glb", started.value.suggested_filename)


def test_the_zip_holds_them_all(others: Maker) -> None:
    with others.page.expect_download() as started:
        others.page.get_by_role("link", name="Download all").click()
    with zipfile.ZipFile(io.BytesIO(Path(started.value.path()).read_bytes())) as packed:
        assert sorted(name.rpartition(".")[2] for name in packed.namelist()) == ["flac", "glb", "txt"]
        held = {hashlib.sha256(packed.read(name)).hexdigest() for name in packed.namelist()}
    tiles = others.page.locator(".easel .tile")
    assert held == {tile.get_attribute("data-id") for tile in tiles.all()}


def test_no_place_is_kept_for_a_picture_that_does_not_come_and_no_tile_moves(others: Maker) -> None:
    expect(others.page.locator(".easel .print")).to_be_hidden()
    places = others.page.evaluate("Object.entries(window.places).map(([name, seen]) => [name, seen.size])")
    assert sorted(places) == [["Caption", 1], ["Relief", 1], ["Sound", 1]]


def test_nobody_else_is_asked_for_anything_and_the_console_stays_quiet(moving: Maker, others: Maker) -> None:
    for maker in (moving, others):
        assert maker.foreign == []
        assert maker.complaints == []


def test_on_a_phone_every_kind_fits(kinds: App, visit: Visit, others: Maker) -> None:
    query = others.page.url.partition("?")[2]
    phone = visit(kinds.url, **PHONE)
    phone.context.add_cookies(others.context.cookies())  # the same maker
    phone.open(f"?{query}")
    expect(phone.page.locator(".easel .tile")).to_have_count(3, timeout=PATIENCE)
    for tile in phone.page.locator(".easel .tile").all():
        box = tile.bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= 390
