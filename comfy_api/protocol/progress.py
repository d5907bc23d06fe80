"""The share of a prompt that is done: nodes, plus steps within the running one. Pure.

Node ids say nothing about the order of work (protocol.md §1), and nodes differ: a sampler takes seconds, a loader
of a model that is loaded already takes none. So each node has a weight by its class, and the delivery of the
results counts as one more, so that the bar is not full before the last picture is here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

_SAMPLING: Final = 20.0
#: The weight of a node by a part of its class's name; the first that fits counts.
_WEIGHTS: Final = (
    ("KSamplerSelect", 0.5),
    ("Sampler", _SAMPLING),
    ("Upscale", 3.0),
    ("VAEDecode", 3.0),
    ("VAEEncode", 2.0),
    ("Loader", 2.0),
    ("Save", 1.0),
    ("Send", 1.0),
    ("Preview", 1.0),
)
_OTHER: Final = 0.5
_DELIVERY: Final = 1.0


def weigh(class_type: str) -> float:
    """How much of the whole a node of this class takes, against others."""
    return next((weight for part, weight in _WEIGHTS if part in class_type), _OTHER)


def samples(class_type: str) -> bool:
    """Whether nodes of this class are samplers, the ones that take the time."""
    return weigh(class_type) >= _SAMPLING


class Meter:
    """The overall share, 0..1: it never falls, and is 1 only after ``finish``."""

    def __init__(self, classes: Mapping[str, str]) -> None:
        """``classes``: node id → class of every node in the graph."""
        self._left = {node_id: weigh(class_type) for node_id, class_type in classes.items()}
        self._total = sum(self._left.values()) + _DELIVERY
        self._running: tuple[str, float] = ("", 0.0)
        self._shown = 0.0

    @property
    def overall(self) -> float:
        """The share of the whole that is done."""
        node_id, share = self._running
        left = _DELIVERY + sum(self._left.values()) - self._left.get(node_id, 0.0) * share
        self._shown = max(self._shown, 1.0 - left / self._total)
        return self._shown

    def cached(self, node_ids: Iterable[str]) -> None:
        """These nodes take no time: they leave the whole."""
        for node_id in node_ids:
            self._total -= self._left.pop(node_id, 0.0)

    def done(self, node_ids: Iterable[str]) -> None:
        """These nodes are finished."""
        for node_id in node_ids:
            self._left.pop(node_id, None)

    def begin(self, node_id: str) -> None:
        """A node begins; the one before it is finished."""
        if node_id != self._running[0]:
            self.done([self._running[0]])
            self._running = (node_id, 0.0)

    def step(self, node_id: str, value: float, most: float) -> None:
        """The running node is at ``value`` of ``most``."""
        self.begin(node_id)
        share = value / most if most > 0 else 0.0
        self._running = (node_id, min(max(share, self._running[1]), 1.0))

    def finish(self) -> None:
        """Every result is here."""
        self._shown = 1.0
