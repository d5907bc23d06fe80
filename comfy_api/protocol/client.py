"""The client of one ComfyUI: a method a route.

``get_*`` is one HTTP call, ``fetch_*`` brings bytes, ``run`` follows a prompt from submission to pictures.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote

from urllib3.util import Retry

from comfy_api.errors import ApiError, ComfyError
from comfy_api.protocol.address import parse_address
from comfy_api.protocol.http import MAX_FILE, Http, Reply
from comfy_api.protocol.replies import Accepted, Health, HistoryEntry, Queue, SystemStats, Uploaded
from comfy_api.protocol.run import Run, RunOptions
from comfy_api.protocol.socket import Socket
from comfy_api.workflow import Workflow

#: How long a whole object_info is good for; ``refresh=True`` asks anew.
OBJECT_INFO_FOR: Final = 300.0
#: Most history entries asked for at once: a whole history takes megabytes (protocol.md §9).
MAX_HISTORY: Final = 200


class ComfyClient:
    """One ComfyUI. Thread-safe; a context manager; closing twice is fine.

    Every method raises ``ServerUnreachable``, ``SignInNeeded``, ``ApiError`` or ``ProtocolError``, and what its own
    docstring names. Reads are repeated on connection errors, 429 and 502–504; nothing else is.
    """

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        api_key: str | None = None,
        timeout: float = 30.0,
        retries: Retry | None = None,
    ) -> None:
        """Nothing is sent yet.

        Args:
            url: http or https, with a path prefix where a proxy has one; ``user:password@`` is basic authentication.
            headers: go with every request and the websocket handshake.
            params: query parameters, likewise.
            api_key: ``Authorization: Bearer``; for ``*.comfy.org`` as they want it.
            timeout: seconds without an answer; servers that encode large pictures pause for seconds.
            retries: other rules for reads than the usual ones.

        Raises:
            ValueError: no address.
        """
        self.address = parse_address(url, headers=headers, params=params, api_key=api_key)
        self._http = Http(self.address, timeout=timeout, retries=retries)
        self._probe = Http(self.address, timeout=min(timeout, 5.0), retries=Retry(0))
        self._lock = threading.Lock()  # guards the two caches
        self._object_info: tuple[float, dict[str, Any]] | None = None
        self._classes: dict[str, tuple[float, dict[str, Any]]] = {}

    def __repr__(self) -> str:
        return f"ComfyClient({self.address.url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections. Runs under way go on: stop them first."""
        self._http.close()
        self._probe.close()

    def hasty(self) -> ComfyClient:
        """A client of the same server that repeats nothing and waits 10 s at most: for those who ask again anyway."""
        hasty = ComfyClient(self.address.url, timeout=min(self._http.timeout, 10.0), retries=Retry(0))
        hasty.address = hasty._http.address = self.address
        return hasty

    # --- the server ---------------------------------------------------------------------------------------

    def health(self) -> Health:
        """Whether the server answers, as what, and how fast. Never raises a ComfyError: it says it in words."""
        began = time.monotonic()
        try:
            reply = self._probe.get("/system_stats")
            stats = SystemStats.parse(reply.json(), self.address.url)
        except ComfyError as error:
            return Health(connected=False, error=str(error))
        latency = time.monotonic() - began
        return Health(connected=True, version=stats.version, latency=latency, demo=stats.demo)

    def get_system_stats(self) -> SystemStats:
        """Version, memory and devices."""
        return SystemStats.parse(self._http.get("/system_stats").json(), self.address.url)

    def get_features(self) -> dict[str, Any]:
        """The server's feature flags (protocol.md §3)."""
        return dict(self._http.get("/features").json())

    def get_object_info(self, class_type: str | None = None, *, refresh: bool = False) -> dict[str, Any]:
        """Node definitions: of every class, or of one; empty for a class that the server does not have.

        Kept for ``OBJECT_INFO_FOR`` seconds. Treat the answer as read-only.
        """
        now = time.monotonic()
        with self._lock:
            if self._object_info and not refresh and now - self._object_info[0] < OBJECT_INFO_FOR:
                whole = self._object_info[1]
                return whole if class_type is None else _one(whole, class_type)
            kept = self._classes.get(class_type or "")
            if kept and not refresh and now - kept[0] < OBJECT_INFO_FOR:
                return kept[1]
        path = "/object_info" if class_type is None else f"/object_info/{quote(class_type, safe='')}"
        info = dict(self._http.get(path).json())
        with self._lock:
            if class_type is None:
                self._object_info = (now, info)
            else:
                self._classes[class_type] = (now, info)
        return info

    def forget_object_info(self) -> None:
        """Ask anew next time: the server was restarted, or got new models."""
        with self._lock:
            self._object_info = None
            self._classes.clear()

    def get_models(self, folder: str | None = None) -> list[str]:
        """The model folders, or the files of one. Raises ApiError with status 404 for an unknown folder."""
        path = "/models" if folder is None else f"/models/{quote(folder, safe='')}"
        return [str(name) for name in self._http.get(path).json()]

    def get_embeddings(self) -> list[str]:
        """Names of textual inversions, without extension."""
        return [str(name) for name in self._http.get("/embeddings").json()]

    def free(self, *, unload_models: bool = True, free_memory: bool = False) -> None:
        """Unload models; with ``free_memory`` the cache of node outputs goes too (protocol.md §9)."""
        self._http.post("/free", json={"unload_models": unload_models, "free_memory": free_memory})

    # --- queue and history --------------------------------------------------------------------------------

    def get_queue(self) -> Queue:
        """What runs and what waits, of all clients."""
        return Queue.parse(self._http.get("/queue").json(), self.address.url)

    def get_queue_remaining(self) -> int:
        """How many prompts run or wait: the cheapest question there is."""
        return int(self._http.get("/prompt").json()["exec_info"]["queue_remaining"])

    def find_history(self, prompt_id: str) -> HistoryEntry | None:
        """The prompt's end, or None while it waits, runs or is not known."""
        data = self._http.get(f"/history/{quote(prompt_id, safe='')}").json()
        return HistoryEntry.parse(prompt_id, data[prompt_id]) if prompt_id in data else None

    def get_history(self, newest: int = 20) -> list[HistoryEntry]:
        """The ``newest`` prompts that are over, oldest first; at most ``MAX_HISTORY``."""
        data = self._http.get("/history", {"max_items": max(1, min(newest, MAX_HISTORY))}).json()
        return [HistoryEntry.parse(str(prompt_id), entry) for prompt_id, entry in data.items()]

    def clear_history(self, prompt_ids: Sequence[str] | None = None) -> None:
        """Forget these prompts, or all of them."""
        self._http.post("/history", json={"clear": True} if prompt_ids is None else {"delete": list(prompt_ids)})

    def get_jobs(self, *, status: str = "", limit: int = 50, offset: int = 0) -> list[dict[str, Any]] | None:
        """The newer servers' list of prompts (protocol.md §14); None where there is no such route."""
        params = {
            "limit": min(limit, MAX_HISTORY),
            "offset": offset,
            **({"status": status} if status else {}),
        }
        try:
            return list(self._http.get("/api/jobs", params).json().get("jobs") or [])
        except ApiError as error:
            if error.status in (404, 405):
                return None
            raise

    def find_job(self, prompt_id: str) -> dict[str, Any] | None:
        """The newer servers' view of one prompt; None where there is no such route or prompt."""
        try:
            return dict(self._http.get(f"/api/jobs/{quote(prompt_id, safe='')}").json())
        except ApiError as error:
            if error.status in (404, 405):
                return None
            raise

    # --- pictures -----------------------------------------------------------------------------------------

    def view(
        self,
        filename: str,
        *,
        subfolder: str = "",
        type: str = "output",
        preview: str = "",
        channel: str = "",
    ) -> bytes:
        """A file on the server.

        Args:
            filename: without folders.
            subfolder: below the folder that ``type`` names.
            type: ``output``, ``temp`` or ``input``.
            preview: ``webp;90`` or ``jpeg;50`` for a smaller copy.
            channel: ``rgb``, ``a`` or ``rgba``.
        """
        params = {"filename": filename, "subfolder": subfolder, "type": type}
        params |= {key: value for key, value in (("preview", preview), ("channel", channel)) if value}
        return self._http.get("/view", params, most=MAX_FILE).body

    def upload_image(
        self, data: bytes, filename: str, *, subfolder: str = "", overwrite: bool = False, type: str = "input"
    ) -> Uploaded:
        """Put a picture into the server's folder. Use the name that comes back: it may be another one."""
        fields = {"type": type, "subfolder": subfolder, **({"overwrite": "true"} if overwrite else {})}
        return self._upload("/upload/image", data, filename, fields)

    def upload_mask(self, data: bytes, filename: str, *, original: Uploaded, subfolder: str = "") -> Uploaded:
        """Put a mask, taken from the alpha channel of ``data``, over a picture that is there already."""
        reference = {"filename": original.name, "subfolder": original.subfolder, "type": original.type}
        fields = {"type": "input", "subfolder": subfolder, "original_ref": json.dumps(reference)}
        return self._upload("/upload/mask", data, filename, fields)

    def _upload(self, path: str, data: bytes, filename: str, fields: Mapping[str, str]) -> Uploaded:
        files = {"image": (filename, data, "application/octet-stream")}
        answer = self._http.post(path, data=dict(fields), files=files).json()
        return Uploaded(
            str(answer["name"]), str(answer.get("subfolder") or ""), str(answer.get("type") or fields["type"])
        )

    # --- prompts ------------------------------------------------------------------------------------------

    def queue_prompt(
        self,
        graph: Mapping[str, Any],
        *,
        client_id: str,
        prompt_id: str,
        front: bool = False,
        number: float | None = None,
        extra_data: Mapping[str, Any] | None = None,
        targets: Sequence[str] | None = None,
        titles: Mapping[str, str] | None = None,
    ) -> Accepted:
        """POST /prompt, once. ``run`` does this and follows it; it also looks a lost answer up before sending again.

        Args:
            graph: API format.
            client_id: whose websocket hears of it.
            prompt_id: our own id, a canonical lower-case UUID: newer servers demand it.
            front: ahead of whatever waits.
            number: place by number, lower first.
            extra_data: such as ``api_key_comfy_org``, or ``extra_pnginfo`` with the ``workflow`` for saved files.
            targets: only these output nodes.
            titles: node id → title, for the words of a refusal.

        Raises:
            PromptRejected: the graph was refused.
        """
        body: dict[str, Any] = {"prompt": graph, "client_id": client_id, "prompt_id": prompt_id}
        body |= {"front": True} if front else {}
        body |= {} if number is None else {"number": number}
        body |= {"extra_data": dict(extra_data)} if extra_data else {}
        body |= {} if targets is None else {"partial_execution_targets": list(targets)}
        reply: Reply = self._http.post("/prompt", json=body, ok_only=False)
        return Accepted.parse(reply, titles or {})

    def delete_pending(self, prompt_ids: Sequence[str]) -> None:
        """Take waiting prompts out of the queue; running ones are not touched."""
        self._http.post("/queue", json={"delete": list(prompt_ids)})

    def interrupt(self, prompt_id: str) -> None:
        """Stop this prompt if it is the running one. Waiting ones are not touched."""
        self._http.post("/interrupt", json={"prompt_id": prompt_id})

    def interrupt_whoever_runs(self) -> None:
        """Stop the running prompt, whosever it is. ``interrupt`` and ``cancel`` stop only one's own."""
        self._http.post("/interrupt", json={})

    def cancel(self, prompt_id: str) -> None:
        """Make sure that this prompt neither waits nor runs; others are not touched (design.md, decision 4).

        The server answers before it has stopped: ``find_history`` or the run's end tell.
        """
        reply = self._http.post(f"/api/jobs/{quote(prompt_id, safe='')}/cancel", json={}, ok_only=False)
        if reply.status < 400 and reply.content_type == "application/json":
            return
        self.delete_pending([prompt_id])
        # Servers from before the targeted interrupt would stop whoever runs: ask only when it is this one.
        if prompt_id in [entry.prompt_id for entry in self.get_queue().running]:
            self.interrupt(prompt_id)

    def run(
        self,
        workflow: Workflow | Mapping[str, Any],
        *,
        swap: bool = True,
        front: bool = False,
        number: float | None = None,
        extra_data: Mapping[str, Any] | None = None,
        targets: Sequence[str] | None = None,
        silence: float = 1800.0,
        patience: float = 300.0,
    ) -> Run:
        """Queue a workflow and follow it. Returns once the server has taken it.

        Args:
            workflow: API format.
            swap: let PreviewImage nodes send their pictures over the websocket (design.md, decision 3).
            front, number, extra_data, targets: as in ``queue_prompt``.
            silence: seconds without any sign of life before the run fails with ``RunTimeout``.
            patience: seconds for a server that went away to come back, before it fails with ``ServerUnreachable``.

        Raises:
            PromptRejected: the graph was refused.
            ServerUnreachable, SignInNeeded, ApiError, ProtocolError.
        """
        loaded = workflow if isinstance(workflow, Workflow) else Workflow.load(workflow)
        options = RunOptions(
            swap=swap,
            front=front,
            number=number,
            extra_data=dict(extra_data or {}),
            targets=None if targets is None else tuple(targets),
            silence=silence,
            patience=patience,
        )
        return Run.start(self, loaded, options)

    def connect(self, client_id: str, *, timeout: float | None = None) -> Socket:
        """Open the websocket that hears of ``client_id``'s prompts. The caller's thread owns it."""
        return Socket(self.address, client_id, timeout=self._http.timeout if timeout is None else timeout)


def _one(whole: Mapping[str, Any], class_type: str) -> dict[str, Any]:
    return {class_type: whole[class_type]} if class_type in whole else {}
