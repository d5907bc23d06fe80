"""Fetching what somebody's URL names, without lending them our place in the network.

The name is resolved once, every address is checked, and the connection goes to the very address that was checked, so
that a name cannot answer differently the second time. Each redirect is checked as if it were typed.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote, urljoin, urlsplit

import certifi
import h11

from comfy_api.errors import Refused

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
#: Host and port → the addresses, as text.
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

#: Seconds for everything together: names, connections, redirects, the file.
SECONDS: Final = 30.0
REDIRECTS: Final = 3
PORTS: Final = {"http": 80, "https": 443}
#: Characters of a URL.
_LONGEST: Final = 2048
_CHUNK: Final = 2**16
_REDIRECT: Final = (301, 302, 303, 307, 308)

#: Where clouds keep secrets, or other networks are reached, at addresses that pass for public ones.
_NOT_PUBLIC: Final = tuple(
    map(
        ipaddress.ip_network,
        (
            "168.63.129.16/32",  # Azure's host
            "192.0.0.0/24",  # protocol assignments, Oracle's metadata among them
            "192.88.99.0/24",  # 6to4 relays
            "::/96",  # IPv4-compatible
            "::ffff:0:0/96",  # IPv4-mapped
            "64:ff9b::/96",  # IPv4 behind NAT64
            "64:ff9b:1::/48",
            "2001::/32",  # Teredo
            "2002::/16",  # 6to4
            "fec0::/10",  # site-local
        ),
    )
)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL leads. ``path`` holds the query too, in ASCII."""

    scheme: str
    host: str
    port: int
    path: str


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file's bytes, and the last part of its URL."""

    data: bytes
    filename: str


def is_public(address: Address) -> bool:
    """Whether the address belongs to the public Internet and to one host there. Pure."""
    if any(address.version == net.version and address in net for net in _NOT_PUBLIC):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_link_local)


def parse_target(url: str, ports: Sequence[int] = tuple(PORTS.values())) -> Target:
    """Read a URL. Pure.

    Raises:
        Refused: no http(s) address, a user name in it, another port.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
        ascii_host = host if ":" in host else host.encode("idna").decode("ascii")
    except ValueError:  # UnicodeError is one
        raise Refused(_NO_ADDRESS) from None
    if len(url) > _LONGEST or parts.scheme not in PORTS or not re.fullmatch(r"[0-9a-z._:-]+", ascii_host):
        raise Refused(_NO_ADDRESS)
    if parts.username is not None or parts.password is not None:
        raise Refused("This address holds a user name or a password. Take them out.")
    port = PORTS[parts.scheme] if port is None else port
    if port not in ports:
        raise Refused("This address names a port of its own. Only the usual ones for the web are followed.")
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = quote(parts.query, safe="/?%:@!$&'()*+,;=~-._[]")
    return Target(parts.scheme, ascii_host, port, f"{path}?{query}" if query else path)


async def resolve_name(host: str, port: int) -> list[str]:
    """The addresses that this machine's resolver gives. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


async def fetch(
    url: str,
    *,
    most: int,
    seconds: float = SECONDS,
    resolve: Resolve = resolve_name,
    allowed: Callable[[Address], bool] = is_public,
    ports: Sequence[int] = tuple(PORTS.values()),
    tls: ssl.SSLContext | None = None,
) -> Fetched:
    """Bring the file that a URL names. What it is has to be told from its bytes: no claim is passed on.

    Args:
        most: bytes; it ends there, whatever the other side announced.
        seconds: for everything together.
        resolve, allowed, ports: how names become addresses, and which of them may be asked.
        tls: other trust than the machine's.

    Raises:
        Refused: a sentence that says why, without a word of what a private network answers.
    """
    try:
        async with asyncio.timeout(seconds):
            for _ in range(REDIRECTS + 1):
                target = parse_target(url, ports)
                addresses = await _addresses(target, resolve, allowed)
                answer = await _ask(target, addresses, most, tls)
                if isinstance(answer, bytes):
                    return Fetched(answer, unquote(urlsplit(url).path).rpartition("/")[2])
                url = urljoin(url, answer)
    except TimeoutError:
        raise Refused("This address answers too slowly. Save the file and choose it here.") from None
    raise Refused("This address leads on and on. Copy the address of the file itself.")


# --- inside -------------------------------------------------------------------------------------------------

_NO_ADDRESS: Final = "This is no web address. It begins with https:// or http://"
_PRIVATE: Final = "This address leads into a private network. Save the file and choose it here."
_SILENT: Final = "This address does not answer. Check it, or save the file and choose it here."
_BROKEN: Final = "The answer from this address broke off. Try again, or save the file and choose it here."


async def _addresses(target: Target, resolve: Resolve, allowed: Callable[[Address], bool]) -> list[str]:
    """Every address of the host. One that may not be asked rules out all: the name is not to be trusted."""
    try:
        found = list(dict.fromkeys(await resolve(target.host, target.port)))
        parsed = [ipaddress.ip_address(address) for address in found]
    except (OSError, ValueError):  # unknown, or no address at all
        raise Refused(_SILENT) from None
    if not parsed:
        raise Refused(_SILENT)
    if not all(allowed(address) for address in parsed):
        raise Refused(_PRIVATE)
    return found


async def _ask(target: Target, addresses: Sequence[str], most: int, tls: ssl.SSLContext | None) -> bytes | str:
    """The file's bytes, or where it says that they are."""
    reader, writer = await _connect(target, addresses, tls)
    try:
        return await _converse(target, reader, writer, most)
    except (h11.RemoteProtocolError, OSError):
        raise Refused(_BROKEN) from None
    finally:
        # Nothing more is wanted: the other side is not given time to say goodbye.
        writer.transport.abort()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _connect(
    target: Target, addresses: Sequence[str], tls: ssl.SSLContext | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    secure = target.scheme == "https"
    trust, name = (tls or _trust(), target.host) if secure else (None, None)
    for address in addresses:
        with contextlib.suppress(OSError):  # ssl.SSLError is one
            return await asyncio.open_connection(address, target.port, ssl=trust, server_hostname=name)
    raise Refused(_SILENT)


def _trust() -> ssl.SSLContext:
    """The machine's own authorities, and the usual ones where it has none."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


async def _converse(
    target: Target, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, most: int
) -> bytes | str:
    line = h11.Connection(h11.CLIENT)
    host = f"[{target.host}]" if ":" in target.host else target.host
    named = host if target.port == PORTS[target.scheme] else f"{host}:{target.port}"
    headers = [("Host", named), ("User-Agent", "Easel"), ("Accept", "*/*"), ("Accept-Encoding", "identity")]
    request = h11.Request(method="GET", target=target.path, headers=[*headers, ("Connection", "close")])
    writer.write((line.send(request) or b"") + (line.send(h11.EndOfMessage()) or b""))
    await writer.drain()
    data = bytearray()
    while True:
        event = line.next_event()
        if event is h11.NEED_DATA:
            line.receive_data(await reader.read(_CHUNK))
        elif isinstance(event, h11.Response):
            leads_to = _judge(event, most)
            if leads_to is not None:
                return leads_to
        elif isinstance(event, h11.Data):
            data += event.data
            if len(data) > most:
                raise Refused(_too_large(most))
        elif isinstance(event, h11.EndOfMessage):
            return bytes(data)
        elif not isinstance(event, h11.InformationalResponse):
            raise Refused(_BROKEN)


def _judge(response: h11.Response, most: int) -> str | None:
    """Where a redirect leads; None for a file that may come."""
    headers = {name.decode("ascii"): value.decode("latin-1") for name, value in response.headers}
    if response.status_code in _REDIRECT and "location" in headers:
        return headers["location"]
    if response.status_code != 200:
        raise Refused(f"There is no file at this address (it says {response.status_code}). Check it.")
    if headers.get("content-encoding", "identity") != "identity":
        raise Refused("The file comes packed from this address. Save it and choose it here.")
    if int(headers.get("content-length", 0)) > most:
        raise Refused(_too_large(most))
    return None


def _too_large(most: int) -> str:
    return f"This file is larger than {max(1, most // 2**20)} MB. Choose a smaller one."
