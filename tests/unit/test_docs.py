"""Documents that can go stale do not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import comfy_api
from comfy_api.settings import Settings
from comfy_api.workflow.forms.control import Source

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(path.relative_to(ROOT).as_posix() for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def test_every_setting_is_in_its_page() -> None:
    page = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    for name, field in Settings.model_fields.items():
        variable = field.validation_alias or f"EASEL_{name.upper()}"
        assert f"| `{variable}` | {field.description} |" in page


def test_the_version_is_in_the_changelog() -> None:
    assert f"## {comfy_api.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_links_between_pages_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (ROOT / page).parent.joinpath(target).exists(), f"{page} → {target}"


def test_pages_that_are_named_exist() -> None:
    texts = [*(ROOT / "comfy_api").rglob("*.py"), *(ROOT / "pages").rglob("*.py"), *(ROOT / page for page in PAGES)]
    said = (path.read_text(encoding="utf-8") for path in texts)
    named = {name for text in said for name in re.findall(r"(?<![\w/.])docs/[\w./-]*\w", text)}
    assert len(named) > 20
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_every_source_of_a_control_and_every_convention_has_its_place_in_their_index() -> None:
    index = (ROOT / "docs/conventions/README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| \d+ \| `(\w+)` \|", index, re.MULTILINE) == list(Source)
    linked = set(re.findall(r"\]\(([\w-]+\.md)\)", index))
    assert linked == {path.name for path in (ROOT / "docs/conventions").glob("*.md")} - {"README.md"}


def test_the_readme_stays_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) < 120
