"""The table of ComfyUI's own templates is whole."""

from __future__ import annotations

import json
import re
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

PAGE = Path(__file__).resolve().parents[3] / "docs/templates.md"
PACKAGE = "comfyui-workflow-templates-json"
HOW = "make it anew: python benchmarks/bench_templates.py --write docs/templates.md"


def test_every_template_has_one_line() -> None:
    folder = files(PACKAGE.replace("-", "_")) / "templates"
    workflows = [path for path in folder.iterdir() if '"nodes"' in path.read_text(encoding="utf-8")]
    names = [path.name.removesuffix(".json") for path in workflows if "nodes" in json.loads(path.read_bytes())]
    listed = re.findall(r"^\| `([^`]+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(names), HOW


def test_it_says_of_which_package_it_speaks() -> None:
    assert f"{PACKAGE} {version(PACKAGE)}" in PAGE.read_text(encoding="utf-8"), HOW
