"""Whether two graphs make the same, whatever their nodes are called."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from graphlib import CycleError, TopologicalSorter
from typing import Any

from comfy_api.workflow.reading import Graph


def same(one: Graph, other: Graph) -> bool:
    """Whether both have the same nodes with the same values and links. Ids, titles and order do not count.

    Two graphs with cycles are never the same: neither can run.
    """
    try:
        return Counter(_marks(one).values()) == Counter(_marks(other).values())
    except CycleError:
        return False


def _marks(graph: Graph) -> dict[str, str]:
    """Node id → a mark of its class, values and all that leads to it."""
    sources = {node_id: {link[0] for link in _links(graph, node).values()} for node_id, node in graph.items()}
    marks: dict[str, str] = {}
    for node_id in TopologicalSorter(sources).static_order():
        node = graph[node_id]
        links = _links(graph, node)
        inputs = {
            name: {"link": [marks[links[name][0]], links[name][1]]} if name in links else {"value": _plain(value)}
            for name, value in node["inputs"].items()
        }
        text = json.dumps([node["class_type"], inputs], sort_keys=True)
        marks[node_id] = hashlib.sha256(text.encode()).hexdigest()
    return marks


def _links(graph: Graph, node: dict[str, Any]) -> dict[str, tuple[str, int]]:
    return {
        name: (value[0], value[1])
        for name, value in node["inputs"].items()
        if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and value[0] in graph
    }


def _plain(value: Any) -> Any:
    """7.0 as 7: JavaScript writes no point; a wrapped list as the list."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        if set(value) == {"__value__"}:
            return _plain(value["__value__"])
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value
