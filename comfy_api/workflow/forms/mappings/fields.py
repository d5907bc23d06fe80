"""What the mapping files share: a field that names one input, as a control (untrusted, whatever its shape)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any, Final

from comfy_api.workflow.document import Workflow
from comfy_api.workflow.forms.control import Control, Source
from comfy_api.workflow.forms.conventions.building import control_at
from comfy_api.workflow.spec import ObjectInfo

#: Entries of a mapping file that are looked at.
MAX_FIELDS: Final = 500


def control_of(
    workflow: Workflow, object_info: ObjectInfo, node_id: object, name: object, **fields: Any
) -> Control | None:
    """The control for one input; None where the workflow has no such node or input, or it is linked."""
    node = workflow.nodes.get(str(node_id)) if isinstance(node_id, (str, int)) and not _is_switch(node_id) else None
    if node is None or not isinstance(name, str):
        return None
    return control_at(workflow, object_info, node, name, source=Source.MAPPING, **fields)


def mapping(value: object) -> Mapping[str, Any]:
    """The object, or an empty one."""
    return value if isinstance(value, Mapping) else {}


def entries(value: object) -> list[Any]:
    """At most :data:`MAX_FIELDS` items of a list; none of anything else."""
    return list(islice(value, MAX_FIELDS)) if isinstance(value, (list, tuple)) else []


def typed_options(control: Control, wanted: Iterable[tuple[Any, str]]) -> tuple[tuple[Any, ...], tuple[str, ...]]:
    """Choices and their labels, each in the JSON type that the server has it in."""
    known = {str(option): option for option in control.options}
    pairs = [(known.get(str(value), value), label) for value, label in wanted]
    return tuple(value for value, _ in pairs), tuple(label for _, label in pairs)


def numbered(controls: Iterable[Control]) -> list[Control]:
    """In the order in which they are given."""
    return [replace(control, order=order) for order, control in enumerate(controls)]


def _is_switch(value: object) -> bool:
    return isinstance(value, bool)
