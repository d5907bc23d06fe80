"""Events that are handed over at once, instead of being read from the run."""

from __future__ import annotations

import pytest
from running import FAST, Connect, graph

from comfy_api.errors import PromptRejected
from comfy_api.protocol.events import Event, Finished, Preview, Progress, Result
from comfy_api.testing import FakeComfyUI


def test_each_event_is_handed_over_and_none_is_kept(comfy: FakeComfyUI, connect: Connect) -> None:
    taken: list[Event] = []
    run = connect(comfy.url).run(graph(), timing=FAST, on_event=taken.append)
    assert run.wait(10) == run.results == []
    assert list(run) == []
    assert {Progress, Preview, Result} <= {type(event) for event in taken}
    assert isinstance(taken[-1], Finished)
    assert [type(event) for event in taken].count(Finished) == 1


def test_what_the_caller_gets_as_an_error_is_no_event(comfy: FakeComfyUI, connect: Connect) -> None:
    comfy.reject({"type": "prompt_no_outputs", "message": "Prompt has no outputs", "details": ""})
    taken: list[Event] = []
    with pytest.raises(PromptRejected):
        connect(comfy.url).run(graph(), timing=FAST, on_event=taken.append)
    assert taken == []
