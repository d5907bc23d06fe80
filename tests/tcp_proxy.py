"""A line that a test can cut, block or slow: a TCP proxy on loopback."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Proxy:
    """Forwards every connection to ``(host, port)`` until told otherwise. Thread-safe."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()  # guards the two below
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._blocked: set[socket.socket] = set()
        self.connections = 0

    def start(self) -> None:
        self._spawn(self._accept)

    def cut(self) -> None:
        """End every connection; new ones are taken."""
        with self._lock:
            sockets, self._sockets = self._sockets, []
        for one in sockets:
            _shut(one)

    def block(self) -> None:
        """Let nothing through the present connections any more, without a word."""
        with self._lock:
            self._blocked.update(self._sockets)

    def close(self) -> None:
        _shut(self._listener)
        self._listener.close()
        self.cut()
        for thread in self._threads:
            thread.join(5)

    def _spawn(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, name="tcp-proxy", daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(self._target, timeout=5)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            with self._lock:
                self._sockets += [near, far]
                self.connections += 1
            ended = threading.Barrier(2)
            self._spawn(self._pump, near, far, ended)
            self._spawn(self._pump, far, near, ended)

    def _pump(self, source: socket.socket, sink: socket.socket, ended: threading.Barrier) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if source not in self._blocked:
                    sink.sendall(data)
        _shut(sink)
        _shut(source)
        with suppress(threading.BrokenBarrierError):
            ended.wait(5)
        source.close()


def _shut(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxy_to(url: str) -> Iterator[tuple[Proxy, str]]:
    """The proxy, and the URL that leads through it."""
    host, _, port = url.removeprefix("http://").partition(":")
    proxy = Proxy(host, int(port.partition("/")[0]))
    proxy.start()
    try:
        yield proxy, f"http://127.0.0.1:{proxy.port}"
    finally:
        proxy.close()
