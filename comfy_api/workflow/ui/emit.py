"""From a laid-out document to the prompt: each node that runs, its values, and the wires over them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from comfy_api.errors import NotConvertible
from comfy_api.workflow.forms.control import Place
from comfy_api.workflow.reading import MAX_BYTES
from comfy_api.workflow.ui.classes import Classes, NodeClass
from comfy_api.workflow.ui.flatten import Scope
from comfy_api.workflow.ui.graph import BYPASSED, MUTED, Document, Node, Slot
from comfy_api.workflow.ui.kinds import PRIMITIVE, VIRTUAL
from comfy_api.workflow.ui.origin import Held, Origin
from comfy_api.workflow.ui.primitives import primitive_control, primitive_value, replaces_text
from comfy_api.workflow.ui.promote import Promotions
from comfy_api.workflow.ui.resolve import HostValue, Ignored, Resolver, Wire
from comfy_api.workflow.ui.unknown import require_known
from comfy_api.workflow.ui.values import ValueReader, cast

_LONGEST_LABEL = 80


@dataclass
class Emitted:
    """What the conversion gives, as it grows; see ``Conversion`` for the fields."""

    prompt: dict[str, dict[str, Any]] = field(default_factory=dict)
    origins: dict[Place, Origin] = field(default_factory=dict)
    remarks: list[tuple[str, str, str]] = field(default_factory=list)
    controls: dict[Place, str] = field(default_factory=dict)
    beneath: dict[Place, Held] = field(default_factory=dict)
    literal: set[Place] = field(default_factory=set)
    patterned: set[Place] = field(default_factory=set)
    names: dict[str, str] = field(default_factory=dict)


class Sizes:
    """How much text values are, about; each list and object is measured once, for instances share them."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Any, int]] = {}

    def of(self, value: Any) -> int:
        """In characters of JSON."""
        if isinstance(value, str):
            return len(value)
        if not isinstance(value, (list, dict)):
            return 8
        if id(value) not in self._known:
            inner = [*value, *value.values()] if isinstance(value, dict) else value
            self._known[id(value)] = value, sum(map(self.of, inner)) + 8
        return self._known[id(value)][1]


class Emitter:
    """Emits one document."""

    def __init__(self, document: Document, classes: Classes) -> None:
        self._document = document
        self._classes = classes
        self._resolver = Resolver(document, classes)
        self._values = ValueReader(classes)
        self._promotions = Promotions(document, self._values)
        self._sizes = Sizes()
        self._spent = 0
        self.out = Emitted()

    def run(self, root: Scope) -> Emitted:
        """Raises NotConvertible: classes that the server does not have, or wires that lead nowhere."""
        nodes = [(scope, node) for scope, node in root.walk() if self._runs(node)]
        require_known((node for _, node in nodes), self._classes)
        self.out.remarks.extend(self._document.remarks)
        for scope, node in nodes:
            self._emit(scope, node)
        self._remark_hosts(root)
        self._name(nodes)
        return self.out

    def _runs(self, node: Node) -> bool:
        return (
            node.mode not in (MUTED, BYPASSED)
            and node.type not in VIRTUAL
            and node.type not in self._document.definitions
        )

    # --- one node -------------------------------------------------------------------------------------

    def _emit(self, scope: Scope, node: Node) -> None:
        node_id = scope.id_of(node)
        of = self._classes.get(node.type)
        assert of is not None
        if node_id in self.out.prompt:
            raise NotConvertible([f"Two nodes would both be called {node_id}. Give one of them another id in ComfyUI."])
        inputs: dict[str, Any] = {}
        self.out.prompt[node_id] = {"inputs": inputs, "class_type": node.type, "_meta": _meta(node, of)}
        self._spend(self.out.prompt[node_id])
        values = self._values.read(scope.graph, node)
        for name, own in values.sent.items():
            self._set(node_id, inputs, name, self._promotions.override(scope, node.id, name) or own)
            if self._promotions.is_proxied(scope, node.id, name):
                self.out.literal.add(Place(node_id, name))
        for name, mode in values.controls.items():
            self.out.controls[Place(node_id, name)] = mode
        for sentence in values.remarks:
            self._remark(node_id, node, sentence)
        for slot in node.inputs:
            if slot.link:
                self._connect(scope, node, slot, inputs)

    def _connect(self, scope: Scope, node: Node, slot: Slot, inputs: dict[str, Any]) -> None:
        node_id = scope.id_of(node)
        of = self._classes.get(node.type)
        assert of is not None
        name = slot.widget if slot.widget in inputs and not of.knows(slot.name) else slot.name
        pushed = self._pushed(scope, slot)
        if pushed is not None and name in inputs:
            self._push(node_id, of, name, inputs, *pushed)
            return
        if slot.widget and name not in inputs and name not in of.declared:
            self._remark(node_id, node, f'This server does not know its input "{name}"; the wire into it is left out.')
            return
        feed = self._resolver.feed(scope, node, slot)
        if isinstance(feed, Wire):
            self._wire(node_id, name, inputs, feed)
            if not of.knows(name):
                self._remark(node_id, node, f'This server does not know its input "{name}"; the wire is kept.')
        elif isinstance(feed, HostValue):
            held = self._promotions.value(feed.scope, feed.index)
            if held is not None:
                self._set(node_id, inputs, name, held)
                self.out.literal.add(Place(node_id, name))
        elif isinstance(feed, Ignored):
            self._remark(node_id, node, f'Nothing comes over the wire into "{name}": {feed.reason}')
        elif slot.link not in scope.graph.links:
            self._remark(node_id, node, f'The wire into "{slot.name}" is not in the file; the input has none.')

    def _wire(self, node_id: str, name: str, inputs: dict[str, Any], wire: Wire) -> None:
        place = Place(node_id, name)
        origin = self.out.origins.pop(place, None)
        if origin is not None:
            self.out.beneath[place] = Held(inputs[name], origin)
        inputs[name] = [wire.node_id, wire.slot]
        self._spend(name)

    def _set(self, node_id: str, inputs: dict[str, Any], name: str, held: Held) -> None:
        self._spend(held.value)
        # A bare list would be read as a link.
        inputs[name] = {"__value__": held.value} if isinstance(held.value, list) else held.value
        self.out.origins[Place(node_id, name)] = held.origin

    def _pushed(self, scope: Scope, slot: Slot) -> tuple[Scope, Node] | None:
        """The PrimitiveNode that is wired straight to this input; its mode does not matter (rule 17)."""
        link = scope.graph.links.get(slot.link)
        origin = scope.graph.nodes.get(link.origin) if link else None
        return (scope, origin) if origin is not None and origin.type == PRIMITIVE else None

    def _push(
        self, node_id: str, of: NodeClass, name: str, inputs: dict[str, Any], scope: Scope, primitive: Node
    ) -> None:
        held = primitive_value(scope, primitive, self._promotions)
        if held is None:
            return
        self._set(node_id, inputs, name, Held(cast(of.declared.get(name), held.value), held.origin))
        place = Place(node_id, name)
        control = primitive_control(primitive)
        if control:
            self.out.controls[place] = control
        if replaces_text(primitive):
            self.out.patterned.add(place)

    # --- what is said of it ---------------------------------------------------------------------------

    def _remark(self, node_id: str, node: Node, sentence: str) -> None:
        self.out.remarks.append((node_id, node.label[:_LONGEST_LABEL], sentence))

    def _remark_hosts(self, root: Scope) -> None:
        for scope, node in root.walk():
            child = scope.children.get(node.id)
            for slot in node.inputs if child else ():
                if child and slot.link and slot.name not in child.graph.ports:
                    lost = f'The subgraph has no input "{slot.name[:_LONGEST_LABEL]}"; the wire into it ends there.'
                    self._remark(scope.id_of(node), node, lost)

    def _spend(self, value: Any) -> None:
        """Counts what goes out: a subgraph that is used a thousand times repeats its texts as often."""
        self._spent += self._sizes.of(value)
        if self._spent > MAX_BYTES:
            raise NotConvertible([f"With its subgraphs it grows beyond {MAX_BYTES // 1_000_000} MB. Take parts out."])

    def _name(self, nodes: list[tuple[Scope, Node]]) -> None:
        """The names by which ``%Name.widget%`` finds a node: the property before the title, the first one counts."""
        ids = [(scope.id_of(node), node) for scope, node in nodes]
        for node_id, node in ids:
            name = node.properties.get("Node name for S&R", node.type)
            if isinstance(name, str):
                self.out.names.setdefault(name, node_id)
        for node_id, _ in ids:
            self.out.names.setdefault(self.out.prompt[node_id]["_meta"]["title"], node_id)


def _meta(node: Node, of: NodeClass) -> dict[str, str]:
    stated = {key: node.properties.get(key) for key in ("cnr_id", "aux_id", "ver")}
    return {
        "title": node.title or of.title,
        **{key: value for key, value in stated.items() if isinstance(value, str)},
    }
