"""ComfyUI Image Frontend (CIF): ``CIF*Parameter`` nodes that carry their own words (docs/conventions/cif.md)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from comfy_api.workflow.document import Node, Workflow
from comfy_api.workflow.forms.control import Control, Kind, Output, Source
from comfy_api.workflow.forms.conventions import building
from comfy_api.workflow.forms.conventions.building import is_scalar, switched, whole, words
from comfy_api.workflow.spec import ObjectInfo

_INPUTS: Final = {
    "CIFTextParameter": ("value", Kind.LONG_TEXT),
    "CIFIntegerParameter": ("value", Kind.INTEGER),
    "CIFDecimalParameter": ("value", Kind.NUMBER),
    "CIFBooleanParameter": ("value", Kind.SWITCH),
    "CIFSeedParameter": ("value", Kind.SEED),
    "CIFChoiceParameter": ("value", Kind.CHOICE),
    "CIFImageParameter": ("image", Kind.IMAGE),
}
_OUTPUTS: Final = ("CIFPublishImage", "CIFPublishText")
#: What an input means → its id here.
ROLES: Final = {"positive_prompt": "prompt", "negative_prompt": "negative"}
_MAX_ORDER: Final = 1_000_000


def find(workflow: Workflow, object_info: ObjectInfo) -> list[Control]:
    """A control for each parameter node."""
    return building.settled(_controls(workflow, object_info))


def find_outputs(workflow: Workflow) -> list[Output]:
    """The nodes that publish."""
    return [Output(node_id=node.id, label=words(node.inputs.get("label"))) for node in workflow.find_class(*_OUTPUTS)]


def choices(listed: object) -> tuple[tuple[Any, ...], tuple[str, ...]]:
    """Values and labels of ``[{"value", "label"}]`` or of plain values."""
    values: list[Any] = []
    labels: list[str] = []
    for one in listed[: building.MAX_OPTIONS] if isinstance(listed, list) else []:
        value = one.get("value", one.get("id")) if isinstance(one, Mapping) else one
        if is_scalar(value) and value not in values:
            values.append(value)
            labels.append((words(one.get("label")) if isinstance(one, Mapping) else "") or words(str(value)[:200]))
    return tuple(values), tuple(labels)


def ordered(value: object) -> int:
    """An order within bounds; 0 where it is none."""
    return max(-_MAX_ORDER, min(_MAX_ORDER, whole(value) or 0))


def _controls(workflow: Workflow, object_info: ObjectInfo) -> Iterator[Control | None]:
    for node in workflow.find_class(*_INPUTS):
        name, kind = _INPUTS[node.class_type]
        said = node.inputs
        yield building.control_at(
            workflow,
            object_info,
            node,
            name,
            source=Source.NODE,
            reason=f'"{words(node.title)}" is an input node of ComfyUI Image Frontend ({node.class_type}).',
            label=words(said.get("label")) or node.title,
            help=said.get("description"),
            id=ROLES.get(words(said.get("semantic_role"))) or words(said.get("parameter_id")),
            kind=kind,
            group=words(said.get("group")),
            order=ordered(said.get("order")),
            advanced=bool(switched(said.get("advanced"))),
            required=bool(switched(said.get("required"))) or kind is Kind.IMAGE,
            **_shape(node, kind),
        )


def _shape(node: Node, kind: Kind) -> Mapping[str, Any]:
    said = node.inputs
    if kind in (Kind.INTEGER, Kind.NUMBER):
        return {"minimum": said.get("minimum"), "maximum": said.get("maximum"), "step": said.get("step")}
    if kind is Kind.SEED:
        fixed = said.get("default_mode") == "fixed"
        return {"default": said.get("value") if fixed else None, "mode": "fixed" if fixed else "random"}
    if kind is Kind.CHOICE:
        values, labels = choices(_parsed(said.get("options_json")))
        return {"options": values, "option_labels": labels}
    return {}


def _parsed(text: object) -> Any:
    if not isinstance(text, str) or len(text) > 1_000_000:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
