"""Live views without a browser: each acknowledges a picture as soon as it has it, as a page does once it is drawn."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from websockets.asyncio.client import connect

from lib.web import Maker, Web


@dataclass
class Viewer:
    """One live view and what came over it."""

    address: str
    cookie: str
    pictures: int = 0
    states: int = 0

    async def look(self) -> None:
        """Take what comes until cancelled."""
        cookie = {"Cookie": self.cookie}
        async with connect(self.address, additional_headers=cookie, max_size=None, ping_interval=None) as socket:
            async for message in socket:
                if isinstance(message, bytes):
                    self.pictures += 1
                    await socket.send("a")
                else:
                    self.states += 1


class Viewers:
    """So many makers, each with a job and a live view of it, in a thread of their own."""

    def __init__(self, web: Web, count: int) -> None:
        self.all = [self._make(web) for _ in range(count)]
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="viewers", daemon=True)

    @staticmethod
    def _make(web: Web) -> Viewer:
        maker = Maker(web)
        return Viewer(f"ws{web.url[4:]}/easel/jobs/{maker.submit()}/live", maker.cookie)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._everyone.cancel)
        self._thread.join(10)

    def counts(self) -> list[tuple[int, int]]:
        """Pictures and states of each so far."""
        return [(viewer.pictures, viewer.states) for viewer in self.all]

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._everyone = self._loop.create_task(self._look())
        self._ready.set()
        try:
            self._loop.run_until_complete(self._everyone)
        except asyncio.CancelledError:
            pass
        finally:
            self._loop.close()

    async def _look(self) -> None:
        await asyncio.gather(*(viewer.look() for viewer in self.all))
