"""From a file to a published workflow and back, without a page."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from comfy_api.draft import Draft
from comfy_api.errors import WorkflowError
from comfy_api.lacks import LackKind
from comfy_api.protocol.images import measure, sniff
from comfy_api.servers.library import OfferKind
from comfy_api.service import Service
from comfy_api.testing import FakeComfyUI, png
from comfy_api.workflow.forms.control import Kind, Source
from comfy_api.workflow.forms.toml import write_form
from comfy_api.workshop import Export, Workshop
from tests.conftest import DATA, known_nodes
from tests.service.conftest import MakeService

FILES = DATA / "workflows"
APP = "dunes.app.json"


@pytest.fixture
def service(comfy: FakeComfyUI, make_service: MakeService) -> Service:
    made = make_service(comfy.url)
    assert made.wait_ready(10)
    return made


@pytest.fixture
def workshop(service: Service) -> Workshop:
    return service.workshop


def drop(workshop: Workshop, name: str, data: bytes | None = None) -> Draft:
    dropped = workshop.read((FILES / name).read_bytes() if data is None else data, name)
    file = dropped.intake.one()
    return workshop.examine(file, dropped.forms.get(file.name))


def altered(name: str, **nodes: dict[str, Any]) -> bytes:
    """A file in UI format with other keys in some nodes: ``n3={"type": …}``."""
    ui = json.loads((FILES / name).read_text())
    for node in ui["nodes"]:
        node.update(nodes.get(f"n{node['id']}", {}))
    return json.dumps(ui).encode()


def edited(draft: Draft, control_id: str, **changes: Any) -> Draft:
    controls = [replace(one, **changes) if one.id == control_id else one for one in draft.controls]
    return draft.with_form(replace(draft.form, controls=tuple(controls)))


# --- what is found ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "title", "counts"),
    [
        ("boat.json", "Boat", {Source.GUESS: 10}),
        ("boat.png", "Boat", {Source.GUESS: 10}),
        (APP, "Dunes", {Source.APP_MODE: 3, Source.GUESS: 1}),
    ],
)
def test_a_file_tells_its_title_and_its_controls_by_source(
    workshop: Workshop, name: str, title: str, counts: dict[Source, int]
) -> None:
    draft = drop(workshop, name)
    assert (draft.form.title, draft.counts(), draft.lacks, draft.problem) == (title, counts, (), "")


def test_shown_controls_stand_first_and_the_rest_is_on_offer(workshop: Workshop) -> None:
    draft = drop(workshop, APP)
    assert [control.id for control in draft.controls][:4] == [control.id for control in draft.shown]
    assert {control.id for control in draft.controls if not control.shown} >= {"negative", "size", "cfg", "model"}
    assert all(control.reason for control in draft.controls)


def test_a_node_that_the_server_lacks_is_named_with_its_package(workshop: Workshop) -> None:
    odd = altered("boat.json", n3={"type": "FancySampler", "properties": {"cnr_id": "fancy-pack", "ver": "1.2"}})
    draft = drop(workshop, "odd.json", odd)
    (lack,) = draft.lacks
    assert (lack.kind, lack.name, lack.package) == (LackKind.NODE, "FancySampler", "fancy-pack 1.2")
    assert draft.workflow is None
    with pytest.raises(WorkflowError):
        workshop.publish("odd", draft)


def test_of_a_picture_that_holds_both_formats_the_package_is_known_too(workshop: Workshop) -> None:
    ui = json.loads(altered("boat.json", n3={"type": "FancySampler", "properties": {"cnr_id": "fancy-pack"}}))
    api = drop(workshop, "boat.png").require().graph
    api["3"]["class_type"] = "FancySampler"
    draft = drop(workshop, "both.json", json.dumps({"prompt": api, "workflow": ui}).encode())
    assert [(lack.name, lack.package) for lack in draft.lacks] == [("FancySampler", "fancy-pack")]
    assert draft.workflow is not None


def test_a_model_that_the_server_lacks_comes_with_the_nearest_and_where_makers_choose(workshop: Workshop) -> None:
    odd = altered("boat.json", n4={"widgets_values": ["v1-5-pruned-emaonly.safetensors"]})
    (lack,) = drop(workshop, "odd.json", odd).lacks
    assert (lack.kind, lack.control) == (LackKind.CHOICE, "model")
    assert "v1-5-pruned-emaonly-fp16.safetensors" in lack.nearest


def test_a_refused_file_is_told_in_words(workshop: Workshop) -> None:
    dropped = workshop.read(b"hello", "notes.txt")
    assert dropped.intake.files == ()
    assert "notes.txt" in dropped.intake.refusals[0].sentence


def test_without_a_server_a_drawing_waits_and_is_looked_at_again(comfy: FakeComfyUI, make_service: MakeService) -> None:
    away = Workshop(make_service(comfy.url).workshop.library, lambda: {}, lambda: None)
    draft = drop(away, APP)
    assert draft.workflow is None
    assert "server" in draft.problem
    there = Workshop(away.library, known_nodes, lambda: None)
    assert [control.id for control in there.look_again(draft).shown] == ["prompt", "steps", "seed", "images"]


def test_edits_outlive_another_server(workshop: Workshop) -> None:
    draft = edited(drop(workshop, APP), "steps", label="How long")
    fewer = {name: spec for name, spec in known_nodes().items() if name != "CheckpointLoaderSimple"}
    there = Workshop(workshop.library, lambda: fewer, lambda: None)
    again = there.look_again(draft)
    assert again.form == draft.form
    assert [lack.name for lack in again.lacks] == ["CheckpointLoaderSimple"]


# --- publishing -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["boat.json", "boat.png", APP])
def test_what_is_published_opens_as_the_same_form(workshop: Workshop, service: Service, name: str) -> None:
    draft = edited(drop(workshop, name), "steps", label="How long", minimum=2, maximum=9, help="Patience.")
    draft = edited(edited(draft, "seed", shown=False), "cfg", shown=True, advanced=True, group="Fine")
    entry = workshop.publish(workshop.slug_for(draft.form.title), draft)
    again = workshop.edit(entry.slug).draft
    plain = [replace(control, source=Source.FORM) for control in draft.shown]
    assert list(again.shown) == plain
    assert (again.form.title, again.form.outputs) == (draft.form.title, draft.form.outputs)
    once_more = workshop.edit(workshop.publish(entry.slug, again).slug).draft
    assert write_form(once_more.form) == write_form(again.form)
    offered = service.offer(entry.slug)
    assert [control.id for control in offered.form.controls if control.shown] == [control.id for control in plain]


def test_a_control_that_was_hidden_stays_on_offer_with_its_words(workshop: Workshop) -> None:
    draft = edited(drop(workshop, APP), "steps", label="How long", shown=False)
    again = workshop.edit(workshop.publish("dunes", draft).slug).draft
    hidden = again.form.find("steps")
    assert hidden is not None
    assert (hidden.shown, hidden.label) == (False, "How long")
    assert "cfg" in {control.id for control in again.controls}


def test_the_order_is_the_authors(workshop: Workshop) -> None:
    draft = drop(workshop, APP)
    turned = draft.with_form(replace(draft.form, controls=tuple(reversed(draft.controls))))
    wanted = [control.id for control in reversed(draft.shown)]
    again = workshop.edit(workshop.publish("dunes", turned).slug).draft
    assert [control.id for control in again.shown] == wanted


def test_choices_that_are_all_of_a_servers_are_asked_of_each_server_and_a_pick_stays(workshop: Workshop) -> None:
    draft = drop(workshop, "boat.json")
    draft = edited(draft, "scheduler", options=("normal", "karras"))
    workshop.publish("boat", draft)
    saved = workshop.library.get("boat").form
    sampler, scheduler = saved.find("sampler_name"), saved.find("scheduler")
    assert sampler is not None
    assert scheduler is not None
    assert (sampler.options, scheduler.options) == ((), ("normal", "karras"))
    again = workshop.edit("boat").draft.form.find("sampler_name")
    assert again is not None
    assert len(again.options) > 10


def test_versions_are_switched_taken_back_and_brought_back(workshop: Workshop) -> None:
    draft = drop(workshop, APP)
    assert [workshop.publish("dunes", draft).version for _ in range(2)] == [1, 2]
    workshop.use("dunes", 1)
    assert [(one.number, one.current) for one in workshop.versions("dunes")] == [(2, False), (1, True)]
    workshop.unpublish("dunes")
    assert workshop.taken_back() == ("dunes",)
    assert workshop.slug_for("Dunes") == "dunes_2"
    workshop.use("dunes", 2)
    assert (workshop.taken_back(), workshop.edit("dunes").version) == ((), 2)


def test_a_bundled_one_is_edited_under_its_own_name(workshop: Workshop) -> None:
    opened = workshop.edit("txt2img")
    assert (opened.version, opened.draft.form.title) == (0, "Text to image")
    assert opened.cover is not None
    entry = workshop.publish("txt2img", opened.draft, opened.cover)
    assert entry.version == 1
    assert workshop.taken_back() == ()


def test_another_file_takes_over_a_form_as_far_as_it_fits(workshop: Workshop) -> None:
    form = edited(drop(workshop, APP), "steps", label="How long").form
    lost = replace(
        form.controls[0], id="gone", label="Gone", places=(replace(form.controls[0].places[0], node_id="99"),)
    )
    form = replace(form, controls=(*form.controls, lost))
    file = workshop.read((FILES / "boat.json").read_bytes(), "boat.json").intake.one()
    draft = workshop.examine(file, form)
    steps = draft.form.find("steps")
    assert steps is not None
    assert (steps.label, draft.dropped) == ("How long", ("Gone",))


def test_a_cover_is_shrunk_and_what_is_none_is_refused(workshop: Workshop) -> None:
    draft = drop(workshop, APP)
    cover = workshop.publish("dunes", draft, png(1500, 900)).cover
    assert cover is not None
    data = cover.read_bytes()
    assert (sniff(data), measure(data)) == ("image/webp", (640, 384))
    assert workshop.edit("dunes").cover == data
    with pytest.raises(WorkflowError, match="cover"):
        workshop.publish("dunes", draft, b"no picture")
    assert len(workshop.versions("dunes")) == 1


def test_a_workflow_without_a_title_is_not_published(workshop: Workshop) -> None:
    draft = drop(workshop, APP)
    with pytest.raises(WorkflowError, match="title"):
        workshop.publish("dunes", draft.with_form(replace(draft.form, title=" ")))


def test_two_who_publish_at_once_get_a_version_each(workshop: Workshop) -> None:
    draft = drop(workshop, APP)
    threads = [threading.Thread(target=workshop.publish, args=("dunes", draft)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert [version.number for version in workshop.versions("dunes")] == [4, 3, 2, 1]


# --- export and import --------------------------------------------------------------------------------------


def test_an_export_dropped_again_brings_form_and_cover_along(workshop: Workshop) -> None:
    draft = edited(drop(workshop, APP), "steps", label="How long")
    workshop.publish("dunes", draft, png(64, 64))
    name, data = workshop.export("dunes", Export.PAIR)
    dropped = workshop.read(data, name)
    file = dropped.intake.one()
    assert (name, dropped.intake.refusals) == ("dunes.zip", ())
    assert dropped.covers[file.name] == workshop.edit("dunes").cover
    steps = workshop.examine(file, dropped.forms[file.name]).form.find("steps")
    assert steps is not None
    assert steps.label == "How long"


def test_a_broken_form_in_an_archive_is_said_and_the_workflow_is_taken(workshop: Workshop) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("dunes.json", (FILES / APP).read_bytes())
        packed.writestr("dunes.form.toml", "version = 7")
    dropped = workshop.read(out.getvalue(), "dunes.zip")
    assert len(dropped.intake.files) == 1
    assert dropped.forms == {}
    assert "version" in dropped.intake.refusals[0].sentence


@pytest.mark.parametrize("kind", [Export.VIEWCOMFY, Export.OPEN_WEBUI])
def test_a_mapping_file_comes_back_with_the_same_ids(workshop: Workshop, kind: Export) -> None:
    draft = edited(drop(workshop, APP), "steps", label="How long")
    workshop.publish("dunes", draft)
    _, data = workshop.export("dunes", kind)
    read = workshop.with_mapping(draft, data)
    assert set(read.counts()) == {Source.MAPPING}
    assert [control.id for control in read.shown] == ["prompt", "steps", "seed", "images"]
    assert {control.id for control in read.controls} == {control.id for control in draft.controls}


def test_a_mapping_file_narrows_a_form_and_keeps_title_and_ids(workshop: Workshop) -> None:
    draft = edited(drop(workshop, "boat.json"), "cfg", id="faith")
    document = [{"type": None, "key": "cfg", "node_ids": ["3"], "value": 5}, {"type": "prompt", "node_ids": ["6"]}]
    read = workshop.with_mapping(draft, json.dumps(document).encode())
    assert read.form.title == "Boat"
    assert "faith" in {control.id for control in read.controls}
    assert "steps" not in {control.id for control in read.shown}


@pytest.mark.parametrize(
    "data", [b"{", b"[]", b'{"a": 1}', json.dumps([{"type": "seed", "node_ids": ["77"]}]).encode()]
)
def test_what_is_no_mapping_of_this_workflow_is_refused(workshop: Workshop, data: bytes) -> None:
    with pytest.raises(WorkflowError):
        workshop.with_mapping(drop(workshop, APP), data)


def test_app_mode_is_written_back_on_export(workshop: Workshop) -> None:
    draft = edited(drop(workshop, "boat.json"), "prompt", label="Scene", help="What is to be seen")
    for control in draft.shown:
        if control.id not in ("prompt", "seed"):
            draft = edited(draft, control.id, shown=False)
    workshop.publish("boat", draft)
    name, data = workshop.export("boat", Export.APP_MODE)
    listed = json.loads(data)["extra"]["linearData"]
    assert name == "boat.app.json"
    assert [(entry[0], entry[1]) for entry in listed["inputs"]] == [("6", "text"), ("3", "seed")]
    back = drop(workshop, name, data)
    assert [(control.label, control.source) for control in back.shown][:2] == [
        ("Scene", Source.APP_MODE),
        ("Seed", Source.APP_MODE),
    ]


def test_an_api_file_exports_its_graph_and_has_no_app_mode(workshop: Workshop) -> None:
    graph = drop(workshop, "boat.json").require().graph
    workshop.publish("plain", drop(workshop, "plain.json", json.dumps(graph).encode()))
    assert Export.APP_MODE not in workshop.exports("plain")
    assert json.loads(workshop.export("plain", Export.API)[1]) == graph
    with pytest.raises(WorkflowError):
        workshop.export("plain", Export.APP_MODE)


# --- from the server ------------------------------------------------------------------------------------------


def test_a_servers_own_workflows_are_listed_and_opened(make_service: MakeService) -> None:
    saved = {"workflows/mine/boat.json": (FILES / "boat.json").read_bytes(), "workflows/bad.json": b"no"}
    with FakeComfyUI(object_info=known_nodes(), userdata=saved) as comfy:
        service = make_service(comfy.url)
        assert service.wait_ready(10)
        shelf = service.workshop.on_server()
        assert [(offer.kind, offer.title) for offer in shelf.offers] == [
            (OfferKind.SAVED, "bad"),
            (OfferKind.SAVED, "boat"),
        ]
        draft = service.workshop.examine(service.workshop.fetch(shelf.offers[1]))
        assert draft.form.title == "Boat"
        with pytest.raises(WorkflowError):
            service.workshop.fetch(shelf.offers[0])


def test_a_server_that_is_away_is_said(workshop: Workshop, comfy: FakeComfyUI) -> None:
    comfy.stop_listening()
    shelf = workshop.on_server()
    assert (shelf.offers, len(shelf.problems)) == ((), 1)


def test_a_title_is_made_from_the_files_name(workshop: Workshop, tmp_path: Path) -> None:
    data = (FILES / "boat.json").read_bytes()
    names = {"my_boat-v2.json": "My boat v2", "a/b/sea.app.json": "Sea", "": ""}
    assert {name: drop(workshop, name, data).form.title for name in names} == names


def test_sizes_and_kinds_are_as_found(workshop: Workshop) -> None:
    kinds = {control.id: control.kind for control in drop(workshop, "boat.json").shown}
    assert (kinds["size"], kinds["seed"], kinds["model"]) == (Kind.SIZE, Kind.SEED, Kind.MODEL)
