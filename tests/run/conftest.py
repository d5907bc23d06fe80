"""A scripted ComfyUI, clients of it, and a look at what a test leaves behind."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import Any

import pytest
from running import Connect

from comfy_api import ComfyClient
from comfy_api.protocol.http import read_retries
from comfy_api.testing import FakeComfyUI


def _open_sockets() -> set[str]:
    """The sockets of this process; empty where the system does not say."""
    found: set[str] = set()
    with suppress(FileNotFoundError):
        for number in os.listdir("/proc/self/fd"):
            with suppress(FileNotFoundError):  # the listing's own
                found.add(os.readlink(f"/proc/self/fd/{number}"))
    return {name for name in found if name.startswith("socket:")}


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    """Every thread and every socket that a test opens is gone soon after it."""
    threads, sockets = set(threading.enumerate()), _open_sockets()
    yield
    deadline, pause = time.monotonic() + 5, threading.Event()
    while left := [*(set(threading.enumerate()) - threads), *(_open_sockets() - sockets)]:
        assert time.monotonic() < deadline, f"left behind: {left}"
        pause.wait(0.01)


@pytest.fixture
def comfy() -> Iterator[FakeComfyUI]:
    with FakeComfyUI() as server:
        yield server


#: As many repetitions as usual, a twentieth of the waits.
QUICK = read_retries().new(backoff_factor=0.005, backoff_jitter=0.01)


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Makes clients, and closes them."""
    with ExitStack() as stack:

        def make(url: str, **options: Any) -> ComfyClient:
            return stack.enter_context(ComfyClient(url, **{"timeout": 5.0, "retries": QUICK, **options}))

        yield make


@pytest.fixture
def client(comfy: FakeComfyUI, connect: Connect) -> ComfyClient:
    return connect(comfy.url)
