"""A folder of workflows: ``<slug>.json`` beside an optional ``<slug>.form.toml`` and cover picture."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

from comfy_api.errors import WorkflowError
from comfy_api.workflow.document import Workflow

MAX_WORKFLOWS = 1_000
_MAX_FORM_BYTES = 64_000
_SLUG = re.compile(r"[a-z0-9_-]{1,64}")
_COVERS = (".webp", ".png", ".jpg")
_LAST = 1_000_000


@dataclass(frozen=True)
class Entry:
    """One workflow on offer.

    Attributes:
        slug: its name in addresses and commands.
        title: its name for makers.
        sentence: what it does, for makers.
        order: its place; smaller stands first.
        cover: a picture beside the file, or None.
    """

    slug: str
    title: str
    sentence: str = ""
    order: int = _LAST
    cover: Path | None = None


@dataclass(frozen=True)
class _Shelf:
    entries: tuple[Entry, ...]
    workflows: Mapping[str, Workflow]
    broken: Mapping[str, str]


class Catalog:
    """The workflows of one folder, read at first use and kept. A new catalogue reads again."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def entries(self) -> tuple[Entry, ...]:
        """The workflows that can be used, by their order, then by title."""
        return self._shelf.entries

    @property
    def broken(self) -> Mapping[str, str]:
        """File name → why it is not on offer."""
        return self._shelf.broken

    def get(self, slug: str) -> Workflow:
        """The workflow with this slug.

        Raises:
            WorkflowError: none is called so, or its file is broken.
        """
        if slug in self._shelf.workflows:
            return self._shelf.workflows[slug]
        reason = self.broken.get(f"{slug}.json")
        if reason:
            raise WorkflowError(reason)
        known = ", ".join(entry.slug for entry in self.entries()) or "nothing"
        raise WorkflowError(f'No workflow is called "{slug[:64]}". There is: {known}.')

    @cached_property
    def _shelf(self) -> _Shelf:
        entries: list[Entry] = []
        workflows: dict[str, Workflow] = {}
        broken: dict[str, str] = {}
        try:
            files = sorted(self.folder.glob("*.json"))
            if not self.folder.is_dir():
                raise WorkflowError(f'The folder "{self.folder.name}" is not there. Make it or name another.')
        except (OSError, WorkflowError) as error:
            files, broken[self.folder.name] = [], str(error)
        for path in files[:MAX_WORKFLOWS]:
            try:
                entry = _entry(path)
                workflows[entry.slug] = Workflow.load(path)
                entries.append(entry)
            except WorkflowError as error:
                broken[path.name] = str(error)
        for path in files[MAX_WORKFLOWS:]:
            broken[path.name] = f"The folder holds more than {MAX_WORKFLOWS} workflows. Move some elsewhere."
        entries.sort(key=lambda entry: (entry.order, entry.title.casefold()))
        return _Shelf(tuple(entries), MappingProxyType(workflows), MappingProxyType(broken))


@dataclass(frozen=True)
class _Form:
    name: str
    values: Mapping[str, Any]

    def text(self, key: str, default: str) -> str:
        value = self.values.get(key, default)
        if not isinstance(value, str):
            raise WorkflowError(f'"{key}" in {self.name} must be text. Put it in quotes.')
        return value

    def whole(self, key: str, default: int) -> int:
        value = self.values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int):
            raise WorkflowError(f'"{key}" in {self.name} must be a whole number.')
        return value


def _entry(path: Path) -> Entry:
    slug = path.stem
    if not _SLUG.fullmatch(slug):
        raise WorkflowError(f'"{path.name[:100]}": name the file with a-z, 0-9, "_" and "-" only.')
    form_path = path.with_suffix(".form.toml")
    form = _Form(form_path.name, _read_form(form_path))
    covers = (path.with_suffix(ending) for ending in _COVERS)
    return Entry(
        slug,
        title=form.text("title", slug.replace("_", " ").replace("-", " ").capitalize()),
        sentence=form.text("description", ""),
        order=form.whole("order", _LAST),
        cover=next((cover for cover in covers if cover.is_file()), None),
    )


def _read_form(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_FORM_BYTES + 1)
        if len(data) > _MAX_FORM_BYTES:
            raise WorkflowError(f"{path.name} is larger than {_MAX_FORM_BYTES // 1000} kB. Shorten it.")
        form = tomllib.loads(data.decode())
    except (OSError, ValueError, RecursionError) as error:
        raise WorkflowError(f"{path.name} cannot be read ({error}). Mend it or take it away.") from None
    if form.get("version") != 1:
        raise WorkflowError(f'{path.name} is of version {form.get("version")!r}. Write "version = 1" into it.')
    return form
