"""A real Chromium before a real ``streamlit run app.py``, on the demo engine and on a scripted ComfyUI."""

from __future__ import annotations

import copy
import json
import os
import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from comfy_api.testing import FakeComfyUI
from tests.browser.maker import Maker
from tests.browser.process import App
from tests.browser.proxy import TlsProxy
from tests.browser.wire import Wire
from tests.conftest import wait_until

HERE = Path(__file__).parent
MODEL = "v1-5-pruned-emaonly-fp16.safetensors"
_ARGUMENTS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
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
    """All of this folder are browser tests; without a browser they are skipped, but not in CI."""
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


def known_nodes() -> dict[str, Any]:
    """What a real ComfyUI said of its nodes, with the bundled workflows' model among its models."""
    found: dict[str, Any] = json.loads((HERE.parent / "data" / "object_info_small.json").read_text())
    found = copy.deepcopy(found)
    found["CheckpointLoaderSimple"]["input"]["required"]["ckpt_name"][0].append(MODEL)
    return found


@pytest.fixture(scope="package")
def fake() -> Iterator[FakeComfyUI]:
    with FakeComfyUI(object_info=known_nodes()) as server:
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
    with FakeComfyUI(object_info=known_nodes()) as server:
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


@pytest.fixture
def visit(browser: Browser, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Visit]:
    """``visit(url, **context options)``: another maker, with the page open. A failure leaves screenshots."""
    makers: list[Maker] = []
    with ExitStack() as closing:

        def visit(url: str, query: str = "", **options: Any) -> Maker:
            options = {"viewport": {"width": 1280, "height": 800}, "ignore_https_errors": True, **options}
            context = browser.new_context(**options)
            closing.callback(context.close)
            makers.append(Maker(context, url))
            return makers[-1].open(query)

        yield visit
        if request.node.stash.get(_failed, False):
            for number, maker in enumerate(makers):
                if not maker.page.is_closed():
                    maker.page.screenshot(path=tmp_path / f"maker-{number}.png")


@pytest.fixture
def maker(visit: Visit, app: App, comfy: Wire) -> Maker:
    """A maker before ``app``."""
    return visit(app.url)
