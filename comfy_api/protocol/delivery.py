"""Results on their way to the caller: checked, decoded, each delivered once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from comfy_api.errors import AnswerTooLarge, ComfyError, ResultTooLarge
from comfy_api.protocol.contents import HEAD, PICTURES, ending, media_of, mime_of
from comfy_api.protocol.events import Result
from comfy_api.protocol.follow import Arrived
from comfy_api.protocol.images import BadPicture, TooManyPixels, decode, is_animated, is_whole, sniff
from comfy_api.protocol.outputs import Output, OutputRef, OutputText
from comfy_api.workflow import Media

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from comfy_api.protocol.client import ComfyClient

log = logging.getLogger(__name__)


class Delivery:
    """Takes pictures from the websocket, files from ``/view``, and texts. Thread-safe; ``close`` it.

    Files are fetched by threads of its own: the websocket has to be read all the while (protocol.md §0.5).
    """

    def __init__(
        self,
        client: ComfyClient,
        title: Callable[[str], str],
        announce: Callable[[Result], None],
        *,
        keep: bool = True,
        spool: Path | None = None,
    ) -> None:
        """
        Args:
            client: fetches.
            title: node id → title.
            announce: takes each result once.
            keep: whether ``results`` holds them afterwards.
            spool: a folder for files that are no pictures; without one they are held in memory.
        """
        self.results: list[Result] = []
        #: Set by a file that is larger than is fetched: asking again would not make it smaller.
        self.too_large: ResultTooLarge | None = None
        self._keep, self._spool = keep, spool
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
        node_id, index, data = arrived.node_id, arrived.index, arrived.data
        try:
            # HTTP has counted a file's bytes; nobody has counted a frame's.
            if not is_whole(data):
                raise BadPicture("its end is missing")
            mime, image = mime_of(data), _pixels(data)
        except BadPicture as error:
            log.warning("result %d of node %s is broken: %s", index, node_id, error)
            return
        self._deliver(Result(node_id, self._title(node_id), index, data, mime, image, "", recomputed))

    def fetch(self, outputs: Iterable[Output], *, recomputed: bool = False) -> None:
        """Fetch these files, each once; texts are here already. Files of the input folder are no results."""
        for output in outputs:
            if isinstance(output, OutputText):
                self._deliver(self._of_text(output, recomputed))
            elif output.type != "input":
                self._begin(output, recomputed)

    def _begin(self, ref: OutputRef, recomputed: bool) -> None:
        with self._lock:
            if ref in self._fetching or ref.index in self._have.get(ref.node_id, ()):
                return
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
        lost = (ref for ref in pending if not ref.guessed and ref.index not in have.get(ref.node_id, ()))
        return list(dict.fromkeys(ref.node_id for ref in lost))

    def close(self) -> None:
        """End the fetching threads; fetches not begun are left out."""
        with self._lock:
            fetchers, self._fetchers = self._fetchers, None
        if fetchers is not None:
            fetchers.shutdown(wait=True, cancel_futures=True)

    def _fetch(self, ref: OutputRef, recomputed: bool) -> None:
        try:
            result = self._of_file(ref, recomputed)
        except AnswerTooLarge as error:
            self.too_large = ResultTooLarge(self._title(ref.node_id), error.most)
        except (ComfyError, BadPicture, OSError) as error:
            log.warning("result %d of node %s could not be fetched: %s", ref.index, ref.node_id, error)
        else:
            self._deliver(result)

    def _of_text(self, output: OutputText, recomputed: bool) -> Result:
        title, data = self._title(output.node_id), output.text.encode("utf-8", "replace")
        return Result(output.node_id, title, output.index, data, "text/plain", None, "", recomputed, Media.TEXT)

    def _of_file(self, ref: OutputRef, recomputed: bool) -> Result:
        """Raises ComfyError; BadPicture for a broken picture; OSError where it cannot be written."""
        data, path = self._read(ref)
        if path is not None and sniff(_head_of(path)):  # a picture after all
            data, path = _taken_from(path), None
        head = data[:HEAD] if path is None else _head_of(path)
        mime = mime_of(head, ref.filename, ref.key)
        media = media_of(mime, ref.filename, ref.key)
        image = _pixels(data)
        if media is Media.IMAGE:
            media = Media.FILE if image is None else Media.ANIMATION if is_animated(data) else Media.IMAGE
        title = self._title(ref.node_id)
        return Result(ref.node_id, title, ref.index, data, mime, image, ref.filename, recomputed, media, path)

    def _read(self, ref: OutputRef) -> tuple[bytes, Path | None]:
        """Pictures into memory, where they are decoded; other files onto the disk, where there is a place for them."""
        view = partial(self._client.view, ref.filename, subfolder=ref.subfolder, type=ref.type)
        if self._spool is None or ending(ref.filename) in PICTURES:
            return view(), None
        path = self._spool / uuid4().hex
        try:
            with path.open("xb") as file:
                view(into=file)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return b"", path

    def _deliver(self, result: Result) -> None:
        """Announce it, unless it was before."""
        with self._lock:
            delivered = self._have.setdefault(result.node_id, set())
            if result.index not in delivered:
                delivered.add(result.index)
                if self._keep:
                    self.results.append(result)
                self._announce(result)
                return
        if result.path is not None:
            result.path.unlink(missing_ok=True)


def _pixels(data: bytes) -> NDArray[np.generic] | None:
    """The decoded picture; None for a file that is none, or one with more pixels than are decoded here."""
    if not sniff(data):
        return None
    try:
        return decode(data)
    except TooManyPixels:
        return None


def _head_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD)


def _taken_from(path: Path) -> bytes:
    data = path.read_bytes()
    path.unlink()
    return data
