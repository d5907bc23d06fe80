"""What the messages of one prompt mean. Pure: messages and frames in, events out.

One ``Follower`` follows one prompt_id over one or more connections. It tells results from previews (protocol.md §2),
leaves other prompts' messages alone, and knows in the end which results are missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from comfy_api.protocol.events import Cached, Event, NodeStarted, Preview, Progress, Started
from comfy_api.protocol.frames import Frame, ImageFrame
from comfy_api.protocol.messages import (
    Executed,
    Executing,
    ExecutionCached,
    ExecutionError,
    ExecutionInterrupted,
    ExecutionStart,
    ExecutionSuccess,
    Features,
    Message,
    NodeProgress,
    ProgressState,
)
from comfy_api.protocol.outputs import Output, parse_outputs
from comfy_api.protocol.progress import Meter
from comfy_api.workflow import SenderKind


@dataclass(frozen=True, slots=True)
class Arrived:
    """A result came over the websocket, not yet decoded: picture ``index`` of ``node_id``."""

    node_id: str
    index: int
    data: bytes = field(repr=False)
    mime: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the prompt ended: ``error`` where a node raised, ``interrupted`` where someone stopped it."""

    error: ExecutionError | None = None
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class Graph:
    """What a follower knows of the graph.

    Attributes:
        classes: node id → class.
        titles: node id → the author's title.
        senders: output nodes that send their pictures over the websocket.
    """

    classes: Mapping[str, str]
    titles: Mapping[str, str]
    senders: Mapping[str, SenderKind]

    def title(self, node_id: str) -> str:
        """The author's title, or the id of a node that is not in the graph."""
        return self.titles.get(node_id) or self.classes.get(node_id) or node_id


Step = Event | Arrived | Output


class Follower:
    """The state of one prompt, as far as the server told it."""

    def __init__(self, prompt_id: str, graph: Graph, meter: Meter) -> None:
        self.prompt_id = prompt_id
        self.started = False
        #: Set once the server said how it ended.
        self.outcome: Outcome | None = None
        #: Set with ``executing null``: everything was said, the history is written (protocol.md §0.3).
        self.closed = False
        self._graph, self._meter = graph, meter
        #: Whether frames name their node on the present connection (protocol.md §3).
        self.metadata = False
        self._node: str | None = None
        # Per sender: pictures that came, and that there should be.
        self._came: dict[str, int] = {}
        self._expected: dict[str, int] = {}
        # Per node: what it left so far. One that stands for several tells several times.
        self._outputs: dict[str, list[Output]] = {}
        #: Whether messages may have been missed.
        self.lossy = False
        # Senders whose pictures cannot be counted, because some may have been missed.
        self._uncertain: set[str] = set()

    # --- what is asked of it ----------------------------------------------------------------------------

    def missing(self, have: Mapping[str, set[int]]) -> list[str]:
        """The senders whose results are not all in ``have`` (node id → indexes), in the order of the graph."""
        return [node for node in self._graph.senders if not self._complete(node, len(have.get(node, ())))]

    def connection_lost(self) -> None:
        """Messages may have been missed, and the feature flags are void: they hold for one connection."""
        self.metadata, self.lossy = False, True
        self._uncertain = set(self._graph.senders)
        self._node = None  # the server says it anew, without a prompt_id (protocol.md §7)

    def end(self, outcome: Outcome) -> None:
        """The history says how it ended."""
        self.outcome, self.closed = outcome, True

    # --- messages ---------------------------------------------------------------------------------------

    def message(self, message: Message) -> list[Step]:
        """Take one text message. Those of other prompts change nothing."""
        if isinstance(message, Features):
            self.metadata = message.preview_metadata
            return []
        prompt_id = getattr(message, "prompt_id", None)
        if self.closed or prompt_id not in (self.prompt_id, None):
            return []
        handle = _HANDLERS.get(type(message))
        if handle is None or (prompt_id is None and not self._speaks_of_ours(message)):
            return []
        return handle(self, message)

    def _speaks_of_ours(self, message: Message) -> bool:
        """A message without a prompt_id is addressed to our client_id, so it is ours once the server has begun."""
        return isinstance(message, Executing | NodeProgress) and message.node is not None

    def _on_start(self, message: ExecutionStart) -> list[Step]:
        return self._begin()

    def _begin(self) -> list[Step]:
        if self.started:
            return []
        self.started = True
        return [Started(self.prompt_id)]

    def _on_cached(self, message: ExecutionCached) -> list[Step]:
        self._meter.cached(message.nodes)
        return [*self._begin(), Cached(message.nodes)]

    def _on_executing(self, message: Executing) -> list[Step]:
        if message.node is None:
            self.closed = True
            self.outcome = self.outcome or Outcome()
            return []
        self._node = message.node
        if message.prompt_id is not None:  # else we come into its midst, and pictures may have gone by
            self._uncertain.discard(message.node)
        self._meter.begin(message.node)
        return [
            *self._begin(),
            NodeStarted(message.node, self._graph.title(message.node), self._meter.overall),
        ]

    def _on_progress(self, message: NodeProgress) -> list[Step]:
        node = message.node
        if self._graph.senders.get(node) is SenderKind.SAVE_WEBSOCKET:
            # 0/3, 1/3, 2/3, one a picture (protocol.md §2): it tells how many there are, and is no news for the bar.
            self._expected[node] = int(message.max)
            return []
        self._meter.step(node, message.value, message.max)
        overall = self._meter.overall
        return [*self._begin(), Progress(node, self._graph.title(node), message.value, message.max, overall)]

    def _on_state(self, message: ProgressState) -> list[Step]:
        self._meter.done(message.finished)
        return []

    def _on_executed(self, message: Executed) -> list[Step]:
        node = message.node
        if self._graph.senders.get(node) is SenderKind.ETN:
            self._expected[node] = _count_sent(message.output)
            return []
        known = self._outputs.setdefault(node, [])
        new = parse_outputs(node, message.output, known)
        known += new
        return [*new]

    def _on_success(self, message: ExecutionSuccess) -> list[Step]:
        self.outcome = Outcome()
        return []

    def _on_error(self, message: ExecutionError) -> list[Step]:
        self.outcome = Outcome(error=message)
        return []

    def _on_interrupted(self, message: ExecutionInterrupted) -> list[Step]:
        self.outcome = Outcome(interrupted=True)
        return []

    # --- frames -----------------------------------------------------------------------------------------

    def frame(self, frame: Frame) -> list[Step]:
        """Take one binary message: a result, a preview, or nothing of ours."""
        if not isinstance(frame, ImageFrame) or not self.started or self.closed:
            return []
        if frame.prompt_id not in (self.prompt_id, None):
            return []
        node = frame.node_id or self._node or ""
        if self._is_result(frame, node):
            return self._arrived(node, frame)
        return [Preview(node, frame.data, frame.mime)]

    def _is_result(self, frame: ImageFrame, node: str) -> bool:
        kind = self._graph.senders.get(node)
        if kind is SenderKind.SAVE_WEBSOCKET:
            # With the flag it names itself; without, whatever comes while it runs is its picture.
            return (frame.node_id is not None) == self.metadata
        return kind is SenderKind.ETN and frame.node_id is None

    def _arrived(self, node: str, frame: ImageFrame) -> list[Step]:
        if node in self._uncertain:
            return []  # counted wrong it would take another's place; it is asked for again
        index = self._came.get(node, 0)
        self._came[node] = index + 1
        return [Arrived(node, index, frame.data, frame.mime)]

    def _complete(self, node: str, came: int) -> bool:
        expected = self._expected.get(node)
        if expected is None:
            return not self.lossy  # all was heard, and nothing of this node: a switch before it led elsewhere
        return came >= expected


_HANDLERS: Mapping[type, Callable[[Follower, Any], list[Step]]] = {
    ExecutionStart: Follower._on_start,
    ExecutionCached: Follower._on_cached,
    Executing: Follower._on_executing,
    NodeProgress: Follower._on_progress,
    ProgressState: Follower._on_state,
    Executed: Follower._on_executed,
    ExecutionSuccess: Follower._on_success,
    ExecutionError: Follower._on_error,
    ExecutionInterrupted: Follower._on_interrupted,
}


def _count_sent(output: Mapping[str, Any]) -> int:
    images = output.get("images")
    return sum(1 for image in images if isinstance(image, dict)) if isinstance(images, list) else 0
