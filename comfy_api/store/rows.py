"""A job as it is kept, and back. Pure; a test holds ``from_row(to_row(job))`` against the job."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from sqlalchemy import Row

from comfy_api.jobs.job import Job, JobState, Picture, Problem, Stage
from comfy_api.workflow import Media

#: What a job says of this very moment: it is not kept, and a job from the store has none of it.
LIVE: Final = frozenset({"place", "node", "step", "steps", "seconds_left", "line"})


@dataclass(frozen=True, slots=True)
class JobRow:
    """What the table ``jobs`` keeps of a job. JSON stands as the value that it means."""

    id: str
    owner: str
    workflow: str
    workflow_version: int
    title: str
    typed: dict[str, Any]
    used: dict[str, Any]
    prompt_text: str
    seed: int | None
    keep: bool
    width: int | None
    height: int | None
    stages: list[dict[str, Any]]
    shown: list[str] | None
    state: str
    fraction: float
    problem: dict[str, str] | None
    reason: str
    created: float
    started: float | None
    ended: float | None
    version: int

    def columns(self) -> dict[str, Any]:
        """By column."""
        return {name: getattr(self, name) for name in _JOB}

    def changes(self, after: JobRow) -> dict[str, Any]:
        """The columns that another moment has otherwise."""
        return {name: new for name in _JOB if (new := getattr(after, name)) != getattr(self, name)}


@dataclass(frozen=True, slots=True)
class ResultRow:
    """What the table ``results`` keeps of a picture or other file."""

    node_id: str
    position: int
    file: str
    kind: str
    mime: str
    width: int
    height: int
    size: int
    stage: str
    name: str
    text: str
    recomputed: bool

    def columns(self) -> dict[str, Any]:
        """By column."""
        return {name: getattr(self, name) for name in _RESULT}


_JOB: Final = tuple(field.name for field in fields(JobRow))
_RESULT: Final = tuple(field.name for field in fields(ResultRow))


def to_row(job: Job) -> JobRow:
    """What is kept of a job; its results have rows of their own."""
    return JobRow(
        id=job.id,
        owner=job.owner,
        workflow=job.workflow,
        workflow_version=job.workflow_version,
        title=job.title,
        typed=dict(job.values),
        used=dict(job.used),
        prompt_text=job.prompt_text,
        seed=job.seed,
        keep=job.keep,
        width=job.width,
        height=job.height,
        stages=[asdict(stage) for stage in job.stages],
        shown=None if job.shown is None else list(job.shown),
        state=job.state.value,
        fraction=job.fraction,
        problem=None if job.problem is None else asdict(job.problem),
        reason=job.reason,
        created=job.created,
        started=job.started,
        ended=job.ended,
        version=job.version,
    )


def from_row(row: JobRow, results: Iterable[Picture] = ()) -> Job:
    """The job that a row keeps."""
    return Job(
        id=row.id,
        owner=row.owner,
        workflow=row.workflow,
        workflow_version=row.workflow_version,
        title=row.title,
        values=row.typed,
        used=row.used,
        prompt_text=row.prompt_text,
        seed=row.seed,
        keep=row.keep,
        width=row.width,
        height=row.height,
        stages=tuple(_stage(stage) for stage in row.stages),
        shown=None if row.shown is None else tuple(row.shown),
        state=JobState(row.state),
        fraction=row.fraction,
        results=tuple(results),
        problem=None if row.problem is None else Problem(**row.problem),
        reason=row.reason,
        created=row.created,
        started=row.started,
        ended=row.ended,
        version=row.version,
    )


def to_result(picture: Picture) -> ResultRow:
    """What is kept of a result."""
    return ResultRow(
        node_id=picture.node_id,
        position=picture.index,
        file=picture.id,
        kind=picture.kind.value,
        mime=picture.mime,
        width=picture.width,
        height=picture.height,
        size=picture.size,
        stage=picture.stage,
        name=picture.name,
        text=picture.text,
        recomputed=picture.recomputed,
    )


def from_result(row: ResultRow) -> Picture:
    """The result that a row keeps."""
    return Picture(
        id=row.file,
        node_id=row.node_id,
        index=row.position,
        stage=row.stage,
        mime=row.mime,
        width=row.width,
        height=row.height,
        size=row.size,
        recomputed=row.recomputed,
        kind=Media(row.kind),
        name=row.name,
        text=row.text,
    )


def read_job(row: Row[Any]) -> JobRow:
    """A row of ``jobs`` as it comes from the database."""
    return JobRow(**_pick(row._mapping, _JOB))


def read_picture(row: Row[Any]) -> Picture:
    """A row of ``results`` as it comes from the database."""
    return from_result(ResultRow(**_pick(row._mapping, _RESULT)))


def _pick(mapping: Mapping[Any, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: mapping[name] for name in names}


def _stage(kept: Mapping[str, Any]) -> Stage:
    return Stage(**{**kept, "kind": Media(kept["kind"])})
