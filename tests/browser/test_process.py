"""The app's own end: nothing goes on behind it."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from comfy_api.testing import FakeComfyUI
from tests.browser.conftest import Visit, known_nodes
from tests.browser.process import App
from tests.browser.wire import Wire
from tests.conftest import wait_until

linux = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks for child processes in /proc")


def _runs(process: int) -> bool:
    """Whether a process that is no child of ours is there and no zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_sigterm_stops_the_job_on_the_server_and_ends_within_five_seconds(
    visit: Visit, browser: Browser, tmp_path: Path
) -> None:
    with FakeComfyUI(object_info=known_nodes()) as fake, App(tmp_path, COMFYUI_URL=fake.url) as app:
        comfy, maker = Wire(fake), visit(app.url)
        comfy.hold_after("progress 3 5")
        maker.generate("a red fox")
        comfy.wait_held()
        maker.wait_running()
        app.process.terminate()
        app.process.wait(5)
        comfy.wait_stopped(comfy.prompt_ids[0], timeout=1)
        assert fake.remaining == 0


@linux
@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_the_demo_engine_ends_with_the_app_however_that_ends(tmp_path: Path, end: signal.Signals) -> None:
    with App(tmp_path, EASEL_DEMO="1") as app:
        app.wait_line("demo engine ready")
        (engine,) = app.children()
        os.kill(app.process.pid, end)
        app.process.wait(5)
        wait_until(lambda: not _runs(engine), 5, "the end of the demo engine")
