"""Results on their way to the caller: checked, decoded, each delivered once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

from comfy_api.errors import ComfyError
from comfy_api.protocol.events import Result
from comfy_api.protocol.follow import Arrived, OutputRef
from comfy_api.protocol.images import BadPicture, TooManyPixels, decode, is_whole, sniff

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from comfy_api.protocol.client import ComfyClient

log = logging.getLogger(__name__)


class Delivery:
    """Takes pictures from the websocket and files from ``/view``. Thread-safe; ``close`` it.

    Files are fetched by threads of its own: the websocket has to be read all the while (protocol.md §0.5).
    """

    def __init__(
        self,
        client: ComfyClient,
        title: Callable[[str], str],
        announce: Callable[[Result], None],
        *,
        keep: bool = True,
    ) -> None:
        """
        Args:
            client: fetches.
            title: node id → title.
            announce: takes each result once.
            keep: whether ``results`` holds them afterwards.
        """
        self.results: list[Result] = []
        self._keep = keep
        self._client, self._title, self._announce = client, title, announce
        self._lock = threading.Lock()  # guards the three below and keeps announcements in order
        self._have: dict[str, set[int]] = {}
        self._fetching: dict[OutputRef, Future[None]] = {}
        self._fetchers: ThreadPoolExecutor | None = None

    @property
    def have(self) -> dict[str, set[int]]:
        """What was delivered: node id → indexes."""
        with self._lock:
            return {node_id: set(indexes) for node_id, indexes in self._have.items()}

    def take(self, arrived: Arrived, *, recomputed: bool) -> None:
        """A picture came over the websocket. A broken one is left out: it counts as missing and is asked for again."""
        self._deliver(arrived.node_id, arrived.index, arrived.data, "", recomputed=recomputed)

    def fetch(self, refs: Iterable[OutputRef], *, recomputed: bool = False) -> None:
        """Fetch these files, each once. Files of the input folder are no results."""
        for ref in refs:
            if ref.type == "input":
                continue
            with self._lock:
                if ref in self._fetching or ref.index in self._have.get(ref.node_id, ()):
                    continue
                if self._fetchers is None:
                    self._fetchers = ThreadPoolExecutor(2, thread_name_prefix="easel-fetch")
                self._fetching[ref] = self._fetchers.submit(self._fetch, ref, recomputed)

    def unfetched(self, timeout: float) -> list[str]:
        """Wait for the fetches; then the nodes with a file that could not be had, each once."""
        with self._lock:
            pending = dict(self._fetching)
            self._fetching.clear()
        wait(pending.values(), timeout=timeout)
        have = self.have
        return list(dict.fromkeys(ref.node_id for ref in pending if ref.index not in have.get(ref.node_id, ())))

    def close(self) -> None:
        """End the fetching threads; fetches not begun are left out."""
        with self._lock:
            fetchers, self._fetchers = self._fetchers, None
        if fetchers is not None:
            fetchers.shutdown(wait=True, cancel_futures=True)

    def _fetch(self, ref: OutputRef, recomputed: bool) -> None:
        try:
            data = self._client.view(ref.filename, subfolder=ref.subfolder, type=ref.type)
        except ComfyError as error:
            log.warning("result %d of node %s could not be fetched: %s", ref.index, ref.node_id, error)
            return
        self._deliver(ref.node_id, ref.index, data, ref.filename, recomputed=recomputed)

    def _deliver(self, node_id: str, index: int, data: bytes, filename: str, *, recomputed: bool) -> None:
        try:
            # HTTP has counted a file's bytes; nobody has counted a frame's.
            if not filename and not is_whole(data):
                raise BadPicture("its end is missing")
            image = _pixels(data)
        except BadPicture as error:
            log.warning("result %d of node %s is broken: %s", index, node_id, error)
            return
        mime = sniff(data) or "application/octet-stream"
        result = Result(node_id, self._title(node_id), index, data, mime, image, filename, recomputed)
        with self._lock:
            delivered = self._have.setdefault(node_id, set())
            if index in delivered:
                return
            delivered.add(index)
            if self._keep:
                self.results.append(result)
            self._announce(result)


def _pixels(data: bytes) -> NDArray[np.generic] | None:
    """The decoded picture; None for a file that is none, or one with more pixels than are decoded here."""
    if not sniff(data):
        return None
    try:
        return decode(data)
    except TooManyPixels:
        return None
