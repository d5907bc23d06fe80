"""The websocket to one ComfyUI, owned by one thread."""

from __future__ import annotations

import contextlib
import json
import math
import os
import socket
import time
from typing import Any, Final

import requests.utils
import websocket

from comfy_api.errors import ComfyError, ServerUnreachable, SignInNeeded
from comfy_api.protocol.address import Address
from comfy_api.protocol.timing import USUAL, Timing

#: Asks for preview frames that name their node; has to be the first JSON on each connection (protocol.md §3).
FEATURE_FLAGS: Final = {"type": "feature_flags", "data": {"supports_preview_metadata": True}}

#: A single message may not be larger: 8192² pixels of 16-bit RGBA, uncompressed.
MAX_MESSAGE: Final = 8192 * 8192 * 8

#: Bytes read at once: a preview and the texts about it.
_READ_AHEAD: Final = 64 * 1024

#: Answers to the handshake that mean a login.
_LOGINS: Final = (301, 302, 303, 307, 308, 401, 403, 407, 511)


class SocketClosed(Exception):
    """The line is closed, broken, dead, or says what no ComfyUI says. Internal: the run mends it."""


class _Bounded(websocket.WebSocket):
    """A websocket that takes in no more than ``MAX_MESSAGE`` bytes at once, and no longer than until ``deadline``."""

    taken = 0
    deadline = math.inf
    _ahead = memoryview(b"")

    def _recv(self, bufsize: int) -> bytes:
        # websocket-client asks for a header of two bytes, a length of two, and so on: each a call to the system.
        if not self._ahead:
            self._ahead = memoryview(self._read())
        chunk, self._ahead = bytes(self._ahead[:bufsize]), self._ahead[bufsize:]
        self.taken += len(chunk)
        if self.taken > MAX_MESSAGE:
            raise websocket.WebSocketPayloadException("message too large")
        return chunk

    def _read(self) -> bytes:
        if time.monotonic() > self.deadline:
            # What came so far is kept: the next call goes on from there.
            raise websocket.WebSocketTimeoutException("the message is still on its way")
        chunk: bytes = super()._recv(_READ_AHEAD)
        return chunk


class Socket:
    """An open websocket with the feature flags sent. Not thread-safe: one thread opens, reads and closes it."""

    def __init__(self, address: Address, client_id: str, *, timeout: float, timing: Timing = USUAL) -> None:
        """Connect.

        Raises:
            ServerUnreachable: no connection within ``timeout`` seconds.
            SignInNeeded: the handshake was refused or led elsewhere.
        """
        # UTF-8 is checked when decoding; websocket-client's own check is a loop in Python.
        self._ws = _Bounded(skip_utf8_validation=True, sslopt=_certificates())
        self._timing = timing
        self._heard = self._pinged = time.monotonic()
        self._unanswered: float | None = None  # since when a ping has none
        try:
            self._ws.connect(
                address.websocket(client_id),
                header=[f"{name}: {value}" for name, value in address.headers.items()],
                # A foreign Origin is refused (protocol.md §1); none is always taken.
                suppress_origin=True,
                timeout=timeout,
                redirect_limit=0,
                **_proxy_options(address),
            )
            self._ws.send(json.dumps(FEATURE_FLAGS))
        except (websocket.WebSocketException, OSError, ValueError) as error:
            status = getattr(error, "status_code", None) or self._ws.getstatus()
            self.close()
            raise _refused(address.url, status, error) from None

    @property
    def received(self) -> float:
        """When the last part of a message came that is half here, monotonic; 0 when none is."""
        return self._heard if self._ws.taken else 0.0

    def receive(self, timeout: float) -> str | bytes | None:
        """The next message, text as str, or None when none was whole within ``timeout`` seconds.

        Raises:
            SocketClosed: nothing more will come.
        """
        deadline = time.monotonic() + timeout
        while True:
            rest = max(deadline - time.monotonic(), 0.0)
            message = self._receive_one(min(rest, self._timing.ping_every))
            if message is not None:
                return message
            # After reading: what waited here unread is a sign of life too.
            self._keep_alive()
            if rest == 0.0:
                return None

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
            self._ws.settimeout(1.0)
            self._ws.send_close()
        self._ws.shutdown()

    def _receive_one(self, timeout: float) -> str | bytes | None:
        """One message or control frame; None for the latter, and when nothing whole came in time."""
        taken = self._ws.taken
        self._ws.deadline = time.monotonic() + timeout
        try:
            self._ws.settimeout(max(timeout, 0.001))
            opcode, data = self._ws.recv_data(control_frame=True)
        except websocket.WebSocketTimeoutException:
            if self._ws.taken != taken:
                self._alive()  # a part of a large message is a sign of life too
            return None
        except (websocket.WebSocketException, OSError, ValueError) as error:
            raise SocketClosed(_reason(error)) from None
        self._alive()
        self._ws.taken = 0
        if opcode == websocket.ABNF.OPCODE_TEXT:
            return str(data, "utf-8", "replace")
        if opcode == websocket.ABNF.OPCODE_BINARY:
            return bytes(data)
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            raise SocketClosed("the server closed the line")
        return None

    def _alive(self) -> None:
        self._heard, self._unanswered = time.monotonic(), None

    def _keep_alive(self) -> None:
        now = time.monotonic()
        if self._unanswered is not None and now - self._unanswered > self._timing.pong_within:
            raise SocketClosed(f"no answer to a ping for {self._timing.pong_within:.0f} s")
        if now - max(self._heard, self._pinged) > self._timing.ping_every:
            self._pinged, self._unanswered = now, self._unanswered or now
            try:
                self._ws.ping()
            except (websocket.WebSocketException, OSError) as error:
                raise SocketClosed(_reason(error)) from None


def _certificates() -> dict[str, str]:
    """The certificates that HTTP trusts too."""
    trusted = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    trusted = trusted or str(requests.utils.DEFAULT_CA_BUNDLE_PATH)
    return {"ca_cert_path" if os.path.isdir(trusted) else "ca_certs": trusted}


def _proxy_options(address: Address) -> dict[str, Any]:
    # The exception is heeded only beside a proxy, which is not used then.
    host = address.host
    return {"http_proxy_host": host, "http_proxy_port": 9, "http_no_proxy": [host]} if address.is_loopback else {}


def _refused(url: str, status: int | None, error: Exception) -> ComfyError:
    if status in _LOGINS:
        return SignInNeeded(url, status)
    if status not in (None, 101):
        return ServerUnreachable(url, f"the websocket was refused with status {status}")
    return ServerUnreachable(url, _reason(error))


def _reason(error: Exception) -> str:
    """The kind of failure; the message itself may repeat the URL with its secrets."""
    return getattr(error, "strerror", None) or type(error).__name__
