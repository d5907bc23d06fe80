"""Folders of workflows, the bundled one among them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from comfy_api.errors import WorkflowError
from comfy_api.workflow import Catalog, check, find_basics

GRAPH = json.dumps({"1": {"class_type": "PreviewImage", "inputs": {}}})
BUNDLED = ["txt2img", "draft_refine", "img2img", "upscale"]


@pytest.fixture(scope="module")
def whole_object_info() -> dict[str, Any]:
    path = Path(__file__).resolve().parents[2] / "data/object_info.json.gz"
    return json.loads(gzip.decompress(path.read_bytes()))


def test_the_bundled_workflows_are_whole_and_in_their_order(bundled: Path) -> None:
    catalog = Catalog(bundled)
    assert dict(catalog.broken) == {}
    assert [entry.slug for entry in catalog.entries()] == BUNDLED
    assert all(entry.title and entry.sentence for entry in catalog.entries())


@pytest.mark.parametrize("slug", BUNDLED)
def test_a_bundled_workflow_fits_a_real_server_but_for_the_models_name(
    bundled: Path, whole_object_info: dict[str, Any], slug: str
) -> None:
    workflow = Catalog(bundled).get(slug)
    assert {finding.input for finding in check(workflow, whole_object_info)} <= {"ckpt_name"}
    assert find_basics(workflow, whole_object_info) == find_basics(workflow)


@pytest.mark.parametrize("slug", BUNDLED)
def test_titles_in_a_bundled_workflow_name_one_node_each(bundled: Path, slug: str) -> None:
    workflow = Catalog(bundled).get(slug)
    assert len(workflow.titles) == len(workflow.nodes)


def test_a_form_gives_words_order_and_a_cover_and_its_other_keys_are_ignored(tmp_path: Path) -> None:
    for slug in ("b_two", "a-one"):
        (tmp_path / f"{slug}.json").write_text(GRAPH)
    (tmp_path / "b_two.form.toml").write_text(
        'version = 1\ntitle = "Two"\ndescription = "Makes two."\norder = 1\nnew = true\n'
    )
    (tmp_path / "b_two.webp").write_bytes(b"")
    first, second = Catalog(tmp_path).entries()
    assert (first.slug, first.title, first.sentence, first.cover) == (
        "b_two",
        "Two",
        "Makes two.",
        tmp_path / "b_two.webp",
    )
    assert (second.slug, second.title, second.sentence, second.cover) == ("a-one", "A one", "", None)


@pytest.mark.parametrize(
    ("file", "content", "reason"),
    [
        ("x.json", "{", '"x.json" is no workflow'),
        ("x y.json", GRAPH, "name the file with a-z"),
        ("x.form.toml", "version = 2", "is of version 2"),
        ("x.form.toml", "version = ", "cannot be read"),
        ("x.form.toml", "version = 1\ntitle = 5", "must be text"),
        ("x.form.toml", "version = 1\norder = true", "must be a whole number"),
        ("x.form.toml", "version = 1\n#" + "x" * 64_000, "larger than 64 kB"),
    ],
)
def test_a_broken_file_is_named_with_its_reason_and_the_rest_is_on_offer(
    tmp_path: Path, file: str, content: str, reason: str
) -> None:
    for slug in ("good", "x"):
        (tmp_path / f"{slug}.json").write_text(GRAPH)
    (tmp_path / file).write_text(content)
    catalog = Catalog(tmp_path)
    assert catalog.get("good").titles == ["PreviewImage"]
    [(name, why)] = catalog.broken.items()
    assert reason in why
    assert file in why
    if name == "x.json":
        with pytest.raises(WorkflowError) as refusal:
            catalog.get("x")
        assert str(refusal.value) == why


@pytest.mark.parametrize("slug", ["gone", "../secret", "good.json", ""])
def test_only_listed_slugs_are_served(tmp_path: Path, slug: str) -> None:
    folder = tmp_path / "inner"
    folder.mkdir()
    (folder / "good.json").write_text(GRAPH)
    (tmp_path / "secret.json").write_text(GRAPH)
    with pytest.raises(WorkflowError, match="There is: good"):
        Catalog(folder).get(slug)


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "none")
    assert catalog.entries() == ()
    assert '"none" is not there' in catalog.broken["none"]
