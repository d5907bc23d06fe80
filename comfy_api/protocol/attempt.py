"""One try at a prompt: what is posted, under which ids, and how it is posted exactly once."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from comfy_api.errors import ApiError, ComfyError, ServerUnreachable
from comfy_api.protocol.follow import Follower, Graph
from comfy_api.protocol.progress import Meter
from comfy_api.protocol.replies import Accepted
from comfy_api.workflow import SenderKind, Swap, Workflow, fresh, swap_previews, unswap

if TYPE_CHECKING:
    from comfy_api.protocol.client import ComfyClient

#: Answers of proxies and busy servers: the prompt may have been taken all the same.
_PERHAPS_TAKEN: Final = (429, 502, 503, 504)
_SENDER_CLASSES: Final = ("SaveImageWebsocket", "ETN_SendImageWebSocket")


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


@dataclass(slots=True)
class Attempt:
    """One try. ``again`` marks one that asks for lost results only.

    Attributes:
        graph: as posted.
        targets: the only output nodes wanted, or None for all.
        follower: reads what the server says of it; its prompt_id is the attempt's.
        posted: when the server took it, monotonic; None before.
        heard: whether the websocket said anything since, be it of others.
        sampled: whether a sampler ran, so that its results were computed, not taken from the cache.
    """

    graph: Mapping[str, Any] = field(repr=False)
    targets: tuple[str, ...] | None
    follower: Follower
    again: bool = False
    posted: float | None = None
    heard: bool = False
    sampled: bool = False

    @property
    def prompt_id(self) -> str:
        """The id under which the server has it."""
        return self.follower.prompt_id


class Plan:
    """What is to be run: the author's graph after the swap, and the attempts made from it."""

    def __init__(self, client: ComfyClient, workflow: Workflow, options: RunOptions, *, over_socket: bool) -> None:
        """Asks the server which senders it has.

        Args:
            over_socket: whether results can come over a websocket at all.
        """
        wanted = options.swap and over_socket
        info: dict[str, Any] = {}
        for class_type in _SENDER_CLASSES if wanted else ():
            info |= client.get_object_info(class_type)
        self._swap: Swap = swap_previews(workflow, info, run_token=_token(), keep_previews=not wanted)
        self._targets = options.targets
        self.titles = {node_id: node.title for node_id, node in workflow.nodes.items()}
        self.classes = {node_id: node.class_type for node_id, node in self._swap.workflow.nodes.items()}
        self.meter = Meter(self.classes)

    @property
    def senders(self) -> Mapping[str, SenderKind]:
        """The output nodes whose pictures come over the websocket."""
        return self._swap.senders

    def title(self, node_id: str) -> str:
        """The author's title of a node."""
        return self.titles.get(node_id) or self.classes.get(node_id) or node_id

    def whole(self) -> Attempt:
        """The first attempt, and the one after the server forgot it: everything."""
        senders = {
            node_id: kind for node_id, kind in self.senders.items() if self._targets is None or node_id in self._targets
        }
        workflow = fresh(self._swap.workflow, list(senders), _token())
        return self._attempt(workflow, senders, self._targets, again=False)

    def missing(self, node_ids: Sequence[str], *, over_socket: bool) -> Attempt:
        """An attempt that runs just these output nodes anew: all else is in the server's cache (protocol.md §0.1).

        Args:
            over_socket: False to let the server write files and fetch those.
        """
        workflow = self._swap.workflow if over_socket else unswap(self._swap, node_ids)
        senders = {node: kind for node, kind in self.senders.items() if node in node_ids} if over_socket else {}
        return self._attempt(fresh(workflow, node_ids, _token()), senders, tuple(node_ids), again=True)

    def _attempt(
        self,
        workflow: Workflow,
        senders: Mapping[str, SenderKind],
        targets: tuple[str, ...] | None,
        *,
        again: bool,
    ) -> Attempt:
        graph = Graph(self.classes, self.titles, senders)
        return Attempt(workflow.graph, targets, Follower(_token(), graph, self.meter), again=again)


def post(
    client: ComfyClient,
    attempt: Attempt,
    client_id: str,
    options: RunOptions,
    plan: Plan,
    stopping: threading.Event,
) -> Accepted:
    """Have the server take the attempt exactly once.

    A POST whose answer was lost is looked up by its id before it is sent again with a fresh one; a surplus entry
    that appears in the queue after all is taken out again (design.md, decision 2).

    Raises:
        PromptRejected: the graph was refused.
        ServerUnreachable: not within ``options.patience`` seconds.
        SignInNeeded, ApiError, ProtocolError.
    """
    deadline = time.monotonic() + options.patience
    surplus: list[str] = []
    wait = 0.1
    while True:
        try:
            accepted = _queue(client, attempt, client_id, options, plan)
        except (ServerUnreachable, ApiError) as error:
            if isinstance(error, ApiError) and error.status not in _PERHAPS_TAKEN:
                raise
            if _is_known(client, attempt.prompt_id, deadline):
                accepted = Accepted(attempt.prompt_id, 0.0)
            elif time.monotonic() + wait > deadline or stopping.is_set():
                raise
            else:
                surplus.append(attempt.prompt_id)
                attempt.follower.prompt_id = _token()
                stopping.wait(wait)
                wait = min(wait * 2, 5.0)
                continue
        _withdraw(client, surplus)
        attempt.posted = time.monotonic()
        return accepted


def _queue(client: ComfyClient, attempt: Attempt, client_id: str, options: RunOptions, plan: Plan) -> Accepted:
    return client.queue_prompt(
        attempt.graph,
        client_id=client_id,
        prompt_id=attempt.prompt_id,
        # What is asked for again goes ahead: another prompt in between would empty the cache.
        front=options.front or attempt.again,
        number=None if attempt.again else options.number,
        extra_data=options.extra_data,
        targets=attempt.targets,
        titles=plan.titles,
    )


def _is_known(client: ComfyClient, prompt_id: str, deadline: float) -> bool:
    """Whether the server took it after all; an unreachable server is asked again until ``deadline``."""
    pause = threading.Event()
    while True:
        try:
            return prompt_id in client.get_queue() or client.find_history(prompt_id) is not None
        except (ServerUnreachable, ApiError):
            if time.monotonic() > deadline:
                raise
            pause.wait(0.5)


def _withdraw(client: ComfyClient, prompt_ids: Sequence[str]) -> None:
    """Take out entries of earlier POSTs that arrived late."""
    if not prompt_ids:
        return
    queue = client.get_queue()
    for prompt_id in prompt_ids:
        if prompt_id in queue:
            client.cancel(prompt_id)


def cancel_quietly(client: ComfyClient, prompt_id: str) -> ComfyError | None:
    """Cancel; an error is returned, since whoever stops asks again until the server has confirmed."""
    try:
        client.cancel(prompt_id)
    except ComfyError as error:
        return error
    return None


def _token() -> str:
    return str(uuid4())
