"""Leaving: a closed tab stops its job after the grace; a reload and a lost network do not."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import Studio, Visit
from tests.browser.maker import Maker
from tests.browser.process import App
from tests.browser.wire import Wire

LEFT = "event=stop reason=left"


def test_a_closed_tab_stops_its_job_after_the_grace(visit: Visit, studio: Studio, studio_comfy: Wire) -> None:
    maker, since = visit(studio.app.url), len(studio.app.lines)
    studio_comfy.hold_after("progress 3 5")
    job = maker.generate("a red fox")
    studio_comfy.wait_held()
    maker.wait_running()
    maker.close_tab()
    studio.app.wait_line(f"job={job} {LEFT}", since=since, timeout=4)
    studio_comfy.wait_stopped(studio_comfy.prompt_ids[0])


def test_let_it_finish_survives_the_closed_tab(visit: Visit, studio: Studio, studio_comfy: Wire) -> None:
    maker, other, since = visit(studio.app.url), visit(studio.app.url), len(studio.app.lines)
    studio_comfy.hold_after("progress 3 5")
    job = maker.generate("a red fox")
    studio_comfy.wait_held()
    maker.set_keep(True)
    waiting = other.generate("a grey wolf")
    maker.close_tab()
    other.close_tab()
    # Whoever left later is stopped: the grace has passed for the first one too.
    studio.app.wait_line(f"job={waiting} {LEFT}", since=since)
    assert job not in studio.app.find_all(r"job=(\S+) event=stop ", since)
    studio_comfy.go_on()
    studio.app.wait_line(f"job={job} event=succeeded pictures=1", since=since)


def test_a_lost_network_outlives_the_goodbyes_grace_and_ends_after_its_own(
    visit: Visit, studio: Studio, studio_comfy: Wire
) -> None:
    lost, other, since = visit(studio.url), visit(studio.app.url), len(studio.app.lines)
    studio_comfy.hold_after("progress 3 5")
    job = lost.generate("a red fox")
    studio_comfy.wait_held()
    lost.wait_running()
    waiting = other.generate("a grey wolf")
    other.wait_says("in line")
    # Both tabs go, but the first has no line any more to say so.
    studio.proxy.cut()
    lost.close_tab()
    other.close_tab()
    studio.app.wait_line(f"job={waiting} {LEFT}", since=since)
    assert studio.app.find_all(r"job=(\S+) event=stop ", since) == [waiting]
    studio.app.wait_line(f"job={job} {LEFT}", since=since)
    studio_comfy.wait_stopped(studio_comfy.prompt_ids[0])


def test_a_network_that_comes_back_shows_the_job_again_without_a_reload(
    visit: Visit, studio: Studio, studio_comfy: Wire
) -> None:
    maker, since = visit(studio.url), len(studio.app.lines)
    studio_comfy.hold_after("progress 3 5")
    maker.generate("a red fox")
    studio_comfy.wait_held()
    maker.wait_running()
    studio.proxy.cut()
    maker.wait_says("The line to Easel broke")
    studio.proxy.mend()
    maker.wait_says("step 5 of 20")
    studio_comfy.go_on()
    maker.wait_over(1)
    assert studio.app.find_all("(event=stop)", since) == []


def test_a_reload_in_the_middle_finds_the_same_job_and_form(maker: Maker, comfy: Wire, app: App) -> None:
    since = len(app.lines)
    maker.seed.fill("4211")
    comfy.hold_after("progress 3 5")
    job = maker.generate("a red fox")
    comfy.wait_held()
    maker.wait_running()
    maker.reload()
    maker.wait_says("step 5 of 20")
    maker.wait_running()
    assert maker.job_id == job
    expect(maker.prompt).to_have_value("a red fox")
    expect(maker.seed).to_have_value("4211")
    comfy.go_on()
    maker.wait_over(1)
    assert app.find_all("(event=stop)", since) == []
    assert len(comfy.prompts) == 1


def test_after_a_reload_a_changed_form_still_stops_the_job(maker: Maker, comfy: Wire) -> None:
    comfy.hold_after("progress 3 5")
    maker.generate("a red fox")
    comfy.wait_held()
    maker.reload()
    maker.wait_running()
    maker.choose("images", "2")
    comfy.wait_stopped(comfy.prompt_ids[0])
    maker.wait_says("You changed the form")


def test_a_job_that_ended_while_its_maker_was_away_is_shown_when_they_come_back(
    maker: Maker, comfy: Wire, app: App
) -> None:
    comfy.hold_after("progress 3 5")
    job = maker.generate("a red fox")
    comfy.wait_held()
    since = len(app.lines)
    maker.page.goto("about:blank")
    comfy.go_on()
    app.wait_line(f"job={job} event=succeeded", since=since)
    maker.page.go_back(wait_until="commit")
    maker.wait_over(1)
    expect(maker.prompt).to_have_value("a red fox")


def test_an_address_with_an_unknown_job_is_harmless(visit: Visit, app: App, comfy: Wire) -> None:
    maker = visit(app.url, "?job=nobody-knows-this-one")
    expect(maker.page.get_by_text("This picture is not here any more")).to_be_visible()
    maker.generate("a red fox")
    maker.wait_over(1)
    assert maker.job_id != "nobody-knows-this-one"
