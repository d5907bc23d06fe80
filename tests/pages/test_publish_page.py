"""The Publish page: from a dropped file to a form that makers get."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from comfy_api.service import Service
from comfy_api.testing import FakeComfyUI, png
from tests.conftest import DATA, Until
from tests.pages.conftest import OpenPage, written

FILES = DATA / "workflows"
APP = "dunes.app.json"


@pytest.fixture
def author(open_page: OpenPage) -> AppTest:
    return to_publish(open_page())


def to_publish(at: AppTest) -> AppTest:
    return at.switch_page("publish.py").run()


def drop(at: AppTest, name: str, data: bytes | None = None) -> AppTest:
    (field,) = [one for one in at.file_uploader if one.key and one.key.startswith("workflow_file")]
    field.upload(name, (FILES / name).read_bytes() if data is None else data)
    return at.run()


def key(at: AppTest, *ending: str) -> str:
    """The whole key of the widget of the open draft whose key ends so."""
    work = at.session_state["table"].work
    return str(work.key(*ending))


def shown(at: AppTest) -> list[str]:
    """The controls in the form, as the draft has them."""
    return [control.id for control in at.session_state["table"].work.draft.shown]


def press(at: AppTest, name: str) -> AppTest:
    return at.button(key=name).click().run()


def test_the_empty_page_invites(author: AppTest) -> None:
    assert not author.exception
    assert "Drop a workflow here" in author.file_uploader[0].label
    assert "On offer" in written(author)


@pytest.mark.parametrize("service", [{"publish": False}], indirect=True)
def test_an_operator_can_leave_the_page_out(open_page: OpenPage) -> None:
    with pytest.raises(ValueError, match=r"publish\.py"):
        to_publish(open_page())


def test_a_dropped_file_says_what_was_found_and_shows_the_form(author: AppTest) -> None:
    drop(author, APP)
    assert not author.exception
    assert "3 from App Mode, 1 guessed" in written(author)
    assert author.text_input(key=key(author, "title")).value == "Dunes"
    labels = [area.label for area in author.text_area]
    assert labels == ["What to paint"]


def test_a_refused_file_is_said_in_words(author: AppTest) -> None:
    drop(author, "notes.txt", b"hello")
    assert "&quot;notes.txt&quot; is no workflow" in written(author)
    assert author.session_state["table"].work is None


def test_of_several_workflows_one_is_chosen(author: AppTest, tmp_path: Path) -> None:
    path = tmp_path / "both.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.write(FILES / APP, APP)
        packed.write(FILES / "boat.json", "boat.json")
    drop(author, "both.zip", path.read_bytes())
    assert "both.zip holds 2 workflows" in written(author)
    press(author, "several_1")
    assert author.text_input(key=key(author, "title")).value == "Boat"


def test_controls_are_hidden_shown_and_moved(author: AppTest) -> None:
    drop(author, APP)
    assert shown(author) == ["prompt", "steps", "seed", "images"]
    author.checkbox(key=key(author, "shown", "steps")).uncheck().run()
    author.checkbox(key=key(author, "hidden", "cfg")).check().run()
    assert shown(author) == ["prompt", "seed", "images", "cfg"]
    press(author, key(author, "up", "cfg"))
    press(author, key(author, "down", "prompt"))
    assert shown(author) == ["seed", "prompt", "cfg", "images"]
    assert author.button(key=key(author, "up", "seed")).disabled
    assert not author.exception


def test_a_control_is_renamed_limited_and_seen_so_at_once(author: AppTest, service: Service) -> None:
    drop(author, APP)
    press(author, key(author, "edit", "steps"))
    for name, text in (
        ("label", "How long"),
        ("help", "Patience."),
        ("minimum", "2"),
        ("maximum", "9"),
        ("default", "4"),
    ):
        author.text_input(key=key(author, name, "steps")).set_value(text).run()
    number = next(one for one in author.number_input if one.label == "How long")
    assert (number.value, number.min, number.max, number.help) == (4, 2, 9, "Patience.")
    press(author, "publish_now")
    (steps,) = [one for one in service.offer("dunes").form.controls if one.id == "steps"]
    assert (steps.label, steps.minimum, steps.maximum, steps.default, steps.help) == ("How long", 2, 9, 4, "Patience.")


@pytest.mark.parametrize(
    ("name", "text"), [("minimum", "many"), ("maximum", "0"), ("default", "20000"), ("default", "x")]
)
def test_what_does_not_fit_is_said_and_changes_nothing(author: AppTest, name: str, text: str) -> None:
    drop(author, APP)
    press(author, key(author, "edit", "steps"))
    before = author.session_state["table"].work.draft.form.find("steps")
    author.text_input(key=key(author, name, "steps")).set_value(text).run()
    assert author.session_state["table"].work.draft.form.find("steps") == before
    assert "easel-problem" in written(author)


def test_a_seed_of_64_bits_stays_exact(author: AppTest, service: Service) -> None:
    drop(author, APP)
    press(author, key(author, "edit", "seed"))
    author.segmented_control(key=key(author, "mode", "seed")).set_value("fixed").run()
    author.text_input(key=key(author, "default", "seed")).set_value("18446744073709551615").run()
    press(author, "publish_now")
    seed = service.workshop.edit("dunes").draft.form.find("seed")
    assert seed is not None
    assert (seed.default, seed.mode) == (18446744073709551615, "fixed")


def test_choices_are_picked(author: AppTest, service: Service) -> None:
    drop(author, "boat.json")
    press(author, key(author, "edit", "scheduler"))
    author.multiselect(key=key(author, "options", "scheduler")).set_value(["karras", "simple"]).run()
    press(author, "publish_now")
    found = service.offer("boat").form.find("scheduler")
    assert found is not None
    assert (set(found.options), found.default in found.options) == ({"karras", "simple"}, True)


def test_nothing_is_lost_on_the_way_to_another_page_and_back(author: AppTest) -> None:
    drop(author, APP)
    author.text_input(key=key(author, "title")).set_value("Sand").run()
    press(author, key(author, "edit", "steps"))
    author.text_input(key=key(author, "label", "steps")).set_value("How long").run()
    to_publish(author.switch_page("generate.py").run())
    assert author.text_input(key=key(author, "title")).value == "Sand"
    assert author.text_input(key=key(author, "label", "steps")).value == "How long"


def test_the_preview_leaves_the_authors_own_form_alone(author: AppTest) -> None:
    drop(author, APP)
    (area,) = author.text_area
    area.input("only here").run()
    author.switch_page("generate.py").run()
    assert author.text_area(key="prompt").value != "only here"


def test_drafts_are_put_aside_and_thrown_away(author: AppTest) -> None:
    drop(author, APP)
    press(author, "put_aside")
    assert "Not published yet" in written(author)
    press(author, "resume_1")
    assert author.text_input(key=key(author, "title")).value == "Dunes"
    press(author, "throw_away")
    assert "Not published yet" not in written(author)


def test_a_draft_more_than_the_session_keeps_takes_the_oldests_place(author: AppTest) -> None:
    for _ in range(6):
        drop(author, APP)
        press(author, "put_aside")
    assert [work.number for work in author.session_state["table"].works] == [3, 4, 5, 6]


def test_publishing_says_the_version_and_a_second_one_is_the_next(author: AppTest, service: Service) -> None:
    drop(author, APP)
    press(author, "publish_now")
    assert "“Dunes” is published, version 1" in written(author)
    press(author, "shelf_edit_dunes")
    author.text_input(key=key(author, "title")).set_value("Sand").run()
    press(author, "publish_now")
    assert "“Sand” is published, version 2" in written(author)
    assert [(one.slug, one.title, one.version) for one in service.entries if one.version] == [("dunes", "Sand", 2)]


def test_a_file_becomes_the_next_version_of_another_and_takes_its_form(author: AppTest, service: Service) -> None:
    drop(author, APP)
    press(author, key(author, "edit", "steps"))
    author.text_input(key=key(author, "label", "steps")).set_value("How long").run()
    press(author, "publish_now")
    drop(author, "boat.json")
    author.selectbox(key=key(author, "slug")).set_value("dunes").run()
    press(author, "take_form")
    assert shown(author) == ["prompt", "steps", "seed", "images"]
    press(author, "publish_now")
    offer = service.offer("dunes")
    steps = offer.form.find("steps")
    assert steps is not None
    assert (offer.entry.version, steps.label) == (2, "How long")


def test_versions_are_switched_and_taken_off_the_page(author: AppTest, service: Service) -> None:
    for _ in range(2):
        service.workshop.publish("dunes", service.workshop.examine(service.workshop.read(*_file(APP)).intake.one()))
    author.run()
    press(author, "shelf_manage_dunes")
    (field,) = [one for one in author.selectbox if (one.key or "").startswith("version_dunes")]
    field.set_value(1).run()
    press(author, "use_version")
    assert service.offer("dunes").entry.version == 1
    press(author, "take_back")
    assert "dunes" not in {entry.slug for entry in service.entries}
    assert "Taken off the page" in written(author)
    assert not author.exception


def test_a_mapping_file_changes_the_form_and_another_is_refused(author: AppTest) -> None:
    drop(author, "boat.json")
    document = json.dumps([{"type": "prompt", "node_ids": ["6"]}, {"type": "steps", "node_ids": ["3"]}]).encode()
    author.file_uploader(key=key(author, "mapping")).upload("nodes.json", document)
    author.run()
    assert shown(author)[:2] == ["prompt", "steps"]
    assert "2 from a mapping file" in written(author)
    before = shown(author)
    author.file_uploader(key=key(author, "mapping")).upload("other.json", b"{}")
    author.run()
    assert shown(author) == before
    assert "easel-problem" in written(author)


def test_a_cover_is_taken_and_removed(author: AppTest) -> None:
    drop(author, APP)
    author.file_uploader(key=key(author, "cover")).upload("cover.png", png(64, 64))
    author.run()
    assert author.session_state["table"].work.cover.startswith(b"RIFF")
    press(author, key(author, "cover_away"))
    assert author.session_state["table"].work.cover is None


def test_what_the_server_lacks_is_listed_with_package_and_nearest(author: AppTest) -> None:
    drop(author, "odd.json", altered({3: {"type": "FancySampler", "properties": {"cnr_id": "fancy-pack"}}}))
    assert "belongs to the package fancy-pack" in written(author)
    assert not [one for one in author.button if one.key == "publish_now"]
    press(author, "throw_away")
    drop(author, "odd.json", altered({4: {"widgets_values": ["v1-5-pruned-emaonly.safetensors"]}}))
    said = written(author)
    assert "The server has &quot;v1-5-pruned-emaonly-fp16&quot;" in said
    assert "Makers choose another one at &quot;Model&quot;" in said


def test_a_trial_runs_with_what_the_preview_says(
    author: AppTest, comfy: FakeComfyUI, service: Service, until: Until
) -> None:
    drop(author, APP)
    author.text_area[0].input("a red fox").run()
    press(author, "try")
    assert not author.exception
    (job,) = service.jobs("ann")
    until(lambda: service.get("ann", job.id).over)
    assert comfy.prompts[-1]["prompt"]["6"]["inputs"]["text"] == "a red fox"
    press(author.run(), "as_cover_1")
    assert author.session_state["table"].work.cover is not None


def altered(nodes: dict[int, dict[str, Any]]) -> bytes:
    ui = json.loads((FILES / "boat.json").read_text())
    for node in ui["nodes"]:
        node.update(nodes.get(node["id"], {}))
    return json.dumps(ui).encode()


def _file(name: str) -> tuple[bytes, str]:
    return (FILES / name).read_bytes(), name
