"""Which words a text is found by. Pure, and the same for every database: they only compare what comes from here.

A word is a run of letters, digits and marks, in lower case. Where people write without blanks (Chinese, Japanese,
Korean, Thai …) each pair of neighbours is a word, and so is the last character alone: then one character finds all
that hold it, as a prefix of the pair that it begins.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Final, TypeVar

T = TypeVar("T")

#: Characters of a word; the rest of it is not looked at.
MAX_LENGTH: Final = 64
#: Different words of one text.
MAX_WORDS: Final = 2000
#: Terms of one question.
MAX_TERMS: Final = 16

#: Scripts that are written without blanks, first and last code point.
_UNSPACED: Final = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Burmese
    (0x1100, 0x11FF),  # Hangul, in parts
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x9FFF),  # radicals, kana, bopomofo, Han
    (0xA000, 0xA4CF),  # Yi
    (0xAC00, 0xD7FF),  # Hangul
    (0xF900, 0xFAFF),  # Han, for compatibility
    (0x1B000, 0x1B16F),  # kana, rare ones
    (0x20000, 0x3FFFF),  # Han, rare ones
)


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that is asked for.

    Attributes:
        word: a word, or its beginning.
        prefix: whether longer words are meant too.
    """

    word: str
    prefix: bool

    def fits(self, word: str) -> bool:
        """Whether a word of a text is meant."""
        return word.startswith(self.word) if self.prefix else word == self.word


def words_of(text: str) -> tuple[str, ...]:
    """The words that a text is found by, each once, at most ``MAX_WORDS``."""
    return _first(MAX_WORDS, (word for kind, run in _runs(text) for word in _words(kind, run)))


def terms_of(text: str) -> tuple[Term, ...]:
    """What a question asks for: all of it together, at most ``MAX_TERMS``. Empty: no word stands in it."""
    return _first(MAX_TERMS, (term for kind, run in _runs(text) for term in _terms(kind, run)))


def matches(terms: Iterable[Term], words: Iterable[str]) -> bool:
    """Whether a text with these words answers the question: what every database has to agree with."""
    known = tuple(words)
    return all(any(term.fits(word) for word in known) for term in terms)


def _runs(text: str) -> Iterator[tuple[str, str]]:
    """Kind and characters of each run: ``word``, ``unspaced`` or ``symbol``."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    for kind, run in groupby(folded, _kind):
        if kind:
            yield kind, "".join(run)


def _kind(character: str) -> str:
    category = unicodedata.category(character)
    if category == "So":
        return "symbol"
    if category[0] not in "LNM":
        return ""
    code = ord(character)
    return "unspaced" if any(first <= code <= last for first, last in _UNSPACED) else "word"


def _words(kind: str, run: str) -> Iterable[str]:
    if kind == "unspaced":
        return [*map("".join, pairwise(run)), run[-1]]
    return run if kind == "symbol" else [run[:MAX_LENGTH]]


def _terms(kind: str, run: str) -> Iterable[Term]:
    if kind == "unspaced" and len(run) > 1:
        return [Term("".join(pair), prefix=False) for pair in pairwise(run)]
    if kind == "symbol":
        return [Term(symbol, prefix=False) for symbol in run]
    return [Term(run[:MAX_LENGTH], prefix=True)]


def _first(most: int, things: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(things))[:most]
