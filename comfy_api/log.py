"""Logging for a process of ours: one line an event, on standard error."""

from __future__ import annotations

import logging


def set_up(level: int = logging.INFO) -> None:
    """Write what ``comfy_api`` logs. Programs that import the package choose for themselves."""
    logger = logging.getLogger("comfy_api")
    if logger.handlers:
        return
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(level)
    logger.propagate = False
