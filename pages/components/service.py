"""The one service of this process, as pages reach it."""

from __future__ import annotations

from comfy_api.service import Service, current


def service() -> Service:
    """The service that ``app.py`` installed; a test installs its own with ``comfy_api.service.install``."""
    return current()
