"""One table of a TOML file that somebody wrote: each key asked for by its type, refused by its name."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Collection, Mapping
from typing import Any, Final, NoReturn, Self

from comfy_api.errors import WorkflowError

_MAX_DEPTH: Final = 16
_WHOLE: Final = re.compile(r"-?[0-9]{1,40}", re.ASCII)
#: A key of more parts than anybody writes: reading one takes time by the square of them.
_ENDLESS_KEY: Final = re.compile(r"""(?:\.[ \t]*(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')[ \t]*){64}""")


class Table:
    """Keys and values of which each is taken once; what nobody took is the rest.

    Attributes:
        values: what is left.
        where: what sentences call the table, such as ``txt2img.form.toml``.
    """

    def __init__(self, values: Mapping[str, Any], where: str) -> None:
        self.values, self.where = dict(values), where

    @classmethod
    def parse(cls, source: str | bytes, where: str, limit: int) -> Self:
        """The whole file. Raises WorkflowError where it is longer than ``limit`` bytes, too deep or no TOML."""
        try:
            data = source.encode() if isinstance(source, str) else source
            if len(data) > limit:
                raise WorkflowError(f"{where} is larger than {limit // 1000} kB. Shorten it.")
            text = data.decode("utf-8-sig")
            if _ENDLESS_KEY.search(text):
                raise ValueError("it has a key of more than 64 parts")
            values = tomllib.loads(text)
        except (ValueError, RecursionError) as error:
            raise WorkflowError(f"{where} cannot be read ({_reason(error)}). Mend it or take it away.") from None
        if _deeper_than(_MAX_DEPTH, values):
            raise WorkflowError(f"{where} cannot be read (it is nested too deep). Mend it or take it away.")
        return cls(values, where)

    def named(self, name: str) -> Table:
        """The same table, called so within its file. What was taken stays taken."""
        return Table(self.values, f"{name} in {self.where.rpartition(' of ')[2]}")

    def refuse(self, key: str, must: str) -> NoReturn:
        """Raises WorkflowError: ``must`` follows the key's name, without a full stop."""
        raise WorkflowError(f'"{key}" of {self.where} {must}.')

    def take(self, key: str) -> Any:
        """The value as it stands, or None."""
        return self.values.pop(key, None)

    def rest(self) -> dict[str, Any]:
        """What nobody took."""
        return dict(self.values)

    def text(self, key: str) -> str:
        """A text, empty where there is none."""
        value = self.values.pop(key, "")
        return value if isinstance(value, str) else self.refuse(key, "must be text. Put it in quotes")

    def switch(self, key: str, default: bool = False) -> bool:
        """True or false."""
        value = self.values.pop(key, default)
        return value if isinstance(value, bool) else self.refuse(key, "must be true or false, without quotes")

    def whole(self, key: str, default: int = 0) -> int:
        """A whole number."""
        value = self.values.pop(key, default)
        if isinstance(value, bool) or not isinstance(value, int):
            self.refuse(key, "must be a whole number, without quotes")
        return value

    def number(self, key: str) -> int | float | None:
        """A finite number, one too great for TOML as text; None where there is none."""
        value = self.exact(self.take(key))
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        if not isinstance(value, float) or not math.isfinite(value):
            self.refuse(key, "must be a number, without quotes")
        return value

    def one_of(self, key: str, known: Collection[str], default: str = "") -> str:
        """One of these texts."""
        value = self.values.pop(key, default)
        if not isinstance(value, str) or value not in known:
            self.refuse(key, f"must be one of: {', '.join(known)}")
        return value

    def items(self, key: str, most: int) -> list[Any]:
        """A list of at most ``most`` entries, empty where there is none."""
        value = self.values.pop(key, [])
        if not isinstance(value, list):
            self.refuse(key, "must be a list, in square brackets")
        if len(value) > most:
            self.refuse(key, f"may hold at most {most:,} entries. Take some out")
        return value

    def tables(self, key: str, most: int) -> list[Table]:
        """A list of tables, ``[[key]]``."""
        entries = self.items(key, most)
        if not all(isinstance(entry, dict) for entry in entries):
            self.refuse(key, f"must be tables. Begin each with [[{key}]]")
        return [Table(entry, f"{key[:-1]} {place} of {self.where}") for place, entry in enumerate(entries, 1)]

    @staticmethod
    def exact(value: Any) -> Any:
        """A whole number that was written as text, because TOML's have 64 bits with a sign; else the value."""
        return int(value) if isinstance(value, str) and _WHOLE.fullmatch(value) else value


def _reason(error: Exception) -> str:
    return "it is nested too deep" if isinstance(error, RecursionError) else str(error)[:200]


def _deeper_than(room: int, value: Any) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_deeper_than(room - 1, item) for item in inner) if room else bool(inner)
