"""Workflows for the client's benchmarks, and what a server says of its own time."""

from __future__ import annotations

import json
import random
from typing import Any

import requests

from comfy_api import ComfyClient
from lib import ROOT

Graph = dict[str, Any]


def workflow(client: ComfyClient, steps: int, size: int) -> Graph:
    """Text to image with a seed of its own, so that nothing is cached, and the first model that the server has."""
    graph: Graph = json.loads((ROOT / "workflows" / "txt2img.json").read_text())
    graph["3"]["inputs"] |= {"seed": random.randrange(2**48), "steps": steps}
    graph["5"]["inputs"] |= {"width": size, "height": size}
    info = client.get_object_info("CheckpointLoaderSimple")
    models = info["CheckpointLoaderSimple"]["input"]["required"]["ckpt_name"][0]
    if isinstance(models, list) and models and graph["4"]["inputs"]["ckpt_name"] not in models:
        graph["4"]["inputs"]["ckpt_name"] = models[0]
    return graph


def executed_in(url: str, prompt_id: str) -> float:
    """Seconds from ``execution_start`` to ``execution_success`` by the server's own clock, from its history."""
    for _ in range(50):
        history = requests.get(f"{url}/history/{prompt_id}", timeout=10).json()
        if prompt_id in history:
            said = {kind: data["timestamp"] for kind, data in history[prompt_id]["status"]["messages"]}
            return float(said["execution_success"] - said["execution_start"]) / 1000
    raise LookupError(prompt_id)
