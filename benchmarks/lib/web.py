"""Web servers under test, each a real ``streamlit run``."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import requests

from lib import ROOT
from lib.processes import Child, free_port, wait_for_page


class Web(Child):
    """A Streamlit server.

    Attributes:
        url: where it is, without a slash at the end.
    """

    def __init__(self, script: Path, folder: Path, env: dict[str, str]) -> None:
        """
        Args:
            script: what to serve.
            folder: for its data and its log.
            env: added to this environment.
        """
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        options = ["--server.port", str(port), "--server.headless", "true", "--browser.gatherUsageStats", "false"]
        super().__init__(
            ["-m", "streamlit", "run", str(script), *options, "--server.fileWatcherType", "none"],
            {"EASEL_DATA": str(folder / "data"), **env},
            folder / f"{script.stem}.log",
        )
        try:
            wait_for_page(f"{self.url}/_stcore/health", self)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self


def easel(folder: Path, comfy: str, jobs: int) -> Web:
    """Easel before the ComfyUI at ``comfy``, so many jobs at once."""
    env = {"COMFYUI_URL": comfy, "EASEL_JOBS_AT_ONCE": str(jobs)}
    return Web(ROOT / "benchmarks" / "lib" / "served.py", folder, env)


def tutorial(folder: Path, comfy: str) -> Web:
    """The busy loop of the classic tutorial before the same server."""
    return Web(ROOT / "benchmarks" / "lib" / "tutorial.py", folder, {"COMFYUI_URL": comfy})


class Maker:
    """Someone without a browser: has the cookie and starts jobs."""

    def __init__(self, web: Web) -> None:
        self._web = web
        self._session = requests.Session()
        self._session.get(web.url, headers={"Accept": "text/html"}, timeout=10).raise_for_status()

    @property
    def cookie(self) -> str:
        """What to send as ``Cookie``."""
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self._session.cookies)

    def submit(self) -> str:
        """Start a job; its id."""
        answer = self._session.post(f"{self._web.url}/bench/jobs", timeout=10)
        answer.raise_for_status()
        return answer.text
