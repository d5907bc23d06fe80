"""Text that somebody typed, as the JSON value that an input takes."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from comfy_api.errors import WorkflowError

#: Inputs that take fractions although ComfyUI saves a whole one, such as 7.0, without its point.
FRACTIONS = frozenset(
    {"cfg", "denoise", "guidance", "scale_by", "shift", "strength", "strength_model", "strength_clip"}
)

_WHOLE = re.compile(r"[+-]?[0-9]{1,40}")
_WORDS = {"true": True, "false": False}


def typed(text: str, current: Any, input: str) -> Any:
    """``text`` in the JSON type of ``current``, the value that the input has now.

    Raises:
        WorkflowError: the text is no value of that type.
    """
    if isinstance(current, str):
        return text
    if isinstance(current, bool):
        return _switch(text, input)
    if isinstance(current, float) or (isinstance(current, int) and input in FRACTIONS):
        return _number(text, input)
    if isinstance(current, int):
        return _whole(text, input)
    return _json(text, input)


def _switch(text: str, input: str) -> bool:
    word = text.strip().casefold()
    if word not in _WORDS:
        raise WorkflowError(f'"{input}" is true or false, not "{text}".')
    return _WORDS[word]


def _whole(text: str, input: str) -> int:
    if not _WHOLE.fullmatch(text.strip()):
        raise WorkflowError(f'"{input}" takes a whole number, not "{text}".')
    return int(text)


def _number(text: str, input: str) -> int | float:
    if _WHOLE.fullmatch(text.strip()):
        return int(text)
    try:
        number = float(text.replace("_", " "))  # Python reads 1_0 as ten; nobody else does.
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise WorkflowError(f'"{input}" takes a number such as 7.5, not "{text}".')
    return number


def _json(text: str, input: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise WorkflowError(f'"{input}" takes a JSON value, not "{text}".') from None
