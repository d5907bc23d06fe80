"""What the messages of one prompt mean: results told from previews, other prompts left alone, losses noticed."""

from __future__ import annotations

from typing import Any

import pytest

from comfy_api.protocol.events import Cached, NodeStarted, Preview, Progress, Started
from comfy_api.protocol.follow import Arrived, Follower, Graph, Outcome
from comfy_api.protocol.frames import BadFrame, ImageFrame, TextFrame
from comfy_api.protocol.messages import (
    Executed,
    Executing,
    ExecutionCached,
    ExecutionError,
    ExecutionInterrupted,
    ExecutionStart,
    ExecutionSuccess,
    Features,
    Message,
    NodeProgress,
    ProgressState,
    Status,
    Unknown,
)
from comfy_api.protocol.outputs import OutputRef
from comfy_api.protocol.progress import Meter
from comfy_api.workflow import SenderKind

ETN, WS = SenderKind.ETN, SenderKind.SAVE_WEBSOCKET
CLASSES = {
    "4": "CheckpointLoaderSimple",
    "3": "KSampler",
    "8": "VAEDecode",
    "9": "PreviewImage",
    "12:7": "PreviewImage",
}


def follower(metadata: bool = True, **senders: SenderKind) -> Follower:
    """Follows prompt ``p`` whose start was seen; ``_9=ETN`` makes node 9 a sender."""
    named = {name.removeprefix("_"): kind for name, kind in senders.items()}
    made = Follower("p", Graph(CLASSES, {"9": "Picture"}, named), Meter(CLASSES))
    made.message(Features(metadata))
    made.message(ExecutionStart("p"))
    return made


def plain(data: bytes = b"plain") -> ImageFrame:
    return ImageFrame(data, "image/png")


def named(node: str, data: bytes = b"named", prompt_id: str = "p") -> ImageFrame:
    return ImageFrame(data, "image/png", node, prompt_id)


def sent(count: int) -> dict[str, Any]:
    return {"images": [{"source": "websocket", "type": "output"}] * count}


def have(*indexes: int, node: str = "9") -> dict[str, set[int]]:
    return {node: set(indexes)} if indexes else {}


# --- results and previews (protocol.md §2) ---


def test_with_metadata_a_plain_frame_of_an_etn_node_is_a_result() -> None:
    f = follower(_9=ETN)
    f.message(Executing("p", "3"))
    assert f.frame(named("3")) == [Preview("3", b"named", "image/png")]
    f.message(Executing("p", "9"))
    assert [f.frame(plain()), f.frame(plain())] == [
        [Arrived("9", 0, b"plain", "image/png")],
        [Arrived("9", 1, b"plain", "image/png")],
    ]


def test_with_metadata_a_named_frame_of_a_websocket_saver_is_a_result_and_a_plain_one_is_not() -> None:
    f = follower(_9=WS)
    f.message(Executing("p", "9"))
    assert f.frame(named("9")) == [Arrived("9", 0, b"named", "image/png")]
    assert isinstance(f.frame(plain())[0], Preview)


@pytest.mark.parametrize("kind", [ETN, WS])
def test_without_metadata_the_running_node_tells(kind: SenderKind) -> None:
    f = follower(metadata=False, _9=kind)
    f.message(Executing("p", "3"))
    assert isinstance(f.frame(plain())[0], Preview)
    f.message(Executing("p", "9"))
    assert isinstance(f.frame(plain())[0], Arrived)


def test_several_outputs_are_kept_apart() -> None:
    f = follower(**{"_9": ETN, "12:7": WS})
    f.message(Executing("p", "9"))
    first = f.frame(plain(b"a"))
    f.message(Executing("p", "3"))
    between = f.frame(named("3"))
    f.message(Executing("p", "12:7"))
    second = f.frame(named("12:7", b"b"))
    assert first == [Arrived("9", 0, b"a", "image/png")]
    assert isinstance(between[0], Preview)
    assert second == [Arrived("12:7", 0, b"b", "image/png")]


def test_files_are_named_for_fetching() -> None:
    output = {"images": [{"filename": "a.png", "subfolder": "", "type": "temp"}, {"filename": "b.png", "type": "temp"}]}
    steps = follower().message(Executed("p", "9", output))
    assert steps == [OutputRef("9", 0, "a.png", "", "temp"), OutputRef("9", 1, "b.png", "", "temp")]


def test_a_node_that_tells_twice_is_counted_on_and_what_it_repeats_is_left_out() -> None:
    f = follower()
    f.message(Executed("p", "9", {"images": [{"filename": "a.png"}]}))
    again = f.message(Executed("p", "9", {"images": [{"filename": "a.png"}, {"filename": "b.png"}]}))
    assert again == [OutputRef("9", 1, "b.png", "", "output")]


# --- whose is it (protocol.md §0.7, §8) ---


@pytest.mark.parametrize(
    "message",
    [
        ExecutionStart("other"), ExecutionCached("other", ("3",)), Executing("other", "9"), Executing("other", None),
        NodeProgress("other", "3", 1, 2), ProgressState("other", ("3",)), Executed("other", "9", sent(1)),
        ExecutionSuccess("other"), ExecutionError("other", "3", "", "", ""), ExecutionInterrupted("other", "3"),
        Status(3), Unknown("x"), Executing(None, None), ExecutionStart(None),  # type: ignore[arg-type]
    ],
)  # fmt: skip
def test_messages_of_others_change_nothing(message: Message) -> None:
    f = follower(_9=ETN)
    f.message(Executing("p", "9"))
    assert f.message(message) == []
    assert (f.closed, f.outcome) == (False, None)
    assert isinstance(f.frame(plain())[0], Arrived)


def test_frames_of_others_are_left_out() -> None:
    f = follower(_9=ETN)
    f.message(Executing("p", "9"))
    assert f.frame(named("3", prompt_id="other")) == []
    assert f.frame(TextFrame("9", "words")) == []
    assert f.frame(BadFrame("garbage")) == []


def test_frames_count_between_our_start_and_our_end_only() -> None:
    f = Follower("p", Graph(CLASSES, {}, {"9": ETN}), Meter(CLASSES))
    assert f.frame(plain()) == []
    f.message(ExecutionStart("p"))
    assert f.frame(plain()) != []
    f.message(Executing("p", None))
    assert f.frame(plain()) == []


# --- the course ---


def test_the_events_of_a_run_come_in_order() -> None:
    f = Follower("p", Graph(CLASSES, {"3": "My Sampler"}, {}), Meter(CLASSES))
    steps = [
        step
        for message in (
            ExecutionStart("p"), ExecutionCached("p", ("4",)), Executing("p", "3"), NodeProgress("p", "3", 1, 2),
            ProgressState("p", ("3",)), Executing("p", "8"), ExecutionSuccess("p"), Executing("p", None),
        )
        for step in f.message(message)
    ]  # fmt: skip
    assert [type(step) for step in steps] == [Started, Cached, NodeStarted, Progress, NodeStarted]
    assert (steps[2].title, steps[4].title) == ("My Sampler", "VAEDecode")  # type: ignore[union-attr]
    assert f.closed
    assert f.outcome == Outcome()


def test_a_start_that_was_missed_is_made_up_for() -> None:
    f = Follower("p", Graph(CLASSES, {}, {}), Meter(CLASSES))
    assert [type(step) for step in f.message(Executing(None, "3"))] == [Started, NodeStarted]


def test_success_alone_does_not_close_it() -> None:
    f = follower()
    f.message(ExecutionSuccess("p"))
    assert (f.outcome, f.closed) == (Outcome(), False)


@pytest.mark.parametrize(
    ("message", "outcome"),
    [
        (ExecutionError("p", "3", "KSampler", "ValueError", "why"), "error"),
        (ExecutionInterrupted("p", "3"), "interrupted"),
    ],
)
def test_the_last_word_does_not_cover_up_a_bad_end(message: Message, outcome: str) -> None:
    f = follower()
    f.message(message)
    f.message(Executing("p", None))
    assert f.closed
    assert f.outcome is not None
    assert getattr(f.outcome, outcome)


def test_a_saver_counting_its_pictures_does_not_move_the_bar() -> None:
    f = follower(_9=WS)
    f.message(Executing("p", "9"))
    assert f.message(NodeProgress("p", "9", 0, 3)) == []


def test_overall_is_never_full_and_never_falls() -> None:
    f = follower()
    shown = [0.0]
    for node in ("4", "3", "8", "3", "5.0.0.2", "9"):
        for step in [*f.message(Executing("p", node)), *f.message(NodeProgress("p", node, 2, 2))]:
            shown.append(step.overall)  # type: ignore[union-attr]
    assert shown == sorted(shown)
    assert shown[-1] < 1


# --- losses (protocol.md §0.1, §2, §7) ---


def test_a_cached_etn_node_without_frames_is_missing() -> None:
    f = follower(_9=ETN)
    f.message(Executed("p", "9", sent(2)))
    assert f.missing(have()) == ["9"]
    assert f.missing(have(0)) == ["9"]
    assert f.missing(have(0, 1)) == []


def test_a_saver_says_how_many_by_its_progress() -> None:
    f = follower(_9=WS)
    f.message(NodeProgress("p", "9", 0, 3))
    assert f.missing(have(0, 1)) == ["9"]
    assert f.missing(have(0, 1, 2)) == []


def test_a_sender_that_a_switch_left_out_is_not_missing() -> None:
    f = follower(_9=ETN)
    f.message(Executing("p", None))
    assert f.missing(have()) == []


def test_after_a_break_a_sender_that_was_not_heard_of_is_missing() -> None:
    f = follower(_9=ETN)
    f.connection_lost()
    f.message(Executing("p", None))
    assert f.missing(have()) == ["9"]


def test_a_break_voids_the_flags() -> None:
    f = follower(_9=WS)
    f.connection_lost()
    assert not f.metadata
    f.message(Features(True))
    assert f.metadata


@pytest.mark.parametrize("said_anew", [True, False])
def test_pictures_that_cannot_be_counted_after_a_break_are_left_out(said_anew: bool) -> None:
    f = follower(_9=WS)
    f.message(Executing("p", "9"))
    f.frame(named("9", b"0"))
    f.connection_lost()
    f.message(Features(True))
    if said_anew:
        f.message(Executing(None, "9"))
    assert f.frame(named("9", b"2")) == []
    assert f.missing(have(0)) == ["9"]


def test_a_sender_that_begins_after_the_break_is_counted() -> None:
    f = follower(_9=WS)
    f.message(Executing("p", "3"))
    f.connection_lost()
    f.message(Features(True))
    f.message(Executing(None, "3"))
    f.message(Executing("p", "9"))
    assert f.frame(named("9")) == [Arrived("9", 0, b"named", "image/png")]


def test_the_history_ends_it() -> None:
    f = follower()
    f.end(Outcome(interrupted=True))
    assert f.closed
    assert f.outcome == Outcome(interrupted=True)
