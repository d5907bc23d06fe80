"""Gives jobs to the server, so many at once and in the order in which they came, and writes down what comes of them."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Final

from comfy_api.errors import ComfyError, ServerUnreachable
from comfy_api.jobs.board import Board
from comfy_api.jobs.eta import seconds_until
from comfy_api.jobs.files import PictureFiles
from comfy_api.jobs.job import Job, JobState
from comfy_api.jobs.problems import Controls
from comfy_api.jobs.record import Recorder, Ticket
from comfy_api.protocol.client import ComfyClient
from comfy_api.protocol.events import Event
from comfy_api.protocol.run import Run
from comfy_api.settings import Settings
from comfy_api.workflow import Workflow

log = logging.getLogger("comfy_api.jobs")

#: Pause between two tries to give a job to a server that does not answer.
_AGAIN_AFTER: Final = 2.0


class Dispatcher:
    """One server's line. Its threads end with ``close``."""

    def __init__(
        self,
        board: Board,
        files: PictureFiles,
        settings: Settings,
        client: Callable[[], ComfyClient | None],
        ended: Callable[[Job], None],
    ) -> None:
        """
        Args:
            client: the server for the next job; None while there is none yet.
            ended: called once for each job that ends.
        """
        self._board, self._settings, self._client, self._ended = board, settings, client, ended
        self._recorder = Recorder(board, files, client, self._forget)
        self._spool = files.spool
        self._changed = threading.Condition()  # guards all below
        self._line: deque[Ticket] = deque()
        self._tickets: dict[str, Ticket] = {}
        self._closed = False
        self._threads = [
            threading.Thread(target=self._work, name=f"easel-dispatcher-{number}", daemon=True)
            for number in range(settings.jobs_at_once)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, job: Job, rounds: Sequence[Workflow], controls: Controls) -> None:
        """Put a job, which is on the board, at the end of the line.

        Args:
            rounds: run one after the other.
            controls: (node, input) → the control that writes there, to say where a problem is.
        """
        ticket = Ticket(job.id, tuple(rounds), controls)
        with self._changed:
            self._tickets[job.id] = ticket
            self._line.append(ticket)
            self._changed.notify_all()
        self._tell_places()

    def stop(self, job_id: str, reason: str) -> None:
        """Stop a job: at once while it waits here, else as soon as its server has confirmed."""
        with self._changed:
            ticket = self._tickets.get(job_id)
            if ticket is None:
                return
            ticket.reason = ticket.reason or reason
            waiting = ticket in self._line
            if waiting:
                self._line.remove(ticket)
            self._changed.notify_all()
            run = ticket.run
        if waiting:
            self._recorder.end(ticket, JobState.STOPPED, reason=ticket.reason)
            self._tell_places()
        elif run is not None:
            run.stop()

    def close(self, timeout: float) -> None:
        """Stop everything and end the threads. Closing twice is fine."""
        with self._changed:
            self._closed = True
            open_jobs = list(self._tickets)
            self._changed.notify_all()
        for job_id in open_jobs:
            self.stop(job_id, "closed")
        deadline = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    # --- the threads ------------------------------------------------------------------------------------------

    def _work(self) -> None:
        while (ticket := self._take()) is not None:
            self._tell_places()
            try:
                self._do(ticket)
            except (ComfyError, OSError) as error:
                self._recorder.fail(ticket, error)
            except Exception as error:  # a fault of ours ends one job, not the line
                log.exception("job=%s event=fault", ticket.job_id)
                self._recorder.fail(ticket, error)

    def _take(self) -> Ticket | None:
        with self._changed:
            while not self._line and not self._closed:
                self._changed.wait()
            return None if self._closed else self._line.popleft()

    def _do(self, ticket: Ticket) -> None:
        for number in range(len(ticket.rounds)):
            job = self._board.find(ticket.job_id)
            if job is None or job.over:
                return
            ticket.round, ticket.before = number, len(job.results)
            self._do_round(ticket)

    def _do_round(self, ticket: Ticket) -> None:
        run = self._start(ticket)
        if run is None:
            self._recorder.end(ticket, JobState.STOPPED, reason=ticket.reason)
            return
        with self._changed:
            ticket.run = run
            stop = bool(ticket.reason)
        if stop:
            run.stop()
        with suppress(ComfyError):  # the recorder has it from the run's last event
            run.wait()

    def _note(self, ticket: Ticket, event: Event) -> None:
        """Take an event, in the run's own thread: what goes wrong here ends the job, and the run with it."""
        try:
            self._recorder.note(ticket, event)
        except Exception as error:
            if not isinstance(error, OSError):
                log.exception("job=%s event=fault", ticket.job_id)
            self._recorder.fail(ticket, error)
            with self._changed:
                ticket.reason = ticket.reason or "fault"
                run = ticket.run
            if run is not None:
                run.stop()

    def _start(self, ticket: Ticket) -> Run | None:
        """Have the server take the job; wait for a server that is away. None: it was stopped meanwhile."""
        deadline = time.monotonic() + self._settings.patience
        while not ticket.reason:
            client = self._client()
            try:
                if client is None:
                    raise ServerUnreachable("the engine", "it has not started yet")
                workflow = ticket.rounds[ticket.round]
                # Files that the server saves hold the drawing, so that they open in ComfyUI again.
                drawn = {"extra_pnginfo": {"workflow": workflow.ui}} if workflow.ui else None
                return client.run(
                    workflow,
                    extra_data=drawn,
                    swap=not self._settings.keep_previews,
                    silence=self._settings.silence,
                    patience=self._settings.patience,
                    spool=self._spool,
                    on_event=partial(self._note, ticket),
                )
            except ServerUnreachable:
                if time.monotonic() > deadline:
                    raise
                if client is not None:
                    self._board.update(ticket.job_id, line="broken")
            with self._changed:
                self._changed.wait_for(lambda: bool(ticket.reason), _AGAIN_AFTER if client else 0.1)
        return None

    def _forget(self, job: Job) -> None:
        with self._changed:
            self._tickets.pop(job.id, None)
        self._ended(job)

    # --- the line ---------------------------------------------------------------------------------------------

    def _tell_places(self) -> None:
        """Tell each waiting job how many are before it, and about how long that takes."""
        with self._changed:
            waiting = [ticket.job_id for ticket in self._line]
            running = [ticket for ticket in self._tickets.values() if ticket.job_id not in waiting]
        free = self._settings.jobs_at_once - len(running)
        left = [job.seconds_left for ticket in running if (job := self._board.find(ticket.job_id)) is not None]
        known = [seconds for seconds in left if seconds is not None]
        for index, job_id in enumerate(waiting):
            ahead = max(0, index + 1 - free)
            until = seconds_until(ahead, self._recorder.typical, min(known, default=None))
            self._board.update(job_id, place=ahead, seconds_left=until)
