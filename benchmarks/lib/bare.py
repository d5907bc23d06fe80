"""The shortest script that does what ``ComfyClient.run`` does when nothing goes wrong: the client's baseline."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

import cv2
import numpy as np
import requests
import websocket


def run(url: str, graph: dict[str, Any]) -> tuple[float, str]:
    """Submit and wait for the last picture. Seconds from one to the other, and the prompt's id."""
    graph = {**graph, "9": {"class_type": "SaveImageWebsocket", "inputs": graph["9"]["inputs"]}}
    client_id, prompt_id = str(uuid.uuid4()), str(uuid.uuid4())
    began, last, node = time.perf_counter(), 0.0, ""
    socket = websocket.WebSocket()
    socket.connect(f"ws{url[4:]}/ws?clientId={client_id}", suppress_origin=True)
    body = {"prompt": graph, "client_id": client_id, "prompt_id": prompt_id}
    requests.post(f"{url}/prompt", json=body, timeout=30).raise_for_status()
    while True:
        message = socket.recv()
        if isinstance(message, bytes):
            if node == "9":
                cv2.imdecode(np.frombuffer(message, np.uint8, offset=8), cv2.IMREAD_UNCHANGED)
                last = time.perf_counter()
            continue
        said = json.loads(message)
        if said["type"] == "executing" and said["data"].get("prompt_id") == prompt_id:
            node = said["data"]["node"]
            if node is None:
                socket.close()
                return last - began, prompt_id
