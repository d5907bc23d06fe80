"""The way of events: in order, bounded, and without loss of what counts."""

from __future__ import annotations

import threading

import pytest

from comfy_api.protocol.channel import Channel
from comfy_api.protocol.events import Event, Failed, Finished, NodeStarted, Preview, Progress, Queued, Result, Started


def result(index: int) -> Result:
    return Result("9", "Out", index, b"", "image/png")


def progress(node: str, value: int) -> Progress:
    return Progress(node, node, value, 10, 0.1)


def drained(channel: Channel) -> list[Event]:
    return list(channel)


def test_events_come_in_order_and_end() -> None:
    channel = Channel()
    events = [Queued(2), Started("p"), NodeStarted("3", "K", 0.1), progress("3", 1), result(0), Finished()]
    for event in events:
        channel.put(event)
    assert drained(channel) == events
    assert channel.get(0) is None


def test_of_previews_progress_and_places_the_latest_wins() -> None:
    channel = Channel()
    for value in range(100):
        channel.put(Queued(100 - value))
        channel.put(Preview("3", bytes([value]), "image/jpeg"))
        channel.put(progress("3", value))
    channel.put(progress("8", 1))
    channel.put(Finished())
    assert drained(channel) == [
        Queued(1),
        Preview("3", bytes([99]), "image/jpeg"),
        progress("3", 99),
        progress("8", 1),
        Finished(),
    ]


def test_progress_that_is_read_is_not_withheld() -> None:
    channel = Channel()
    for value in range(3):
        channel.put(progress("3", value))
        assert channel.get(0) == progress("3", value)


def test_the_bound_takes_the_oldest_but_no_result_and_no_end() -> None:
    channel = Channel(most=10)
    for index in range(50):
        channel.put(NodeStarted(str(index), "K", 0.1))
        channel.put(result(index))
    channel.put(Failed(ValueError()))  # type: ignore[arg-type]
    left = drained(channel)
    assert [event.index for event in left if isinstance(event, Result)] == list(range(50))
    assert sum(isinstance(event, NodeStarted) for event in left) <= 10
    assert isinstance(left[-1], Failed)


def test_nothing_comes_after_the_end() -> None:
    channel = Channel()
    channel.put(Finished())
    channel.put(result(0))
    assert drained(channel) == [Finished()]


def test_waiting_ends_with_the_deadline() -> None:
    assert Channel().get(0.01) is None


@pytest.mark.parametrize("readers", [1, 3])
def test_an_event_wakes_a_waiting_reader_and_the_end_wakes_all(readers: int) -> None:
    channel, seen = Channel(), []
    threads = [threading.Thread(target=lambda: seen.extend(channel)) for _ in range(readers)]
    for thread in threads:
        thread.start()
    for index in range(100):
        channel.put(result(index))
    channel.put(Finished())
    for thread in threads:
        thread.join(5)
        assert not thread.is_alive()
    assert sorted(event.index for event in seen if isinstance(event, Result)) == list(range(100))


def test_putting_does_not_wait_for_a_reader() -> None:
    channel = Channel()
    for index in range(20_000):
        channel.put(result(index))
    channel.put(Finished())
    assert sum(1 for _ in channel) == 20_001
