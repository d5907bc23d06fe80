"""Seeds as people type them: text, exact to 64 bits."""

from __future__ import annotations

import secrets

from comfy_api.errors import Refused
from pages.components import words

_LIMIT = 2**64


def parse_seed(text: str) -> int | None:
    """The number; None for an empty field, which means a new seed each time.

    Raises:
        Refused: it is no whole number from 0 to 2⁶⁴ - 1.
    """
    text = text.strip()
    if not text:
        return None
    # isdecimal alone would take digits of other scripts too; int() reads those, and 4300 of them it refuses.
    if not (text.isascii() and text.isdecimal()) or len(text.lstrip("0")) > 20 or int(text) >= _LIMIT:
        raise Refused(words.SEED_RANGE, control="seed")
    return int(text)


def draw_seed() -> int:
    """A random seed that is short enough to be read aloud."""
    return secrets.randbelow(2**32)
