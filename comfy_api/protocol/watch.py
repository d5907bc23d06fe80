"""What the server itself says of a prompt, beside the websocket: history first, then the queue."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from comfy_api.errors import ComfyError
from comfy_api.protocol.replies import HistoryEntry

if TYPE_CHECKING:
    from comfy_api.protocol.client import ComfyClient


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a prompt stands: over (``entry``), in the queue (``place``), or not known."""

    entry: HistoryEntry | None = None
    place: int | None = None

    @property
    def known(self) -> bool:
        """Whether the server has it."""
        return self.entry is not None or self.place is not None


def look_up(client: ComfyClient, prompt_id: str) -> Standing:
    """Ask for one prompt.

    Raises:
        ServerUnreachable, SignInNeeded, ApiError, ProtocolError.
    """
    entry = client.find_history(prompt_id)
    if entry is not None:
        return Standing(entry=entry)
    place = client.get_queue().place(prompt_id)
    if place is None:  # it may have ended between the two questions
        return Standing(entry=client.find_history(prompt_id))
    return Standing(place=place)


class Watch:
    """Asks for one run's prompt, and knows for how long the server has not answered or not known it."""

    def __init__(self, client: ComfyClient, *, patience: float, gone_after: float) -> None:
        """
        Args:
            client: repeats nothing, since the watch asks again anyway.
            patience: seconds for a server that went away to come back.
            gone_after: seconds after which a prompt that is not known is gone.
        """
        self._client, self._patience, self._gone_after = client, patience, gone_after
        self._asked = time.monotonic()
        self._absent: float | None = None
        self._unreachable: float | None = None

    @property
    def since(self) -> float:
        """Seconds since the last question."""
        return time.monotonic() - self._asked

    @property
    def doubtful(self) -> bool:
        """Whether the server did not know the prompt when it was last asked."""
        return self._absent is not None

    @property
    def gone(self) -> bool:
        """Whether it has not known it for so long that it never will."""
        return self._absent is not None and self._asked - self._absent > self._gone_after

    @property
    def reachable(self) -> bool:
        """Whether the server answered when it was last spoken to."""
        return self._unreachable is None

    def renew(self) -> None:
        """Another prompt was posted: nothing is known of it yet."""
        self._asked, self._absent = time.monotonic(), None

    def ask(self, prompt_id: str) -> Standing | None:
        """Where the prompt stands; None while the server does not answer.

        Raises:
            ComfyError: what it did not answer with, once patience is over.
        """
        try:
            standing = look_up(self._client, prompt_id)
        except ComfyError as error:
            self._asked = time.monotonic()
            self.failed(error)
            return None
        self._asked, self._unreachable = time.monotonic(), None
        if standing.known:
            self._absent = None
        elif self._absent is None:
            self._absent = self._asked
        return standing

    def failed(self, error: ComfyError) -> None:
        """It could not be reached.

        Raises:
            ComfyError: this one, once patience is over.
        """
        now = time.monotonic()
        self._unreachable = self._unreachable or now
        if now - self._unreachable > self._patience:
            raise error

    def reached(self) -> None:
        """It was reached in another way."""
        self._unreachable = None
