"""Workflows in the metadata of pictures, films, sounds and other files (formats.md §4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from typing import Any, Final

from comfy_api.workflow.intake import audio, boxes, ebml, exif, headers, png
from comfy_api.workflow.intake.shapes import Found, NoWorkflow, find_workflows
from comfy_api.workflow.intake.window import WITHOUT, Texts, Window
from comfy_api.workflow.reading import Unfit, parse_json

#: The texts that are read: ComfyUI's two, what VHS and others write as a comment, and Automatic1111's.
WANTED: Final = frozenset({"prompt", "workflow", "comment", "parameters"})
#: Bytes that tell a file's kind.
HEAD: Final = 16

#: Takes the file and the keys that are still wanted; gives a text for each as it stands in the file.
Reader = Callable[[Window, Set[str]], Texts]

_PICTURE_BRANDS: Final = (b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1")
_READERS: Final[tuple[tuple[Callable[[bytes], bool], Reader], ...]] = (
    (lambda head: head.startswith(png.SIGNATURE), png.read_png),
    (lambda head: head.startswith(b"\xff\xd8\xff"), exif.read_jpeg),
    (lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP", exif.read_webp),
    (lambda head: head[4:8] == b"ftyp" and head[8:12] in _PICTURE_BRANDS, boxes.read_heif),
    (lambda head: head[4:8] in (b"ftyp", b"moov", b"wide", b"mdat"), boxes.read_film),
    (lambda head: head.startswith(ebml.MAGIC), ebml.read_ebml),
    (lambda head: head.startswith(b"fLaC"), audio.read_flac),
    (lambda head: head.startswith(b"OggS"), audio.read_ogg),
    (lambda head: head.startswith(b"ID3"), audio.read_id3),
    (lambda head: head.startswith(b"glTF"), headers.read_glb),
    (lambda head: head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"), headers.read_svg),
    (headers.is_safetensors, headers.read_safetensors),
)


def reader_of(head: bytes) -> Reader | None:
    """What reads a file that begins so; None: it is none of the known kinds."""
    return next((reader for fits, reader in _READERS if fits(head)), None)


def read_embedded(file: Window, reader: Reader) -> list[Found]:
    """The workflow in a file's metadata.

    Raises:
        Unfit: there is none, or it is broken or too large.
    """
    texts: dict[str, str] = {}
    wanted = set(WANTED)
    try:
        for key, text in reader(file, wanted):
            texts.setdefault(key, text)
            # The reader sees it: no key is unpacked twice, however often it stands there.
            wanted.discard(key)
            if "prompt" in texts and "workflow" in texts:
                break
    except Unfit:
        # A file that was cut off still has what stood before.
        if "prompt" not in texts and "workflow" not in texts:
            raise
    return _found(texts)


def _found(texts: Mapping[str, str]) -> list[Found]:
    refusals: list[Unfit] = []
    documents: dict[str, Any] = {}
    for key in ("prompt", "workflow"):
        try:
            documents |= {key: parse_json(texts[key], lenient=True)} if key in texts else {}
        except Unfit as refusal:
            refusals.append(refusal)
    # Each may be whole where the other is not; a comment is a wrapper or a workflow itself.
    for candidate in (documents, *({key: value} for key, value in documents.items()), texts.get("comment")):
        try:
            if candidate:
                return find_workflows(parse_json(candidate, lenient=True) if isinstance(candidate, str) else candidate)
        except NoWorkflow:
            continue
        except Unfit as refusal:
            if candidate is not texts.get("comment"):
                refusals.append(refusal)
    if refusals:
        raise Unfit(refusals[0].reason, WITHOUT)
    if "parameters" in texts:
        raise Unfit('it holds settings of Automatic1111 ("parameters"), which say nothing of nodes', WITHOUT)
    raise Unfit("it holds no workflow in its metadata", WITHOUT)
