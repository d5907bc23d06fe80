"""The servers that the contract is held against: the demo engine in both versions, and COMFYUI_URL if set."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import requests

from comfy_api.demo.process import DemoProcess
from tests.contract.wire import TIMEOUT, Client, Server

REAL = os.environ.get("COMFYUI_URL", "").rstrip("/")


@pytest.fixture(scope="session", params=["demo-0.3.64", "demo-0.38", *(["real"] if REAL else [])])
def any_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """One server a session; the real one only where COMFYUI_URL names it."""
    name = str(request.param)
    if name == "real":
        yield describe(REAL, demo=False)
        return
    with DemoProcess.start(api=name.removeprefix("demo-"), step_seconds=0) as process:
        yield describe(process.url, demo=True)


@pytest.fixture
def server(any_server: Server) -> Iterator[Server]:
    """The server, idle before and after."""
    any_server.wait_idle()
    yield any_server
    any_server.post("/queue", json={"clear": True})
    any_server.post("/interrupt")
    any_server.wait_idle()


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    """A websocket without flags."""
    with Client(server) as connected:
        yield connected


@pytest.fixture
def etn(server: Server) -> str:
    """The tooling nodes' sender, where the server has it."""
    if not server.has_etn:
        pytest.skip("the server has no ETN_SendImageWebSocket")
    return "ETN_SendImageWebSocket"


def describe(url: str, *, demo: bool) -> Server:
    """Look at a server."""
    classes = requests.get(f"{url}/object_info", timeout=TIMEOUT).json()
    newer = requests.get(f"{url}/api/jobs", timeout=TIMEOUT).status_code == 200
    return Server(url, newer, demo, classes)
