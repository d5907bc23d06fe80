"""The official templates: whatever they hold, a form is found or nothing is, and no two ids are the same."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from controls_cases import DATA, at

from comfy_api.errors import NotConvertible, NotReadable
from comfy_api.workflow import Workflow
from comfy_api.workflow.forms.app_mode import write_app_mode
from comfy_api.workflow.forms.control import Source
from comfy_api.workflow.forms.find import find_controls, find_outputs, suggest_form

#: One in so many is looked at, and all that have an App Mode list.
EVERY = 9


def templates() -> Iterator[Path]:
    found = find_spec("comfyui_workflow_templates_json")
    if found is None or found.origin is None:
        return
    yield from sorted((Path(found.origin).parent / "templates").glob("*.json"))


def files() -> list[Path]:
    chosen = []
    for number, path in enumerate(templates()):
        text = path.read_text(encoding="utf-8")
        if '"nodes"' in text and (number % EVERY == 0 or '"linearData"' in text):
            chosen.append(path)
    return chosen


@pytest.fixture(scope="module")
def synthesised() -> dict[str, Any]:
    return json.loads(gzip.decompress((DATA / "golden" / "object_info_synth.json.gz").read_bytes()))


@pytest.mark.parametrize("path", files(), ids=lambda path: path.stem)
def test_a_template_gives_a_sound_form(path: Path, synthesised: dict[str, Any]) -> None:
    ui = json.loads(path.read_text(encoding="utf-8"))
    try:
        workflow = Workflow.load(ui, synthesised)
    except (NotConvertible, NotReadable):
        pytest.skip("not converted")
    for info in (synthesised, {}):
        controls = find_controls(workflow, info)
        assert len({control.id for control in controls}) == len(controls)
        whole = [place for control in controls for place in at(control) if not control.places[0].token]
        assert len(set(whole)) == len(whole)
        assert all(node in workflow.nodes and name in workflow.nodes[node].inputs for node, name in whole)
        assert {output.node_id for output in find_outputs(workflow, info)} <= set(workflow.nodes)
    form = suggest_form(workflow, synthesised)
    written = write_app_mode(ui, form, workflow)
    again = find_controls(Workflow.load(written, synthesised), synthesised)
    kept = {place for control in again if control.source is Source.APP_MODE for place in at(control)}
    assert {place for control in form.controls for place in at(control)} <= kept


def test_templates_with_app_mode_get_their_forms_from_it(synthesised: dict[str, Any]) -> None:
    found = {}
    for path in templates():
        ui = json.loads(path.read_text(encoding="utf-8"))
        listed = (
            ui.get("extra", {}).get("linearData", {}).get("inputs") if isinstance(ui, dict) and "nodes" in ui else None
        )
        if listed:
            controls = find_controls(Workflow.load(ui, synthesised), synthesised)
            found[path.stem] = {c.source for c in controls if c.shown} >= {Source.APP_MODE}
    if not found:
        pytest.skip("the templates are not installed")
    assert len(found) == 26
    assert [name for name, works in found.items() if not works] == []
