"""The engine's input, output and temp folders: uploads, loads, saves, all inside one private folder.

What leads out of a folder is refused as ComfyUI refuses it (protocol.md §10).
"""

from __future__ import annotations

import hashlib
import io
import random
import re
import shutil
import string
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

TYPES = ("input", "output", "temp")
#: Bytes kept in each of output and temp; the oldest files go first.
KEPT_BYTES = 1_000_000_000

_ANNOTATED = re.compile(r"^(?P<name>.*) ?\[(?P<kind>input|output|temp)\]$")


class EscapeError(ValueError):
    """A path that leads out of its folder."""


@dataclass(frozen=True)
class FileRef:
    """What names a file on the wire.

    Attributes:
        filename: may hold a sub-path where ComfyUI allows one.
        subfolder: relative to the folder, ``""`` for its top.
        type: ``input``, ``output`` or ``temp``.
    """

    filename: str
    subfolder: str = ""
    type: str = "output"


class Files:
    """Three folders in a private temporary one, which `close` removes.

    Args:
        kept_bytes: what output and temp may each hold after `prune`.
    """

    def __init__(self, kept_bytes: int = KEPT_BYTES) -> None:
        self._kept_bytes = kept_bytes
        self.root = Path(tempfile.mkdtemp(prefix="easel-demo-"))
        # Uploads come in several threads at once and must not choose the same free name.
        self._naming = threading.Lock()
        self._suffix = "".join(random.choices(string.ascii_lowercase, k=5))
        for kind in TYPES:
            (self.root / kind).mkdir()

    def close(self) -> None:
        """Remove everything."""
        shutil.rmtree(self.root, ignore_errors=True)

    def path(self, ref: FileRef) -> Path:
        """Where a file lies or would lie.

        Raises:
            KeyError: unknown type.
            EscapeError: outside the folder of its type.
        """
        if ref.type not in TYPES:
            raise KeyError(ref.type)
        if "\0" in ref.filename + ref.subfolder:
            raise EscapeError(ref.filename)
        base = (self.root / ref.type).resolve()
        path = (base / ref.subfolder / ref.filename).resolve()
        if not path.is_relative_to(base):
            raise EscapeError(ref.filename)
        return path

    def input_names(self, *, pictures_only: bool) -> list[str]:
        """Names at the top of the input folder, sorted."""
        names = sorted(path.name for path in (self.root / "input").iterdir() if path.is_file())
        return [n for n in names if _is_picture(n)] if pictures_only else names

    def find_annotated(self, name: str) -> Path | None:
        """The file that a LoadImage names (``a.png``, ``sub/a.png``, ``a.png [temp]``), or None."""
        path = self.annotated_path(name)
        return path if path is not None and path.is_file() else None

    def annotated_path(self, name: str) -> Path | None:
        """Where such a name points, whether or not a file is there; None when it leads out."""
        match = _ANNOTATED.match(name)
        filename, kind = (match["name"].rstrip(), match["kind"]) if match else (name, "input")
        try:
            return self.path(FileRef(filename, "", kind))
        except (EscapeError, ValueError, OSError):
            return None

    def store_upload(self, data: bytes, ref: FileRef, *, overwrite: bool) -> str:
        """Write an upload and return the name that it got: the same for the same bytes, else ``x (1).png``.

        Raises:
            KeyError, EscapeError: as `path`.
        """
        path = self.path(ref)
        path.parent.mkdir(parents=True, exist_ok=True)
        stem, suffix = Path(ref.filename).with_suffix("").as_posix(), path.suffix
        name, count = ref.filename, 0
        with self._naming:
            while path.exists() and not overwrite:
                if path.read_bytes() == data:
                    return name
                count += 1
                name = f"{stem} ({count}){suffix}"
                path = self.path(FileRef(name, ref.subfolder, ref.type))
            path.write_bytes(data)
        return name

    def save_result(self, data: bytes, prefix: str, kind: str, suffix: str = ".png") -> FileRef:
        """Write a node's file under ComfyUI's numbered name. Raises EscapeError for a prefix that leads out."""
        prefix = f"{prefix}_temp_{self._suffix}" if kind == "temp" else prefix
        subfolder, _, stem = prefix.rpartition("/")
        folder = self.path(FileRef("", subfolder, kind))
        folder.mkdir(parents=True, exist_ok=True)
        with self._naming:
            filename = f"{stem}_{_next_number(folder, stem):05}_{suffix}"
            (folder / filename).write_bytes(data)
        return FileRef(filename, subfolder, kind)

    def prune(self) -> None:
        """Remove the oldest results beyond ``kept_bytes``."""
        for kind in ("output", "temp"):
            files = [(p.stat().st_mtime_ns, p.stat().st_size, p) for p in (self.root / kind).rglob("*") if p.is_file()]
            surplus = sum(size for _, size, _ in files) - self._kept_bytes
            for _, size, path in sorted(files):
                if surplus <= 0:
                    break
                path.unlink(missing_ok=True)
                surplus -= size


def digest(path: Path) -> str:
    """SHA-256 of a file, ``""`` where it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def with_alpha_of(original: bytes, mask: bytes) -> bytes:
    """The original as PNG with the mask's alpha channel (POST /upload/mask). Raises PIL's errors."""
    with Image.open(io.BytesIO(original)) as image, Image.open(io.BytesIO(mask)) as other:
        merged = image.convert("RGBA")
        merged.putalpha(other.convert("RGBA").resize(merged.size).getchannel("A"))
    buffer = io.BytesIO()
    merged.save(buffer, "PNG", compress_level=4)
    return buffer.getvalue()


def _next_number(folder: Path, stem: str) -> int:
    numbers = [
        path.name[len(stem) + 1 :].split("_")[0] for path in folder.glob("*_.*") if path.name.startswith(stem + "_")
    ]
    return max((int(number) for number in numbers if number.isdecimal()), default=0) + 1


def _is_picture(name: str) -> bool:
    return Path(name).suffix.lower() in {".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif"}
