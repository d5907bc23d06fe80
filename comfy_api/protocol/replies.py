"""What ComfyUI's routes answer, parsed at the edge (protocol.md §4, §9, §10). Unknown keys are ignored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from comfy_api.errors import NodeProblem, PromptRejected, ProtocolError
from comfy_api.protocol.follow import Outcome, OutputRef, output_refs
from comfy_api.protocol.http import Reply, refusal
from comfy_api.protocol.messages import ExecutionError, ExecutionInterrupted, parse_event


@dataclass(frozen=True, slots=True)
class SystemStats:
    """What a server is and has. Sizes in bytes."""

    version: str
    os: str = ""
    python_version: str = ""
    pytorch_version: str = ""
    ram_total: int = 0
    ram_free: int = 0
    argv: tuple[str, ...] = ()
    devices: tuple[Mapping[str, Any], ...] = ()
    demo: bool = False

    @classmethod
    def parse(cls, data: Any, url: str) -> SystemStats:
        """Raises ProtocolError where it is not ComfyUI's."""
        system = data.get("system") if isinstance(data, dict) else None
        if not isinstance(system, dict) or "comfyui_version" not in system:
            raise ProtocolError(url, "no comfyui_version")
        return cls(
            version=str(system["comfyui_version"]),
            os=str(system.get("os", "")),
            python_version=str(system.get("python_version", "")),
            pytorch_version=str(system.get("pytorch_version", "")),
            ram_total=_whole(system.get("ram_total")),
            ram_free=_whole(system.get("ram_free")),
            argv=tuple(str(word) for word in system.get("argv") or ()),
            devices=tuple(device for device in data.get("devices") or () if isinstance(device, dict)),
            demo=system.get("easel_demo") is True,
        )


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """One prompt in the queue; its graph and extra data are left out."""

    number: float
    prompt_id: str


@dataclass(frozen=True, slots=True)
class Queue:
    """What runs, and what waits in the order in which it will run."""

    running: tuple[QueueEntry, ...]
    pending: tuple[QueueEntry, ...]

    @classmethod
    def parse(cls, data: Any, url: str) -> Queue:
        """Pending is a heap on the wire: the number decides (protocol.md §9). Raises ProtocolError."""
        try:
            running, pending = (
                sorted(
                    (QueueEntry(float(item[0]), str(item[1])) for item in data[key]),
                    key=lambda entry: entry.number,
                )
                for key in ("queue_running", "queue_pending")
            )
        except (TypeError, KeyError, IndexError, ValueError):
            raise ProtocolError(url, "a queue that cannot be read") from None
        return cls(tuple(running), tuple(pending))

    def place(self, prompt_id: str) -> int | None:
        """How many prompts come before this one: 0 for a running one; None when it is not here."""
        ids = [entry.prompt_id for entry in (*self.running, *self.pending)]
        if prompt_id not in ids:
            return None
        return 0 if ids.index(prompt_id) < len(self.running) else ids.index(prompt_id)

    def __contains__(self, prompt_id: object) -> bool:
        return any(entry.prompt_id == prompt_id for entry in (*self.running, *self.pending))


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """A prompt that is over.

    Attributes:
        prompt_id: the submission.
        outcome: how it ended.
        outputs: files that it left, by node and in order.
    """

    prompt_id: str
    outcome: Outcome
    outputs: tuple[OutputRef, ...] = ()

    @classmethod
    def parse(cls, prompt_id: str, data: Any) -> HistoryEntry:
        """Read one entry of ``/history``; whatever is missing counts as empty."""
        entry = data if isinstance(data, dict) else {}
        status, outputs = entry.get("status") or {}, entry.get("outputs") or {}
        refs: list[OutputRef] = []
        for node_id, output in outputs.items():
            refs += output_refs(str(node_id), output if isinstance(output, dict) else {})
        return cls(prompt_id, _outcome(status), tuple(refs))


def _outcome(status: Mapping[str, Any]) -> Outcome:
    if status.get("status_str") != "error":
        return Outcome()
    for kind, data in (pair for pair in status.get("messages") or () if len(pair) == 2):
        message = parse_event(kind, data)
        if isinstance(message, ExecutionError):
            return Outcome(error=message)
        if isinstance(message, ExecutionInterrupted):
            return Outcome(interrupted=True)
    return Outcome(error=ExecutionError("", "", "", "", "the server gives no reason"))


@dataclass(frozen=True, slots=True)
class Accepted:
    """The server took a prompt. ``problems``: outputs that it left out (protocol.md §0.9)."""

    prompt_id: str
    number: float
    problems: tuple[NodeProblem, ...] = ()

    @classmethod
    def parse(cls, reply: Reply, titles: Mapping[str, str]) -> Accepted:
        """Read the answer to POST /prompt.

        Raises:
            PromptRejected: the graph was refused.
            SignInNeeded, ApiError, ProtocolError.
        """
        if reply.status >= 500 or reply.content_type == "text/html" or reply.status in (401, 403, 407, 413):
            raise refusal(reply)
        data = reply.json()
        if not isinstance(data, dict):
            raise ProtocolError(reply.url, "the answer to a prompt is no object")
        problems = parse_problems(data.get("node_errors"), titles)
        if reply.status >= 400:
            raise _rejected(reply, data.get("error"), problems)
        if "prompt_id" not in data:
            raise ProtocolError(reply.url, "no prompt_id")
        return cls(str(data["prompt_id"]), float(data.get("number") or 0), problems)


def _rejected(reply: Reply, error: Any, problems: tuple[NodeProblem, ...]) -> PromptRejected:
    # Old servers and proxies give a plain string.
    said = error if isinstance(error, dict) else {"type": "rejected", "message": str(error or reply.text[:200])}
    return PromptRejected(
        reply.status,
        reply.url,
        kind=str(said.get("type", "")),
        message=str(said.get("message", "")),
        details=str(said.get("details") or ""),
        problems=problems,
    )


def parse_problems(node_errors: Any, titles: Mapping[str, str]) -> tuple[NodeProblem, ...]:
    """``node_errors`` as typed values (protocol.md §4). ``titles``: node id → the author's title."""
    found: list[NodeProblem] = []
    for node_id, node in node_errors.items() if isinstance(node_errors, dict) else ():
        class_type = str(node.get("class_type", ""))
        title = titles.get(str(node_id)) or class_type
        found += [_problem(str(node_id), class_type, title, error) for error in node.get("errors") or ()]
    return tuple(found)


def _problem(node_id: str, class_type: str, title: str, error: Mapping[str, Any]) -> NodeProblem:
    extra = error.get("extra_info") or {}
    config = extra.get("input_config")
    return NodeProblem(
        node_id=node_id,
        class_type=class_type,
        title=title,
        kind=str(error.get("type", "")),
        message=str(error.get("message", "")),
        details=str(error.get("details") or ""),
        input=str(extra.get("input_name") or ""),
        received=extra.get("received_value"),
        allowed=combo_options(config),
        minimum=_limit(config, "min"),
        maximum=_limit(config, "max"),
    )


def combo_options(spec: Any) -> tuple[Any, ...]:
    """The choices of an input, in both forms that servers give (protocol.md §9); empty for another kind of input."""
    if not isinstance(spec, list) or not spec:
        return ()
    if isinstance(spec[0], list):
        return tuple(spec[0])
    options = spec[1].get("options") if len(spec) > 1 and isinstance(spec[1], dict) else None
    return tuple(options) if isinstance(options, list) else ()


def _limit(spec: Any, key: str) -> float | None:
    value = spec[1].get(key) if isinstance(spec, list) and len(spec) > 1 and isinstance(spec[1], dict) else None
    return value if isinstance(value, int | float) else None


def _whole(value: Any) -> int:
    return int(value) if isinstance(value, int | float) else 0


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A file in the server's input folder, under the name that the server chose."""

    name: str
    subfolder: str = ""
    type: str = "input"

    @property
    def value(self) -> str:
        """What a LoadImage node takes for it (protocol.md §10)."""
        path = f"{self.subfolder}/{self.name}" if self.subfolder else self.name
        return path if self.type == "input" else f"{path} [{self.type}]"


@dataclass(frozen=True, slots=True)
class Health:
    """Whether a server answers. ``latency`` in seconds; ``error`` in plain words, or ``""``."""

    connected: bool
    version: str = ""
    latency: float = 0.0
    error: str = ""
    demo: bool = False
    queue_remaining: int = field(default=0)
