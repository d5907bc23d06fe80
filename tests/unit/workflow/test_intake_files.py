"""read_files: what JSON documents are taken for, and which workflow comes out of a file with both formats."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from comfy_api.errors import NotConvertible, NotReadable
from comfy_api.workflow import Workflow
from comfy_api.workflow.intake import WorkflowFile, read_files

GRAPH: dict[str, Any] = {
    "1": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": 0}},
    "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "a"}},
}
UI: dict[str, Any] = {
    "version": 0.4,
    "nodes": [
        {
            "id": 1,
            "type": "EmptyImage",
            "mode": 0,
            "outputs": [{"name": "IMAGE", "type": "IMAGE", "links": [1]}],
            "widgets_values": [64, 64, 1, 0],
        },
        {
            "id": 2,
            "type": "SaveImage",
            "mode": 0,
            "inputs": [{"name": "images", "type": "IMAGE", "link": 1}],
            "widgets_values": ["a"],
        },
    ],
    "links": [[1, 1, 0, 2, 0, "IMAGE"]],
}


def one(document: Any, name: str = "a.json") -> WorkflowFile:
    return read_files(json.dumps(document).encode(), name).one()


@pytest.mark.parametrize(
    "ui",
    [
        UI,
        {**UI, "version": 1, "links": [{"id": 1, "origin_id": 1, "origin_slot": 0, "target_id": 2, "target_slot": 0}]},
        {key: value for key, value in UI.items() if key != "version"},
        {**UI, "extra": {"linearMode": True}},
    ],
    ids=["0.4", "1", "no version", "app"],
)
def test_ui_format_is_taken_in_every_version(ui: dict[str, Any]) -> None:
    file = one(ui, "x.app.json")
    assert (file.name, file.api, file.ui, file.extra) == ("x.app.json", None, ui, {})


@pytest.mark.parametrize(
    ("document", "api", "ui", "extra"),
    [
        (GRAPH, GRAPH, None, {}),
        ({"prompt": GRAPH, "front": True}, GRAPH, None, {"front": True}),
        ({"output": GRAPH, "workflow": UI}, GRAPH, UI, {}),
        ({"prompt": GRAPH, "workflow": UI, "x": 1}, GRAPH, UI, {"x": 1}),
        ({"workflow": UI}, None, UI, {}),
        ({"workflow": GRAPH}, GRAPH, None, {}),
        ({"prompt": UI}, None, UI, {}),
        ({"prompt": json.dumps(GRAPH), "workflow": json.dumps(UI)}, GRAPH, UI, {}),
        ({"workflowApiJSON": GRAPH}, GRAPH, None, {}),
        ({"prompt": GRAPH["1"]}, {"prompt": GRAPH["1"]}, None, {}),
    ],
)
def test_wrappers_are_taken_off(document: Any, api: Any, ui: Any, extra: Any) -> None:
    file = one(document)
    assert (file.api, file.ui, file.extra) == (api, ui, extra)


def test_a_saved_request_brings_the_workflow_that_it_sends_along() -> None:
    extra = {"extra_data": {"extra_pnginfo": {"workflow": UI}}, "client_id": "c"}
    file = one({"prompt": GRAPH, **extra})
    assert (file.api, file.ui, file.extra) == (GRAPH, UI, extra)


def test_viewcomfys_file_gives_each_graph_with_its_own_form() -> None:
    other = {"9": {"class_type": "X", "inputs": {}}}
    entries = [
        {"viewComfyJSON": {"title": "A"}, "workflowApiJSON": GRAPH},
        {"viewComfyJSON": {"title": "B"}, "workflowApiJSON": other},
    ]
    document = {"file_type": "view_comfy", "workflows": entries}
    files = read_files(json.dumps(document).encode(), "view_comfy.json").files
    assert [file.name for file in files] == ["view_comfy.json (1)", "view_comfy.json (2)"]
    assert [file.api for file in files] == [GRAPH, other]
    assert [file.companions for file in files] == [
        {"view_comfy.json": {"file_type": "view_comfy", "workflows": [entry]}} for entry in entries
    ]


def test_open_webuis_settings_are_no_ui_format_and_keep_their_mapping() -> None:
    nodes = [{"type": "prompt", "key": "text", "node_ids": ["6"]}]
    file = one({"workflow": json.dumps(GRAPH), "nodes": nodes})
    assert (file.api, file.ui, file.companions) == (GRAPH, None, {"a.json": {"nodes": nodes}})


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"templates": [{"name": "x", "data": "{}"}]}, "it holds node templates"),
        ([{"moduleName": "default", "templates": []}], "it lists templates"),
        ([], "not a JSON object"),
        ({}, "it is empty"),
        ({"a": 1}, 'its entry "a" is no node'),
        ({**GRAPH, "version": 1}, 'its entry "version" is no node'),
        ({"prompt": {**GRAPH, "3": {}}}, 'its entry "3" is no node'),
        ({**UI, "nodes": []}, "it is empty"),
        ({**UI, "nodes": [5]}, 'an entry of its "nodes" is no node'),
        ({**UI, "nodes": [{"id": 1}] * 5001}, "more than 5000 nodes"),
        ({**UI, "definitions": {"subgraphs": [{"nodes": [{"id": 1}] * 5000}]}}, "more than 5000 nodes"),
    ],
)
def test_json_that_is_no_workflow_is_refused_by_name_with_the_reason(document: Any, reason: str) -> None:
    intake = read_files(json.dumps(document).encode(), "my file.json")
    assert intake.files == ()
    (refusal,) = intake.refusals
    assert refusal.name == "my file.json"
    assert refusal.sentence.startswith('"my file.json" is no workflow: ')
    assert reason in refusal.sentence


def test_a_name_cannot_break_the_sentence() -> None:
    (refusal,) = read_files(b"[]", "a\n\x1b[31m" + "b" * 200).refusals
    assert "\n" not in refusal.sentence
    assert "\x1b" not in refusal.sentence
    assert len(refusal.sentence) < 300


# --- one workflow of it -----------------------------------------------------------------------------------


def test_a_graph_needs_no_server() -> None:
    workflow = one({"prompt": GRAPH, "front": True}).workflow()
    assert (workflow.graph, workflow.extra, workflow.ui, workflow.conversion) == (GRAPH, {"front": True}, None, None)


def test_ui_format_needs_a_server_and_says_so() -> None:
    with pytest.raises(NotReadable, match=r'^"a\.json" is saved in UI format.*Choose a server'):
        one(UI).workflow()


def test_ui_format_becomes_a_graph_that_knows_where_its_values_are_stored(object_info: dict[str, Any]) -> None:
    workflow = Workflow.load(UI, object_info)
    assert workflow.nodes["1"].inputs["width"] == 64
    assert workflow.nodes["2"].links == {"images": ("1", 0)}
    assert workflow.ui == UI
    assert workflow.conversion is not None


def test_a_part_that_cannot_be_converted_is_refused_with_the_files_name(object_info: dict[str, Any]) -> None:
    ui = {**UI, "nodes": [*UI["nodes"], {"id": 3, "type": "FromNowhere", "mode": 0}]}
    with pytest.raises(NotConvertible, match=r'"a\.json": .*FromNowhere') as caught:
        one(ui).workflow(object_info)
    assert [unknown.class_type for unknown in caught.value.unknown] == ["FromNowhere"]


def test_of_both_formats_the_conversion_is_taken_where_it_is_what_ran(object_info: dict[str, Any]) -> None:
    renamed = {"10": GRAPH["1"], "12:5": {**GRAPH["2"], "inputs": {**GRAPH["2"]["inputs"], "images": ["10", 0]}}}
    workflow = one({"prompt": renamed, "workflow": UI}).workflow(object_info)
    assert set(workflow.graph) == {"1", "2"}
    assert workflow.conversion is not None


def test_of_both_formats_what_ran_is_taken_where_they_differ(object_info: dict[str, Any]) -> None:
    ran = {**GRAPH, "1": {**GRAPH["1"], "inputs": {**GRAPH["1"]["inputs"], "width": 128}}}
    unknown = {**UI, "nodes": [*UI["nodes"], {"id": 3, "type": "FromNowhere", "mode": 0}]}
    for ui, info in ((UI, object_info), (unknown, object_info), (UI, None)):
        workflow = one({"prompt": ran, "workflow": ui}).workflow(info)
        assert (workflow.graph, workflow.ui, workflow.conversion) == (ran, ui, None)


def test_workflow_load_takes_the_one_workflow_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(GRAPH))
    (tmp_path / "readme.txt").write_text("hello")
    assert Workflow.load(tmp_path).graph == GRAPH
    (tmp_path / "b.json").write_text(json.dumps(GRAPH))
    with pytest.raises(NotReadable, match=r'There are 2 workflows: "a\.json", "b\.json"\. Choose one'):
        Workflow.load(tmp_path)
