"""The workflows on offer: those that come with Easel, and those that authors publish (docs/publishing.md).

Bundled, read-only: ``<slug>.json`` beside an optional ``<slug>.form.toml`` and cover picture. Published: versions
below the data folder (:mod:`comfy_api.workflow.publishing`). A published one takes the place of a bundled one of its
name. Files are read again when they change, so that what another process publishes is there at the next look.
"""

from __future__ import annotations

import os
import re
import threading
import unicodedata
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from comfy_api.errors import WorkflowError
from comfy_api.workflow.forms.control import Form
from comfy_api.workflow.intake import WorkflowFile
from comfy_api.workflow.pair import WORKFLOW, Entry, Pair, Stamp, Stored, write_pair
from comfy_api.workflow.publishing import SLUG, Version, Versions

__all__ = ["MAX_WORKFLOWS", "Entry", "Library", "Stored", "Version", "slug_for"]

#: Workflows of one folder that are looked at.
MAX_WORKFLOWS: Final = 1_000
#: Opened workflows that are kept in memory.
_KEPT: Final = 32


@dataclass(frozen=True)
class _Seen:
    """What was found: an entry, or the reason why there is none."""

    stamp: Stamp
    entry: Entry | None
    reason: str = ""


class Library:
    """Bundled and published workflows. Thread-safe; several processes may share the folders."""

    def __init__(self, bundled: str | Path, published: str | Path) -> None:
        """``published`` is made with the first publication."""
        self.bundled, self.published = Path(bundled), Path(published)
        self._versions = Versions(self.published, WORKFLOW)
        self._seen: Mapping[Pair, _Seen] = {}  # replaced whole, never changed
        self._lock = threading.Lock()  # guards what is kept
        self._kept: dict[Pair, tuple[Stamp, Stored]] = {}

    # --- reading ----------------------------------------------------------------------------------------------

    def entries(self) -> tuple[Entry, ...]:
        """The workflows that can be used, by their order, then by title. Never raises; see :attr:`broken`."""
        seen, _ = self._look()
        found = [known.entry for known in seen.values() if known.entry is not None]
        return tuple(sorted(found, key=lambda entry: (entry.order, entry.title.casefold(), entry.slug)))

    @property
    def broken(self) -> Mapping[str, str]:
        """Each file or folder that is not on offer → why, in words."""
        seen, broken = self._look()
        reasons = {pair.name: known.reason for pair, known in seen.items() if known.reason}
        return MappingProxyType({**broken, **reasons})

    def slugs(self) -> frozenset[str]:
        """Every slug that is in use, also by what was taken back or is broken: a new workflow takes none of them.

        Raises:
            WorkflowError: the folder of the published ones cannot be read.
        """
        return frozenset(self._versions.slugs()[0]) | {path.stem for path in self._bundled_files({})}

    def get(self, slug: str, version: int | None = None) -> Stored:
        """A workflow as makers get it now, or one version of it, on offer or not; version 0 is the bundled one.

        Raises:
            WorkflowError: there is no such workflow or version, or it is broken.
        """
        return self._open(self._pair(slug, version))

    def versions(self, slug: str) -> tuple[Version, ...]:
        """Its published versions, newest first; none for one that is bundled alone. Raises WorkflowError."""
        return self._versions.listing(slug)

    def export(self, slug: str, version: int | None = None) -> bytes:
        """A zip with ``<slug>.json``, ``<slug>.form.toml`` and the cover: for the folder of the bundled ones, or for
        publishing elsewhere. The same version gives the same bytes. Raises as :meth:`get`.
        """
        pair = self._pair(slug, version)
        return pair.export(self._open(pair))

    # --- changing ---------------------------------------------------------------------------------------------

    def publish(self, slug: str, file: WorkflowFile, form: Form, cover: bytes | None = None) -> Entry:
        """Store the next version and give it to makers.

        Args:
            slug: its name; what was published under it before stays as an earlier version.
            file: what the author dropped in.
            form: what makers see of it.
            cover: a small picture: PNG, JPEG or WebP of at most 2 MB.

        Raises:
            WorkflowError: it cannot be stored, or could not be read again.
        """
        number = self._versions.add(slug, write_pair(slug, file, form, cover))
        return self.get(slug, number).entry

    def use(self, slug: str, version: int) -> None:
        """Give makers this version. Raises WorkflowError."""
        self._versions.use(slug, version)

    def unpublish(self, slug: str) -> None:
        """Take it off offer; versions stay, and a bundled one of that name comes back. Raises WorkflowError."""
        self._versions.unpublish(slug)

    # --- inside -----------------------------------------------------------------------------------------------

    def _look(self) -> tuple[Mapping[Pair, _Seen], dict[str, str]]:
        """What there is now; what has not changed is not read again."""
        broken: dict[str, str] = {}
        seen = {pair: self._examine(pair) for pair in self._pairs(broken)}
        self._seen = seen
        return seen, broken

    def _examine(self, pair: Pair) -> _Seen:
        stamp = pair.stamp()
        known = self._seen.get(pair)
        if known is not None and known.stamp == stamp:
            return known
        try:
            return _Seen(stamp, self._open(pair).entry)
        except WorkflowError as error:
            return _Seen(stamp, None, str(error))

    def _pairs(self, broken: dict[str, str]) -> Iterator[Pair]:
        """Every workflow on offer; what cannot be told is put into ``broken``."""
        hidden = set()
        for slug, number in self._published(broken):
            hidden.add(slug)
            if number is not None:
                yield Pair.published(self.published / slug / str(number), slug, number)
        for path in self._bundled_files(broken):
            if path.stem not in hidden:
                yield Pair.bundled(self.bundled, path.stem)

    def _published(self, broken: dict[str, str]) -> Iterator[tuple[str, int | None]]:
        """Each published slug and its version; None where that is broken, and no bundled one steps in unasked."""
        try:
            slugs, foreign = self._versions.slugs()
        except WorkflowError as error:
            slugs, foreign = [], {self.published.name: str(error)}
        broken.update(foreign)
        for slug in slugs[:MAX_WORKFLOWS]:
            try:
                number = self._versions.current(slug)
            except WorkflowError as error:
                broken[slug] = str(error)
                yield slug, None
            else:
                if number is not None:
                    yield slug, number
        for slug in slugs[MAX_WORKFLOWS:]:
            broken[slug] = f"More than {MAX_WORKFLOWS} workflows are published. Move some elsewhere."

    def _bundled_files(self, broken: dict[str, str]) -> list[Path]:
        name = self.bundled.name
        try:
            files = sorted(path for path in self.bundled.iterdir() if path.suffix == ".json")
        except FileNotFoundError:
            broken[name] = f'The folder "{name}" is not there. Make it or name another.'
            return []
        except OSError as error:
            broken[name] = f'The folder "{name}" cannot be read ({error.strerror}). Check its rights.'
            return []
        for path in files:
            if not SLUG.fullmatch(path.stem):
                broken[path.name] = f'"{path.name[:100]}": name the file with a-z, 0-9, "_" and "-" only.'
        for path in files[MAX_WORKFLOWS:]:
            broken[path.name] = f"The folder holds more than {MAX_WORKFLOWS} workflows. Move some elsewhere."
        return [path for path in files if path.name not in broken]

    def _pair(self, slug: str, version: int | None) -> Pair:
        if SLUG.fullmatch(slug):
            number = self._versions.current(slug) if version is None else version
            if number:
                return Pair.published(self._versions.folder_of(slug, number), slug, number)
            pair = Pair.bundled(self.bundled, slug)
            if os.path.lexists(pair.workflow):
                return pair
        known = ", ".join(entry.slug for entry in self.entries()) or "nothing"
        raise WorkflowError(f'No workflow is called "{slug[:64]}". There is: {known}.')

    def _open(self, pair: Pair) -> Stored:
        stamp = pair.stamp()
        with self._lock:
            kept = self._kept.pop(pair, None)
            if kept is not None and kept[0] == stamp:
                self._kept[pair] = kept  # the last used stands last
                return kept[1]
        stored = pair.read()
        with self._lock:
            self._kept[pair] = stamp, stored
            while len(self._kept) > _KEPT:
                self._kept.pop(next(iter(self._kept)))
        return stored


def slug_for(title: str, taken: Container[str]) -> str:
    """A slug for a title, with a number behind it where the plain one is taken."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "_", plain)[:56].strip("_") or "workflow"
    number, found = 1, slug
    while found in taken:
        number += 1
        found = f"{slug}_{number}"
    return found
