"""FakeComfyUI in a process of its own, with jobs that feed a benchmark.

As a script: ``python -m lib.comfy --events 30 --previews 10 --jobs 30 --log FILE``. Prints its address, serves until
its stdin ends.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Self

from comfy_api.testing import FakeComfyUI, Play, Step, steps
from comfy_api.testing.stage import Stage
from lib.frames import COUNT, numbered
from lib.processes import Child


class Comfy(Child):
    """The fake server as a child process.

    Attributes:
        url: where it is.
    """

    def __init__(
        self, folder: Path, *, events: float = 0.0, previews: float = 0.0, jobs: int = 1, pace: float = 0.0
    ) -> None:
        """
        Args:
            folder: for the log of what was sent.
            events: progress events a second of each job: ``progress_state`` and ``progress`` each.
            previews: how many of them, a second, bring a picture.
            jobs: prompts that run at once.
            pace: seconds a step of jobs that run to their end, instead of feeding for ever.
        """
        self._sent = folder / f"sent-{time.monotonic_ns()}.log"
        rates = {"--events": events, "--previews": previews, "--jobs": jobs, "--pace": pace}
        options = [text for name, value in rates.items() for text in (name, str(value))]
        super().__init__(["-m", "lib.comfy", *options, "--log", str(self._sent)])
        self.url = self.line()

    def __enter__(self) -> Self:
        return self

    def sent(self) -> list[tuple[int, float]]:
        """Number and time (seconds since the epoch) of each preview of the first job, oldest first."""
        rows = [row.split() for row in self._sent.read_text().splitlines()]
        return [(int(row[0]), float(row[1])) for row in rows if len(row) == 2]


def stream(events: float, previews: float, pictures: list[bytes], log: IO[str] | None, offset: float) -> Step:
    """A sampler that goes on until it is interrupted.

    Args:
        events: progress events a second.
        previews: pictures a second, at most ``events``.
        pictures: what to send, in turn.
        log: where number and time of each picture are written, or None.
        offset: seconds after which it begins, so that not all jobs send at the same moment.
    """

    async def run(stage: Stage) -> None:
        node = next(n for n in stage.prompt.graph if "Sampler" in stage.prompt.class_of(n))
        await steps.executing(node).run(stage)
        await asyncio.sleep(offset)
        clock = asyncio.get_running_loop().time
        began, number = clock(), 0
        for index in range(1_000_000):
            await asyncio.sleep(max(0.0, began + index / events - clock()))
            picture = None
            if index * previews // events > (index - 1) * previews // events:
                number += 1
                picture = pictures[number % COUNT]
                if log:
                    log.write(f"{number % COUNT} {time.time():.6f}\n")
            await stage.progress(node, index % 10_000, 10_000, picture)

    return Step("stream", run)


def _main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("--events", "--previews", "--pace"):
        parser.add_argument(name, type=float, required=True)
    parser.add_argument("--jobs", type=int, required=True)
    parser.add_argument("--log", required=True)
    asked = parser.parse_args()
    pictures = numbered()
    with open(asked.log, "w", buffering=1) as log, FakeComfyUI(parallel=asked.jobs) as comfy:
        comfy.script(*(_play(asked, pictures, log, number) for number in range(asked.jobs + 1)))
        print(comfy.url, flush=True)
        sys.stdin.read()


class Paced(Play):
    """The run that a real server would make of the graph, each sampler step taking ``pace`` seconds."""

    def __init__(self, pace: float) -> None:
        super().__init__()
        self._pace = pace

    def steps_for(self, usual: Callable[[], list[Step]]) -> list[Step]:
        """Each step's progress follows a pause, as it does when something is computed."""
        planned = usual()
        pauses = ([steps.wait(self._pace)] if step.name.startswith("progress") else [] for step in planned)
        return [played for pause, step in zip(pauses, planned, strict=True) for played in (*pause, step)]


def _play(asked: argparse.Namespace, pictures: list[bytes], log: IO[str], number: int) -> Play:
    if asked.pace:
        return Paced(asked.pace)
    moving = stream(asked.events, asked.previews, pictures, None if number else log, number / asked.jobs / asked.events)
    return Play(steps.start(), steps.cached(), moving, steps.success(), steps.end())


if __name__ == "__main__":
    _main()
