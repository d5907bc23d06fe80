"""From a maker's values to graphs that are ready to be queued."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

import pytest

from comfy_api.errors import NotOnServer, Refused
from comfy_api.jobs.preparing import Prepared, prepare
from comfy_api.workflow import Workflow
from comfy_api.workflow.forms.control import Form
from comfy_api.workflow.forms.find import suggest_form
from comfy_api.workflow.forms.values import WIDEST
from tests.conftest import DATA, known_nodes

BOAT = DATA / "workflows" / "boat.json"


@pytest.fixture
def info() -> dict[str, Any]:
    return known_nodes()


@pytest.fixture
def boat(info: dict[str, Any]) -> Workflow:
    return Workflow.load(BOAT, info)


def made(workflow: Workflow, info: dict[str, Any], form: Form | None = None, **values: Any) -> Prepared:
    return prepare(
        workflow,
        form or suggest_form(workflow, info),
        values,
        limits=WIDEST,
        object_info=info,
        rng=random.Random(1),
        now=datetime(2026, 11, 20, 9, 8, 7, tzinfo=UTC),
    )


def test_the_drawing_that_goes_with_a_job_has_its_values(boat: Workflow, info: dict[str, Any]) -> None:
    prepared = made(boat, info, prompt="a red fox", seed=2**60)
    drawn = prepared.rounds[0].ui
    assert drawn is not None
    again = Workflow.load(dict(drawn), info)
    assert again.graph == prepared.rounds[0].graph
    assert boat.ui != drawn, "the author's own stays"
    assert "a red fox" not in str(boat.ui)


def test_dynamic_prompts_are_resolved_in_the_graph_and_kept_in_the_drawing(
    boat: Workflow, info: dict[str, Any]
) -> None:
    (graph,) = made(boat, info, prompt="a {red|blue} fox", seed=1).rounds
    texts = [node.inputs["text"] for node in graph.find_class("CLIPTextEncode")]
    assert {"a red fox", "a blue fox"} & set(texts)
    assert "a {red|blue} fox" in str(graph.ui)


def test_a_seed_that_is_open_is_drawn_and_said(boat: Workflow, info: dict[str, Any]) -> None:
    prepared = made(boat, info, seed=None)
    assert prepared.values["seed"] == prepared.rounds[0].find_class("KSampler")[0].inputs["seed"]


def test_what_the_server_lacks_is_said_before_anything_is_queued(boat: Workflow, info: dict[str, Any]) -> None:
    lacking = {name: spec for name, spec in info.items() if name != "KSampler"}
    with pytest.raises(NotOnServer, match="KSampler"):
        made(boat, lacking, suggest_form(boat, info))


def test_a_value_that_is_none_of_the_form_is_refused(boat: Workflow, info: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="nonsense"):
        made(boat, info, nonsense=1)


def test_nothing_is_held_against_a_workflow_while_no_server_answers(boat: Workflow) -> None:
    assert made(boat, {}, suggest_form(boat, known_nodes()), prompt="a red fox").rounds
