"""The bounds of the demo engine's parts: what they hold is limited."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from comfy_api.demo.files import Files
from comfy_api.demo.graph import Plan
from comfy_api.demo.hub import BACKLOG, Client
from comfy_api.demo.queue import HISTORY_LIMIT, PENDING_LIMIT, PromptQueue, QueuedPrompt, QueueFullError


def prompt(name: str) -> QueuedPrompt:
    return QueuedPrompt(0, name, {}, {}, ())


def test_history_forgets_the_oldest() -> None:
    queue = PromptQueue(lambda _: None)
    for number in range(HISTORY_LIMIT + 2):
        queue.finish(prompt(str(number)), {})
    kept = list(queue.history())
    assert (len(kept), kept[0]) == (HISTORY_LIMIT, "2")


def test_only_so_many_prompts_may_wait() -> None:
    queue = PromptQueue(lambda _: None)
    for number in range(PENDING_LIMIT):
        queue.put(prompt(str(number)))
    with pytest.raises(QueueFullError):
        queue.put(prompt("one more"))


def test_a_closed_queue_gives_nothing_and_stops_what_runs() -> None:
    queue = PromptQueue(lambda _: None)
    queue.put(prompt("waits"))
    queue.close()
    assert queue.take(0) is None
    assert queue.interrupted.is_set()


def test_the_oldest_results_go_when_there_are_too_many() -> None:
    files = Files(kept_bytes=25)
    try:
        refs = [files.save_result(b"0123456789", "x", "output") for _ in range(4)]
        for age, ref in enumerate(refs):
            os.utime(files.path(ref), (age, age))
        files.prune()
        assert [files.path(ref).exists() for ref in refs] == [False, False, True, True]
    finally:
        files.close()
    assert not files.root.exists()


class StuckSocket:
    """A websocket whose peer never reads."""

    async def send_text(self, text: str) -> None:
        await asyncio.Event().wait()


def test_a_client_that_does_not_read_is_dropped() -> None:
    async def overflow() -> None:
        socket: Any = StuckSocket()
        client = Client("slow", socket)
        sending = asyncio.create_task(client.send_all())
        await asyncio.sleep(0)
        for _ in range(BACKLOG + 2):
            client.put("status")
        await asyncio.wait_for(sending, 5)

    # In a thread of its own: another test's browser may keep a loop running in this one.
    with ThreadPoolExecutor(1) as apart:
        apart.submit(asyncio.run, overflow()).result(30)


def test_nodes_that_feed_an_output_run_before_others_that_are_ready() -> None:
    graph = {
        "1": {"inputs": {}},
        "2": {"inputs": {"image": ["1", 0]}},
        "3": {"inputs": {"image": ["1", 0]}},
        "4": {"inputs": {"image": ["3", 0]}},
        "5": {"inputs": {"image": ["4", 0]}},
        "out": {"inputs": {"images": ["2", 0]}},
        "late": {"inputs": {"images": ["5", 0]}},
    }
    plan = Plan(graph, ["late", "out"], set(), lambda node_id: node_id in ("out", "late"))
    order = []
    while (node_id := plan.next()) is not None:
        order.append(node_id)
        plan.done(node_id)
    assert order == ["1", "2", "out", "3", "4", "5", "late"]
