"""The thread of one run: posts, has the attempt followed, judges its end, and tries again where something was lost."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Final

from comfy_api.errors import ComfyError, ExecutionFailed, NodeProblem, PromptRejected, ResultsLost, RunLost
from comfy_api.protocol.attempt import Attempt, Plan, RunOptions
from comfy_api.protocol.channel import Channel, Direct
from comfy_api.protocol.delivery import Delivery
from comfy_api.protocol.events import Event, Failed, Finished, Result, Stopped
from comfy_api.protocol.follow import Outcome
from comfy_api.protocol.line import Line
from comfy_api.protocol.messages import ExecutionError
from comfy_api.protocol.post import post, withdraw
from comfy_api.protocol.tracker import Tracker
from comfy_api.workflow import Workflow

if TYPE_CHECKING:
    from comfy_api.protocol.client import ComfyClient

log = logging.getLogger(__name__)

#: Tries at results that did not arrive, and at prompts that the server forgot.
REDELIVERIES: Final = 4
RESUBMISSIONS: Final = 2


class Receiver:
    """One run. Its thread owns the websocket and ends with the run."""

    def __init__(
        self,
        client: ComfyClient,
        hasty: ComfyClient,
        line: Line,
        plan: Plan,
        options: RunOptions,
        channel: Channel | Direct,
    ) -> None:
        """Use ``submit``."""
        self.end: Event | None = None
        self.problems: tuple[NodeProblem, ...] = ()
        self.thread = threading.Thread(target=self._run, name="easel-receiver", daemon=True)
        self._client, self._hasty, self._line, self._plan = client, hasty, line, plan
        self._options, self._channel = options, channel
        keep = isinstance(channel, Channel)
        self._delivery = Delivery(client, plan.title, channel.put, keep=keep, spool=options.spool)
        self._tracker = Tracker(hasty, line, plan, self._delivery, options, channel.put)
        self._attempt = self._following(plan.whole(over_socket=line.is_open))
        self._posting = threading.Lock()  # held while an attempt is posted, so that a stop sees its final id
        self._ending = threading.Lock()  # guards end: there is just one
        self._left_out: frozenset[str] = frozenset()
        self._redeliveries = self._resubmissions = 0

    # --- called from other threads ------------------------------------------------------------------------

    @property
    def prompt_id(self) -> str:
        """The id under which the server has the present attempt."""
        return self._attempt.prompt_id

    @property
    def results(self) -> list[Result]:
        """Results so far."""
        return list(self._delivery.results)

    def start(self) -> None:
        """Start the thread, then post: in this order nothing is missed (design.md, decision 2)."""
        self.thread.start()
        try:
            self._post(self._attempt)
        except BaseException as error:
            # The caller gets the error itself; nothing may stay on the server, and the thread has to end.
            if not isinstance(error, PromptRejected):
                self._tracker.cancel(self._attempt)
            self._finish(Failed(error) if isinstance(error, ComfyError) else Stopped(asked=True), tell=False)
            self._line.wake()
            self.thread.join(self._options.timing.tick)
            raise

    def stop(self) -> None:
        """Have the server stop the present attempt. Errors are no matter here: the thread asks until it is so."""
        self._tracker.stopping.set()
        # Where an attempt is just being posted, whoever posts it cancels it.
        if not self._tracker.over.is_set() and self._posting.acquire(blocking=False):
            self._posting.release()
            self._tracker.cancel(self._attempt)

    # --- the thread -----------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while self.end is None:
                self._one_attempt(self._attempt)
        except ComfyError as error:
            self._tracker.cancel(self._attempt)
            self._finish(Failed(error))
        finally:
            if self.end is None:  # a fault of ours, whose traceback goes its way: whoever waits still gets an end
                self._tracker.cancel(self._attempt)
                self._finish(Failed(RunLost(self._attempt.prompt_id)))
            self._line.close()
            self._delivery.close()
            self._hasty.close()

    def _one_attempt(self, attempt: Attempt) -> None:
        remembered = self._tracker.follow(attempt)
        with self._posting:
            pass  # it may be over before the POST is answered (protocol.md §1), and the answer names what was left out
        if self.end is not None:
            return
        if not remembered:
            self._resubmit(attempt)
        else:
            verdict = self._settle(attempt)
            if verdict is not None:
                self._finish(verdict)

    def _finish(self, end: Event, *, tell: bool = True) -> None:
        with self._ending:
            if self.end is None:
                self.end = end
                if tell:
                    self._channel.put(end)
        self._tracker.over.set()

    # --- attempts -------------------------------------------------------------------------------------------

    def _following(self, attempt: Attempt) -> Attempt:
        """Without a socket from the start, all that is said of it is missed."""
        if not self._line.is_open:
            attempt.follower.connection_lost()
        return attempt

    def _post(self, attempt: Attempt) -> None:
        stopping, titles = self._tracker.stopping, self._plan.titles
        with self._posting:
            accepted = post(self._client, attempt, self._line.client_id, self._options, titles, stopping)
        self.problems = self.problems or accepted.problems
        self._left_out |= accepted.left_out
        log.info("prompt %s accepted", attempt.prompt_id)
        self._tracker.posted(attempt)

    def _post_next(self, attempt: Attempt) -> None:
        """Replace the present attempt."""
        attempt.follower.metadata = self._attempt.follower.metadata
        self._attempt = self._following(attempt)
        try:
            self._post(attempt)
        except ComfyError:
            if not self._tracker.stopping.is_set():
                raise
            self._tracker.cancel(attempt)
            self._finish(Stopped(asked=True))

    def _resubmit(self, attempt: Attempt) -> None:
        """The server was restarted: the same again."""
        if self._resubmissions >= RESUBMISSIONS:
            raise RunLost(attempt.prompt_id)
        self._resubmissions += 1
        log.info("prompt %s was forgotten by the server and is sent again", attempt.prompt_id)
        self._client.forget_object_info()
        over_socket = self._line.try_reopen()
        again = self._plan.missing(attempt.outputs, over_socket=over_socket) if attempt.again else None
        self._post_next(again or self._plan.whole(over_socket=over_socket))

    def _redeliver(self, attempt: Attempt, missing: list[str]) -> Event | None:
        """Ask for lost results before anything else goes to this server: its cache holds the last prompt only."""
        self._redeliveries += 1
        if self._redeliveries > REDELIVERIES:
            return Failed(ResultsLost(attempt.prompt_id, [self._plan.title(node) for node in missing]))
        # A second loss on the same way: take the other one.
        over_socket = self._redeliveries == 1 and self._line.try_reopen()
        log.info("results of %d nodes did not arrive and are asked for again", len(missing))
        self._post_next(self._plan.missing(missing, over_socket=over_socket))
        return None

    # --- the end of an attempt ------------------------------------------------------------------------------

    def _settle(self, attempt: Attempt) -> Event | None:
        """What the ended attempt comes to: an end, or None after another attempt was posted for what is missing."""
        outcome = attempt.follower.outcome or Outcome()
        timing = self._options.timing
        whole = outcome.error is None and not outcome.interrupted
        missing = self._missing(attempt, timing.fetch_within if whole else timing.fetch_rest)
        if attempt.surplus:
            withdraw(self._hasty, attempt)
        if outcome.error is not None:
            return Failed(self._failure(attempt, outcome.error))
        if outcome.interrupted:
            return Stopped(asked=self._tracker.stopping.is_set())
        if self._delivery.too_large is not None:
            return Failed(self._delivery.too_large)
        if not missing:
            self._plan.meter.finish()
            return Finished(self.problems)
        if self._tracker.stopping.is_set():
            return Stopped(asked=True)
        return self._redeliver(attempt, missing)

    def _missing(self, attempt: Attempt, seconds: float) -> list[str]:
        """The output nodes with results that are not here, after all that can be fetched was fetched."""
        unknown: tuple[str, ...] = ()
        if attempt.follower.lossy and not self._tracker.find_entry(attempt):
            log.info("prompt %s is over, but not in the history", attempt.prompt_id)
            unknown = attempt.outputs
        unfetched = self._delivery.unfetched(seconds)
        have = self._delivery.have
        missing = [*attempt.follower.missing(have), *(node for node in unknown if not have.get(node)), *unfetched]
        return [node for node in dict.fromkeys(missing) if node not in self._left_out]

    def _failure(self, attempt: Attempt, error: ExecutionError) -> ExecutionFailed:
        return ExecutionFailed(
            attempt.prompt_id,
            node_id=error.node_id,
            class_type=error.class_type,
            title=self._plan.titles.get(error.node_id, ""),
            exception_type=error.exception_type,
            detail=error.message,
            traceback=error.traceback,
        )


def submit(client: ComfyClient, workflow: Workflow, options: RunOptions, channel: Channel | Direct) -> Receiver:
    """Open the websocket, ask the server which senders it has, post, and follow.

    Raises:
        PromptRejected: the graph was refused.
        ServerUnreachable, SignInNeeded, ApiError, ProtocolError.
    """
    hasty = client.hasty()
    line = Line(client, options.timing, channel.put)
    try:
        line.open_first()
        plan = Plan(client, workflow, options, over_socket=line.is_open)
        receiver = Receiver(client, hasty, line, plan, options, channel)
    except BaseException:
        line.close()
        hasty.close()
        raise
    receiver.start()
    return receiver
