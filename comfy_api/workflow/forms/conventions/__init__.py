"""How other tools' authors mark what may be changed (docs/conventions/): each a module, in the order of trust."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from comfy_api.workflow.document import Workflow
from comfy_api.workflow.forms.control import Control, Output
from comfy_api.workflow.forms.conventions import (
    cif,
    comfydeploy,
    comfypack,
    connect,
    gradio,
    krita,
    mcww,
    mixlab,
    placeholders,
    stand_ins,
    swarm,
    techtrash,
    viewcomfy_titles,
    visionhong,
)
from comfy_api.workflow.spec import ObjectInfo

#: Nodes made for it, then titles, then placeholders (``Source``).
CONVENTIONS: Final[tuple[Callable[[Workflow, ObjectInfo], list[Control]], ...]] = (
    swarm.find,
    krita.find,
    comfydeploy.find,
    comfypack.find,
    cif.find,
    gradio.find,
    stand_ins.find,
    mixlab.find,
    mcww.find,
    viewcomfy_titles.find,
    connect.find,
    techtrash.find,
    visionhong.find,
    placeholders.find,
)

_OUTPUTS: Final[tuple[Callable[[Workflow], list[Output]], ...]] = (
    krita.find_outputs,
    comfydeploy.find_outputs,
    comfypack.find_outputs,
    cif.find_outputs,
    gradio.find_outputs,
    stand_ins.find_outputs,
    mixlab.find_outputs,
    mcww.find_outputs,
    connect.find_outputs,
)


def find_outputs(workflow: Workflow) -> tuple[Output, ...]:
    """The outputs that authors marked, each once; empty: nobody marked any, and all of them count."""
    found: dict[str, Output] = {}
    for convention in _OUTPUTS:
        for output in convention(workflow):
            found.setdefault(output.node_id, output)
    return tuple(found.values())


def describe(workflow: Workflow) -> tuple[str, str]:
    """Title and description of the whole workflow, as its nodes say, in plain text; empty where they do not."""
    title, description = mixlab.describe(workflow)
    return title, description or swarm.description(workflow)


def substitute(workflow: Workflow, object_info: ObjectInfo) -> Workflow:
    """ComfyUI's own nodes in the place of those that only work inside another tool; without what is to be bypassed.

    To be called once, when a workflow is loaded.

    Raises:
        NotConvertible: a node that nothing can stand in for.
    """
    without = connect.bypass(workflow, object_info)
    return comfydeploy.substitute(krita.substitute(without, object_info), object_info)


def inline(workflow: Workflow, object_info: ObjectInfo) -> Workflow:
    """What is to be done when a workflow is queued, after a form's values are set (:func:`krita.inline`)."""
    return krita.inline(workflow, object_info)
