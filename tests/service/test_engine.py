"""Which engine is taken, and what becomes of it (design.md, decision 8)."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from comfy_api.errors import Refused
from comfy_api.servers.engine import Engine
from comfy_api.service import Service
from comfy_api.settings import Settings
from comfy_api.testing import FakeComfyUI
from tests.conftest import Until


@contextmanager
def engine(tmp_path: Path, next_door: str, **settings: object) -> Iterator[Engine]:
    made = Engine(Settings.load(data=tmp_path, **settings), next_door=next_door, look_every=0.05)
    try:
        assert made.wait_ready(20)
        yield made
    finally:
        made.close()
        made.close()


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


def test_the_server_that_was_named_is_taken(tmp_path: Path, nobody: str) -> None:
    with FakeComfyUI() as comfy, engine(tmp_path, nobody, comfyui_url=comfy.url) as made:
        assert (made.state.kind, made.state.connected, made.state.version) == ("comfyui", True, "0.3.64")


def test_a_named_server_that_is_down_is_shown_as_down_and_never_replaced(tmp_path: Path, nobody: str) -> None:
    with FakeComfyUI() as next_door, engine(tmp_path, next_door.url, comfyui_url=nobody) as made:
        assert (made.state.kind, made.state.connected) == ("comfyui", False)
        assert "does not answer" in made.state.sentence
        assert nobody.removeprefix("http://") == made.state.name


def test_a_comfyui_next_door_is_taken(tmp_path: Path) -> None:
    with FakeComfyUI() as comfy, engine(tmp_path, comfy.url) as made:
        assert made.state.kind == "comfyui"


def test_else_the_demo_engine_starts_and_ends_with_us(tmp_path: Path, nobody: str) -> None:
    with engine(tmp_path, nobody) as made:
        assert (made.state.kind, made.state.connected) == ("demo", True)
        demo = made._demo
        assert demo is not None
        assert demo.alive
    assert not demo.alive


def test_a_demo_engine_that_dies_comes_back_at_its_address(tmp_path: Path, nobody: str, until: Until) -> None:
    with engine(tmp_path, nobody) as made:
        first = made._demo
        assert first is not None
        first._process.kill()
        until(lambda: made._demo is not first and made.state.connected, 20)
        assert made._demo is not None
        assert made._demo.url == first.url


def test_the_demo_engine_can_be_asked_for(tmp_path: Path) -> None:
    with FakeComfyUI() as comfy, engine(tmp_path, comfy.url, comfyui_url=comfy.url, demo=True) as made:
        assert (made.state.kind, made.state.offer) == ("demo", None)


def test_a_server_that_goes_and_comes_back_is_seen(tmp_path: Path, nobody: str, until: Until) -> None:
    with FakeComfyUI() as comfy, engine(tmp_path, nobody, comfyui_url=comfy.url) as made:
        comfy.stop_listening()
        until(lambda: not made.state.connected)
        comfy.resume()
        until(lambda: made.state.connected)


def test_a_comfyui_that_appears_is_offered_and_taken_when_asked(tmp_path: Path, nobody: str, until: Until) -> None:
    with FakeComfyUI() as comfy:
        comfy.stop_listening()
        settings = Settings.load(data=tmp_path)
        service = Service(settings, engine=lambda s: Engine(s, next_door=comfy.url, look_every=0.05))
        try:
            until(lambda: service.server().connected, 20)
            assert (service.server().kind, service.server().offer) == ("demo", None)
            with pytest.raises(Refused):
                service.connect("http://somewhere.example")
            comfy.resume()
            until(lambda: service.server().offer == comfy.url)
            service.connect(comfy.url)
            assert (service.server().kind, service.server().connected) == ("comfyui", True)
        finally:
            service.close()


def test_secrets_go_to_the_server_that_they_were_set_for_alone(tmp_path: Path, until: Until) -> None:
    with FakeComfyUI() as named, FakeComfyUI() as other:
        with engine(
            tmp_path, other.url, comfyui_url=named.url, comfyui_api_key="s3cret", comfyui_headers={"X-Door": "open"}
        ) as made:
            made.connect(other.url)
        assert named.requests[-1].headers["authorization"] == "Bearer s3cret"
        assert named.requests[-1].headers["x-door"] == "open"
        assert all("authorization" not in request.headers for request in other.requests)
        assert "s3cret" not in repr(made._settings)
