"""Plays prompts: takes them from the queue in order and performs their steps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from comfy_api.testing.board import FOREIGN, Board, Prompt
from comfy_api.testing.chaos import Chaos
from comfy_api.testing.plan import signatures, usual_run
from comfy_api.testing.play import Step
from comfy_api.testing.stage import Stage


class Player:
    """Performs the prompts of one board.

    Args:
        board: the server's state.
        parallel: how many prompts run at once; a real server runs one.
        cache: whether the last prompt's nodes are cached.
        chaos: the faults drawn at each step, or None.
        failed: told of each step that raised.
    """

    def __init__(
        self,
        board: Board,
        parallel: int,
        cache: bool,
        chaos: Callable[[], Chaos | None],
        failed: Callable[[Exception], None],
    ) -> None:
        self._board, self._cache, self._chaos, self._failed = board, cache, chaos, failed
        self._workers = [asyncio.create_task(self._work()) for _ in range(parallel)]

    async def close(self) -> None:
        """End all plays; nothing more is sent."""
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        for prompt in [*self._board.pending, *self._board.running]:
            prompt.answered.set()

    async def _work(self) -> None:
        while True:
            prompt = await self._board.take()
            await self._board.broadcast_status()
            await self._perform(Stage(self._board, prompt))

    async def _perform(self, stage: Stage) -> None:
        prompt = stage.prompt
        playing = asyncio.create_task(self._play(stage))
        stopped = asyncio.create_task(prompt.interrupted.wait())
        watched = {playing, stopped} if prompt.play.interruptible else {playing}
        try:
            await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
            if not playing.done():
                await _ended(playing)
                await stage.stopped("execution_interrupted", None)
                await stage.finish()
        finally:
            await _ended(playing, stopped)
            self._board.finish(prompt)

    async def _play(self, stage: Stage) -> None:
        try:
            for step in self._steps(stage.prompt):
                chaos = self._chaos()
                for fault in chaos.before_step() if chaos and stage.prompt.client_id != FOREIGN else ():
                    await fault.run(stage)
                await step.run(stage)
        except Exception as error:  # noqa: BLE001 - the test's own step; it comes up again at close
            self._failed(error)

    def _steps(self, prompt: Prompt) -> list[Step]:
        def usual() -> list[Step]:
            known = self._board.cache if self._cache else {}
            prompt.signatures = signatures(prompt.graph)
            return usual_run(prompt.graph, prompt.outputs_to_execute, known)

        return prompt.play.steps_for(usual)


async def _ended(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks and wait until they are over."""
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)  # unlike awaiting each, this does not take our own cancelling for theirs
