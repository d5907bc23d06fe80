"""ViewComfy's titles: ``VC_BASIC …`` and ``VC_ADV …`` (docs/conventions/viewcomfy.md)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from comfy_api.workflow.document import Node, Workflow
from comfy_api.workflow.forms.control import Control, Source
from comfy_api.workflow.forms.conventions import building, marked
from comfy_api.workflow.forms.conventions.building import values_of, words
from comfy_api.workflow.spec import ObjectInfo

#: Prefix → whether it is folded.
_PREFIXES: Final = {"VC_BASIC": False, "VC_ADV": True}
#: Of these ViewComfy shows the file alone, and nothing else of the node.
_FILE_CLASSES: Final = frozenset({"LoadImage", "LoadImageMask", "loadImage_ViewComfy", "LoadVideo", "LoadAudio"})


def find(workflow: Workflow, object_info: ObjectInfo) -> list[Control]:
    """A control for every value of each node with such a title."""
    return building.settled(_controls(workflow, object_info))


def _controls(workflow: Workflow, object_info: ObjectInfo) -> Iterator[Control]:
    for node in workflow.nodes.values():
        prefix = next((one for one in _PREFIXES if node.title.startswith(one)), "")
        if prefix:
            label = words(node.title.removeprefix(prefix).lstrip(" :_-")) or node.class_type
            yield from marked.controls_of(
                workflow,
                object_info,
                node,
                _names(node),
                source=Source.TITLE,
                reason=f'The title "{words(node.title)}" begins with ViewComfy\'s {prefix}.',
                label=label,
                advanced=_PREFIXES[prefix],
            )


def _names(node: Node) -> list[str]:
    held = values_of(node)
    return held[:1] if node.class_type in _FILE_CLASSES else held
