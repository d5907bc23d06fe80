"""Our routes on a real port, and browsers with a cookie of their own."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
import uvicorn
import websocket
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse
from starlette.routing import Route

from comfy_api.http import HostCheck, OwnerCookie, Owners, routes
from comfy_api.service import Service
from comfy_api.settings import Settings
from comfy_api.testing import FakeComfyUI
from tests.conftest import known_nodes, wait_until


@dataclass
class Browser:
    """Someone with a cookie."""

    site: str
    base: str
    owners: Owners
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.session.get(self.site, headers={"Accept": "text/html"}, timeout=5).raise_for_status()

    @property
    def cookie(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.session.cookies.items())

    @property
    def owner(self) -> str:
        found = self.owners.owner_of(dict(self.session.cookies))
        assert found is not None
        return found

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.session.get(f"{self.site}{self.base}{path}", timeout=5, **options)

    def live(self, job_id: str, **options: Any) -> websocket.WebSocket:
        options.setdefault("origin", self.site)
        url = f"{self.site.replace('http', 'ws')}{self.base}/easel/jobs/{job_id}/live"
        return websocket.create_connection(url, cookie=self.cookie, timeout=5, **options)


@dataclass
class Site:
    url: str
    service: Service
    owners: Owners
    base: str

    def browser(self) -> Browser:
        return Browser(self.url, self.base, self.owners)


def until_state(line: websocket.WebSocket, **wanted: Any) -> dict[str, Any]:
    """Read the live view, acknowledging previews, until a state has these values."""
    while True:
        opcode, data = line.recv_data()
        if opcode == websocket.ABNF.OPCODE_BINARY:
            line.send("a")
        elif opcode == websocket.ABNF.OPCODE_TEXT:
            state: dict[str, Any] = json.loads(data)
            if all(state[name] == value for name, value in wanted.items()):
                return state
        else:
            raise AssertionError(f"the line ended before {wanted}")


@pytest.fixture
def comfy() -> Iterator[FakeComfyUI]:
    with FakeComfyUI(object_info=known_nodes()) as server:
        yield server


@pytest.fixture(params=["", "/studio"], ids=["root", "prefix"])
def base(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def site(comfy: FakeComfyUI, tmp_path: Path, base: str) -> Iterator[Site]:
    settings = Settings.load(comfyui_url=comfy.url, data=tmp_path, base_path=base, goodbye_grace=0.3, silent_grace=60.0)
    service, owners = Service(settings), Owners.of_folder(tmp_path)
    page = Route("/", lambda request: HTMLResponse("<p>Easel</p>"))
    app = Starlette(
        routes=[page, *routes(lambda: service, owners, base)],
        middleware=[Middleware(HostCheck, hosts=["127.0.0.1"]), Middleware(OwnerCookie, owners=owners)],
    )
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="websockets-sansio", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    wait_until(lambda: server.started, what="listening")
    try:
        yield Site(f"http://127.0.0.1:{listener.getsockname()[1]}", service, owners, base)
    finally:
        service.close()
        server.should_exit = True
        thread.join(10)
        listener.close()
