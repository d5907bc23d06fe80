"""Column types that mean the same on SQLite and on Postgres."""

from __future__ import annotations

import json
import re
import zlib
from typing import Any, Final

from sqlalchemy import BigInteger, Dialect, Integer, LargeBinary, String, Text
from sqlalchemy.types import TypeDecorator

#: A number that counts up: a 64-bit key on both.
Serial: Final = BigInteger().with_variant(Integer, "sqlite")

#: What no database takes in a text: NUL, and halves of a surrogate pair.
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")


class Words(TypeDecorator[str]):
    """Text that people wrote. What cannot be stored becomes U+FFFD."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else storable(value)


class Json(TypeDecorator[Any]):
    """A JSON value, as text with escapes: exact, whatever characters and numbers it holds."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else to_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


class Unsigned64(TypeDecorator[int]):
    """0 to 2⁶⁴-1, as decimal text: no database has such an integer."""

    impl = String(20)
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> str | None:
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> int | None:
        return None if value is None else int(value)


class PackedJson(TypeDecorator[Any]):
    """A JSON value, packed by zlib: graphs are long and repeat themselves."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:
        return None if value is None else zlib.compress(to_json(value).encode("ascii"))

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(zlib.decompress(value))


def to_json(value: Any) -> str:
    """Compact JSON in ASCII, the order of keys kept."""
    return json.dumps(value, separators=(",", ":"))


def storable(text: str) -> str:
    """The text as a database gives it back."""
    return _UNSTORABLE.sub("\ufffd", text)
