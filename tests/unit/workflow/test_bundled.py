"""The workflows that come with Easel."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from comfy_api.workflow import check, find_basics
from comfy_api.workflow.library import Library

BUNDLED = ["txt2img", "draft_refine", "img2img", "upscale"]


@pytest.fixture(scope="module")
def whole_object_info() -> dict[str, Any]:
    path = Path(__file__).resolve().parents[2] / "data/object_info.json.gz"
    return json.loads(gzip.decompress(path.read_bytes()))


def test_the_bundled_workflows_are_whole_and_in_their_order(bundled: Path) -> None:
    catalog = Library(bundled, bundled / "none")
    assert dict(catalog.broken) == {}
    assert [entry.slug for entry in catalog.entries()] == BUNDLED
    assert all(entry.title and entry.sentence for entry in catalog.entries())


@pytest.mark.parametrize("slug", BUNDLED)
def test_a_bundled_workflow_fits_a_real_server_but_for_the_models_name(
    bundled: Path, whole_object_info: dict[str, Any], slug: str
) -> None:
    workflow = Library(bundled, bundled / "none").get(slug).file.workflow()
    assert {finding.input for finding in check(workflow, whole_object_info)} <= {"ckpt_name"}
    assert find_basics(workflow, whole_object_info) == find_basics(workflow)


@pytest.mark.parametrize("slug", BUNDLED)
def test_titles_in_a_bundled_workflow_name_one_node_each(bundled: Path, slug: str) -> None:
    workflow = Library(bundled, bundled / "none").get(slug).file.workflow()
    assert len(workflow.titles) == len(workflow.nodes)
