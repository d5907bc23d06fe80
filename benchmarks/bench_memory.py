"""Time and peak memory of a run that brings large pictures: by default four of 2048² pixels of noise, 12.6 MB each.

Bound: three times the bytes received plus the decoded arrays. FakeComfyUI has its own process.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from pathlib import Path

from lib import bare
from lib.processes import Child, forget_peak, status_mb
from lib.report import head, line, median
from lib.sampled import Graph

from comfy_api import ComfyClient
from comfy_api.testing import FakeComfyUI, Play, noise_png, steps

_GRAPH: Graph = {
    "5": {"class_type": "EmptyImage", "inputs": {"width": 2048, "height": 2048, "batch_size": 4}},
    "9": {"class_type": "PreviewImage", "inputs": {"images": ["5", 0]}},
}


def serve(count: int, size: int) -> None:
    """Be the server: each prompt gets ``count`` pictures at node 9. Until stdin ends."""
    pictures = [noise_png(size, size, seed) for seed in range(count)]
    results = [steps.result("9", picture, index, count) for index, picture in enumerate(pictures)]
    play = Play(
        steps.start(), steps.cached(), steps.executing("9"), *results, steps.finished("9"), steps.success(), steps.end()
    )
    with FakeComfyUI(cache=False) as comfy:
        comfy.script(play)
        print(comfy.url, flush=True)
        sys.stdin.read()


def measure(url: str) -> tuple[float, float, float, float]:
    """Seconds, growth of memory at its peak, bytes received and bytes of arrays, the last three in MB."""
    with ComfyClient(url) as client:
        client.health()
        gc.collect()
        before = status_mb("VmRSS")
        forget_peak()
        began = time.perf_counter()
        results = client.run(_GRAPH).wait(60)
        took, peak = time.perf_counter() - began, status_mb("VmHWM") - before
        received = sum(len(result.data) for result in results) / 1e6
        arrays = sum(result.image.nbytes for result in results if result.image is not None) / 1e6
        return took, peak, received, arrays


def in_new_process(way: str, url: str) -> list[float]:
    """What ``measure`` or the bare script says in a process of its own: memory that another run left is no help."""
    with Child([str(Path(__file__)), "--as", way, "--url", url]) as child:
        return [float(word) for word in child.line().split()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=4)
    parser.add_argument("--size", type=int, default=2048)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--as", dest="way", choices=("server", "client", "bare"), help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.way == "server":
        serve(asked.count, asked.size)
    elif asked.way == "client":
        print(*measure(asked.url), flush=True)
    elif asked.way == "bare":
        print(bare.run(asked.url, _GRAPH)[0], flush=True)
    else:
        report(asked.count, asked.size, asked.repeats)


def report(count: int, size: int, repeats: int) -> None:
    """Measure and print."""
    head(f"{count} pictures of {size}² noise; medians of {repeats}, each in a process of its own")
    with Child([str(Path(__file__)), "--as", "server", "--count", str(count), "--size", str(size)]) as server:
        url = server.line()
        runs, bares = [], []
        for _ in range(repeats):
            runs.append(in_new_process("client", url))
            bares.append(in_new_process("bare", url)[0])
    took, peak, received, arrays = (median([run[place] for run in runs]) for place in range(4))
    bound = 3 * received + arrays
    line("received, decoded arrays", f"{received:.1f} MB, {arrays:.1f} MB")
    line("time, of which the bare script takes", f"{took:.2f} s, {median(bares):.2f} s")
    times = (peak - arrays) / received
    line("peak memory", f"{peak:.0f} MB = arrays + {times:.2f} × received, bound {bound:.0f} MB", met=peak <= bound)


if __name__ == "__main__":
    main()
