"""What the server lacks can be chosen anew, whatever the author let makers change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from comfy_api.workflow import Workflow
from comfy_api.workflow.forms.control import Control, Form, Kind, Place
from comfy_api.workflow.forms.mending import mended
from tests.conftest import known_nodes

PROMPT = Control(id="prompt", kind=Kind.LONG_TEXT, label="Prompt", places=(Place("6", "text"),))
MODEL = Control(id="model", kind=Kind.MODEL, label="Model", places=(Place("4", "ckpt_name"),), shown=False)


@pytest.fixture
def workflow(bundled: Path) -> Workflow:
    return Workflow.load(bundled / "txt2img.json").with_inputs("4", {"ckpt_name": "gone.safetensors"})


def models(form: Form) -> list[Control]:
    return [control for control in form.controls if control.kind is Kind.MODEL]


@pytest.fixture
def info() -> dict[str, Any]:
    return known_nodes()


def test_a_model_that_the_server_lacks_gets_a_control(workflow: Workflow, info: dict[str, Any]) -> None:
    (found,) = models(mended(Form(controls=(PROMPT,)), workflow, info))
    assert (found.places, found.shown) == ((Place("4", "ckpt_name"),), True)
    assert "v1-5-pruned-emaonly-fp16.safetensors" in found.options


def test_a_control_that_the_author_hid_is_shown(workflow: Workflow, info: dict[str, Any]) -> None:
    assert models(mended(Form(controls=(PROMPT, MODEL)), workflow, info)) == [replace(MODEL, shown=True)]


def test_the_same_choice_at_two_places_is_made_once(workflow: Workflow, info: dict[str, Any]) -> None:
    twice = workflow.with_node("44", workflow.raw("4"))
    feeding = twice.with_inputs("6", {"clip": ["44", 1]}, relink=True)
    (found,) = models(mended(Form(controls=(PROMPT,)), feeding, info))
    assert set(found.places) == {Place("4", "ckpt_name"), Place("44", "ckpt_name")}


def test_a_form_whose_server_has_everything_stays(bundled: Path, info: dict[str, Any]) -> None:
    form = Form(controls=(PROMPT, MODEL))
    assert mended(form, Workflow.load(bundled / "txt2img.json"), info) == form


def test_what_a_shown_control_can_change_needs_no_other(workflow: Workflow, info: dict[str, Any]) -> None:
    form = Form(controls=(replace(MODEL, shown=True),))
    assert mended(form, workflow, info) == form
