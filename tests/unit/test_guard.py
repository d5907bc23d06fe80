"""What a URL may lead to. Far sides are real servers on loopback; which addresses count as public is a parameter."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from comfy_api.errors import Refused
from comfy_api.http.guard import Address, Fetched, fetch, is_public, parse_target
from comfy_api.testing.pictures import png


class Far:
    """A web server that says these very bytes to each connection, one after the other, and notes what it was asked.

    ``hold``: it keeps the line open afterwards, until it is closed.
    """

    def __init__(self, *answers: bytes, hold: bool = False) -> None:
        self.asked: list[str] = []
        self._answers, self._hold, self._open = list(answers), hold, threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, name="far")
        self._thread.start()

    def _serve(self) -> None:
        for answer in self._answers:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            with line:
                line.settimeout(5)
                request = line.recv(65536)
                self.asked.append(request.decode("latin-1"))
                try:
                    line.sendall(answer)
                except OSError:
                    continue  # the other side had enough
                if self._hold:
                    self._open.wait(10)

    def close(self) -> None:
        self._open.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)
        assert not self._thread.is_alive()


@pytest.fixture
def far() -> Iterator[Any]:
    made: list[Far] = []

    def make(*answers: bytes, **options: Any) -> Far:
        made.append(Far(*answers, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


def said(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


def moved(to: str) -> bytes:
    return said(b"", f"Location: {to}", status="302 Found")


LOOPBACK = ipaddress.ip_address("127.0.0.1")


class Names:
    """A resolver of the test's own; counts how often it is asked."""

    def __init__(self, **names: Sequence[str]) -> None:
        self.names, self.asked = {name.replace("_", "."): found for name, found in names.items()}, 0

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked += 1
        if host not in self.names:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return self.names[host]


def bring(url: str, *, port: int, names: Names | None = None, **options: Any) -> Fetched:
    """Fetch where 127.0.0.1 alone stands for the public Internet."""
    options = {"most": 10**6, "seconds": 5.0, "allowed": lambda address: address == LOOPBACK, **options}
    names = names or Names(far_example=["127.0.0.1"])
    return asyncio.run(fetch(url, resolve=names, ports=(80, 443, port), **options))


# --- addresses --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.255.0.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
        *("169.254.169.254", "169.254.170.2", "100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192"),
        *("224.0.0.1", "239.1.1.1", "255.255.255.255", "240.0.0.1", "198.18.0.1", "192.0.2.1", "203.0.113.9"),
        *("::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:169.254.169.254"),
        *("fe80::1", "fe80::1%eth0", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1"),
        *("64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001:0:7f00:1::1"),
    ],
)
def test_an_address_that_is_not_public_is_told(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "172.32.0.1", "2606:4700::1111", "2a00:1450:4001::1"])
def test_a_public_address_is_told(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        *("", "picture.png", "ftp://a.example/x.png", "file:///etc/passwd", "data:image/png;base64,AA", "http://"),
        *("http:///x", "javascript:alert(1)", "http://[::1", "http://a.example:99999/", "http://a b.example/"),
        "https://a.example/" + "x" * 3000,
    ],
)
def test_what_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(Refused, match="no web address"):
        parse_target(url)


@pytest.mark.parametrize("url", ["http://me:secret@a.example/x", "https://me@a.example/x", "http://:@a.example/x"])
def test_a_url_with_credentials_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(Refused, match="user name or a password") as refused:
        parse_target(url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("port", [22, 8188, 8501, 6379, 0])
def test_only_the_usual_ports_are_followed(port: int) -> None:
    with pytest.raises(Refused):
        parse_target(f"http://a.example:{port}/x")


def test_a_path_goes_out_as_plain_ascii() -> None:
    target = parse_target("https://bücher.example/ein bild%20é.png?q=a b&r=\r\nHost: evil#piece")
    assert target.host == "xn--bcher-kva.example"
    assert target.path == "/ein%20bild%20%C3%A9.png?q=a%20b&r=Host:%20evil"


# --- fetching ---------------------------------------------------------------------------------------------------


def test_a_file_comes_with_the_name_in_its_url(far: Any) -> None:
    server = far(said(png()))
    assert bring(f"http://far.example:{server.port}/a/b%20c.png?x=1", port=server.port) == Fetched(png(), "b c.png")
    assert server.asked[0].startswith("GET /a/b%20c.png?x=1 HTTP/1.1\r\n")
    assert f"host: far.example:{server.port}\r\n" in server.asked[0].lower()


def test_a_chunked_file_comes_whole(far: Any) -> None:
    server = far(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    assert bring(f"http://far.example:{server.port}/", port=server.port).data == b"abcde"


@pytest.mark.parametrize("found", [["10.0.0.1"], ["127.0.0.1", "10.0.0.1"], ["::ffff:127.0.0.1"]])
def test_a_name_with_any_private_address_is_refused_before_a_connection(far: Any, found: list[str]) -> None:
    server = far()
    with pytest.raises(Refused, match="private network"):
        bring(f"http://far.example:{server.port}/", port=server.port, names=Names(far_example=found))
    assert server.asked == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "0"])
def test_this_machine_is_refused_however_it_is_written(host: str) -> None:
    with pytest.raises(Refused):
        asyncio.run(fetch(f"http://{host}/", most=10))


def test_the_connection_goes_to_the_address_that_was_checked(far: Any) -> None:
    class Turncoat(Names):
        async def __call__(self, host: str, port: int) -> Sequence[str]:
            found = await super().__call__(host, port)
            self.names[host] = ["10.0.0.1"]  # from now on it leads elsewhere
            return found

    server = far(said(b"data"))
    names = Turncoat(far_example=["127.0.0.1"])
    assert bring(f"http://far.example:{server.port}/", port=server.port, names=names).data == b"data"
    assert names.asked == 1


def test_a_redirect_is_followed_and_checked_like_a_typed_address(far: Any) -> None:
    server = far(moved("/there"), said(b"data"))
    names = Names(far_example=["127.0.0.1"])
    assert bring(f"http://far.example:{server.port}/here", port=server.port, names=names).data == b"data"
    assert names.asked == 2
    assert server.asked[1].startswith("GET /there ")


@pytest.mark.parametrize(
    ("to", "why"),
    [
        ("http://inside.example/", "private network"),
        ("http://169.254.169.254/latest/meta-data", "does not answer|private network"),
        ("file:///etc/passwd", "no web address"),
        ("http://me:word@far.example/", "user name or a password"),
        ("http://far.example:22/", "port"),
    ],
)
def test_a_redirect_to_where_one_may_not_go_is_refused(far: Any, to: str, why: str) -> None:
    server = far(moved(to))
    names = Names(far_example=["127.0.0.1"], inside_example=["192.168.0.1"])
    with pytest.raises(Refused, match=why):
        bring(f"http://far.example:{server.port}/", port=server.port, names=names)


def test_after_three_redirects_it_is_enough(far: Any) -> None:
    server = far(*[moved("/on")] * 4, said(b"data"))
    with pytest.raises(Refused, match="on and on"):
        bring(f"http://far.example:{server.port}/", port=server.port)
    assert len(server.asked) == 4


@pytest.mark.parametrize(
    "answer",
    [
        said(b"x" * 101),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"32\r\n" + b"x" * 50 + b"\r\n33\r\n" + b"x" * 51,
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 101,
    ],
    ids=["announced", "chunked", "until the end"],
)
def test_a_larger_file_is_refused_as_soon_as_it_shows(far: Any, answer: bytes) -> None:
    server = far(answer, hold=True)
    with pytest.raises(Refused, match="larger than"):
        bring(f"http://far.example:{server.port}/", port=server.port, most=100)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-", said(b"abc")[:-2]])
def test_who_does_not_go_on_is_left_at_the_deadline(far: Any, answer: bytes) -> None:
    server = far(answer, hold=True)
    began = time.monotonic()
    with pytest.raises(Refused, match="too slowly"):
        bring(f"http://far.example:{server.port}/", port=server.port, seconds=0.2)
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (said(b"", status="404 Not Found"), "404"),
        (said(b"secret", status="500 Oh"), "500"),
        (said(b"x", "Content-Encoding: gzip"), "packed"),
        (b"SSH-2.0-OpenSSH_9.9\r\n", "broke off"),
        (said(b"abc")[:-2], "broke off"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: " + b"x" * 200_000 + b"\r\n\r\n", "broke off"),
    ],
)
def test_other_answers_are_refused_in_words_that_tell_nothing_of_them(far: Any, answer: bytes, why: str) -> None:
    server = far(answer)
    with pytest.raises(Refused, match=why) as refused:
        bring(f"http://far.example:{server.port}/", port=server.port)
    assert "secret" not in str(refused.value)
    assert "SSH" not in str(refused.value)


def test_a_name_that_nobody_knows_is_said(far: Any) -> None:
    with pytest.raises(Refused, match="does not answer"):
        bring("http://nobody.example/", port=80)


def test_a_server_without_a_certificate_for_its_name_is_not_trusted(far: Any) -> None:
    server = far(b"no handshake")
    with pytest.raises(Refused, match="does not answer"):
        bring(f"https://far.example:{server.port}/", port=server.port)


def test_the_policy_sees_every_address(far: Any) -> None:
    seen: list[Address] = []
    server = far(said(b"data"))
    bring(f"http://far.example:{server.port}/", port=server.port, allowed=lambda address: not seen.append(address))
    assert seen == [LOOPBACK]
