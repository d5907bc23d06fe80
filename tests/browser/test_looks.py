"""What must hold in every state: on a phone, by keyboard, for a screen reader, without a jump."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import Visit
from tests.browser.maker import Maker
from tests.browser.process import App
from tests.browser.wire import Wire

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}

#: All elements of the page and of the shadow trees in it.
_EVERYTHING = """
const everything = root => [...root.querySelectorAll('*')].flatMap(
  one => one.shadowRoot ? [one, ...everything(one.shadowRoot)] : [one]
);
"""


@pytest.fixture
def phone(visit: Visit, app: App, comfy: Wire) -> Maker:
    return visit(app.url, **PHONE)


def _box(locator: Locator) -> dict[str, float]:
    box = locator.bounding_box()
    assert box
    return dict(box)


def assert_fits(maker: Maker) -> None:
    """Nothing scrolls sideways, and the one button to press is in reach of a thumb."""
    page = maker.page
    wide = page.evaluate(
        f"""() => {{ {_EVERYTHING}
          const seen = one => one.checkVisibility({{ opacityProperty: true, visibilityProperty: true }});
          const far = one => one.getBoundingClientRect().right > innerWidth + 1;
          const over = everything(document.body).filter(one => seen(one) && far(one));
          return [document.documentElement.scrollWidth - innerWidth, over.map(one => one.className).slice(0, 5)] }}"""
    )
    assert wide[0] <= 0, wide
    main = page.get_by_test_id("stMain")
    assert main.evaluate("one => one.scrollWidth - one.clientWidth") <= 0
    button = _box(maker.generate_button)
    assert button["height"] >= 44
    assert button["y"] >= 0
    assert button["y"] + button["height"] <= 844


def test_on_a_phone_nothing_scrolls_sideways_and_generate_is_in_reach_in_every_state(phone: Maker, comfy: Wire) -> None:
    assert_fits(phone)
    phone.choose("images", "2")
    comfy.hold_before("result 9 1")
    phone.generate("a red fox with a very_long_word_that_will_not_break_anywhere_on_a_line_of_a_phone")
    comfy.wait_held()
    expect(phone.tiles).to_have_count(1)
    assert_fits(phone)
    assert _box(phone.stop_button)["height"] >= 44
    comfy.go_on()
    phone.wait_over(2)
    phone.wait_idle()
    assert_fits(phone)


def test_on_a_phone_the_picture_comes_before_the_form_once_there_is_one(phone: Maker, comfy: Wire) -> None:
    mat = phone.page.locator(".easel .mat")
    assert _box(phone.prompt)["y"] < _box(mat)["y"]
    comfy.hold_after("progress 3 5")
    phone.generate("a red fox")
    comfy.wait_held()
    phone.wait_running()
    phone.wait_idle()
    assert _box(mat)["y"] < _box(phone.prompt)["y"]


def test_on_a_phone_a_picture_opens_and_closes_by_touch(phone: Maker) -> None:
    phone.generate("a red fox")
    phone.wait_over(1)
    phone.tiles.first.tap()
    expect(phone.viewer.locator("img")).to_be_in_viewport()
    close = phone.page.get_by_role("button", name="Close", exact=True)
    assert _box(close)["height"] >= 44
    close.tap()
    expect(phone.viewer).to_be_hidden()


_SHIFTS = """
() => {
  window.shifted = 0;
  new PerformanceObserver(list => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
  }).observe({ type: 'layout-shift' });
}
"""


def test_nothing_jumps_while_a_picture_grows_and_comes(ann: Maker, comfy: Wire) -> None:
    comfy.hold_after("progress 3 1")
    ann.generate("a red fox")
    comfy.wait_held()
    ann.wait_running()
    ann.wait_idle()
    ann.page.evaluate(_SHIFTS)
    comfy.go_on()
    ann.wait_over(1)
    ann.wait_idle()
    assert ann.page.evaluate("window.shifted") < 0.1


def test_the_stage_stays_where_it_is_from_the_press_to_the_picture(maker: Maker, comfy: Wire) -> None:
    mat = maker.page.locator(".easel .mat")
    before = _box(mat)
    comfy.hold_after("progress 3 5")
    maker.generate("a red fox")
    comfy.wait_held()
    maker.wait_running()
    assert _box(mat) == before
    comfy.go_on()
    maker.wait_over(1)
    maker.wait_idle()
    assert _box(mat) == before


def _tab_to(maker: Maker, wanted: Locator) -> None:
    for _ in range(60):
        if wanted.evaluate("one => one.getRootNode().activeElement === one"):
            return
        maker.page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not reach {wanted}")


def test_the_main_job_is_done_by_keyboard_alone(maker: Maker, comfy: Wire) -> None:
    keyboard = maker.page.keyboard
    _tab_to(maker, maker.prompt)
    keyboard.type("a red fox")
    keyboard.press("Control+Enter")
    maker.wait_job()
    maker.wait_over(1)
    opener = maker.page.locator(".easel .tile button.open")
    _tab_to(maker, opener)
    keyboard.press("Enter")
    expect(maker.viewer).to_be_visible()
    keyboard.press("Escape")
    expect(maker.viewer).to_be_hidden()
    expect(opener).to_be_focused()
    assert comfy.texts == ["a red fox"]


_NAMELESS = f"""
() => {{ {_EVERYTHING}
  const all = everything(document.body).filter(one => one.checkVisibility({{ visibilityProperty: true }}));
  const named = one => (one.getAttribute('aria-label') || one.textContent || one.title
    || [...(one.labels ?? [])].map(label => label.textContent).join('')
    || [...one.querySelectorAll('img[alt]')].map(image => image.alt).join('')).trim();
  const lacking = [
    ...all.filter(one => one.matches('img') && !one.hasAttribute('alt')),
    ...all.filter(one => one.matches('button, a[href], input:not([type=hidden]), textarea') && !named(one)),
    ...all.filter(one => one.matches('[role=progressbar], [role=img], canvas:not([aria-hidden])') && !named(one)),
  ];
  return lacking.map(one => one.outerHTML.slice(0, 200));
}}
"""


def test_pictures_buttons_and_fields_have_names_in_every_state(ann: Maker, comfy: Wire) -> None:
    page = ann.page
    assert page.evaluate(_NAMELESS) == []
    ann.choose("images", "2")
    comfy.hold_before("result 9 1")
    ann.generate("a red fox")
    comfy.wait_held()
    expect(ann.tiles).to_have_count(1)
    expect(page.get_by_role("progressbar", name="Progress")).to_have_attribute("aria-valuemax", "100")
    assert page.evaluate(_NAMELESS) == []
    comfy.go_on()
    ann.wait_over(2)
    ann.tiles.first.click()
    assert page.evaluate(_NAMELESS) == []
    page.keyboard.press("Escape")


def test_a_screen_reader_is_told_the_turns_and_not_every_step(ann: Maker, comfy: Wire) -> None:
    ann.choose("images", "1")
    aloud = ann.page.locator(".easel [role=status][aria-live=polite]")
    comfy.hold_after("progress 3 5")
    ann.generate("a red fox")
    comfy.wait_held()
    expect(aloud).to_have_text("Sampling")
    comfy.go_on()
    ann.wait_over(1)
    expect(aloud).to_contain_text("1 picture")


def test_the_console_stays_quiet_and_no_other_host_is_asked_in_a_run_with_a_stop(ann: Maker, comfy: Wire) -> None:
    ann.choose("images", "1")
    comfy.hold_after("progress 3 5")
    ann.generate("a red fox")
    comfy.wait_held()
    ann.wait_running()
    ann.stop()
    ann.wait_over(0)
    comfy.go_on()
    ann.generate("a grey wolf")
    ann.wait_over(1)
    ann.tiles.first.click()
    expect(ann.viewer).to_be_visible()
    assert ann.complaints == []
    assert ann.foreign == []
