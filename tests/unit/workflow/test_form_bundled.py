"""The forms that come with Easel fit their workflows and what a real ComfyUI states of the nodes."""

from __future__ import annotations

import gzip
import json
import random
import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from comfy_api.workflow import Workflow
from comfy_api.workflow.forms.apply import apply_form, value_in
from comfy_api.workflow.forms.control import Control, Form, Kind, Place
from comfy_api.workflow.forms.refresh import refresh
from comfy_api.workflow.forms.toml import read_form, write_form
from comfy_api.workflow.forms.values import check_values
from comfy_api.workflow.forms.widgets import control_for

ROOT = Path(__file__).resolve().parents[3]
NAMES = sorted(path.stem for path in (ROOT / "workflows").glob("*.json"))
#: What the server calls a number, a form calls by what it is for.
SPECIAL = {Kind.IMAGES: Kind.INTEGER, Kind.SIZE: Kind.INTEGER}


@pytest.fixture(scope="module")
def info() -> dict[str, Any]:
    with gzip.open(ROOT / "tests/data/object_info.json.gz", "rt", encoding="utf-8") as file:
        known: dict[str, Any] = json.load(file)
    return known


def text_of(name: str) -> str:
    return (ROOT / f"workflows/{name}.form.toml").read_text(encoding="utf-8")


def pair(name: str) -> tuple[Workflow, Form]:
    return Workflow.load(ROOT / f"workflows/{name}.json"), read_form(text_of(name), name)


def test_every_bundled_workflow_is_here() -> None:
    assert NAMES == ["draft_refine", "img2img", "txt2img", "upscale"]
    orders = [pair(name)[1].order for name in NAMES]
    assert len(set(orders)) == len(orders)


@pytest.mark.parametrize("name", NAMES)
def test_they_are_written_as_easel_saves_them(name: str) -> None:
    assert write_form(read_form(text_of(name))) == text_of(name)
    schema = json.loads((ROOT / "docs/form.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator(schema).validate(tomllib.loads(text_of(name)))


@pytest.mark.parametrize("name", NAMES)
def test_each_place_is_a_plain_input_of_the_right_kind(name: str, info: dict[str, Any]) -> None:
    workflow, form = pair(name)
    for control in form.controls:
        for place in control.places:
            stated = control_for(workflow, info, place)
            assert stated is not None, f"{control.id}: {place}"
            assert stated.kind is SPECIAL.get(control.kind, control.kind), control.id
            assert place.part == (place.input if control.kind is Kind.SIZE else "")


@pytest.mark.parametrize("name", NAMES)
def test_ranges_are_those_that_comfyui_states(name: str, info: dict[str, Any]) -> None:
    workflow, form = pair(name)
    for control, fresh in zip(form.controls, refresh(form, workflow, info).controls, strict=True):
        assert _range(fresh) == _range(control), control.id
        stated = [control_for(workflow, info, place) for place in control.places]
        for one in stated:
            assert one is not None
            assert _range(one)[:2] == _range(control)[:2], control.id


@pytest.mark.parametrize("name", NAMES)
def test_defaults_are_what_the_workflow_holds(name: str) -> None:
    """So a form that nobody touched runs the workflow as its author saved it."""
    workflow, form = pair(name)
    defaults = {control.id: control.default for control in form.controls if control.default is not None}
    empty = {control.id: "" for control in form.controls if control.placeholder}
    assert apply_form(workflow, form, {**defaults, **empty}, rng=random.Random(1)) == workflow
    for control in form.controls:
        if control.kind not in (Kind.IMAGE, Kind.SEED) and control.places:
            assert value_in(workflow, control) == (control.placeholder or control.default), control.id
    image = {control.id: "a.png" for control in form.controls if control.kind is Kind.IMAGE}
    assert check_values(form, {**defaults, **image})


@pytest.mark.parametrize("name", NAMES)
def test_each_value_goes_to_every_node_that_has_it(name: str) -> None:
    workflow, form = pair(name)
    for control_id, input in (("seed", "seed"), ("steps", "steps"), ("cfg", "cfg")):
        control = form.find(control_id)
        holders = {Place(node.id, input) for node in workflow.nodes.values() if input in node.inputs}
        assert set(control.places if control else ()) == holders


def test_makers_find_the_few_things_first() -> None:
    shown = {name: [control.id for control in pair(name)[1].controls if not control.advanced] for name in NAMES}
    assert shown == {
        "txt2img": ["prompt", "images", "size", "seed"],
        "draft_refine": ["prompt", "images", "size", "seed"],
        "img2img": ["image", "prompt", "images", "denoise", "seed"],
        "upscale": ["image"],
    }


def _range(control: Control) -> tuple[Any, Any, Any]:
    return control.minimum, control.maximum, control.step
