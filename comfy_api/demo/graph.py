"""What of a graph runs, in which order, and what may be taken from the last prompt. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Prompt = Mapping[str, Mapping[str, Any]]
#: Says what a node's result hangs on beside its inputs: a file's hash, or a fresh value for "always anew".
Changed = Callable[[Mapping[str, Any]], str]


def is_link(value: Any) -> bool:
    """Whether an input's value is ``[node_id, slot]``."""
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], int)


def parents(prompt: Prompt, node_id: str) -> list[str]:
    """Ids of the nodes that feed this one, in the order of its inputs."""
    links = [value for value in prompt[node_id].get("inputs", {}).values() if is_link(value)]
    return [link[0] for link in links]


def cache_keys(prompt: Prompt, changed: Changed) -> dict[str, str]:
    """Node id → key: class, every input (unknown ones too) and the keys of all ancestors (protocol.md §0.1).

    Two nodes with the same key share one result. ``_meta`` takes no part.
    """
    keys: dict[str, str] = {}
    for node_id in prompt:
        _key(prompt, node_id, changed, keys, ())
    return keys


def _key(prompt: Prompt, node_id: str, changed: Changed, keys: dict[str, str], path: tuple[str, ...]) -> str:
    if node_id not in prompt or node_id in path:
        return "?"
    if node_id not in keys:
        node = prompt[node_id]
        inputs = {
            name: [_key(prompt, value[0], changed, keys, (*path, node_id)), value[1]] if is_link(value) else value
            for name, value in sorted(node.get("inputs", {}).items())
        }
        text = json.dumps([node["class_type"], changed(node), inputs])
        keys[node_id] = hashlib.sha256(text.encode()).hexdigest()
    return keys[node_id]


class Plan:
    """The nodes still to run for some outputs, in ComfyUI's order: ready ones, near an output first.

    Args:
        cached: nodes whose results are there already; nothing behind them runs. Outputs are visited still.
        outputs: output nodes wanted.
        is_output: whether a node ends a graph.
    """

    def __init__(
        self, prompt: Prompt, outputs: Iterable[str], cached: set[str], is_output: Callable[[str], bool]
    ) -> None:
        self._is_output = is_output
        #: Node → what it still waits for, in ComfyUI's order of discovery.
        self._needs: dict[str, set[str]] = {}
        self._feeds: dict[str, set[str]] = {}
        for output in outputs:
            self._discover(prompt, output, cached)

    def _discover(self, prompt: Prompt, output: str, cached: set[str]) -> None:
        stack = [output]
        while stack:
            node_id = stack.pop()
            if node_id in self._needs:
                continue
            wanted = [] if node_id in cached else [p for p in parents(prompt, node_id) if p not in cached]
            self._needs[node_id] = set(wanted)
            for parent in wanted:
                self._feeds.setdefault(parent, set()).add(node_id)
            stack += wanted

    def next(self) -> str | None:
        """The node to run now, or None when all are done."""
        ready = [node_id for node_id, needs in self._needs.items() if not needs]
        return min(ready, key=self._distance) if ready else None

    def done(self, node_id: str) -> None:
        """Take a finished node off the plan."""
        del self._needs[node_id]
        for fed in self._feeds.get(node_id, ()):
            self._needs[fed].discard(node_id)

    def _distance(self, node_id: str) -> int:
        if self._is_output(node_id):
            return 0
        fed = self._feeds.get(node_id, set())
        if any(self._is_output(child) for child in fed):
            return 1
        return 2 if any(self._is_output(c) for child in fed for c in self._feeds.get(child, ())) else 3
