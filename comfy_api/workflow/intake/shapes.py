"""What a JSON document is: a graph, a workflow in UI format, a wrapper of either, or neither (formats.md §1.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from comfy_api.workflow.reading import EXPORT, MAX_NODES, Graph, Unfit, is_node, parse_json, require_graph

#: Keys under which a workflow is wrapped: saved requests, the frontend's own pair, ViewComfy.
_WRAPPERS = ("prompt", "output", "workflowApiJSON", "workflow")
#: Those under which it may be JSON text.
_AS_TEXT = ("prompt", "workflow")
_MAX_WORKFLOWS = 100


class NoWorkflow(Unfit):
    """Sound JSON, but no workflow: in an archive it may belong to one.

    Attributes:
        document: the JSON.
    """

    def __init__(self, document: Any, reason: str, advice: str = EXPORT) -> None:
        self.document = document
        super().__init__(reason, advice)


@dataclass(frozen=True)
class Found:
    """One workflow of a document.

    Attributes:
        api: in API format, or None.
        ui: in UI format, or None; one of the two is there.
        extra: the wrapper's other keys. They may hold secrets.
        mapping: the wrapper's own description of a form, or None.
    """

    api: Graph | None
    ui: dict[str, Any] | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    mapping: dict[str, Any] | None = None


def find_workflows(document: Any) -> list[Found]:
    """The workflows of a JSON document, one or more.

    Raises:
        NoWorkflow: it has none.
        Unfit: it has one that is broken or too large.
    """
    if not isinstance(document, dict):
        if _is_index(document):
            raise NoWorkflow(document, "it lists templates", "Choose one of the templates instead.")
        raise NoWorkflow(document, "it is not a JSON object")
    if is_ui(document):
        return [Found(None, _require_ui(document))]
    if document and all(is_node(value) for value in document.values()):
        return [Found(require_graph(document))]
    if several := _viewcomfy(document):
        return several
    if wrapped := _unwrap(document):
        return [wrapped]
    if isinstance(document.get("templates"), list):
        raise NoWorkflow(document, "it holds node templates", "Put a template into a workflow and save that one.")
    try:
        return [Found(require_graph(document))]
    except Unfit as refusal:
        if any(is_node(value) for value in document.values()):
            raise
        raise NoWorkflow(document, refusal.reason) from None


def is_ui(document: Mapping[str, Any]) -> bool:
    """Whether it is in UI format, of any version."""
    # open-webui has "nodes" too, beside the workflow that they speak of.
    return isinstance(document.get("nodes"), list) and "workflow" not in document


def _require_ui(document: dict[str, Any]) -> dict[str, Any]:
    inner = document.get("definitions")
    subgraphs = inner.get("subgraphs") if isinstance(inner, dict) else None
    graphs = [document, *(graph for graph in _list(subgraphs) if isinstance(graph, dict))]
    nodes = [node for graph in graphs for node in _list(graph.get("nodes"))]
    if not document["nodes"]:
        raise Unfit("it is empty")
    if len(nodes) > MAX_NODES:
        raise Unfit(f"it has more than {MAX_NODES} nodes")
    if not all(isinstance(node, dict) for node in nodes):
        raise Unfit('an entry of its "nodes" is no node')
    return document


def _unwrap(document: dict[str, Any]) -> Found | None:
    api: dict[str, Any] | None = None
    ui: dict[str, Any] | None = None
    used: set[str] = set()
    for key in _WRAPPERS:
        inner = document.get(key)
        if isinstance(inner, str) and key in _AS_TEXT and inner.lstrip().startswith("{"):
            inner = parse_json(inner, lenient=True)
        if not isinstance(inner, dict):
            continue
        if is_ui(inner):
            ui, used = ui or inner, {*used, key}
        elif any(is_node(value) for value in inner.values()):
            api, used = api or inner, {*used, key}
    if not used:
        return None
    extra = {key: value for key, value in document.items() if key not in used}
    ui = ui or _sent_with(extra)
    described = {key: value for key, value in extra.items() if key != "extra_data"}
    return Found(
        None if api is None else require_graph(api),
        None if ui is None else _require_ui(ui),
        extra,
        described if any(isinstance(value, (dict, list)) for value in described.values()) else None,
    )


def _viewcomfy(document: dict[str, Any]) -> list[Found]:
    """ViewComfy's file has a list of graphs, each beside the description of its form."""
    found = []
    for entry in _list(document.get("workflows"))[:_MAX_WORKFLOWS]:
        graph = entry.get("workflowApiJSON") if isinstance(entry, dict) else None
        if isinstance(graph, dict) and graph:
            found.append(Found(require_graph(graph), mapping={**document, "workflows": [entry]}))
    return found


def _sent_with(extra: Mapping[str, Any]) -> dict[str, Any] | None:
    """The workflow that a saved request gives to the pictures that it makes."""
    value: Any = extra
    for key in ("extra_data", "extra_pnginfo", "workflow"):
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) and is_ui(value) and value["nodes"] else None


def _is_index(document: Any) -> bool:
    return isinstance(document, list) and any(isinstance(entry, dict) and "templates" in entry for entry in document)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
