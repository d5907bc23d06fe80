"""From what a node keeps in the file to values by name, each with the place where it is kept.

Three forms are read: a list by position, a dict by name, and the names that newer frontends write beside the list
(formats.md §2.3, conversion.md rules 1 to 8).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from comfy_api.workflow.spec import InputSpec
from comfy_api.workflow.ui.classes import MISSING, Classes, NodeClass, default_of, forced, is_widget, widget_type
from comfy_api.workflow.ui.graph import Graph, Node
from comfy_api.workflow.ui.origin import Held, Origin
from comfy_api.workflow.ui.slots import CONTROL, FILTER, Table, Widget, has_control, slot_table
from comfy_api.workflow.ui.text import as_text

#: Names beside the list that no server declares.
_FRONTEND_ONLY = frozenset({CONTROL, FILTER, "upload", "audioUI", "image", "auto_refresh", "refresh"})
#: A longer list is no node's; comparing it with the names would take long.
_MOST_COMPARED = 1_000


@dataclass(frozen=True)
class NodeValues:
    """The values of one node.

    Attributes:
        sent: input → value, in the order of the class; a list is not wrapped yet.
        controls: input → what happens to it after a run: ``fixed``, ``increment``, ``decrement``, ``randomize``.
        remarks: what is odd, a sentence each.
    """

    sent: Mapping[str, Held] = field(default_factory=dict)
    controls: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


class ValueReader:
    """Reads the values of nodes; each node of a definition and the table of each fixed class once."""

    def __init__(self, classes: Classes) -> None:
        self._classes = classes
        self._values: dict[tuple[str, str], NodeValues] = {}
        self._tables: dict[str, Table] = {}

    def read(self, graph: Graph, node: Node) -> NodeValues:
        """Every value that this node would send, defaults included; none for a class that the server lacks."""
        key = graph.id, node.id
        if key not in self._values:
            of = self._classes.get(node.type)
            self._values[key] = self._read(graph, node, of) if of else NodeValues()
        return self._values[key]

    def _read(self, graph: Graph, node: Node, of: NodeClass) -> NodeValues:
        names = _ByName(node.values if isinstance(node.values, dict) else node.named)
        if isinstance(node.values, dict):
            return _values(graph, node, self._table(node, of, names), names)
        positions = _ByPosition(node.values or [], _dummies(node.values or [], of))
        by_name = self._table(node, of, names)
        if node.named and not of.flattened and _list_differs(positions.kept, node.named, by_name):
            return _values(graph, node, by_name, names)
        return _values(graph, node, self._table(node, of, positions), positions)

    def _table(self, node: Node, of: NodeClass, store: _Store) -> Table:
        if of.dynamic:
            return slot_table(of, store.value, [slot.name for slot in node.inputs if slot.link])
        if of.name not in self._tables:
            self._tables[of.name] = slot_table(of, store.value)
        return self._tables[of.name]


def _list_differs(kept: list[Any], named: Mapping[str, Any], table: Table) -> bool:
    """Whether the file was saved with other widgets than the server has, so that only its names can be trusted.

    Where the widgets are the same the list counts, as in the frontend: tools that edit a file write the list and leave
    the names behind. For the same reason names that contradict the list are not read.
    """
    ours = {widget.name for widget in table if widget.sent}
    theirs = {name for name in named if name in ours or name.partition("#")[0] not in _FRONTEND_ONLY}
    if ours == theirs or len(kept) == len(table) or len(kept) > _MOST_COMPARED:
        return False
    return all(value in kept for value in named.values())


# --- the two ways to keep values --------------------------------------------------------------------


class _Store(Protocol):
    def value(self, name: str, index: int) -> Any:
        """What is kept under this name, or at this place of the table; ``MISSING`` for nothing."""

    def place(self, name: str, index: int) -> tuple[int | None, str]:
        """Index in the list or key in the dict, whether or not something is kept there."""


@dataclass(frozen=True)
class _ByName:
    kept: Mapping[str, Any]

    def value(self, name: str, index: int) -> Any:
        return self.kept.get(self.place(name, index)[1], MISSING)

    def place(self, name: str, index: int) -> tuple[int | None, str]:
        # A dict whose keys are numbers was a list once (conversion.md rule 7).
        return None, str(index) if name not in self.kept and str(index) in self.kept else name


@dataclass(frozen=True)
class _ByPosition:
    """A list.

    Attributes:
        kept: the list.
        skipped: indices in it that mean nothing, ascending.
    """

    kept: list[Any]
    skipped: list[int]

    def value(self, name: str, index: int) -> Any:
        place = self._index(index)
        return self.kept[place] if place < len(self.kept) else MISSING

    def place(self, name: str, index: int) -> tuple[int | None, str]:
        return self._index(index), ""

    def _index(self, index: int) -> int:
        for skipped in self.skipped:
            index += skipped <= index
        return index


def _dummies(kept: list[Any], of: NodeClass) -> list[int]:
    """Indices of the dummies that early files keep for forced inputs (conversion.md rule 6)."""
    if not of.forces:
        return []
    marks = [mark for spec in of.inputs if is_widget(spec) or forced(spec) for mark in _early(spec)]
    marks += [False] * of.has_upload
    return [index for index, dummy in enumerate(marks) if dummy] if len(marks) == len(kept) else []


def _early(spec: InputSpec) -> Iterator[bool]:
    """For each value that an early file keeps for this input, whether it is a dummy."""
    yield forced(spec)
    if has_control(spec) or spec.settings.get(CONTROL):
        yield False


# --- values as the prompt has them ------------------------------------------------------------------


def _values(graph: Graph, node: Node, table: Table, store: _Store) -> NodeValues:
    sent: dict[str, Held] = {}
    controls: dict[str, str] = {}
    last = ""
    for index, widget in enumerate(table):
        kept = store.value(widget.name, index)
        if widget.spec is None or not widget.sent:
            if widget.name.partition("#")[0] == CONTROL and isinstance(kept, str):
                controls[last] = kept
            continue
        last = widget.name
        value = _as_sent(node.type, widget.name, widget.spec, kept)
        if value is not MISSING:
            origin = Origin(graph.id, node.id, widget.name, *store.place(widget.name, index), steers=widget.steers)
            sent[last] = Held(value, origin)
    return NodeValues(sent, controls, tuple(_remarks(node, table, sent)))


def _as_sent(class_name: str, name: str, spec: InputSpec, value: Any) -> Any:
    """Values are neither checked nor cast, with the exceptions that the frontend makes (rules 3, 4, 5)."""
    if value is MISSING:
        return default_of(spec)
    if value is None and widget_type(spec) == "COMBO":
        return spec.options[0] if spec.options else MISSING
    if class_name in ("KSampler", "KSamplerAdvanced") and name == "sampler_name" and isinstance(value, str):
        return value.removeprefix("sample_")
    return cast(spec, value)


def cast(spec: InputSpec | None, value: Any) -> Any:
    """What the widget makes of a value that is put into it: a text field makes text of everything."""
    kind = widget_type(spec) if spec else ""
    if spec and kind == "STRING" and spec.settings.get("multiline"):
        return as_text(value)
    if kind == "INT" and isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _remarks(node: Node, table: Table, sent: Mapping[str, Held]) -> Iterator[str]:
    for widget in table:
        if widget.name in sent and _is_no_number(widget, sent[widget.name].value):
            shown = str(sent[widget.name].value)[:40]
            yield (
                f'"{widget.name}" takes a number, and the file holds "{shown}" for it. '
                "It was saved with another version of the node."
            )
    known = {widget.name for widget in table}
    for name in node.named:
        if name not in known and name.partition("#")[0] not in _FRONTEND_ONLY:
            yield f'This server\'s node has no "{name[:80]}"; the value that the file holds for it is left out.'


def _is_no_number(widget: Widget, value: Any) -> bool:
    if widget.spec is None or widget_type(widget.spec) not in ("INT", "FLOAT"):
        return False
    if isinstance(value, bool) or not isinstance(value, str):
        return isinstance(value, (bool, list, dict))
    try:
        return not math.isfinite(float(value))
    except ValueError:
        return True
