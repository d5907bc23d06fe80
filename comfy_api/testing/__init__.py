"""For tests of programs that speak to ComfyUI: a scriptable stand-in on loopback, and small pictures.

- :class:`FakeComfyUI`: the server.
- :class:`Play`, :mod:`~comfy_api.testing.steps`: what it does with a prompt.
- :func:`png`, :func:`jpeg`, :func:`noise_png`: pictures.

``docs/testing.md`` shows how to use them.
"""

from __future__ import annotations

from comfy_api.testing import steps
from comfy_api.testing.core import Request
from comfy_api.testing.fake import FakeComfyUI
from comfy_api.testing.faults import Fault
from comfy_api.testing.pictures import jpeg, noise_png, png
from comfy_api.testing.play import Play, Step

__all__ = ["FakeComfyUI", "Fault", "Play", "Request", "Step", "jpeg", "noise_png", "png", "steps"]
