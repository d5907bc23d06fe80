"""Which nodes give makers something to see or keep."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from comfy_api.workflow import basics
from comfy_api.workflow.document import Workflow
from comfy_api.workflow.forms import app_mode, conventions, mappings
from comfy_api.workflow.forms.control import Output
from comfy_api.workflow.forms.ground import in_order
from comfy_api.workflow.forms.wording import MAX_LABEL, clip
from comfy_api.workflow.spec import ObjectInfo

#: They show again what went in and what comes out elsewhere.
_ASIDE = frozenset({"ImageCompare", "Image Comparer (rgthree)", "CreateBoundingBoxes"})


def find_outputs(
    workflow: Workflow,
    object_info: ObjectInfo,
    *,
    companions: Mapping[str, Any] = MappingProxyType({}),
) -> tuple[Output, ...]:
    """Every output node in the order in which the graph reaches them.

    Where the author listed outputs, the others are not shown: in App Mode, else in a mapping file, else by nodes or
    titles. What is listed but ends nothing is no output. Where nothing is listed, comparisons are not shown.
    """
    ordered = in_order(workflow)
    found = basics.output_ids(ordered, object_info)
    lists = (_known(listed, found) for listed in _lists(ordered, companions))
    said = next((listed for listed in lists if listed), {})
    aside = {node_id for node_id in found if ordered.nodes[node_id].class_type in _ASIDE}
    hidden = set(found) if said else aside if len(aside) < len(found) else set()
    return tuple(
        said.get(node_id)
        or Output(node_id=node_id, label=clip(ordered.nodes[node_id].title, MAX_LABEL), shown=node_id not in hidden)
        for node_id in found
    )


def _lists(workflow: Workflow, companions: Mapping[str, Any]) -> Iterator[tuple[Output, ...]]:
    yield tuple(
        Output(node_id=node_id, label=workflow.nodes[node_id].title) for node_id in app_mode.output_ids(workflow)
    )
    for _, document in sorted(companions.items()):
        yield tuple(mappings.find_outputs(document, workflow))
    yield conventions.find_outputs(workflow)


def _known(listed: tuple[Output, ...], found: tuple[str, ...]) -> dict[str, Output]:
    return {
        output.node_id: replace(output, label=clip(output.label, MAX_LABEL))
        for output in listed
        if output.node_id in found
    }
