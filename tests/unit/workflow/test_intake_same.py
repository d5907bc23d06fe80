"""same: two graphs that make the same are the same, whatever their nodes are called."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comfy_api.workflow.same import same

GRAPH: dict[str, Any] = {
    "1": {"class_type": "Load", "inputs": {"name": "m"}},
    "2": {"class_type": "Text", "inputs": {"clip": ["1", 1], "text": "a"}},
    "3": {"class_type": "Text", "inputs": {"clip": ["1", 1], "text": "b"}},
    "4": {"class_type": "Sample", "inputs": {"positive": ["2", 0], "negative": ["3", 0], "cfg": 7.0, "list": [1, 2]}},
}


def renamed(graph: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    def value(item: Any) -> Any:
        return [names[item[0]], item[1]] if isinstance(item, list) and item[0] in names else item

    return {
        names[node_id]: {**node, "inputs": {name: value(item) for name, item in node["inputs"].items()}}
        for node_id, node in graph.items()
    }


@given(st.permutations(list(GRAPH)), st.randoms())
def test_ids_order_and_titles_do_not_count(order: list[str], chance: random.Random) -> None:
    names = {node_id: f"{chance.random()}:{node_id}" for node_id in GRAPH}
    other = renamed({node_id: {**GRAPH[node_id], "_meta": {"title": "x"}} for node_id in order}, names)
    assert same(GRAPH, other)


@pytest.mark.parametrize(
    ("node_id", "name", "value"),
    [
        ("2", "text", "c"),
        ("4", "cfg", 7.5),
        ("4", "cfg", True),
        ("4", "cfg", "7"),
        ("4", "positive", ["3", 0]),
        ("4", "positive", ["2", 1]),
        ("4", "negative", ["9", 0]),
        ("2", "more", None),
        ("4", "list", [2, 1]),
    ],
)
def test_every_value_and_link_counts(node_id: str, name: str, value: Any) -> None:
    node = GRAPH[node_id]
    other = {**GRAPH, node_id: {**node, "inputs": {**node["inputs"], name: value}}}
    assert not same(GRAPH, other)
    assert not same(other, GRAPH)


def test_class_and_number_of_nodes_count() -> None:
    assert not same(GRAPH, {**GRAPH, "2": {**GRAPH["2"], "class_type": "Other"}})
    assert not same(GRAPH, {**GRAPH, "5": GRAPH["1"]})


def test_a_number_without_its_point_and_a_wrapped_list_are_what_they_were() -> None:
    node = GRAPH["4"]
    assert same(GRAPH, {**GRAPH, "4": {**node, "inputs": {**node["inputs"], "cfg": 7, "list": {"__value__": [1, 2]}}}})


def test_a_graph_with_a_cycle_is_never_the_same() -> None:
    loop = {"1": {"class_type": "X", "inputs": {"a": ["1", 0]}}}
    assert not same(loop, loop)


def test_a_long_chain_is_compared_without_depth() -> None:
    graph: dict[str, Any] = {"0": {"class_type": "X", "inputs": {}}}
    graph |= {
        str(n): {"class_type": "X", "inputs": {"a": [str(n - 1), 0], "b": [str(n - 1), 1]}} for n in range(1, 5000)
    }
    assert same(graph, dict(reversed(graph.items())))
