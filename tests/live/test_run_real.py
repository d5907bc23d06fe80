"""Runs on a real ComfyUI, named by COMFYUI_URL: what the scripted server shows holds there too.

Needs a checkpoint (any will do, random weights too) and latent previews switched on.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from tcp_proxy import proxy_to

from comfy_api import ComfyClient, Run
from comfy_api.errors import ExecutionFailed, PromptRejected, RunStopped
from comfy_api.protocol.events import (
    END,
    Cached,
    Event,
    Finished,
    LineBroken,
    LineMended,
    NodeStarted,
    Preview,
    Progress,
    Queued,
    Result,
    Stopped,
)
from comfy_api.workflow import SenderKind

URL = os.environ.get("COMFYUI_URL", "")
pytestmark = pytest.mark.skipif(not URL, reason="COMFYUI_URL names no ComfyUI")

Until = Callable[..., None]


@pytest.fixture
def client(until: Until) -> Iterator[ComfyClient]:
    with ComfyClient(URL) as made:
        yield made
        until(lambda: not [thread for thread in threading.enumerate() if thread.name.startswith("easel")])


def a_seed() -> int:
    return uuid4().int % 2**64


@pytest.fixture
def graph(client: ComfyClient) -> Callable[..., Any]:
    checkpoint = client.get_models("checkpoints")[0]

    def make(sender: str = "PreviewImage", *, seed: int, steps: int = 3, batch: int = 1) -> Any:
        if sender not in ("PreviewImage", "SaveImage") and not client.get_object_info(sender):
            pytest.skip(f"this server has no {sender}")
        sampler = {"sampler_name": "euler", "scheduler": "normal", "cfg": 1.0, "denoise": 1.0}
        last: dict[str, Any] = {"images": ["8", 0]}
        last |= {"filename_prefix": "easel-test"} if sender == "SaveImage" else {}
        last |= {"format": "PNG"} if sender == SenderKind.ETN else {}
        return {
            "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": checkpoint}},
            "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64, "batch_size": batch}},
            "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a red fox", "clip": ["4", 1]}},
            "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "blurry", "clip": ["4", 1]}},
            "3": {
                "class_type": "KSampler",
                "inputs": {
                    "seed": seed, "steps": steps, "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0],
                    "latent_image": ["5", 0], **sampler,
                },
            },
            "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
            "9": {"class_type": sender, "inputs": last, "_meta": {"title": "Picture"}},
        }  # fmt: skip

    return make


def finished(run: Run, timeout: float = 120.0) -> list[Event]:
    """All events, up to the end."""
    seen: list[Event] = []
    while not seen or not isinstance(seen[-1], END):
        event = run.next_event(timeout)
        assert event is not None, f"silence after {seen[-2:]}"
        seen.append(event)
    return seen


def until_sampling(run: Run) -> list[Event]:
    seen: list[Event] = []
    while not (seen and isinstance(seen[-1], Progress)):
        event = run.next_event(60)
        assert event is not None
        seen.append(event)
    return seen


def of(kind: type[Any], events: list[Event]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def is_idle(client: ComfyClient, prompt_id: str) -> bool:
    return prompt_id not in client.get_queue()


@pytest.mark.parametrize("sender", ["PreviewImage", "SaveImage", "SaveImageWebsocket", "ETN_SendImageWebSocket"])
def test_every_sender_brings_its_batch_and_brings_it_again_from_the_cache(
    client: ComfyClient, graph: Callable[..., Any], sender: str
) -> None:
    workflow = graph(sender, seed=a_seed(), batch=3)
    run = client.run(workflow)
    events = finished(run)
    assert isinstance(events[-1], Finished)
    assert [(result.node_id, result.title) for result in of(Result, events)] == [("9", "Picture")] * 3
    assert sorted(result.index for result in run.results) == [0, 1, 2]
    assert all(result.image is not None and result.image.shape == (64, 64, 3) for result in run.results)
    assert of(Preview, events)
    assert all(preview.image.shape[2] == 3 for preview in of(Preview, events))
    shares = [event.overall for event in events if isinstance(event, Progress | NodeStarted)]
    assert shares == sorted(shares)
    assert 0 < shares[-1] < 1
    again = client.run(workflow)
    cached = finished(again)
    assert "3" in of(Cached, cached)[0].node_ids
    assert not of(Preview, cached)
    pixels = {result.index: result.image for result in run.results}
    for result in again.results:
        assert (result.image == pixels[result.index]).all()
    assert len(again.results) == 3


def test_previews_are_swapped_for_the_sender_that_ships_with_comfyui(
    client: ComfyClient, graph: Callable[..., Any]
) -> None:
    if not client.get_object_info(SenderKind.SAVE_WEBSOCKET):
        pytest.skip("custom nodes are disabled")
    run = client.run(graph(seed=a_seed()))
    (result,) = run.wait(120)
    assert result.filename == ""
    entry = client.find_history(run.prompt_id)
    assert entry is not None
    assert entry.outputs == ()


def test_kept_previews_are_fetched(client: ComfyClient, graph: Callable[..., Any]) -> None:
    (result,) = client.run(graph(seed=a_seed()), swap=False).wait(120)
    assert result.filename.endswith(".png")
    assert result.mime == "image/png"


def test_a_running_prompt_is_stopped_soon_and_another_one_goes_on(
    client: ComfyClient, graph: Callable[..., Any]
) -> None:
    long, other = client.run(graph(seed=a_seed(), steps=1000)), client.run(graph(seed=a_seed()))
    until_sampling(long)
    began = time.monotonic()
    assert long.stop(20)
    assert time.monotonic() - began < 3  # another run may be under way on the same cores
    with pytest.raises(RunStopped) as caught:
        long.wait(1)
    assert caught.value.asked
    assert other.wait(120)


def test_a_waiting_prompt_is_stopped_and_the_running_one_goes_on(
    client: ComfyClient, graph: Callable[..., Any]
) -> None:
    running = client.run(graph(seed=a_seed(), steps=5))
    waiting = client.run(graph(seed=a_seed()))
    place = waiting.next_event(30)
    assert isinstance(place, Queued)
    assert place.place >= 1
    assert waiting.stop(20)
    assert finished(waiting)[-1] == Stopped(asked=True)
    assert running.wait(120)


def test_a_stop_by_somebody_else_is_told_apart(client: ComfyClient, graph: Callable[..., Any]) -> None:
    run = client.run(graph(seed=a_seed(), steps=1000))
    until_sampling(run)
    with ComfyClient(URL) as other:
        other.interrupt(run.prompt_id)
    assert finished(run)[-1] == Stopped(asked=False)
    waiting = [client.run(graph(seed=a_seed(), steps=400)) for _ in range(2)]
    with ComfyClient(URL) as other:
        other.delete_pending([waiting[1].prompt_id])
    assert finished(waiting[1])[-1] == Stopped(asked=False)
    assert waiting[0].stop(20)


def test_two_clients_hear_their_own(client: ComfyClient, graph: Callable[..., Any]) -> None:
    with ComfyClient(URL) as other:
        runs = [client.run(graph(seed=a_seed(), batch=2)), other.run(graph("SaveImage", seed=a_seed()))]
        assert [len(run.wait(120)) for run in runs] == [2, 1]
        for run, events in [(run, finished(run)) for run in runs]:
            assert len(of(Result, events)) == len(run.results)


@pytest.mark.parametrize("sender", ["PreviewImage", "ETN_SendImageWebSocket"])
def test_a_line_that_is_cut_while_sampling_is_mended(graph: Callable[..., Any], sender: str) -> None:
    with proxy_to(URL) as (proxy, url), ComfyClient(url) as through:
        run = through.run(graph(sender, seed=a_seed(), steps=6, batch=2))
        seen = until_sampling(run)
        proxy.cut()
        seen += finished(run)
        assert isinstance(seen[-1], Finished)
        assert len(of(LineBroken, seen)) == len(of(LineMended, seen)) == 1
        assert sorted(result.index for result in run.results) == [0, 1]
        assert not any(result.recomputed for result in run.results)
        assert [event.value for event in of(Progress, seen)][-1] == 6


@pytest.mark.parametrize("sender", ["PreviewImage", "ETN_SendImageWebSocket"])
def test_a_line_that_is_away_at_the_end_costs_no_second_sampling(
    client: ComfyClient, graph: Callable[..., Any], sender: str, until: Until
) -> None:
    with proxy_to(URL) as (proxy, url), ComfyClient(url, timeout=2.0) as through:
        run = through.run(graph(sender, seed=a_seed(), steps=4))
        until_sampling(run)
        proxy.block()
        first = run.prompt_id
        until(lambda: is_idle(client, first), timeout=60)
        proxy.cut()
        (result,) = run.wait(120)
        assert not result.recomputed
        assert run.prompt_id != first


def test_where_no_socket_lives_long_enough_pictures_come_as_files(graph: Callable[..., Any]) -> None:
    with proxy_to(URL) as (proxy, url), ComfyClient(url) as through:
        run = through.run(graph(seed=a_seed(), steps=8))
        seen: list[Event] = []
        while len(of(LineBroken, seen)) < 3:
            event = run.next_event(60)
            assert event is not None
            seen.append(event)
            if isinstance(event, Progress | LineMended):
                proxy.cut()
        (result,) = run.wait(120)
        assert result.filename


def test_a_bad_choice_is_refused_and_typed(client: ComfyClient, graph: Callable[..., Any]) -> None:
    bad = graph(seed=1)
    bad["3"]["inputs"]["sampler_name"] = "magic"
    with pytest.raises(PromptRejected) as caught:
        client.run(bad)
    (problem,) = caught.value.problems
    assert (problem.node_id, problem.input, problem.received) == ("3", "sampler_name", "magic")


def test_an_output_that_is_left_out_is_named(client: ComfyClient, graph: Callable[..., Any]) -> None:
    half = graph(seed=a_seed())
    half["10"] = {"class_type": "PreviewImage", "inputs": {}}
    run = client.run(half)
    assert [result.node_id for result in run.wait(120)] == ["9"]
    assert [problem.node_id for problem in run.problems] == ["10"]


def test_a_node_that_fails_is_typed(client: ComfyClient, graph: Callable[..., Any]) -> None:
    upload = client.upload_image(b"no picture", f"{uuid4()}.png")
    broken = {
        "1": {"class_type": "LoadImage", "inputs": {"image": upload.value}, "_meta": {"title": "Mine"}},
        "9": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}},
    }
    with pytest.raises(ExecutionFailed) as caught:
        client.run(broken).wait(60)
    assert (caught.value.node_id, caught.value.title, caught.value.class_type) == ("1", "Mine", "LoadImage")
    assert caught.value.traceback
