"""Runs ComfyUI workflows: a client of one ComfyUI, workflows and their inputs, and jobs for many people.

>>> from comfy_api import ComfyClient, Workflow
>>> workflow = Workflow.load("workflows/txt2img.json").set("positive_prompt", text="a red fox")
>>> with ComfyClient("http://127.0.0.1:8188") as client:  # doctest: +SKIP
...     for event in client.run(workflow):
...         print(event)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from comfy_api.protocol.client import ComfyClient
    from comfy_api.protocol.run import Run
    from comfy_api.workflow import Workflow

__version__ = "0.1.0"

__all__ = ["ComfyClient", "Run", "Workflow", "__version__"]

_HOMES: Final = {
    "ComfyClient": "comfy_api.protocol.client",
    "Run": "comfy_api.protocol.run",
    "Workflow": "comfy_api.workflow",
}


def __getattr__(name: str) -> Any:
    """Load a public name at its first use: a command's help wants neither cv2 nor numpy."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
