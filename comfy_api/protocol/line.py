"""One run's way to the server: its websocket, opened anew where it breaks, given up where it breaks too often."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from comfy_api.errors import ComfyError, ServerUnreachable, SignInNeeded
from comfy_api.protocol.events import Event, LineBroken, LineMended
from comfy_api.protocol.socket import Socket
from comfy_api.protocol.timing import Timing

if TYPE_CHECKING:
    from comfy_api.protocol.client import ComfyClient

log = logging.getLogger(__name__)

#: So many sockets in a row that died young, and the run goes on without one.
YOUNG_DEATHS: Final = 3


class Line:
    """The websockets of one ``client_id``, one at a time. Owned by the receiver's thread once that runs."""

    def __init__(self, client: ComfyClient, timing: Timing, tell: Callable[[Event], None]) -> None:
        """``tell`` takes ``LineBroken`` and ``LineMended``. Nothing is opened yet."""
        self.client_id = str(uuid4())
        #: When the present socket was opened, monotonic.
        self.opened = time.monotonic()
        self._client, self._timing, self._tell = client, timing, tell
        self._socket: Socket | None = None
        self._broken: float | None = None
        self._young_deaths = 0

    @property
    def is_open(self) -> bool:
        """Whether there is a socket, as far as is known."""
        return self._socket is not None

    @property
    def is_usable(self) -> bool:
        """Whether sockets live long enough here to be worth opening."""
        return self._young_deaths < YOUNG_DEATHS

    @property
    def received(self) -> float:
        """When the last part of a message came that is half here, monotonic; 0 when none is."""
        return 0.0 if self._socket is None else self._socket.received

    def open_first(self) -> None:
        """Connect; where only the websocket is barred, go on without one.

        Raises:
            ServerUnreachable, SignInNeeded, ApiError, ProtocolError: HTTP does not work either.
        """
        try:
            self._open(None)
        except (ServerUnreachable, SignInNeeded):
            self._client.get_queue_remaining()
            self._young_deaths = YOUNG_DEATHS
            log.warning("no websocket to %s: followed by history", self._client.address.url)

    def reopen(self) -> None:
        """Connect again.

        Raises:
            ServerUnreachable, SignInNeeded.
        """
        self._open(self._timing.connect)
        self.mended()

    def try_reopen(self) -> bool:
        """Connect again, if that is worth trying; whether there is a socket now."""
        if not self.is_open and self.is_usable:
            try:
                self.reopen()
            except ComfyError as error:
                log.info("no new websocket: %s", error)
        return self.is_open

    def receive(self) -> str | bytes | None:
        """The next message, or None when none was whole within a tick.

        Raises:
            SocketClosed: it broke; call ``lose``.
        """
        return None if self._socket is None else self._socket.receive(self._timing.tick)

    def lose(self, reason: str) -> None:
        """The socket is of no use any more."""
        now = time.monotonic()
        # Close first: two sockets with one client_id make the server deaf to both (protocol.md §0.2).
        self.close()
        self._young_deaths = self._young_deaths + 1 if now - self.opened < self._timing.young else 0
        self._broken = self._broken or now
        log.warning("the line to %s broke: %s", self._client.address.url, reason)
        self._tell(LineBroken(reason))

    def mended(self) -> None:
        """The server is in reach again, be it without a websocket."""
        if self._broken is not None:
            self._tell(LineMended(time.monotonic() - self._broken))
            self._broken = None

    def wake(self) -> None:
        """From another thread: have ``receive`` raise at once."""
        if self._socket is not None:
            self._socket.wake()

    def close(self) -> None:
        """Close the socket. Closing twice is fine."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _open(self, timeout: float | None) -> None:
        self._socket = self._client.connect(self.client_id, timeout=timeout, timing=self._timing)
        self.opened = time.monotonic()
