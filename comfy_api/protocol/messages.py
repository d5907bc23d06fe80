"""Text websocket messages → typed values (protocol.md §1). Pure.

Unknown types and fields are no error: newer servers and custom nodes send their own.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Status:
    """How many prompts of all clients run or wait. ``sid`` stands in the first one of a connection only."""

    queue_remaining: int
    sid: str | None = None


@dataclass(frozen=True, slots=True)
class Features:
    """The server's answer to our feature flags (protocol.md §3)."""

    preview_metadata: bool


@dataclass(frozen=True, slots=True)
class ExecutionStart:
    """The server begins the prompt."""

    prompt_id: str


@dataclass(frozen=True, slots=True)
class ExecutionCached:
    """These nodes need not run again."""

    prompt_id: str
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Executing:
    """A node begins, or, with node None, the prompt is over. After a reconnect ``prompt_id`` is None."""

    prompt_id: str | None
    node: str | None


@dataclass(frozen=True, slots=True)
class NodeProgress:
    """A node is at ``value`` of ``max``."""

    prompt_id: str | None
    node: str
    value: float
    max: float


@dataclass(frozen=True, slots=True)
class ProgressState:
    """Every node begun so far: those finished, by their id in the author's graph."""

    prompt_id: str
    finished: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Executed:
    """A node with outputs for people is done."""

    prompt_id: str
    node: str
    output: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ExecutionSuccess:
    """All nodes are done; the history follows within a moment (protocol.md §0.3)."""

    prompt_id: str


@dataclass(frozen=True, slots=True)
class ExecutionError:
    """A node raised. The inputs that the server sends along are dropped: they may hold keys and megabytes."""

    prompt_id: str
    node_id: str
    class_type: str
    exception_type: str
    message: str
    traceback: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class ExecutionInterrupted:
    """Someone stopped the prompt."""

    prompt_id: str
    node_id: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """A message of a type that is not known here, or no message at all."""

    type: str


Message = (
    Status
    | Features
    | ExecutionStart
    | ExecutionCached
    | Executing
    | NodeProgress
    | ProgressState
    | Executed
    | ExecutionSuccess
    | ExecutionError
    | ExecutionInterrupted
    | Unknown
)


#: What reading a value of another shape than expected raises.
_MALFORMED = (ValueError, TypeError, KeyError, AttributeError, OverflowError)


def parse_message(text: str) -> Message:
    """Read one text message. Never raises: whatever cannot be read is ``Unknown``."""
    try:
        message = json.loads(text)
        kind, data = message["type"], message.get("data") or {}
        parse = _PARSERS.get(kind)
        return Unknown(str(kind)[:80]) if parse is None else parse(data)
    except (*_MALFORMED, RecursionError):
        return Unknown("malformed")


def parse_event(kind: str, data: Mapping[str, Any]) -> Message:
    """Read one ``[type, data]`` pair as the history keeps them (protocol.md §5)."""
    parse = _PARSERS.get(kind)
    try:
        return Unknown(str(kind)[:80]) if parse is None else parse(data)
    except _MALFORMED:
        return Unknown("malformed")


def _status(data: Mapping[str, Any]) -> Message:
    sid = data.get("sid")
    return Status(int(data["status"]["exec_info"]["queue_remaining"]), None if sid is None else str(sid))


def _features(data: Mapping[str, Any]) -> Message:
    return Features(data.get("supports_preview_metadata") is True)


def _start(data: Mapping[str, Any]) -> Message:
    return ExecutionStart(str(data["prompt_id"]))


def _cached(data: Mapping[str, Any]) -> Message:
    return ExecutionCached(str(data["prompt_id"]), tuple(str(node) for node in data.get("nodes") or ()))


def _executing(data: Mapping[str, Any]) -> Message:
    prompt_id, node = data.get("prompt_id"), data.get("display_node") or data.get("node")
    return Executing(None if prompt_id is None else str(prompt_id), None if node is None else str(node))


def _progress(data: Mapping[str, Any]) -> Message:
    prompt_id = data.get("prompt_id")
    return NodeProgress(
        None if prompt_id is None else str(prompt_id),
        str(data.get("display_node") or data["node"]),
        _finite(data["value"]),
        _finite(data["max"]),
    )


def _finite(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("no number")
    return number


def _progress_state(data: Mapping[str, Any]) -> Message:
    nodes = data["nodes"]
    finished = tuple(
        str(state.get("display_node_id") or node_id)
        for node_id, state in nodes.items()
        # A node made by expansion finishes before the node that it stands for.
        if state.get("state") == "finished" and str(state.get("display_node_id") or node_id) == str(node_id)
    )
    return ProgressState(str(data["prompt_id"]), finished)


def _executed(data: Mapping[str, Any]) -> Message:
    output = data.get("output")
    return Executed(
        str(data["prompt_id"]),
        str(data.get("display_node") or data["node"]),
        output if isinstance(output, dict) else {},
    )


def _success(data: Mapping[str, Any]) -> Message:
    return ExecutionSuccess(str(data["prompt_id"]))


def _error(data: Mapping[str, Any]) -> Message:
    return ExecutionError(
        prompt_id=str(data["prompt_id"]),
        node_id=str(data.get("node_id") or ""),
        class_type=str(data.get("node_type") or ""),
        exception_type=str(data.get("exception_type") or ""),
        message=str(data.get("exception_message") or "").strip()[:4000],
        traceback=tuple(str(line)[:2000] for line in (data.get("traceback") or ())[:200]),
    )


def _interrupted(data: Mapping[str, Any]) -> Message:
    return ExecutionInterrupted(str(data["prompt_id"]), str(data.get("node_id") or ""))


_PARSERS = {
    "status": _status,
    "feature_flags": _features,
    "execution_start": _start,
    "execution_cached": _cached,
    "executing": _executing,
    "progress": _progress,
    "progress_state": _progress_state,
    "executed": _executed,
    "execution_success": _success,
    "execution_error": _error,
    "execution_interrupted": _interrupted,
}
