"""The worker: one prompt at a time, in ComfyUI's order, with the last prompt's results kept (protocol.md §1)."""

from __future__ import annotations

import threading
import time
import traceback
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from comfy_api.demo.files import Files, digest
from comfy_api.demo.graph import Plan, cache_keys, is_link
from comfy_api.demo.hub import Hub
from comfy_api.demo.images import Picture, encode, encode_preview
from comfy_api.demo.media_nodes import CLASSES
from comfy_api.demo.nodes import Outcome
from comfy_api.demo.progress import Reporter
from comfy_api.demo.queue import PromptQueue, QueuedPrompt
from comfy_api.demo.specs import FILE_CLASSES, NodeSpec

#: Seconds between two looks at whether the engine is closing.
POLL_SECONDS = 1.0


class InterruptedPromptError(Exception):
    """Someone asked the running prompt to stop."""


@dataclass(frozen=True)
class Cached:
    """A node's result, kept for the next prompt, and who made it."""

    outcome: Outcome
    node_id: str


@dataclass
class Executor:
    """Runs what the queue gives, in a thread of its own.

    Args:
        step_seconds: the least that a sampler step takes.
        previews: whether samplers send latent previews.
        newer: as 0.38: a prompt may turn previews on or off for itself.
    """

    queue: PromptQueue
    hub: Hub
    files: Files
    specs: Mapping[str, NodeSpec]
    step_seconds: float
    previews: bool
    newer: bool
    _cache: dict[str, Cached] = field(default_factory=dict)
    _reporter: Reporter | None = None
    _forget: threading.Event = field(default_factory=threading.Event)
    _closing: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to work."""
        self._thread = threading.Thread(target=self._work, name="demo-executor", daemon=True)
        self._thread.start()

    def close(self, deadline: float = 5.0) -> None:
        """Stop at the next step; wait for it no longer than ``deadline`` seconds."""
        self._closing.set()
        self.queue.close()
        if self._thread is not None:
            self._thread.join(deadline)

    def free_memory(self) -> None:
        """Drop every cached result before the next prompt."""
        self._forget.set()

    def running_node(self, client_id: str) -> str | None:
        """The node that runs for this client now."""
        reporter = self._reporter
        return reporter.node if reporter is not None and reporter.client_id == client_id else None

    def _work(self) -> None:
        while not self._closing.is_set():
            item = self.queue.take(POLL_SECONDS)
            if item is not None:
                self._run(item)
                self.files.prune()

    def _run(self, item: QueuedPrompt) -> None:
        if self._forget.is_set():
            self._forget.clear()
            self._cache.clear()
        reporter = Reporter(self.hub, item.prompt_id, item.extra_data.get("client_id"))
        self._reporter = reporter
        attempt = _Attempt(self, item, reporter, self._cache, self._wants_previews(item))
        attempt.run()
        self._cache = attempt.cache
        self.queue.finish(item, attempt.record())
        reporter.end()

    def _wants_previews(self, item: QueuedPrompt) -> bool:
        method = item.extra_data.get("preview_method", "default") if self.newer else "default"
        return self.previews if method == "default" else method != "none"


class _Attempt:
    """One prompt's run: also what its nodes see of it (`comfy_api.demo.nodes.Run`)."""

    def __init__(
        self,
        executor: Executor,
        item: QueuedPrompt,
        reporter: Reporter,
        cache: Mapping[str, Cached],
        previews: bool,
    ) -> None:
        self._executor, self._item, self._reporter, self._previews = executor, item, reporter, previews
        self._keys = cache_keys(item.prompt, self._changed)
        kept = set(self._keys.values())
        #: Results of this prompt's nodes alone: what earlier prompts left goes.
        self.cache = {key: cached for key, cached in cache.items() if key in kept}
        self._messages: list[list[Any]] = []
        self._ui: dict[str, dict[str, Any]] = {}
        self._makers: dict[str, str] = {}
        self._executed: list[str] = []
        self._stepped = time.monotonic()
        self._completed = False

    def run(self) -> None:
        """Run every node that is needed, and tell."""
        prompt, cached = self._item.prompt, self._cached_ids()
        self._message("execution_start", {})
        self._message("execution_cached", {"nodes": cached})
        plan = Plan(prompt, self._item.outputs, set(cached), lambda n: self._spec(n).is_output)
        while (node_id := plan.next()) is not None:
            if not self._visit(node_id):
                return
            plan.done(node_id)
        self._completed = True
        self._message("execution_success", {})

    def record(self) -> dict[str, Any]:
        """What /history keeps."""
        status = {
            "status_str": "success" if self._completed else "error",
            "completed": self._completed,
            "messages": self._messages,
        }
        meta = {
            node_id: {"node_id": maker, "display_node": maker, "parent_node": None, "real_node_id": maker}
            for node_id, maker in self._makers.items()
        }
        return {"outputs": self._ui, "status": status, "meta": meta}

    # --- one node -----------------------------------------------------------------------------------

    def _visit(self, node_id: str) -> bool:
        """Run a node, or show what is cached of it. False when the prompt ends here."""
        cached = self.cache.get(self._keys[node_id])
        if cached is not None:
            # Another node with the same key may have made it in this very run: told all the same.
            self._show(node_id, cached, always=True)
            self._reporter.finished(node_id)
            return True
        inputs: dict[str, Any] = {}
        try:
            self._reporter.executing(node_id)
            self._check_interrupt()
            inputs = self._inputs(node_id)
            outcome = CLASSES[self._spec(node_id).name](self, **inputs)
        except InterruptedPromptError:
            self._fail("execution_interrupted", node_id, everybody=True)
            return False
        except Exception as error:  # noqa: BLE001 (what a node raises is the prompt's error)
            self._fail("execution_error", node_id, **_describe(error, inputs), current_outputs=list(self._done()))
            return False
        self._keep(node_id, Cached(outcome, node_id))
        return True

    def _keep(self, node_id: str, result: Cached) -> None:
        self.cache[self._keys[node_id]] = result
        self._executed.append(node_id)
        self._show(node_id, result, always=False)
        self._reporter.finished(node_id)

    def _show(self, node_id: str, result: Cached, *, always: bool) -> None:
        ui = result.outcome.ui
        if ui is not None:
            self._ui[node_id] = ui
            self._makers[node_id] = result.node_id
        if ui is not None or always:
            self._reporter.executed(node_id, ui)

    def _fail(self, kind: str, node_id: str, *, everybody: bool = False, **more: Any) -> None:
        about = {"node_id": node_id, "node_type": self._spec(node_id).name, "executed": self._executed}
        self._message(kind, {**about, **more}, everybody=everybody)

    def _inputs(self, node_id: str) -> dict[str, Any]:
        given = self._item.prompt[node_id]["inputs"]
        return {name: self._value(given[name]) for name in self._spec(node_id).required}

    def _value(self, value: Any) -> Any:
        if not is_link(value):
            return value
        return self.cache[self._keys[value[0]]].outcome.values[value[1]]

    # --- what a node sees ---------------------------------------------------------------------------

    @property
    def files(self) -> Files:
        return self._executor.files

    @property
    def texts(self) -> dict[str, Any]:
        extra = self._item.extra_data.get("extra_pnginfo")
        return {"prompt": self._item.prompt, **(extra if isinstance(extra, dict) else {})}

    def step(self, value: int, maximum: int, preview: Picture) -> None:
        self.pause()
        encoded = encode_preview(preview) if self._previews else b""
        self._reporter.progress(value, maximum, encoded, "JPEG")
        self._check_interrupt()

    def result(self, value: int, maximum: int, picture: Picture) -> None:
        self._check_interrupt()
        self._reporter.progress(value, maximum, encode(picture, "PNG"), "PNG")

    def send(self, encoded: bytes, format_name: str) -> None:
        self._reporter.frame(encoded, format_name)

    def pause(self) -> None:
        rest = self._stepped + self._executor.step_seconds - time.monotonic()
        self._executor.queue.interrupted.wait(max(0.0, rest))
        self._check_interrupt()
        self._stepped = time.monotonic()

    # --- small things -------------------------------------------------------------------------------

    def _check_interrupt(self) -> None:
        if self._executor.queue.interrupted.is_set():
            raise InterruptedPromptError

    def _message(self, kind: str, data: dict[str, Any], *, everybody: bool = False) -> None:
        told = {"prompt_id": self._item.prompt_id, **data, "timestamp": int(time.time() * 1000)}
        self._messages.append([kind, told])
        self._reporter.tell(kind, told, everybody=everybody)

    def _spec(self, node_id: str) -> NodeSpec:
        return self._executor.specs[self._item.prompt[node_id]["class_type"]]

    def _done(self) -> list[str]:
        return [node_id for node_id, key in self._keys.items() if key in self.cache]

    def _cached_ids(self) -> list[str]:
        return self._done()

    def _changed(self, node: Mapping[str, Any]) -> str:
        if node["class_type"] == "SaveImageWebsocket":
            return uuid.uuid4().hex
        if node["class_type"] in FILE_CLASSES:
            name = node.get("inputs", {}).get("image")
            path = self._executor.files.annotated_path(name) if isinstance(name, str) else None
            return digest(path) if path is not None else ""
        return ""


def _describe(error: Exception, inputs: Mapping[str, Any]) -> dict[str, Any]:
    kind = type(error)
    module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    return {
        "exception_message": f"{error}\n",
        "exception_type": f"{module}{kind.__qualname__}",
        "traceback": traceback.format_tb(error.__traceback__),
        "current_inputs": {name: [_plain(value)] for name, value in inputs.items()},
    }


def _plain(value: Any) -> Any:
    """An input as an error shows it: numbers and texts as they are, pictures by their size."""
    if value is None or isinstance(value, int | float | bool | str):
        return value
    if isinstance(value, tuple):
        return f"{len(value)} images of shape {value[0].shape}"
    return f"array of shape {value.shape}" if isinstance(value, np.ndarray) else type(value).__name__
