"""Child processes and what they use: processor time and memory as Linux counts them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from lib import ROOT

_TICKS = os.sysconf("SC_CLK_TCK")


class Child:
    """A Python process of ours. Ends with the block, by signal, and by force after 8 s."""

    def __init__(self, arguments: Sequence[str], env: Mapping[str, str] | None = None, log: Path | None = None) -> None:
        """
        Args:
            arguments: what follows ``python``.
            env: added to this environment.
            log: where its stderr goes; ours where none is given.
        """
        paths = os.pathsep.join([str(ROOT), str(ROOT / "benchmarks")])
        self._log: IO[bytes] | None = log.open("wb") if log else None
        self.process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": paths, **(env or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End it. Closing twice is fine."""
        self.process.terminate()
        try:
            self.process.wait(8)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(8)
        for pipe in (self.process.stdin, self.process.stdout, self._log):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()

    def line(self) -> str:
        """The next line of its output. Raises RuntimeError when it has ended."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline().decode()
        if not line:
            raise RuntimeError(f"{self.process.args} ended with {self.process.poll()}")
        return line.strip()

    def cpu(self) -> float:
        """Seconds of processor time so far: user and system, all threads, without children."""
        # The name in brackets may hold blanks; what is counted stands after it.
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def memory(self) -> float:
        """Resident memory, in MB."""
        return status_mb("VmRSS", self.process.pid)


def status_mb(field: str, pid: int | str = "self") -> float:
    """``VmRSS`` (now) or ``VmHWM`` (peak) of a process, in MB of 10⁶ bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024 / 1e6
    raise LookupError(field)


def forget_peak() -> None:
    """Count ``VmHWM`` of this process anew from here."""
    Path("/proc/self/clear_refs").write_text("5")


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_page(url: str, child: Child, seconds: float = 30.0) -> None:
    """Wait until ``url`` answers 200. Raises TimeoutError, or RuntimeError when the child has ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if child.process.poll() is not None:
            raise RuntimeError(f"{child.process.args} ended with {child.process.returncode}")
        with suppress(OSError), urllib.request.urlopen(url, timeout=2):
            return
        time.sleep(0.1)
    raise TimeoutError(url)
