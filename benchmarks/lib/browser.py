"""One real page in Chromium, on which the pictures' numbers are read back."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, sync_playwright

from lib.frames import PROBE

_ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium() -> str:
    """The browser's path. Raises SystemExit where there is none."""
    named = os.environ.get("EASEL_CHROMIUM", "")
    found = [named, *(shutil.which(name) or "" for name in ("chromium", "chromium-browser", "google-chrome"))]
    for path in found:
        if path:
            return path
    raise SystemExit("This benchmark needs a Chromium. Install one, or name it in EASEL_CHROMIUM.")


@contextmanager
def page() -> Iterator[Page]:
    """A new page, 1280 by 800."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(_ARGUMENTS))
        try:
            yield browser.new_page(viewport={"width": 1280, "height": 800})
        finally:
            browser.close()


def generate(opened: Page, url: str, picture: str) -> None:
    """Open the page, press Generate (key ``generate``) and wait until numbers are seen.

    Args:
        picture: selector of the canvas or picture on which they appear.
    """
    opened.goto(url)
    opened.locator(".st-key-generate button").first.click()
    opened.evaluate(PROBE, picture)
    opened.wait_for_function("window.seen.length > 3", timeout=30_000)


def seen(opened: Page) -> list[tuple[int, float]]:
    """Number and time (seconds since the epoch, by this machine's clock) of each picture that appeared."""
    return [(number, moment / 1000) for number, moment in opened.evaluate("window.seen")]


def clock_offset(opened: Page) -> float:
    """The page's clock less ours, in seconds: the best of several questions."""
    best, offset = float("inf"), 0.0
    for _ in range(30):
        before = time.time()
        theirs = opened.evaluate("performance.timeOrigin + performance.now()") / 1000
        after = time.time()
        if after - before < best:
            best, offset = after - before, theirs - (before + after) / 2
    return offset
