from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from comfy_api.workflow import Workflow

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def object_info() -> dict[str, Any]:
    """What a real ComfyUI 0.3.64 says of the classes that these tests use."""
    return json.loads((ROOT / "tests/data/object_info_small.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def bundled() -> Path:
    return ROOT / "workflows"


@pytest.fixture
def txt2img(bundled: Path) -> Workflow:
    return Workflow.load(bundled / "txt2img.json")


@pytest.fixture
def draft_refine(bundled: Path) -> Workflow:
    return Workflow.load(bundled / "draft_refine.json")
