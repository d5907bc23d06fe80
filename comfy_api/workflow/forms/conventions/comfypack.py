"""comfy-pack: ``CPackInput*`` and ``CPackOutput*`` nodes, named by their titles (docs/conventions/comfy-pack.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from comfy_api.workflow.document import Node, Workflow
from comfy_api.workflow.forms.control import Control, Kind, Output, Source
from comfy_api.workflow.forms.conventions import building
from comfy_api.workflow.forms.conventions.building import Links, number, words
from comfy_api.workflow.forms.widgets import has_own_title
from comfy_api.workflow.forms.wording import humanise
from comfy_api.workflow.spec import ObjectInfo

#: Class → its input for the value, and the kind; None: what is connected or the node's options say.
_INPUTS: Final[Mapping[str, tuple[str, Kind | None]]] = {
    "CPackInputImage": ("image", Kind.IMAGE),
    "CPackInputString": ("value", Kind.LONG_TEXT),
    "CPackInputInt": ("value", Kind.INTEGER),
    "CPackInputFile": ("path", Kind.FILE),
    "CPackInputAny": ("input", None),
}
_OUTPUT: Final = "CPackOutput"
#: The node's own defaults, which stand for no limit.
_UNLIMITED: Final = 2**63 - 1


def find(workflow: Workflow, object_info: ObjectInfo) -> list[Control]:
    """A control for each input node."""
    return building.settled(_controls(workflow, object_info, building.links_from(workflow)))


def find_outputs(workflow: Workflow) -> list[Output]:
    """The output nodes, by their titles."""
    nodes = (node for node in workflow.nodes.values() if node.class_type.startswith(_OUTPUT))
    return [Output(node_id=node.id, label=_title(node, {})) for node in nodes]


def _controls(workflow: Workflow, object_info: ObjectInfo, links: Links) -> Iterator[Control | None]:
    for node in workflow.find_class(*_INPUTS):
        name, kind = _INPUTS[node.class_type]
        yield building.control_at(
            workflow,
            object_info,
            node,
            name,
            source=Source.NODE,
            reason=f'"{words(node.title)}" is an input node of comfy-pack ({node.class_type}).',
            label=_title(node, object_info) or _connected_name(node, links) or node.title,
            **_shape(workflow, object_info, node, kind, links),
        )


def _title(node: Node, object_info: ObjectInfo) -> str:
    return humanise(words(node.title)) if words(node.title) and has_own_title(node, object_info) else ""


def _connected_name(node: Node, links: Links) -> str:
    """comfy-pack's own rule where the title is no name: the input that the node feeds."""
    fed = links.get(node.id, ())
    return humanise(words(fed[0][1])) if fed and words(fed[0][1]) else ""


def _shape(
    workflow: Workflow, object_info: ObjectInfo, node: Node, kind: Kind | None, links: Links
) -> Mapping[str, Any]:
    if kind is Kind.INTEGER:
        least, most = number(node.inputs.get("min")), number(node.inputs.get("max"))
        return {
            "kind": kind,
            "minimum": least if least is not None and least > -_UNLIMITED else None,
            "maximum": most if most is not None and most < _UNLIMITED else None,
        }
    if kind is not None:
        return {"kind": kind}
    meta = workflow.raw(node.id).get("_meta")
    options = meta.get("options") if isinstance(meta, dict) else None
    if isinstance(options, dict) and options:
        return _stated(options)
    other = building.behind(workflow, object_info, links.get(node.id, ()), node.inputs.get("input"))
    if other is None:
        return {}
    same = ("kind", "options", "minimum", "maximum", "step", "whole", "mode")
    return {field: getattr(other, field) for field in same}


def _stated(options: Mapping[str, Any]) -> Mapping[str, Any]:
    """What comfy-pack copied from the connected input into ``_meta.options``."""
    values = options.get("values")
    if isinstance(values, list):
        return {"kind": Kind.CHOICE, "options": tuple(values[: building.MAX_OPTIONS])}
    if not any(name in options for name in ("min", "max", "step", "round", "precision")):
        return {}
    rounded = number(options.get("round"))
    return {
        "kind": Kind.NUMBER if rounded is not None and rounded < 1 else Kind.INTEGER,
        "minimum": options.get("min"),
        "maximum": options.get("max"),
        # ComfyUI's frontend keeps ten times the step there.
        "step": None,
    }
