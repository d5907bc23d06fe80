"""Faults drawn from a seed."""

from __future__ import annotations

import random

from comfy_api.testing import steps
from comfy_api.testing.faults import Fault
from comfy_api.testing.play import Step

_GARBAGE = (
    steps.raw_binary(b""),
    steps.raw_binary(b"\0\0\0"),
    steps.raw_binary(b"\0\0\0\1\0\0\0\2not a picture"),
    steps.raw_binary(b"\0\0\0\4\x7f\xff\xff\xff{}"),
    steps.raw_binary(b"\0\0\0\x63" + bytes(32)),
    steps.raw_text("{cut"),
    steps.raw_text('{"type":"event_of_tomorrow","data":null}'),
    steps.raw_text("[1, 2]"),
)
_LINE_FAULTS = (steps.drop(), steps.reset(), steps.other_prompt_frame(), *_GARBAGE)
_HTTP_FAULTS = (
    Fault("answer", status=503),
    Fault("slow", seconds=0.005),
    Fault("close-before-answer"),
    Fault("close-after-accept"),
)


class Chaos:
    """Draws a fault now and then; the same seed draws the same ones in the same places.

    Steps and requests have a source of their own each, so that a client's timing does not mix them.

    Args:
        seed: of both sources.
        rate: the chance of a fault at each step and at each request, 0 to 1.
        most: no more faults than this, so that a run comes to an end.
    """

    def __init__(self, seed: int, rate: float, most: int) -> None:
        self._rate, self._left = rate, most
        self._steps, self._requests = random.Random(f"steps {seed}"), random.Random(f"requests {seed}")
        self.drawn: list[str] = []

    def before_step(self) -> list[Step]:
        """What goes wrong before the next step of a play."""
        fault = self._steps.choice(_LINE_FAULTS)
        return [fault] if self._strikes(self._steps, fault.name) else []

    def at_request(self, route: str) -> Fault | None:
        """What goes wrong with the next request."""
        fault = self._requests.choice(_HTTP_FAULTS)
        return fault if self._strikes(self._requests, f"{fault.kind} at {route}") else None

    def _strikes(self, source: random.Random, what: str) -> bool:
        if source.random() >= self._rate or self._left == 0:
            return False
        self._left -= 1
        self.drawn.append(what)
        return True
