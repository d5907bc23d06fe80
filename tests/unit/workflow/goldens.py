"""Workflows and what the real frontend 1.58.1 made of them; see docs/conversion.md."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parents[2] / "data" / "golden"

Prompt = Mapping[str, Mapping[str, Any]]


@cache
def load(name: str) -> Any:
    """One file of the folder, parsed."""
    path = DATA / name
    return json.loads(gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes())


@cache
def template(name: str) -> Any:
    """A workflow file of ComfyUI's own templates."""
    return json.loads((files("comfyui_workflow_templates_json") / "templates" / name).read_bytes())


def micro_cases() -> Iterator[tuple[str, Any, Any]]:
    """(name, file, the frontend's prompt) of each hand-made detail."""
    cases = load("ui2api_micro_cases.json")
    yield from ((name, ui, cases["out"][name]) for name, ui in cases["in"].items())


def handmade() -> Iterator[tuple[str, Any, Any]]:
    """The same of each hand-made workflow."""
    yield from ((name, case["ui"], case["api"]) for name, case in load("handmade.json.gz").items())


def templates(name: str) -> Iterator[tuple[str, Any, Any]]:
    """The same of the templates in a golden file; some the frontend could not export."""
    yield from ((file, template(file), prompt) for file, prompt in load(name).items() if prompt)


# --- comparing --------------------------------------------------------------------------------------


def shape(prompt: Prompt, object_info: Mapping[str, Any]) -> Counter[str]:
    """What makes two prompts the same: classes, declared inputs and wires. The ids of inner nodes do not count.

    Each node is described by itself, then again and again by what it is wired to, until far nodes are told apart.
    """
    nodes = {
        node_id: (node.get("class_type"), _declared(node, object_info.get(node.get("class_type") or "", {})))
        for node_id, node in prompt.items()
    }
    described = {
        node_id: _text([node_id if ":" not in node_id else "inner", type_, _plain(inputs)])
        for node_id, (type_, inputs) in nodes.items()
    }
    for _ in range(12):
        described = _look_around(nodes, described)
    return Counter(described.values())


def _look_around(nodes: Mapping[str, Any], described: Mapping[str, str]) -> dict[str, str]:
    feeds: dict[str, list[Any]] = {node_id: [] for node_id in nodes}
    fed: dict[str, list[Any]] = {node_id: [] for node_id in nodes}
    for node_id, (_, inputs) in nodes.items():
        for name, value in inputs.items():
            if isinstance(value, list):
                source, slot = value
                fed[node_id].append([name, described.get(source, f"no {source}"), slot])
                feeds.get(source, []).append([name, described[node_id], slot])
    return {
        node_id: str(hash(_text([described[node_id], sorted(fed[node_id]), sorted(feeds[node_id])])))
        for node_id in nodes
    }


def _declared(node: Mapping[str, Any], class_: Mapping[str, Any]) -> dict[str, Any]:
    names = {name for group in ("required", "optional") for name in class_.get("input", {}).get(group) or {}}
    return {
        name: value
        for name, value in node["inputs"].items()
        if name in names or (name.partition(".")[0] in names and "#" not in name)
    }


def _plain(inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _number(value) for name, value in inputs.items() if not isinstance(value, list)}


def _number(value: Any) -> Any:
    """JavaScript has one kind of number; and no -0.0 in JSON."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value) + 0.0
    if isinstance(value, list):
        return [_number(item) for item in value]
    return {key: _number(item) for key, item in value.items()} if isinstance(value, dict) else value


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
