"""A line that a test can cut, block or slow: a TCP proxy on loopback, with TLS before it where that is wanted."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Proxy:
    """Forwards every connection to ``(host, port)`` until told otherwise. Thread-safe."""

    def __init__(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> None:
        self._target, self._tls = (host, port), tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()  # guards the two below
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._blocked: set[socket.socket] = set()
        self.connections = 0
        #: Seconds before each 16 kB is passed on.
        self.pause = 0.0

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
            if self._tls is not None:
                try:
                    near = self._tls.wrap_socket(near, server_side=True)
                except OSError:  # a client that does not trust us
                    near.close()
                    continue
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
            while data := source.recv(16384):
                if self.pause:
                    threading.Event().wait(self.pause)
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
def proxy_to(url: str, tls: ssl.SSLContext | None = None) -> Iterator[tuple[Proxy, str]]:
    """The proxy, and the URL that leads through it; https with ``tls``, its side of the encryption."""
    host, _, port = url.removeprefix("http://").partition(":")
    proxy = Proxy(host, int(port.partition("/")[0]), tls)
    proxy.start()
    try:
        yield proxy, f"{'https' if tls else 'http'}://127.0.0.1:{proxy.port}"
    finally:
        proxy.close()
