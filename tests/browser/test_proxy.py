"""Under a path prefix, behind a TLS proxy."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.sync_api import expect

from tests.browser.conftest import Studio, Visit
from tests.browser.wire import Wire


def test_live_view_pictures_and_cookie_work_behind_a_tls_proxy(
    visit: Visit, studio: Studio, studio_comfy: Wire
) -> None:
    maker = visit(studio.url)
    studio_comfy.hold_after("progress 3 5")
    job = maker.generate("a red fox")
    studio_comfy.wait_held()
    maker.wait_running()
    maker.wait_says("step 5 of 20")
    studio_comfy.go_on()
    maker.wait_over(1)
    expect(maker.tiles.first).not_to_have_js_property("naturalWidth", 0)
    maker.tiles.first.click()
    expect(maker.viewer.locator("img")).to_have_js_property("naturalWidth", 512)
    assert {urlsplit(url).scheme for url in maker.sockets} == {"wss"}
    assert f"GET /studio/easel/jobs/{job}/live HTTP/1.1" in studio.proxy.upgraded
    (cookie,) = [cookie for cookie in maker.context.cookies() if cookie["name"] == "easel_owner"]
    assert cookie["secure"]
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Lax"
    assert maker.foreign == []
    assert maker.complaints == []


def test_stop_works_behind_a_tls_proxy(visit: Visit, studio: Studio, studio_comfy: Wire) -> None:
    maker = visit(studio.url)
    studio_comfy.hold_after("progress 3 5")
    maker.generate("a red fox")
    studio_comfy.wait_held()
    maker.stop()
    studio_comfy.wait_stopped(studio_comfy.prompt_ids[0])
    maker.wait_over(0)
