"""A small TLS proxy: passes Host and Upgrade on, says that the outside is https, and can fall silent."""

from __future__ import annotations

import asyncio
import re
import ssl
import subprocess
import threading
from contextlib import suppress
from pathlib import Path
from typing import Self


class TlsProxy:
    """https://127.0.0.1:… → http://127.0.0.1:``port``. One request a connection, but for websockets.

    Attributes:
        port: where it listens.
        upgraded: first lines of the requests that became websockets.
    """

    def __init__(self, port: int, folder: Path) -> None:
        self._target = port
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(*_certificate(folder))
        self.upgraded: list[str] = []
        self._open: set[asyncio.StreamWriter] = set()
        self._cut = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tls-proxy")
        self.port = 0

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = self._run(asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls))
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """The network is gone: what is open ends without a word, what comes is turned away."""
        self._run(self._abort())

    def mend(self) -> None:
        """The network is back."""
        self._cut = False

    # --- inside -------------------------------------------------------------------------------------------------

    def _run(self, work):  # type: ignore[no-untyped-def]
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _abort(self) -> None:
        self._cut = True
        for writer in list(self._open):
            writer.transport.abort()

    async def _close(self) -> None:
        self._server.close()
        await self._abort()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.wait(tasks, timeout=5) if tasks else None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._cut:
            writer.transport.abort()
            return
        ours, out = await asyncio.open_connection("127.0.0.1", self._target)
        self._open |= {writer, out}
        try:
            with suppress(OSError, asyncio.IncompleteReadError, ssl.SSLError):
                head = await reader.readuntil(b"\r\n\r\n")
                out.write(self._forwarded(head))
                await asyncio.gather(_pump(reader, out), _pump(ours, writer))
        finally:
            for end in (writer, out):
                self._open.discard(end)
                end.close()

    def _forwarded(self, head: bytes) -> bytes:
        first, rest = head.split(b"\r\n", 1)
        if re.search(rb"(?i)\r\nupgrade: websocket", head):
            self.upgraded.append(first.decode())
        else:
            rest = re.sub(rb"(?i)(^|\r\n)connection: [^\r]*", rb"\1Connection: close", rest)
        return first + b"\r\nX-Forwarded-Proto: https\r\n" + rest


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Bytes from one side to the other until it ends; then the other side is told."""
    with suppress(OSError, ssl.SSLError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


def _certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate and its key, made by openssl."""
    certificate, key = folder / "proxy.crt", folder / "proxy.key"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key
