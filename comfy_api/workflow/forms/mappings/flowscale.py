"""FlowScale's file: ``{"inputs": {"<node>__<input>": {…}}, "outputs": {}}`` (docs/conventions/flowscale.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from comfy_api.workflow.document import Workflow
from comfy_api.workflow.forms.control import Control, Output
from comfy_api.workflow.forms.conventions import building
from comfy_api.workflow.forms.conventions.building import words
from comfy_api.workflow.forms.mappings import fields
from comfy_api.workflow.spec import ObjectInfo

NAME: Final = "FlowScale"
_BETWEEN: Final = "__"


def recognise(document: object) -> bool:
    """Whether this is such a file: both parts are there, and each input is named in its way."""
    found = fields.mapping(document)
    inputs = fields.mapping(found.get("inputs"))
    return (
        isinstance(found.get("outputs"), Mapping)
        and bool(inputs)
        and all(isinstance(key, str) and _BETWEEN in key[1:] for key in inputs)
        and all(isinstance(value, Mapping) for value in inputs.values())
    )


def read(document: object, workflow: Workflow, object_info: ObjectInfo) -> list[Control]:
    """A control for each input that it names; one that is not visible is on offer."""
    return fields.numbered(building.settled(_controls(document, workflow, object_info)))


def read_outputs(document: object, workflow: Workflow) -> list[Output]:
    """The outputs that it names."""
    return [
        Output(node_id=node_id, label=words(said.get("label")), shown=said.get("visible") is not False)
        for key, said in _said(document, "outputs")
        if (node_id := key.split(_BETWEEN)[0]) in workflow.nodes
    ]


def _controls(document: object, workflow: Workflow, object_info: ObjectInfo) -> Iterator[Control | None]:
    for key, said in _said(document, "inputs"):
        # Node ids hold no underscores; names of inputs may.
        node_id, _, name = key.partition(_BETWEEN)
        yield fields.control_of(
            workflow,
            object_info,
            node_id,
            name,
            reason=f'FlowScale\'s file lists "{words(key)}".',
            label=words(said.get("label")),
            help=said.get("description"),
            shown=said.get("visible") is not False,
        )


def _said(document: object, part: str) -> list[tuple[str, Mapping[str, Any]]]:
    listed = fields.mapping(fields.mapping(document).get(part))
    return [(key, fields.mapping(said)) for key, said in fields.entries(list(listed.items())) if isinstance(key, str)]
