"""The run that a real server would make of a graph, as far as the wire shows it. Pure.

Nothing is computed: a sampler is a node with ``steps``, a batch is the nearest ``batch_size`` upstream, and
the pictures are gradients.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from comfy_api.testing import steps
from comfy_api.testing.pictures import jpeg, png
from comfy_api.testing.play import Step

ALWAYS_RUNS = "SaveImageWebsocket"
"""The sender that is never cached (protocol.md §0.1)."""

_OUTPUTS = ("PreviewImage", "SaveImage", "SaveImageWebsocket", "ETN_SendImageWebSocket")

Graph = Mapping[str, Any]


def is_graph(value: Any) -> bool:
    """Whether this has the shape of an API-format graph."""
    return isinstance(value, dict) and all(
        isinstance(node, dict) and "class_type" in node and isinstance(node.get("inputs", {}), dict)
        for node in value.values()
    )


def output_nodes(graph: Graph, output_classes: set[str]) -> list[str]:
    """The nodes that a run is for."""
    return [node for node in graph if graph[node]["class_type"] in output_classes.union(_OUTPUTS)]


def signatures(graph: Graph) -> dict[str, str]:
    """Node → all that its result depends on; ids and titles do not count. Nodes never cached are left out."""
    known: dict[str, str] = {}

    def sign(node: str, path: tuple[str, ...]) -> str:
        if node in path or node not in graph:
            return f"?{node}"
        if node not in known:
            inputs = {
                name: [sign(str(value[0]), (*path, node)), value[1]] if _is_link(value) else value
                for name, value in _inputs(graph, node).items()
            }
            known[node] = json.dumps([graph[node]["class_type"], inputs], sort_keys=True)
        return known[node]

    signed = {node: sign(node, ()) for node in graph}
    return {node: text for node, text in signed.items() if graph[node]["class_type"] != ALWAYS_RUNS}


def usual_run(graph: Graph, outputs: list[str], cache: Mapping[str, Any]) -> list[Step]:
    """The steps of a run.

    Args:
        graph: API format.
        outputs: the nodes that the run is for.
        cache: signature → output of the last prompt's nodes.
    """
    signed = signatures(graph)
    order = _upstream_first(graph, outputs)
    known = [node for node in order if signed.get(node) in cache]
    run = [steps.start(), steps.cached(*known)]
    for node in order:
        if node not in known:
            run += _node(graph, node, node in outputs)
        elif cache[signed[node]] is not None:
            run.append(steps.executed(node, cache[signed[node]]))
    return [*run, steps.success(), steps.end()]


def _node(graph: Graph, node: str, is_output: bool) -> list[Step]:
    count = _sampler_steps(graph, node)
    run = [steps.executing(node)]
    run += [steps.progress(node, i, count, jpeg(128, 128, i)) for i in range(1, count + 1)]
    if is_output:
        run += _results(graph, node)
    return [*run, steps.finished(node)]


def _results(graph: Graph, node: str) -> list[Step]:
    width, height, count = (_number(graph, node, name, 1) for name in ("width", "height", "batch_size"))
    seed = _number(graph, node, "seed", _number(graph, node, "noise_seed", 0))
    size = (width, height) if width > 1 and height > 1 else (64, 64)
    run = [steps.result(node, png(*size, (seed + i) % 2**32), i, count) for i in range(count)]
    if graph[node]["class_type"] == ALWAYS_RUNS:  # it sends no ``executed`` (protocol.md §2)
        return run
    return [*run, steps.executed(node)]


def _sampler_steps(graph: Graph, node: str) -> int:
    """How many steps the node samples; 0 for others. At most 10,000, as the server allows."""
    count = _inputs(graph, node).get("steps")
    if "Sampler" in str(graph[node]["class_type"]) and isinstance(count, int):
        return min(count, 10_000)
    return 0


def _number(graph: Graph, node: str, name: str, default: int) -> int:
    """The whole number ``name`` of the nearest node upstream that has it."""
    for near in _nearest_first(graph, node):
        value = _inputs(graph, near).get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return default


def _nearest_first(graph: Graph, node: str) -> Iterator[str]:
    seen, row = {node}, [node]
    while row:
        yield from row
        row = [n for n in dict.fromkeys(s for near in row for s in _sources(graph, near)) if n not in seen]
        seen.update(row)


def _upstream_first(graph: Graph, outputs: list[str]) -> list[str]:
    """The nodes that the outputs need, each after those that feed it."""
    seen: set[str] = set()
    order: list[str] = []

    def visit(node: str) -> None:
        if node in seen:
            return
        seen.add(node)
        for source in _sources(graph, node):
            visit(source)
        order.append(node)

    for output in outputs:
        visit(output)
    return order


def _sources(graph: Graph, node: str) -> list[str]:
    return [str(v[0]) for v in _inputs(graph, node).values() if _is_link(v) and str(v[0]) in graph]


def _inputs(graph: Graph, node: str) -> Mapping[str, Any]:
    inputs = graph[node].get("inputs", {})
    return inputs if isinstance(inputs, dict) else {}


def _is_link(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and isinstance(value[1], int)
