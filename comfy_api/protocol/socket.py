"""The websocket to one ComfyUI, owned by one thread."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from typing import Final

import websocket

from comfy_api.errors import ComfyError, ServerUnreachable, SignInNeeded
from comfy_api.protocol.address import Address

#: Asks for preview frames that name their node; has to be the first JSON on each connection (protocol.md §3).
FEATURE_FLAGS: Final = {"type": "feature_flags", "data": {"supports_preview_metadata": True}}

#: The server sends no pings (protocol.md §1); ours tell a silent line from a dead one.
PING_EVERY: Final = 20.0

#: A server that encodes a large picture answers nothing for seconds (protocol.md §12).
PONG_WITHIN: Final = 60.0

#: A single message may not be larger: 8192² pixels of 16-bit RGBA, uncompressed.
MAX_MESSAGE: Final = 8192 * 8192 * 8


class SocketClosed(Exception):
    """The line is closed, broken, dead, or says what no ComfyUI says. Internal: the run mends it."""


class _Bounded(websocket.WebSocket):
    """A websocket that refuses to take in more than ``MAX_MESSAGE`` bytes at once."""

    taken = 0

    def _recv(self, bufsize: int) -> bytes:
        chunk: bytes = super()._recv(bufsize)
        self.taken += len(chunk)
        if self.taken > MAX_MESSAGE:
            raise websocket.WebSocketPayloadException("message too large")
        return chunk


class Socket:
    """An open websocket with the feature flags sent. Not thread-safe: one thread opens, reads and closes it."""

    def __init__(self, address: Address, client_id: str, *, timeout: float) -> None:
        """Connect.

        Raises:
            ServerUnreachable: no connection within ``timeout`` seconds.
            SignInNeeded: the handshake was refused or led elsewhere.
        """
        # UTF-8 is checked when decoding; websocket-client's own check is a loop in Python.
        self._ws = _Bounded(skip_utf8_validation=True)
        self._heard = self._pinged = time.monotonic()
        try:
            self._ws.connect(
                address.websocket(client_id),
                header=[f"{name}: {value}" for name, value in address.headers.items()],
                # A foreign Origin is refused (protocol.md §1); none is always taken.
                suppress_origin=True,
                timeout=timeout,
                redirect_limit=0,
            )
            self._ws.send(json.dumps(FEATURE_FLAGS))
        except websocket.WebSocketBadStatusException as error:
            self.close()
            raise _refused(address.url, error.status_code) from None
        except (websocket.WebSocketException, OSError, ValueError) as error:
            self.close()
            raise ServerUnreachable(address.url, _reason(error)) from None

    def receive(self, timeout: float) -> str | bytes | None:
        """The next message, text as str, or None when none came within ``timeout`` seconds.

        Raises:
            SocketClosed: nothing more will come.
        """
        deadline = time.monotonic() + timeout
        while True:
            self._keep_alive()
            rest = deadline - time.monotonic()
            if rest <= 0:
                return None
            message = self._receive_one(min(rest, PING_EVERY))
            if message is not None:
                return message

    def wake(self) -> None:
        """From another thread: have ``receive`` raise ``SocketClosed`` at once. The owner still closes it."""
        sock = self._ws.sock
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close it for good. Closing twice is fine."""
        # Not websocket-client's close(): it waits for the server's answer, and may leave the socket open.
        with contextlib.suppress(websocket.WebSocketException, OSError):
            self._ws.send_close()
        self._ws.shutdown()

    def _receive_one(self, timeout: float) -> str | bytes | None:
        """One message or control frame; None for the latter, and when nothing whole came in time."""
        taken = self._ws.taken
        try:
            self._ws.settimeout(max(timeout, 0.001))
            opcode, data = self._ws.recv_data(control_frame=True)
        except websocket.WebSocketTimeoutException:
            if self._ws.taken != taken:
                self._heard = time.monotonic()  # a part of a large message is a sign of life too
            return None
        except (websocket.WebSocketException, OSError, ValueError) as error:
            raise SocketClosed(_reason(error)) from None
        self._heard, self._ws.taken = time.monotonic(), 0
        if opcode == websocket.ABNF.OPCODE_TEXT:
            return str(data, "utf-8", "replace")
        if opcode == websocket.ABNF.OPCODE_BINARY:
            return bytes(data)
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            raise SocketClosed("the server closed the line")
        return None

    def _keep_alive(self) -> None:
        now = time.monotonic()
        if now - self._heard > PONG_WITHIN:
            raise SocketClosed(f"nothing was heard for {PONG_WITHIN:.0f} s")
        if now - max(self._heard, self._pinged) > PING_EVERY:
            self._pinged = now
            try:
                self._ws.ping()
            except (websocket.WebSocketException, OSError) as error:
                raise SocketClosed(_reason(error)) from None


def _refused(url: str, status: int) -> ComfyError:
    if status in (301, 302, 303, 307, 308, 401, 403, 407, 511):
        return SignInNeeded(url, status)
    return ServerUnreachable(url, f"the websocket was refused with status {status}")


def _reason(error: Exception) -> str:
    """The kind of failure; the message itself may repeat the URL with its secrets."""
    return getattr(error, "strerror", None) or type(error).__name__
