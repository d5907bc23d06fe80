"""Examples have no deadline of their own: a busy machine is no fault of a parser, and every test has a time-out."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
