"""Raw conversations with a server that speaks ComfyUI's protocol: plain requests, a plain websocket.

Nothing of comfy_api's client is used here: the contract must not inherit its mistakes.
"""

from __future__ import annotations

import io
import json
import struct
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import requests
import websocket
from PIL import Image

Graph = dict[str, dict[str, Any]]
TIMEOUT = 60.0


@dataclass(frozen=True)
class Server:
    """A server under test.

    Attributes:
        newer: whether it has the jobs API (0.38 and its kin).
        demo: whether it is the demo engine.
        classes: node classes it has, as /object_info gives them.
    """

    url: str
    newer: bool
    demo: bool
    classes: dict[str, Any]

    @property
    def checkpoint(self) -> str:
        return str(self.classes["CheckpointLoaderSimple"]["input"]["required"]["ckpt_name"][0][0])

    @property
    def has_etn(self) -> bool:
        return "ETN_SendImageWebSocket" in self.classes

    def get(self, path: str, **options: Any) -> requests.Response:
        return requests.get(self.url + path, timeout=TIMEOUT, **options)

    def post(self, path: str, **options: Any) -> requests.Response:
        return requests.post(self.url + path, timeout=TIMEOUT, **options)

    def queue(self, graph: Any, **body: Any) -> requests.Response:
        return self.post("/prompt", json={"prompt": graph, **body})

    def history(self, prompt_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"/history/{prompt_id}").json()
        return found.get(prompt_id, {})

    def wait(self, condition: Callable[[], Any], seconds: float = TIMEOUT) -> Any:
        """Ask over HTTP until it is so; nothing is told over the socket of what is asked here."""
        deadline = time.monotonic() + seconds
        while not (answer := condition()):
            assert time.monotonic() < deadline, "waited too long"
            time.sleep(0.01)
        return answer

    def wait_idle(self) -> None:
        self.wait(lambda: self.get("/prompt").json()["exec_info"]["queue_remaining"] == 0)


@dataclass(frozen=True)
class Frame:
    """A binary message: event, format code or metadata, image bytes."""

    event: int
    code: int | None
    metadata: dict[str, Any] | None
    image: bytes

    @classmethod
    def parse(cls, data: bytes) -> Frame:
        event, number = struct.unpack(">II", data[:8])
        if event == 4:
            return cls(event, None, json.loads(data[8 : 8 + number]), data[8 + number :])
        return cls(event, number, None, data[8:])

    @property
    def picture(self) -> Image.Image:
        return Image.open(io.BytesIO(self.image))


Message = dict[str, Any] | Frame


def kinds(messages: list[Message]) -> list[str]:
    """One word a message: its type, ``frame1``/``frame4``; status and progress_state left out."""
    words = [f"frame{m.event}" if isinstance(m, Frame) else str(m["type"]) for m in messages]
    return [word for word in words if word not in ("status", "progress_state")]


def frames(messages: list[Message]) -> list[Frame]:
    return [m for m in messages if isinstance(m, Frame)]


def of(kind: str, messages: list[Message]) -> list[dict[str, Any]]:
    """The data of every message of one type."""
    return [m["data"] for m in messages if isinstance(m, dict) and m["type"] == kind]


def is_end(message: Message, prompt_id: str) -> bool:
    return message == {"type": "executing", "data": {"node": None, "prompt_id": prompt_id}}


class Client:
    """One websocket."""

    def __init__(self, server: Server, *, client_id: str | None = None, flags: bool = False, path: str = "/ws") -> None:
        self.server = server
        self.id = client_id or uuid.uuid4().hex
        address = server.url.replace("http", "ws", 1) + f"{path}?clientId={self.id}"
        self._socket = websocket.create_connection(address, timeout=TIMEOUT)
        self.hello = self.read()
        if flags:
            self.say({"type": "feature_flags", "data": {"supports_preview_metadata": True}})
            self.read_until(lambda m: isinstance(m, dict) and m["type"] == "feature_flags")

    def say(self, message: Any) -> None:
        self._socket.send(message if isinstance(message, str) else json.dumps(message))

    def read(self) -> Message:
        data = self._socket.recv()
        assert data, "the server closed the socket"
        return Frame.parse(data) if isinstance(data, bytes) else json.loads(data)

    def read_until(self, last: Callable[[Message], bool]) -> list[Message]:
        messages: list[Message] = []
        while not messages or not last(messages[-1]):
            messages.append(self.read())
        return messages

    def read_to_end(self, prompt_id: str) -> list[Message]:
        return self.read_until(lambda m: is_end(m, prompt_id))

    def read_quiet(self, seconds: float = 0.3) -> list[Message]:
        """What comes until nothing comes for a while: only to show that something does not come."""
        messages: list[Message] = []
        self._socket.settimeout(seconds)
        try:
            while True:
                messages.append(self.read())
        except websocket.WebSocketTimeoutException:
            return messages
        finally:
            self._socket.settimeout(TIMEOUT)

    def queue(self, graph: Graph, **body: Any) -> str:
        answer = self.server.queue(graph, client_id=self.id, **body)
        assert answer.status_code == 200, answer.text
        assert answer.json()["node_errors"] == {}
        return str(answer.json()["prompt_id"])

    def run(self, graph: Graph, **body: Any) -> list[Message]:
        """Queue a graph and read to its end."""
        return self.read_to_end(self.queue(graph, **body))

    def begin_long(self, graph: Graph) -> str:
        """Queue a graph with a sampler and read until it samples."""
        prompt_id = self.queue(graph)
        self.read_until(lambda m: isinstance(m, dict) and m["type"] == "progress")
        return prompt_id

    def close(self) -> None:
        self._socket.close()
        self._socket.shutdown()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


# --- graphs -----------------------------------------------------------------------------------------

_SEEDS: Iterator[int] = iter(range(int(time.time() * 1000) % 2**40 * 1000, 2**63))


def fresh_seed() -> int:
    """A seed that no cache has seen."""
    return next(_SEEDS)


def sink(class_type: str, source: list[Any], **inputs: Any) -> dict[str, Any]:
    """An output node of any class."""
    more = {"SaveImage": {"filename_prefix": "contract"}, "ETN_SendImageWebSocket": {"format": "PNG"}}
    return {"class_type": class_type, "inputs": {"images": source, **more.get(class_type, {}), **inputs}}


def txt2img(
    server: Server, output: str = "PreviewImage", *, steps: int = 2, batch: int = 1, seed: int | None = None
) -> Graph:
    """Checkpoint to output, 64×64 px. Nodes: 4, 5, 6, 7, 3, 8, 9."""
    return {
        "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": server.checkpoint}},
        "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64, "batch_size": batch}},
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a red fox", "clip": ["4", 1]}},
        "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "blurry", "clip": ["4", 1]}},
        "3": {
            "class_type": "KSampler",
            "inputs": {
                "seed": fresh_seed() if seed is None else seed,
                "steps": steps,
                "cfg": 3.0,
                "sampler_name": "euler",
                "scheduler": "normal",
                "denoise": 1.0,
                "model": ["4", 0],
                "positive": ["6", 0],
                "negative": ["7", 0],
                "latent_image": ["5", 0],
            },
        },
        "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
        "9": sink(output, ["8", 0]),
    }


def long_run(server: Server) -> Graph:
    """Samples until it is interrupted."""
    return txt2img(server, steps=5000)


def flat(output: str = "PreviewImage", *, batch: int = 1, color: int | None = None, **inputs: Any) -> Graph:
    """A plain image to an output, without a sampler. Nodes: 1, 2."""
    value = fresh_seed() % 2**24 if color is None else color
    size = {"width": 64, "height": 64, "batch_size": batch, "color": value}
    return {"1": {"class_type": "EmptyImage", "inputs": size}, "2": sink(output, ["1", 0], **inputs)}


def png(colour: Any = "red", size: tuple[int, int] = (8, 8), mode: str = "RGB") -> bytes:
    """A plain PNG file."""
    buffer = io.BytesIO()
    Image.new(mode, size, colour).save(buffer, "PNG")
    return buffer.getvalue()
