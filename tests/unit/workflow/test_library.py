"""The workflows on offer: bundled ones, published ones, and what is wrong with the rest."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from forms_strategy import forms
from hypothesis import given, settings
from hypothesis import strategies as st

from comfy_api.errors import WorkflowError
from comfy_api.workflow.forms.control import Control, Form, Kind, Output, Place
from comfy_api.workflow.intake import WorkflowFile
from comfy_api.workflow.library import Library, slug_for
from comfy_api.workflow.pair import MAX_COVER_BYTES

ROOT = Path(__file__).resolve().parents[3]
API: dict[str, Any] = {"1": {"class_type": "PreviewImage", "inputs": {}}}
UI: dict[str, Any] = {"nodes": [{"id": 1, "type": "PreviewImage"}], "links": [], "version": 0.4}
GRAPH = json.dumps(API)
FILE = WorkflowFile("fox.json", API)
PROMPT = Control(id="prompt", kind=Kind.LONG_TEXT, label="Prompt", places=(Place("1", "text"),), default="a fox")
FORM = Form(title="Fox", description="Draws a fox.", order=5, controls=(PROMPT,), outputs=(Output(node_id="1"),))
PNG, JPEG, WEBP = b"\x89PNG\r\n\x1a\n--", b"\xff\xd8\xff--", b"RIFF\0\0\0\0WEBP--"
posix = pytest.mark.skipif(os.name != "posix", reason="pipes and rights of POSIX")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder of bundled workflows that holds one, ``fox``."""
    folder = tmp_path / "workflows"
    folder.mkdir()
    (folder / "fox.json").write_text(json.dumps({"7": {"class_type": "SaveImage", "inputs": {}}}))
    (folder / "fox.form.toml").write_text('version = 1\ntitle = "Bundled fox"\norder = 9\n')
    return folder


@pytest.fixture
def library(shop: Path, tmp_path: Path) -> Library:
    return Library(shop, tmp_path / "data/workflows")


def titles(library: Library) -> list[str]:
    return [entry.title for entry in library.entries()]


# --- bundled ones ------------------------------------------------------------------------------------------------


def test_the_bundled_workflows_are_whole_and_in_their_order(tmp_path: Path) -> None:
    library = Library(ROOT / "workflows", tmp_path)
    assert dict(library.broken) == {}
    assert [entry.slug for entry in library.entries()][:4] == ["txt2img", "draft_refine", "img2img", "upscale"]
    assert all(entry.title and entry.sentence and entry.version == 0 for entry in library.entries())
    assert all(library.get(entry.slug).file.name == f"{entry.slug}.json" for entry in library.entries())


def test_a_form_gives_words_order_and_a_cover_and_without_one_the_name_gives_the_title(tmp_path: Path) -> None:
    for slug in ("b_two", "a-one", "__"):
        (tmp_path / f"{slug}.json").write_text(GRAPH)
    (tmp_path / "b_two.form.toml").write_text('version = 1\ntitle = "Two"\ndescription = "Makes two."\norder = 1\n')
    (tmp_path / "b_two.webp").write_bytes(WEBP)
    (tmp_path / "a-one.form.toml").write_text('version = 1\ntitle = "  "')
    first, nameless, second = Library(tmp_path, tmp_path / "none").entries()
    assert nameless.title == "__"
    assert (first.slug, first.title, first.sentence) == ("b_two", "Two", "Makes two.")
    assert first.cover == tmp_path / "b_two.webp"
    assert (second.slug, second.title, second.sentence, second.cover) == ("a-one", "A one", "", None)


@pytest.mark.parametrize(
    ("file", "content", "reason"),
    [
        ("x.json", "{", '"x.json" is no workflow'),
        ("x y.json", GRAPH, "name the file with a-z"),
        ("x.form.toml", "version = 2", "is of version 2"),
        ("x.form.toml", "version = ", "x.form.toml"),
        ("x.form.toml", "version = 1\ntitle = 5", "x.form.toml"),
        ("x.form.toml", "version = 1\n#" + "x" * 300_000, "larger than"),
    ],
)
def test_a_broken_file_is_named_with_its_reason_and_the_rest_is_on_offer(
    tmp_path: Path, file: str, content: str, reason: str
) -> None:
    for slug in ("good", "x"):
        (tmp_path / f"{slug}.json").write_text(GRAPH)
    (tmp_path / file).write_text(content)
    library = Library(tmp_path, tmp_path / "none")
    assert library.get("good").file.api == API
    [(name, why)] = library.broken.items()
    assert reason in why
    assert file in why
    if name == "x.json":
        with pytest.raises(WorkflowError) as refusal:
            library.get("x")
        assert str(refusal.value) == why


@pytest.mark.parametrize("slug", ["gone", "../secret", "good.json", "", "good\n"])
def test_only_listed_slugs_are_served(tmp_path: Path, slug: str) -> None:
    folder = tmp_path / "inner"
    folder.mkdir()
    (folder / "good.json").write_text(GRAPH)
    (tmp_path / "secret.json").write_text(GRAPH)
    library = Library(folder, tmp_path / "none")
    for call in (library.get, library.export):
        with pytest.raises(WorkflowError, match="There is: good"):
            call(slug)


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    library = Library(tmp_path / "none", tmp_path / "nothing")
    assert library.entries() == ()
    assert '"none" is not there' in library.broken["none"]
    assert "nothing" not in library.broken  # nothing is published yet


def test_a_file_that_is_mended_is_on_offer_at_the_next_look(library: Library, shop: Path) -> None:
    (shop / "new.json").write_text("{")
    assert titles(library) == ["Bundled fox"]
    assert set(library.broken) == {"new.json"}
    (shop / "new.json").write_text(GRAPH)
    (shop / "fox.form.toml").write_text('version = 1\ntitle = "Red fox"')
    assert titles(library) == ["New", "Red fox"]
    assert library.get("fox").entry.title == "Red fox"
    (shop / "fox.json").unlink()
    assert titles(library) == ["New"]


COUNT_OPENED = """
import sys
from pathlib import Path
from comfy_api.workflow.library import Library

library = Library(Path(sys.argv[1]), Path(sys.argv[2]))
opened = []
sys.addaudithook(lambda event, arguments: opened.append(str(arguments[0])) if event == "open" else None)
library.entries()
first = sum(name.endswith((".json", ".toml")) for name in opened)
opened.clear()
library.entries()
library.get("more_9")
library.broken
print(first, sum(name.endswith((".json", ".toml")) for name in opened))
"""


def test_what_has_not_changed_is_read_once(library: Library, shop: Path) -> None:
    library.publish("cat", FILE, FORM)
    for number in range(40):
        (shop / f"more_{number}.json").write_text(GRAPH if number else "{")
    command = [sys.executable, "-c", COUNT_OPENED, str(shop), str(library.published)]
    assert subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True).stdout == "44 0\n"


# --- published ones ----------------------------------------------------------------------------------------------


def test_a_published_workflow_is_on_offer_with_its_form(library: Library) -> None:
    entry = library.publish("red_fox", FILE, FORM, WEBP)
    assert (entry.slug, entry.title, entry.sentence, entry.order, entry.version) == (
        "red_fox",
        "Fox",
        "Draws a fox.",
        5,
        1,
    )
    assert entry.cover is not None
    assert entry.cover.read_bytes() == WEBP
    assert library.entries()[0] == entry
    stored = library.get("red_fox")
    assert (stored.entry, stored.form, stored.file.api, stored.version) == (entry, FORM, API, 1)


def test_it_takes_the_place_of_a_bundled_one_until_it_is_taken_back(library: Library) -> None:
    library.publish("fox", FILE, FORM)
    assert titles(library) == ["Fox"]
    assert library.get("fox").version == 1
    assert library.get("fox", 0).entry.title == "Bundled fox"
    library.unpublish("fox")
    assert titles(library) == ["Bundled fox"]
    assert library.get("fox").version == 0
    assert library.get("fox", 1).form == FORM  # an old result can be made again


def test_earlier_versions_stay_as_they_were_and_can_come_back(library: Library) -> None:
    library.publish("cat", FILE, Form(title="First"))
    assert library.publish("cat", WorkflowFile("", None, UI), Form(title="Second")).version == 2
    assert titles(library) == ["Second", "Bundled fox"] or titles(library) == ["Bundled fox", "Second"]
    library.use("cat", 1)
    assert library.get("cat").entry.title == "First"
    assert [(version.number, version.current) for version in library.versions("cat")] == [(2, False), (1, True)]
    assert library.get("cat", 2).file.ui == UI


def test_a_slug_that_was_used_once_stays_taken(library: Library, shop: Path) -> None:
    library.publish("cat", FILE, FORM)
    library.unpublish("cat")
    (shop / "half.json").write_text("{")
    assert library.slugs() == {"cat", "fox", "half"}


PUBLISH = """
import sys
from pathlib import Path
from comfy_api.workflow.forms.control import Form
from comfy_api.workflow.intake import WorkflowFile
from comfy_api.workflow.library import Library

library = Library(Path(sys.argv[1]), Path(sys.argv[2]))
library.publish("cat", WorkflowFile("", {"1": {"class_type": "PreviewImage", "inputs": {}}}), Form(title=sys.argv[3]))
"""


def test_what_another_process_publishes_is_there_at_the_next_look(library: Library, shop: Path) -> None:
    for title in ("One", "Two"):
        command = [sys.executable, "-c", PUBLISH, str(shop), str(library.published), title]
        subprocess.run(command, cwd=ROOT, check=True, timeout=60)
        assert title in titles(library)
        assert library.get("cat").entry.title == title
    other = Library(shop, library.published)
    other.use("cat", 1)
    assert "One" in titles(library)
    other.unpublish("cat")
    assert titles(library) == ["Bundled fox"]


def test_threads_that_publish_and_read_at_once_do_not_disturb_each_other(library: Library) -> None:
    versions: list[int] = []
    failures: list[BaseException] = []
    start = threading.Barrier(6)

    def run(work: Callable[[int], object]) -> None:
        try:
            start.wait(10)
            for turn in range(8):
                work(turn)
        except BaseException as error:  # noqa: BLE001 - told by the test
            failures.append(error)

    def publish(turn: int) -> None:
        versions.append(library.publish("cat", FILE, Form(title=f"Cat {turn}")).version)

    def read(turn: int) -> None:
        for entry in library.entries():
            assert library.get(entry.slug, entry.version).entry == entry
        assert not library.broken

    threads = [threading.Thread(target=run, args=(work,)) for work in (publish, read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not failures
    assert sorted(versions) == list(range(1, 25))
    assert library.get("cat").version == 24


# --- what is written ---------------------------------------------------------------------------------------------

_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_value = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**64), 2**64) | st.floats(allow_nan=False, allow_infinity=False) | _text,
    lambda inner: st.lists(inner, max_size=3).filter(lambda value: len(value) != 2) | st.dictionaries(_text, inner),
    max_leaves=6,
)
_graph = st.dictionaries(
    st.integers(1, 99).map(str),
    st.fixed_dictionaries(
        {"class_type": st.sampled_from(["KSampler", "雪"]), "inputs": st.dictionaries(_text, _value, max_size=4)},
        optional={"_meta": st.fixed_dictionaries({"title": _text})},
    ),
    min_size=1,
    max_size=4,
)
_ui = st.fixed_dictionaries(
    {
        "nodes": st.lists(st.fixed_dictionaries({"id": st.integers(), "widgets_values": _value}), min_size=1),
        "extra": st.dictionaries(_text, _value, max_size=3),
    }
)


@settings(max_examples=40, deadline=None)
@given(api=st.none() | _graph, ui=st.none() | _ui, form=forms())
def test_what_is_published_loads_as_it_was(api: dict[str, Any] | None, ui: dict[str, Any] | None, form: Form) -> None:
    if api is None and ui is None:
        api = API
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        Library(folder, folder / "data").publish("cat", WorkflowFile("", api, ui), form)
        stored = Library(folder, folder / "data").get("cat")
        assert (stored.file.api, stored.file.ui, stored.form) == (api, ui, form)
        assert stored.entry.title == (form.title.strip() or "Cat")
        # An export begins with the same bytes, in a folder of bundled ones.
        with zipfile.ZipFile(io.BytesIO(Library(folder, folder / "data").export("cat"))) as packed:
            packed.extractall(folder)
        bundled = Library(folder, folder / "none").get("cat")
        assert (bundled.file.api, bundled.file.ui, bundled.form) == (api, ui, form)


def test_the_authors_document_is_written_as_comfyui_would(library: Library) -> None:
    library.publish("cat", WorkflowFile("", None, UI), FORM)
    library.publish("cat", WorkflowFile("", API, UI), FORM)
    library.publish("cat", WorkflowFile("", API), FORM)
    written = [json.loads((library.published / f"cat/{n}/workflow.json").read_text()) for n in (1, 2, 3)]
    assert written == [UI, {"prompt": API, "workflow": UI}, API]


def test_what_may_hold_secrets_is_not_written(library: Library) -> None:
    extra = {"extra_data": {"api_key_comfy_org": "hush"}}
    library.publish("cat", WorkflowFile("", API, UI, extra, {"hush.json": {"key": "hush"}}), FORM)
    for path in library.published.rglob("*"):
        assert path.is_dir() or b"hush" not in path.read_bytes()
    assert b"hush" not in library.export("cat")


def test_half_a_character_survives(library: Library) -> None:
    api = json.loads('{"1": {"class_type": "Text", "inputs": {"text": "fuchs \\ud83d 雪 🦊"}}}')
    library.publish("cat", WorkflowFile("", api), FORM)
    assert library.get("cat").file.api == api


def test_a_large_workflow_is_written_without_the_line_breaks_that_would_make_it_too_large(library: Library) -> None:
    value: Any = [0] * 260_000
    for _ in range(36):
        value = [value]
    api = {"1": {"class_type": "Curve", "inputs": {"points": {"__value__": value}}}}
    library.publish("cat", WorkflowFile("", api), FORM)
    assert (library.published / "cat/1/workflow.json").stat().st_size < 1_000_000
    assert library.get("cat").file.api == api


@pytest.mark.parametrize(
    ("file", "form", "cover"),
    [
        (WorkflowFile("", {"1": {"class_type": "A", "inputs": {"size": (1, 2, 3)}}}), FORM, None),
        (WorkflowFile("", {}), FORM, None),
        (FILE, Form(controls=(PROMPT, PROMPT)), None),
        (FILE, FORM, b"GIF89a"),
        (FILE, FORM, PNG + b"\0" * MAX_COVER_BYTES),
    ],
    ids=["another value", "empty", "two controls of one id", "no cover", "large cover"],
)
def test_what_could_not_be_read_again_is_refused_and_leaves_no_trace(
    library: Library, file: WorkflowFile, form: Form, cover: bytes | None
) -> None:
    with pytest.raises(WorkflowError):
        library.publish("cat", file, form, cover)
    assert not library.published.exists()


@pytest.mark.parametrize(("cover", "name"), [(PNG, "cover.png"), (JPEG, "cover.jpg"), (WEBP, "cover.webp")])
def test_a_cover_is_stored_by_what_it_is(library: Library, cover: bytes, name: str) -> None:
    entry = library.publish("cat", FILE, FORM, cover)
    assert entry.cover == library.published / "cat/1" / name


def test_an_export_is_a_pair_for_the_folder_of_bundled_ones_and_always_the_same(library: Library) -> None:
    library.publish("cat", FILE, FORM, PNG)
    library.publish("cat", WorkflowFile("", None, UI), FORM)
    first = library.export("cat", 1)
    with zipfile.ZipFile(io.BytesIO(first)) as packed:
        assert packed.namelist() == ["cat.json", "cat.form.toml", "cat.png"]
        assert json.loads(packed.read("cat.json")) == API
        assert packed.read("cat.png") == PNG
        assert {(info.date_time[0], info.create_system) for info in packed.infolist()} == {(1980, 3)}
    os.utime(library.published / "cat/1/workflow.json", (0, 0))
    assert Library(library.bundled, library.published).export("cat", 1) == first
    assert library.export("cat") != first


def test_an_export_without_a_form_writes_one_with_the_title_that_makers_see(library: Library, shop: Path) -> None:
    (shop / "big_cat.json").write_text(GRAPH)
    with zipfile.ZipFile(io.BytesIO(library.export("big_cat"))) as packed:
        assert b'title = "Big cat"' in packed.read("big_cat.form.toml")


def test_a_file_that_grew_too_large_is_not_exported_in_part(library: Library, shop: Path) -> None:
    (shop / "fox.png").write_bytes(PNG + b"\0" * MAX_COVER_BYTES)
    with pytest.raises(WorkflowError, match=r'"fox\.png" is larger than 2 MB'):
        library.export("fox")


# --- what is wrong with it ---------------------------------------------------------------------------------------


def test_a_broken_version_is_named_and_the_others_still_open(library: Library) -> None:
    for _ in range(2):
        library.publish("fox", FILE, FORM)
    (library.published / "fox/2/workflow.json").write_text("{")
    assert titles(library) == []
    assert '"workflow.json" is no workflow' in library.broken["fox/2"]
    with pytest.raises(WorkflowError, match="is no workflow"):
        library.get("fox")
    assert library.get("fox", 1).form == FORM
    library.use("fox", 1)
    assert titles(library) == ["Fox"]
    assert not library.broken


def test_a_current_file_that_leads_nowhere_does_not_bring_back_the_bundled_one_unasked(library: Library) -> None:
    library.publish("fox", FILE, FORM)
    (library.published / "fox/current").write_text("7")
    assert titles(library) == []
    assert "names version 7, which is not there" in library.broken["fox"]
    with pytest.raises(WorkflowError, match="names version 7"):
        library.get("fox")


def test_a_version_that_is_not_there_is_refused_by_name(library: Library) -> None:
    library.publish("fox", FILE, FORM)
    for call in (library.get, library.export):
        with pytest.raises(WorkflowError, match=r'no version 3 of "fox"\. There is: 1\.'):
            call("fox", 3)
    library.publish("cat", FILE, FORM)
    with pytest.raises(WorkflowError, match='No workflow is called "cat"'):
        library.get("cat", 0)


def test_foreign_files_are_named_and_harm_nothing(library: Library) -> None:
    library.publish("cat", FILE, FORM)
    (library.published / "Notes.txt").write_text("")
    (library.published / "empty").mkdir()
    assert sorted(titles(library)) == ["Bundled fox", "Fox"]
    assert set(library.broken) == {"Notes.txt"}


@pytest.mark.parametrize("name", ["fox.json", "fox.form.toml"])
def test_a_link_out_of_the_folder_is_not_followed(library: Library, shop: Path, tmp_path: Path, name: str) -> None:
    outside = tmp_path / "outside"
    outside.write_text(GRAPH if name.endswith("json") else "version = 1")
    (shop / name).unlink()
    (shop / name).symlink_to(outside)
    assert titles(library) == []
    assert "is a link to another place" in library.broken["fox.json"]
    outside.rename(shop / f".{name}")
    (shop / name).unlink()
    (shop / name).symlink_to(f".{name}")  # as volumes in containers have them
    assert len(titles(library)) == 1


def test_a_cover_outside_the_folder_is_none(library: Library, shop: Path, tmp_path: Path) -> None:
    (tmp_path / "private.png").write_bytes(PNG)
    (shop / "fox.png").symlink_to(tmp_path / "private.png")
    assert [entry.cover for entry in library.entries()] == [None]
    library.publish("cat", FILE, FORM)
    (library.published / "cat/1/cover.webp").symlink_to(tmp_path / "private.png")
    assert library.get("cat").entry.cover is None


@posix
def test_a_pipe_blocks_nobody(library: Library, shop: Path) -> None:
    os.mkfifo(shop / "pipe.json")
    (shop / "loop.json").symlink_to("loop.json")
    assert titles(library) == ["Bundled fox"]
    assert "no ordinary file" in library.broken["pipe.json"]
    assert "loop.json" in library.broken


@posix
def test_folders_that_are_not_ours_are_said_and_the_rest_is_on_offer(tmp_path: Path) -> None:
    script = """
import os, sys
from pathlib import Path
from comfy_api.workflow.library import Library

folders = Path(sys.argv[1]) / "bundled", Path(sys.argv[1]) / "published"
Library(*folders).entries()  # from here on nothing is imported
if os.geteuid() == 0:
    os.setuid(65534)  # root may read anything
library = Library(*folders)
print([entry.slug for entry in library.entries()], sorted(library.broken))
shut = Library(Path(sys.argv[1]) / "none/of", folders[1])
print([entry.slug for entry in shut.entries()], sorted(shut.broken))
reasons = [*library.broken.values(), *shut.broken.values()]
assert all("Permission denied" in reason for reason in reasons), reasons
"""
    with tempfile.TemporaryDirectory(prefix="easel-") as name:
        folder = Path(name)
        library = Library(folder / "bundled", folder / "published")
        (folder / "bundled").mkdir()
        (folder / "none/of").mkdir(parents=True)
        for slug in ("good", "shut"):
            (folder / f"bundled/{slug}.json").write_text(GRAPH)
            library.publish(f"{slug}_cat", FILE, FORM)
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755)
        shut = [folder / name for name in ("bundled/shut.json", "published/shut_cat", "none")]
        for path in shut:
            path.chmod(0)
        command = [sys.executable, "-c", script, name]
        try:
            said = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True, timeout=60).stdout
        finally:
            for path in shut:
                path.chmod(0o700)
    assert said.splitlines() == [
        "['good_cat', 'good'] ['shut.json', 'shut_cat']",
        "['good_cat'] ['of', 'shut_cat']",
    ]


def test_a_published_folder_that_is_a_file_is_said_and_the_bundled_ones_are_on_offer(
    shop: Path, tmp_path: Path
) -> None:
    (tmp_path / "published").write_text("")
    library = Library(shop, tmp_path / "published")
    assert titles(library) == ["Bundled fox"]
    assert "Check the data folder" in library.broken["published"]
    assert library.get("fox").version == 0


# --- slugs -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "taken", "slug"),
    [
        ("Text to image", (), "text_to_image"),
        ("Text to image", ("text_to_image", "text_to_image_2"), "text_to_image_3"),
        ("  Été à la mer!  ", (), "ete_a_la_mer"),
        ("雪の城", (), "workflow"),
        ("", ("workflow",), "workflow_2"),
        ("../../etc/passwd", (), "etc_passwd"),
        ("x" * 200, (), "x" * 56),
    ],
)
def test_a_title_gives_a_slug(title: str, taken: tuple[str, ...], slug: str) -> None:
    assert slug_for(title, taken) == slug


@given(title=st.text(), taken=st.integers(0, 30))
def test_every_title_gives_a_slug_that_is_free(library_of_slugs: Callable[[str], Any], title: str, taken: int) -> None:
    used: set[str] = set()
    for _ in range(taken):
        used.add(slug_for(title, used))
    assert len(used) == taken
    for slug in used:
        library_of_slugs(slug)


@pytest.fixture(scope="module")
def library_of_slugs(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Any]:
    """Refuses a slug that no folder may have."""
    folder = tmp_path_factory.mktemp("slugs")
    return Library(folder, folder / "none").versions
