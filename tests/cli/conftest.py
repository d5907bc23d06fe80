"""The command line in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest

from comfy_api.demo.process import DemoProcess
from comfy_api.testing import FakeComfyUI
from tests.conftest import known_nodes

ROOT = Path(__file__).resolve().parents[2]
TXT2IMG = str(ROOT / "workflows/txt2img.json")
IMG2IMG = str(ROOT / "workflows/img2img.json")
DRAFT = str(ROOT / "workflows/draft_refine.json")
SMALL = ("--size", "64x64", "--steps", "3")
#: Far longer than anything here takes.
LIMIT = 30.0


@dataclass(frozen=True)
class Ended:
    """A command that is over."""

    code: int
    out: str
    err: str

    @property
    def paths(self) -> list[Path]:
        return [Path(line) for line in self.out.splitlines()]


Cli = Callable[..., Ended]
Many = Callable[[Iterable[Sequence[str]]], list[Ended]]
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(scope="module")
def demo() -> Iterator[str]:
    with DemoProcess.start(step_seconds=0) as engine:
        yield engine.url


@pytest.fixture
def comfy() -> Iterator[FakeComfyUI]:
    with FakeComfyUI(object_info=known_nodes()) as server:
        yield server


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """``start(*arguments, NAME="environment", stderr=…)``: a command that goes on; killed if the test leaves it."""
    # A runner in the background has SIGINT ignored, which a child would inherit.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    started: list[subprocess.Popen[str]] = []

    def begin(
        *arguments: str, stdout: int = subprocess.PIPE, stderr: int = subprocess.PIPE, **environment: str
    ) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-W", "error::ResourceWarning", "-m", "comfy_api", *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), "EASEL_DATA": str(tmp_path / "data"), **environment},
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            text=True,
            encoding="utf-8",
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        with process:
            if process.poll() is None:
                process.kill()
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def cli(start: Start) -> Cli:
    """``cli(*arguments, NAME="environment")``: a command to its end."""

    def run(*arguments: str, **environment: str) -> Ended:
        return end(start(*arguments, **environment))

    return run


@pytest.fixture
def many(tmp_path: Path) -> Many:
    """Commands one after another in one process: most of a command's time is its start."""

    def run(commands: Iterable[Sequence[str]]) -> list[Ended]:
        done = subprocess.run(
            [sys.executable, "-c", _MANY],
            input=json.dumps([list(arguments) for arguments in commands]),
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), "EASEL_DATA": str(tmp_path / "data")},
            capture_output=True,
            text=True,
            timeout=LIMIT,
        )
        assert done.returncode == 0, done.stderr
        return [Ended(*ended) for ended in json.loads(done.stdout)]

    return run


_MANY = """
import contextlib, io, json, sys
from comfy_api.cli import main

ended = []
for arguments in json.load(sys.stdin):
    out, err = io.StringIO(), io.StringIO()
    sys.argv = ["comfy_api", *arguments]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as left:
            code = left.code
    ended.append((code, out.getvalue(), err.getvalue()))
json.dump(ended, sys.stdout)
"""


def end(process: subprocess.Popen[str], within: float = LIMIT) -> Ended:
    """Wait for a command."""
    out, err = process.communicate(timeout=within)
    return Ended(process.returncode, out, err)


def read_until(stream: IO[str] | None, words: str) -> None:
    """Read lines up to one with these words."""
    assert stream is not None
    seen = []
    for line in stream:
        seen.append(line)
        if words in line:
            return
    pytest.fail(f"no {words!r} in {seen}")
