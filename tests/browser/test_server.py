"""A server that goes away, comes back, comes late, or lacks a model."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from comfy_api.testing import FakeComfyUI
from tests.browser.conftest import Visit
from tests.browser.maker import PATIENCE, Maker
from tests.browser.process import App
from tests.browser.wire import Wire


def test_a_server_killed_in_the_middle_is_said_and_the_pictures_come_once_it_is_back(ann: Maker, comfy: Wire) -> None:
    comfy.hold_after("progress 3 5")
    ann.generate("a red fox")
    comfy.wait_held()
    ann.wait_running()
    comfy.fake.stop_listening()
    ann.wait_says("stopped answering. Trying again")
    expect(ann.pill).to_contain_text("down", timeout=PATIENCE)
    comfy.fake.restart()
    comfy.go_on()
    comfy.fake.resume()
    ann.wait_over(1)
    expect(ann.pill).to_contain_text("connected", timeout=PATIENCE)
    assert comfy.texts == ["a red fox", "a red fox"]


def test_a_broken_line_is_mended_and_the_job_goes_on(ann: Maker, comfy: Wire, app: App) -> None:
    since = len(app.lines)
    comfy.hold_after("progress 3 5")
    ann.generate("a red fox")
    comfy.wait_held()
    ann.wait_running()
    comfy.fake.drop_sockets(reset=True)
    app.wait_line("event=line_mended", since=since)
    comfy.go_on()
    ann.wait_over(1)
    assert comfy.texts == ["a red fox"]


def test_a_refused_prompt_is_said_in_words_with_the_details_folded(ann: Maker, comfy: Wire) -> None:
    comfy.fake.reject(
        {"type": "prompt_outputs_failed_validation", "message": "Prompt outputs failed validation", "details": ""},
        {
            "3": {
                "errors": [
                    {
                        "type": "value_bigger_than_max",
                        "message": "Value bigger than max",
                        "details": "steps",
                        "extra_info": {"input_name": "steps", "received_value": 20},
                    }
                ],
                "dependent_outputs": ["9"],
                "class_type": "KSampler",
            }
        },
    )
    ann.generate("a red fox")
    trouble = ann.page.locator(".easel .trouble")
    expect(trouble).to_be_visible(timeout=PATIENCE)
    details = trouble.locator("pre")
    expect(details).to_be_hidden()
    trouble.locator("summary").click()
    expect(details).to_contain_text("steps")
    ann.wait_over(0)


# --- a server that was not there at the start -----------------------------------------------------------------


@pytest.fixture(scope="module")
def late_fake() -> Iterator[FakeComfyUI]:
    """Has another model than the bundled workflows name."""
    with FakeComfyUI() as server:
        server.stop_listening()
        yield server


@pytest.fixture(scope="module")
def late(browser: Browser, late_fake: FakeComfyUI, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    with App(tmp_path_factory.mktemp("late"), COMFYUI_URL=late_fake.url) as running:
        yield running


def test_a_server_that_comes_up_later_is_shown_without_a_reload_and_its_lack_of_a_model_is_said(
    visit: Visit, late: App, late_fake: FakeComfyUI
) -> None:
    maker = visit(late.url)
    expect(maker.pill).to_contain_text("down", timeout=PATIENCE)
    late_fake.resume()
    expect(maker.pill).to_contain_text("connected", timeout=PATIENCE)
    alert = maker.page.get_by_role("alert").filter(has_text="v1-5-pruned-emaonly")
    expect(alert).to_be_visible(timeout=PATIENCE)
    maker.wait_idle()
    maker.open_list(maker.page.get_by_role("combobox", name="Model"), "dream.safetensors").click()
    expect(alert).to_have_count(0)
    maker.generate("a red fox")
    maker.wait_over(1)
    assert late_fake.prompts[-1]["prompt"]["4"]["inputs"]["ckpt_name"] == "dream.safetensors"
