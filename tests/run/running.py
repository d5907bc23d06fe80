"""What the tests of client and run share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from comfy_api import ComfyClient, Run
from comfy_api.protocol.events import END, Event, Result
from comfy_api.protocol.timing import Timing

Connect = Callable[..., ComfyClient]

#: As ``Timing``, a hundred times as impatient.
FAST = Timing(
    tick=0.01,
    ask_after=0.08,
    place_after=0.02,
    place_every=0.05,
    deaf_after=0.2,
    last_words=0.15,
    gone_after=0.12,
    cancel_every=0.05,
    connect=1.0,
    fetch_within=5.0,
    fetch_rest=2.0,
)


def graph(
    sender: str = "PreviewImage", *, batch: int = 1, seed: int = 7, steps: int = 2, title: str = "Picture"
) -> Any:
    """A text-to-image graph whose node 9 gives the pictures."""
    return {
        "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "dream.safetensors"}},
        "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 32, "height": 16, "batch_size": batch}},
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a red fox", "clip": ["4", 1]}},
        "3": {
            "class_type": "KSampler",
            "inputs": {"seed": seed, "steps": steps, "model": ["4", 0], "positive": ["6", 0], "latent_image": ["5", 0]},
            "_meta": {"title": "My Sampler"},
        },
        "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
        "9": {"class_type": sender, "inputs": {"images": ["8", 0]}, "_meta": {"title": title}},
    }


def two_stages(first: str = "PreviewImage", second: str = "PreviewImage") -> Any:
    """A draft at node 9, and a second sampler whose picture comes from node 12:7."""
    return {
        **graph(first, title="Draft"),
        "10": {
            "class_type": "KSampler",
            "inputs": {"seed": 8, "steps": 2, "model": ["4", 0], "latent_image": ["3", 0]},
        },
        "11": {"class_type": "VAEDecode", "inputs": {"samples": ["10", 0], "vae": ["4", 2]}},
        "12:7": {"class_type": second, "inputs": {"images": ["11", 0]}, "_meta": {"title": "Final"}},
    }


def events_of(run: Run, timeout: float = 10.0) -> list[Event]:
    """Every event up to the end, which has to come within ``timeout`` seconds an event."""
    seen: list[Event] = []
    while not seen or not isinstance(seen[-1], END):
        event = run.next_event(timeout)
        assert event is not None, f"silence after {seen[-3:]}"
        seen.append(event)
    return seen


def names(events: list[Event]) -> list[str]:
    """The types in order, repeated ones once."""
    named = [type(event).__name__ for event in events]
    return [name for i, name in enumerate(named) if i == 0 or named[i - 1] != name]


def of(kind: type[Any], events: list[Event]) -> list[Any]:
    """The events of one type."""
    return [event for event in events if isinstance(event, kind)]


def places(results: list[Result]) -> list[tuple[str, int]]:
    """(Node, index) of each result."""
    return [(result.node_id, result.index) for result in results]
