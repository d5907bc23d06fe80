"""The websocket route: one client from its arrival to its end (protocol.md §1, §3, §7)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from comfy_api.demo.engine import Engine
from comfy_api.demo.hub import Client, read_flags


async def websocket(socket: WebSocket) -> None:
    """Serve one client until either side ends."""
    engine: Engine = socket.app.state.engine
    client = Client(socket.query_params.get("clientId") or uuid.uuid4().hex, socket)
    await socket.accept()
    engine.hub.add(client)
    client.put(_text("status", {"status": engine.status(), "sid": client.sid}))
    node = engine.executor.running_node(client.sid)
    if node is not None:
        client.put(_text("executing", {"node": node}))
    sending = asyncio.create_task(client.send_all())
    receiving = asyncio.create_task(_receive(engine, client))
    try:
        await asyncio.wait({sending, receiving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        engine.hub.remove(client)
        for task in (sending, receiving):
            task.cancel()
        await asyncio.gather(sending, receiving, return_exceptions=True)
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            await socket.close()


async def _receive(engine: Engine, client: Client) -> None:
    """Read until the client leaves. Only its first JSON text may set flags (protocol.md §3)."""
    settled = False
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            message = await client.socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text")
            is_json, flag = read_flags(text) if text is not None else (False, None)
            if settled or not is_json:
                continue
            settled = True
            if flag is not None:
                client.preview_metadata = flag
                client.put(_text("feature_flags", engine.features()))


def _text(kind: str, data: dict[str, Any]) -> str:
    return json.dumps({"type": kind, "data": data})
