"""Someone with a browser: the page as a maker meets it."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import BrowserContext, Locator, Page, TimeoutError, expect

#: Milliseconds that anything on the page may take on a busy machine.
PATIENCE = 15_000


class Maker:
    """A page in a context of its own.

    Attributes:
        page: Playwright's page.
        foreign: addresses of other hosts that were asked for anything.
        complaints: errors and warnings in the browser's console, and faults of scripts.
        sockets: addresses of the websockets that were opened.
    """

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context, self.url = context, url.rstrip("/")
        self.foreign: list[str] = []
        self.complaints: list[str] = []
        self.sockets: list[str] = []
        context.set_default_timeout(PATIENCE)
        self.page = self._new_page()

    def _new_page(self) -> Page:
        page = self.context.new_page()
        page.on("request", lambda request: self._note(request.url))
        page.on("websocket", lambda socket: (self.sockets.append(socket.url), self._note(socket.url)))
        page.on("console", lambda said: said.type in ("error", "warning") and self.complaints.append(said.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    def _note(self, url: str) -> None:
        if urlsplit(url).scheme not in ("blob", "data") and urlsplit(url).netloc != urlsplit(self.url).netloc:
            self.foreign.append(url)

    # --- what a maker does --------------------------------------------------------------------------------------

    def open(self, query: str = "") -> Maker:
        """Load the page and wait until it is drawn."""
        self.page.goto(f"{self.url}/{query}", wait_until="commit")
        self.wait_drawn()
        return self

    def reload(self) -> None:
        """As F5 does."""
        self.page.reload(wait_until="commit")
        self.wait_drawn()

    def close_tab(self) -> None:
        """As a click on the tab's cross does: the page learns of it."""
        with self.page.expect_event("close"):
            self.page.close(run_before_unload=True)

    def type_prompt(self, text: str) -> None:
        """Key by key, in place of what stood there; the cursor stays in the field."""
        self.prompt.press("Control+a")
        self.prompt.press_sequentially(text)

    def generate(self, prompt: str | None = None) -> str:
        """Press Generate, with another prompt text before if one is given; gives the new job's id."""
        if prompt is not None:
            self.type_prompt(prompt)
        before = self.job_id
        self.generate_button.click()
        return self.wait_job(other_than=before)

    def stop(self) -> None:
        """Press Stop."""
        self.stop_button.click()

    def set_keep(self, on: bool) -> None:
        """Turn the switch "Let it finish"."""
        box = self.page.locator(".st-key-keep input")
        if box.is_checked() != on:
            self.page.locator(".st-key-keep label").first.click()
        expect(box).to_be_checked(checked=on)
        self.wait_idle()

    def choose(self, key: str, label: str) -> None:
        """A part of a segmented control."""
        part = self.page.locator(f".st-key-{key}, [class*=st-key-{key}-]").get_by_text(label, exact=True)
        expect(part).to_have_count(1)  # while it is replaced there may be two for a moment
        part.click()

    def open_list(self, box: Locator, option: str) -> Locator:
        """Open a list of choices; gives the one that is wanted. A list closes when the page moves under it."""
        wanted = self.page.get_by_role("option", name=option, exact=True)
        box.evaluate("one => one.scrollIntoView({ block: 'center' })")
        for _ in range(PATIENCE // 1000):
            box.press("ArrowDown")
            with suppress(TimeoutError):
                wanted.wait_for(timeout=1000)
                break
        return wanted

    def choose_workflow(self, title: str) -> None:
        """Another workflow."""
        box = self.page.get_by_role("combobox", name="Workflow")
        self.open_list(box, title).click()
        expect(box).to_have_value(title)
        self.wait_idle()

    # --- what a maker sees --------------------------------------------------------------------------------------

    @property
    def prompt(self) -> Locator:
        return self.page.get_by_label("Prompt", exact=True)

    @property
    def seed(self) -> Locator:
        return self.page.get_by_role("textbox", name="Seed")

    @property
    def generate_button(self) -> Locator:
        return self.page.locator(".st-key-generate button").first

    @property
    def stop_button(self) -> Locator:
        return self.page.locator(".st-key-stop button").first

    @property
    def status(self) -> Locator:
        """What stands under the picture."""
        return self.page.locator(".easel .status")

    @property
    def bar(self) -> Locator:
        return self.page.get_by_role("progressbar")

    @property
    def tiles(self) -> Locator:
        """Finished pictures in the grid."""
        return self.page.locator(".easel .tile button.open img")

    @property
    def preview(self) -> Locator:
        """The canvas once a preview was drawn on it."""
        return self.page.locator(".easel .print.previewing canvas")

    @property
    def viewer(self) -> Locator:
        """The picture in full size, over everything."""
        return self.page.get_by_role("dialog")

    @property
    def pill(self) -> Locator:
        """The server's state at the top."""
        return self.page.locator("[class*=st-key-server_] button").first

    @property
    def job_id(self) -> str:
        """The job in the address; empty without one."""
        return parse_qs(urlsplit(self.page.url).query).get("job", [""])[0]

    def wait_drawn(self) -> None:
        """Wait until form and stage stand."""
        self.generate_button.wait_for()
        self.page.locator(".easel .mat").wait_for()
        self.wait_idle()

    def wait_idle(self) -> None:
        """Wait until no script runs for this page."""
        self.page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()

    def wait_job(self, other_than: str = "") -> str:
        """Wait until the address names another job."""
        self.page.wait_for_function(
            "before => { const id = new URL(location).searchParams.get('job'); return id && id !== before }",
            arg=other_than,
        )
        return self.job_id

    def wait_says(self, words: str) -> None:
        """Wait until the stage says so, in a regular expression."""
        expect(self.page.locator(".easel .status:visible, .easel .trouble:visible").first).to_contain_text(
            re.compile(words), timeout=PATIENCE
        )

    def wait_running(self) -> None:
        """Wait until Stop is there and a picture in the making is seen."""
        self.stop_button.wait_for()
        self.preview.wait_for()

    def wait_over(self, pictures: int) -> None:
        """Wait until the job has ended, with so many pictures in sight, and Generate is back."""
        self.stop_button.wait_for(state="detached")
        expect(self.generate_button).to_have_text("Generate", use_inner_text=True, timeout=PATIENCE)
        expect(self.tiles).to_have_count(pictures, timeout=PATIENCE)

    def fetch(self, url: str) -> Any:
        """Ask as this maker's browser does, cookie included."""
        return self.context.request.get(url)
