"""A workflow in API format: find its nodes, set their inputs, follow its links.

A ``Workflow`` never changes; every edit returns a new one. The file's order, and keys that are not known
here, are kept. Source of the format: formats.md §1.1.
"""

from __future__ import annotations

import copy
import json
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from comfy_api.errors import AmbiguousTitle, InputIsLinked, InputNotFound, NodeNotFound, WorkflowError
from comfy_api.workflow.reading import Graph, Source, json_value
from comfy_api.workflow.setting import typed

if TYPE_CHECKING:
    from comfy_api.workflow.convert import Conversion
    from comfy_api.workflow.spec import ObjectInfo


def is_link(value: object) -> bool:
    """Whether an input's value is a link, ``[source id, output index]``."""
    return (
        isinstance(value, list)
        and len(value) == 2
        and isinstance(value[0], str)
        and isinstance(value[1], int)
        and not isinstance(value[1], bool)
    )


@dataclass(frozen=True)
class Node:
    """One node, read-only.

    Attributes:
        id: the key in the graph, such as ``"3"`` or ``"12:7"``.
        class_type: the class, as the server names it.
        title: ``_meta.title``, or the class where there is none.
        inputs: name → value or link.
    """

    id: str
    class_type: str
    title: str
    inputs: Mapping[str, Any]

    @cached_property
    def links(self) -> dict[str, tuple[str, int]]:
        """Input → (source node's id, output index), for the inputs that are linked."""
        return {name: (value[0], value[1]) for name, value in self.inputs.items() if is_link(value)}


@dataclass(frozen=True, eq=False, repr=False)
class Workflow:
    """A graph in API format. Made by :meth:`load`; two are equal when their graphs are.

    Attributes:
        ui: the author's file in UI format that the graph was made from, or that came with it; None: there is none.
        conversion: how the graph was made from ``ui``: where each value is stored and what was noticed. None where
            the file held the graph itself.
    """

    _graph: Graph
    _extra: Mapping[str, Any] = field(default_factory=dict)
    ui: Mapping[str, Any] | None = None
    conversion: Conversion | None = None

    @classmethod
    def load(cls, source: Source, object_info: ObjectInfo | None = None) -> Workflow:
        """Reads the one workflow of a path, JSON text (it starts with ``{``), bytes or a mapping.

        Takes either format, wrapped or not, and what docs/intake.md lists: pictures, films, archives.

        Args:
            source: as said.
            object_info: the server's node definitions; only UI format needs them.

        Raises:
            NotReadable: names the source, the reason and what to do; several workflows are listed.
            NotConvertible: a part of a workflow in UI format has no meaning on this server.
        """
        from comfy_api.workflow.intake import read_files  # it makes workflows, so it imports this module

        return read_files(source).one().workflow(object_info)

    # --- reading --------------------------------------------------------------------------------------

    @property
    def graph(self) -> Graph:
        """A deep copy of the graph, as POST /prompt takes it."""
        return copy.deepcopy(self._graph)

    @property
    def extra(self) -> dict[str, Any]:
        """A deep copy of the wrapper's other keys, such as ``extra_data``. They may hold secrets."""
        return copy.deepcopy(dict(self._extra))

    def to_json(self) -> str:
        """The graph as JSON text, without the wrapper."""
        return json.dumps(self._graph, indent=2, allow_nan=False)

    @cached_property
    def nodes(self) -> Mapping[str, Node]:
        """Id → node, in the file's order."""
        return MappingProxyType({node_id: _node(node_id, raw) for node_id, raw in self._graph.items()})

    @property
    def titles(self) -> list[str]:
        """The titles that there are, each once, in the file's order."""
        return list(dict.fromkeys(node.title for node in self.nodes.values()))

    def raw(self, node_id: str) -> dict[str, Any]:
        """A deep copy of one node as the file has it."""
        return copy.deepcopy(self._graph[self._known(node_id)])

    def find(self, name: str) -> list[Node]:
        """The nodes with this title (case does not matter); failing that this class; failing that this id."""
        wanted = name.casefold()
        nodes = self.nodes.values()
        return (
            [node for node in nodes if node.title.casefold() == wanted]
            or [node for node in nodes if node.class_type == name]
            or [node for node in nodes if node.id == name]
        )

    def find_class(self, *class_types: str) -> list[Node]:
        """The nodes of these classes, in the file's order."""
        return [node for node in self.nodes.values() if node.class_type in class_types]

    def require(self, name: str) -> list[Node]:
        """As :meth:`find`, but at least one.

        Raises:
            NodeNotFound: lists the titles that there are.
        """
        found = self.find(name)
        if not found:
            raise NodeNotFound(name, self.titles)
        return found

    def consumers(self, node_id: str) -> list[tuple[str, str]]:
        """(Node id, input) of every link that starts at this node."""
        return list(self._consumers.get(node_id, ()))

    @cached_property
    def _consumers(self) -> Mapping[str, list[tuple[str, str]]]:
        found: dict[str, list[tuple[str, str]]] = {}
        for node in self.nodes.values():
            for name, (source, _) in node.links.items():
                found.setdefault(source, []).append((node.id, name))
        return found

    def ancestors(self, node_id: str) -> tuple[str, ...]:
        """Ids of all nodes that this one depends on, the nearest first."""
        found: dict[str, None] = {}
        waiting = deque([self._known(node_id)])
        while waiting:
            for source, _ in self.nodes[waiting.popleft()].links.values():
                if source in self.nodes and source != node_id and source not in found:
                    found[source] = None
                    waiting.append(source)
        return tuple(found)

    @cached_property
    def flow(self) -> tuple[str, ...]:
        """All node ids, sources before what they feed; else in the file's order; cycles last."""
        depth = dict(self._depths())
        deepest = len(self.nodes)
        return tuple(sorted(self.nodes, key=lambda node_id: depth.get(node_id, deepest)))

    def _depths(self) -> Iterator[tuple[str, int]]:
        sources = {
            node.id: {source for source, _ in node.links.values() if source in self.nodes}
            for node in self.nodes.values()
        }
        fed: dict[str, list[str]] = {node_id: [] for node_id in self.nodes}
        for node_id, needed in sources.items():
            for source in needed:
                fed[source].append(node_id)
        ready = deque((node_id, 0) for node_id, needed in sources.items() if not needed)
        while ready:
            node_id, depth = ready.popleft()
            yield node_id, depth
            for target in fed[node_id]:
                sources[target].discard(node_id)
                if not sources[target]:
                    ready.append((target, depth + 1))

    def __eq__(self, other: object) -> bool:
        return self._graph == other._graph if isinstance(other, Workflow) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<Workflow of {len(self._graph)} nodes>"

    # --- edits, each a new workflow -------------------------------------------------------------------

    def set(
        self,
        name: str,
        values: Mapping[str, Any] | None = None,
        /,
        *,
        match: Literal["all", "one"] = "all",
        relink: bool = False,
        **inputs: Any,
    ) -> Workflow:
        """Sets inputs of every node that answers to ``name`` (title, class or id).

        Args:
            name: as for :meth:`find`.
            values: inputs whose names are no Python identifiers.
            match: ``"one"`` refuses a name to which several nodes answer.
            relink: whether a linked input may be overwritten, which cuts the link.
            inputs: name → new value.

        Raises:
            NodeNotFound, AmbiguousTitle, InputNotFound, InputIsLinked: each lists what there is.
            WorkflowError: a value that JSON does not know.
        """
        nodes = self.require(name)
        if match == "one" and len(nodes) > 1:
            raise AmbiguousTitle(name, [node.id for node in nodes])
        changed = self
        for node in nodes:
            changed = changed.with_inputs(node.id, {**(values or {}), **inputs}, relink=relink)
        return changed

    def with_inputs(self, node_id: str, values: Mapping[str, Any], *, relink: bool = False) -> Workflow:
        """Sets inputs of one node, by its id alone. Raises as :meth:`set` does."""
        node = self.nodes[self._known(node_id)]
        for name in values:
            if name not in node.inputs:
                raise InputNotFound(node.title, name, list(node.inputs))
            if name in node.links and not relink:
                raise InputIsLinked(node.title, name, node.links[name][0])
        raw = self._graph[node_id]
        return self.with_node(node_id, {**raw, "inputs": {**raw["inputs"], **values}})

    def with_node(self, node_id: str, node: Mapping[str, Any]) -> Workflow:
        """Puts a node, as the file would have it, in the place of this id, or at the end.

        Raises:
            WorkflowError: it is no node, or holds a value that JSON does not know.
        """
        try:
            raw = json_value(node)
        except ValueError as error:
            raise WorkflowError(f'"{node_id}" cannot be set: {error}.') from None
        if not isinstance(raw.get("class_type"), str) or not isinstance(raw.get("inputs"), dict):
            raise WorkflowError(f'"{node_id}" cannot be set: a node has a "class_type" and "inputs".')
        return replace(self, _graph={**self._graph, node_id: raw})

    def without(self, *node_ids: str) -> Workflow:
        """Leaves nodes out. Links to them stay and must be mended by whoever takes them out."""
        gone = {self._known(node_id) for node_id in node_ids}
        return replace(self, _graph={key: raw for key, raw in self._graph.items() if key not in gone})

    def set_value(self, target: str, value: Any, *, relink: bool = False) -> Workflow:
        """Sets ``"<title>.<input>"``. Raises as :meth:`set` does."""
        title, name = self._split(target)
        return self.set(title, {name: value}, relink=relink)

    def parse_setting(self, text: str) -> tuple[str, str, Any]:
        """``"positive_prompt.text=a red fox"`` → (title, input, value in the JSON type of the present one).

        The last dot separates title and input, unless only an earlier one fits.

        Raises:
            WorkflowError: no such form, node or input; a linked input; a text that is no such value.
        """
        target, equals, value = text.partition("=")
        if not equals:
            raise WorkflowError(f'"{text}" is no setting. Write it as title.input=value.')
        title, name = self._split(target.strip())
        node = self.require(title)[0]
        if name not in node.inputs:
            raise InputNotFound(node.title, name, list(node.inputs))
        if name in node.links:
            raise InputIsLinked(node.title, name, node.links[name][0])
        return title, name, typed(value, node.inputs[name], name)

    def _split(self, target: str) -> tuple[str, str]:
        title, dot, name = target.rpartition(".")
        if not dot or not title or not name:
            raise WorkflowError(f'"{target}" names no input. Write it as title.input.')
        last = title, name
        while dot:
            if any(name in node.inputs for node in self.find(title)):
                return title, name
            title, dot, _ = title.rpartition(".")
            name = target[len(title) + 1 :]
        return last

    def _known(self, node_id: str) -> str:
        if node_id not in self._graph:
            raise NodeNotFound(node_id, self.titles)
        return node_id


def _node(node_id: str, raw: Mapping[str, Any]) -> Node:
    meta = raw.get("_meta")
    title = meta.get("title") if isinstance(meta, dict) else None
    shown = title if isinstance(title, str) and title.strip() else raw["class_type"]
    return Node(node_id, raw["class_type"], shown, MappingProxyType(copy.deepcopy(raw["inputs"])))
