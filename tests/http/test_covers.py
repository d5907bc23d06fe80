"""Cover pictures of workflows by URL."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import requests
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from comfy_api.http.covers import MAX_BYTES, cover
from comfy_api.workflow.forms.control import Form
from comfy_api.workflow.intake import WorkflowFile
from comfy_api.workflow.library import Library
from tests.conftest import wait_until

FILE = WorkflowFile("", {"1": {"class_type": "PreviewImage", "inputs": {}}})


def picture(ending: str, grey: int = 90) -> bytes:
    return cv2.imencode(ending, np.full((40, 60, 3), grey, np.uint8))[1].tobytes()


class Shelf:
    """Gives the covers of a real library, as the service does."""

    def __init__(self, library: Library) -> None:
        self.library = library

    def cover(self, slug: str) -> Path | None:
        return next((entry.cover for entry in self.library.entries() if entry.slug == slug), None)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "bundled", tmp_path / "published")


@pytest.fixture
def get(library: Library) -> Iterator[Callable[..., requests.Response]]:
    async def handle(request: Request) -> Response:
        return await cover(request, Shelf(library), "ann")

    app = Starlette(routes=[Route("/easel/covers/{slug}", handle)])
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    wait_until(lambda: server.started, what="listening")
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/easel/covers"
    try:
        yield lambda slug, **headers: requests.get(f"{url}/{slug}", headers=headers, timeout=5)
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


@pytest.mark.parametrize(("ending", "mime"), [(".png", "image/png"), (".jpg", "image/jpeg"), (".webp", "image/webp")])
def test_a_cover_is_sent_as_what_it_is(
    library: Library, get: Callable[..., requests.Response], ending: str, mime: str
) -> None:
    data = picture(ending)
    library.publish("fox", FILE, Form(), data)
    answer = get("fox")
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, data, mime)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "sandbox" in answer.headers["content-security-policy"]


def test_a_cover_is_sent_once_until_there_is_another(library: Library, get: Callable[..., requests.Response]) -> None:
    library.publish("fox", FILE, Form(), picture(".png"))
    first = get("fox")
    assert "no-cache" in first.headers["cache-control"]
    held = {"If-None-Match": f"W/{first.headers['etag']}"}
    again = get("fox", **held)
    assert (again.status_code, again.content) == (304, b"")
    library.publish("fox", FILE, Form(), picture(".png", 200))
    assert get("fox", **held).content == picture(".png", 200)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<script>alert(1)</script>",
        b"\x89PNG\r\n\x1a\n<script>",
        picture(".webp")[:12],
        picture(".png") + b"\0" * MAX_BYTES,
    ],
    ids=["empty", "a page", "a page behind a signature", "broken off", "too large"],
)
def test_what_is_no_picture_is_not_sent(library: Library, get: Callable[..., requests.Response], data: bytes) -> None:
    library.publish("fox", FILE, Form(), picture(".webp"))
    (library.published / "fox/1/cover.webp").write_bytes(data)
    assert get("fox").status_code == 404


def test_a_workflow_without_a_cover_has_none(library: Library, get: Callable[..., requests.Response]) -> None:
    library.publish("fox", FILE, Form())
    for slug in ("fox", "cat", "..%2Ffox", "fox%2F..%2F..%2Fowner.key", "x" * 9000):
        assert get(slug).status_code == 404


def test_a_cover_that_is_taken_away_is_not_found(
    library: Library, get: Callable[..., requests.Response], monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = library.publish("fox", FILE, Form(), picture(".png"))
    assert entry.cover is not None
    monkeypatch.setattr(Shelf, "cover", lambda self, slug: entry.cover)  # asked just before it goes
    entry.cover.unlink()
    assert get("fox").status_code == 404
