"""ComfyUI Image Frontend's ``<stem>.interface.json``: inputs, and what they are bound to (docs/conventions/cif.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from comfy_api.workflow.document import Workflow
from comfy_api.workflow.forms.control import Control, Kind, Output
from comfy_api.workflow.forms.conventions import building
from comfy_api.workflow.forms.conventions.building import words
from comfy_api.workflow.forms.conventions.cif import ROLES, choices, ordered
from comfy_api.workflow.forms.mappings import fields
from comfy_api.workflow.spec import ObjectInfo

NAME: Final = "ComfyUI Image Frontend"
_SCHEMA: Final = "comfyui-image-frontend."
_TYPES: Final = {
    "string": Kind.LONG_TEXT,
    "integer": Kind.INTEGER,
    "number": Kind.NUMBER,
    "boolean": Kind.SWITCH,
    "seed": Kind.SEED,
    "choice": Kind.CHOICE,
    "image": Kind.IMAGE,
}
#: Results that are there to be seen on the way.
_ASIDE: Final = ("auxiliary",)


def recognise(document: object) -> bool:
    """Whether this is such a file, by its schema or by the shape of its interface."""
    found = fields.mapping(document)
    named = str(found.get("schema_version"))[:100].startswith(_SCHEMA)
    inputs = fields.mapping(found.get("interface")).get("inputs")
    return isinstance(inputs, list) and (
        named or any("bindings" in fields.mapping(one) for one in fields.entries(inputs))
    )


def read(document: object, workflow: Workflow, object_info: ObjectInfo) -> list[Control]:
    """A control for each input that is bound to a node of the class that the file states."""
    inputs = fields.entries(_interface(document).get("inputs"))
    made = (_control(workflow, object_info, fields.mapping(one)) for one in inputs)
    found = sorted((control for control in made if control), key=lambda control: (control.order, control.group))
    return fields.numbered(building.settled(found))


def read_outputs(document: object, workflow: Workflow) -> list[Output]:
    """The outputs that it declares; auxiliary ones are not shown."""
    return [
        Output(
            node_id=node_id,
            label=words(one.get("label")),
            shown=one.get("role") not in _ASIDE,
        )
        for one in map(fields.mapping, fields.entries(_interface(document).get("outputs")))
        if isinstance(node_id := one.get("node_id"), str) and node_id in workflow.nodes
    ]


def _interface(document: object) -> Mapping[str, Any]:
    return fields.mapping(fields.mapping(document).get("interface"))


def _control(workflow: Workflow, object_info: ObjectInfo, said: Mapping[str, Any]) -> Control | None:
    type_ = said.get("type")
    kind = _TYPES.get(type_) if isinstance(type_, str) else None
    bound = [control for control in _bound(workflow, object_info, said) if control]
    if kind is None or not bound:
        return None
    places = tuple(dict.fromkeys(place for control in bound for place in control.places))
    return replace(bound[0], kind=kind, places=places, **_shape(said, kind))


def _bound(workflow: Workflow, object_info: ObjectInfo, said: Mapping[str, Any]) -> Iterator[Control | None]:
    for binding in map(fields.mapping, fields.entries(said.get("bindings"))):
        node_id, class_type = binding.get("node_id"), binding.get("class_type")
        node = workflow.nodes.get(node_id) if isinstance(node_id, str) else None
        if node is None or class_type not in (None, node.class_type):
            continue
        yield fields.control_of(
            workflow,
            object_info,
            node_id,
            binding.get("input"),
            reason=f'The interface file declares "{words(said.get("label"))}" ({words(said.get("type"))}).',
            label=words(said.get("label")),
            help=said.get("description"),
            id=ROLES.get(words(said.get("semantic_role"))) or words(said.get("id")),
            group=words(said.get("group")),
            order=ordered(said.get("order")),
            advanced=said.get("advanced") is True,
            required=said.get("required") is True,
        )


def _shape(said: Mapping[str, Any], kind: Kind) -> Mapping[str, Any]:
    shape: dict[str, Any] = {"default": said["default"]} if said.get("default") is not None else {}
    if kind in (Kind.INTEGER, Kind.NUMBER, Kind.SEED):
        shape |= {"minimum": said.get("minimum"), "maximum": said.get("maximum"), "step": said.get("step")}
    if kind is Kind.SEED:
        fixed = said.get("default_mode") == "fixed"
        shape |= {"mode": "fixed" if fixed else "random", "step": None} | ({} if fixed else {"default": None})
    if kind is Kind.CHOICE:
        values, labels = choices(said.get("choices", said.get("options")))
        shape |= {"options": values, "option_labels": labels}
    return shape
