"""From UI format to API format: what ComfyUI's own frontend makes of a workflow when it queues it.

The rules stand in formats.md §2 and conversion.md; frontend 1.58 is followed where frontends differ, and the file's
ids are kept. ``docs/conversion.md`` says what is converted, what differs on purpose and what is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from comfy_api.errors import NotConvertible
from comfy_api.workflow.forms.control import Place
from comfy_api.workflow.reading import json_value
from comfy_api.workflow.spec import ObjectInfo
from comfy_api.workflow.ui.broadcasts import with_broadcasts
from comfy_api.workflow.ui.classes import Classes
from comfy_api.workflow.ui.emit import Emitted, Emitter
from comfy_api.workflow.ui.flatten import lay_out
from comfy_api.workflow.ui.groups import with_groups
from comfy_api.workflow.ui.origin import Held, Origin
from comfy_api.workflow.ui.parse import parse_document
from comfy_api.workflow.ui.write_back import write

__all__ = ["Conversion", "Notice", "Origin", "Queueing", "convert", "write_back"]


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
class Queueing:
    """What the frontend would do to values when it queues, as far as the prompt does not show it.

    Attributes:
        controls: place → what happens to the value after a run, as the file has it: ``fixed``, ``increment``,
            ``decrement``, ``randomize`` and, of choices, ``increment-wrap``.
        literal: places whose dynamic prompts stay as they are: promoted values of subgraphs.
        patterned: places in whose text ``%Node.widget%`` is replaced although it is no file name.
        names: name by which ``%Node.widget%`` finds a node → node.
        beneath: linked place → the value that the file keeps under the wire, and where.
    """

    controls: Mapping[Place, str] = field(default_factory=dict)
    literal: frozenset[Place] = frozenset()
    patterned: frozenset[Place] = frozenset()
    names: Mapping[str, str] = field(default_factory=dict)
    beneath: Mapping[Place, Held] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Conversion:
    """What became of a UI-format file.

    Attributes:
        prompt: the graph in API format, as POST /prompt takes it.
        origins: each plain value in it → where the file stores it. Values with one origin change together.
        notices: what was noticed on the way.
        queueing: what :func:`~comfy_api.workflow.transforms.apply_queue_transforms` must know besides the prompt.
    """

    prompt: dict[str, dict[str, Any]]
    origins: Mapping[Place, Origin] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()
    queueing: Queueing = field(default_factory=Queueing)

    def fan_out(self, place: Place) -> tuple[Place, ...]:
        """Every place that shares this one's stored value, itself included, in the order of the prompt."""
        origin = self.origins.get(place)
        if origin is None:
            return (place,)
        return tuple(other for other, stored in self.origins.items() if stored == origin)


def convert(ui: Mapping[str, Any], object_info: ObjectInfo) -> Conversion:
    """The prompt that the frontend would queue, before the changes that :mod:`comfy_api.workflow.transforms` makes.

    Args:
        ui: the workflow as parsed JSON; it is not changed.
        object_info: what ``/object_info`` of the server says.

    Raises:
        NotConvertible: node classes that the server does not have, or parts without a meaning. No other error, no
            matter what ``ui`` holds.
    """
    try:
        classes = Classes(object_info)
        document = with_groups(with_broadcasts(parse_document(json_value(ui))), classes)
        root = lay_out(document)
        return _conversion(Emitter(document, classes).run(root))
    except RecursionError:
        raise NotConvertible(["It is nested too deeply."]) from None
    except ValueError as error:
        raise NotConvertible([f"It is no workflow: {error}."]) from None


def write_back(ui: Mapping[str, Any], conversion: Conversion, values: Mapping[Place, Any]) -> dict[str, Any]:
    """A copy of the file that converts to these values.

    Each value is written where the file keeps it, so that it also changes every other place with the same origin.

    Args:
        ui: the file that ``conversion`` was made of.
        conversion: of that file.
        values: place → new value, in the type that the prompt has there.

    Raises:
        WorkflowError: a place that is wired or unknown, several values for one origin, or a selector that would bring
            other inputs with it.
    """
    held = {
        place: Held(conversion.prompt[place.node_id]["inputs"][place.input], origin)
        for place, origin in conversion.origins.items()
    }
    return write(ui, held, conversion.queueing.beneath, values)


def _conversion(emitted: Emitted) -> Conversion:
    queueing = Queueing(
        {place: mode for place, mode in emitted.controls.items() if place in emitted.origins},
        frozenset(emitted.literal),
        frozenset(emitted.patterned),
        emitted.names,
        emitted.beneath,
    )
    notices = tuple(Notice(*remark) for remark in emitted.remarks)
    return Conversion(emitted.prompt, emitted.origins, notices, queueing)
