"""Versions of published workflows on disk: they never change, and one file says which of them makers get.

::

    <folder>/<slug>/1/        a version: its files, whole
    <folder>/<slug>/2/        the next one
    <folder>/<slug>/current   "2": the one that makers get; without it the workflow is not on offer

A version is written into a draft beside and renamed when it is whole; a name that is taken refuses the rename, so
that of two who publish at once each has a number of its own. No lock is held: one who is killed holds nobody up.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

from comfy_api.errors import WorkflowError

#: A name in addresses, commands and folders.
SLUG: Final = re.compile(r"[a-z0-9_-]{1,64}")
#: Versions that one workflow may have.
MAX_VERSIONS: Final = 10_000

_CURRENT: Final = "current"
_DRAFT: Final = ".draft-"
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,5}")
#: Seconds after which a draft is one that a crash left: none takes this long to write.
_ABANDONED: Final = 3600.0
_TAKEN: Final = (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR)
_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a published workflow.

    Attributes:
        number: 1 for the first.
        published: when, in seconds since 1970 (UTC).
        current: whether makers get this one.
    """

    number: int
    published: float
    current: bool


class Versions:
    """The versions of published workflows below one folder. Threads and processes may share the folder."""

    def __init__(self, folder: Path, mark: str) -> None:
        """``mark``: the file that every version holds; a folder without it is none."""
        self.folder, self.mark = folder, mark

    def slugs(self) -> tuple[list[str], dict[str, str]]:
        """What has a folder, and what else lies there with the reason why it is no workflow.

        Raises:
            WorkflowError: the folder cannot be read. One that is not there yet is empty.
        """
        slugs: list[str] = []
        foreign: dict[str, str] = {}
        with _said("Published workflows cannot be read"):
            if not self.folder.exists():
                return [], {}
            for path in sorted(self.folder.iterdir()):
                if not path.name.startswith("."):
                    reason = _why_foreign(path)
                    if reason:
                        foreign[path.name[:100]] = reason
                    else:
                        slugs.append(path.name)
        return slugs, foreign

    def current(self, slug: str) -> int | None:
        """The number of the version that makers get; None where there is none.

        Raises:
            WorkflowError: the file that says so cannot be used, or names a version that is not there.
        """
        home = self._home(slug)
        with _said(f'The current version of "{slug}" cannot be read'):
            try:
                with open(home / _CURRENT, "rb") as file:
                    text = file.read(32).strip().decode("ascii", "replace")
            except (FileNotFoundError, NotADirectoryError):
                return None
        if not _NUMBER.fullmatch(text):
            raise WorkflowError(f'"{slug}/{_CURRENT}" holds no version number. Choose a version, or publish again.')
        if not self._has(home, text):
            raise WorkflowError(
                f'"{slug}/{_CURRENT}" names version {text}, which is not there. Choose another, or publish again.'
            )
        return int(text)

    def numbers(self, slug: str) -> list[int]:
        """Every version that is whole, in order, whether on offer or not. Raises WorkflowError."""
        home = self._home(slug)
        with _said(f'The versions of "{slug}" cannot be read'):
            return [number for number in _taken(home) if _is_whole(home / str(number) / self.mark)]

    def listing(self, slug: str) -> tuple[Version, ...]:
        """Every version, newest first. Raises WorkflowError."""
        numbers = self.numbers(slug)
        try:
            current = self.current(slug)
        except WorkflowError:
            current = None  # then none of those that are there is
        with _said(f'The versions of "{slug}" cannot be read'):
            return tuple(
                Version(number, (self._home(slug) / str(number) / self.mark).stat().st_mtime, number == current)
                for number in reversed(numbers)
            )

    def folder_of(self, slug: str, number: int) -> Path:
        """Where a version is.

        Raises:
            WorkflowError: there is no such version; names those that there are.
        """
        home = self._home(slug)
        if not self._has(home, str(number)):
            there = ", ".join(str(n) for n in self.numbers(slug)[-12:]) or "none"
            raise WorkflowError(f'There is no version {number} of "{slug}". There is: {there}.')
        return home / str(number)

    def add(self, slug: str, files: Mapping[str, bytes]) -> int:
        """Store a version and put it in use; returns its number. The files hold ``mark`` among them.

        When several are added at once, the one with the highest number is in use in the end.

        Raises:
            WorkflowError: it cannot be written; nothing has changed, unless the sentence says that it is stored.
        """
        home = self._home(slug)
        draft = home / f"{_DRAFT}{uuid4().hex}"
        with _said(f'"{slug}" cannot be published'):
            self._make(home)
            _sweep(home)
            try:
                draft.mkdir(mode=0o700)
                for name, data in files.items():
                    _write(draft / name, data)
                _sync(draft)
                number = _claim(home, draft)
            finally:
                shutil.rmtree(draft, ignore_errors=True)  # what stays is swept by a later one
        with _said(f'Version {number} of "{slug}" is stored, but not in use'):
            _sync(home)
            newest = 0
            # A slower one may have switched back meanwhile: the last to look finds the highest.
            while newest != (highest := max(self.numbers(slug), default=number)):
                _switch(home, newest := highest)
        return number

    def use(self, slug: str, number: int) -> None:
        """Give makers this version. Raises WorkflowError."""
        home = self.folder_of(slug, number).parent
        with _said(f'Version {number} of "{slug}" cannot be put in use'):
            _switch(home, number)

    def unpublish(self, slug: str) -> None:
        """Take it off offer; its versions stay. What is not on offer stays so. Raises WorkflowError."""
        home = self._home(slug)
        with _said(f'"{slug}" cannot be taken back'):
            if home.is_dir():
                (home / _CURRENT).unlink(missing_ok=True)
                _sync(home)

    def _home(self, slug: str) -> Path:
        if not SLUG.fullmatch(slug):
            raise WorkflowError(f'"{slug[:64]}" is no name for a workflow. Use a-z, 0-9, "_" and "-", at most 64.')
        home = self.folder / slug
        if os.path.islink(home):
            raise WorkflowError(f'"{slug}" is a link to another place, which is not followed. Put a folder there.')
        return home

    def _has(self, home: Path, number: str) -> bool:
        with _said(f'The versions of "{home.name}" cannot be read'):
            return _NUMBER.fullmatch(number) is not None and _is_whole(home / number / self.mark)

    def _make(self, home: Path) -> None:
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        for folder in (self.folder, home):
            if not folder.is_dir():
                folder.mkdir(mode=0o700, exist_ok=True)
                _sync(folder.parent)


def _taken(home: Path) -> list[int]:
    """Every number that a name in the folder has, whatever it stands for."""
    if not home.is_dir():
        return []
    return sorted(int(path.name) for path in home.iterdir() if _NUMBER.fullmatch(path.name))


def _is_whole(mark: Path) -> bool:
    """Whether a version's file is there, an ordinary one in a folder that is no link."""
    try:
        return stat.S_ISREG(mark.lstat().st_mode) and stat.S_ISDIR(mark.parent.lstat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def _claim(home: Path, draft: Path) -> int:
    """Give the draft the next number that is free."""
    first = max(_taken(home), default=0) + 1
    for number in range(first, MAX_VERSIONS + 1):
        try:
            # Refused where a version is: a folder is never renamed over one that holds something.
            draft.rename(home / str(number))
        except OSError as error:
            if error.errno not in _TAKEN:
                raise
        else:
            return number
    raise WorkflowError(f'"{home.name}" has {MAX_VERSIONS} versions, which is the most. Publish it under another name.')


def _switch(home: Path, number: int) -> None:
    draft = home / f"{_DRAFT}{uuid4().hex}"
    try:
        _write(draft, f"{number}\n".encode())
        draft.replace(home / _CURRENT)
    finally:
        draft.unlink(missing_ok=True)
    _sync(home)


def _sweep(home: Path) -> None:
    """Clear away drafts that a crash left."""
    for path in home.glob(f"{_DRAFT}*"):
        try:
            abandoned = time.time() - path.lstat().st_mtime > _ABANDONED
        except FileNotFoundError:
            continue  # another process has finished it, or swept it
        if abandoned and path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif abandoned:
            path.unlink(missing_ok=True)


def _write(path: Path, data: bytes) -> None:
    with open(path, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """Have the folder's names on the disk. Windows has no such call and needs none."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _why_foreign(path: Path) -> str:
    if not SLUG.fullmatch(path.name):
        return f'"{path.name[:100]}" is no published workflow. Move it elsewhere.'
    if os.path.islink(path):
        return f'"{path.name}" is a link to another place, which is not followed. Put a folder there.'
    return "" if os.path.isdir(path) else f'"{path.name}" is a file, not a published workflow. Move it elsewhere.'


@contextmanager
def _said(what: str) -> Iterator[None]:
    """Failures of the file system in words."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        advice = "Make room on the disk." if error.errno in _FULL else "Check the data folder."
        raise WorkflowError(f"{what} ({reason}). {advice}") from error
