"""Interrupt on rerun: what stops a picture in the making, and what does not."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.maker import Maker
from tests.browser.process import App
from tests.browser.wire import Wire

Act = Callable[[Maker], None]


def _another_prompt(maker: Maker) -> None:
    maker.type_prompt("a grey wolf")
    maker.prompt.press("Tab")


def _another_seed(maker: Maker) -> None:
    maker.seed.fill("7")
    maker.seed.press("Enter")


def _more_steps(maker: Maker) -> None:
    maker.page.get_by_text("More settings").click()
    steps = maker.page.get_by_role("spinbutton", name="Steps")
    steps.fill("30")
    steps.press("Enter")


CHANGES: dict[str, Act] = {
    "prompt": _another_prompt,
    "images": lambda maker: maker.choose("images", "2"),
    "shape": lambda maker: maker.choose("shape", "Portrait"),
    "seed": _another_seed,
    "steps": _more_steps,
}


def _fold(maker: Maker) -> None:
    maker.page.get_by_text("More settings").click()
    expect(maker.page.get_by_role("spinbutton", name="Steps")).to_be_visible()
    maker.page.get_by_text("More settings").click()


def _open_and_walk(maker: Maker) -> None:
    maker.tiles.first.click()
    expect(maker.viewer).to_be_visible()
    maker.page.keyboard.press("ArrowRight")
    maker.page.keyboard.press("Escape")
    expect(maker.viewer).to_be_hidden()


def _download(maker: Maker) -> None:
    maker.page.locator(".easel .tile").first.hover()
    with maker.page.expect_download() as started:
        maker.page.locator(".easel .tile a.save").first.click()
    started.value.path()


def _another_theme(maker: Maker) -> None:
    maker.page.emulate_media(color_scheme="dark")
    maker.page.emulate_media(color_scheme="light")


def _look_at_the_server(maker: Maker) -> None:
    maker.pill.click()
    expect(maker.page.get_by_text("Pictures are made there")).to_be_visible()
    maker.page.keyboard.press("Escape")
    expect(maker.page.get_by_text("Pictures are made there")).to_be_hidden()


def test_looking_opening_downloading_folding_and_the_theme_stop_nothing(ann: Maker, comfy: Wire, app: App) -> None:
    since = len(app.lines)
    ann.choose("images", "2")
    comfy.hold_before("result 9 1")
    ann.generate("a red fox")
    comfy.wait_held()
    expect(ann.tiles).to_have_count(1)
    for act in (_fold, _open_and_walk, _download, _another_theme, _look_at_the_server):
        act(ann)
        ann.wait_idle()
    assert comfy.interrupts == []
    comfy.go_on()
    ann.wait_over(2)
    assert app.find_all("(event=stop) ", since) == []


def test_a_job_that_ends_reruns_the_page_and_stops_nothing(ann: Maker, comfy: Wire, app: App) -> None:
    since = len(app.lines)
    ann.choose("images", "1")
    for text in ("a red fox", "a grey wolf"):
        ann.generate(text)
        ann.wait_over(1)
        ann.wait_idle()
    assert app.find_all("(event=stop) ", since) == []
    assert comfy.texts == ["a red fox", "a grey wolf"]


def test_generate_again_stops_the_old_job_and_starts_a_new_one(ann: Maker, comfy: Wire) -> None:
    comfy.hold_after("progress 3 5")
    first = ann.generate("a red fox")
    comfy.wait_held()
    expect(ann.generate_button).to_contain_text("Generate again")
    second = ann.generate()
    comfy.wait_stopped(comfy.prompt_ids[0])
    assert second != first
    comfy.go_on()
    ann.wait_over(1)
    assert comfy.texts == ["a red fox", "a red fox"]
    assert comfy.interrupts == [{"prompt_id": comfy.prompt_ids[0]}]


def test_each_changed_value_stops_the_job_within_a_second_and_says_so(ann: Maker, comfy: Wire) -> None:
    for made, (name, change) in enumerate(CHANGES.items(), 1):
        comfy.hold_after("progress 3 5")
        ann.generate("a red fox")
        comfy.wait_held()
        ann.wait_running()
        change(ann)
        comfy.wait_stopped(comfy.prompt_ids[-1], timeout=1)
        ann.wait_says("You changed the form, so this picture was stopped")
        ann.wait_over(0)
        assert len(comfy.prompts) == len(comfy.interrupts) == made, name


def test_with_let_it_finish_a_changed_form_stops_nothing(maker: Maker, comfy: Wire) -> None:
    maker.set_keep(True)
    comfy.hold_after("progress 3 5")
    maker.generate("a red fox")
    comfy.wait_held()
    for change in CHANGES.values():
        change(maker)
        maker.wait_idle()
    assert comfy.interrupts == []
    comfy.go_on()
    maker.wait_over(1)


def test_the_switch_counts_for_the_job_that_is_running(maker: Maker, comfy: Wire) -> None:
    comfy.hold_after("progress 3 5")
    maker.generate("a red fox")
    comfy.wait_held()
    maker.set_keep(True)
    maker.choose("images", "2")
    maker.wait_idle()
    # Off again: what was let pass stays passed, and the next change counts.
    maker.set_keep(False)
    assert comfy.interrupts == []
    maker.choose("images", "4")
    comfy.wait_stopped(comfy.prompt_ids[0])
    maker.wait_over(0)


def test_with_let_it_finish_generate_again_waits_in_line_and_both_are_made(maker: Maker, comfy: Wire, app: App) -> None:
    since = len(app.lines)
    maker.set_keep(True)
    comfy.hold_after("progress 3 5")
    first = maker.generate("a red fox")
    comfy.wait_held()
    second = maker.generate("a grey wolf")
    maker.wait_says("in line|Next")
    expect(maker.page.get_by_text("Another picture of yours is being made")).to_be_visible()
    comfy.go_on()
    maker.wait_over(1)
    assert comfy.interrupts == []
    assert comfy.texts == ["a red fox", "a grey wolf"]
    assert app.find_all(r"job=(\S+) event=succeeded", since) == [first, second]


def test_the_switch_is_where_the_operator_put_it_and_off_by_default(visit: Visit, app: App) -> None:
    expect(visit(app.url).page.locator(".st-key-keep input")).not_to_be_checked()
