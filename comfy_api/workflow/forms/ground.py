"""What a guess stands on: the nodes that matter, in an order that does not hang on the file's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from comfy_api.workflow.basics import output_ids
from comfy_api.workflow.document import Node, Workflow
from comfy_api.workflow.forms.control import Control, Number, Place
from comfy_api.workflow.forms.widgets import control_for
from comfy_api.workflow.spec import ObjectInfo

#: Inputs that are looked at. The largest workflows that people share have a tenth of it.
_MOST_PLACES = 20_000


@dataclass(frozen=True)
class Ground:
    """A workflow, and what a server says of its nodes.

    Attributes:
        workflow: its nodes in order (:func:`in_order`).
        object_info: may be empty.
    """

    workflow: Workflow
    object_info: ObjectInfo
    _made: dict[Place, Control | None] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes that an output depends on, sources first; all of them where no output is known."""
        waiting = list(output_ids(self.workflow, self.object_info))
        used = set(waiting)
        while waiting:
            sources = {source for source, _ in self.workflow.nodes[waiting.pop()].links.values()}
            new = sources.intersection(self.workflow.nodes) - used
            used |= new
            waiting += new
        ids = [node_id for node_id in self.workflow.flow if node_id in used] or self.workflow.flow
        return tuple(self.workflow.nodes[node_id] for node_id in ids)

    @cached_property
    def ids(self) -> frozenset[str]:
        """Their ids."""
        return frozenset(node.id for node in self.nodes)

    @cached_property
    def holders(self) -> Mapping[str, list[Node]]:
        """Input → the nodes on which it holds a value, none a link."""
        found: dict[str, list[Node]] = {}
        for node in self.nodes:
            for name in node.inputs:
                if name not in node.links:
                    found.setdefault(name, []).append(node)
        return found

    def one(self, place: Place) -> Control | None:
        """The control for one place, made once; None also past the number that people can have made."""
        if place not in self._made:
            if len(self._made) == _MOST_PLACES:
                return None
            self._made[place] = control_for(self.workflow, self.object_info, place)
        return self._made[place]

    def control(self, places: Iterable[Place], **fields: Any) -> Control | None:
        """One control for all these places that hold a value, with what suits each of them.

        A socket of no widget may hold one too, where a promoted input feeds it.
        """
        held = tuple(place for place in dict.fromkeys(places) if self._is_plain(place))
        made = [found for place in held if (found := self.one(place))]
        return replace(joined(made), places=held, **fields) if made else None

    def _is_plain(self, place: Place) -> bool:
        node = self.workflow.nodes.get(place.node_id)
        return node is not None and place.input in node.inputs and place.input not in node.links

    def title(self, node_id: str) -> str:
        """The node's title."""
        return self.workflow.nodes[node_id].title


def in_order(workflow: Workflow) -> Workflow:
    """The same workflow with its nodes in the order of their ids, numbers as numbers."""
    graph = dict(sorted(workflow.graph.items(), key=lambda item: _natural(item[0])))
    return Workflow(graph, workflow.extra, workflow.ui, workflow.conversion)


def joined(controls: Sequence[Control]) -> Control:
    """The first of these, at all their places and within all their ranges."""
    places = dict.fromkeys(place for control in controls for place in control.places)
    least = _ends([control.minimum for control in controls], max)
    most = _ends([control.maximum for control in controls], min)
    if least is not None and most is not None and least > most:
        least, most = controls[0].minimum, controls[0].maximum
    return replace(controls[0], places=tuple(places), minimum=least, maximum=most)


def _ends(numbers: Sequence[Number | None], pick: Any) -> Number | None:
    stated = [number for number in numbers if number is not None]
    found: Number | None = pick(stated) if stated else None
    return found


def _natural(node_id: str) -> tuple[tuple[int, int, str], ...]:
    return tuple(
        (0, int(part), "") if part.isdecimal() and len(part) < 20 else (1, 0, part) for part in re.split(r":", node_id)
    )
