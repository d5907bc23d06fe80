"""Files of every kind, those that come and those that go: what they are. Pure.

Content decides where it tells, the file name's ending next, the name of the list in which the server put the file
last. A claim alone makes nothing playable: bytes that are no video are no video under any name.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Final

from comfy_api.protocol import images
from comfy_api.workflow import Media

#: As many first bytes as are looked at.
HEAD: Final = 256
#: What is known of neither content nor name.
UNKNOWN: Final = "application/octet-stream"

#: MIME type that content can tell, or a text has → the usual ending, which ComfyUI's loaders go by.
EXTENSIONS: Final[Mapping[str, str]] = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "image/gif": "gif",
    "image/bmp": "bmp",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/webm": "webm",
    "video/x-matroska": "mkv",
    "video/x-msvideo": "avi",
    "video/ogg": "ogv",
    "audio/wav": "wav",
    "audio/mpeg": "mp3",
    "audio/aac": "aac",
    "audio/mp4": "m4a",
    "audio/webm": "weba",
    "audio/flac": "flac",
    "audio/ogg": "ogg",
    "audio/aiff": "aiff",
    "model/gltf-binary": "glb",
    "model/ply": "ply",
    "model/fbx": "fbx",
    "text/plain": "txt",
}
#: Endings of pictures that are decoded here.
PICTURES: Final = frozenset({"png", "apng", "jpg", "jpeg", "webp", "gif", "bmp"})
#: Endings of 3D models → MIME type, where the name may tell it.
MODELS: Final[Mapping[str, str]] = {
    "glb": "model/gltf-binary",
    "gltf": "model/gltf+json",
    "obj": "model/obj",
    "stl": "model/stl",
    "fbx": UNKNOWN,
    "ply": UNKNOWN,
    "usdz": "model/vnd.usdz+zip",
    "splat": UNKNOWN,
    "ksplat": UNKNOWN,
    "spz": UNKNOWN,
}
#: Endings of files that people read → MIME type.
TEXTS: Final[Mapping[str, str]] = {
    "txt": "text/plain",
    "md": "text/markdown",
    "csv": "text/csv",
    "json": "application/json",
    "srt": "text/plain",
    "vtt": "text/vtt",
}
#: Endings of files whose first bytes tell nothing. None of them is a page, a script or a program.
PLAIN: Final = frozenset({"obj", "gltf", "stl", "splat", "ksplat", "spz", "latent", *TEXTS})
#: What browsers play.
PLAYED: Final[Mapping[str, Media]] = {
    "video/mp4": Media.VIDEO,
    "video/webm": Media.VIDEO,
    "video/ogg": Media.VIDEO,
    "video/quicktime": Media.VIDEO,
    "audio/mp4": Media.AUDIO,
    "audio/webm": Media.AUDIO,
    "audio/ogg": Media.AUDIO,
    "audio/mpeg": Media.AUDIO,
    "audio/aac": Media.AUDIO,
    "audio/flac": Media.AUDIO,
    "audio/wav": Media.AUDIO,
}

#: Beginnings; with the version behind it where the letters alone may begin a text.
_STARTS: Final = (
    (b"fLaC", "audio/flac"),
    *((b"ID3" + version, "audio/mpeg") for version in (b"\2", b"\3", b"\4")),
    *((b"glTF" + version, "model/gltf-binary") for version in (b"\1\0\0\0", b"\2\0\0\0")),
    (b"ply\n", "model/ply"),
    (b"ply\r", "model/ply"),
    (b"Kaydara FBX Binary", "model/fbx"),
)
#: What stands before and behind the length in a RIFF or FORM file.
_CHUNKS: Final = {
    b"RIFFWAVE": "audio/wav",
    b"RIFFAVI ": "video/x-msvideo",
    b"FORMAIFF": "audio/aiff",
    b"FORMAIFC": "audio/aiff",
}
#: Brands of ISO media files that are no video; pictures among them (AVIF, HEIC) are not known here.
_BRANDS: Final = {
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
    b"qt  ": "video/quicktime",
    **dict.fromkeys((b"avif", b"avis", b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"), ""),
}
#: Containers that may hold sound alone → what they are then, and the ending that says so.
_SOUND: Final = {
    "video/mp4": ("audio/mp4", "m4a"),
    "video/quicktime": ("audio/mp4", "m4a"),
    "video/webm": ("audio/webm", "weba"),
}
#: First atoms of QuickTime files from before brands.
_ATOMS: Final = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
#: An atom's length, up to 512 MB, begins with a byte below; "The skip" is a text.
_LETTERS: Final = 0x20
#: The document type stands in the first bytes of a Matroska file; further in its writer may be called "libwebm".
_EBML_HEADER: Final = 64


def ending(filename: str) -> str:
    """A file name's ending in lower case, without its dot, or ``""``."""
    return PurePosixPath(filename.replace("\\", "/")).suffix[1:].lower()


def sniff(data: bytes | memoryview) -> str:
    """The MIME type that the first bytes tell, one of ``EXTENSIONS``; ``""`` for what they do not tell."""
    head = bytes(data[:HEAD])
    started = next((mime for start, mime in _STARTS if head.startswith(start)), "")
    return started or images.sniff(head) or _CHUNKS.get(head[:4] + head[8:12], "") or _container(head) or _frames(head)


def mime_of(head: bytes, filename: str = "", key: str = "") -> str:
    """The MIME type of a file that a server made.

    Args:
        head: its first ``HEAD`` bytes, or more.
        filename: the server's name for it.
        key: the list in ``executed`` that it stood in, such as ``images`` or ``audio`` (protocol.md §2).
    """
    suffix, told = ending(filename), sniff(head)
    if told:
        return _streams(told, suffix, key)
    if suffix in TEXTS:
        return UNKNOWN if b"\0" in head[:HEAD] else TEXTS[suffix]
    return MODELS.get(suffix, UNKNOWN)


def media_of(mime: str, filename: str = "", key: str = "") -> Media:
    """What kind of thing a file of this MIME type is."""
    if mime.startswith("image/"):
        return Media.IMAGE
    if mime in PLAYED:
        return PLAYED[mime]
    if ending(filename) in MODELS or mime.startswith("model/") or key == "3d":
        return Media.MODEL
    return Media.TEXT if mime in TEXTS.values() else Media.FILE


def _streams(told: str, suffix: str, key: str) -> str:
    """A container may hold sound alone, or not tell that it holds pictures: its name and its list do."""
    if told == "audio/ogg" and (suffix == "ogv" or key in ("video", "videos")):
        return "video/ogg"
    sound, named = _SOUND.get(told, (told, ""))
    return sound if key == "audio" or suffix == named else told


def _container(head: bytes) -> str:
    """Files that hold streams of several kinds."""
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "video/mp4")
    if head[4:8] in _ATOMS and head[0] < _LETTERS:
        return "video/quicktime"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "video/webm" if b"webm" in head[:_EBML_HEADER] else "video/x-matroska"
    if head.startswith(b"OggS"):
        return "video/ogg" if b"\x80theora" in head else "audio/ogg"
    return ""


def _frames(head: bytes) -> str:
    """Sound without a header: eleven set bits, then version and layer, of which some combinations do not exist.

    MPEG's first layer is left out: nobody uses it, and UTF-16 texts begin so.
    """
    if len(head) < 3 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return ""
    version, layer, rate = head[1] >> 3 & 3, head[1] >> 1 & 3, head[2] >> 4
    if layer == 0:
        return "audio/aac" if head[1] & 0xF0 == 0xF0 else ""
    return "audio/mpeg" if layer != 3 and version != 1 and rate != 15 else ""
