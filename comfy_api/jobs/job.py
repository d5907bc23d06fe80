"""A job and the states it moves through. Pure: no clock, no thread, no file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final


class JobState(StrEnum):
    """Where a job stands."""

    #: In our own line; nothing was sent yet.
    QUEUED = "queued"
    #: Given to a server, which has not begun it.
    SUBMITTED = "submitted"
    #: A server works on it.
    RUNNING = "running"
    #: Every picture is here.
    SUCCEEDED = "succeeded"
    #: It ended with an error; what was finished before is kept.
    FAILED = "failed"
    #: Someone, or leaving the page, stopped it; what was finished before is kept.
    STOPPED = "stopped"
    #: The server forgot it and it could not be made again.
    LOST = "lost"

    @property
    def over(self) -> bool:
        """Whether nothing comes after this state."""
        return not MOVES[self]


#: Which state may follow which; everything else is refused.
MOVES: Final[Mapping[JobState, frozenset[JobState]]] = MappingProxyType(
    {
        JobState.QUEUED: frozenset({JobState.SUBMITTED, JobState.FAILED, JobState.STOPPED}),
        JobState.SUBMITTED: frozenset(
            {JobState.RUNNING, JobState.SUCCEEDED, JobState.FAILED, JobState.STOPPED, JobState.LOST}
        ),
        # Back to submitted: the server was restarted and the job is sent once more.
        JobState.RUNNING: frozenset(
            {JobState.SUBMITTED, JobState.SUCCEEDED, JobState.FAILED, JobState.STOPPED, JobState.LOST}
        ),
        JobState.SUCCEEDED: frozenset(),
        JobState.FAILED: frozenset(),
        JobState.STOPPED: frozenset(),
        JobState.LOST: frozenset(),
    }
)


class ForbiddenMove(ValueError):
    """A state that may not follow the present one: a fault of ours, never a maker's."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One finished picture, as the server encoded it.

    Attributes:
        id: SHA-256 of the bytes, in hex; also the file's name.
        node_id: the output node that sent it.
        index: its place among that node's pictures, from 0.
        stage: the output node's title, as the author wrote it.
        mime: such as ``image/png``, told by the first bytes, never by a claim.
        width, height: in pixels.
        size: in bytes.
        recomputed: whether the server had to make it a second time, because the first was lost on the way.
    """

    id: str
    node_id: str
    index: int
    stage: str
    mime: str
    width: int
    height: int
    size: int
    recomputed: bool = False


@dataclass(frozen=True, slots=True)
class Stage:
    """One output node, and how many pictures are expected of it.

    Attributes:
        node_id: the node.
        title: as the author wrote it.
        expected: pictures that it sends.
    """

    node_id: str
    title: str
    expected: int


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a job failed, for a maker and for an engineer.

    Attributes:
        sentence: plain words: what happened, what to do next.
        kind: the error's class in ``comfy_api.errors``, or another exception's name.
        details: kind of error, node, server's words; folded on the page.
        control: the form's control concerned (``prompt``, ``images`` …), or ``""``.
    """

    sentence: str
    kind: str = ""
    details: str = ""
    control: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """What someone asked for, seen at one moment. A later moment is another ``Job`` with a greater version.

    Attributes:
        id: unguessable; part of URLs.
        owner: whose it is.
        workflow: the workflow's slug.
        title: the workflow's name.
        values: the form as it was submitted, for comparing and for showing.
        prompt_text: the positive prompt text, for alt texts and file names; never logged.
        seed: the seed that was used, or None where the workflow has none.
        keep: whether it goes on when its maker changes the form or leaves.
        width, height: of the coming pictures, in pixels, as far as known.
        stages: the output nodes, in the order of the graph.
        state: where it stands.
        place: jobs ahead of it, 0 for the next one; None once it runs.
        fraction: 0..1 of the whole, never backwards, 1 only when every picture is here.
        node: title of the running node, or ``""``.
        step, steps: within the running node; 0 of 0 where it does not say.
        seconds_left: an estimate, or None.
        results: finished pictures, in the order of their arrival.
        problem: why it failed.
        reason: why it was stopped: ``""``, ``asked``, ``changed``, ``left``, ``again`` or ``server``.
        line: ``""``, or ``broken`` while the line to the server is being mended.
        created, started, ended: seconds since the epoch; None until it happens.
        version: grows with each change.
    """

    id: str
    owner: str
    workflow: str
    title: str
    values: Mapping[str, Any] = field(default_factory=dict)
    prompt_text: str = ""
    seed: int | None = None
    keep: bool = False
    width: int | None = None
    height: int | None = None
    stages: tuple[Stage, ...] = ()
    state: JobState = JobState.QUEUED
    place: int | None = None
    fraction: float = 0.0
    node: str = ""
    step: int = 0
    steps: int = 0
    seconds_left: float | None = None
    results: tuple[Picture, ...] = ()
    problem: Problem | None = None
    reason: str = ""
    line: str = ""
    created: float = 0.0
    started: float | None = None
    ended: float | None = None
    version: int = 0

    @property
    def over(self) -> bool:
        """Whether it has ended, in whichever way."""
        return self.state.over

    @property
    def expected(self) -> int:
        """How many pictures are coming in all."""
        return max(len(self.results), sum(stage.expected for stage in self.stages))

    def evolve(self, **changes: Any) -> Job:
        """The next moment: these attributes changed, the version one greater.

        Raises:
            ForbiddenMove: ``state`` may not follow the present one.
        """
        state = changes.get("state", self.state)
        if state is not self.state and state not in MOVES[self.state]:
            raise ForbiddenMove(f"{self.state} → {state}")
        return replace(self, version=self.version + 1, **changes)
