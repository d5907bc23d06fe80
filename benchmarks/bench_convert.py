"""Time of ``convert``: 300 nodes, flat and in subgraphs, and the templates that a ComfyUI 0.3.64 can run."""

from __future__ import annotations

import argparse
import gzip
import json
import time
from importlib.resources import files
from pathlib import Path
from typing import Any

from lib.report import head, line, median, percentile

from comfy_api.errors import NotConvertible
from comfy_api.workflow.convert import convert

TARGET_MS = 50
OBJECT_INFO = Path(__file__).parents[1] / "tests" / "data" / "golden" / "object_info_0.3.64.json.gz"


def chain(nodes: int, first_id: int = 1) -> dict[str, Any]:
    """A graph of one loader and samplers, each wired to the one before; with names beside the values, as today."""
    loader = {
        "id": first_id,
        "type": "CheckpointLoaderSimple",
        "inputs": [],
        "outputs": [{"name": "MODEL", "type": "MODEL"}],
        "widgets_values": ["model.safetensors"],
    }
    samplers = [_sampler(first_id + number, number) for number in range(1, nodes)]
    links = [[number, first_id + number - 1, 0, first_id + number, 3, "LATENT"] for number in range(2, nodes)]
    models = [[1000 + number, first_id, 0, first_id + number, 0, "MODEL"] for number in range(1, nodes)]
    return {"version": 0.4, "nodes": [loader, *samplers], "links": links + models}


def _sampler(node_id: int, number: int) -> dict[str, Any]:
    values = {"seed": number, "control_after_generate": "fixed", "steps": 20, "cfg": 7.5}
    values |= {"sampler_name": "euler", "scheduler": "normal", "denoise": 1.0}
    return {
        "id": node_id,
        "type": "KSampler",
        "inputs": [
            {"name": "model", "type": "MODEL", "link": 1000 + number},
            {"name": "latent_image", "type": "LATENT", "link": number if number > 1 else None},
        ],
        "outputs": [{"name": "LATENT", "type": "LATENT"}],
        "widgets_values": list(values.values()),
        "widgets_values_named": values,
    }


def in_subgraphs(graphs: int, nodes: int) -> dict[str, Any]:
    """The same in instances of one definition."""
    inner = {"id": "definition", "name": "Chain", "inputs": [], "outputs": [], **chain(nodes)}
    hosts = [{"id": number, "type": "definition", "inputs": [], "outputs": []} for number in range(graphs)]
    return {"version": 0.4, "nodes": hosts, "links": [], "definitions": {"subgraphs": [inner]}}


def milliseconds(ui: dict[str, Any], object_info: dict[str, Any], times: int) -> list[float]:
    """Processor time of each of ``times`` conversions: others on the machine do not count."""
    taken = []
    for _ in range(times):
        begun = time.process_time()
        convert(ui, object_info)
        taken.append((time.process_time() - begun) * 1000)
    return taken


def templates(object_info: dict[str, Any]) -> list[dict[str, Any]]:
    """Those of ComfyUI's own templates whose classes the server has."""
    found = []
    for path in (files("comfyui_workflow_templates_json") / "templates").iterdir():
        ui = json.loads(path.read_bytes()) if path.name.endswith(".json") else None
        if isinstance(ui, dict) and "nodes" in ui:
            try:
                convert(ui, object_info)
            except NotConvertible:
                continue
            found.append(ui)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=30, help="conversions of each workflow (default 30)")
    times = parser.parse_args().times
    object_info = json.loads(gzip.decompress(OBJECT_INFO.read_bytes()))
    head("convert")
    for what, ui in (("300 nodes", chain(300)), ("10 subgraphs of 30 nodes", in_subgraphs(10, 30))):
        taken = milliseconds(ui, object_info, times)
        text = f"median {median(taken):.1f} ms, slowest {max(taken):.1f} ms (target {TARGET_MS} ms)"
        line(what, text, met=median(taken) < TARGET_MS)
    each = [median(milliseconds(ui, object_info, 3)) for ui in templates(object_info)]
    line(f"{len(each)} templates, each", f"median {median(each):.1f} ms, 95 % {percentile(each, 0.95):.1f} ms")


if __name__ == "__main__":
    main()
