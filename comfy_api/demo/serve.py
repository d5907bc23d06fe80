"""The engine as a process: bind, say where, serve, end."""

from __future__ import annotations

import socket
import sys
import threading

import uvicorn

from comfy_api.demo.engine import Engine, EngineSettings
from comfy_api.demo.server import create_app

HOST = "127.0.0.1"
#: What stands before the address on the one line of output.
ANNOUNCEMENT = "ComfyUI protocol (demo engine) on "
#: Bytes of one text from a client; more closes its socket (protocol.md §1).
CLIENT_TEXT_LIMIT = 4 * 1024 * 1024


def serve(port: int = 0, settings: EngineSettings | None = None, *, until_eof: bool = False) -> None:
    """Serve on loopback until interrupted; prints the address once it answers.

    Args:
        port: 0 for any free one.
        until_eof: end also when standard input ends, so that no engine outlives its parent.

    Raises:
        OSError: the port is taken.
    """
    listener = socket.create_server((HOST, port), backlog=256)
    url = f"http://{HOST}:{listener.getsockname()[1]}"

    def announce() -> None:
        sys.stdout.write(f"{ANNOUNCEMENT}{url}\n")
        sys.stdout.flush()

    config = uvicorn.Config(
        create_app(Engine(settings or EngineSettings()), on_start=announce),
        log_level="warning",
        access_log=False,
        ws="websockets-sansio",
        ws_max_size=CLIENT_TEXT_LIMIT,
        ws_ping_interval=None,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    if until_eof:
        threading.Thread(target=_wait_for_eof, args=(server,), name="demo-stdin", daemon=True).start()
    with listener:
        server.run(sockets=[listener])


def _wait_for_eof(server: uvicorn.Server) -> None:
    while sys.stdin.buffer.read(4096):
        pass
    server.should_exit = True
