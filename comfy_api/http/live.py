"""The live view's websocket: a job's state as text, its newest preview as bytes.

Latest wins: however fast the server, a viewer gets the newest state at its own pace, and no second preview before it
has drawn the first. Nothing is polled; the thread that changes a job wakes whoever watches it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from starlette.websockets import WebSocket, WebSocketDisconnect

from comfy_api.errors import JobNotFound
from comfy_api.http.origin import is_same_origin
from comfy_api.http.view import job_view
from comfy_api.jobs.job import Job
from comfy_api.service import Service

#: Seconds between two updates of one viewer, at least: smooth to the eye, cheap for everyone.
PACE: Final = 1 / 25
#: What came meanwhile is sent after so many seconds more, unless something newer comes before and goes in its place.
FRESHER_WITHIN: Final = 1 / 30
#: A viewer that has not said so after so long gets the next preview all the same: its page was in the background.
DRAWN_WITHIN: Final = 5.0
#: The close code for somebody else's job, and for another site's page.
_NOT_YOURS: Final = 1008
_GOING_AWAY: Final = 1001


async def live(websocket: WebSocket, service: Service, owner: str | None) -> None:
    """Serve one viewer until the job is over or the viewer goes."""
    job_id = websocket.path_params["job"]
    if owner is None or not is_same_origin(websocket, service.settings.origins):
        await websocket.close(_NOT_YOURS)
        return
    try:
        service.joined(owner, job_id)
    except JobNotFound:
        # A refused handshake looks like a broken line to the page, which would try again for ever.
        await websocket.accept()
        await websocket.close(_NOT_YOURS)
        return
    viewer = _Viewer(websocket, service, owner, job_id)
    try:
        await viewer.serve()
    finally:
        service.left(owner, job_id, goodbye=viewer.said_goodbye)


class _Viewer:
    """One open live view."""

    def __init__(self, websocket: WebSocket, service: Service, owner: str, job_id: str) -> None:
        self.said_goodbye = False
        self._websocket, self._service, self._owner, self._job_id = websocket, service, owner, job_id
        self._changed = asyncio.Event()
        self._drawn, self._held = True, False  # whether the last preview is on the page, and a newer one waits for that
        self._sent_version, self._sent_preview, self._preview_at = -1, 0, 0.0

    async def serve(self) -> None:
        await self._websocket.accept()
        wake = _waker(asyncio.get_running_loop(), self._changed)
        watch = self._service.watch(self._owner, self._job_id, wake)
        sending, hearing = asyncio.create_task(self._send_all()), asyncio.create_task(self._hear())
        try:
            await asyncio.wait((sending, hearing), return_when=asyncio.FIRST_COMPLETED)
        finally:
            watch.close()
            for task in (sending, hearing):
                task.cancel()
            await asyncio.gather(sending, hearing, return_exceptions=True)

    async def _hear(self) -> None:
        """Take the viewer's words until it goes."""
        try:
            while True:
                word = await self._websocket.receive_text()
                if word == "a":
                    self._drawn = True
                    if self._held:
                        self._changed.set()
                elif word == "bye":
                    self.said_goodbye = True
                elif word == "stop":
                    await asyncio.to_thread(self._service.stop, self._owner, self._job_id)
        except (WebSocketDisconnect, JobNotFound, KeyError):
            return

    async def _send_all(self) -> None:
        """Send the newest whenever there is something new, ``PACE`` seconds apart, until the job is over."""
        try:
            while not await self._send_newest():
                await asyncio.sleep(PACE)
                await self._next_change()
            await self._websocket.close()
        except (WebSocketDisconnect, RuntimeError, JobNotFound):
            return  # the viewer is gone; Starlette says so in either way

    async def _next_change(self) -> None:
        """Wait for news. What is old already waits a moment for its successor: what is sent is as new as can be."""
        if self._changed.is_set():
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(FRESHER_WITHIN):
                    await self._changed.wait()
        else:
            await self._changed.wait()
        self._changed.clear()

    async def _send_newest(self) -> bool:
        """Send what is new; True once the job's end was sent."""
        job = self._service.get(self._owner, self._job_id)
        # The picture first: where the line holds small pieces back until the last is acknowledged, it does not wait.
        if not job.over:
            await self._send_preview()
        await self._send_state(job)
        return job.over

    async def _send_preview(self) -> None:
        preview = self._service.preview(self._owner, self._job_id)
        new = preview is not None and preview.number != self._sent_preview
        self._held = new and not self._may_send_preview()
        if preview is not None and new and not self._held:
            self._sent_preview = preview.number
            self._drawn = False
            self._preview_at = asyncio.get_running_loop().time()
            await self._websocket.send_bytes(preview.data)

    async def _send_state(self, job: Job) -> None:
        if job.version != self._sent_version:
            self._sent_version = job.version
            view = job_view(job, self._service.settings.base_path)
            await self._websocket.send_text(json.dumps(view, separators=(",", ":")))

    def _may_send_preview(self) -> bool:
        return self._drawn or asyncio.get_running_loop().time() - self._preview_at > DRAWN_WITHIN


def _waker(loop: asyncio.AbstractEventLoop, changed: asyncio.Event) -> Callable[[], None]:
    """What a job's thread calls at each change. Waking the loop costs a system call, so it is left out while set."""

    def wake() -> None:
        if not changed.is_set() and not loop.is_closed():
            loop.call_soon_threadsafe(changed.set)

    return wake
