"""The websocket itself, against a server that says exactly what the test wants."""

from __future__ import annotations

import base64
import hashlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

import pytest
from raw import raw_server, request

from comfy_api.errors import ServerUnreachable, SignInNeeded
from comfy_api.protocol import socket as ours
from comfy_api.protocol.address import parse_address
from comfy_api.protocol.socket import Socket, SocketClosed
from comfy_api.protocol.timing import USUAL, Timing

Talk = Callable[[socket.socket, threading.Event], None]


def frame(opcode: int, data: bytes, *, announced: int | None = None, last: bool = True) -> bytes:
    """A websocket frame of the server."""
    length = len(data) if announced is None else announced
    return struct.pack(">BBQ", (0x80 if last else 0) | opcode, 127, length) + data


@contextmanager
def opened(talk: Talk, timing: Timing = USUAL) -> Iterator[Socket]:
    """A socket whose other end is ``talk``, after the handshake."""

    def accept(connection: socket.socket, ended: threading.Event) -> None:
        head = request(connection).decode()
        key = next(
            line.partition(": ")[2] for line in head.splitlines() if line.lower().startswith("sec-websocket-key")
        )
        digest = hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()
        answer = base64.b64encode(digest).decode()
        upgrade = f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {answer}"
        connection.sendall(f"HTTP/1.1 101 Switching Protocols\r\n{upgrade}\r\n\r\n".encode())
        talk(connection, ended)

    with raw_server(accept) as url, closing(Socket(parse_address(url), "me", timeout=5, timing=timing)) as made:
        yield made


def test_messages_come_in_order_text_as_text_and_bytes_as_bytes() -> None:
    def talk(connection: socket.socket, ended: threading.Event) -> None:
        connection.sendall(frame(1, "ä".encode()) + frame(9, b"ping") + frame(2, b"\0\1") + frame(1, b"\xff"))
        ended.wait(5)

    with opened(talk) as made:
        assert [made.receive(5), made.receive(5), made.receive(5)] == ["ä", b"\0\1", "\ufffd"]
        assert made.receive(0.01) is None


def test_a_message_in_parts_is_one_message() -> None:
    def talk(connection: socket.socket, ended: threading.Event) -> None:
        connection.sendall(frame(2, b"ab", last=False) + frame(0, b"cd"))
        ended.wait(5)

    with opened(talk) as made:
        assert made.receive(5) == b"abcd"


def test_a_message_that_trickles_is_waited_for_no_longer_than_told_and_nothing_of_it_is_lost() -> None:
    def talk(connection: socket.socket, ended: threading.Event) -> None:
        connection.sendall(frame(2, b"", announced=60))
        for number in range(60):
            connection.sendall(bytes([number]))
            ended.wait(0.005)
        ended.wait(5)

    with opened(talk) as made:
        began = time.monotonic()
        assert made.receive(0.05) is None
        assert time.monotonic() - began < 0.2
        assert made.received >= began
        assert made.receive(5) == bytes(range(60))
        assert made.received == 0.0


def test_a_message_that_is_too_large_ends_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ours, "MAX_MESSAGE", 100_000)

    def talk(connection: socket.socket, ended: threading.Event) -> None:
        connection.sendall(frame(2, bytes(200_000)))

    with opened(talk) as made, pytest.raises(SocketClosed):
        made.receive(5)


@pytest.mark.parametrize("said", [b"", frame(8, b""), b"\xff\xff\xff\xff", frame(2, b"half", announced=100)])
def test_an_end_and_nonsense_close_the_line(said: bytes) -> None:
    with opened(lambda connection, ended: connection.sendall(said)) as made, pytest.raises(SocketClosed):
        made.receive(5)


def test_we_ping_a_silent_server_and_give_it_up_without_an_answer() -> None:
    heard: list[bytes] = []

    def talk(connection: socket.socket, ended: threading.Event) -> None:
        while data := connection.recv(4096):
            heard.append(data)

    with opened(talk, replace(USUAL, ping_every=0.03, pong_within=0.1)) as made:
        began = time.monotonic()
        with pytest.raises(SocketClosed, match="ping"):
            made.receive(5)
        assert time.monotonic() - began < 2
    assert sum(data.count(b"\x89\x80") for data in heard) >= 2


def test_what_waited_unread_is_a_sign_of_life() -> None:
    def talk(connection: socket.socket, ended: threading.Event) -> None:
        connection.sendall(frame(1, b"{}"))
        ended.wait(5)

    with opened(talk, replace(USUAL, ping_every=0.01, pong_within=0.05)) as made:
        assert made.receive(0.0) in (None, "{}")
        threading.Event().wait(0.1)  # whoever owns the socket was busy for longer than the server may be silent
        assert made.receive(0.03) in (None, "{}")


def test_another_thread_can_wake_the_reader() -> None:
    with opened(lambda connection, ended: ended.wait(5) and None) as made:
        waker = threading.Timer(0.05, made.wake)
        waker.start()
        with pytest.raises(SocketClosed):
            made.receive(10)
        waker.join()
        made.close()
        made.close()


@pytest.mark.parametrize(
    ("head", "error"),
    [
        ("302 Found\r\nLocation: http://elsewhere.example/login", SignInNeeded),
        ("302 Found", SignInNeeded),
        ("401 Unauthorized", SignInNeeded),
        ("403 Forbidden", SignInNeeded),
        ("404 Not Found", ServerUnreachable),
        ("200 OK", ServerUnreachable),
        ("101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade", ServerUnreachable),
        ("nonsense", ServerUnreachable),
    ],
)
def test_a_handshake_that_fails_is_a_typed_error(head: str, error: type[Exception]) -> None:
    def talk(connection: socket.socket, ended: threading.Event) -> None:
        request(connection)
        connection.sendall(f"HTTP/1.1 {head}\r\n\r\n".encode())

    with raw_server(talk) as url, pytest.raises(error) as caught:
        Socket(parse_address(f"{url}?token=hunter2"), "me", timeout=5)
    assert "hunter2" not in str(caught.value)
