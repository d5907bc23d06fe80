"""What the owner of a prompt is told while it runs: progress, frames and node states (protocol.md §1, §2)."""

from __future__ import annotations

from typing import Any

from comfy_api.demo.hub import FORMAT_JPEG, FORMAT_PNG, Hub, image_frame, metadata_frame


class Reporter:
    """Sends one prompt's messages in ComfyUI's order.

    Without a ``client_id`` progress and frames go to everybody, the rest to nobody (protocol.md §0.7).
    """

    def __init__(self, hub: Hub, prompt_id: str, client_id: str | None) -> None:
        self._hub = hub
        self._prompt_id = prompt_id
        self._client_id = client_id
        self._states: dict[str, dict[str, Any]] = {}
        #: The node running now; told to a client that comes back.
        self.node: str | None = None

    @property
    def client_id(self) -> str | None:
        """Whom the messages are for."""
        return self._client_id

    def tell(self, kind: str, data: dict[str, Any], *, everybody: bool = False) -> None:
        """Send to the owner; for a prompt without one to nobody, or to everybody."""
        if self._client_id is not None or everybody:
            self._hub.send(kind, {**data, "prompt_id": self._prompt_id}, self._client_id)

    def executing(self, node_id: str) -> None:
        """A node begins."""
        self.node = node_id
        self._set(node_id, 0.0, 1.0, "running")
        self.tell("executing", {"node": node_id, "display_node": node_id})

    def executed(self, node_id: str, output: dict[str, Any] | None) -> None:
        """A node has something to show."""
        self.tell("executed", {"node": node_id, "display_node": node_id, "output": output})

    def finished(self, node_id: str) -> None:
        """A node is done; 1 of 1 for one that never ran."""
        state = self._states.get(node_id, {"max": 1})
        self._set(node_id, state["max"], state["max"], "finished")

    def progress(self, value: int, maximum: int, encoded: bytes, format_name: str) -> None:
        """A step of the running node with its picture: before the progress as type 4, else after it."""
        node_id = self.node or ""
        self._set(node_id, value, maximum, "running")
        metadata = self._hub.wants_metadata(self._client_id)
        if metadata and encoded:
            about = {**self._about(node_id), "image_type": f"image/{format_name.lower()}"}
            self._hub.send_raw(metadata_frame(encoded, about), self._client_id)
        self._hub.send(
            "progress",
            {"value": value, "max": maximum, "prompt_id": self._prompt_id, "node": node_id},
            self._client_id,
        )
        if encoded and not metadata:
            self.frame(encoded, format_name)

    def frame(self, encoded: bytes, format_name: str) -> None:
        """A type-1 frame. Only ``PNG`` as written is code 2; everything else is 1, whatever the bytes are."""
        code = FORMAT_PNG if format_name == "PNG" else FORMAT_JPEG
        self._hub.send_raw(image_frame(encoded, code), self._client_id)

    def end(self) -> None:
        """The end, in all cases: no node is running."""
        self.node = None
        self.tell("executing", {"node": None})

    def _about(self, node_id: str) -> dict[str, Any]:
        return {
            "node_id": node_id,
            "prompt_id": self._prompt_id,
            "display_node_id": node_id,
            "parent_node_id": None,
            "real_node_id": node_id,
        }

    def _set(self, node_id: str, value: float, maximum: float, state: str) -> None:
        self._states[node_id] = {"value": value, "max": maximum, "state": state, **self._about(node_id)}
        data = {"prompt_id": self._prompt_id, "nodes": self._states}
        self._hub.send("progress_state", data, self._client_id)
