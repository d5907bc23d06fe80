"""Typing and pressing faster than the page answers: one job for each press, and nothing typed is lost."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import WebSocketRoute, expect
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.browser.maker import Maker
from tests.browser.process import App
from tests.browser.wire import Wire
from tests.conftest import wait_until

QUEUED = r"event=queued .*prompt_text='(.*)'"


def _by_keys(maker: Maker) -> None:
    maker.prompt.press("Control+Enter")


def _by_click(maker: Maker) -> None:
    # The field is left by the click: the text and the press are two messages.
    maker.generate_button.click()


@pytest.mark.parametrize(("press", "times"), [(_by_keys, 50), (_by_click, 12)], ids=["ctrl-enter", "click"])
def test_time_and_again_each_press_makes_one_job_of_the_text_as_typed(
    ann: Maker, comfy: Wire, app: App, press: Callable[[Maker], None], times: int
) -> None:
    since, typed = len(app.lines), []
    for number in range(times):
        # Each odd one is pressed while the one before is still being made.
        comfy.go_on() if number % 2 else comfy.hold_after("progress 3 5")
        typed.append(f"fox {number}")
        ann.type_prompt(typed[-1])
        press(ann)
        app.wait_line(f"{QUEUED.split('(')[0]}{typed[-1]}'", since=since)
        if number % 2:
            app.wait_line(r"event=succeeded", since=since)
    assert app.find_all(QUEUED, since) == typed


def test_a_double_click_makes_one_job_and_does_not_stop_it(ann: Maker, comfy: Wire, app: App) -> None:
    since = len(app.lines)
    ann.type_prompt("a red fox")
    ann.generate_button.dblclick()
    app.wait_line("event=succeeded", since=since)
    ann.wait_over(1)
    assert app.find_all(r"(event=\w+)", since).count("event=queued") == 1
    assert app.find_all(r"(event=stop) ", since) == []


class SlowLine:
    """The page's own websocket, with answers that can be held back: its maker is quicker than the page."""

    def __init__(self, maker: Maker) -> None:
        self._held: list[str | bytes] = []
        self._holding = False
        self.finished = 0
        maker.page.route_web_socket(re.compile("_stcore/stream"), self._connect)

    def _connect(self, page_side: WebSocketRoute) -> None:
        self._page_side = page_side
        page_side.connect_to_server().on_message(self._hear)

    def _hear(self, message: str | bytes) -> None:
        if isinstance(message, bytes) and ForwardMsg.FromString(message).WhichOneof("type") == "script_finished":
            self.finished += 1
        if self._holding:
            self._held.append(message)
        else:
            self._page_side.send(message)

    def hold(self) -> None:
        self._holding, self.finished = True, 0

    def wait_finished(self, maker: Maker, runs: int) -> None:
        """Wait until so many runs of the script have ended since the answers are held back."""
        wait_until(lambda: maker.page.wait_for_timeout(5) or self.finished >= runs)

    def release(self) -> None:
        self._holding = False
        for message in self._held:
            self._page_side.send(message)
        self._held.clear()


@pytest.fixture
def slow(maker: Maker) -> SlowLine:
    line = SlowLine(maker)
    maker.reload()
    return line


def test_a_typed_seed_stays_though_the_next_thing_is_done_before_the_page_has_answered(
    maker: Maker, slow: SlowLine
) -> None:
    slow.hold()
    maker.seed.fill("4211")
    maker.seed.press("Enter")
    slow.wait_finished(maker, 1)
    maker.choose("images", "2")
    slow.wait_finished(maker, 2)
    slow.release()
    maker.wait_idle()
    expect(maker.page.locator(".st-key-images [aria-checked=true]")).to_have_text("2")
    expect(maker.seed).to_have_value("4211")


def test_a_typed_width_stays_though_the_next_thing_is_done_before_the_page_has_answered(
    maker: Maker, slow: SlowLine
) -> None:
    maker.page.get_by_text("More settings").click()
    width = maker.page.get_by_role("spinbutton", name="Width")
    width.wait_for()
    slow.hold()
    width.fill("640")
    width.press("Enter")
    slow.wait_finished(maker, 1)
    maker.choose("images", "2")
    slow.wait_finished(maker, 2)
    slow.release()
    maker.wait_idle()
    expect(maker.page.locator(".st-key-images [aria-checked=true]")).to_have_text("2")
    expect(width).to_have_value("640")


def test_keep_draws_a_seed_and_random_empties_it_again_and_again(ann: Maker) -> None:
    for _ in range(2):
        ann.choose("seed_mode", "Keep")
        expect(ann.seed).to_have_value(re.compile(r"^\d+$"))
        ann.wait_idle()
        ann.choose("seed_mode", "Random")
        expect(ann.seed).to_have_value("")
        ann.wait_idle()


def test_a_shape_sets_the_size_again_and_again(ann: Maker) -> None:
    ann.page.get_by_text("More settings").click()
    width = ann.page.get_by_role("spinbutton", name="Width")
    for shape, size in (("Portrait", "448"), ("Landscape", "576"), ("Square", "512"), ("Portrait", "448")):
        ann.choose("shape", shape)
        expect(width).to_have_value(size)
