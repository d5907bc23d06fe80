"""Follows one attempt at a time: what the socket says of it, and what the socket does not say.

History decides, the websocket animates (design.md, decision 1): whatever the socket does or does not say, an attempt
is over when ``executing`` names no node, or when the history has it. Where no socket lives long enough, it is
followed by history alone.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from comfy_api.errors import ComfyError, RunTimeout
from comfy_api.protocol.attempt import Attempt, Plan, RunOptions
from comfy_api.protocol.delivery import Delivery
from comfy_api.protocol.events import Cached, Event, NodeStarted, Queued, Started
from comfy_api.protocol.follow import Arrived, Outcome, Step
from comfy_api.protocol.frames import BadFrame, parse_frame
from comfy_api.protocol.line import Line
from comfy_api.protocol.messages import Features, parse_message
from comfy_api.protocol.outputs import OutputRef, OutputText
from comfy_api.protocol.post import cancel, withdraw
from comfy_api.protocol.progress import samples
from comfy_api.protocol.replies import HistoryEntry
from comfy_api.protocol.socket import SocketClosed
from comfy_api.protocol.watch import Watch

if TYPE_CHECKING:
    from comfy_api.protocol.client import ComfyClient

log = logging.getLogger(__name__)


class Tracker:
    """Belongs to the receiver's thread, but for ``cancel`` and ``posted``."""

    def __init__(
        self,
        hasty: ComfyClient,
        line: Line,
        plan: Plan,
        delivery: Delivery,
        options: RunOptions,
        tell: Callable[[Event], None],
    ) -> None:
        """
        Args:
            hasty: a client that repeats nothing, since questions are asked again anyway.
            line: the websocket.
            plan: knows classes and titles.
            delivery: takes results.
            options: how long to wait.
            tell: takes events.
        """
        #: Set by whoever wants the run stopped.
        self.stopping = threading.Event()
        #: Set once the run has its end.
        self.over = threading.Event()
        self._hasty, self._line, self._plan, self._delivery, self._tell = hasty, line, plan, delivery, tell
        self._silence, self._timing = options.silence, options.timing
        self._watch = Watch(hasty, patience=options.patience, gone_after=options.timing.gone_after)
        # When the attempt last gave a sign of life, and when it was last cancelled; monotonic.
        self._heard, self._cancelled = time.monotonic(), 0.0
        self._place: int | None = None
        self._forgotten = False

    def posted(self, attempt: Attempt) -> None:
        """The server has taken it."""
        self._heard = time.monotonic()
        self._watch.renew()
        if attempt.surplus:
            withdraw(self._hasty, attempt)
        if self.stopping.is_set():
            self.cancel(attempt)

    def cancel(self, attempt: Attempt) -> None:
        """Ask the server to stop it; asked again until it is so. From any thread."""
        self._cancelled = time.monotonic()
        cancel(self._hasty, attempt)

    def follow(self, attempt: Attempt) -> bool:
        """Read until the attempt is over, or the run is. False: the server has forgotten it.

        Raises:
            RunTimeout: no sign of life for too long.
            ComfyError: the server was away for too long; this is how.
        """
        self._place, self._forgotten = None, False
        while not attempt.follower.closed and not self._forgotten and not self.over.is_set():
            if self._line.is_open:
                self._read(attempt)
            else:
                self._reconnect(attempt)
            if attempt.posted is not None and not attempt.follower.closed:
                self._look_after(attempt, time.monotonic())
        return not self._forgotten

    def find_entry(self, attempt: Attempt) -> bool:
        """Whether the history has it, which may take a moment (protocol.md §0.3). Its files are fetched."""
        deadline = time.monotonic() + self._timing.gone_after
        while attempt.entry is None and time.monotonic() < deadline:
            standing = self._watch.ask(attempt.prompt_id)
            if standing is not None and standing.entry is not None:
                self._ended(attempt, standing.entry)
            else:
                self.over.wait(self._timing.place_after)
        return attempt.entry is not None

    # --- what the socket says -------------------------------------------------------------------------------

    def _read(self, attempt: Attempt) -> None:
        try:
            message = self._line.receive()
        except SocketClosed as error:
            if not self.over.is_set():  # else it was woken so that it ends
                self._lose_line(attempt, str(error))
            return
        if message is None:
            return
        steps = self._text(attempt, message) if isinstance(message, str) else self._binary(attempt, message)
        if steps:
            self._heard = time.monotonic()
        for step in steps:
            self._take(attempt, step)

    def _text(self, attempt: Attempt, text: str) -> list[Step]:
        message = parse_message(text)
        if not isinstance(message, Features) and getattr(message, "sid", None) is None:
            attempt.heard = True  # more than the greeting of a new connection
        return attempt.follower.message(message)

    def _binary(self, attempt: Attempt, data: bytes) -> list[Step]:
        frame = parse_frame(data)
        if isinstance(frame, BadFrame):
            log.warning("a frame was left out: %s", frame.reason)
        return attempt.follower.frame(frame)

    def _take(self, attempt: Attempt, step: Step) -> None:
        if isinstance(step, Arrived):
            self._delivery.take(step, recomputed=attempt.recomputed)
        elif isinstance(step, OutputRef | OutputText):
            self._delivery.fetch([step], recomputed=attempt.recomputed)
        else:
            if isinstance(step, NodeStarted) and samples(self._plan.classes.get(step.node_id, "")):
                attempt.sampled = True
            if not (attempt.again and isinstance(step, Started | Cached)):
                self._tell(step)

    # --- the line -------------------------------------------------------------------------------------------

    def _lose_line(self, attempt: Attempt, reason: str) -> None:
        self._line.lose(reason)
        attempt.follower.connection_lost()
        if attempt.entry is not None:
            attempt.follower.end(attempt.entry.outcome)
        elif attempt.posted is not None:
            self._ask(attempt)  # it may be over, and then no other socket is needed

    def _reconnect(self, attempt: Attempt) -> None:
        """Connect, or where that has failed too often just wait: ``_look_after`` asks the history meanwhile."""
        if not self._line.is_usable:
            if self._watch.reachable:
                self._line.mended()
            self.over.wait(self._timing.tick / 2)
            return
        try:
            self._line.reopen()
        except ComfyError as error:
            self._watch.failed(error)
            self.over.wait(self._timing.tick)
            return
        self._watch.reached()
        if attempt.posted is not None:
            self._ask(attempt)  # what happened meanwhile

    # --- what the socket does not say -----------------------------------------------------------------------

    def _look_after(self, attempt: Attempt, now: float) -> None:
        if now - self._heard > self._silence:
            raise RunTimeout(attempt.prompt_id, self._silence)
        if self.stopping.is_set() and now - self._cancelled > self._timing.cancel_every:
            self.cancel(attempt)
        if attempt.entry is not None:
            if now - max(attempt.ended, self._heard, self._line.received) > self._timing.last_words:
                self._lose_line(attempt, "it does not say the end")
        elif self._line.is_open and self._is_deaf(attempt, now):
            self._lose_line(attempt, "nothing is heard on it")
        elif self._watch.since >= self._question_after(attempt, now):
            self._ask(attempt)

    def _is_deaf(self, attempt: Attempt, now: float) -> bool:
        """A POST is always followed by word of the queue's length, to everyone."""
        posted = max(attempt.posted or now, self._line.opened)
        return not attempt.heard and now - posted > self._timing.deaf_after

    def _question_after(self, attempt: Attempt, now: float) -> float:
        timing = self._timing
        if self.stopping.is_set() or not self._line.is_open or self._watch.doubtful:
            return timing.tick
        if not attempt.follower.started:
            return timing.place_after if self._place is None else timing.place_every
        if attempt.surplus:
            return timing.place_every
        return timing.ask_after if now - self._heard > timing.ask_after else float("inf")

    def _ask(self, attempt: Attempt) -> None:
        standing = self._watch.ask(attempt.prompt_id)
        if standing is None:
            return
        if attempt.surplus:
            withdraw(self._hasty, attempt)
        if standing.entry is not None:
            self._ended(attempt, standing.entry)
        elif standing.place is not None:
            self._waits(attempt, standing.place)
        elif self._watch.gone:
            self._gone(attempt)

    def _waits(self, attempt: Attempt, place: int) -> None:
        if place == self._place:
            return
        self._place, self._heard = place, time.monotonic()
        if not attempt.follower.started and not attempt.again:
            self._tell(Queued(place))

    def _ended(self, attempt: Attempt, entry: HistoryEntry) -> None:
        """The history has it. What an open socket still holds is let in before the attempt is closed."""
        attempt.entry, attempt.ended = entry, time.monotonic()
        attempt.sampled = attempt.sampled or self._plan.sampled(attempt, entry.cached)
        self._delivery.fetch(entry.outputs, recomputed=attempt.recomputed)
        if not self._line.is_open:
            attempt.follower.end(entry.outcome)

    def _gone(self, attempt: Attempt) -> None:
        """Neither waiting, running nor over: stopped while waiting, deleted by someone, or forgotten in a restart."""
        if attempt.follower.outcome is not None:
            attempt.follower.closed = True  # it said so itself, and someone cleared the history
        elif self.stopping.is_set() or not attempt.follower.lossy:
            attempt.follower.end(Outcome(interrupted=True))
        else:
            self._forgotten = True
