"""The engine itself: folders, queue, worker and clients, put together."""

from __future__ import annotations

import os
import platform
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from comfy_api.demo import jobs
from comfy_api.demo.executor import Executor
from comfy_api.demo.files import Files
from comfy_api.demo.hub import Hub
from comfy_api.demo.queue import PromptQueue, QueuedPrompt
from comfy_api.demo.specs import FILE_CLASSES, describe, load_object_info, model_lists, parse_specs
from comfy_api.demo.validate import Verdict, error_body, validate_prompt

#: Bytes that a request body may have; also told to clients (protocol.md §3).
UPLOAD_LIMIT = 104_857_600
#: The ComfyUI versions that the engine can speak as, and what it then calls itself.
VERSIONS: Mapping[str, str] = {"0.3.64": "0.3.64", "0.38": "0.38.0"}

_CREDENTIALS = frozenset({"api_key_comfy_org", "auth_token_comfy_org"})


@dataclass(frozen=True)
class EngineSettings:
    """How the engine behaves.

    Attributes:
        api: the ComfyUI version spoken, one of `VERSIONS`.
        step_seconds: the least that a sampler step takes; 0.12 makes a picture of 20 steps in about 3 s.
        previews: whether samplers send latent previews.
    """

    api: str = "0.3.64"
    step_seconds: float = 0.12
    previews: bool = True

    @property
    def newer(self) -> bool:
        """Whether it speaks as 0.38."""
        return self.api != "0.3.64"


class RefusedError(Exception):
    """A prompt that is not queued; ``body`` is the answer."""

    def __init__(self, verdict: Verdict) -> None:
        self.body = {"error": verdict.error, "node_errors": verdict.node_errors}
        super().__init__(str(verdict.error))


class Engine:
    """One engine. `start` begins to work, `close` ends it and removes its files; both belong to one thread."""

    def __init__(self, settings: EngineSettings) -> None:
        self.settings = settings
        self.files = Files()
        self.hub = Hub()
        self.queue = PromptQueue(self._tell_status)
        self._object_info = load_object_info()
        self._specs = parse_specs(self._object_info)
        self.models = model_lists(self._object_info)
        self.executor = Executor(
            self.queue,
            self.hub,
            self.files,
            self._specs,
            settings.step_seconds,
            settings.previews,
            settings.newer,
        )

    def start(self) -> None:
        """Begin to run prompts."""
        self.executor.start()

    def close(self) -> None:
        """Stop the running prompt, end the worker, remove the files."""
        self.executor.close()
        self.files.close()

    # --- prompts ------------------------------------------------------------------------------------

    def submit(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """POST /prompt: the answer of a success.

        Raises:
            RefusedError: validation failed; the answer is in it.
            TypeError, ValueError, AttributeError: a body for which ComfyUI has no better answer than 500.
            comfy_api.demo.queue.QueueFullError: too many wait.
        """
        number = float(body["number"]) if "number" in body else self.queue.draw_number(front=bool(body.get("front")))
        if "prompt" not in body:
            raise _refusal("no_prompt", "No prompt provided", "No prompt provided")
        prompt_id = self._prompt_id(body)
        verdict = self._validate(body)
        if verdict.error is not None:
            raise RefusedError(verdict)
        self.queue.put(QueuedPrompt(number, prompt_id, verdict.prompt, self._extra_data(body), verdict.outputs))
        return {"prompt_id": prompt_id, "number": number, "node_errors": verdict.node_errors}

    def _validate(self, body: Mapping[str, Any]) -> Verdict:
        prompt = body["prompt"]
        # An empty list passes for an empty graph in 0.3.64.
        if not isinstance(prompt, dict) and (self.settings.newer or prompt != []):
            raise TypeError("The prompt is no graph.")
        return validate_prompt(
            prompt,
            self._specs,
            targets=body.get("partial_execution_targets"),
            checks=dict.fromkeys(FILE_CLASSES, self._check_file),
            newer=self.settings.newer,
        )

    def _prompt_id(self, body: Mapping[str, Any]) -> str:
        given = body.get("prompt_id")
        if given is None:
            return str(uuid.uuid4())
        if self.settings.newer and not jobs.is_canonical_uuid(given):
            details = "prompt_id must be a UUID string in canonical lowercase hyphenated form"
            hint = "; omit it to let the server generate one"
            raise _refusal("invalid_prompt_id", "prompt_id must be a valid UUID", details + hint)
        return str(given)

    def _extra_data(self, body: Mapping[str, Any]) -> dict[str, Any]:
        # Null in its place stops the worker of 0.3.64 for good; nobody can want that. 0.38 refuses it.
        given = body.get("extra_data", {}) if self.settings.newer else body.get("extra_data") or {}
        extra = {key: value for key, value in given.items() if key not in _CREDENTIALS}
        if "client_id" in body:
            extra["client_id"] = body["client_id"]
        if self.settings.newer:
            extra["create_time"] = int(time.time() * 1000)
        return extra

    def _check_file(self, inputs: Mapping[str, Any]) -> tuple[str, str] | None:
        name = str(inputs["image"])
        return None if self.files.find_annotated(name) else ("image", f"Invalid image file: {name}")

    def cancel(self, prompt_ids: list[str]) -> bool:
        """Take these prompts out of line or interrupt them; whether any was there."""
        deleted = self.queue.delete(prompt_ids)
        interrupted = [prompt_id for prompt_id in prompt_ids if self.queue.interrupt(prompt_id)]
        return bool(deleted or interrupted)

    # --- reading ------------------------------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        """What GET /prompt and ``status`` messages tell."""
        return _status(self.queue.remaining())

    def features(self) -> dict[str, Any]:
        """GET /features, and the answer to feature flags."""
        return {"supports_preview_metadata": True, "max_upload_size": UPLOAD_LIMIT}

    def object_info(self, only: str | None = None) -> dict[str, Any]:
        """GET /object_info, or of one class."""
        files = {
            "LoadImage": self.files.input_names(pictures_only=True),
            "LoadImageMask": self.files.input_names(pictures_only=False),
        }
        return describe(self._object_info, files, newer=self.settings.newer, only=only)

    def system_stats(self) -> dict[str, Any]:
        """GET /system_stats; ``easel_demo`` says that no model is behind it. Sizes are bytes."""
        total, free = _memory()
        memory = {"vram_total": total, "vram_free": free, "torch_vram_total": total, "torch_vram_free": free}
        return {
            "system": {
                "os": "linux" if self.settings.newer else "posix",
                "ram_total": total,
                "ram_free": free,
                "comfyui_version": VERSIONS[self.settings.api],
                "required_frontend_version": "0",
                "python_version": platform.python_version(),
                "pytorch_version": "none",
                "embedded_python": False,
                "argv": ["comfy_api.demo", "--api", self.settings.api, *self._preview_arguments()],
                "easel_demo": True,
            },
            "devices": [{"name": "cpu", "type": "cpu", "index": None, **memory}],
        }

    def all_jobs(self) -> list[dict[str, Any]]:
        """Every prompt that is known, as jobs."""
        running, pending = self.queue.snapshot()
        return [
            *(jobs.job_of_queued(item, "pending") for item in pending),
            *(jobs.job_of_queued(item, "in_progress") for item in running),
            *(jobs.job_of_finished(i, entry, whole=False) for i, entry in self.queue.history().items()),
        ]

    def find_job(self, prompt_id: str) -> dict[str, Any] | None:
        """One prompt as a job, with its workflow when it is finished."""
        entry = self.queue.history(prompt_id).get(prompt_id)
        running, pending = self.queue.snapshot()
        for status, items in (("in_progress", running), ("pending", pending)):
            for item in items:
                if item.prompt_id == prompt_id:
                    return jobs.job_of_queued(item, status)
        return jobs.job_of_finished(prompt_id, entry, whole=True) if entry else None

    def _preview_arguments(self) -> list[str]:
        return ["--preview-method", "latent2rgb"] if self.settings.previews else []

    def _tell_status(self, remaining: int) -> None:
        self.hub.send("status", {"status": _status(remaining)})


def _memory() -> tuple[int, int]:
    """Bytes of memory, in all and free; zeros where the system does not say."""
    try:
        page = os.sysconf("SC_PAGE_SIZE")
        return page * os.sysconf("SC_PHYS_PAGES"), page * os.sysconf("SC_AVPHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 0, 0


def _status(remaining: int) -> dict[str, Any]:
    return {"exec_info": {"queue_remaining": remaining}}


def _refusal(kind: str, message: str, details: str) -> RefusedError:
    return RefusedError(Verdict(error_body(kind, message, details), (), {}, {}))
