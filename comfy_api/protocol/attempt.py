"""What is to be run: the author's graph after the swap, and the tries made from it. Only ``Plan`` asks the server."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from comfy_api.protocol.follow import Follower, Graph
from comfy_api.protocol.progress import Meter, samples
from comfy_api.protocol.replies import HistoryEntry
from comfy_api.protocol.timing import USUAL, Timing
from comfy_api.workflow import SenderKind, Swap, Workflow, fresh, output_ids, swap_previews, unswap

if TYPE_CHECKING:
    from comfy_api.protocol.client import ComfyClient


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a run is submitted and how long it waits; see ``ComfyClient.run``."""

    swap: bool = True
    front: bool = False
    number: float | None = None
    extra_data: Mapping[str, Any] = field(default_factory=dict, repr=False)
    targets: tuple[str, ...] | None = None
    silence: float = 1800.0
    patience: float = 300.0
    timing: Timing = USUAL
    spool: Path | None = None


@dataclass(slots=True)
class Attempt:
    """One try. ``again`` marks one that asks for lost results only.

    Attributes:
        graph: as posted.
        targets: the only output nodes wanted, or None for all.
        outputs: the nodes that it is to give pictures of.
        follower: reads what the server says of it; its prompt_id is the attempt's.
        surplus: ids of POSTs whose answer was lost, and which the server did not have when it was asked.
        posted: when the server took it, monotonic; None before.
        heard: whether the websocket said anything since, be it of others.
        sampled: whether a sampler ran, so that its results were computed, not taken from the cache.
        entry: its end, by the history; None before.
        ended: when that was read, monotonic.
    """

    graph: Mapping[str, Any] = field(repr=False)
    targets: tuple[str, ...] | None
    outputs: tuple[str, ...]
    follower: Follower
    again: bool = False
    surplus: list[str] = field(default_factory=list)
    posted: float | None = None
    heard: bool = False
    sampled: bool = False
    entry: HistoryEntry | None = None
    ended: float = 0.0

    @property
    def prompt_id(self) -> str:
        """The id under which the server has it."""
        return self.follower.prompt_id

    @property
    def recomputed(self) -> bool:
        """Whether its results had to be made a second time."""
        return self.again and self.sampled

    def renew(self) -> None:
        """Take another id: whether the server will ever have it under the present one is not known."""
        self.surplus.append(self.prompt_id)
        self.follower.prompt_id = token()


class Plan:
    """The author's graph after the swap, and the attempts made from it."""

    def __init__(self, client: ComfyClient, workflow: Workflow, options: RunOptions, *, over_socket: bool) -> None:
        """Asks the server which senders it has.

        Args:
            over_socket: whether results can come over a websocket at all.
        """
        swapping = options.swap and over_socket
        info: dict[str, Any] = {}
        for kind in SenderKind if swapping else ():
            info |= client.get_object_info(kind)
        self._swap: Swap = swap_previews(workflow, info, run_token=token(), keep_previews=not swapping)
        self._targets = options.targets
        self._outputs = options.targets or output_ids(self._swap.workflow)
        self.titles = {node_id: node.title for node_id, node in workflow.nodes.items()}
        self.classes = {node_id: node.class_type for node_id, node in self._swap.workflow.nodes.items()}
        self.meter = Meter(self.classes)

    def title(self, node_id: str) -> str:
        """The author's title of a node."""
        return self.titles.get(node_id) or self.classes.get(node_id) or node_id

    def whole(self, *, over_socket: bool) -> Attempt:
        """An attempt at everything: the first one, and the one after the server forgot it."""
        return self._attempt(self._outputs, self._targets, over_socket=over_socket, again=False)

    def missing(self, node_ids: Sequence[str], *, over_socket: bool) -> Attempt:
        """An attempt that runs just these output nodes anew: all else is in the server's cache (protocol.md §0.1).

        Args:
            over_socket: False to let the server write files and fetch those.
        """
        return self._attempt(tuple(node_ids), tuple(node_ids), over_socket=over_socket, again=True)

    def sampled(self, attempt: Attempt, cached: Collection[str]) -> bool:
        """Whether a sampler ran for it, by the nodes that were cached."""
        workflow = self._swap.workflow
        needed = {node for output in attempt.outputs for node in workflow.ancestors(output)}
        return any(samples(self.classes[node]) and node not in cached for node in needed)

    def _attempt(
        self, outputs: tuple[str, ...], targets: tuple[str, ...] | None, *, over_socket: bool, again: bool
    ) -> Attempt:
        # Senders that ComfyUI would run without being asked are followed too.
        wanted = self._swap.senders if targets is None else [node for node in self._swap.senders if node in targets]
        workflow = self._swap.workflow if over_socket else unswap(self._swap, wanted)
        senders: dict[str, SenderKind] = {node: self._swap.senders[node] for node in wanted} if over_socket else {}
        # Files are in the history and may come from the cache; frames are sent just once.
        workflow = fresh(workflow, outputs if again else list(senders), token())
        graph = Graph(self.classes, self.titles, senders)
        return Attempt(workflow.graph, targets, outputs, Follower(token(), graph, self.meter), again=again)


def token() -> str:
    """A new id, as newer servers want them: a canonical lower-case UUID (protocol.md §14)."""
    return str(uuid4())
