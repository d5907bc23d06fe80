"""The demo engine's process: it starts, says where it is, and is never orphaned."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from comfy_api.demo.process import DemoDidNotStartError, DemoProcess
from tests.contract.conftest import describe
from tests.contract.wire import Client, frames, txt2img

ROOT = Path(__file__).resolve().parents[2]

#: Starts an engine as a parent that is then killed; prints its address and process id.
PARENT = """
from comfy_api.demo.process import DemoProcess
process = DemoProcess.start()
print(process.url, process._process.pid, flush=True)
input()
"""


def answers(url: str) -> bool:
    """Whether anything listens there."""
    try:
        requests.get(f"{url}/prompt", timeout=5)
    except requests.ConnectionError:
        return False
    return True


def test_it_answers_once_started_and_not_after_close() -> None:
    process = DemoProcess.start()
    assert process.alive
    assert answers(process.url)
    process.close()
    process.close()
    assert not process.alive
    assert not answers(process.url)


def test_a_taken_port_is_said_in_time(capfd: pytest.CaptureFixture[str]) -> None:
    with DemoProcess.start() as first, pytest.raises(DemoDidNotStartError):
        DemoProcess.start(port=int(first.url.rsplit(":", 1)[1]))
    assert "cannot be used" in capfd.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is not Windows'")
def test_it_ends_and_tidies_up_when_its_parent_is_killed() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True
    )
    assert parent.stdout is not None
    assert parent.stdin is not None
    url, child = parent.stdout.readline().split()
    assert answers(url)
    parent.send_signal(signal.SIGKILL)
    parent.wait(10)
    with parent.stdin, parent.stdout:
        pass
    wait_for_end_of(int(child))
    assert not answers(url)


def wait_for_end_of(pid: int) -> None:
    """Wait until a process of another parent is gone."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        # An orphan that ended may wait for its new parent to collect it.
        if Path(f"/proc/{pid}/stat").exists() and Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z":
            return
        time.sleep(0.02)
    raise AssertionError("the engine outlived its parent")


def test_it_ends_soon_though_a_prompt_runs_and_a_socket_is_open() -> None:
    with DemoProcess.start(step_seconds=5) as process, Client(describe(process.url, demo=True)) as client:
        client.queue(txt2img(client.server, steps=50))
        process.close()
    assert not process.alive


def test_without_previews_only_results_come_as_frames() -> None:
    with (
        DemoProcess.start(step_seconds=0, previews=False) as process,
        Client(describe(process.url, demo=True)) as client,
    ):
        messages = client.run(txt2img(client.server, "SaveImageWebsocket", steps=3))
        assert [frame.picture.format for frame in frames(messages)] == ["PNG"]


def test_it_says_honestly_what_it_is() -> None:
    with DemoProcess.start() as process:
        stats = requests.get(f"{process.url}/system_stats", timeout=5).json()
    assert stats["system"]["easel_demo"] is True
    assert stats["system"]["argv"][0] == "comfy_api.demo"
    assert [device["type"] for device in stats["devices"]] == ["cpu"]
