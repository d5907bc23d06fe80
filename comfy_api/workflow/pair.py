"""One version of a workflow as files: the workflow, its form and its cover, side by side."""

from __future__ import annotations

import io
import json
import os
import re
import stat
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

from comfy_api.errors import WorkflowError
from comfy_api.workflow.forms.control import Form
from comfy_api.workflow.forms.toml import MAX_BYTES as MAX_FORM_BYTES
from comfy_api.workflow.forms.toml import read_form, write_form
from comfy_api.workflow.intake import WorkflowFile, read_files
from comfy_api.workflow.reading import MAX_BYTES

MAX_COVER_BYTES: Final = 2_000_000
#: Endings that a cover may have; the first that is there is taken.
COVERS: Final = (".webp", ".png", ".jpg")
#: The file that every published version has.
WORKFLOW: Final = "workflow.json"

_FORM, _COVER = "form.toml", "cover"
_LAST: Final = 1_000_000
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_UNIX: Final = 3


@dataclass(frozen=True)
class Entry:
    """One workflow on offer.

    Attributes:
        slug: its name in addresses and commands.
        title: its name for makers.
        sentence: what it does, for makers.
        order: its place; smaller stands first.
        cover: its picture, or None.
        version: from 1; 0 for a bundled one.
    """

    slug: str
    title: str
    sentence: str = ""
    order: int = _LAST
    cover: Path | None = None
    version: int = 0


@dataclass(frozen=True)
class Stored:
    """One version of a workflow, read.

    Attributes:
        entry: what makers are told of it.
        file: the author's file.
        form: its form; without controls where none was saved.
    """

    entry: Entry
    file: WorkflowFile
    form: Form

    @property
    def version(self) -> int:
        """From 1; 0 for a bundled one."""
        return self.entry.version


#: What tells whether files have changed; None for one that cannot be looked at.
Stamp = tuple[tuple[int, ...] | None, ...]


@dataclass(frozen=True)
class Pair:
    """Where one version's files are.

    Attributes:
        slug: the workflow.
        version: from 1; 0 for a bundled one.
        name: how it is spoken of: ``<slug>.json`` or ``<slug>/<n>``.
        root: the folder that no link may lead out of.
        workflow, form: the files; the form may be missing.
        covers: where the cover may be.
    """

    slug: str
    version: int
    name: str
    root: Path
    workflow: Path
    form: Path
    covers: tuple[Path, ...]

    @classmethod
    def bundled(cls, folder: Path, slug: str) -> Self:
        """Of the workflows that come with Easel."""
        covers = tuple(folder / f"{slug}{ending}" for ending in COVERS)
        return cls(slug, 0, f"{slug}.json", folder, folder / f"{slug}.json", folder / f"{slug}.form.toml", covers)

    @classmethod
    def published(cls, folder: Path, slug: str, number: int) -> Self:
        """Of a version, with its folder."""
        covers = tuple(folder / f"{_COVER}{ending}" for ending in COVERS)
        return cls(slug, number, f"{slug}/{number}", folder, folder / WORKFLOW, folder / _FORM, covers)

    def stamp(self) -> Stamp:
        """Another one when a file has changed, come or gone."""
        return tuple(_state(path) for path in (self.workflow, self.form, *self.covers))

    def read(self) -> Stored:
        """Raises WorkflowError: a file is broken, too large, or cannot be read."""
        file = read_files(_read(self.root, self.workflow, MAX_BYTES), self.workflow.name).one()
        form = Form()
        if os.path.lexists(self.form):
            form = read_form(_read(self.root, self.form, MAX_FORM_BYTES), self.form.name)
        title = form.title.strip() or re.sub("[_-]+", " ", self.slug).strip().capitalize() or self.slug
        cover = next((path for path in self.covers if os.path.isfile(path) and _is_inside(self.root, path)), None)
        return Stored(Entry(self.slug, title, form.description, form.order, cover, self.version), file, form)

    def export(self, stored: Stored) -> bytes:
        """A zip of the files, named as bundled ones are; a missing form is written. Raises WorkflowError."""
        files = {f"{self.slug}.json": _read(self.root, self.workflow, MAX_BYTES)}
        if os.path.lexists(self.form):
            files[f"{self.slug}.form.toml"] = _read(self.root, self.form, MAX_FORM_BYTES)
        else:
            files[f"{self.slug}.form.toml"] = write_form(replace(stored.form, title=stored.entry.title)).encode()
        cover = stored.entry.cover
        if cover is not None:
            files[f"{self.slug}{cover.suffix}"] = _read(self.root, cover, MAX_COVER_BYTES)
        return _pack(files)


def write_pair(slug: str, file: WorkflowFile, form: Form, cover: bytes | None) -> dict[str, bytes]:
    """The files of a published version, by name.

    Raises:
        WorkflowError: what would not come back as it is. It is refused now and not when a maker opens it.
    """
    files = {WORKFLOW: write_workflow(file), _FORM: write_form(form).encode()}
    if cover is not None:
        files[f"{_COVER}{_cover_ending(cover)}"] = cover
    again = read_files(files[WORKFLOW], f"{slug}.json").one()
    if (again.api, again.ui) != (file.api, file.ui):
        raise WorkflowError(f'"{slug}" cannot be stored without a change to it. Export it again from ComfyUI.')
    return files


def write_workflow(file: WorkflowFile) -> bytes:
    """The author's document: UI format where the file had it, the graph beside it where it had both.

    The wrapper's other keys are left out: they may hold secrets, and belong to one run.
    """
    if file.ui is None:
        document: object = file.api
    else:
        document = file.ui if file.api is None else {"prompt": file.api, "workflow": file.ui}
    # By hand it reads better with line breaks, but what was read has to be short enough to be read again.
    data = _json(document, indent=2)
    return data if len(data) <= MAX_BYTES else _json(document)


def _json(document: object, indent: int | None = None) -> bytes:
    separators = (",", ": ") if indent else (",", ":")
    text = json.dumps(document, ensure_ascii=False, indent=indent, separators=separators, allow_nan=False)
    # Half a surrogate pair, which JSON can hold and UTF-8 cannot, becomes its JSON escape.
    return text.encode("utf-8", "backslashreplace")


def _cover_ending(data: bytes) -> str:
    if len(data) > MAX_COVER_BYTES:
        raise WorkflowError(f"The cover is larger than {MAX_COVER_BYTES // 1_000_000} MB. Choose a smaller picture.")
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return ".png"
    if data.startswith(b"\xff\xd8\xff"):
        return ".jpg"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return ".webp"
    raise WorkflowError("The cover is no PNG, JPEG or WebP. Choose another picture.")


def _read(root: Path, path: Path, limit: int) -> bytes:
    """A file's bytes, at most ``limit``. Links are followed within ``root`` alone."""
    if not _is_inside(root, path):
        raise WorkflowError(f'"{path.name}" is a link to another place, which is not followed. Put the file there.')
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe or a device could block or never end
            raise WorkflowError(f'"{path.name}" is no ordinary file. Put one there.')
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise WorkflowError(f'"{path.name}" cannot be read ({reason}). Check its name and place.') from None
    if len(data) > limit:
        size = f"{limit // 1_000_000} MB" if limit >= 1_000_000 else f"{limit // 1000} kB"
        raise WorkflowError(f'"{path.name}" is larger than {size}. Shorten it.')
    return data


def _is_inside(root: Path, path: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))


def _state(path: Path) -> tuple[int, ...] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None  # whoever reads it says why
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _pack(files: Mapping[str, bytes]) -> bytes:
    """The same files give the same bytes: no time and no machine stands in them."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as packed:  # packing differs from one zlib to another
        for name, data in files.items():
            info = zipfile.ZipInfo(name, _EPOCH)
            info.create_system, info.external_attr = _UNIX, 0o600 << 16
            packed.writestr(info, data)
    return out.getvalue()
