"""Values as TOML text, for reading by hand: one line where it fits, a text of several lines as one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from typing import Any, Final

_WIDTH: Final = 120
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
#: Control characters that JSON leaves as they are or that TOML takes only escaped.
_ESCAPED: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def table_text(pairs: Iterable[tuple[str, Any]]) -> str:
    """``key = value`` lines. Tables become inline tables, so that the text can stand below any header.

    Raises:
        ValueError: a value that TOML does not know, in words that begin with its key.
    """
    return "".join(_line(key, value) for key, value in pairs)


def _line(key: str, value: Any) -> str:
    start = f"{_key(key)} = "
    try:
        if isinstance(value, str) and "\n" in value:
            return f"{start}{_lines(value)}\n"
        text = _inline(value)
        if len(start) + len(text) > _WIDTH and isinstance(value, (list, tuple)) and value:
            text = "[\n" + "".join(f"    {_inline(item)},\n" for item in value) + "]"
    except UnicodeEncodeError:
        raise ValueError(f'"{key[:100]}" holds half a character') from None
    except (TypeError, RecursionError):
        raise ValueError(f'"{key[:100]}" holds something that TOML does not know') from None
    return f"{start}{text}\n"


def _inline(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(key)} = {_inline(item)}" for key, item in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_inline, value))}]"
    raise TypeError(type(value).__name__)


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _string(key)


def _string(text: str) -> str:
    text.encode()  # half a surrogate pair has no place in a file
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _lines(text: str) -> str:
    text.encode()
    safe = _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text.replace("\\", "\\\\"))
    safe = safe.replace('"""', '""\\"')
    safe = f'{safe[:-1]}\\"' if safe.endswith('"') else safe
    return f'"""\n{safe}"""'
