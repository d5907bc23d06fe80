"""Pieces of the sentences that errors say."""

from __future__ import annotations

from collections.abc import Sequence


def listed(names: Sequence[str], most: int = 12) -> str:
    """``"a", "b" and 3 others``; ``nothing`` for none."""
    if not names:
        return "nothing"
    shown = ", ".join(f'"{name}"' for name in names[:most])
    rest = len(names) - most
    return f"{shown} and {rest} {'other' if rest == 1 else 'others'}" if rest > 0 else shown


def short(value: object, most: int = 300) -> str:
    """The value as text; a long one is cut: inputs may hold whole pictures."""
    text = str(value)
    return text if len(text) <= most else f"{text[:most]}…"
