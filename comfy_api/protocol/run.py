"""A run: one workflow, submitted and followed to its end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from comfy_api.errors import NodeProblem, RunStopped
from comfy_api.protocol.attempt import RunOptions
from comfy_api.protocol.channel import Channel, Direct
from comfy_api.protocol.events import END, Event, Failed, Result, Stopped
from comfy_api.protocol.receiver import Receiver, submit
from comfy_api.workflow import Workflow

if TYPE_CHECKING:
    from comfy_api.protocol.client import ComfyClient


class Run:
    """A prompt on its way. Iterate it for its events; the last is ``Finished``, ``Failed`` or ``Stopped``.

    One thread of its own reads the websocket and ends with the run. Nobody has to iterate: ``wait`` and ``results`` do
    without. Events can be read once.
    """

    def __init__(self, receiver: Receiver, channel: Channel | Direct) -> None:
        """Use ``ComfyClient.run``."""
        self._receiver, self._channel = receiver, channel

    @classmethod
    def start(
        cls,
        client: ComfyClient,
        workflow: Workflow,
        options: RunOptions,
        on_event: Callable[[Event], None] | None = None,
    ) -> Run:
        """Submit. Returns once the server has taken it; raises what ``ComfyClient.run`` names."""
        channel = Channel() if on_event is None else Direct(on_event)
        return cls(submit(client, workflow, options, channel), channel)

    def __iter__(self) -> Iterator[Event]:
        return iter(self._channel)

    def next_event(self, timeout: float) -> Event | None:
        """The next event, or None when there is none within ``timeout`` seconds, or the run is over."""
        return self._channel.get(timeout)

    @property
    def prompt_id(self) -> str:
        """The id under which the server has it now; another one after it had to be sent again."""
        return self._receiver.prompt_id

    @property
    def results(self) -> list[Result]:
        """Results so far, in the order of their arrival."""
        return self._receiver.results

    @property
    def problems(self) -> tuple[NodeProblem, ...]:
        """Outputs that the server left out from the start (protocol.md §0.9)."""
        return self._receiver.problems

    @property
    def over(self) -> bool:
        """Whether the run has ended."""
        return self._receiver.end is not None

    def wait(self, timeout: float | None = None) -> list[Result]:
        """Wait for the end and return the results.

        Raises:
            ComfyError: the run failed; ``results`` has what was finished.
            RunStopped: it was stopped; likewise.
            TimeoutError: it is not over after ``timeout`` seconds; it goes on.
        """
        self._receiver.thread.join(timeout)
        end = self._receiver.end
        if end is None:
            raise TimeoutError(f"The run is not over after {timeout} s; it goes on.")
        if isinstance(end, Failed):
            raise end.error
        if isinstance(end, Stopped):
            raise RunStopped(self.prompt_id, asked=end.asked)
        return self.results

    def stop(self, timeout: float = 0.0) -> bool:
        """Stop this run and no other. Finished results stay.

        The server confirms with ``Stopped``. A node that does not look up from its work runs to its end first.

        Args:
            timeout: seconds to wait for that.

        Returns:
            Whether the run is over.
        """
        self._receiver.stop()
        if timeout > 0 and threading.current_thread() is not self._receiver.thread:
            self._receiver.thread.join(timeout)
        return self.over


__all__ = ["END", "Run", "RunOptions"]
