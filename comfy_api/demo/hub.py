"""The websocket clients: who is connected, with which flags, and what is sent to whom (protocol.md §1–§3)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import struct
from collections.abc import Mapping
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

#: Messages that wait for one slow client before it is dropped.
BACKLOG = 4096

EVENT_IMAGE, EVENT_IMAGE_WITH_METADATA = 1, 4
FORMAT_JPEG, FORMAT_PNG = 1, 2


def image_frame(image: bytes, format_code: int) -> bytes:
    """A type-1 frame: event, format code, image (protocol.md §2)."""
    return struct.pack(">II", EVENT_IMAGE, format_code) + image


def metadata_frame(image: bytes, metadata: Mapping[str, Any]) -> bytes:
    """A type-4 frame: event, length of the JSON, JSON, image (protocol.md §2)."""
    text = json.dumps(metadata).encode()
    return struct.pack(">II", EVENT_IMAGE_WITH_METADATA, len(text)) + text + image


class Client:
    """One websocket. All its messages go through one queue, so that frames never overtake texts."""

    def __init__(self, sid: str, socket: WebSocket) -> None:
        self.sid = sid
        self.socket = socket
        self.preview_metadata = False
        self._outgoing: asyncio.Queue[str | bytes] = asyncio.Queue(BACKLOG)
        self._overflown = asyncio.Event()

    def put(self, message: str | bytes) -> None:
        """Send later, in order; a client that reads too slowly is dropped."""
        try:
            self._outgoing.put_nowait(message)
        except asyncio.QueueFull:
            self._overflown.set()

    async def send_all(self) -> None:
        """Send until the connection ends or the client falls too far behind."""
        overflown = asyncio.create_task(self._overflown.wait())
        sending = asyncio.create_task(self._send())
        try:
            await asyncio.wait({overflown, sending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            overflown.cancel()
            sending.cancel()
            with contextlib.suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
                await sending

    async def _send(self) -> None:
        while True:
            message = await self._outgoing.get()
            if isinstance(message, str):
                await self.socket.send_text(message)
            else:
                await self.socket.send_bytes(message)


class Hub:
    """All clients by their id. `send` may be called from any thread; the rest belongs to the event loop."""

    def __init__(self) -> None:
        self._clients: dict[str, Client] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def bind(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Say which loop the sockets live on; None when it ends."""
        self._loop = loop

    def add(self, client: Client) -> None:
        """From now on this client gets what is sent to its id."""
        self._clients[client.sid] = client

    def remove(self, client: Client) -> None:
        """Forget the id, even if a newer socket uses it: ComfyUI does the same (protocol.md §0.2)."""
        self._clients.pop(client.sid, None)

    def wants_metadata(self, sid: str | None) -> bool:
        """Whether previews for this client travel as type-4 frames."""
        client = self._clients.get(sid) if sid is not None else None
        return client is not None and client.preview_metadata

    def send(self, kind: str, data: Mapping[str, Any], to: str | None = None) -> None:
        """Send a JSON message to one client id, to all with None."""
        self.send_raw(json.dumps({"type": kind, "data": data}), to)

    def send_raw(self, message: str | bytes, to: str | None) -> None:
        """Send a text or a frame as it is."""
        # The loop may end between the look and the call: then there is nobody left to tell.
        with contextlib.suppress(RuntimeError):
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._deliver, message, to)

    def _deliver(self, message: str | bytes, to: str | None) -> None:
        if to is None:
            for client in self._clients.values():
                client.put(message)
        elif to in self._clients:
            self._clients[to].put(message)


def read_flags(text: str) -> tuple[bool, bool | None]:
    """What a client's text says: whether it is JSON, and its preview flag if it states feature flags."""
    try:
        message = json.loads(text)
    except ValueError:
        return False, None
    if not isinstance(message, dict) or message.get("type") != "feature_flags":
        return True, None
    data = message.get("data")
    return True, isinstance(data, dict) and data.get("supports_preview_metadata") is True
