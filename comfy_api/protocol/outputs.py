"""What an ``executed`` message or a history entry says that a node left: files on the server, and texts. Pure.

``output`` is a dict of lists (protocol.md §1, §2). Any entry with a ``filename`` is a file, whatever the list is
called; a string that ends as a 3D model does names one too (Preview3D says ``"mesh/x.glb"`` or ``"x.glb [output]"``).
Pictures that went over the websocket have no file name: there is nothing to fetch.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from comfy_api.protocol.contents import MODELS, TEXTS, ending

#: Texts and files of one node that are taken: more than anybody looks at.
MAX_OUTPUTS: Final = 1000
#: Characters of a text that are taken.
MAX_TEXT: Final = 1_000_000

_ANNOTATED: Final = re.compile(r"^(?P<path>.*?) ?\[(?P<type>input|output|temp)\]$")


@dataclass(frozen=True, slots=True)
class OutputRef:
    """A file on the server, to be fetched by ``/view``: result ``index`` of ``node_id``.

    Attributes:
        key: the list that it stood in, such as ``images``.
        guessed: it is only named, not said to be there; it is nobody's loss if it is not.
    """

    node_id: str
    index: int
    filename: str
    subfolder: str
    type: str
    key: str = field(default="", compare=False)
    guessed: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class OutputText:
    """A text: result ``index`` of ``node_id``."""

    node_id: str
    index: int
    text: str = field(repr=False)


Output = OutputRef | OutputText


def parse_outputs(node_id: str, output: Mapping[str, Any], known: Iterable[Output] = ()) -> list[Output]:
    """What one node left, in order and counted from where ``known`` ends.

    Args:
        output: as the server sends it.
        known: what the node left before; a cached node tells it again.
    """
    before = [replace(one, index=0) for one in known]
    found = [one for one in _entries(node_id, output) if one not in before]
    return [replace(one, index=len(before) + n) for n, one in enumerate(found[:MAX_OUTPUTS])]


def _entries(node_id: str, output: Mapping[str, Any]) -> Iterator[Output]:
    named = (_file(node_id, key, entry) for key, entries in output.items() for entry in _list(entries))
    files = dict.fromkeys(file for file in named if file is not None)  # some packs list a file twice
    yield from files
    # SaveText repeats in `text` what its file holds.
    if not any(ending(file.filename) in TEXTS for file in files):
        yield from _texts(node_id, _list(output.get("text")))


def _file(node_id: str, key: str, entry: Any) -> OutputRef | None:
    if isinstance(entry, dict) and isinstance(entry.get("filename"), str) and entry["filename"]:
        place = str(entry.get("subfolder") or ""), str(entry.get("type") or "output")
        return OutputRef(node_id, 0, entry["filename"], *place, str(key))
    return _named(node_id, key, entry) if isinstance(entry, str) else None


def _named(node_id: str, key: str, entry: str) -> OutputRef | None:
    """A 3D model that is named as a path; None for any other string."""
    match = _ANNOTATED.match(entry) if len(entry) < 1000 else None
    path, kind = (match["path"], match["type"]) if match else (entry, "output")
    if len(path) >= 1000 or ending(path) not in MODELS:
        return None
    subfolder, _, filename = path.replace("\\", "/").rpartition("/")
    return OutputRef(node_id, 0, filename, subfolder, kind, str(key), guessed=True)


def _texts(node_id: str, entries: list[Any]) -> Iterator[OutputText]:
    for entry in entries:
        text = entry.get("text") if isinstance(entry, dict) else entry  # ETN_KritaSendText sends dicts
        if isinstance(text, str) and text and _named(node_id, "text", text) is None:
            yield OutputText(node_id, 0, text[:MAX_TEXT])


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
