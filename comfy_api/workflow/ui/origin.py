"""Where the file keeps a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the file stores a value: one widget of one node in one of its graphs.

    Attributes:
        graph: the subgraph definition's id, or ``""`` for the root.
        node_id: the node in that graph, as text.
        widget: the widget's name.
        index: its position in ``widgets_values``, even where the list ends before it; None where the value is kept
            by name.
        key: its key where it is kept by name, else ``""``.
        steers: whether it decides which values stand behind it, as the selector of a dynamic choice does.
    """

    graph: str
    node_id: str
    widget: str
    index: int | None = None
    key: str = ""
    steers: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """A value on its way into the prompt, and where it is kept."""

    value: Any
    origin: Origin
