"""The thread that reads one run's websocket, and mends what breaks on the way.

History decides, the websocket animates (design.md, decision 1): whatever the socket does or does not say, a run
ends when ``executing`` names no node, or when the history has it. Where no socket lives long enough, the run is
followed by history alone, and pictures come by ``/view``.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from comfy_api.errors import (
    ApiError,
    ComfyError,
    ExecutionFailed,
    NodeProblem,
    ResultsLost,
    RunLost,
    RunTimeout,
    ServerUnreachable,
)
from comfy_api.protocol.attempt import Attempt, Plan, RunOptions, cancel_quietly, post
from comfy_api.protocol.channel import Channel
from comfy_api.protocol.delivery import Delivery
from comfy_api.protocol.events import (
    END,
    Cached,
    Event,
    Failed,
    Finished,
    LineBroken,
    LineMended,
    NodeStarted,
    Queued,
    Result,
    Started,
    Stopped,
)
from comfy_api.protocol.follow import Arrived, Outcome, OutputRef, Step
from comfy_api.protocol.frames import BadFrame, parse_frame
from comfy_api.protocol.messages import ExecutionError, Features, parse_message
from comfy_api.protocol.progress import weigh
from comfy_api.protocol.socket import Socket, SocketClosed
from comfy_api.workflow import Workflow

if TYPE_CHECKING:
    from comfy_api.protocol.client import ComfyClient

log = logging.getLogger(__name__)

#: No message at all for so long after a POST, though HTTP answers: the socket is deaf (protocol.md §0.2).
DEAF_AFTER: Final = 10.0
#: So long after the last word of our prompt the history is asked.
ASK_AFTER: Final = 10.0
#: Pauses between two questions about the place in line, and while stopping or without a socket.
PLACE_AFTER: Final = 0.1
PLACE_EVERY: Final = 2.0
STATE_EVERY: Final = 0.5
#: Known neither to queue nor history for so long: gone. The history may come 0.4 s late (protocol.md §0.3).
GONE_AFTER: Final = 1.5
#: A socket that lived shorter died young; so many in a row, and the run goes on without one.
YOUNG: Final = 10.0
YOUNG_DEATHS: Final = 3
#: Tries at results that did not arrive, and at prompts that the server forgot.
REDELIVERIES: Final = 4
RESUBMISSIONS: Final = 2
#: Patience with a file that is being fetched.
FETCH_WITHIN: Final = 300.0


class Receiver:
    """Follows one run. Its thread owns the websocket and ends with the run; ``submit`` starts it."""

    def __init__(self, client: ComfyClient, workflow: Workflow, options: RunOptions, channel: Channel) -> None:
        self.end: Event | None = None
        self.problems: tuple[NodeProblem, ...] = ()
        self.thread = threading.Thread(target=self._run, name="easel-receiver", daemon=True)
        self._client, self._options, self._channel = client, options, channel
        self._workflow = workflow
        self._hasty = client.hasty()
        self._client_id = str(uuid4())
        self._socket: Socket | None = None
        self._posting = threading.Lock()  # held while an attempt is posted, so that a stop sees its final id
        self._ending = threading.Lock()  # guards end: there is just one
        self._stopping = threading.Event()
        self._over = threading.Event()
        # The thread's own clockwork; monotonic seconds.
        self._heard = self._asked = self._opened = time.monotonic()
        self._cancelled = 0.0
        self._broken: float | None = None
        self._absent: float | None = None
        self._unreachable: float | None = None
        self._young_deaths = 0
        self._line_was_lost = False
        self._place: int | None = None
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

    def submit(self) -> None:
        """Open the websocket, start the thread, post: in this order nothing is missed (design.md, decision 2)."""
        try:
            self._open_first()
            self._plan = Plan(self._client, self._workflow, self._options, over_socket=self._socket is not None)
            self._delivery = Delivery(self._client, self._plan.title, self._channel.put)
            self._attempt = self._plan.whole()
        except BaseException:
            self._close()
            raise
        self.thread.start()
        try:
            self._post(self._attempt)
        except BaseException as error:
            # The caller gets the error itself; the thread only has to end.
            self._finish(Failed(error) if isinstance(error, ComfyError) else Stopped(asked=True))
            if self._socket is not None:
                self._socket.wake()
            self.thread.join(STATE_EVERY)
            raise

    def stop(self) -> None:
        """Have the server stop the present attempt. Errors are no matter here: the thread asks until it is so."""
        self._stopping.set()
        # Where an attempt is just being posted, whoever posts it cancels it.
        if not self._over.is_set() and self._posting.acquire(blocking=False):
            self._posting.release()
            cancel_quietly(self._hasty, self._attempt.prompt_id)

    def join(self, timeout: float | None) -> None:
        """Wait until the thread has ended."""
        self.thread.join(timeout)

    # --- the thread -----------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while self.end is None:
                self._follow()
                if self.end is None and (verdict := self._settle()) is not None:
                    self._finish(verdict)
        except ComfyError as error:
            self._give_up(error)
        finally:
            # Whatever happens, whoever waits for the end gets one.
            self._finish(Failed(RunLost(self._attempt.prompt_id)))
            self._close()

    def _give_up(self, error: ComfyError) -> None:
        cancel_quietly(self._hasty, self._attempt.prompt_id)
        self._finish(Failed(error))

    def _finish(self, end: Event) -> None:
        with self._ending:
            if self.end is None:
                self._channel.put(end)
                self.end = end
        self._over.set()

    def _close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if hasattr(self, "_delivery"):
            self._delivery.close()
        self._hasty.close()

    def _emit(self, event: Event) -> None:
        if self.end is None or isinstance(event, END):
            self._channel.put(event)

    # --- one attempt ----------------------------------------------------------------------------------------

    def _post(self, attempt: Attempt) -> None:
        with self._posting:
            accepted = post(self._client, attempt, self._client_id, self._options, self._plan, self._stopping)
        self._heard = time.monotonic()
        self.problems = self.problems or accepted.problems
        if self._stopping.is_set():
            cancel_quietly(self._hasty, attempt.prompt_id)
        log.info("prompt %s accepted", attempt.prompt_id)

    def _post_next(self, attempt: Attempt) -> None:
        """Replace the present attempt."""
        self._absent = self._place = None
        self._line_was_lost = self._socket is None
        attempt.follower.metadata = self._attempt.follower.metadata
        self._attempt = attempt
        self._post(attempt)

    def _follow(self) -> None:
        """Read until the present attempt is over."""
        attempt = self._attempt
        while not attempt.follower.closed and self.end is None:
            if self._socket is None:
                self._without_socket()
            else:
                self._read(self._socket)
            if attempt.posted is not None and not attempt.follower.closed:
                self._look_after(attempt, time.monotonic())

    def _read(self, socket: Socket) -> None:
        try:
            message = socket.receive(STATE_EVERY)
        except SocketClosed as error:
            self._line_lost(str(error))
            return
        if message is None:
            return
        steps = self._text(message) if isinstance(message, str) else self._binary(message)
        if steps:
            self._heard = time.monotonic()
        for step in steps:
            self._take(step)

    def _text(self, text: str) -> list[Step]:
        message = parse_message(text)
        if not isinstance(message, Features) and getattr(message, "sid", None) is None:
            self._attempt.heard = True  # more than the greeting of a new connection
        return self._attempt.follower.message(message)

    def _binary(self, data: bytes) -> list[Step]:
        frame = parse_frame(data)
        if isinstance(frame, BadFrame):
            log.warning("a frame was left out: %s", frame.reason)
        return self._attempt.follower.frame(frame)

    def _take(self, step: Step) -> None:
        attempt = self._attempt
        recomputed = attempt.again and attempt.sampled
        if isinstance(step, Arrived):
            self._delivery.take(step, recomputed=recomputed)
        elif isinstance(step, OutputRef):
            self._delivery.fetch([step], recomputed=recomputed)
        else:
            if isinstance(step, NodeStarted) and weigh(self._plan.classes.get(step.node_id, "")) >= weigh("Sampler"):
                attempt.sampled = True
            if not (attempt.again and isinstance(step, Started | Cached)):
                self._emit(step)

    # --- the watch: what the socket does not say ------------------------------------------------------------

    def _look_after(self, attempt: Attempt, now: float) -> None:
        if now - self._heard > self._options.silence:
            raise RunTimeout(attempt.prompt_id, self._options.silence)
        if self._stopping.is_set() and now - self._cancelled > 5.0:
            self._cancelled = now
            cancel_quietly(self._hasty, attempt.prompt_id)
        if self._socket is not None and self._is_deaf(attempt, now):
            self._line_lost("nothing is heard on it")
        if now - self._asked >= self._question_after(attempt, now):
            self._ask(attempt)

    def _is_deaf(self, attempt: Attempt, now: float) -> bool:
        """A POST is always followed by word of the queue's length, to everyone."""
        posted = max(attempt.posted or now, self._opened)
        return not attempt.heard and now - posted > DEAF_AFTER

    def _question_after(self, attempt: Attempt, now: float) -> float:
        if self._stopping.is_set() or self._socket is None or self._absent is not None:
            return STATE_EVERY
        if not attempt.follower.started:
            return PLACE_AFTER if self._place is None else PLACE_EVERY
        return ASK_AFTER if now - self._heard > ASK_AFTER else float("inf")

    def _ask(self, attempt: Attempt) -> None:
        """Read the server's own view: history first, then the queue, then the history once more."""
        try:
            known = self._known(attempt)
            self._unreachable = None
        except (ServerUnreachable, ApiError) as error:
            self._asked = time.monotonic()
            self._be_patient(error)
            return
        self._asked = time.monotonic()
        if known:
            self._absent = None
        elif self._absent is None:
            self._absent = self._asked
        elif self._asked - self._absent > GONE_AFTER:
            self._gone(attempt)

    def _known(self, attempt: Attempt) -> bool:
        prompt_id = attempt.prompt_id
        if self._ended(attempt, prompt_id):
            return True
        place = self._hasty.get_queue().place(prompt_id)
        if place is None:
            return self._ended(attempt, prompt_id)  # it may have ended between the two questions
        if place != self._place:
            self._place, self._heard = place, time.monotonic()
            if not attempt.follower.started and not attempt.again:
                self._emit(Queued(place))
        return True

    def _ended(self, attempt: Attempt, prompt_id: str) -> bool:
        entry = self._hasty.find_history(prompt_id)
        if entry is None:
            return False
        attempt.follower.end(entry.outcome)
        self._delivery.fetch(entry.outputs, recomputed=attempt.again)
        return True

    def _be_patient(self, error: ComfyError) -> None:
        now = time.monotonic()
        self._unreachable = self._unreachable or now
        if now - self._unreachable > self._options.patience:
            raise error

    def _gone(self, attempt: Attempt) -> None:
        """Neither waiting, running nor over: stopped while waiting, deleted by someone, or forgotten in a restart."""
        if attempt.follower.outcome is not None:
            attempt.follower.closed = True  # it said so itself, and someone cleared the history
        elif self._stopping.is_set() or not self._line_was_lost:
            attempt.follower.end(Outcome(interrupted=True))
        elif self._resubmissions >= RESUBMISSIONS:
            raise RunLost(attempt.prompt_id)
        else:
            self._resubmissions += 1
            log.info("prompt %s was forgotten by the server and is sent again", attempt.prompt_id)
            self._client.forget_object_info()
            self._post_next(self._again(attempt))

    def _again(self, attempt: Attempt) -> Attempt:
        if not attempt.again:
            return self._plan.whole()
        return self._plan.missing(attempt.targets or (), over_socket=self._over_socket)

    # --- the line -------------------------------------------------------------------------------------------

    @property
    def _over_socket(self) -> bool:
        return self._young_deaths < YOUNG_DEATHS

    def _open_first(self) -> None:
        """Connect; where only the websocket is barred, go on without one."""
        try:
            self._socket = self._client.connect(self._client_id)
        except ServerUnreachable:
            self._client.get_queue_remaining()
            self._young_deaths = YOUNG_DEATHS
            self._line_was_lost = True
            log.warning("no websocket to %s: followed by history", self._client.address.url)
        self._opened = time.monotonic()

    def _line_lost(self, reason: str) -> None:
        now = time.monotonic()
        # Close first: two sockets with one client_id make the server deaf to both (protocol.md §0.2).
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self._young_deaths = self._young_deaths + 1 if now - self._opened < YOUNG else 1
        self._line_was_lost, self._broken = True, self._broken or now
        self._attempt.follower.connection_lost()
        self._asked = 0.0
        log.warning("the line to %s broke: %s", self._client.address.url, reason)
        self._emit(LineBroken(reason))

    def _without_socket(self) -> None:
        """Reconnect, or where that has failed too often just wait: ``_look_after`` asks the history meanwhile."""
        if not self._over_socket:
            self._mended()
            self._over.wait(STATE_EVERY / 2)
            return
        try:
            self._socket = self._client.connect(self._client_id, timeout=5.0)
        except ComfyError as error:
            self._be_patient(error)
            self._over.wait(STATE_EVERY)
            return
        self._opened = time.monotonic()
        self._unreachable, self._asked = None, 0.0  # what happened meanwhile is asked at once
        self._mended()
        if self._attempt.posted is not None:
            self._ask(self._attempt)

    def _mended(self) -> None:
        if self._broken is not None and self._unreachable is None:
            self._emit(LineMended(time.monotonic() - self._broken))
            self._broken = None

    # --- the end --------------------------------------------------------------------------------------------

    def _settle(self) -> Event | None:
        """What the ended attempt comes to: an end, or None after another attempt was posted for what is missing."""
        attempt = self._attempt
        outcome = attempt.follower.outcome or Outcome()
        if outcome.error is not None:
            return Failed(self._failure(attempt, outcome.error))
        if outcome.interrupted:
            return Stopped(asked=self._stopping.is_set())
        missing = self._missing(attempt)
        if not missing:
            self._plan.meter.finish()
            return Finished(self.problems)
        if self._stopping.is_set():
            return Stopped(asked=True)
        self._redeliveries += 1
        if self._redeliveries > REDELIVERIES:
            return Failed(ResultsLost(attempt.prompt_id, [self._plan.title(node) for node in missing]))
        # A second loss on the same way: take the other one.
        over_socket = self._over_socket and self._redeliveries == 1 and self._socket is not None
        log.info("results of %d nodes did not arrive and are asked for again", len(missing))
        self._post_next(self._plan.missing(missing, over_socket=over_socket))
        return None

    def _missing(self, attempt: Attempt) -> list[str]:
        if self._line_was_lost and not self._ended(attempt, attempt.prompt_id):
            log.info("prompt %s is over, but not in the history", attempt.prompt_id)
        unfetched = self._delivery.unfetched(FETCH_WITHIN)
        have = self._delivery.have
        asked_for = (attempt.targets or ()) if attempt.again else ()
        empty = [node for node in asked_for if not have.get(node)]
        return list(dict.fromkeys([*attempt.follower.missing(have), *empty, *unfetched]))

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
