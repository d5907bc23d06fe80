"""Errors in a maker's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from comfy_api.errors import ComfyError, EaselError, ExecutionFailed, PromptRejected
from comfy_api.jobs.job import Problem
from comfy_api.workflow import Workflow, check

#: (Node, input) → the control that writes there.
Controls = Mapping[tuple[str, str], str]

_FAULT: Final = "Something went wrong in Easel itself. Try again; its log says more."
_FULL: Final = "The picture could not be written to disk. Free some space and try again."


def explain(
    error: Exception,
    workflow: Workflow,
    controls: Controls = MappingProxyType({}),
    object_info: Callable[[], Mapping[str, Any]] | None = None,
) -> Problem:
    """One plain sentence, the control concerned, and the details for whoever unfolds them.

    Args:
        error: what ended the job.
        workflow: as it was sent.
        controls: of its form.
        object_info: asked for the choices that the server has, where the graph was refused.
    """
    kind = type(error).__name__
    if isinstance(error, PromptRejected):
        return _refusal(error, workflow, controls, object_info)
    if isinstance(error, ExecutionFailed):
        details = [f"{error.class_type} ({error.node_id})", f"{error.exception_type}: {error.detail}", *error.traceback]
        return Problem(str(error), kind, "\n".join(details).strip())
    if isinstance(error, EaselError):
        return Problem(str(error), kind, kind)
    return Problem(_FULL if isinstance(error, OSError) else _FAULT, kind, kind)


def _refusal(
    error: PromptRejected,
    workflow: Workflow,
    controls: Controls,
    object_info: Callable[[], Mapping[str, Any]] | None,
) -> Problem:
    details = "\n".join(
        [
            f"{error.kind}: {error.status}",
            *(f"{p.class_type} ({p.node_id}) {p.input}: {p.kind} {p.details}" for p in error.problems),
        ]
    )
    places = ((p.node_id, p.input) for p in error.problems)
    control = next((controls[place] for place in places if place in controls), "")
    try:
        findings = check(workflow, object_info()) if object_info is not None else []
    except ComfyError:
        findings = []  # the server went away: its own words have to do
    sentence = findings[0].sentence if findings else str(error)
    return Problem(sentence, type(error).__name__, details, control)
