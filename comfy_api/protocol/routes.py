"""The routes of one ComfyUI: a method each, one HTTP call a method.

``get_*`` reads, ``find_*`` may find nothing, ``view`` brings bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO, Final
from urllib.parse import quote

from comfy_api.errors import ApiError, ProtocolError
from comfy_api.protocol.http import MAX_FILE, Http
from comfy_api.protocol.replies import Accepted, HistoryEntry, Queue, Ran, SystemStats, Uploaded

#: Most history entries asked for at once: a whole history takes megabytes (protocol.md §9).
MAX_HISTORY: Final = 200
#: Most bytes of one workflow file, and of one list of them.
MAX_WORKFLOW: Final = 20_000_000
#: Answers of a server without the route.
_NO_SUCH_ROUTE: Final = (404, 405)


class Routes:
    """One method a route. Thread-safe.

    Every method raises ``ServerUnreachable``, ``SignInNeeded``, ``ApiError`` or ``ProtocolError``, and what its own
    docstring names. Reads are repeated on connection errors, 429 and 502–504; nothing else is.
    """

    def __init__(self, http: Http) -> None:
        self._http = http

    # --- the server ---------------------------------------------------------------------------------------

    def get_system_stats(self) -> SystemStats:
        """Version, memory and devices."""
        reply = self._http.get("/system_stats")
        return SystemStats.parse(reply.json(), reply.url)

    def get_features(self) -> dict[str, Any]:
        """The server's feature flags (protocol.md §3)."""
        return self._http.get("/features").json_object()

    def get_models(self, folder: str | None = None) -> list[str]:
        """The model folders, or the files of one. Raises ApiError with status 404 for an unknown folder."""
        path = "/models" if folder is None else f"/models/{quote(folder, safe='')}"
        return [str(name) for name in self._http.get(path).json_list()]

    def get_embeddings(self) -> list[str]:
        """Names of textual inversions, without extension."""
        return [str(name) for name in self._http.get("/embeddings").json_list()]

    def free(self, *, unload_models: bool = True, free_memory: bool = False) -> None:
        """Unload models; with ``free_memory`` the cache of node outputs goes too (protocol.md §9)."""
        self._http.post("/free", json={"unload_models": unload_models, "free_memory": free_memory})

    # --- queue and history --------------------------------------------------------------------------------

    def get_queue(self) -> Queue:
        """What runs and what waits, of all clients."""
        reply = self._http.get("/queue")
        return Queue.parse(reply.json(), reply.url)

    def get_queue_remaining(self) -> int:
        """How many prompts run or wait: the cheapest question there is."""
        reply = self._http.get("/prompt")
        try:
            return int(reply.json_object()["exec_info"]["queue_remaining"])
        except (KeyError, TypeError, ValueError):
            raise ProtocolError(reply.url, "no queue_remaining") from None

    def find_history(self, prompt_id: str) -> HistoryEntry | None:
        """The prompt's end, or None while it waits, runs or is not known."""
        data = self._http.get(f"/history/{quote(prompt_id, safe='')}").json_object()
        return HistoryEntry.parse(prompt_id, data[prompt_id]) if prompt_id in data else None

    def get_history(self, newest: int = 20) -> list[HistoryEntry]:
        """The ``newest`` prompts that are over, oldest first; at most ``MAX_HISTORY``."""
        data = self._http.get("/history", {"max_items": max(1, min(newest, MAX_HISTORY))}).json_object()
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
            jobs = self._http.get("/api/jobs", params).json_object().get("jobs")
        except ApiError as error:
            if error.status in _NO_SUCH_ROUTE:
                return None
            raise
        return [job for job in jobs if isinstance(job, dict)] if isinstance(jobs, list) else []

    def find_job(self, prompt_id: str) -> dict[str, Any] | None:
        """The newer servers' view of one prompt; None where there is no such route or prompt."""
        try:
            return self._http.get(f"/api/jobs/{quote(prompt_id, safe='')}").json_object()
        except ApiError as error:
            if error.status in _NO_SUCH_ROUTE:
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
        into: BinaryIO | None = None,
    ) -> bytes:
        """A file on the server; at most ``MAX_FILE`` bytes.

        Args:
            filename: without folders.
            subfolder: below the folder that ``type`` names.
            type: ``output``, ``temp`` or ``input``.
            preview: ``webp;90`` or ``jpeg;50`` for a smaller copy.
            channel: ``rgb``, ``a`` or ``rgba``.
            into: write it there, and give back nothing: a video need not fit into memory.

        Raises:
            AnswerTooLarge: it is larger.
        """
        params = {"filename": filename, "subfolder": subfolder, "type": type}
        params |= {key: value for key, value in (("preview", preview), ("channel", channel)) if value}
        return self._http.get("/view", params, most=MAX_FILE, into=into).body

    def has_file(self, filename: str, *, subfolder: str = "", type: str = "output") -> bool:
        """Whether the file is on the server, without fetching it. Arguments as in ``view``."""
        return self._http.has("/view", {"filename": filename, "subfolder": subfolder, "type": type})

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
        return Uploaded.parse(self._http.post(path, data=dict(fields), files=files), fields["type"])

    # --- workflows that the server keeps (formats.md §7.3) ------------------------------------------------

    def get_userdata(self, folder: str) -> list[str]:
        """Paths of the user's files below a folder and in folders in it; none where there is no such folder."""
        try:
            reply = self._http.get("/userdata", {"dir": folder, "recurse": "true"}, most=MAX_WORKFLOW)
        except ApiError as error:
            if error.status in _NO_SUCH_ROUTE:
                return []
            raise
        return [path for path in reply.json_list() if isinstance(path, str)]

    def get_userfile(self, path: str) -> bytes:
        """One of the user's files, by its path with all folders. Raises ApiError with status 404 where it is gone."""
        return self._http.get(f"/userdata/{quote(path, safe='')}", most=MAX_WORKFLOW).body

    def get_template_index(self) -> list[Any]:
        """Categories of the templates that come with ComfyUI; none where the server has no templates."""
        try:
            return self._http.get("/templates/index.json", most=MAX_WORKFLOW).json_list()
        except ApiError as error:
            if error.status in _NO_SUCH_ROUTE:
                return []
            raise

    def get_template_packs(self) -> dict[str, Any]:
        """Package of custom nodes → names of the templates that it brings; none on servers without the route."""
        try:
            return self._http.get("/workflow_templates", most=MAX_WORKFLOW).json_object()
        except ApiError as error:
            if error.status in _NO_SUCH_ROUTE:
                return {}
            raise

    def get_template(self, name: str, pack: str = "") -> bytes:
        """One template: of ComfyUI itself, or of a package. Raises ApiError with status 404 where it is gone."""
        # A package's files are served under /api alone.
        folder = f"/api/workflow_templates/{quote(pack, safe='')}" if pack else "/templates"
        return self._http.get(f"{folder}/{quote(name, safe='')}.json", most=MAX_WORKFLOW).body

    def get_runs(self, newest: int = 20) -> list[Ran]:
        """What the ``newest`` prompts that are over ran, newest first; at most ``MAX_HISTORY``."""
        data = self._http.get("/history", {"max_items": max(1, min(newest, MAX_HISTORY))}).json_object()
        return [Ran.parse(str(prompt_id), entry) for prompt_id, entry in reversed(data.items())]

    def find_run(self, prompt_id: str) -> Ran | None:
        """What this prompt ran, or None while it is not over or not known."""
        data = self._http.get(f"/history/{quote(prompt_id, safe='')}").json_object()
        return Ran.parse(prompt_id, data[prompt_id]) if prompt_id in data else None

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
        return Accepted.parse(self._http.post("/prompt", json=body, ok_only=False), titles or {})

    def delete_pending(self, prompt_ids: Sequence[str]) -> None:
        """Take waiting prompts out of the queue; running ones are not touched."""
        self._http.post("/queue", json={"delete": list(prompt_ids)})

    def interrupt(self, prompt_id: str) -> None:
        """Stop this prompt if it is the running one. Waiting ones are not touched."""
        self._http.post("/interrupt", json={"prompt_id": prompt_id})

    def interrupt_whoever_runs(self) -> None:
        """Stop the running prompt, whosever it is. ``interrupt`` and ``cancel`` stop only one's own."""
        self._http.post("/interrupt", json={})
