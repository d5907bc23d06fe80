"""The well: a file comes in by every way there is, is seen, cut, masked and taken away."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from comfy_api.testing import FakeComfyUI
from comfy_api.testing.pictures import png
from tests.browser.conftest import _CHROMIUM, Contexts, known_nodes
from tests.browser.maker import PATIENCE
from tests.browser.process import App

SOURCE = png(320, 200, 3)
GONE = f"easel-{'0' * 24}.png"

#: Puts a file into a drag or the clipboard, as the browser would.
GIVE = """([element, kind, bytes, name, type]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([new Uint8Array(bytes)], name, { type }));
  const options = { bubbles: true, composed: true, cancelable: true };
  const paste = () => new ClipboardEvent("paste", { ...options, clipboardData: transfer });
  if (kind === "paste") return element.dispatchEvent(paste());
  for (const step of kind === "drop" ? ["dragenter", "dragover", "drop"] : [kind])
    element.dispatchEvent(new DragEvent(step, { ...options, dataTransfer: transfer }));
}"""
#: Puts an address into a drag.
LEAD = """([element, address]) => {
  const dataTransfer = new DataTransfer();
  dataTransfer.setData("text/uri-list", address);
  element.dispatchEvent(new DragEvent("drop", { bubbles: true, composed: true, cancelable: true, dataTransfer }));
}"""
#: Drops a file on the page beside every well; tells whether the browser would have opened it.
MISS = """() => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File(["x"], "x.png"));
  return document.body.dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer }));
}"""


class Room:
    """A maker before the page of wells."""

    def __init__(self, page: Page, app: App, fake: FakeComfyUI) -> None:
        self.page, self.app, self.fake = page, app, fake
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.set_default_timeout(PATIENCE)

    def open(self, query: str = "") -> Room:
        self.page.goto(self.app.url + query, wait_until="commit")
        self.well().locator(".box").wait_for()
        self.wait_idle()
        return self

    def wait_idle(self) -> None:
        self.page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()

    def renew(self) -> None:
        """New, empty wells."""
        self.page.keyboard.press("Escape")  # the editor may still be open
        self.press("begin")
        expect(self.well()).to_have_count(0)
        self.press("begin")
        self.well().locator(".box").wait_for()

    def well(self, control: str = "image") -> Locator:
        return self.page.locator(f".st-key-control_{control} .well")

    def button(self, name: str, control: str = "image") -> Locator:
        return self.well(control).get_by_role("button", name=name, exact=True)

    def press(self, key: str) -> None:
        """One of the page's own buttons."""
        self.page.locator(f".st-key-{key} button").click()
        self.wait_idle()

    def choose(
        self, data: bytes = SOURCE, name: str = "a.png", mime: str = "image/png", control: str = "image"
    ) -> None:
        chosen: Any = {"name": name, "mimeType": mime, "buffer": data}
        self.well(control).locator("input[type=file]").first.set_input_files(chosen)

    def give(self, kind: str, element: Locator | None = None) -> None:
        """Drop or paste a picture there; else into the first well."""
        element_handle = (element or self.well()).element_handle()
        self.page.evaluate(GIVE, [element_handle, kind, list(SOURCE), "a.png", "image/png"])

    @property
    def said(self) -> dict[str, Any]:
        """What the page's script knows."""
        found: dict[str, Any] = json.loads(self.page.locator("#said").text_content() or "{}")
        return found

    def wait_value(self, known: Callable[[str | None], bool] = bool, control: str = "image") -> Any:
        """Wait until the script has a value of this sort; gives it."""
        for _ in range(PATIENCE // 50):
            if known(value := self.said["values"].get(control)):
                self.wait_idle()
                return value
            self.page.wait_for_timeout(50)
        raise AssertionError(f"the script still has {self.said}")

    def add(self) -> str:
        """A picture is in the well; gives its name."""
        before = self.said["values"].get("image")
        self.choose()
        return str(self.wait_value(lambda value: bool(value) and value != before))

    def edit(self) -> Locator:
        """Open the editor and wait until it can be used."""
        self.button("Edit").click()
        dialog = self.well().get_by_role("dialog")
        expect(dialog.get_by_role("button", name="Done")).to_be_enabled()
        return dialog

    def pixels(self, name: str) -> Any:
        """What ComfyUI has under this name: H×W×channels, BGR(A)."""
        return cv2.imdecode(np.frombuffer(self.fake.files["input", "", name], np.uint8), cv2.IMREAD_UNCHANGED)


@pytest.fixture(scope="module")
def far() -> Iterator[int]:
    """A web server that stands for the public Internet: its port."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = SOURCE if self.path.endswith(".png") else b"<!doctype html>"
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join(10)
    server.server_close()


@pytest.fixture(scope="module")
def comfyui() -> Iterator[FakeComfyUI]:
    with FakeComfyUI(object_info=known_nodes(), cache=False) as server:
        yield server


@pytest.fixture(scope="module")
def wells(browser: Browser, comfyui: FakeComfyUI, far: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    settings = {"COMFYUI_URL": comfyui.url, "WELL_PORT": str(far), "EASEL_MAX_UPLOAD_BYTES": "2000000"}
    with App(tmp_path_factory.mktemp("wells"), script="tests/browser/well_app.py", **settings) as running:
        yield running


@pytest.fixture
def enter(contexts: Contexts, wells: App, comfyui: FakeComfyUI) -> Iterator[Callable[..., Room]]:
    """``enter(query, **context options)``: a maker at the page."""
    taken: list[Any] = []
    rooms: list[Room] = []

    def enter(query: str = "", **options: Any) -> Room:
        taken.append(contexts.take(**options))
        rooms.append(Room(taken[-1].new_page(), wells, comfyui))
        return rooms[-1].open(query)

    yield enter
    for context in taken:
        contexts.give_back(context)
    assert [room.complaints for room in rooms if room.complaints] == []


@pytest.fixture(scope="module")
def _regular(contexts: Contexts) -> Iterator[list[Room]]:
    regular: list[Room] = []
    yield regular
    for room in regular:
        contexts.give_back(room.page.context)


@pytest.fixture
def room(
    _regular: list[Room], contexts: Contexts, wells: App, comfyui: FakeComfyUI, request: pytest.FixtureRequest
) -> Iterator[Room]:
    """A maker who stays at the page for the whole module, before wells that are new; after a failure somebody else."""
    if not _regular:
        _regular.append(Room(contexts.take().new_page(), wells, comfyui).open())
    room = _regular[0]
    room.renew()
    failures = request.session.testsfailed
    yield room
    if request.session.testsfailed != failures or room.complaints:
        contexts.give_back(_regular.pop().page.context)
    assert room.complaints == []


# --- ways in ----------------------------------------------------------------------------------------------------


def test_a_chosen_file_is_shown_with_its_size_and_told_to_the_page_once(room: Room) -> None:
    room.choose()
    name = room.wait_value()
    expect(room.well().locator(".photo.in img")).to_have_count(1)
    expect(room.well().locator(".fact")).to_have_text("320 × 200")
    assert room.fake.files["input", "", name] == SOURCE
    assert (room.said["turns"], room.said["size"]) == ({"image": 1}, [320, 200])


def test_a_dropped_file_comes_in_and_the_box_says_that_it_may(room: Room) -> None:
    room.give("dragenter")
    expect(room.well()).to_have_class("well over")
    room.give("drop")
    room.wait_value()
    expect(room.well()).to_have_class("well filled")


def test_a_file_dropped_beside_it_does_not_lead_away_from_the_page(room: Room) -> None:
    assert room.page.evaluate(MISS) is False


@pytest.mark.parametrize("way", ["hover", "focus"])
def test_a_pasted_file_goes_where_the_pointer_or_the_focus_is(room: Room, way: str) -> None:
    target = room.button("Choose a picture", "mask")
    if way == "hover":
        target.hover()
        room.give("paste", room.page.locator("body"))
    else:
        room.well().hover()
        target.focus()
        room.give("paste", target)
    room.wait_value(control="mask")
    assert list(room.said["turns"]) == ["mask"]


def test_a_paste_elsewhere_is_none_of_its_business(room: Room) -> None:
    room.page.locator(".st-key-again button").focus()
    room.page.mouse.move(5, 5)
    room.give("paste", room.page.locator("body"))
    room.press("again")
    assert room.said["turns"] == {}


def test_a_web_address_brings_a_picture(room: Room, far: int) -> None:
    room.button("Web address").click()
    room.well().get_by_label("Web address of the file").fill(f"http://127.0.0.1:{far}/cat.png")
    room.page.keyboard.press("Enter")
    assert room.fake.files["input", "", room.wait_value()] == SOURCE


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("cats", "This is no web address"),
        ("http://192.168.0.1/cat.png", "leads into a private network"),
        ("http://127.0.0.1:{far}/page", "a page, not a file"),
    ],
)
def test_an_address_that_brings_none_is_refused_in_words(room: Room, far: int, address: str, why: str) -> None:
    room.button("Web address").click()
    line = room.well().get_by_label("Web address of the file")
    line.fill(address.format(far=far))
    room.button("Add").click()
    expect(room.well().get_by_role("alert")).to_contain_text(why)
    expect(line).to_have_value(address.format(far=far))
    assert room.said["turns"] == {}


def test_a_dropped_web_address_brings_its_picture(room: Room, far: int) -> None:
    room.page.evaluate(LEAD, [room.well().element_handle(), f"http://127.0.0.1:{far}/cat.png"])
    room.wait_value()


def test_a_picture_of_ones_own_is_one_click_away(room: Room) -> None:
    room.press("make")
    for _ in range(100):
        room.press("again")
        if room.said["pictures"] == 3:
            break
    room.button("Your pictures").click()
    room.well().locator(".mini").nth(1).click()
    name = room.wait_value()
    assert room.pixels(name).shape[:2] == (64, 64)
    thumb = room.well("mask").locator(".mini img").nth(2).get_attribute("src") or ""
    dropped = f"{room.app.url}{thumb.partition('?')[0]}"
    room.page.evaluate(LEAD, [room.well().element_handle(), dropped])
    assert room.wait_value(lambda value: value != name) != name


def test_a_wrong_or_too_large_file_is_refused_in_words_and_what_was_there_stays(room: Room) -> None:
    name = room.add()
    room.choose(b"hello", "a.txt", "text/plain")
    expect(room.well().get_by_role("alert")).to_contain_text("no picture that can be read")
    room.choose(bytes(2_000_001))
    expect(room.well().get_by_role("alert")).to_have_text("This file is larger than 1 MB. Choose a smaller one.")
    expect(room.well().locator(".photo")).to_be_visible()
    assert (room.said["values"]["image"], room.said["turns"]) == (name, {"image": 1})


def test_a_picture_that_only_browsers_read_goes_out_as_png(room: Room) -> None:
    file = io.BytesIO()
    Image.new("RGB", (48, 32), "tomato").save(file, "AVIF")
    room.choose(file.getvalue(), "a.avif", "image/avif")
    assert room.pixels(room.wait_value()).shape == (32, 48, 4)


# --- what is there ----------------------------------------------------------------------------------------------


def test_it_can_be_replaced_kept_and_taken_away(room: Room) -> None:
    name = room.add()
    room.button("Replace").click()
    expect(room.button("Choose a picture")).to_be_visible()
    room.button("Keep this one").click()
    expect(room.well().locator(".photo")).to_be_visible()
    room.choose(png(64, 48, 9))
    room.wait_value(lambda value: value != name)
    room.button("Remove").click()
    room.wait_value(lambda value: value is None)
    expect(room.button("Choose a picture")).to_be_visible()


def test_the_same_file_again_after_the_page_took_it_away_is_told_again(room: Room) -> None:
    name = room.add()
    room.press("other")
    expect(room.button("Choose a picture")).to_be_visible()
    room.choose()
    assert room.wait_value() == name


def test_after_a_reload_it_is_there_again(room: Room) -> None:
    name = room.add()
    room.open(f"?image={name}")
    expect(room.well().locator(".photo.in")).to_be_visible()
    expect(room.well().locator(".fact")).to_have_text("320 × 200")
    assert room.said["turns"] == {}


def test_what_is_not_here_any_more_is_said(enter: Callable[..., Room]) -> None:
    room = enter(f"?image={GONE}")
    expect(room.well().get_by_role("alert")).to_have_text("This file is not here any more. Add it again.")
    expect(room.button("Choose a picture")).to_be_visible()


def test_a_video_and_a_sound_have_players(room: Room) -> None:
    room.choose(b"\0\0\0\x18ftypisom" + bytes(99), "a.mp4", "video/mp4", "video")
    room.wait_value(control="video")
    expect(room.well("video").locator("video")).to_have_attribute("controls", "")
    room.choose(b"RIFF\x24\0\0\0WAVEfmt " + bytes(40), "la.wav", "audio/wav", "sound")
    room.wait_value(control="sound")
    expect(room.well("sound").locator("audio")).to_be_visible()
    expect(room.well("sound").locator(".name")).to_have_text("la.wav")
    expect(room.button("Edit", "video")).to_have_count(0)


def test_nothing_below_moves_from_empty_to_filled_to_refused(room: Room) -> None:
    below = room.well("mask")
    before = below.bounding_box()
    room.add()
    assert below.bounding_box() == before
    room.choose(b"hello", "a.txt", "text/plain")
    expect(room.well().get_by_role("alert")).not_to_be_empty()
    assert below.bounding_box() == before


# --- crop and mask ----------------------------------------------------------------------------------------------


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=4)
    page.mouse.up()


def centre(what: Locator) -> tuple[float, float]:
    box = what.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_cut_keeps_the_pictures_own_pixels(room: Room) -> None:
    name, dialog = room.add(), room.edit()
    dialog.get_by_role("button", name="Crop").click()
    paper = dialog.locator(".paper").bounding_box()
    assert paper
    drag(
        room.page,
        centre(dialog.locator(".grip.se")),
        (paper["x"] + paper["width"] / 2, paper["y"] + paper["height"] / 2),
    )
    expect(dialog.locator(".size")).to_have_text("160 × 100")
    dialog.get_by_role("button", name="Done").click()
    cut = room.wait_value(lambda value: value != name)
    assert np.array_equal(room.pixels(cut)[:, :, :3], room.pixels(name)[:100, :160])
    expect(room.well().locator(".fact")).to_have_text("160 × 100")
    assert room.said["size"] == [160, 100]


def test_a_cut_of_a_shape_keeps_it(room: Room) -> None:
    room.add()
    dialog = room.edit()
    dialog.get_by_role("button", name="Crop").click()
    dialog.get_by_role("button", name="1 : 1", exact=True).click()
    expect(dialog.locator(".size")).to_have_text("200 × 200")
    corner = centre(dialog.locator(".grip.nw"))
    drag(room.page, corner, (corner[0] + 120, corner[1] + 20))
    width, height = map(int, (dialog.locator(".size").text_content() or "").split(" × "))
    assert abs(width - height) <= 1 < 200 - width


def test_paint_becomes_the_alpha_channel_and_leaves_the_colours(room: Room) -> None:
    name, dialog = room.add(), room.edit()
    x, y = centre(dialog.locator("canvas"))
    drag(room.page, (x - 60, y), (x + 60, y))
    dialog.get_by_role("button", name="Done").click()
    masked = room.pixels(room.wait_value(lambda value: value != name))
    assert masked.shape == (200, 320, 4)
    assert masked[100, 160, 3] == 0
    assert (masked[[5, -5], :, 3] == 255).all()
    assert np.array_equal(masked[:, :, :3], room.pixels(name))
    expect(room.well().locator(".tint")).to_be_visible()


def test_paint_can_be_erased_taken_back_and_cleared(room: Room) -> None:
    name, dialog = room.add(), room.edit()
    x, y = centre(dialog.locator("canvas"))
    undo = dialog.get_by_role("button", name="Undo")
    expect(undo).to_be_disabled()
    drag(room.page, (x - 60, y), (x + 60, y))
    dialog.get_by_role("button", name="Clear").click()
    undo.click()  # the line is back
    dialog.get_by_role("button", name="Eraser").click()
    drag(room.page, (x + 60, y), (x + 40, y))
    dialog.get_by_role("button", name="Brush").click()
    drag(room.page, (x, y - 90), (x + 10, y - 90))
    room.page.keyboard.press("Control+z")
    dialog.get_by_role("button", name="Done").click()
    masked = room.pixels(room.wait_value(lambda value: value != name))
    assert masked[100, 160, 3] == 0
    assert (masked[:50, :, 3] == 255).all()
    assert masked[100, 160:, 3].sum() > masked[100, :160, 3].sum()


def test_a_mask_is_there_again_when_it_is_edited_again(room: Room) -> None:
    name, dialog = room.add(), room.edit()
    x, y = centre(dialog.locator("canvas"))
    drag(room.page, (x - 60, y), (x + 60, y))
    dialog.get_by_role("button", name="Done").click()
    first = room.wait_value(lambda value: value != name)
    dialog = room.edit()
    drag(room.page, (x - 60, y + 90), (x + 60, y + 90))
    dialog.get_by_role("button", name="Done").click()
    masked = room.pixels(room.wait_value(lambda value: value != first))
    assert masked[100, 160, 3] == 0
    assert (masked[:, 160, 3] == 0).sum() > (room.pixels(first)[:, 160, 3] == 0).sum()


def test_an_edit_that_changes_nothing_or_is_cancelled_adds_nothing(room: Room) -> None:
    room.add()
    for end in ("Done", "Cancel"):
        dialog = room.edit()
        dialog.get_by_role("button", name=end).click()
        expect(dialog).to_be_hidden()
    room.edit()
    room.page.keyboard.press("Escape")
    expect(room.well().get_by_role("dialog")).to_be_hidden()
    room.press("again")
    assert room.said["turns"] == {"image": 1}


def test_a_mask_control_gives_the_mask_as_a_picture(room: Room) -> None:
    room.choose(control="mask")
    name = room.wait_value(control="mask")
    room.button("Edit", "mask").click()
    dialog = room.well("mask").get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Done")).to_be_enabled()
    x, y = centre(dialog.locator("canvas"))
    drag(room.page, (x - 60, y), (x + 60, y))
    dialog.get_by_role("button", name="Done").click()
    mask = room.pixels(room.wait_value(lambda value: value != name, "mask"))
    assert mask[100, 160].tolist() == [255, 255, 255, 0]
    assert mask[5, 5].tolist() == [0, 0, 0, 255]


def test_a_finger_paints(enter: Callable[..., Room]) -> None:
    room = enter(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    name, dialog = room.add(), room.edit()
    x, y = centre(dialog.locator("canvas"))
    touch = room.page.context.new_cdp_session(room.page)
    for kind, at in (("touchStart", -50), ("touchMove", 0), ("touchMove", 50), ("touchEnd", None)):
        points = [] if at is None else [{"x": x + at, "y": y}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    dialog.get_by_role("button", name="Done").click()
    masked = room.pixels(room.wait_value(lambda value: value != name))
    assert masked[100, 160, 3] == 0
    assert room.page.evaluate("document.documentElement.scrollWidth") <= 390


# --- without a pointer ------------------------------------------------------------------------------------------


def test_everything_goes_by_keyboard(room: Room, far: int) -> None:
    keys = room.page.keyboard
    room.button("Web address").focus()
    keys.press("Enter")
    keys.type(f"http://127.0.0.1:{far}/r.png")  # an r outside of a field would make Streamlit run again
    keys.press("Enter")
    name = room.wait_value()
    expect(room.button("Edit")).to_be_focused()
    keys.press("Enter")
    dialog = room.well().get_by_role("dialog")
    expect(dialog.locator("canvas")).to_be_focused()
    keys.press("ArrowLeft")
    keys.press(" ")
    dialog.get_by_role("button", name="Crop").focus()
    keys.press("Enter")
    expect(dialog.locator(".crop")).to_be_focused()
    for _ in range(10):
        keys.press("Shift+ArrowLeft")
    expect(dialog.locator(".size")).to_have_text("270 × 200")
    keys.press("ArrowRight")
    dialog.get_by_role("button", name="Done").focus()
    keys.press("Enter")
    result = room.pixels(room.wait_value(lambda value: value != name))
    assert result.shape == (200, 270, 4)
    assert (result[:, :, 3] == 0).any()
    room.button("Remove").focus()
    keys.press("Enter")
    room.wait_value(lambda value: value is None)
    expect(room.button("Choose a picture")).to_be_focused()


def test_every_control_is_large_enough_for_a_thumb_and_has_a_name(enter: Callable[..., Room]) -> None:
    room = enter(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    room.add()
    room.edit()
    small = """well => [...well.querySelectorAll("button, input:not([type=file])")]
      .filter((one) => one.offsetParent && (one.offsetHeight < 43.5 || one.offsetWidth < 43.5))
      .map((one) => one.textContent || one.getAttribute("aria-label"))"""
    nameless = """well => [...well.querySelectorAll("button, input:not([type=file]), canvas, video, .crop")]
      .filter((one) => !one.textContent.trim() && !one.getAttribute("aria-label")).length"""
    assert room.well().evaluate(small) == []
    assert room.well().evaluate(nameless) == 0


def test_the_camera_takes_a_still(wells: App, comfyui: FakeComfyUI, browser: Browser) -> None:
    fake = browser.browser_type.launch(
        executable_path=_CHROMIUM,
        args=["--headless", "--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"],
    )
    try:
        page = fake.new_context(viewport={"width": 1280, "height": 800}).new_page()
        room = Room(page, wells, comfyui).open()
        room.button("Camera").click()
        room.button("Take the picture").click()
        assert room.pixels(room.wait_value()).ndim == 3
        expect(room.well().get_by_role("dialog")).to_be_hidden()
    finally:
        fake.close()


def test_a_camera_that_is_not_allowed_is_said(room: Room) -> None:
    room.button("Camera").click()
    expect(room.well().get_by_role("alert")).to_contain_text("The camera is not open to this page")
