"""What goes wrong with an HTTP request or a websocket handshake."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal

Kind = Literal["answer", "timeout", "close-before-answer", "close-after-accept", "slow", "redirect", "login"]

LOGIN_PAGE = "<!doctype html><title>Sign in</title><form method=post><input name=password></form>"


@dataclass(frozen=True)
class Fault:
    """One way to fail.

    Attributes:
        kind: ``answer``: this status and body instead of the real ones. ``timeout``: no answer, the line
            stays open. ``close-before-answer``: the line ends, nothing is done. ``close-after-accept``: all
            is done, then the line ends without the answer. ``slow``: done after ``seconds``. ``redirect``:
            302 to ``to``. ``login``: 200 with an HTML page.
        status: of ``answer``.
        body: of ``answer``; a dict or list is sent as JSON.
        headers: of ``answer`` and ``redirect``.
        seconds: of ``slow``.
        to: of ``redirect``.
    """

    kind: Kind
    status: int = 500
    body: Any = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.2
    to: str = ""


class Faults:
    """The faults that wait for a request, in the order in which they were ordered."""

    def __init__(self) -> None:
        self._waiting: list[tuple[str, Fault, int | None]] = []

    def add(self, route: str, fault: Fault, times: int | None) -> None:
        """Let the next ``times`` requests to ``route`` fail; None for all to come."""
        self._waiting.append((route, fault, times))

    def clear(self) -> None:
        self._waiting.clear()

    def take(self, route: str) -> Fault | None:
        """The fault for a request to ``route``, such as ``POST /prompt``."""
        for place, (pattern, fault, times) in enumerate(self._waiting):
            if not fnmatchcase(route, pattern):
                continue
            if times == 1:
                del self._waiting[place]
            elif times is not None:
                self._waiting[place] = (pattern, fault, times - 1)
            return fault
        return None
