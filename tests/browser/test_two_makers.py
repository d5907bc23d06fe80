"""Two makers at once: one line, two worlds."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.maker import Maker
from tests.browser.process import App
from tests.browser.wire import Wire


def test_each_sees_their_own_picture_alone_and_the_second_waits_in_line(ann: Maker, bob: Maker, comfy: Wire) -> None:
    comfy.hold_after("progress 3 5")
    ann.generate("a red fox")
    comfy.wait_held()
    bob.generate("a grey wolf")
    bob.wait_says("2nd in line")
    ann.wait_says("step 5 of 20")
    expect(bob.page.locator(".easel").get_by_text("fox")).to_have_count(0)
    expect(ann.page.locator(".easel").get_by_text("wolf")).to_have_count(0)
    comfy.go_on()
    for maker, alt in ((ann, "a red fox"), (bob, "a grey wolf")):
        maker.wait_over(1)
        expect(maker.tiles).to_have_attribute("alt", alt)
    assert comfy.texts == ["a red fox", "a grey wolf"]
    assert comfy.interrupts == []


def test_stop_of_the_running_one_leaves_the_waiting_one_which_comes_next(ann: Maker, bob: Maker, comfy: Wire) -> None:
    comfy.hold_after("progress 3 5")
    ann.generate("a red fox")
    comfy.wait_held()
    bob.generate("a grey wolf")
    bob.wait_says("in line")
    ann.stop()
    ann.wait_over(0)
    comfy.go_on()
    bob.wait_over(1)
    assert comfy.interrupts == [{"prompt_id": comfy.prompt_ids[0]}]


def test_stop_of_the_waiting_one_leaves_the_running_one(ann: Maker, bob: Maker, comfy: Wire) -> None:
    comfy.hold_after("progress 3 5")
    ann.generate("a red fox")
    comfy.wait_held()
    bob.generate("a grey wolf")
    bob.wait_says("in line")
    bob.stop()
    bob.wait_says("Stopped")
    comfy.go_on()
    ann.wait_over(1)
    assert comfy.texts == ["a red fox"]
    assert comfy.interrupts == []


def test_a_changed_form_of_the_one_stops_nothing_of_the_others(ann: Maker, bob: Maker, comfy: Wire) -> None:
    comfy.hold_after("progress 3 5")
    ann.generate("a red fox")
    comfy.wait_held()
    bob.choose("images", "4")
    bob.seed.fill("7")
    bob.seed.press("Enter")
    bob.wait_idle()
    assert comfy.interrupts == []
    comfy.go_on()
    ann.wait_over(1)


_CLOSE_CODE = """
url => new Promise(done => {
  const socket = new WebSocket(url);
  socket.onmessage = () => done('it speaks');
  socket.onclose = event => done(event.code);
})
"""


def test_pictures_zip_and_live_view_are_refused_to_everyone_else(ann: Maker, bob: Maker) -> None:
    ann.choose("images", "1")
    job = ann.generate("a red fox")
    ann.wait_over(1)
    thumb = ann.tiles.first.get_attribute("src") or ""
    picture, whole = thumb.partition("?")[0], f"/easel/jobs/{job}/all.zip"
    for path in (thumb, picture, f"{picture}?download=1", whole):
        assert ann.fetch(f"{ann.url}{path}").status == 200
        assert bob.fetch(f"{bob.url}{path}").status == 404
    live = f"{ann.url.replace('http', 'ws')}/easel/jobs/{job}/live"
    assert ann.page.evaluate(_CLOSE_CODE, live) == "it speaks"
    assert bob.page.evaluate(_CLOSE_CODE, live) in (1006, 1008)


def test_somebody_elses_job_in_the_address_grants_nothing(ann: Maker, visit: Visit, app: App, comfy: Wire) -> None:
    comfy.hold_before("result 9 1")
    ann.choose("images", "2")
    job = ann.generate("a red fox")
    comfy.wait_held()
    bob = visit(app.url, f"?job={job}")
    expect(bob.page.get_by_text("This picture is not here any more")).to_be_visible()
    expect(bob.tiles).to_have_count(0)
    expect(bob.stop_button).to_have_count(0)
    expect(bob.prompt).to_have_value("")
    bob.choose("images", "4")
    bob.wait_idle()
    assert comfy.interrupts == []
    comfy.go_on()
    ann.wait_over(2)
