"""CustomCombo: a choice among what its author wrote. The server declares the choice alone and lists nothing for it."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

import pytest
from controls_cases import api, drawing, drawn, named

from comfy_api.workflow import Workflow, check
from comfy_api.workflow.convert import write_back
from comfy_api.workflow.forms.apply import apply_form
from comfy_api.workflow.forms.control import Form, Kind, Place
from comfy_api.workflow.forms.find import find_controls
from comfy_api.workflow.transforms import apply_queue_transforms

INFO: dict[str, Any] = {
    "CustomCombo": {
        "input": {"required": {"choice": ["COMBO", {"multiselect": False, "options": []}]}},
        "input_order": {"required": ["choice"]},
        "output": ["STRING", "INT"],
    },
    "Show": {
        "output_node": True,
        "input": {"required": {"text": ["STRING", {"forceInput": True}], "place": ["INT", {"forceInput": True}]}},
        "input_order": {"required": ["text", "place"]},
        "output": [],
    },
}
WRITTEN = {"option1": "tango", "option2": "salsa", "option3": "polka", "option4": ""}


def dance(values: Any = ("salsa", 1, "tango", "salsa", "polka", "")) -> dict[str, Any]:
    combo = drawn(1, "CustomCombo", (), [("choice*", None)], ["STRING", "INT"], title="Dance style")
    combo["widgets_values"] = list(values) if isinstance(values, tuple) else values
    return drawing([combo, drawn(2, "Show", (), [("text", 1), ("place", 2)])], [(1, 1, 0, 2, 0), (2, 1, 1, 2, 1)])


def queued(workflow: Workflow) -> dict[str, Any]:
    queueing = workflow.conversion.queueing if workflow.conversion else None
    prompt = apply_queue_transforms(workflow.graph, random.Random(0), datetime(2026, 3, 4, tzinfo=UTC), INFO, queueing)
    return prompt["1"]["inputs"]


@pytest.mark.parametrize(
    "values", [("salsa", 1, "tango", "salsa", "polka", ""), {"choice": "salsa", "index": 1, **WRITTEN}]
)
def test_the_place_of_the_choice_goes_to_the_server(values: Any) -> None:
    """The second output is that place; without it the server gives 0, whatever was chosen."""
    assert Workflow.load(dance(values), INFO).graph["1"]["inputs"] == {"choice": "salsa", "index": 1, **WRITTEN}


def test_a_file_without_choices_is_read_too() -> None:
    assert Workflow.load(dance(("salsa",)), INFO).graph["1"]["inputs"] == {"choice": "salsa", "index": 0}


def test_the_place_follows_the_makers_choice() -> None:
    workflow = Workflow.load(dance(), INFO)
    control = named(find_controls(workflow, INFO), "dance_style_choice")
    assert (control.kind, control.default, control.options) == (Kind.CHOICE, "salsa", ("tango", "salsa", "polka"))
    chosen = apply_form(workflow, Form(controls=(control,)), {control.id: "polka"}, rng=random.Random(0))
    assert queued(chosen) == {"choice": "polka", "index": 2, **WRITTEN}


def test_the_place_follows_a_choice_that_is_written_back() -> None:
    workflow = Workflow.load(dance(), INFO)
    assert workflow.conversion is not None
    written = write_back(dance(), workflow.conversion, {Place("1", "choice"): "tango"})
    assert queued(Workflow.load(written, INFO))["index"] == 0


def test_a_wired_or_unknown_choice_keeps_its_place() -> None:
    for choice in (["2", 0], "waltz"):
        workflow = api(n1=("CustomCombo", {"choice": choice, "index": 7, **WRITTEN}))
        assert queued(workflow)["index"] == 7


def test_the_server_is_not_said_to_lack_what_the_author_wrote() -> None:
    assert check(Workflow.load(dance(), INFO), INFO) == []
    assert check(Workflow.load(dance(("salsa",)), INFO), INFO) == []
    (finding,) = check(Workflow.load(dance(("waltz", 0, "tango", "salsa", "")), INFO), INFO)
    assert finding.options == ("tango", "salsa")
