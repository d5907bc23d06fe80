"""The texts of sounds: Vorbis comments in FLAC, Ogg and Opus, ID3 in MP3 (formats.md §4)."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Set

from comfy_api.workflow.intake.window import BROKEN, Texts, Window
from comfy_api.workflow.reading import MAX_BYTES, Unfit

_COMMENT_BLOCK = 4
#: An Ogg stream begins with at most so many packets of headers.
_HEADERS = 4
_MOST_COMMENTS = 1_000
_ENCODINGS = ("latin-1", "utf-16", "utf-16-be", "utf-8")


def read_flac(file: Window, wanted: Set[str]) -> Texts:
    """The comment block."""
    at, last = 4, False
    while not last:
        (head,) = file.unpack(">I", at)
        last, kind, length = bool(head >> 31), head >> 24 & 127, head & 0xFFFFFF
        if kind == _COMMENT_BLOCK:
            yield from _comments(file.read(at + 4, length), wanted)
        at += 4 + length


def read_ogg(file: Window, wanted: Set[str]) -> Texts:
    """The comment packet of the first stream: Vorbis, Opus or FLAC."""
    for number, packet in enumerate(_packets(file)):
        if packet.startswith(b"\x03vorbis"):
            yield from _comments(packet[7:], wanted)
        elif packet.startswith(b"OpusTags"):
            yield from _comments(packet[8:], wanted)
        elif number and packet[:1] and packet[0] & 127 == _COMMENT_BLOCK:
            yield from _comments(packet[4:], wanted)
        if number == _HEADERS:
            return


def _packets(file: Window) -> Iterator[bytes]:
    at, stream, packet = 0, None, bytearray()
    while at + 27 <= file.size:
        magic, serial, segments = file.unpack("<4s10xI8xB", at)
        if magic != b"OggS":
            raise Unfit("it breaks off", BROKEN)
        sizes = file.read(at + 27, segments)
        at += 27 + segments
        stream = serial if stream is None else stream
        if serial == stream:
            body = io.BytesIO(file.read(at, sum(sizes)))
            for size in sizes:
                packet += body.read(size)
                if size < 255:
                    yield bytes(packet)
                    packet.clear()
        at += sum(sizes)


def _comments(data: bytes, wanted: Set[str]) -> Texts:
    """``KEY=text`` entries behind the name of the program that wrote them."""
    try:
        (vendor,) = struct.unpack_from("<I", data, 0)
        (count,) = struct.unpack_from("<I", data, 4 + vendor)
        at = 8 + vendor
        for _ in range(min(count, _MOST_COMMENTS)):
            (length,) = struct.unpack_from("<I", data, at)
            at += 4 + length
            key, equals, text = data[at - length : at].partition(b"=")
            name = key[:100].decode("ascii", "replace").lower()
            if equals and name in wanted:
                yield name, text.decode("utf-8", "replace")
    except struct.error:
        raise Unfit("it breaks off", BROKEN) from None


def read_id3(file: Window, wanted: Set[str]) -> Texts:
    """The TXXX frames of an ID3 tag of version 2.3 or 2.4 at the file's start."""
    version, flags, size = file.unpack(">3xBxBI", 0)
    end = min(10 + _syncsafe(size), file.size)
    at = 10
    if flags & 0x40:  # an extended header, whose size counts itself in one version alone
        (extended,) = file.unpack(">I", at)
        at += _syncsafe(extended) if version == 4 else 4 + extended
    while at + 10 <= end:
        kind, length = file.unpack(">4sI2x", at)
        length = _syncsafe(length) if version == 4 else length
        if not kind.strip(b"\0"):
            return
        if kind == b"TXXX" and 1 < length <= min(MAX_BYTES, end - at - 10):
            yield from _described(file.read(at + 10, length), wanted)
        at += 10 + length


def _described(data: bytes, wanted: Set[str]) -> Texts:
    """A text behind its name, in one of four encodings."""
    encoding = _ENCODINGS[data[0]] if data[0] < len(_ENCODINGS) else "latin-1"
    name, _, text = data[1:].decode(encoding, "replace").partition("\0")
    if name.lower() in wanted:
        yield name.lower(), text.lstrip("\ufeff").rstrip("\0")


def _syncsafe(number: int) -> int:
    """Four groups of seven bits."""
    return sum((number >> 8 * place & 127) << 7 * place for place in range(4))
