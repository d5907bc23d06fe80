"""JSON and graphs in API format from outside: bounded, normalised, and refused in words.

The limits bear the largest workflows that people share and stop a hostile file before it costs memory.
"""

from __future__ import annotations

import itertools
import json
import math
import os
from collections.abc import Iterable, Mapping
from typing import Any, Final, NoReturn

MAX_BYTES: Final = 20_000_000
MAX_NESTING: Final = 64
MAX_NODES: Final = 5_000
MAX_VALUES: Final = 1_000_000

Graph = dict[str, dict[str, Any]]
Source = str | os.PathLike[str] | Mapping[str, Any] | bytes

EXPORT: Final = 'Export it again from ComfyUI with the menu entry "Workflow → Export".'


class Unfit(ValueError):
    """Why something is no workflow. Whoever knows the file's name makes a NotReadable of it.

    Attributes:
        reason: continues "… is no workflow: ", without a full stop.
        advice: what to do, a sentence.
    """

    def __init__(self, reason: str, advice: str = EXPORT) -> None:
        self.reason, self.advice = reason, advice
        super().__init__(reason)


# --- JSON -----------------------------------------------------------------------------------------------


def parse_json(text: str | bytes, *, lenient: bool = False) -> Any:
    """JSON text, with or without a byte order mark, as values of JSON's own types.

    Args:
        text: at most ``MAX_BYTES`` bytes or characters; bytes are UTF-8.
        lenient: NaN and infinities, which Python writes and JSON does not know, become null.

    Raises:
        Unfit: no JSON, too large, too deep, too many values, or a key that stands twice.
    """
    if len(text) > MAX_BYTES:
        raise Unfit(f"it is larger than {MAX_BYTES // 1_000_000} MB")
    try:
        text = text.decode("utf-8") if isinstance(text, bytes) else text
    except UnicodeDecodeError:
        raise Unfit("it is no UTF-8 text") from None
    # Counted before parsing: an empty list takes two bytes of text and sixty of memory.
    if sum(text.count(mark) for mark in ",[{") > MAX_VALUES:
        raise Unfit(f"it holds more than {MAX_VALUES} values")
    constant = _null if lenient else _refuse_constant
    try:
        parsed = json.loads(text.removeprefix("\ufeff"), object_pairs_hook=_object, parse_constant=constant)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Unfit(f"it is no JSON ({error.msg} at {where})") from None
    except RecursionError:
        raise _too_deep() from None
    except Unfit:
        raise
    except ValueError:
        raise Unfit("it holds a number of thousands of digits") from None
    return json_value(parsed, lenient=lenient)


def json_value(value: object, *, lenient: bool = False) -> Any:
    """A deep copy of ``value`` in JSON's own types.

    Raises:
        Unfit: something that JSON does not know, deeper than ``MAX_NESTING``, or more than ``MAX_VALUES``.
    """
    count = itertools.count(1)

    def copy(value: object, room: int) -> Any:
        if next(count) > MAX_VALUES:
            raise Unfit(f"it holds more than {MAX_VALUES} values")
        if value is None or isinstance(value, (str, int)):
            return value
        if isinstance(value, float):
            return _finite(value, lenient)
        if room == 0:
            raise _too_deep()
        if isinstance(value, Mapping):
            return {_key(key): copy(item, room - 1) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [copy(item, room - 1) for item in value]
        raise Unfit(f"it holds a {type(value).__name__}, which JSON does not know")

    return copy(value, MAX_NESTING)


def _finite(value: float, lenient: bool) -> float | None:
    if math.isfinite(value):
        return value
    if lenient:
        return None
    raise Unfit("it holds a number that is not finite")


def _key(key: object) -> str:
    if isinstance(key, str):
        return key
    raise Unfit(f"its key {key!r} is no text")


def _object(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise Unfit(f'"{key[:100]}" stands in it twice')
        found[key] = value
    return found


def _too_deep() -> Unfit:
    return Unfit(f"it is nested deeper than {MAX_NESTING} levels")


def _refuse_constant(word: str) -> NoReturn:
    raise Unfit(f"it holds {word}, which is no JSON number")


def _null(word: str) -> None:
    return None


# --- the graph ------------------------------------------------------------------------------------------


def is_node(value: object) -> bool:
    """Whether it is a node in API format. Its inputs may be missing."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("class_type"), str)
        and value["class_type"] != ""
        and isinstance(value.get("inputs") or {}, dict)
    )


def require_graph(document: Mapping[str, Any]) -> Graph:
    """The document as a graph: missing inputs become ``{}``, and ids in links text (formats.md §1.1).

    Raises:
        Unfit: it is none.
    """
    if not document:
        raise Unfit("it is empty")
    if len(document) > MAX_NODES:
        raise Unfit(f"it has more than {MAX_NODES} nodes")
    for node_id, node in document.items():
        if not is_node(node):
            raise Unfit(f'its entry "{node_id[:100]}" is no node (a node has a "class_type" and "inputs")')
    return {node_id: _node(node, document) for node_id, node in document.items()}


def _node(node: dict[str, Any], graph: Mapping[str, Any]) -> dict[str, Any]:
    inputs = {name: _link(value, graph) for name, value in (node.get("inputs") or {}).items()}
    return {**node, "inputs": inputs}


def _link(value: Any, graph: Mapping[str, Any]) -> Any:
    """``[4, 0]`` and ``["4", 0.0]``, as people write them, are links where there is a node 4."""
    if not isinstance(value, list) or len(value) != 2:
        return value
    source, slot = value
    whole = isinstance(slot, (int, float)) and not isinstance(slot, bool) and slot == int(slot)
    named = isinstance(source, (str, int)) and not isinstance(source, bool) and str(source) in graph
    return [str(source), int(slot)] if named and whole else value
