"""mixlab: one ``AppInfo`` node lists the nodes that are inputs and outputs (docs/conventions/mixlab.md)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from comfy_api.workflow.document import Workflow
from comfy_api.workflow.forms.control import Control, Output, Source
from comfy_api.workflow.forms.conventions import building, marked
from comfy_api.workflow.forms.conventions.building import words
from comfy_api.workflow.forms.wording import plain
from comfy_api.workflow.spec import ObjectInfo

_CLASS: Final = "AppInfo"
_MAX_IDS: Final = 500


def find(workflow: Workflow, object_info: ObjectInfo) -> list[Control]:
    """The controls of the nodes that the first AppInfo node lists, in its order."""
    return building.settled(_controls(workflow, object_info))


def find_outputs(workflow: Workflow) -> list[Output]:
    """The output nodes that it lists."""
    return [Output(node_id=node_id) for node_id in _listed(workflow, "output_ids")]


def describe(workflow: Workflow) -> tuple[str, str]:
    """The app's name and what it does, as plain text; empty where they are not said."""
    info = next(iter(workflow.find_class(_CLASS)), None)
    return (words(info.inputs.get("name")), plain(info.inputs.get("description"))) if info else ("", "")


def _controls(workflow: Workflow, object_info: ObjectInfo) -> Iterator[Control | None]:
    for node_id in _listed(workflow, "input_ids"):
        node = workflow.nodes[node_id]
        yield from marked.controls_of(
            workflow,
            object_info,
            node,
            source=Source.NODE,
            reason=f'The app\'s AppInfo node (mixlab) lists node {words(node_id)}, "{words(node.title)}", as an input.',
            label=words(node.title),
        )


def _listed(workflow: Workflow, name: str) -> list[str]:
    """The node ids, one a line, that there are."""
    info = next(iter(workflow.find_class(_CLASS)), None)
    text: Any = info.inputs.get(name) if info else None
    lines = text[:20_000].split("\n")[:_MAX_IDS] if isinstance(text, str) else []
    return list(dict.fromkeys(line.strip() for line in lines if line.strip() in workflow.nodes))
