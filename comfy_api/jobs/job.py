"""A job and the states it moves through. Pure: no clock, no thread, no file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from comfy_api.workflow import Media


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
    """One finished picture, or other file, as the server encoded it.

    Attributes:
        id: SHA-256 of the bytes, in hex; also the file's name.
        node_id: the output node that sent it.
        index: its place among that node's results, from 0.
        stage: the output node's title, as the author wrote it.
        mime: such as ``image/png``, told by the first bytes where they tell, never by a claim.
        width, height: in pixels; 0 for what has neither, or does not say.
        size: in bytes.
        recomputed: whether the server had to make it a second time, because the first was lost on the way.
        kind: what kind of thing it is.
        name: the server's name for it, without folders, for what is known by its name; empty for pictures.
        text: of a text its beginning, at most ``MAX_TEXT`` characters.
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
    kind: Media = Media.IMAGE
    name: str = ""
    text: str = field(default="", repr=False)


#: Characters of a text that stand in the job itself; its file has all of them.
MAX_TEXT: Final = 4000


@dataclass(frozen=True, slots=True)
class Stage:
    """One output node, and how many results are expected of it.

    Attributes:
        node_id: the node.
        title: as the author wrote it.
        expected: results that it sends.
        kind: what kind of thing they are, as far as its class tells.
    """

    node_id: str
    title: str
    expected: int
    kind: Media = Media.IMAGE


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
        workflow_version: the version of the workflow; 0 for a bundled one.
        values: the form as it was submitted, for comparing and for showing.
        used: every value as it was used, by control, the drawn seed among them.
        prompt_text: the positive prompt text, for alt texts and file names; never logged.
        seed: the seed that was used, or None where the workflow has none.
        keep: whether it goes on when its maker changes the form or leaves.
        width, height: of the coming pictures, in pixels, as far as known.
        stages: the output nodes, in the order of the graph.
        shown: ids of the output nodes whose results makers see; None: of all.
        state: where it stands.
        place: jobs ahead of it, 0 for the next one; None once it runs.
        fraction: 0..1 of the whole, never backwards, 1 only when every picture is here.
        node: title of the running node, or ``""``.
        step, steps: within the running node; 0 of 0 where it does not say.
        seconds_left: an estimate, or None.
        results: finished pictures and files, in the order of their arrival, those that makers do not see too.
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
    workflow_version: int = 0
    values: Mapping[str, Any] = field(default_factory=dict)
    used: Mapping[str, Any] = field(default_factory=dict)
    prompt_text: str = ""
    seed: int | None = None
    keep: bool = False
    width: int | None = None
    height: int | None = None
    stages: tuple[Stage, ...] = ()
    shown: tuple[str, ...] | None = None
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
    def seen(self) -> tuple[Picture, ...]:
        """The results that makers see."""
        return tuple(result for result in self.results if self._shows(result.node_id))

    @property
    def seen_stages(self) -> tuple[Stage, ...]:
        """The stages that makers see; nodes that nobody took for output nodes have theirs with their first result."""
        foreseen = {stage.node_id for stage in self.stages}
        late: dict[str, Stage] = {}
        for result in self.seen:
            if result.node_id not in foreseen:
                before = late.get(result.node_id)
                count = before.expected + 1 if before else 1
                late[result.node_id] = Stage(result.node_id, result.stage, count, result.kind)
        return (*(stage for stage in self.stages if self._shows(stage.node_id)), *late.values())

    @property
    def expected(self) -> int:
        """How many results makers will see in all."""
        return max(len(self.seen), sum(stage.expected for stage in self.seen_stages))

    def _shows(self, node_id: str) -> bool:
        return self.shown is None or node_id in self.shown

    def evolve(self, **changes: Any) -> Job:
        """The next moment: these attributes changed, the version one greater.

        Raises:
            ForbiddenMove: ``state`` may not follow the present one.
        """
        state = changes.get("state", self.state)
        if state is not self.state and state not in MOVES[self.state]:
            raise ForbiddenMove(f"{self.state} → {state}")
        return replace(self, version=self.version + 1, **changes)
