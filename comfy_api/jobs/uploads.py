"""What makers add to their forms: checked, sent to the server once by content, and kept for a while to be shown again.

An owner may use what they added themselves and what the server's own lists offer, and nothing else.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from comfy_api.errors import Refused, ServerUnreachable
from comfy_api.jobs.files import PictureFiles
from comfy_api.jobs.retouch import shown
from comfy_api.protocol import contents
from comfy_api.protocol.client import ComfyClient
from comfy_api.protocol.images import BadPicture, TooManyPixels
from comfy_api.settings import Settings
from comfy_api.workflow.forms.control import Kind
from comfy_api.workflow.spec import inputs_of

#: Uploads that are kept, of everybody together and of one owner; the longest unused go first.
MOST_FILES: Final = 1000
MOST_OF_ONE: Final = 200
#: Bytes that are kept.
MOST_BYTES: Final = 4 * 2**30
#: Characters of a maker's own file name.
_NAME_LENGTH: Final = 80

_OURS: Final = re.compile(r"(?:.*[/\\])?easel-[0-9a-f]{24}\b", re.DOTALL)
_WRONG_KIND: Final = {
    Kind.IMAGE: "This is no picture that can be read. Choose a PNG, JPEG or WebP.",
    Kind.MASK: "This is no picture that can be read. Choose a PNG, JPEG or WebP.",
    Kind.VIDEO: "This is no video that is known here. Choose an MP4, MOV, WebM or GIF.",
    Kind.AUDIO: "This is no sound that is known here. Choose a WAV, MP3, FLAC, OGG or M4A.",
    Kind.FILE: "This kind of file is not known here. Choose another one.",
}
#: What each kind of control takes, by the beginning of the MIME type.
_TAKES: Final[dict[Kind, tuple[str, ...]]] = {
    Kind.IMAGE: ("image/",),
    Kind.MASK: ("image/",),
    Kind.VIDEO: ("video/", "image/gif"),
    Kind.AUDIO: ("audio/", "video/"),
    Kind.FILE: ("",),
}
_GONE: Final = "This file is not here any more. Add it again."


@dataclass(frozen=True, slots=True)
class Upload:
    """A file in the server's input folder.

    Attributes:
        name: what a form's values hold and a loader node takes.
        width, height: of a picture, in pixels, after the rotation that EXIF asks for; else 0.
        kind: what it is: IMAGE, VIDEO, AUDIO or FILE.
        mime: the same as a MIME type.
        size: in bytes.
        filename: what its maker called it. It never leaves Easel: others see the server's folder.
    """

    name: str
    width: int
    height: int
    kind: Kind = Kind.IMAGE
    mime: str = ""
    size: int = 0
    filename: str = ""


@dataclass(slots=True)
class _Kept:
    """An upload, the file's id in the folder, who added it, and the servers that got it."""

    upload: Upload
    file_id: str
    owners: set[str] = field(default_factory=set)
    servers: set[str] = field(default_factory=set)


class Uploads:
    """The register of uploads. Thread-safe."""

    def __init__(
        self,
        folder: Path,
        settings: Settings,
        client: Callable[[], ComfyClient | None],
        *,
        most_files: int = MOST_FILES,
        most_of_one: int = MOST_OF_ONE,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        """
        Args:
            folder: where files are kept; made where it is missing, and left to its owner to remove.
            client: gives the ComfyUI in use; asked each time.
            most_files, most_of_one, most_bytes: what is kept.
        """
        self._settings, self._client = settings, client
        self._files = PictureFiles(folder)
        self._most_files, self._most_of_one, self._most_bytes = most_files, most_of_one, most_bytes
        self._lock = threading.Lock()  # guards what follows
        self._kept: OrderedDict[str, _Kept] = OrderedDict()  # by name, the longest unused first
        self._bytes = 0

    # --- adding -----------------------------------------------------------------------------------------------

    def put(
        self, owner: str, data: bytes, filename: str, kind: Kind | None = None, *, most: int | None = None
    ) -> Upload:
        """Check a file and put it into the server's input folder; equal bytes get one name and go there once.

        Args:
            filename: the maker's own; it stays here.
            kind: of the control that it is for; None: any.
            most: bytes; None: the installation's limit for what it is.

        Raises:
            Refused: too large, broken, or not of this kind.
            ComfyError: the server does not take it.
        """
        upload, pixels = self._check(data, filename, kind, most)
        client = self._require_client()
        with self._lock:
            kept = self._kept.get(upload.name)
            has_it = kept is not None and client.address.url in kept.servers
        if not (has_it and client.has_file(upload.name, type="input")):
            _send(client, upload.name, data)
        self._keep(owner, upload, data, pixels, client.address.url)
        return upload

    def ensure(self, owner: str, names: Mapping[str, str]) -> None:
        """Make sure that the server in use has these uploads: it may be another one by now, or have lost them.

        To be called before a job is given to it. Names that the server itself offers are passed over.

        Args:
            names: control id → the file that it holds.

        Raises:
            Refused: one of the owner's uploads is not here any more; names its control.
            ComfyError: the server does not answer.
        """
        client = self._require_client()
        for control, name in names.items():
            kept = self._own(owner, name)
            if kept is None and _OURS.match(name):
                raise Refused(_GONE, control)
            if kept is not None and not client.has_file(name, type="input"):
                _send(client, name, self._bytes_of(kept))
                with self._lock:
                    kept.servers.add(client.address.url)

    # --- reading ----------------------------------------------------------------------------------------------

    def find(self, owner: str, name: str) -> Upload | None:
        """One's own upload, or None."""
        kept = self._own(owner, name)
        return kept.upload if kept else None

    def knows(self, owner: str, name: str) -> bool:
        """Whether this owner may use the name: their own upload, or a file that the server's lists offer.

        Raises ComfyError where the lists have to be asked for and the server does not answer.
        """
        return self._own(owner, name) is not None or self._is_offered(name)

    def file(self, owner: str, name: str) -> tuple[Upload, Path]:
        """One's own upload and where its bytes are. Raises Refused."""
        kept = self._own(owner, name)
        if kept is None:
            raise Refused(_GONE)
        return kept.upload, self._files.path(kept.file_id)

    def thumbnail(self, owner: str, name: str) -> Path | None:
        """A small WebP of one's own picture, or None for what is no picture. Raises Refused."""
        _, path = self.file(owner, name)
        thumbnail = self._files.thumbnail(path.name)
        return thumbnail if thumbnail.exists() else None

    def read(self, owner: str, name: str) -> bytes:
        """The bytes of one's own upload, or of a picture that the server's lists offer.

        Raises:
            Refused: neither.
            ComfyError: the server does not answer.
        """
        kept = self._own(owner, name)
        if kept is not None:
            return self._bytes_of(kept)
        if not self._is_offered(name):
            raise Refused(_GONE)
        subfolder, _, filename = name.replace("\\", "/").rpartition("/")
        return self._require_client().view(filename, subfolder=subfolder, type="input")

    # --- inside -----------------------------------------------------------------------------------------------

    def _check(
        self, data: bytes, filename: str, kind: Kind | None, most: int | None
    ) -> tuple[Upload, NDArray[Any] | None]:
        """What the bytes are, and the pixels where they are a picture. Raises Refused."""
        mime, extension = _told(data, filename)
        if not mime or (kind is not None and not mime.startswith(_TAKES[kind])):
            raise Refused(_WRONG_KIND[kind or Kind.FILE])
        is_picture = mime.startswith("image/")
        most = most or self.limit(Kind.IMAGE if is_picture else Kind.FILE)
        if len(data) > most:
            raise Refused(too_large(most))
        pixels = _look(data) if is_picture else None
        height, width = (0, 0) if pixels is None else pixels.shape[:2]
        digest = hashlib.sha256(data).hexdigest()
        # Nothing of a maker's own name: the server's folder is everybody's.
        name = f"easel-{digest[:24]}.{extension}"
        kind_of_it = {"image": Kind.IMAGE, "video": Kind.VIDEO, "audio": Kind.AUDIO}.get(mime.split("/")[0], Kind.FILE)
        return Upload(name, width, height, kind_of_it, mime, len(data), _tidy(filename)), pixels

    def limit(self, kind: Kind | None) -> int:
        """Most bytes of a file for such a control; None: for any."""
        settings = self._settings
        pictures = kind in (Kind.IMAGE, Kind.MASK)
        return settings.max_upload_bytes if pictures else max(settings.max_upload_bytes, settings.max_media_bytes)

    def _bytes_of(self, kept: _Kept) -> bytes:
        try:
            return self._files.path(kept.file_id).read_bytes()
        except FileNotFoundError:  # let go a moment ago
            raise Refused(_GONE) from None

    def _require_client(self) -> ComfyClient:
        client = self._client()
        if client is None:
            raise ServerUnreachable("the engine", "it is just starting")
        return client

    def _own(self, owner: str, name: str) -> _Kept | None:
        with self._lock:
            kept = self._kept.get(name)
            if kept is None or owner not in kept.owners:
                return None
            self._kept.move_to_end(name)
            return kept

    def _is_offered(self, name: str) -> bool:
        # Everybody's uploads are in the lists too, but ours are their makers' alone.
        client = self._client()
        if client is None or _OURS.match(name):
            return False
        info = client.get_object_info()
        specs = (spec for class_type in info for spec in inputs_of(info, class_type) if spec.upload)
        return any(name in (spec.options or ()) for spec in specs)

    def _keep(self, owner: str, upload: Upload, data: bytes, pixels: NDArray[Any] | None, server: str) -> None:
        file_id = self._files.add(data, pixels)
        with self._lock:
            kept = self._kept.get(upload.name)
            spare = kept is not None
            if kept is None:
                kept = self._kept[upload.name] = _Kept(upload, file_id)
                self._bytes += upload.size
            kept.owners.add(owner)
            kept.servers.add(server)
            self._kept.move_to_end(upload.name)
            self._let_go(owner)
        if spare:
            self._files.release([file_id])

    def _let_go(self, owner: str) -> None:
        """Forget the longest unused until everything is within its limits; the newest stays whatever it is."""
        mine = [name for name, kept in self._kept.items() if owner in kept.owners]
        for name in mine[: max(0, len(mine) - self._most_of_one)]:
            self._kept[name].owners.discard(owner)
            if not self._kept[name].owners:
                self._drop(name)
        while len(self._kept) > 1 and (len(self._kept) > self._most_files or self._bytes > self._most_bytes):
            self._drop(next(iter(self._kept)))

    def _drop(self, name: str) -> None:
        kept = self._kept.pop(name)
        self._bytes -= kept.upload.size
        self._files.release([kept.file_id])


def too_large(most: int) -> str:
    """The sentence for a file of more than so many bytes."""
    return f"This file is larger than {max(1, most // 2**20)} MB. Choose a smaller one."


def _send(client: ComfyClient, name: str, data: bytes) -> None:
    # The name tells the content, so what lies there under it is the same file or a broken one.
    client.upload_image(data, name, overwrite=True)


def _told(data: bytes, filename: str) -> tuple[str, str]:
    """MIME type and file ending. The name counts only where the bytes cannot tell, and only for harmless endings."""
    mime, named = contents.sniff(data), contents.ending(filename)
    if mime:
        return mime, contents.EXTENSIONS[mime]
    return (contents.UNKNOWN, named) if named in contents.PLAIN else ("", "")


def _look(data: bytes) -> NDArray[np.uint8]:
    """A picture's pixels, as it is shown. Raises Refused."""
    try:
        return shown(data)
    except TooManyPixels:
        raise Refused("This picture has too many pixels. Choose a smaller one.") from None
    except BadPicture:
        raise Refused("This picture is broken. Choose another one.") from None


def _tidy(filename: str) -> str:
    name = filename.replace("\\", "/").rpartition("/")[2]
    return "".join(letter for letter in name if letter.isprintable())[:_NAME_LENGTH]
