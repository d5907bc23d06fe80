"""Where the wire into an input begins: through reroutes, Set and Get, bypassed nodes and subgraphs' ends.

Source of the rules: formats.md §2.5, conversion.md rules 16 to 25. A wire is followed in a loop, not by recursion,
and each stretch of it once: a long chain costs as much as its length.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from comfy_api.errors import NotConvertible
from comfy_api.workflow.ui.classes import Classes, has_socket, is_widget, socket_type
from comfy_api.workflow.ui.flatten import Scope
from comfy_api.workflow.ui.graph import ANY, BYPASSED, INPUTS, MUTED, Document, Link, Node, Slot, compatible, malformed
from comfy_api.workflow.ui.kinds import GETTERS, PRIMITIVE, SETTERS, THROUGH, VIRTUAL


@dataclass(frozen=True, slots=True)
class Wire:
    """The input is fed by an output of a node that runs."""

    node_id: str
    slot: int


@dataclass(frozen=True, slots=True, eq=False)
class HostValue:
    """The input takes the value of a subgraph's own input: the one of ``scope`` at ``index``, not linked outside."""

    scope: Scope
    index: int


@dataclass(frozen=True, slots=True)
class Ignored:
    """Something stands at the other end that the frontend passes over; the sentence says what."""

    reason: str


#: What feeds an input; None: nothing. Without a wire or a value, the input's own widget counts.
Feed = Wire | HostValue | Ignored | None


@dataclass(frozen=True, slots=True, eq=False)
class _At:
    """A place on the way: a link, seen from its end, and the type that is wanted there."""

    scope: Scope
    link: Link
    wanted: str

    @property
    def key(self) -> tuple[str, str, str]:
        return self.scope.path, self.link.id, self.wanted


class Resolver:
    """Follows wires of one laid-out document."""

    def __init__(self, document: Document, classes: Classes) -> None:
        self._definitions = document.definitions
        self._classes = classes
        self._known: dict[tuple[str, str, str], Feed] = {}
        self._setters: dict[str, dict[str, Node]] = {}
        self._stand_ins: dict[tuple[str, str, int, str], Slot | None] = {}

    def feed(self, scope: Scope, node: Node, slot: Slot) -> Feed:
        """What feeds this input.

        Raises:
            NotConvertible: the wire runs in a circle, or comes from a node that the file does not hold.
        """
        here: _At | Feed = self._through(scope, slot, self.type_of(node, slot))
        passed: dict[tuple[str, str, str], None] = {}
        while isinstance(here, _At):
            if here.key in self._known:
                here = self._known[here.key]
                break
            if here.key in passed:
                raise NotConvertible([f'The wire into "{slot.name}" of "{node.label}" runs in a circle. Cut it.'])
            passed[here.key] = None
            here = self._step(here)
        self._known.update(dict.fromkeys(passed, here))
        return here

    def type_of(self, node: Node, slot: Slot) -> str:
        """The type of an input: what the server declares, or else what the file says."""
        of = self._classes.get(node.type)
        spec = of.declared.get(slot.name) if of else None
        return (socket_type(spec) if spec else "") or _plain(slot.type)

    def _through(self, scope: Scope, slot: Slot, wanted: str) -> _At | None:
        link = scope.graph.links.get(slot.link) if slot.link else None
        return _At(scope, link, wanted) if link else None

    def _step(self, at: _At) -> _At | Feed:
        if at.link.origin == INPUTS:
            return self._leave(at.scope, at.link.origin_slot)
        origin = at.scope.graph.nodes.get(at.link.origin)
        if origin is None:
            raise malformed(f"A wire comes from node {at.scope.path}{at.link.origin[:80]}, which is not there")
        return self._output(at.scope, origin, at.link.origin_slot, at.wanted)

    def _leave(self, scope: Scope, index: int) -> _At | Feed:
        """From a subgraph's input to whatever its host has there."""
        if scope.host is None or scope.parent is None or not 0 <= index < len(scope.graph.inputs):
            return None
        slot = scope.host.slots.get(scope.graph.inputs[index].name)
        if slot is not None and slot.link:
            return self._through(scope.parent, slot, _plain(scope.graph.inputs[index].type))
        return HostValue(scope, index)

    def _output(self, scope: Scope, node: Node, index: int, wanted: str) -> _At | Feed:
        if node.mode == MUTED:
            return None
        if node.mode == BYPASSED:
            key = scope.path, node.id, index, wanted
            if key not in self._stand_ins:
                self._stand_ins[key] = self._bypass(node, index, wanted)
            slot = self._stand_ins[key]
            return self._through(scope, slot, self.type_of(node, slot)) if slot else None
        child = scope.children.get(node.id)
        if child is not None:
            link = child.graph.exits.get(index)
            return _At(child, link, wanted) if link else None
        if node.type in VIRTUAL:
            return self._virtual(scope, node, wanted)
        if index < 0:
            raise malformed("A link of it begins at no slot")
        return Wire(scope.id_of(node), index)

    def _virtual(self, scope: Scope, node: Node, wanted: str) -> _At | Feed:
        if node.type == PRIMITIVE:
            return Ignored(f'ComfyUI uses "{node.label[:80]}" only for inputs that are wired straight to it.')
        if node.type in GETTERS:
            return self._get(scope, node, wanted)
        if node.type in THROUGH and node.inputs:
            return self._through(scope, node.inputs[0], wanted)
        return None

    def _get(self, scope: Scope, getter: Node, wanted: str) -> _At | None:
        """The setter of this name in the same graph, or else in the nearest one around it."""
        name = node_name(getter)
        around: Scope | None = scope
        while around is not None:
            setter = self._setters_of(around).get(name)
            if setter is not None:
                return self._through(around, setter.inputs[0], wanted) if setter.inputs else None
            around = around.parent
        raise NotConvertible([f'"{getter.label}" gets "{name}", which no node sets. Set it, or take the node out.'])

    def _setters_of(self, scope: Scope) -> dict[str, Node]:
        nodes = scope.graph.nodes.values()
        if scope.path not in self._setters:
            self._setters[scope.path] = {node_name(node): node for node in nodes if node.type in SETTERS}
        return self._setters[scope.path]

    # --- bypassed nodes -------------------------------------------------------------------------------

    def _bypass(self, node: Node, index: int, wanted: str) -> Slot | None:
        """The input that stands in for an output; whether it is linked does not matter (rule 20)."""
        slots = self._sockets(node)
        same = slots[index] if 0 <= index < len(slots) else None
        if wanted in (ANY, ""):
            return same or (slots[0] if slots else None)
        offered = self._output_type(node, index)

        def fits(slot: Slot) -> bool:
            type_ = self.type_of(node, slot)
            return compatible(type_, offered) and compatible(type_, wanted)

        if same is not None and fits(same):
            return same
        exact = (slot for slot in slots if self.type_of(node, slot) == wanted)
        return next(exact, None) or next(filter(fits, slots), None)

    def _sockets(self, node: Node) -> list[Slot]:
        """Its inputs as the frontend counts them: declared sockets, declared widgets, what the file has besides."""
        definition = self._definitions.get(node.type)
        if definition is not None:
            ports = definition.inputs
            return [replace(node.slots.get(p.name) or Slot(p.name, "", "", ""), type=p.type) for p in ports]
        of = self._classes.get(node.type)
        if of is None or of.dynamic:
            return list(node.inputs)
        shown = [spec for spec in of.inputs if has_socket(spec)]
        ordered = [spec for spec in shown if not is_widget(spec)] + [spec for spec in shown if is_widget(spec)]
        declared = [node.slots.get(spec.name) or Slot(spec.name, spec.type, "", "") for spec in ordered]
        return declared + [slot for slot in node.inputs if slot.name not in of.declared]

    def _output_type(self, node: Node, index: int) -> str:
        definition = self._definitions.get(node.type)
        if definition is not None and 0 <= index < len(definition.outputs):
            return _plain(definition.outputs[index].type)
        of = self._classes.get(node.type)
        types = of.outputs if of is not None and 0 <= index < len(of.outputs) else node.outputs
        return _plain(types[index]) if 0 <= index < len(types) else ANY


def node_name(node: Node) -> str:
    """The name under which a Set or Get node knows its value."""
    values: Any = node.values
    first = next(iter(values.values() if isinstance(values, dict) else values or ()), "")
    return first if isinstance(first, str) else str(first)[:80]


def _plain(type_: str) -> str:
    return ANY if type_.startswith("COMFY_MATCHTYPE") else type_
