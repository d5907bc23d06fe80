"""The title ``positive_prompt`` of ComfyUI-API-Streamlit (docs/conventions/positive-prompt.md).

Its other names, ``KSampler`` and ``Empty Latent Image``, are what ComfyUI itself writes: they say nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from comfy_api.workflow.document import Workflow
from comfy_api.workflow.forms.control import Control, Source
from comfy_api.workflow.forms.conventions import building
from comfy_api.workflow.spec import ObjectInfo

_TITLE: Final = "positive_prompt"
_CLASS: Final = "CLIPTextEncode"


def find(workflow: Workflow, object_info: ObjectInfo) -> list[Control]:
    """One control for the text of every node of that class and title."""
    return building.settled(building.merged(_controls(workflow, object_info)))


def _controls(workflow: Workflow, object_info: ObjectInfo) -> Iterator[tuple[str, Control | None]]:
    for node in workflow.find_class(_CLASS):
        if node.title == _TITLE:
            yield (
                _TITLE,
                building.control_at(
                    workflow,
                    object_info,
                    node,
                    "text",
                    source=Source.TITLE,
                    reason=f'The author gave it the title "{_TITLE}".',
                    label="Prompt",
                    id="prompt",
                ),
            )
