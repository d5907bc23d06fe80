"""JSON values as the text that the frontend shows for them."""

from __future__ import annotations

from typing import Any


def as_text(value: Any) -> str:
    """What a text field of the frontend makes of a JSON value; new lines are ``\\n`` there."""
    if isinstance(value, str):
        return value.replace("\r\n", "\n").replace("\r", "\n")
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(as_text(item) for item in value)
    if isinstance(value, dict):
        return "[object Object]"
    return _number(value)


def _number(value: int | float) -> str:
    """As JavaScript prints it: ``8``, not ``8.0``."""
    whole = isinstance(value, float) and value.is_integer() and abs(value) < 1e21
    return str(int(value)) if whole else repr(value).replace("e-0", "e-")
