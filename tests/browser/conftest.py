"""A real Chromium before a real ``streamlit run app.py``, on the demo engine and on a scripted ComfyUI."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from comfy_api.testing import FakeComfyUI
from tests.browser.maker import Maker
from tests.browser.process import App
from tests.browser.proxy import TlsProxy
from tests.browser.wire import Wire
from tests.conftest import known_nodes, wait_until

HERE = Path(__file__).parent
_ARGUMENTS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_NONE = "There is no Chromium. Install one, or name it in EASEL_CHROMIUM."

Visit = Callable[..., Maker]


def _chromium() -> str | None:
    named = os.environ.get("EASEL_CHROMIUM")
    return named or next((path for name in _NAMES if (path := shutil.which(name))), None)


# Read before a test's clean environment takes it away.
_CHROMIUM = _chromium()
_IN_CI = bool(os.environ.get("CI"))
_failed = pytest.StashKey[bool]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of this folder are browser tests; without a browser they are skipped, but not in CI.

    They come last: Playwright's event loop stays in this thread until the end, and no other could be run beside it.
    """
    items.sort(key=lambda item: HERE in item.path.parents)
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if _CHROMIUM is None and not _IN_CI:
                item.add_marker(pytest.mark.skip(reason=_NONE))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call":
        item.stash[_failed] = report.failed
    return report


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if _CHROMIUM is None:
        pytest.fail(_NONE)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=_CHROMIUM, args=_ARGUMENTS)
        yield launched
        launched.close()


# --- back ends ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="package")
def fake() -> Iterator[FakeComfyUI]:
    with FakeComfyUI(object_info=known_nodes(), cache=False) as server:
        yield server


@pytest.fixture(scope="package")
def app(browser: Browser, fake: FakeComfyUI, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """Easel on the scripted ComfyUI, with a grace that outlasts a test."""
    with App(tmp_path_factory.mktemp("app"), COMFYUI_URL=fake.url, EASEL_GOODBYE_GRACE="60") as running:
        yield running


@pytest.fixture
def comfy(fake: FakeComfyUI, app: App) -> Iterator[Wire]:
    """The scripted ComfyUI behind ``app``."""
    wire = Wire(fake)
    yield wire
    wire.close()
    wait_until(lambda: not app.open_jobs, 20, "the end of this test's jobs")


@pytest.fixture(scope="package")
def demo(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """Easel on its demo engine."""
    with App(tmp_path_factory.mktemp("demo"), EASEL_DEMO="1") as running:
        yield running


@dataclass(frozen=True)
class Studio:
    """Easel under a path prefix, behind a TLS proxy, with short graces.

    Attributes:
        url: of its page, as the browser names it.
    """

    app: App
    proxy: TlsProxy
    url: str


@pytest.fixture(scope="package")
def studio_fake() -> Iterator[FakeComfyUI]:
    with FakeComfyUI(object_info=known_nodes(), cache=False) as server:
        yield server


@pytest.fixture(scope="package")
def studio(browser: Browser, studio_fake: FakeComfyUI, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    folder = tmp_path_factory.mktemp("studio")
    settings = {"COMFYUI_URL": studio_fake.url, "EASEL_GOODBYE_GRACE": "0.5", "EASEL_SILENT_GRACE": "5"}
    with (
        App(folder, "--server.baseUrlPath=studio", **settings) as running,
        TlsProxy(running.port, folder) as proxy,
    ):
        yield Studio(running, proxy, f"{proxy.url}/studio")


@pytest.fixture
def studio_comfy(studio_fake: FakeComfyUI, studio: Studio) -> Iterator[Wire]:
    """The scripted ComfyUI behind ``studio``."""
    wire = Wire(studio_fake)
    yield wire
    studio.proxy.mend()
    wire.close()
    wait_until(lambda: not studio.app.open_jobs, 20, "the end of this test's jobs")


# --- makers ---------------------------------------------------------------------------------------------------


class Contexts:
    """Browser contexts, each like new: emptied of all but the browser's cache of scripts, which saves a second."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._free: dict[str, list[BrowserContext]] = {}
        self._kinds: dict[BrowserContext, str] = {}

    def take(self, **options: Any) -> BrowserContext:
        """One with these options, beside a desk's viewport and trust in the proxy's certificate."""
        options = {"viewport": {"width": 1280, "height": 800}, "ignore_https_errors": True, **options}
        kind = json.dumps(options, sort_keys=True)
        free = self._free.setdefault(kind, [])
        context = free.pop() if free else self._browser.new_context(**options)
        self._kinds[context] = kind
        return context

    def give_back(self, context: BrowserContext) -> None:
        """Close its pages, so that their jobs are left, and forget whose it was."""
        for page in context.pages:
            page.close()
        context.clear_cookies()
        self._free[self._kinds.pop(context)].append(context)


@pytest.fixture(scope="package")
def contexts(browser: Browser) -> Contexts:
    return Contexts(browser)


@pytest.fixture
def visit(contexts: Contexts, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Visit]:
    """``visit(url, query, **context options)``: another maker, at the page. A failure leaves screenshots."""
    makers: list[Maker] = []

    def visit(url: str, query: str = "", **options: Any) -> Maker:
        makers.append(Maker(contexts.take(**options), url))
        return makers[-1].open(query)

    yield visit
    if request.node.stash.get(_failed, False):
        _take_pictures(makers, tmp_path)
    for maker in makers:
        contexts.give_back(maker.context)


def _take_pictures(makers: Iterable[Maker], folder: Path) -> None:
    for number, maker in enumerate(makers):
        if not maker.page.is_closed():
            maker.page.screenshot(path=folder / f"maker-{number}.png")


@pytest.fixture
def maker(visit: Visit, app: App, comfy: Wire) -> Maker:
    """A maker before ``app``, at a page that was just opened."""
    return visit(app.url)


@pytest.fixture(scope="module")
def _known(contexts: Contexts) -> Iterator[dict[str, Maker]]:
    known: dict[str, Maker] = {}
    yield known
    for maker in known.values():
        contexts.give_back(maker.context)


@pytest.fixture
def regular(
    _known: dict[str, Maker],
    contexts: Contexts,
    app: App,
    comfy: Wire,
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> Iterator[Callable[[str], Maker]]:
    """``regular(name)``: a maker who stays at the page for a whole module, which saves loading it.

    The form is as the test before left it, and no job runs. After a failure the page is a new one.
    """

    def regular(name: str) -> Maker:
        if name not in _known:
            _known[name] = Maker(contexts.take(), app.url).open()
        return _known[name]

    yield regular
    if request.node.stash.get(_failed, False):
        _take_pictures(_known.values(), tmp_path)
        for maker in _known.values():
            contexts.give_back(maker.context)
        _known.clear()


@pytest.fixture
def ann(regular: Callable[[str], Maker]) -> Maker:
    return regular("ann")


@pytest.fixture
def bob(regular: Callable[[str], Maker]) -> Maker:
    return regular("bob")
