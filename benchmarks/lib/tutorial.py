"""The baseline: how the usual tutorial shows a run. A thread, two queues, and a loop in the script that polls them."""

from __future__ import annotations

import json
import os
import queue
import threading
import uuid
from contextlib import suppress
from pathlib import Path

import requests
import streamlit as st
import websocket

URL = os.environ["COMFYUI_URL"]
WORKFLOW = Path(__file__).parents[2] / "workflows" / "txt2img.json"


def listen(client_id: str, progress: queue.Queue, previews: queue.Queue) -> None:
    socket = websocket.WebSocket()
    socket.connect(f"ws{URL[4:]}/ws?clientId={client_id}")
    prompt = json.loads(WORKFLOW.read_text())
    requests.post(f"{URL}/prompt", json={"prompt": prompt, "client_id": client_id}, timeout=10)
    while True:
        message = socket.recv()
        if isinstance(message, bytes):
            previews.put(message[8:])
        else:
            said = json.loads(message)
            if said["type"] == "progress":
                progress.put(said["data"])
            elif said["type"] == "executing" and said["data"]["node"] is None:
                progress.put(None)
                return


st.title("Generate")
st.text_input("Prompt")
if st.button("Generate", key="generate"):
    bar, picture = st.progress(0.0), st.empty()
    progress_queue, preview_queue = queue.Queue(), queue.Queue()
    client = str(uuid.uuid4())
    threading.Thread(target=listen, args=(client, progress_queue, preview_queue), daemon=True).start()
    while True:
        with suppress(queue.Empty):
            step = progress_queue.get_nowait()
            if step is None:
                break
            bar.progress(step["value"] / step["max"])
        with suppress(queue.Empty):
            picture.image(preview_queue.get_nowait())
