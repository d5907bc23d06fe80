"""What a file is, whoever sends it: told by its first bytes, and where they are silent by its name and its list."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comfy_api.protocol.contents import EXTENSIONS, HEAD, MODELS, PLAIN, PLAYED, TEXTS, ending, media_of, mime_of, sniff
from comfy_api.testing.pictures import jpeg, png
from comfy_api.workflow import Media

PNG = png()[:60]


@pytest.mark.parametrize(
    ("data", "mime"),
    [
        (png(), "image/png"),
        (jpeg(), "image/jpeg"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"BM\x36\x01\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0", "image/bmp"),
        (b"\0\0\0\x18ftypisom", "video/mp4"),
        (b"\0\0\0\x08wide\0\0\1\0mdat", "video/quicktime"),
        (b"\0\0\0\x14ftypqt  ", "video/quicktime"),
        (b"\0\0\0\x14ftypM4A ", "audio/mp4"),
        (b"\0\0\0\x14ftypheic", ""),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm", "video/webm"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x82\x88matroska", "video/x-matroska"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x82\x88matroska" + bytes(60) + b"libwebm", "video/x-matroska"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "audio/wav"),
        (b"RIFF\0\0\0\0AVI LIST", "video/x-msvideo"),
        (b"ID3\x04", "audio/mpeg"),
        (b"\xff\xfb\x90\x64", "audio/mpeg"),
        (b"\xff\xf1\x50\x80", "audio/aac"),
        (b"\xff\xff\xff\xff", ""),
        (b"\xff\xfb\xf0\x64", ""),
        (b"\xff\xeb\x90\x64", ""),
        (b"FORM\0\0\0\0AIFF", "audio/aiff"),
        (b"fLaC\0", "audio/flac"),
        (b"OggS\0\2" + bytes(22) + b"\1\x1e\1vorbis", "audio/ogg"),
        (b"OggS\0\2" + bytes(22) + b"\1\x2a\x80theora", "video/ogg"),
        (b"ply\r\n", "model/ply"),
        (b"glTF\2\0\0\0", "model/gltf-binary"),
        (b"<svg xmlns=", ""),
        (b"MZ\x90\0", ""),
        (b"", ""),
    ],
)
def test_a_file_is_told_by_its_first_bytes(data: bytes, mime: str) -> None:
    assert sniff(data) == mime
    assert not mime or mime in EXTENSIONS


@pytest.mark.parametrize(
    ("head", "filename", "key", "mime", "media"),
    [
        (PNG, "a.mp4", "images", "image/png", Media.IMAGE),
        (b"\0\0\0\x20ftypisom", "a.mp4", "images", "video/mp4", Media.VIDEO),
        (b"\0\0\0\x20ftypisom", "a.m4a", "images", "audio/mp4", Media.AUDIO),
        (b"\0\0\0\x20ftypM4A ", "a", "", "audio/mp4", Media.AUDIO),
        (b"\0\0\0\x20ftypqt  ", "a.mov", "gifs", "video/quicktime", Media.VIDEO),
        (b"\0\0\0\x20ftypavif", "a.avif", "images", "application/octet-stream", Media.FILE),
        (b"\x1aE\xdf\xa3\x9fB\x82\x84webm", "a.webm", "images", "video/webm", Media.VIDEO),
        (b"\x1aE\xdf\xa3\x9fB\x82\x84webm", "a.webm", "audio", "audio/webm", Media.AUDIO),
        (b"\x1aE\xdf\xa3\xa3B\x82\x88matroska", "a.mkv", "gifs", "video/x-matroska", Media.FILE),
        (b"OggS", "a.opus", "audio", "audio/ogg", Media.AUDIO),
        (b"OggS", "a.ogv", "", "video/ogg", Media.VIDEO),
        (b"OggS", "a", "videos", "video/ogg", Media.VIDEO),
        (b"OggS\0\2" + bytes(22) + b"\1\x2a\x80theora", "a.ogg", "audio", "video/ogg", Media.VIDEO),
        (b"\0\0\0\x20ftypisom", "a.mp4", "audio", "audio/mp4", Media.AUDIO),
        (b"\x1aE\xdf\xa3\x9fB\x82\x84webm", "a.weba", "", "audio/webm", Media.AUDIO),
        (b"fLaC", "a.flac", "audio", "audio/flac", Media.AUDIO),
        (b"ID3\4", "a.mp3", "audio", "audio/mpeg", Media.AUDIO),
        (b"\xff\xfb\x90", "a.mp3", "audio", "audio/mpeg", Media.AUDIO),
        (b"RIFF\0\0\0\0WAVE", "a.wav", "audio", "audio/wav", Media.AUDIO),
        (b"RIFF\0\0\0\0AVI ", "a.avi", "", "video/x-msvideo", Media.FILE),
        (b"glTF\2\0\0\0", "a.glb", "3d", "model/gltf-binary", Media.MODEL),
        (b"solid x", "a.STL", "", "model/stl", Media.MODEL),
        (b"ply\n", "a.ply", "", "model/ply", Media.MODEL),
        (b"Kaydara FBX Binary  \0", "a", "", "model/fbx", Media.MODEL),
        (b"; FBX 7.3.0", "a.fbx", "", "application/octet-stream", Media.MODEL),
        (b"?", "a.xyz", "3d", "application/octet-stream", Media.MODEL),
        (b"\xff\xf1\x50\x80", "a", "audio", "audio/aac", Media.AUDIO),
        (b"FORM\0\0\0\0AIFF", "a.aiff", "audio", "audio/aiff", Media.FILE),
        (b"hello", "a.txt", "files", "text/plain", Media.TEXT),
        (b"he\0lo", "a.txt", "files", "application/octet-stream", Media.FILE),
        (b"hello", "a.MD", "files", "text/markdown", Media.TEXT),
        # A text that begins like something else is a text.
        (b"BMW, red", "a.txt", "files", "text/plain", Media.TEXT),
        (b"The skip, blue", "a.txt", "files", "text/plain", Media.TEXT),
        (b"ID3 tags", "a.txt", "files", "text/plain", Media.TEXT),
        (b"glTF files", "a.txt", "files", "text/plain", Media.TEXT),
        ("a fox".encode("utf-16"), "a.txt", "files", "application/octet-stream", Media.FILE),
        # A claim makes nothing playable or readable.
        (b"<html><script>", "a.mp4", "images", "application/octet-stream", Media.FILE),
        (b"<html><script>", "a.html", "files", "application/octet-stream", Media.FILE),
        (b"<svg onload=", "a.svg", "images", "application/octet-stream", Media.FILE),
        (b"", "", "", "application/octet-stream", Media.FILE),
    ],
)  # fmt: skip
def test_content_tells_then_the_ending_then_the_key(
    head: bytes, filename: str, key: str, mime: str, media: Media
) -> None:
    assert mime_of(head, filename, key) == mime
    assert media_of(mime, filename, key) is media


@given(st.binary(max_size=300), st.text(max_size=12), st.sampled_from(["", "images", "audio", "videos", "3d"]))
def test_whatever_the_bytes_are_they_are_something(data: bytes, filename: str, key: str) -> None:
    assert (told := sniff(data)) == "" or told in EXTENSIONS
    assert media_of(mime_of(data, filename, key), filename, key) in Media
    assert sniff(data[:HEAD]) == told


def test_what_one_table_says_no_other_denies() -> None:
    assert set(PLAYED) <= set(EXTENSIONS)
    assert PLAIN & set(EXTENSIONS.values()) == {"txt"}
    assert PLAIN & {"html", "htm", "svg", "js", "xml", "exe", "sh", "py"} == set()
    assert not set(MODELS) & set(TEXTS)


@pytest.mark.parametrize(
    ("filename", "suffix"),
    [("a.PNG", "png"), ("x.y\\b", ""), ("a.tar.gz", "gz"), (".hidden", ""), ("a.", ""), ("", "")],
)
def test_an_ending_is_that_of_the_last_part_of_a_path(filename: str, suffix: str) -> None:
    assert ending(filename) == suffix
