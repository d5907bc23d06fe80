"""The steps of a play. Each function makes one; see :class:`comfy_api.testing.Play`.

Messages carry the prompt's own id and go to its owner's socket. Pictures come in the framing that the node's
class and the client's feature flag ask for (protocol.md §2).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from comfy_api.testing import wire
from comfy_api.testing.pictures import jpeg as make_jpeg
from comfy_api.testing.pictures import png as make_png
from comfy_api.testing.play import Step
from comfy_api.testing.stage import Stage, now_ms

OTHER_PROMPT = "00000000-0000-4000-8000-000000000000"
"""The prompt id of frames that belong to somebody else."""


def _noted(attribute: str, value: Any) -> Callable[[Stage], Any]:
    async def run(stage: Stage) -> None:
        setattr(stage.prompt, attribute, value)

    return run


# --- a run, in the order of protocol.md §1 ---------------------------------------------------------


def message(kind: str, **data: Any) -> Step:
    """Any JSON message; ``prompt_id`` is filled in."""
    return Step(kind, lambda stage: stage.say(kind, **data))


def start() -> Step:
    """``execution_start``."""
    return Step("start", lambda stage: stage.say("execution_start", timestamp=now_ms()))


def cached(*nodes: str) -> Step:
    """``execution_cached`` with these nodes."""
    return Step("cached", lambda stage: stage.say("execution_cached", nodes=list(nodes), timestamp=now_ms()))


def executing(node: str) -> Step:
    """A node starts: ``progress_state``, then ``executing``."""

    async def run(stage: Stage) -> None:
        stage.prompt.node = node
        await stage.mark(node, 0.0, 1.0)
        await stage.say("executing", node=node, display_node=node)

    return Step(f"executing {node}", run)


def progress(node: str, value: float, maximum: float, image: bytes | None = None) -> Step:
    """A node's progress: ``progress_state`` and ``progress``, with a preview where ``image`` is given."""
    return Step(f"progress {node} {value}", lambda stage: stage.progress(node, value, maximum, image))


def progress_state(nodes: dict[str, Any]) -> Step:
    """``progress_state`` with these entries and no others."""
    return Step("progress_state", lambda stage: stage.say("progress_state", nodes=nodes))


def preview(node: str, image: bytes | None = None) -> Step:
    """A latent preview alone."""
    return Step(f"preview {node}", lambda stage: stage.image(node, image or make_jpeg()))


def result(node: str, image: bytes | None = None, index: int = 0, count: int = 1) -> Step:
    """A result picture: a frame for the websocket senders, else a file for /view.

    Args:
        node: the output node; its class in the posted graph decides.
        image: PNG or JPEG bytes.
        index, count: which picture of the batch; SaveImageWebsocket tells them as progress.
    """
    picture = image or make_png(seed=index)
    return Step(f"result {node} {index}", lambda stage: stage.result(node, picture, index, count))


def file(
    node: str,
    data: bytes,
    filename: str,
    *,
    key: str = "images",
    animated: bool = False,
    subfolder: str = "",
    type: str = "output",
) -> Step:
    """A result file of any kind, for /view; the node's ``executed`` names it.

    Args:
        key: the list in which it is named: ``images``, ``audio``, ``gifs``, ``3d``, ``files`` ….
        animated: say ``"animated": [true]`` beside it, as savers of video and animations do.
    """

    async def run(stage: Stage) -> None:
        stage.leave(node, key, stage.board.store(type, subfolder, filename, data))
        if animated:
            stage.leave(node, "animated", True)

    return Step(f"file {node} {filename}", run)


def words(node: str, *texts: str) -> Step:
    """Texts that the node's ``executed`` shows."""

    async def run(stage: Stage) -> None:
        stage.leave(node, "text", *texts)

    return Step(f"words {node}", run)


def executed(node: str, output: dict[str, Any] | None = None) -> Step:
    """``executed``; without ``output``, with what ``result``, ``file`` and ``words`` gave out before."""
    return Step(f"executed {node}", lambda stage: stage.executed(node, output))


def finished(node: str) -> Step:
    """``progress_state`` with the node finished."""
    return Step(f"finished {node}", lambda stage: stage.finish_node(node))


def text(node: str, words: str) -> Step:
    """A node's progress text (frame type 3)."""
    return Step(f"text {node}", lambda stage: stage.frame(wire.text_frame(node, words)))


def success() -> Step:
    """``execution_success``. The history comes with ``end()``, as on a real server."""

    async def run(stage: Stage) -> None:
        stage.prompt.outcome = "success"
        await stage.say("execution_success", timestamp=now_ms())

    return Step("success", run)


def error(
    node: str | None = None,
    message: str = "Expected all tensors to be on the same device",
    exception_type: str = "RuntimeError",
    traceback: tuple[str, ...] = ('  File "nodes.py", line 1, in sample\n',),
    inputs: dict[str, Any] | None = None,
) -> Step:
    """``execution_error`` of a node, by default the one that executes."""
    details = {
        "exception_message": f"{message}\n",
        "exception_type": exception_type,
        "traceback": list(traceback),
        "current_inputs": inputs or {},
    }

    async def run(stage: Stage) -> None:
        await stage.stopped("execution_error", node, **details, current_outputs=list(stage.prompt.graph))

    return Step("error", run)


def interrupted(node: str | None = None) -> Step:
    """``execution_interrupted``, as when somebody else stops the run."""
    return Step("interrupted", lambda stage: stage.stopped("execution_interrupted", node))


def end() -> Step:
    """The end: history written, ``status``, ``executing`` null. Without an outcome before, no history."""
    return Step("end", lambda stage: stage.finish())


# --- pacing ----------------------------------------------------------------------------------------


def answer() -> Step:
    """POST /prompt is answered here; the steps before it come before the answer (protocol.md §1)."""

    async def run(stage: Stage) -> None:
        stage.prompt.answered.set()

    return Step("answer", run)


def wait(seconds: float) -> Step:
    """A pause."""
    return Step(f"wait {seconds}", lambda stage: asyncio.sleep(seconds))


def gate(name: str = "gate") -> Step:
    """Stand here until ``comfy.open(name)``; ``comfy.wait_at(name)`` waits until a play stands here."""
    return Step(f"gate {name}", lambda stage: stage.board.gates.stand_at(name))


def stream(rate: float, seconds: float | None = None, image: bytes | Callable[[int], bytes] | None = None) -> Step:
    """A sampler that sends progress and preview ``rate`` times a second; None goes on until interrupted.

    A sender that falls behind skips no event but does not hurry either: ``image(index)`` says which it is.
    """
    fixed = image or make_jpeg(512, 512)

    async def run(stage: Stage) -> None:
        node = next((n for n in stage.prompt.graph if "Sampler" in stage.prompt.class_of(n)), "3")
        count = None if seconds is None else round(rate * seconds)
        await executing(node).run(stage)
        clock = asyncio.get_running_loop().time
        began, index = clock(), 0
        while count is None or index < count:
            await asyncio.sleep(max(0.0, began + index / rate - clock()))
            picture = fixed if isinstance(fixed, bytes) else fixed(index)
            index += 1
            await stage.progress(node, index, count or 10_000, picture)
        await stage.finish_node(node)

    return Step("stream", run)


# --- faults ----------------------------------------------------------------------------------------


def raw_text(words: str) -> Step:
    """A text frame as it is: no JSON, an unknown type, a cut message."""
    return Step("raw_text", lambda stage: stage.frame(words))


def raw_binary(data: bytes) -> Step:
    """A binary frame as it is: truncated, garbage, an unknown event."""
    return Step("raw_binary", lambda stage: stage.frame(data))


def other_prompt_frame(image: bytes | None = None, node: str = "3") -> Step:
    """A picture of somebody else's prompt that came without a client id (protocol.md §0.7)."""
    picture = image or make_jpeg(seed=99)

    async def run(stage: Stage) -> None:
        for socket in stage.listeners():
            flagged = wire.metadata_frame(node, OTHER_PROMPT, picture)
            await socket.send(flagged if socket.flagged else wire.image_frame(picture))

    return Step("other_prompt_frame", run)


def drop(code: int | None = None) -> Step:
    """The owner's socket ends: without a word, or politely with a websocket close code."""
    return Step("drop", lambda stage: _cut(stage, reset=False, code=code))


def reset() -> Step:
    """The owner's socket ends with a TCP reset."""
    return Step("reset", lambda stage: _cut(stage, reset=True, code=None))


def silence() -> Step:
    """The owner's socket goes deaf: it stays open and nothing more comes (protocol.md §0.2)."""

    async def run(stage: Stage) -> None:
        if stage.socket:
            stage.socket.deaf = True

    return Step("silence", run)


def lose_history() -> Step:
    """The prompt's history is never written."""
    return Step("lose_history", _noted("history_lost", True))


def late_history(seconds: float = 0.0, reads: int = 0) -> Step:
    """The prompt's history shows ``seconds`` after the end, and only after ``reads`` vain GETs."""

    async def run(stage: Stage) -> None:
        stage.prompt.history_seconds, stage.prompt.history_reads = seconds, reads

    return Step("late_history", run)


async def _cut(stage: Stage, reset: bool, code: int | None) -> None:
    if stage.socket:
        await stage.board.drop(stage.socket, reset, code)
