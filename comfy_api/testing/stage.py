"""Where a play is performed: one prompt, its owner's socket, and the means to speak as ComfyUI does."""

from __future__ import annotations

import time
from typing import Any

from comfy_api.testing import wire
from comfy_api.testing.board import Board, Prompt, Socket

SENDERS = ("ETN_SendImageWebSocket", "SaveImageWebsocket")
"""Node classes that send their pictures over the websocket."""

_TOLD_TO_ALL = ("progress", "progress_state", "execution_interrupted")
_REMEMBERED = (
    "execution_start",
    "execution_cached",
    "execution_success",
    "execution_error",
    "execution_interrupted",
)


def now_ms() -> int:
    return int(time.time() * 1000)


class Stage:
    """What a step works with.

    Attributes:
        board: the server's state.
        prompt: the prompt that is being played.
    """

    def __init__(self, board: Board, prompt: Prompt) -> None:
        self.board, self.prompt = board, prompt
        self._nodes: dict[str, dict[str, Any]] = {}
        self._left: dict[str, dict[str, list[Any]]] = {}

    @property
    def socket(self) -> Socket | None:
        """The owner's socket, if one is open."""
        return self.board.sockets.get(self.prompt.client_id) if self._has_owner else None

    @property
    def _has_owner(self) -> bool:
        return isinstance(self.prompt.client_id, str)

    def listeners(self, broadcast: bool = True) -> list[Socket]:
        """The owner; everybody where the prompt came without a client id (protocol.md §0.7)."""
        if self.prompt.client_id is None and broadcast:
            return list(self.board.sockets.values())
        return [self.socket] if self.socket else []

    async def say(self, kind: str, **data: Any) -> None:
        """Send a message about this prompt; ``prompt_id`` is filled in where it is not given."""
        message = {"prompt_id": self.prompt.id, **data}
        if kind in _REMEMBERED:
            self.prompt.messages.append([kind, message])
        await self.frame(wire.text(kind, message), broadcast=kind in _TOLD_TO_ALL)

    async def frame(self, frame: str | bytes, broadcast: bool = True) -> None:
        """Send a frame as it is."""
        for socket in self.listeners(broadcast):
            await socket.send(frame)

    async def image(self, node: str, image: bytes, then: str | None = None) -> None:
        """Send a picture in the framing that each listener asked for (protocol.md §2).

        Args:
            node: where it comes from.
            image: PNG or JPEG bytes.
            then: the ``progress`` message that belongs to it: after it with the flag, before it without.
        """
        message = [then] if then else []
        for socket in self.listeners():
            if socket.flagged:
                await socket.send(wire.metadata_frame(node, self.prompt.id, image), *message)
            else:
                await socket.send(*message, wire.image_frame(image))

    async def mark(self, node: str, value: float, maximum: float, state: str = "running") -> None:
        """Send ``progress_state`` with this node's new state."""
        ids = wire.node_ids(node, self.prompt.id)
        self._nodes[node] = {"value": value, "max": maximum, "state": state, **ids}
        await self.say("progress_state", nodes=self._nodes)

    async def progress(self, node: str, value: float, maximum: float, image: bytes | None = None) -> None:
        """Send ``progress_state`` and ``progress``, with a picture where there is one."""
        await self.mark(node, value, maximum)
        data = {"value": value, "max": maximum, "prompt_id": self.prompt.id, "node": node}
        message = wire.text("progress", data)
        if image is None:
            await self.frame(message)
        else:
            await self.image(node, image, then=message)

    async def finish_node(self, node: str) -> None:
        """Send ``progress_state`` with this node finished."""
        state = self._nodes.get(node, {"max": 1.0})
        await self.mark(node, state["max"], state["max"], "finished")
        self.prompt.executed.append(node)

    async def result(self, node: str, image: bytes, index: int, count: int) -> None:
        """Give out a picture as the node's class does: a frame, or a file."""
        class_type = self.prompt.class_of(node)
        if class_type == "SaveImageWebsocket":
            await self.progress(node, index, count, image)
            return
        if class_type == "ETN_SendImageWebSocket":
            for socket in self.listeners():
                await socket.send(wire.image_frame(image))
            mime = wire.MIME[wire.format_code(image)]
            self.leave(node, "images", {"source": "websocket", "content-type": mime, "type": "output"})
            return
        prefix = str(self.prompt.graph.get(node, {}).get("inputs", {}).get("filename_prefix", "ComfyUI"))
        self.leave(node, "images", dict(self.board.store_result(class_type, prefix, image)))

    def leave(self, node: str, key: str, *entries: Any) -> None:
        """Note what the node's next ``executed`` has under ``key``."""
        self._left.setdefault(node, {}).setdefault(key, []).extend(entries)

    async def executed(self, node: str, output: dict[str, Any] | None) -> None:
        """Send ``executed``; without ``output``, with what :meth:`result` and :meth:`leave` gave out."""
        left = self._left.pop(node, {"images": []})
        output = left if output is None else output
        self.prompt.outputs[node] = output
        await self.say("executed", node=node, display_node=node, output=output)

    async def stopped(self, kind: str, node: str | None, **more: Any) -> None:
        """Send ``execution_error`` or ``execution_interrupted`` and note the outcome."""
        node = node or self.prompt.node
        self.prompt.outcome = kind
        about = {"node_id": node, "node_type": self.prompt.class_of(node), "executed": self.prompt.executed}
        await self.say(kind, **about, **more, timestamp=now_ms())

    async def finish(self) -> None:
        """The end in all three cases: history, ``status``, ``executing`` null (protocol.md §0.3)."""
        self.board.finish(self.prompt)
        await self.board.broadcast_status()
        await self.say("executing", node=None)
