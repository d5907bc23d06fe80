"""``streamlit run app.py`` as a process of its own, on a free port, with its log read line by line."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
_SETTINGS = ("EASEL_", "STREAMLIT_", "COMFYUI_")


class App:
    """One running Easel. Ends with its block, by SIGTERM, and by force after 10 s.

    Attributes:
        url: where its page is, without a slash at the end.
        lines: its log so far, both streams.
        process: the process itself.
    """

    def __init__(self, data: Path, *options: str, script: str = "app.py", **environment: str) -> None:
        """
        Args:
            data: its data folder.
            options: further ones of ``streamlit run``.
            script: what is run, from the project's folder.
            environment: settings; those of the person who runs the tests are left out.
        """
        self.port = _free_port()
        base = next((option.split("=")[1] for option in options if "baseUrlPath=" in option), "")
        self.url = f"http://127.0.0.1:{self.port}{f'/{base}' if base else ''}"
        self.lines: list[str] = []
        self._came = threading.Condition()
        clean = {name: value for name, value in os.environ.items() if not name.startswith(_SETTINGS)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", script, f"--server.port={self.port}", *options],
            cwd=ROOT,
            env={**clean, "EASEL_DATA": str(data), "EASEL_LOG_PROMPTS": "1", **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )
        self._reader = threading.Thread(target=self._read, name="app-log")
        self._reader.start()

    def __enter__(self) -> Self:
        try:
            self._until_healthy()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End it; twice is fine."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
        self._reader.join(10)

    # --- its log ------------------------------------------------------------------------------------------------

    def wait_line(self, pattern: str, *, since: int = 0, timeout: float = 15.0) -> re.Match[str]:
        """Wait for a line of the log that matches; those before ``since`` do not count."""
        deadline, seen = time.monotonic() + timeout, since
        with self._came:
            while True:
                for line in self.lines[seen:]:
                    if found := re.search(pattern, line):
                        return found
                seen = len(self.lines)
                rest = deadline - time.monotonic()
                assert rest > 0, f"no line {pattern!r} within {timeout} s in:\n" + "".join(self.lines[since:])
                self._came.wait(rest)

    def find_all(self, pattern: str, since: int = 0) -> list[str]:
        """What the pattern's group is in each line that matches."""
        with self._came:
            found = [re.search(pattern, line) for line in self.lines[since:]]
        return [match[1] for match in found if match]

    @property
    def open_jobs(self) -> set[str]:
        """Jobs that have begun and not ended."""
        return set(self.find_all(r"job=(\S+) event=queued")) - set(
            self.find_all(r"job=(\S+) event=(?:succeeded|failed|stopped|lost) ")
        )

    # --- inside -------------------------------------------------------------------------------------------------

    def children(self) -> list[int]:
        """The processes that it has started: at most the demo engine. Linux."""
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return [int(child) for task in tasks for child in task.read_text().split()]

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as out:
            for line in out:
                with self._came:
                    self.lines.append(line)
                    self._came.notify_all()

    def _until_healthy(self) -> None:
        deadline, pause = time.monotonic() + 30, threading.Event()
        while True:
            assert self.process.poll() is None, "the app did not start:\n" + "".join(self.lines)
            try:
                with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=5):
                    return
            except OSError:
                assert time.monotonic() < deadline, "the app did not answer:\n" + "".join(self.lines)
                pause.wait(0.05)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
