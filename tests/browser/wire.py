"""The scripted ComfyUI behind a shared app, as one test sees it."""

from __future__ import annotations

import itertools
from typing import Any

from comfy_api.testing import FakeComfyUI, Play, Step, steps

_gates = itertools.count(1)


class Wire:
    """One test's share of a FakeComfyUI that others used before.

    Attributes:
        fake: the server.
    """

    def __init__(self, fake: FakeComfyUI) -> None:
        self.fake = fake
        self._prompts, self._requests = len(fake.prompts), len(fake.requests)
        self._gates: list[str] = []
        fake.script(Play.usual())

    def gate(self) -> Step:
        """A gate of this test's own; at most one for each script."""
        self._gates.append(f"gate {next(_gates)}")
        return steps.gate(self._gates[-1])

    def hold_after(self, step: str = "progress 3 5") -> None:
        """The next prompts stand still after this step."""
        self.fake.script(Play.usual(after={step: self.gate()}))

    def hold_before(self, step: str) -> None:
        """The next prompts stand still before this step."""
        self.fake.script(Play.usual(before={step: self.gate()}))

    def wait_held(self) -> None:
        """Wait until a prompt stands at the newest gate."""
        self.fake.wait_at(self._gates[-1], timeout=15)

    def go_on(self) -> None:
        """Open all gates; later prompts run through."""
        self.fake.script(Play.usual())
        for gate in self._gates:
            self.fake.open(gate)

    @property
    def prompts(self) -> list[dict[str, Any]]:
        """The graphs that were posted."""
        return [body["prompt"] for body in self.fake.prompts[self._prompts :]]

    @property
    def prompt_ids(self) -> list[str]:
        return [body["prompt_id"] for body in self.fake.prompts[self._prompts :]]

    @property
    def texts(self) -> list[str]:
        """Their prompt texts."""
        return [graph["6"]["inputs"]["text"] for graph in self.prompts]

    @property
    def interrupts(self) -> list[Any]:
        """The bodies of all interrupts; None for one without."""
        seen = self.fake.requests[self._requests :]
        return [request.json for request in seen if (request.method, request.path) == ("POST", "/interrupt")]

    def wait_stopped(self, prompt_id: str, timeout: float = 15) -> None:
        """Wait until this prompt, and none else, was interrupted."""
        wanted = {"prompt_id": prompt_id}
        self.fake.wait_for(lambda: wanted in self.interrupts, timeout, "no interrupt of it came")
        assert all(body and set(body) == {"prompt_id"} for body in self.interrupts)

    def close(self) -> None:
        """Leave the server as it was found."""
        self.fake.heal()
        self.go_on()
