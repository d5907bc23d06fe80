"""The files of a folder or a zip archive, one at a time. Nothing is ever written to a disk."""

from __future__ import annotations

import io
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

from comfy_api.workflow.reading import Unfit

MAX_MEMBERS: Final = 1_000
#: Bytes of one unpacked file, and of all of them.
MAX_MEMBER: Final = 64_000_000
MAX_UNPACKED: Final = 256_000_000
#: How much smaller than its content a packed file of more than ``_SMALL`` bytes may be; workflows reach about 30.
MAX_RATIO: Final = 200
_SMALL: Final = 1_000_000
#: Bytes that may be read at once: the list of a thousand files is far smaller.
_AT_ONCE: Final = 1_000_000
_MAGIC: Final = (b"PK\x03\x04", b"PK\x05\x06")
_OTHERS: Final = (b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_LEADS_OUT: Final = re.compile(r"^[\\/]|^[A-Za-z]:|(^|[\\/])\.\.([\\/]|$)")
_ADVICE: Final = "Unpack it and use the workflow's own file."

#: A file's name and how to open it. It has to be opened before the next one is asked for.
Member = tuple[str, Callable[[], BinaryIO]]


def is_zip(head: bytes) -> bool:
    """Whether a file that begins so is a zip archive."""
    return head.startswith(_MAGIC)


def is_other_archive(head: bytes) -> bool:
    """Whether a file that begins so is packed in a way that is not read here."""
    return head.startswith(_OTHERS)


def open_file(path: str | os.PathLike[str]) -> BinaryIO:
    """An ordinary file, for reading. Raises Unfit for a pipe or a device, which could block or never end."""
    # Opened first and looked at then, so that nobody changes it in between.
    file = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise Unfit("it is no ordinary file")
    return os.fdopen(file, "rb")


# --- folders --------------------------------------------------------------------------------------------


def folder_members(folder: str | os.PathLike[str]) -> Iterator[Member]:
    """The files of a folder and the folders in it, by name; hidden ones are left out.

    Raises:
        Unfit: there are too many.
    """
    root = Path(folder)
    found: list[Path] = []
    waiting, seen = [root], 0
    for place in waiting:
        for path in place.iterdir():
            seen += 1
            if seen > MAX_MEMBERS:
                raise Unfit(f"it holds more than {MAX_MEMBERS} files", "Name a smaller folder.")
            if _is_hidden(path.name):
                continue
            (waiting if path.is_dir() and not path.is_symlink() else found).append(path)
    for path in sorted(found):
        yield path.relative_to(root).as_posix(), partial(_open_unlinked, path)


def _open_unlinked(path: Path) -> BinaryIO:
    if path.is_symlink():
        raise Unfit("it is a link to another place", "Put the file itself there.")
    return open_file(path)


# --- archives -------------------------------------------------------------------------------------------


def zip_members(file: BinaryIO) -> Iterator[Member]:
    """The files of a zip archive, in its order; hidden ones are left out.

    Raises:
        Unfit: it is broken, or holds too much.
    """
    with _opened(file) as archive:
        members = [info for info in archive.infolist() if not info.is_dir() and not _is_hidden(info.filename)]
        if len(members) > MAX_MEMBERS:
            raise Unfit(f"it holds more than {MAX_MEMBERS} files", _ADVICE)
        if sum(info.file_size for info in members) > MAX_UNPACKED:
            raise Unfit(f"it holds more than {MAX_UNPACKED // 1_000_000} MB", _ADVICE)
        for info in members:
            yield info.filename, partial(_unpacked, archive, info)


def _opened(file: BinaryIO) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(_Careful(file))
    except Unfit:
        raise
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError):
        raise Unfit("it is a broken archive", _ADVICE) from None


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> BinaryIO:
    _require_harmless(info)
    try:
        with archive.open(info) as packed:
            return io.BytesIO(packed.read(info.file_size))
    except Unfit:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OverflowError):
        raise Unfit("it is broken in the archive", _ADVICE) from None


def _require_harmless(info: zipfile.ZipInfo) -> None:
    if _LEADS_OUT.search(info.filename):
        raise Unfit("its path leads out of the archive", _ADVICE)
    if stat.S_ISLNK(info.external_attr >> 16):
        raise Unfit("it is a link to another place", _ADVICE)
    if info.flag_bits & 1:
        raise Unfit("it is locked with a password", _ADVICE)
    # Other methods unpack without a bound on what comes out.
    if info.compress_type not in _METHODS:
        raise Unfit("it is packed in an unusual way", _ADVICE)
    if info.file_size > MAX_MEMBER:
        raise Unfit(f"it is larger than {MAX_MEMBER // 1_000_000} MB", _ADVICE)
    if info.file_size > _SMALL and info.file_size > MAX_RATIO * info.compress_size:
        raise Unfit(f"it is packed to less than a {MAX_RATIO}th of its size", _ADVICE)


class _Careful:
    """A file of which only small pieces are read at once: an archive's own list could fill the memory."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell = file.seek, file.tell

    def read(self, count: int = -1) -> bytes:
        wanted = _AT_ONCE + 1 if count < 0 else count
        data = self._file.read(min(wanted, _AT_ONCE + 1))
        if len(data) > _AT_ONCE:
            raise Unfit("its list of files is too long", _ADVICE)
        return data

    def seekable(self) -> bool:
        return True

    def close(self) -> None:
        """The file belongs to whoever opened it."""


def _is_hidden(name: str) -> bool:
    parts = re.split(r"[\\/]", name)
    return "__MACOSX" in parts or any(part.startswith(".") and part not in (".", "..") for part in parts)
