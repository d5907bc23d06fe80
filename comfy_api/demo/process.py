"""Start and end the demo engine in a process of its own."""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Any, Self

#: The same text as `comfy_api.demo.serve.ANNOUNCEMENT`; that module is heavy to import.
ANNOUNCEMENT = "ComfyUI protocol (demo engine) on "


class DemoDidNotStartError(RuntimeError):
    """The demo engine did not say its address in time."""


class DemoProcess:
    """A running engine. Ends with `close`, or by itself when this process ends, however it ends.

    Attributes:
        url: its address, ``http://127.0.0.1:PORT``.
    """

    def __init__(self, process: subprocess.Popen[bytes], url: str) -> None:
        self.url = url
        self._process = process
        # `close` may be called from several threads at once.
        self._closing = threading.Lock()

    @classmethod
    def start(
        cls,
        port: int = 0,
        api: str = "0.3.64",
        deadline: float = 15.0,
        *,
        step_seconds: float | None = None,
        previews: bool = True,
    ) -> Self:
        """Start an engine and wait until it answers.

        Args:
            port: 0 for any free one.
            api: the ComfyUI version to speak as.
            deadline: seconds to wait.
            step_seconds: least time of a sampler step; None for the engine's own.
            previews: whether samplers send live previews.

        Raises:
            DemoDidNotStartError: it ended, or stayed silent; nothing is left running.
        """
        arguments = ["--port", str(port), "--api", api, "--until-eof"]
        if step_seconds is not None:
            arguments += ["--step-seconds", str(step_seconds)]
        if not previews:
            arguments += ["--preview-method", "none"]
        process = subprocess.Popen(
            [sys.executable, "-m", "comfy_api.demo", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_environment(),
            # Ctrl-C in a terminal goes to the whole group: the engine has to outlive the stopping of its jobs.
            **_own_group(),
        )
        line = _first_line(process, deadline)
        if not line.startswith(ANNOUNCEMENT):
            cls(process, "").close()
            raise DemoDidNotStartError(f"The demo engine did not start within {deadline:.0f} s. Its log says more.")
        return cls(process, line.removeprefix(ANNOUNCEMENT).strip())

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def close(self, deadline: float = 5.0) -> None:
        """End it: politely, by signal after ``deadline`` seconds, by force after twice that. May be repeated."""
        with self._closing:
            _close_pipe(self._process.stdin)
            for end in (self._process.terminate, self._process.kill):
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(deadline)
                    break
                end()
            self._process.wait(deadline)
            _close_pipe(self._process.stdout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _first_line(process: subprocess.Popen[bytes], deadline: float) -> str:
    """The first line of its output; ``""`` when it ends or the deadline passes."""
    assert process.stdout is not None
    lines: queue.Queue[bytes] = queue.Queue(1)
    # Pipes know no time-out on Windows; the thread ends with the first line or the process.
    stdout = process.stdout
    threading.Thread(target=lambda: lines.put(stdout.readline()), name="demo-stdout", daemon=True).start()
    try:
        return lines.get(timeout=deadline).decode("utf-8", "replace")
    except queue.Empty:
        return ""


def _own_group() -> dict[str, Any]:
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def _environment() -> dict[str, str]:
    """This environment, in which the package is found even where it is not installed."""
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path)}


def _close_pipe(pipe: IO[bytes] | None) -> None:
    if pipe is not None:
        with contextlib.suppress(OSError):
            pipe.close()
