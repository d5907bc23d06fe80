"""Gives jobs to the server, so many at once and in the order in which they came, and writes down what comes of them."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from comfy_api.errors import ComfyError, ServerUnreachable
from comfy_api.jobs.board import Board
from comfy_api.jobs.eta import seconds_left, seconds_until
from comfy_api.jobs.files import PictureFiles
from comfy_api.jobs.job import Job, JobState, Picture, Problem
from comfy_api.jobs.problems import explain
from comfy_api.protocol.client import ComfyClient
from comfy_api.protocol.events import (
    Event,
    Failed,
    Finished,
    LineBroken,
    LineMended,
    NodeStarted,
    Preview,
    Progress,
    Queued,
    Result,
    Started,
    Stopped,
)
from comfy_api.protocol.run import Run
from comfy_api.settings import Settings
from comfy_api.workflow import Workflow

log = logging.getLogger("comfy_api.jobs")

#: Pause between two tries to give a job to a server that does not answer.
_AGAIN_AFTER: Final = 2.0
#: Ended jobs whose length tells how long one takes here.
_REMEMBERED: Final = 20


@dataclass(slots=True)
class _Ticket:
    """A job that has not ended. ``run`` stands once the server took it; ``reason`` once it is to stop.

    ``rounds`` are run one after the other: one, or as many as images where the workflow has no batch size.
    """

    job_id: str
    rounds: tuple[Workflow, ...]
    round: int = 0
    before: int = 0
    run: Run | None = None
    reason: str = ""
    began: float | None = None


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
        self._board, self._files, self._settings = board, files, settings
        self._client, self._ended = client, ended
        self._changed = threading.Condition()  # guards all below
        self._line: deque[_Ticket] = deque()
        self._tickets: dict[str, _Ticket] = {}
        self._lengths: deque[float] = deque(maxlen=_REMEMBERED)
        self._closed = False
        self._threads = [
            threading.Thread(target=self._work, name=f"easel-dispatcher-{number}", daemon=True)
            for number in range(settings.jobs_at_once)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, job: Job, rounds: Sequence[Workflow]) -> None:
        """Put a job, which is on the board, at the end of the line. Its rounds are run one after the other."""
        ticket = _Ticket(job.id, tuple(rounds))
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
            self._end(ticket, JobState.STOPPED, reason=ticket.reason)
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
                self._fail(ticket, error)
            except Exception as error:  # a fault of ours ends one job, not the line
                log.exception("job=%s event=fault", ticket.job_id)
                self._fail(ticket, error)

    def _take(self) -> _Ticket | None:
        with self._changed:
            while not self._line and not self._closed:
                self._changed.wait()
            return None if self._closed else self._line.popleft()

    def _do(self, ticket: _Ticket) -> None:
        for number in range(len(ticket.rounds)):
            job = self._find(ticket.job_id)
            if job is None or job.over:
                return
            ticket.round, ticket.before = number, len(job.results)
            self._do_round(ticket)

    def _do_round(self, ticket: _Ticket) -> None:
        run = self._start(ticket)
        if run is None:
            self._end(ticket, JobState.STOPPED, reason=ticket.reason)
            return
        if not ticket.round:
            self._board.update(ticket.job_id, state=JobState.SUBMITTED, line="")
        log.info("job=%s event=submitted prompt=%s", ticket.job_id, run.prompt_id)
        with self._changed:
            ticket.run = run
            stop = bool(ticket.reason)
        if stop:
            run.stop()
        for event in run:
            try:
                self._note(ticket, event)
            except OSError:
                run.stop()
                raise

    def _start(self, ticket: _Ticket) -> Run | None:
        """Have the server take the job; wait for a server that is away. None: it was stopped meanwhile."""
        deadline = time.monotonic() + self._settings.patience
        while not ticket.reason:
            client = self._client()
            try:
                if client is not None:
                    return client.run(
                        ticket.rounds[ticket.round],
                        swap=not self._settings.keep_previews,
                        silence=self._settings.silence,
                        patience=self._settings.patience,
                    )
            except ServerUnreachable:
                if time.monotonic() > deadline:
                    raise
                self._board.update(ticket.job_id, line="broken")
            with self._changed:
                self._changed.wait_for(lambda: bool(ticket.reason), _AGAIN_AFTER if client else 0.1)
        return None

    # --- events → the job -------------------------------------------------------------------------------------

    def _note(self, ticket: _Ticket, event: Event) -> None:
        job_id = ticket.job_id
        match event:
            case Preview():
                self._board.show(job_id, event)
            case Progress():
                self._progress(ticket, event.overall, event.title, int(event.value), int(event.max))
            case NodeStarted():
                self._progress(ticket, event.overall, event.title, 0, 0)
            case Result():
                self._keep(ticket, event)
            case Finished() | Failed() | Stopped():
                self._note_end(ticket, event)
            case _:
                self._note_state(ticket, event)

    def _note_state(self, ticket: _Ticket, event: Event) -> None:
        job_id = ticket.job_id
        match event:
            case Queued():
                self._board.update(job_id, place=event.place)
            case Started():
                if ticket.began is None:
                    ticket.began = time.monotonic()
                    self._board.update(job_id, started=time.time())
                self._board.update(job_id, state=JobState.RUNNING, place=None)
                log.info("job=%s event=started", job_id)
            case LineBroken():
                self._board.update(job_id, line="broken")
                log.warning("job=%s event=line_broken reason=%r", job_id, event.reason)
            case LineMended():
                self._board.update(job_id, line="")
                log.info("job=%s event=line_mended seconds=%.1f", job_id, event.seconds)

    def _note_end(self, ticket: _Ticket, event: Finished | Failed | Stopped) -> None:
        match event:
            case Finished():
                self._finish(ticket, event)
            case Failed():
                self._fail(ticket, event.error)
            case Stopped():
                self._end(ticket, JobState.STOPPED, reason=ticket.reason if event.asked else "server")

    def _progress(self, ticket: _Ticket, overall: float, node: str, step: int, steps: int) -> None:
        job = self._find(ticket.job_id)
        if job is None:
            return
        overall = (ticket.round + overall) / len(ticket.rounds)
        left = None
        if ticket.began is not None:
            left = seconds_left(overall, time.monotonic() - ticket.began, job.seconds_left)
        self._board.update(
            ticket.job_id, fraction=overall, node=node, step=step, steps=steps, seconds_left=left, line=""
        )

    def _keep(self, ticket: _Ticket, result: Result) -> None:
        job_id = ticket.job_id
        job = self._find(job_id)
        if job is None or result.image is None:
            return  # other files than pictures are not kept
        height, width = result.image.shape[:2]
        earlier = sum(picture.node_id == result.node_id for picture in job.results[: ticket.before])
        picture = Picture(
            id=self._files.add(result.data, result.image),
            node_id=result.node_id,
            index=earlier + result.index,
            stage=result.title,
            mime=result.mime,
            width=width,
            height=height,
            size=len(result.data),
            recomputed=result.recomputed,
        )
        self._board.update(job_id, results=(*job.results, picture))
        log.info("job=%s event=result node=%s index=%d bytes=%d", job_id, picture.node_id, picture.index, picture.size)

    def _finish(self, ticket: _Ticket, event: Finished) -> None:
        if ticket.round + 1 < len(ticket.rounds) and not ticket.reason:
            return
        if ticket.began is not None:
            with self._changed:
                self._lengths.append(time.monotonic() - ticket.began)
        left_out = " ".join(dict.fromkeys(f'"{problem.title}" was left out.' for problem in event.problems))
        problem = Problem(left_out, "\n".join(str(p) for p in event.problems)) if left_out else None
        self._end(ticket, JobState.SUCCEEDED, fraction=1.0, problem=problem)

    def _fail(self, ticket: _Ticket, error: Exception) -> None:
        client = self._client()
        object_info = client.get_object_info if client is not None else None
        self._end(ticket, JobState.FAILED, problem=explain(error, ticket.rounds[ticket.round], object_info))

    def _end(self, ticket: _Ticket, state: JobState, **changes: object) -> None:
        with self._changed:
            self._tickets.pop(ticket.job_id, None)
        job = self._board.update(
            ticket.job_id, state=state, ended=time.time(), place=None, seconds_left=None, line="", **changes
        )
        if job is not None:
            log.info("job=%s event=%s pictures=%d", job.id, job.state, len(job.results))
            self._ended(job)

    def _find(self, job_id: str) -> Job | None:
        return self._board.find(job_id)

    # --- the line ---------------------------------------------------------------------------------------------

    def _tell_places(self) -> None:
        """Tell each waiting job how many are before it, and about how long that takes."""
        with self._changed:
            waiting = [ticket.job_id for ticket in self._line]
            running = [ticket for ticket in self._tickets.values() if ticket.job_id not in waiting]
            typical = sorted(self._lengths)[len(self._lengths) // 2] if self._lengths else None
        free = self._settings.jobs_at_once - len(running)
        left = [job.seconds_left for ticket in running if (job := self._find(ticket.job_id)) is not None]
        known = [seconds for seconds in left if seconds is not None]
        for index, job_id in enumerate(waiting):
            ahead = max(0, index + 1 - free)
            until = seconds_until(ahead, typical, min(known, default=None))
            self._board.update(job_id, place=ahead, seconds_left=until)
