"""Many faults at once, drawn from a seed: every run ends, all pictures arrive once, and nothing is left."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from running import FAST, Connect, events_of, graph, of, places
from urllib3.util import Retry

from comfy_api.errors import ComfyError
from comfy_api.protocol.events import END, Failed, Finished, NodeStarted, Progress, Result
from comfy_api.protocol.http import read_retries
from comfy_api.testing import FakeComfyUI, png

SENDERS = ["PreviewImage", "SaveImage", "SaveImageWebsocket", "ETN_SendImageWebSocket"]
QUICK: Retry = read_retries().new(backoff_factor=0.002, backoff_jitter=0.0)
TIMING = replace(FAST, tick=0.01, gone_after=0.05, last_words=0.05, young=0.2)


@pytest.mark.parametrize("seed", range(72))
def test_a_run_survives(connect: Connect, seed: int) -> None:
    with FakeComfyUI("0.38" if seed % 2 else "0.3.64") as comfy:
        comfy.chaos(seed, rate=(0.05, 0.15, 0.3)[seed % 3], most=12)
        client = connect(comfy.url, timeout=2.0, retries=QUICK)
        try:
            run = client.run(graph(SENDERS[seed % 4], batch=2), timing=TIMING, patience=5.0)
        except ComfyError:
            comfy.heal()
        else:
            events = events_of(run)
            comfy.heal()
            assert isinstance(events[-1], Finished), (events[-1], comfy.faults_drawn)
            assert len(of(END, events)) == 1
            assert sorted(places(of(Result, events))) == [("9", 0), ("9", 1)], comfy.faults_drawn
            assert {result.data for result in run.results} == {png(32, 16, 7), png(32, 16, 8)}
            shares = [event.overall for event in events if isinstance(event, NodeStarted | Progress)]
            assert shares == sorted(shares)
            assert not of(Failed, events)
        comfy.wait_for(lambda: comfy.remaining == 0 and comfy.sockets == [])
        done = Counter(
            str(body.get("partial_execution_targets")) for body in comfy.prompts if _finished(client, body["prompt_id"])
        )
        assert done[str(None)] <= 1, "what was finished ran twice"


def _finished(client: object, prompt_id: str) -> bool:
    entry = client.find_history(prompt_id)  # type: ignore[attr-defined]
    return entry is not None and not entry.outcome.interrupted
