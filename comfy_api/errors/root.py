"""The root, and what stands right below it alone."""

from __future__ import annotations

from collections.abc import Mapping


class EaselError(Exception):
    """Root of the tree."""


class SettingsError(EaselError):
    """Settings that cannot be used.

    Attributes:
        problems: environment variable → what is wrong with its value.
    """

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        listed = "; ".join(f"{name}: {problem}" for name, problem in self.problems.items())
        super().__init__(f"Change these settings and start again. {listed}")
