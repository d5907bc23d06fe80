"""What ComfyUI's routes answer, parsed at the edge (protocol.md §4, §9, §10). Unknown keys are ignored."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from comfy_api.errors import NodeProblem, PromptRejected, ProtocolError
from comfy_api.protocol.follow import Outcome
from comfy_api.protocol.http import Reply, refusal
from comfy_api.protocol.messages import (
    ExecutionCached,
    ExecutionError,
    ExecutionInterrupted,
    Message,
    parse_event,
)
from comfy_api.protocol.outputs import Output, parse_outputs


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
            argv=tuple(str(word) for word in _list(system.get("argv"))),
            devices=tuple(device for device in _list(data.get("devices")) if isinstance(device, dict)),
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
        except (TypeError, KeyError, IndexError, ValueError, OverflowError):
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
        outputs: files and texts that it left, by node and in order.
        cached: nodes that did not run, for their outputs were kept from the prompt before.
    """

    prompt_id: str
    outcome: Outcome
    outputs: tuple[Output, ...] = ()
    cached: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, prompt_id: str, data: Any) -> HistoryEntry:
        """Read one entry of ``/history``; whatever is missing counts as empty."""
        entry = _dict(data)
        meta, left = _dict(entry.get("meta")), list[Output]()
        for node_id, output in _dict(entry.get("outputs")).items():
            # A node made by expansion gives its outputs to the one that it stands for (protocol.md §1).
            shown = str(_dict(meta.get(node_id)).get("display_node") or node_id)
            left += parse_outputs(shown, _dict(output), [known for known in left if known.node_id == shown])
        status = _dict(entry.get("status"))
        messages = [
            parse_event(pair[0], _dict(pair[1]))
            for pair in _list(status.get("messages"))
            if isinstance(pair, list) and len(pair) == 2
        ]
        cached = [message.nodes for message in messages if isinstance(message, ExecutionCached)]
        outcome = _outcome(messages) if status.get("status_str") == "error" else Outcome()
        return cls(prompt_id, outcome, tuple(left), frozenset(node for nodes in cached for node in nodes))


def _outcome(messages: Sequence[Message]) -> Outcome:
    for message in messages:
        if isinstance(message, ExecutionError):
            return Outcome(error=message)
        if isinstance(message, ExecutionInterrupted):
            return Outcome(interrupted=True)
    return Outcome(error=ExecutionError("", "", "", "", "the server gives no reason"))


@dataclass(frozen=True, slots=True)
class Accepted:
    """The server took a prompt.

    Attributes:
        prompt_id: ours, or the one that it made.
        number: its place by number, lower first.
        problems: why it left outputs out (protocol.md §0.9).
        left_out: these outputs' nodes.
    """

    prompt_id: str
    number: float = 0.0
    problems: tuple[NodeProblem, ...] = ()
    left_out: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, reply: Reply, titles: Mapping[str, str]) -> Accepted:
        """Read the answer to POST /prompt.

        Raises:
            PromptRejected: the graph was refused.
            SignInNeeded, ApiError, ProtocolError.
        """
        if reply.status >= 500 or reply.is_page or reply.status in (401, 403, 407, 413, 429):
            raise refusal(reply)
        data = reply.json_object()
        problems = parse_problems(data.get("node_errors"), titles)
        if reply.status >= 400:
            raise _rejected(reply, data.get("error"), problems)
        if "prompt_id" not in data:
            raise ProtocolError(reply.url, "no prompt_id")
        left_out = frozenset(
            str(node_id)
            for node in _dict(data.get("node_errors")).values()
            for node_id in _list(_dict(node).get("dependent_outputs"))
        )
        return cls(str(data["prompt_id"]), _number(data.get("number")), problems, left_out)


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
    for node_id, node in _dict(node_errors).items():
        class_type = str(_dict(node).get("class_type", ""))
        title = titles.get(str(node_id)) or class_type
        errors = (_dict(error) for error in _list(_dict(node).get("errors")))
        found += [_problem(str(node_id), class_type, title, error) for error in errors]
    return tuple(found)


def _problem(node_id: str, class_type: str, title: str, error: Mapping[str, Any]) -> NodeProblem:
    extra = _dict(error.get("extra_info"))
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
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else 0.0


def _whole(value: Any) -> int:
    return int(_number(value))


def _dict(value: Any) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A file in the server's input folder, under the name that the server chose."""

    name: str
    subfolder: str = ""
    type: str = "input"

    @classmethod
    def parse(cls, reply: Reply, asked_for: str) -> Uploaded:
        """Read the answer to an upload into the folder ``asked_for``. Raises ProtocolError."""
        data = reply.json_object()
        if not isinstance(data.get("name"), str):
            raise ProtocolError(reply.url, "an upload without a name")
        return cls(data["name"], str(data.get("subfolder") or ""), str(data.get("type") or asked_for))

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


@dataclass(frozen=True, slots=True)
class Ran:
    """What a prompt that is over ran, out of the server's history.

    Attributes:
        prompt_id: the submission.
        graph: the graph as it was queued; None where the history holds none.
        ui: the workflow in UI format that was sent along, or None. Neither was looked at any further.
        began: seconds since 1970, or None where the server does not say.
        filename: the first file that it made, or ``""``.
    """

    prompt_id: str
    graph: dict[str, Any] | None = field(repr=False)
    ui: dict[str, Any] | None = field(default=None, repr=False)
    began: float | None = None
    filename: str = ""

    @classmethod
    def parse(cls, prompt_id: str, data: Any) -> Ran:
        """Read one entry of ``/history``; whatever is missing counts as empty."""
        entry = _dict(data)
        # Number, id, graph, extra data, outputs (protocol.md §9).
        queued = [*_list(entry.get("prompt")), None, None, None, None]
        ui = _dict(_dict(queued[3]).get("extra_pnginfo")).get("workflow")
        return cls(
            prompt_id,
            queued[2] if isinstance(queued[2], dict) else None,
            ui if isinstance(ui, dict) else None,
            _began(_list(_dict(entry.get("status")).get("messages"))),
            _first_filename(_dict(entry.get("outputs"))),
        )


def _began(messages: Sequence[Any]) -> float | None:
    for message in messages:
        if isinstance(message, list) and len(message) == 2 and message[0] == "execution_start":
            return _number(_dict(message[1]).get("timestamp")) / 1000 or None
    return None


def _first_filename(outputs: Mapping[Any, Any]) -> str:
    entries = (entry for node in outputs.values() for found in _dict(node).values() for entry in _list(found))
    names = (_dict(entry).get("filename") for entry in entries)
    return next((name for name in names if isinstance(name, str)), "")
