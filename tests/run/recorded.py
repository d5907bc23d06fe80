"""Conversations with a real ComfyUI 0.3.64, as recorded (docs/protocol.md): messages whole, pictures by their size."""

from __future__ import annotations

import gzip
import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from comfy_api.testing import jpeg, png

FOLDER = Path(__file__).parent.parent / "data" / "recordings"
NAMES = sorted(path.name.removesuffix(".jsonl.gz") for path in FOLDER.glob("*.jsonl.gz"))
#: Latent previews are scaled to the server's --preview-size, whatever is sampled; no result was recorded in that size.
PREVIEW_SIZE = {"19_sample_frames_and_rare_events": [96, 96]}
USUAL_PREVIEW_SIZE = [512, 512]

_HEARD = ("ws-text", "ws-binary", "ws-error", "ws-close")

Line = dict[str, Any]


def lines_of(name: str) -> list[Line]:
    """Every line of a recording."""
    return [json.loads(line) for line in gzip.decompress((FOLDER / f"{name}.jsonl.gz").read_bytes()).splitlines()]


def is_result(name: str, line: Line) -> bool:
    """Whether a frame of a recording holds a result: its size tells, which no parser looks at."""
    return bool(line.get("image")) and line["image"][2] != PREVIEW_SIZE.get(name, USUAL_PREVIEW_SIZE)


def frame_bytes(line: Line, prompt_id: str | None = None) -> bytes:
    """A frame with the recorded head and a picture of the recorded kind and size.

    Args:
        line: the recorded frame.
        prompt_id: stands in the metadata instead of the recorded one.
    """
    kind, _, (width, height) = line["image"]
    picture = (png if kind == "PNG" else jpeg)(width, height)
    if line["event"] == 1:
        return struct.pack(">II", 1, 2 if kind == "PNG" else 1) + picture
    meta = json.dumps({**line["meta"], **({"prompt_id": prompt_id} if prompt_id else {})}).encode()
    return struct.pack(">II", 4, len(meta)) + meta + picture


@dataclass(frozen=True)
class Submission:
    """A prompt that the server took.

    Attributes:
        client: whose it is, as the recording names it.
        prompt_id: the server's or the client's id.
        graph: as posted.
        start: the line of its POST.
    """

    client: str
    prompt_id: str
    graph: dict[str, Any]
    start: int


def submissions(lines: list[Line]) -> list[Submission]:
    """The prompts of a recording, in order."""
    posted: dict[str, tuple[int, Any]] = {}
    found: list[Submission] = []
    for number, line in enumerate(lines):
        if line["kind"] != "http" or line["method"] != "POST" or not line["url"].endswith("/prompt"):
            continue
        if line["dir"] == "out":
            posted[line["client"]] = (number, line["request"])
        elif line["status"] == 200:
            start, request = posted[line["client"]]
            found.append(Submission(line["client"], line["body"]["prompt_id"], request["prompt"], start))
    return found


def heard(lines: list[Line], client: str, start: int) -> Iterator[Line]:
    """What this client heard on its websocket, and when the line broke; up to a connection under another id."""
    address = ""
    for number, line in enumerate(lines):
        if line.get("client") != client:
            continue
        if line["kind"] == "ws-connect":
            if number > start and line["url"] != address:
                return
            address = line["url"]
        if line["kind"] == "ws-drop" or (line["kind"] in _HEARD and line["dir"] == "in"):
            yield line


def told_by_history(lines: list[Line], prompt_id: str) -> dict[str, Any] | None:
    """The last history entry that was read of the prompt."""
    bodies = [line["body"] for line in lines if line["kind"] == "http" and prompt_id in line.get("url", "")]
    entries = [body[prompt_id] for body in bodies if isinstance(body, dict) and prompt_id in body]
    return entries[-1] if entries else None
