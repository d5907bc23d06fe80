"""Whose browser it is: a random name in a signed cookie (design.md, decision 11)."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import Final

from itsdangerous import BadSignature, Signer
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE: Final = "easel_owner"
_SALT: Final = "easel-owner"
_YEAR: Final = 365 * 24 * 3600


class Owners:
    """Makes and reads owner cookies."""

    def __init__(self, key: bytes) -> None:
        """``key``: at least 32 random bytes, kept between starts."""
        self._signer = Signer(key, salt=_SALT)

    @classmethod
    def of_folder(cls, data: Path) -> Owners:
        """With the key that is kept in the data folder, made at first use. Raises OSError."""
        data.mkdir(parents=True, exist_ok=True)
        path = data / "owner.key"
        try:
            # Exclusive: of two processes that start at once, one makes the key.
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            pass
        else:
            with os.fdopen(file, "wb") as out:
                out.write(secrets.token_bytes(32))
        key = path.read_bytes()
        if len(key) < 32:
            raise OSError(f"{path} is too short. Remove it and start again.")
        return cls(key)

    def new(self) -> str:
        """A cookie's value for a browser that was not here before."""
        return self._signer.sign(secrets.token_urlsafe(16)).decode("ascii")

    def owner_of(self, cookies: Mapping[str, str]) -> str | None:
        """The owner that these cookies name; None where there is none, or one that we did not sign."""
        value = cookies.get(COOKIE, "")
        try:
            return self._signer.unsign(value).decode("ascii")
        except (BadSignature, UnicodeError):
            return None

    def owner_in(self, scope: Scope) -> str | None:
        """The owner whom an ASGI request or websocket comes from."""
        return self.owner_of(_cookies(scope))


class OwnerCookie:
    """ASGI middleware: gives a browser its cookie with the first page that it loads."""

    def __init__(self, app: ASGIApp, owners: Owners) -> None:
        self._app, self._owners = app, owners
        _Known.owners = owners

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; add the cookie to a page's answer where the request had none of ours."""
        if not _is_page(scope) or self._owners.owner_in(scope):
            await self._app(scope, receive, send)
            return

        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], (b"set-cookie", self._cookie(scope))]}
            await send(message)

        await self._app(scope, receive, with_cookie)

    def _cookie(self, scope: Scope) -> bytes:
        secure = "; Secure" if scope.get("scheme") == "https" else ""
        value = f"{COOKIE}={self._owners.new()}; Path=/; Max-Age={_YEAR}; HttpOnly; SameSite=Lax{secure}"
        return value.encode("ascii")


class _Known:
    """The owners of the process's one middleware, for pages, which see cookies but no middleware."""

    owners: Owners | None = None


def owner_of(cookies: Mapping[str, str]) -> str | None:
    """The owner that a page's cookies name, by the process's own middleware."""
    return _Known.owners.owner_of(cookies) if _Known.owners is not None else None


def _is_page(scope: Scope) -> bool:
    """A browser that opens a page asks for HTML; scripts, pictures and websockets do not."""
    if scope["type"] != "http" or scope["method"] != "GET":
        return False
    return any(name == b"accept" and b"text/html" in value for name, value in scope["headers"])


def _cookies(scope: Scope) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        if name == b"cookie":
            try:
                found |= {key: morsel.value for key, morsel in SimpleCookie(value.decode("latin-1")).items()}
            except CookieError:
                continue
    return found
