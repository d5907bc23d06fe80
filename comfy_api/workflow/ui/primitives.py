"""PrimitiveNode: a value of the frontend that it writes into every widget wired to it (formats.md §2.4, rule 17)."""

from __future__ import annotations

from comfy_api.workflow.ui.flatten import Scope
from comfy_api.workflow.ui.graph import Node
from comfy_api.workflow.ui.origin import Held, Origin
from comfy_api.workflow.ui.promote import Promotions
from comfy_api.workflow.ui.slots import CONTROL, FILTER


def primitive_value(scope: Scope, node: Node, promotions: Promotions) -> Held | None:
    """Its value, or what the subgraph's host says instead; None where it holds nothing."""
    name = next((key for key in _by_name(node) if key not in (CONTROL, FILTER)), "value")
    over = promotions.override(scope, node.id, name) or promotions.override(scope, node.id, "value")
    if over is not None:
        return over
    if isinstance(node.values, dict):
        return (
            Held(node.values[name], Origin(scope.graph.id, node.id, name, None, name)) if name in node.values else None
        )
    return Held(node.values[0], Origin(scope.graph.id, node.id, name, 0)) if node.values else None


def primitive_control(node: Node) -> str:
    """What happens to its value after a run, or ``""``."""
    values = node.values
    mode = values.get(CONTROL) if isinstance(values, dict) else values[1] if values and len(values) > 1 else None
    return mode if isinstance(mode, str) else ""


def replaces_text(node: Node) -> bool:
    """Whether ``%Node.widget%`` in its value is replaced when the workflow is queued."""
    return node.properties.get("Run widget replace on values") is True


def _by_name(node: Node) -> list[str]:
    return list(node.values if isinstance(node.values, dict) else node.named)
