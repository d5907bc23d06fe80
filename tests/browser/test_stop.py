"""Stop: this job, at once, and nobody else's."""

from __future__ import annotations

import requests
from playwright.sync_api import expect

from tests.browser.maker import Maker
from tests.browser.wire import Wire


def test_stop_reaches_the_server_within_a_second_and_names_this_job_alone(ann: Maker, comfy: Wire) -> None:
    comfy.hold_after("progress 3 5")
    ann.generate("a red fox")
    comfy.wait_held()
    (ours,) = comfy.prompt_ids
    graph = comfy.prompts[0] | {
        "3": {**comfy.prompts[0]["3"], "inputs": {**comfy.prompts[0]["3"]["inputs"], "seed": 1}}
    }
    stranger = {"prompt": graph, "client_id": "a stranger", "prompt_id": "00000000-0000-4000-8000-000000000001"}
    requests.post(f"{comfy.fake.url}/prompt", json=stranger, timeout=5).raise_for_status()
    ann.wait_running()
    ann.stop()
    comfy.wait_stopped(ours, timeout=1)
    ann.wait_over(0)
    assert comfy.interrupts == [{"prompt_id": ours}]
    # The stranger's has come to the gate: it runs, and was not taken out of the queue.
    comfy.wait_held()
    assert comfy.fake.remaining == 1


def test_a_stopped_job_says_so_and_keeps_what_was_finished(ann: Maker, comfy: Wire) -> None:
    ann.choose("images", "2")
    comfy.hold_before("result 9 1")
    ann.generate("a red fox")
    comfy.wait_held()
    expect(ann.tiles).to_have_count(1)
    ann.stop()
    ann.wait_says("Stopped")
    ann.wait_says("1 of 2 pictures was finished and is kept")
    ann.wait_over(1)
    expect(ann.bar).to_have_count(0)
    source = ann.tiles.first.get_attribute("src") or ""
    assert ann.fetch(f"{ann.url}{source}").status == 200


def test_stop_before_anything_came_says_that_nothing_was_finished(ann: Maker, comfy: Wire) -> None:
    comfy.hold_before("executing 3")
    ann.generate("a red fox")
    comfy.wait_held()
    ann.stop()
    ann.wait_says("Stopped · Nothing was finished yet")
    ann.wait_over(0)


def test_escape_stops_but_closes_the_full_size_picture_first(ann: Maker, comfy: Wire) -> None:
    ann.choose("images", "2")
    comfy.hold_before("result 9 1")
    ann.generate("a red fox")
    comfy.wait_held()
    ann.tiles.first.click()
    expect(ann.viewer).to_be_visible()
    ann.page.keyboard.press("Escape")
    expect(ann.viewer).to_be_hidden()
    assert comfy.interrupts == []
    ann.page.keyboard.press("Escape")
    comfy.wait_stopped(comfy.prompt_ids[0])
    ann.wait_over(1)


def test_after_a_stop_the_next_picture_is_made_as_ever(ann: Maker, comfy: Wire) -> None:
    ann.choose("images", "1")
    comfy.hold_after("progress 3 5")
    ann.generate("a red fox")
    comfy.wait_held()
    ann.stop()
    ann.wait_over(0)
    comfy.go_on()
    ann.generate("a grey wolf")
    ann.wait_over(1)
    assert comfy.texts == ["a red fox", "a grey wolf"]
