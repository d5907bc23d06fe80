"""Documents that can go stale do not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import comfy_api
from comfy_api.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


def test_every_setting_is_in_its_page() -> None:
    page = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    for name, field in Settings.model_fields.items():
        variable = field.validation_alias or f"EASEL_{name.upper()}"
        assert f"| `{variable}` | {field.description} |" in page


def test_the_version_is_in_the_changelog() -> None:
    assert f"## {comfy_api.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "page", sorted(path.relative_to(ROOT).as_posix() for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
)
def test_links_between_pages_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (ROOT / page).parent.joinpath(target).exists(), f"{page} → {target}"


def test_the_readme_stays_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) < 120
