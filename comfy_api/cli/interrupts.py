"""Ctrl-C and SIGTERM: the first asks, the second leaves at once."""

from __future__ import annotations

import os
import signal
from types import FrameType, TracebackType
from typing import Any, Self

from comfy_api.cli.codes import Exit


class Interrupts:
    """While it is entered, the first signal only sets ``asked``; the next one ends the process."""

    def __init__(self) -> None:
        # A plain attribute: a lock could be held by the very code that the signal interrupts.
        self.asked = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            before = signal.getsignal(number)
            if before is not signal.SIG_IGN:  # started in the background: the shell wants it so
                self._before[number] = before
                signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            os._exit(Exit.INTERRUPTED)
        self.asked = True
