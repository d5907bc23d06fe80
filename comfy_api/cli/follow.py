"""One job, from the engine's start to its end, with Ctrl-C heard at every moment."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

from comfy_api.cli.bar import View
from comfy_api.cli.codes import Exit, Failure
from comfy_api.cli.interrupts import Interrupts
from comfy_api.cli.save import save
from comfy_api.errors import ServerUnreachable
from comfy_api.jobs.job import Job, JobState
from comfy_api.service import ServerState, Service
from comfy_api.settings import Settings

#: Jobs of the command line belong to nobody else: its service lives and ends with it.
OWNER: Final = "cli"
#: Seconds for the engine to be chosen; the demo engine starts within them.
_CHOSEN_WITHIN: Final = 30.0
#: Seconds for the server to confirm a stop.
_STOPPED_WITHIN: Final = 10.0
#: Seconds for what still runs to end with the service; a host that swallows packets would take longer.
_CLOSED_WITHIN: Final = 3.0
#: Seconds between two looks for Ctrl-C; on Windows no signal ends a wait.
_LOOK: Final = 0.1

T = TypeVar("T")


class Stopped(Failure):
    """Ctrl-C before there was anything to stop."""

    def __init__(self) -> None:
        super().__init__("Stopped.", Exit.INTERRUPTED)


@contextmanager
def opened(settings: Settings) -> Iterator[Service]:
    """A service for one job."""
    service = Service(settings)
    try:
        yield service
    finally:
        service.close(_CLOSED_WITHIN)


class Follower:
    """Brings one job to its end and its pictures into a folder.

    Attributes:
        paths: the files written so far, in the order of their pictures.
    """

    def __init__(self, service: Service, view: View, interrupts: Interrupts, folder: Path) -> None:
        self.paths: list[Path] = []
        self._service, self._view, self._interrupts, self._folder = service, view, interrupts, folder
        self._patience = service.settings.patience

    def wait_for_engine(self) -> ServerState:
        """Wait until the engine is chosen, and while patience lasts until it was looked at.

        Raises:
            Failure: none could be started.
            Stopped: Ctrl-C.
        """
        began = time.monotonic()
        while not self._service.wait_ready(_LOOK):
            self._heed()
            waited = time.monotonic() - began
            if self._service.server().kind and waited > self._patience:
                break
            if waited > _CHOSEN_WITHIN:
                raise Failure("The engine did not start. Name a ComfyUI with --server.", Exit.UNREACHABLE)
        return self._service.server()

    def patiently(self, ask: Callable[[], T]) -> T:
        """``ask()``, again while the server does not answer and patience lasts. Raises what it raises, and Stopped."""
        deadline = time.monotonic() + self._patience
        while True:
            self._heed()
            try:
                return ask()
            except ServerUnreachable:
                if time.monotonic() > deadline:
                    raise
            time.sleep(_LOOK)

    def follow(self, job: Job) -> Job:
        """Show the job and keep its pictures until it is over, or the server has not confirmed a stop in time.

        Raises:
            Failure: a picture cannot be written; the job is stopped then.
            ServerUnreachable: the server never took it.
        """
        changed = threading.Event()
        watch = self._service.watch(OWNER, job.id, changed.set)
        refuse_at, stop_by = time.monotonic() + self._patience, 0.0
        try:
            while True:
                changed.clear()
                job = self._service.get(OWNER, job.id)
                self._keep(job)
                self._view.show(job)
                if job.over or 0 < stop_by < time.monotonic():
                    return job
                if self._interrupts.asked and not stop_by:
                    stop_by = time.monotonic() + _STOPPED_WITHIN
                    self._view.note("Stopping the job on the server. Ctrl-C again leaves at once.")
                    self._service.stop(OWNER, job.id)
                if not stop_by and time.monotonic() > refuse_at:
                    self._require_server(job)
                changed.wait(_LOOK)
        finally:
            watch.close()
            self._view.close()

    def _keep(self, job: Job) -> None:
        for picture in job.results[len(self.paths) :]:
            _, path = self._service.picture(OWNER, job.id, picture.id)
            self.paths.append(save(path.read_bytes(), job, picture, self._folder))

    def _require_server(self, job: Job) -> None:
        """A host that swallows packets lets the line below wait for longer than anyone here wants to."""
        server = self._service.server()
        if job.state is JobState.QUEUED and not server.connected:
            raise Failure(server.sentence or f"{server.name} does not answer.", Exit.UNREACHABLE)

    def _heed(self) -> None:
        if self._interrupts.asked:
            raise Stopped
