"""A node that the author marked as a whole: which of its inputs makers get."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final

from comfy_api.workflow.document import Node, Workflow
from comfy_api.workflow.edits import SEED_INPUTS, TEXT_INPUTS
from comfy_api.workflow.forms.control import Control, Source
from comfy_api.workflow.forms.conventions import building
from comfy_api.workflow.forms.conventions.building import control_at, values_of
from comfy_api.workflow.forms.wording import label_for
from comfy_api.workflow.spec import ObjectInfo

#: The input that such a mark means, the likeliest first.
_MAIN: Final = (*TEXT_INPUTS, "image", "video", "audio", "file", "model_file", *SEED_INPUTS, "number")


def main_inputs(node: Node) -> list[str]:
    """The one input that a marked node is about; all that hold a value where that is not plain."""
    held = values_of(node)
    main = [name for name in _MAIN if name in held]
    return main[:1] or held


def controls_of(
    workflow: Workflow,
    object_info: ObjectInfo,
    node: Node,
    names: Sequence[str] | None = None,
    *,
    source: Source,
    reason: str,
    label: str,
    **overrides: Any,
) -> Iterator[Control]:
    """A control for each of these inputs, or for :func:`main_inputs`.

    One alone is called as the author wrote; several have names of their own and the author's as their heading.
    """
    wanted = main_inputs(node) if names is None else names
    made = (control_at(workflow, object_info, node, name, source=source, reason=reason, **overrides) for name in wanted)
    found = list(islice((control for control in made if control is not None), building.MAX_CONTROLS))
    if len(found) == 1:
        yield building.called(found[0], label)
        return
    for control in found:
        yield building.called(control, label_for(control.places[0].input), group=control.group or label)
