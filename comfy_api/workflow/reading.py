"""From a file, text, bytes or a mapping to a graph in API format; everything else is refused in words.

The limits bear the largest workflows that people share and stop a hostile file before it costs memory.
"""

from __future__ import annotations

import json
import math
import os
import stat
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from comfy_api.errors import NotApiFormat

MAX_BYTES = 20_000_000
MAX_NESTING = 64
MAX_NODES = 5_000
MAX_VALUES = 1_000_000

Graph = dict[str, dict[str, Any]]
Source = str | os.PathLike[str] | Mapping[str, Any] | bytes

_EXPORT = 'Export it again from ComfyUI with the menu entry "Workflow → Export (API)".'


def read_workflow(source: Source) -> tuple[Graph, dict[str, Any]]:
    """Returns the graph, and the other keys of the wrapper that it came in (empty without a wrapper).

    Raises:
        NotApiFormat: names the source, the reason and what to do.
    """
    name = _name_of(source)
    try:
        document = json_value(source if isinstance(source, Mapping) else _parse(_text_of(source)))
        return _unwrap(document)
    except NotApiFormat as refusal:
        raise NotApiFormat(f"{name} {refusal}") from None
    except RecursionError:
        raise NotApiFormat(f"{name} is nested deeper than {MAX_NESTING} levels. {_EXPORT}") from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise NotApiFormat(f"{name} cannot be read ({reason}). Check its name and place.") from None
    except ValueError as error:
        raise NotApiFormat(f"{name} is no workflow: {error}. {_EXPORT}") from None


def json_value(value: object, room: int = MAX_NESTING) -> Any:
    """A deep copy of ``value`` in JSON's own types.

    Raises:
        ValueError: something that JSON does not know, or deeper than ``room`` containers; in words.
    """
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("it holds a number that is not finite")
        return value
    if room == 0:
        raise ValueError(f"it is nested deeper than {MAX_NESTING} levels")
    if isinstance(value, Mapping):
        return {_key(key): json_value(item, room - 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_value(item, room - 1) for item in value]
    raise ValueError(f"it holds a {type(value).__name__}, which JSON does not know")


def _key(key: object) -> str:
    if isinstance(key, str):
        return key
    raise ValueError(f"its key {key!r} is no text")


def _name_of(source: Source) -> str:
    if isinstance(source, (Mapping, bytes)) or _is_json_text(source):
        return "The workflow"
    name = os.path.basename(os.fspath(source))[:100]
    return f'"{name}"'


def _is_json_text(source: object) -> bool:
    return isinstance(source, str) and source.lstrip("\ufeff \t\r\n").startswith("{")


def _text_of(source: str | os.PathLike[str] | bytes) -> str:
    if isinstance(source, str) and _is_json_text(source):
        _require_size(len(source))
        return source.removeprefix("\ufeff")
    data = source if isinstance(source, bytes) else _read_file(source)
    _require_size(len(data))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("it is no UTF-8 text") from None


def _read_file(path: str | os.PathLike[str]) -> bytes:
    # A pipe or a device could block or never end.
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise ValueError("it is no ordinary file")
    with open(path, "rb") as file:
        return file.read(MAX_BYTES + 1)


def _require_size(size: int) -> None:
    if size > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES // 1_000_000} MB")


def _parse(text: str) -> Any:
    # Counted before parsing: an empty list takes two bytes of text and sixty of memory.
    if sum(text.count(mark) for mark in ",[{") > MAX_VALUES:
        raise ValueError(f"it holds more than {MAX_VALUES} values")
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise ValueError(f"it is no JSON ({error.msg} at {where})") from None


def _object(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f'"{key[:100]}" stands in it twice')
        found[key] = value
    return found


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"it holds {word}, which is no JSON number")


def _unwrap(document: Any) -> tuple[Graph, dict[str, Any]]:
    if not isinstance(document, dict):
        raise ValueError("it is not a JSON object")
    _refuse_ui_format(document)
    wrapped = document.get("prompt")
    if not isinstance(wrapped, dict) or _is_node(wrapped):
        return _require_graph(document), {}
    _refuse_ui_format(wrapped)
    return _require_graph(wrapped), {key: value for key, value in document.items() if key != "prompt"}


def _refuse_ui_format(document: dict[str, Any]) -> None:
    inner = document.get("workflow")
    for candidate in (document, inner if isinstance(inner, dict) and "prompt" not in document else {}):
        if isinstance(candidate.get("nodes"), list):
            raise NotApiFormat(
                "is saved in UI format, which cannot be queued. Open it in ComfyUI, choose "
                '"Workflow → Export (API)" and use the file that it saves.'
            )


def _is_node(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("class_type"), str)
        and value["class_type"] != ""
        and isinstance(value.get("inputs"), dict)
    )


def _require_graph(graph: dict[str, Any]) -> Graph:
    if not graph:
        raise ValueError("it is empty")
    if len(graph) > MAX_NODES:
        raise ValueError(f"it has more than {MAX_NODES} nodes")
    for node_id, node in graph.items():
        if not _is_node(node):
            raise ValueError(f'its entry "{node_id[:100]}" is no node (a node has a "class_type" and "inputs")')
    return graph
