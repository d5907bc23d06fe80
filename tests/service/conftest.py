"""A service on a scripted ComfyUI."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from comfy_api.service import Service
from comfy_api.settings import Settings
from comfy_api.testing import FakeComfyUI
from tests.conftest import known_nodes

MakeService = Callable[..., Service]


@pytest.fixture
def comfy() -> Iterator[FakeComfyUI]:
    with FakeComfyUI(object_info=known_nodes()) as server:
        yield server


@pytest.fixture
def make_service(tmp_path: Path) -> Iterator[MakeService]:
    """Makes services with settings of the test's own, and closes them."""
    made: list[Service] = []

    def make(url: str = "", **settings: object) -> Service:
        service = Service(Settings.load(comfyui_url=url, data=tmp_path, **settings))
        made.append(service)
        return service

    yield make
    for service in made:
        service.close()
    left = [thread.name for thread in threading.enumerate() if thread.name.startswith("easel")]
    assert not left, f"threads left behind: {left}"


@pytest.fixture
def service(comfy: FakeComfyUI, make_service: MakeService) -> Service:
    return make_service(comfy.url)
