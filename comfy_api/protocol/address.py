"""Where a ComfyUI is, and what opens its door. Secrets stand in headers and parameters, never in a printed URL."""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

#: Hosts that take the key as ``X-API-Key`` and, on the websocket, as ``token``.
_CLOUD = "comfy.org"


@dataclass(frozen=True, slots=True)
class Address:
    """A ComfyUI's address.

    Attributes:
        url: scheme, host, port and path prefix; no user, no parameters; shown in logs and errors.
        headers: sent with every request and with the websocket handshake.
        params: added to every request and to the websocket handshake.
        ws_params: added to the websocket handshake alone.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    params: Mapping[str, str] = field(default_factory=dict, repr=False)
    ws_params: Mapping[str, str] = field(default_factory=dict, repr=False)

    def websocket(self, client_id: str) -> str:
        """The websocket's whole URL, parameters and so secrets included: never to be printed."""
        scheme, rest = self.url.split("://", 1)
        query = urlencode({**self.params, **self.ws_params, "clientId": client_id})
        return f"{'wss' if scheme == 'https' else 'ws'}://{rest}/ws?{query}"

    @property
    def host(self) -> str:
        """The host's name or number, without port and brackets."""
        return urlsplit(self.url).hostname or ""

    @property
    def is_loopback(self) -> bool:
        """Whether it is this machine, by its name or number; no proxy leads there."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def parse_address(
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    params: Mapping[str, str] | None = None,
    api_key: str | None = None,
) -> Address:
    """Read what a person typed as an address.

    ``host:8188`` means http. A user and password in the URL become basic authentication, its query parameters go with
    every request. An API key goes as ``Authorization: Bearer``; to ``*.comfy.org`` as ``X-API-Key`` and ``token``.
    A header of the caller's own goes before these. ``Origin`` is left out: foreign ones are refused (protocol.md §1).

    Raises:
        ValueError: no http or https URL, a user name beside an API key, or what no header can hold. Its text repeats
            nothing of what was given.
    """
    url, api_key = url.strip(), (api_key or "").strip()
    if "://" not in url:
        url = f"http://{url}"
    try:
        parts = urlsplit(url)
        scheme, hostname, port = parts.scheme, parts.hostname, parts.port
    except ValueError:
        # The reason may repeat a part of a password.
        raise ValueError("This address cannot be read. It looks like http://host:8188.") from None
    if scheme not in ("http", "https") or not hostname:
        raise ValueError("An address starts with http:// or https:// and names a host.")
    host = f"[{hostname}]" if ":" in hostname else hostname
    cloud = hostname == _CLOUD or hostname.endswith(f".{_CLOUD}")
    return Address(
        url=f"{scheme}://{host}{f':{port}' if port else ''}{parts.path.rstrip('/')}",
        headers=_headers(_credentials(parts.username, parts.password, api_key, cloud=cloud), headers or {}),
        params={**dict(parse_qsl(parts.query, keep_blank_values=True)), **(params or {})},
        ws_params={"token": api_key} if api_key and cloud else {},
    )


def _credentials(user: str | None, password: str | None, api_key: str, *, cloud: bool) -> dict[str, str]:
    if user is not None and api_key:
        raise ValueError("Give either a user name in the address or an API key, not both.")
    if api_key:
        return {"X-API-Key": api_key} if cloud else {"Authorization": f"Bearer {api_key}"}
    if user is None:
        return {}
    pair = f"{unquote(user)}:{unquote(password or '')}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode('ascii')}"}


def _headers(ours: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """Both together, names in any case; the given ones go before ours."""
    named = {name.lower() for name in given}
    merged = {name: value for name, value in ours.items() if name.lower() not in named}
    merged |= {name: value for name, value in given.items() if name.lower() != "origin"}
    if not all(_fits(f"{name}{value}") for name, value in merged.items()):
        raise ValueError("A header or API key holds a line break or letters that no header can hold.")
    return merged


def _fits(text: str) -> bool:
    return all(" " <= letter <= "ÿ" and letter != "\x7f" for letter in text)
