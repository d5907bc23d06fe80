"""Writes down what a run tells: its events become the job's next moments, its results files."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from comfy_api.jobs.board import Board
from comfy_api.jobs.eta import seconds_left
from comfy_api.jobs.files import PictureFiles
from comfy_api.jobs.frames import first_frame
from comfy_api.jobs.job import MAX_TEXT, Job, JobState, Picture, Problem
from comfy_api.jobs.naming import safe_name
from comfy_api.jobs.problems import Controls, explain
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
from comfy_api.workflow import Media, Workflow

log = logging.getLogger("comfy_api.jobs")

#: Ended jobs whose length tells how long one takes here.
_REMEMBERED: Final = 20


@dataclass(slots=True)
class Ticket:
    """A job that has not ended, as the dispatcher's threads see it.

    Attributes:
        job_id: the job.
        rounds: run one after the other: one, or as many as images where the workflow has no batch size.
        controls: (node, input) → the control that writes there.
        round: the present one.
        before: results of earlier rounds.
        run: the present round, once the server took it.
        reason: why it is to stop, or ``""``.
        began: when the server began the first round, monotonic.
        submitted: whether its server has taken it.
    """

    job_id: str
    rounds: tuple[Workflow, ...]
    controls: Controls = field(default_factory=dict)
    round: int = 0
    before: int = 0
    run: Run | None = None
    reason: str = ""
    began: float | None = None
    submitted: bool = False

    def submit(self) -> bool:
        """Whether this is the first word of its server."""
        first, self.submitted = not self.submitted, True
        return first

    @property
    def last(self) -> bool:
        """Whether no round comes after the present one."""
        return self.round + 1 == len(self.rounds)


class Recorder:
    """Events → the board and the picture files. Called by one thread a job."""

    def __init__(
        self,
        board: Board,
        files: PictureFiles,
        client: Callable[[], ComfyClient | None],
        ended: Callable[[Job], None],
    ) -> None:
        """
        Args:
            client: asked what the server offers, where it refused a job.
            ended: called once for each job that ends.
        """
        self._board, self._files, self._client, self._ended = board, files, client, ended
        self._lengths: deque[float] = deque(maxlen=_REMEMBERED)

    @property
    def typical(self) -> float | None:
        """Seconds that a job takes here (the median of the last ones), or None before the first."""
        lengths = sorted(self._lengths)
        return lengths[len(lengths) // 2] if lengths else None

    def note(self, ticket: Ticket, event: Event) -> None:
        """Write down one event. Raises OSError where a result cannot be stored."""
        if ticket.submit():
            self._board.update(ticket.job_id, state=JobState.SUBMITTED, line="")
            log.info("job=%s event=submitted", ticket.job_id)
        match event:
            case Preview():
                self._board.show(ticket.job_id, event)
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

    def _note_state(self, ticket: Ticket, event: Event) -> None:
        job_id = ticket.job_id
        match event:
            case Queued():
                self._board.update(job_id, place=event.place)
            case Started():
                if ticket.began is None:
                    ticket.began = time.monotonic()
                    self._board.update(job_id, started=time.time())
                self._board.update(job_id, state=JobState.RUNNING, place=None)
                log.info("job=%s event=started prompt=%s", job_id, event.prompt_id)
            case LineBroken():
                self._board.update(job_id, line="broken")
                log.warning("job=%s event=line_broken reason=%r", job_id, event.reason)
            case LineMended():
                self._board.update(job_id, line="")
                log.info("job=%s event=line_mended seconds=%.1f", job_id, event.seconds)

    def _note_end(self, ticket: Ticket, event: Finished | Failed | Stopped) -> None:
        match event:
            case Finished():
                self._finish(ticket, event)
            case Failed():
                self.fail(ticket, event.error)
            case Stopped():
                self.end(ticket, JobState.STOPPED, reason=ticket.reason if event.asked else "server")

    def _progress(self, ticket: Ticket, overall: float, node: str, step: int, steps: int) -> None:
        job = self._board.find(ticket.job_id)
        if job is None:
            return
        overall = (ticket.round + overall) / len(ticket.rounds)
        left = None
        if ticket.began is not None:
            left = seconds_left(overall, time.monotonic() - ticket.began, job.seconds_left)
        self._board.update(
            ticket.job_id, fraction=overall, node=node, step=step, steps=steps, seconds_left=left, line=""
        )

    def _keep(self, ticket: Ticket, result: Result) -> None:
        job = self._board.find(ticket.job_id)
        if job is None or job.over:
            if result.path is not None:
                result.path.unlink(missing_ok=True)
            return
        earlier = sum(one.node_id == result.node_id for one in job.results[: ticket.before])
        kept = self._store(result, earlier)
        self._board.update(job.id, results=(*job.results, kept))
        log.info(
            "job=%s event=result node=%s index=%d kind=%s bytes=%d",
            job.id,
            kept.node_id,
            kept.index,
            kept.kind,
            kept.size,
        )

    def _store(self, result: Result, earlier: int) -> Picture:
        """The result as it is kept; ``earlier`` results of its node came in rounds before. Raises OSError."""
        pixels, data, path = result.image, result.data, result.path
        if result.media is Media.VIDEO and path is not None:
            pixels = first_frame(path)
        size = len(data) if path is None else path.stat().st_size
        text = _beginning(data, path) if result.media is Media.TEXT else ""
        height, width = (0, 0) if pixels is None else pixels.shape[:2]
        return Picture(
            id=self._files.add(data, pixels) if path is None else self._files.take(path, pixels),
            node_id=result.node_id,
            index=earlier + result.index,
            stage=result.title,
            mime=result.mime,
            width=width,
            height=height,
            size=size,
            recomputed=result.recomputed,
            kind=result.media,
            name="" if result.media is Media.IMAGE else safe_name(result.filename),
            text=text,
        )

    def _finish(self, ticket: Ticket, event: Finished) -> None:
        if not ticket.last:
            return
        if ticket.began is not None:
            self._lengths.append(time.monotonic() - ticket.began)
        left_out = " ".join(dict.fromkeys(f'"{problem.title}" was left out.' for problem in event.problems))
        problem = Problem(left_out, details="\n".join(str(p) for p in event.problems)) if left_out else None
        self.end(ticket, JobState.SUCCEEDED, fraction=1.0, problem=problem)

    def fail(self, ticket: Ticket, error: Exception) -> None:
        """The job is over, with an error that is said in plain words."""
        client = self._client()
        object_info = client.get_object_info if client is not None else None
        self.end(
            ticket, JobState.FAILED, problem=explain(error, ticket.rounds[ticket.round], ticket.controls, object_info)
        )

    def end(self, ticket: Ticket, state: JobState, **changes: object) -> None:
        """The job is over."""
        job = self._board.update(
            ticket.job_id, state=state, ended=time.time(), place=None, seconds_left=None, line="", **changes
        )
        if job is not None:
            log.info("job=%s event=%s pictures=%d", job.id, job.state, len(job.results))
            self._ended(job)


def _beginning(data: bytes, path: Path | None) -> str:
    """The first characters of a text; a byte more than enough is read, and what is no UTF-8 is replaced."""
    if path is not None:
        with path.open("rb") as file:
            data = file.read(4 * MAX_TEXT)
    return data[: 4 * MAX_TEXT].decode("utf-8", "replace")[:MAX_TEXT]
