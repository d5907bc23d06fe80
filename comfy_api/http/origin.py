"""Which pages may open our websockets. Streamlit checks its own routes only."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection


def is_same_origin(connection: HTTPConnection, others: Sequence[str] = ()) -> bool:
    """Whether the page that asks came from here.

    No Origin is no browser, and has to have the cookie all the same. A proxy has to pass the Host on.

    Args:
        others: further origins, such as ``https://studio.example.com``.
    """
    origin = connection.headers.get("origin")
    if origin is None or origin in others:
        return True
    return urlsplit(origin).netloc == connection.headers.get("host", "")
