"""What the doctor looks at: this machine, then one server. Each look gives findings, and never raises a ComfyError."""

from __future__ import annotations

import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

from comfy_api.cli.codes import Exit, code_of
from comfy_api.errors import ComfyError, WorkflowError
from comfy_api.offers import open_workflow
from comfy_api.protocol.client import ComfyClient
from comfy_api.protocol.replies import SystemStats
from comfy_api.protocol.socket import SocketClosed
from comfy_api.workflow import Finding, SenderKind, check, choose_sender
from comfy_api.workflow.library import Library

#: Python versions that are tested, from and up to.
_PYTHON: Final = ((3, 11), (3, 14))
#: What Easel stands on, by the names that pip knows.
_PACKAGES: Final = (
    "streamlit",
    "starlette",
    "uvicorn",
    "websockets",
    "websocket-client",
    "opencv-python-headless",
    "numpy",
    "requests",
    "pydantic-settings",
    "platformdirs",
    "itsdangerous",
    "click",
)
#: Seconds for the websocket to open, and for the server's first word on it.
_SOCKET_WITHIN: Final = 5.0
#: Requests whose median is the latency.
_PINGS: Final = 5
_SENDERS: Final = {
    SenderKind.SAVE_WEBSOCKET: "SaveImageWebsocket, which ships with ComfyUI",
    SenderKind.ETN: "ETN_SendImageWebSocket, from comfyui-tooling-nodes",
}


@dataclass(frozen=True, slots=True)
class Look:
    """One line of the doctor's.

    Attributes:
        text: what was found, and where it is not well, what to do.
        well: whether it is as it should be.
        code: what the command ends with because of it; OK where one can work in spite of it.
    """

    text: str
    well: bool = True
    code: Exit = Exit.OK


# --- this machine ---------------------------------------------------------------------------------------------


def look_at_python() -> Look:
    """The interpreter's version."""
    least, most = _PYTHON
    said = f"Python {platform.python_version()}"
    if least <= sys.version_info[:2] <= most:
        return Look(said)
    tested = f"{least[0]}.{least[1]} to {most[0]}.{most[1]}"
    return Look(f"{said}: Easel is tested on {tested}. Use one of these.", well=False)


def look_at_packages(easel: str) -> Look:
    """The versions of what Easel stands on. ``easel``: its own."""
    found = {name: _version(name) for name in _PACKAGES}
    missing = [name for name, version in found.items() if not version]
    if missing:
        names = ", ".join(missing)
        said = f"Missing packages: {names}. Install them with: pip install -r requirements.txt"
        return Look(said, well=False, code=Exit.LOCAL)
    return Look(f"Easel {easel} with " + ", ".join(f"{name} {version}" for name, version in found.items()))


def look_at_data(folder: Path) -> Look:
    """Whether the data folder can be written, or made."""
    there = next((parent for parent in (folder, *folder.parents) if parent.exists()), folder)
    try:
        if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
            raise PermissionError
        if there == folder:
            with tempfile.TemporaryFile(dir=folder):
                pass
    except OSError:
        said = f'Data folder "{folder}" cannot be written. Set EASEL_DATA to another one.'
        return Look(said, well=False, code=Exit.LOCAL)
    return Look(f"Data folder {folder} {'can be written' if there == folder else 'can be made'}")


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


# --- the server -----------------------------------------------------------------------------------------------


def look_at_server(client: ComfyClient, workflows: Library) -> Iterator[Look]:
    """All about one server; ends early where it does not answer."""
    yield from _look_at_secrets(client)
    try:
        stats, latency = _ask(client)
        yield Look(f"HTTP: ComfyUI {stats.version} answers in {latency * 1000:.0f} ms")
        yield from (_device(device) for device in stats.devices)
        yield _previews(stats)
        yield _look_at_queue(client)
        yield _look_at_websocket(client)
        yield from _look_at_nodes(client, workflows)
    except ComfyError as error:
        yield Look(str(error), well=False, code=code_of(type(error)))


def _ask(client: ComfyClient) -> tuple[SystemStats, float]:
    """What the server is, and the median seconds of an answer. Raises ComfyError."""
    hasty = client.hasty()
    try:
        stats = hasty.get_system_stats()
        times = []
        for _ in range(_PINGS):
            began = time.monotonic()
            hasty.get_queue_remaining()
            times.append(time.monotonic() - began)
        return stats, statistics.median(times)
    finally:
        hasty.close()


def _look_at_secrets(client: ComfyClient) -> Iterator[Look]:
    address = client.address
    parts = urlsplit(address.url)
    secret = address.headers or address.params or address.ws_params
    if parts.scheme == "http" and secret and not is_loopback(parts.hostname or ""):
        yield Look(
            "The way to the server is not encrypted, and the API key travels on it. Use https, or a tunnel.",
            well=False,
        )


def is_loopback(host: str) -> bool:
    """Whether the host is this machine."""
    return host in ("localhost", "::1") or host.startswith("127.")


def _device(device: Mapping[str, Any]) -> Look:
    total, free = (device.get(key) for key in ("vram_total", "vram_free"))
    memory = ""
    if isinstance(total, int) and isinstance(free, int):
        memory = f", {free / 2**30:.1f} of {total / 2**30:.1f} GB free"
    return Look(f"Device: {device.get('name') or device.get('type') or 'unnamed'}{memory}")


def _previews(stats: SystemStats) -> Look:
    """``argv`` shows --preview-method; without it there are none (protocol.md §9)."""
    words = [part for word in stats.argv for part in word.split("=", 1)]
    after = words[words.index("--preview-method") + 1 :] if "--preview-method" in words else []
    method = after[0] if after else "none"
    if method == "none":
        said = "Previews are off: pictures appear only when they are finished. Start ComfyUI with --preview-method auto"
        return Look(said, well=False)
    return Look(f"Previews: {method}")


def _look_at_queue(client: ComfyClient) -> Look:
    queue = client.get_queue()
    return Look(f"Queue: {len(queue.running)} running, {len(queue.pending)} waiting")


def _look_at_websocket(client: ComfyClient) -> Look:
    """Whether it opens and the server says its first word, which it does at once (protocol.md §1)."""
    began = time.monotonic()
    try:
        socket = client.connect(str(uuid4()), timeout=_SOCKET_WITHIN)
        try:
            word = socket.receive(_SOCKET_WITHIN)
        finally:
            socket.close()
    except ComfyError as error:
        return Look(f"Websocket: {error}", well=False, code=code_of(type(error)))
    except SocketClosed:
        word = None
    if word is None:
        said = "Websocket: it opens, but nothing comes through. Let the proxy before ComfyUI pass websockets on."
        return Look(said, well=False, code=Exit.UNREACHABLE)
    return Look(f"Websocket: opens and speaks in {(time.monotonic() - began) * 1000:.0f} ms")


def _look_at_nodes(client: ComfyClient, workflows: Library) -> Iterator[Look]:
    began = time.monotonic()
    info = client.get_object_info()
    yield Look(f"Nodes: {len(info)} classes, listed in {time.monotonic() - began:.1f} s")
    sender = choose_sender(info)
    if sender is None:
        yield Look("Pictures come as files: the server has no node that sends them over the websocket", well=False)
    else:
        yield Look(f"Pictures come over the websocket, by {_SENDERS[sender]}")
    for entry in workflows.entries():
        try:
            found = check(open_workflow(workflows.get(entry.slug).file, info), info)
        except WorkflowError as error:
            yield Look(f"Workflow {entry.slug}: {error}", well=False)
            continue
        yield Look(f"Workflow {entry.slug}: {_lacks(found) or 'has all it needs'}", well=not found)
    for name, reason in workflows.broken.items():
        yield Look(f"Workflow {name}: {reason}", well=False)


def _lacks(found: list[Finding]) -> str:
    """Each sentence once, with the nearest names that the server has."""
    said: dict[str, None] = {}
    for finding in found:
        near = ", ".join(str(name) for name in finding.nearest)
        said[f"{finding.sentence}{f' Nearest: {near}.' if near else ''}"] = None
    return " ".join(said)
