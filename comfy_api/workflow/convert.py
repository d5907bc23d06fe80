"""From UI format to API format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from comfy_api.workflow.forms.control import Place
from comfy_api.workflow.spec import ObjectInfo


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the file stores a value: one widget of one node in one of its graphs.

    Attributes:
        graph: the subgraph definition's id, or ``""`` for the root.
        node_id: the node in that graph, as text.
        widget: the widget's name.
        index: its position in ``widgets_values``; None where the file holds no value for it.
        key: its key where ``widgets_values`` is a dict, else ``""``.
    """

    graph: str
    node_id: str
    widget: str
    index: int | None = None
    key: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that the author may want to know; nothing was lost by it.

    Attributes:
        node_id: as in the prompt, or as in the file where the prompt has no such node.
        title: the node's title.
        sentence: what was noticed.
    """

    node_id: str
    title: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Conversion:
    """What became of a UI-format file.

    Attributes:
        prompt: the graph in API format, as POST /prompt takes it.
        origins: each plain value in it → where the file stores it. Values with one origin change together.
        notices: what was noticed on the way.
    """

    prompt: dict[str, dict[str, Any]]
    origins: Mapping[Place, Origin] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()

    def fan_out(self, place: Place) -> tuple[Place, ...]:
        """Every place that shares this one's stored value, itself included, in the order of the prompt."""
        origin = self.origins.get(place)
        if origin is None:
            return (place,)
        return tuple(other for other, stored in self.origins.items() if stored == origin)


def convert(ui: Mapping[str, Any], object_info: ObjectInfo) -> Conversion:
    """Raises NotConvertible."""
    raise NotImplementedError
