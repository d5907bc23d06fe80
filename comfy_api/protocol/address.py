"""Where a ComfyUI is, and what opens its door. Secrets stand in headers and parameters, never in a printed URL."""

from __future__ import annotations

import base64
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

    Raises:
        ValueError: no http or https URL, or a user name beside an API key.
    """
    if "://" not in url:
        url = f"http://{url}"
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("An address starts with http:// or https:// and names a host.")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = f":{parts.port}" if parts.port else ""
    cloud = parts.hostname == _CLOUD or parts.hostname.endswith(f".{_CLOUD}")
    return Address(
        url=f"{parts.scheme}://{host}{port}{parts.path.rstrip('/')}",
        headers={**_credentials(parts.username, parts.password, api_key, cloud=cloud), **(headers or {})},
        params={**dict(parse_qsl(parts.query)), **(params or {})},
        ws_params={"token": api_key} if api_key and cloud else {},
    )


def _credentials(user: str | None, password: str | None, api_key: str | None, *, cloud: bool) -> dict[str, str]:
    if user is not None and api_key:
        raise ValueError("Give either a user name in the address or an API key, not both.")
    if api_key:
        return {"X-API-Key": api_key} if cloud else {"Authorization": f"Bearer {api_key}"}
    if user is None:
        return {}
    pair = f"{unquote(user)}:{unquote(password or '')}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode('ascii')}"}
