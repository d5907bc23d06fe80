"""What every test has: a clean environment, and a wait for a condition instead of a sleep."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# A busy machine is slow, and that is no fault of an example.
settings.register_profile("easel", deadline=None)
settings.load_profile("easel")

Until = Callable[..., None]

DATA = Path(__file__).parent / "data"
#: The model of the bundled workflows.
MODEL = "v1-5-pruned-emaonly-fp16.safetensors"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """A developer's own settings change no test."""
    for name in [name for name in os.environ if name.startswith("EASEL_")]:
        monkeypatch.delenv(name)
    if "contract" not in request.path.parts and "live" not in request.path.parts:
        monkeypatch.delenv("COMFYUI_URL", raising=False)
        monkeypatch.delenv("COMFYUI_API_KEY", raising=False)


def wait_until(condition: Callable[[], object], timeout: float = 10.0, what: str = "it") -> None:
    """Wait until the condition holds; fail after ``timeout`` seconds."""
    deadline = time.monotonic() + timeout
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen within {timeout} s"
        pause.wait(0.005)


@pytest.fixture
def until() -> Until:
    """``until(condition, timeout=10, what="…")``."""
    return wait_until


def known_nodes() -> dict[str, Any]:
    """What a real ComfyUI said of its nodes, with the bundled workflows' model among its models."""
    found: dict[str, Any] = json.loads((DATA / "object_info_small.json").read_text())
    found["CheckpointLoaderSimple"]["input"]["required"]["ckpt_name"][0].append(MODEL)
    return found
