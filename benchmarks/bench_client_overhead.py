"""From submission to the last picture decoded, over the server's own execution time.

``ComfyClient.run`` against a bare script of thirty lines (``lib/bare.py``), in turns, on FakeComfyUI, on the demo
engine, and with ``--server URL`` on that ComfyUI instead. The server's time is what its history says.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from lib import bare
from lib.comfy import Comfy
from lib.report import head, line, median
from lib.sampled import executed_in, workflow

from comfy_api import ComfyClient
from comfy_api.demo.process import DemoProcess
from comfy_api.protocol.events import Result

#: A job takes about so long on the server.
_SECONDS = 1.0


def run_client(client: ComfyClient, url: str, steps: int, size: int) -> tuple[float, float]:
    """One job by our client: seconds to the last picture, and the server's own."""
    graph = workflow(client, steps, size)
    began = last = time.perf_counter()
    run = client.run(graph)
    for event in run:
        if isinstance(event, Result):
            last = time.perf_counter()
    run.wait()
    return last - began, executed_in(url, run.prompt_id)


def run_bare(client: ComfyClient, url: str, steps: int, size: int) -> tuple[float, float]:
    """The same by the bare script."""
    took, prompt_id = bare.run(url, workflow(client, steps, size))
    return took, executed_in(url, prompt_id)


def steps_for(client: ComfyClient, url: str, size: int) -> int:
    """How many steps take about a second here, after a run that loads the model."""
    run_client(client, url, 2, size)
    few, many = (run_client(client, url, steps, size)[1] for steps in (4, 12))
    each = max((many - few) / 8, 0.002)
    return max(1, min(400, round(4 + (_SECONDS - few) / each)))


def compare(name: str, url: str, repeats: int, size: int) -> None:
    """Print what our client and the bare script add on one server."""
    with ComfyClient(url) as client:
        steps = steps_for(client, url, size)
        runs: dict[str, list[tuple[float, float]]] = {"ComfyClient.run": [], "bare script": []}
        ways: dict[str, Callable[..., tuple[float, float]]] = {"ComfyClient.run": run_client, "bare script": run_bare}
        for _ in range(repeats):
            for way, once in ways.items():
                runs[way].append(once(client, url, steps, size))
        version = client.get_system_stats().version
    print(f"  {name} ({version}), {size}² pixels, {steps} steps, {repeats} runs each")
    for way, pairs in runs.items():
        ratio = median([took / own for took, own in pairs])
        added = median([took - own for took, own in pairs])
        own = median([own for _, own in pairs])
        met = ratio <= 1.03 and added <= 0.030 if way != "bare script" else None
        line(f"  {way}", f"{ratio:.3f}, {added * 1e3:.0f} ms added to {own:.2f} s", met=met)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", help="a real ComfyUI, with a model")
    parser.add_argument("--repeats", type=int, default=11)
    parser.add_argument("--size", type=int, default=0, help="edge of the picture in pixels")
    asked = parser.parse_args()
    head("Submission to last picture decoded, over the server's own time; medians")
    if asked.server:
        compare("ComfyUI", asked.server.rstrip("/"), asked.repeats, asked.size or 64)
        return
    with tempfile.TemporaryDirectory(prefix="easel-bench-") as folder, Comfy(Path(folder), pace=0.05) as comfy:
        compare("FakeComfyUI", comfy.url, asked.repeats, asked.size or 512)
    with DemoProcess.start(step_seconds=0.05) as demo:
        compare("Demo engine", demo.url, asked.repeats, asked.size or 256)


if __name__ == "__main__":
    main()
