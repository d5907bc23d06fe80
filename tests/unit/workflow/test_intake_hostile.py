"""read_files: hostile files are refused in words and cost neither memory nor time."""

from __future__ import annotations

import io
import json
import os
import struct
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comfy_api.workflow.intake import Intake, read_files

DATA = Path(__file__).resolve().parents[2] / "data" / "intake"
GRAPH: dict[str, Any] = {"1": {"class_type": "EmptyImage", "inputs": {"width": 64}}}
TEXT = json.dumps(GRAPH).encode()
MB = 1_000_000


@contextmanager
def cheap(most: int = 120 * MB, seconds: float = 10.0) -> Iterator[None]:
    """What happens inside takes no more memory, in bytes, and no more of the processor's time, by a wide margin."""
    tracemalloc.start()
    began = time.thread_time()
    try:
        yield
        assert time.thread_time() - began < seconds
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


def chunk(kind: bytes, data: bytes, length: int | None = None) -> bytes:
    return struct.pack(">I", len(data) if length is None else length) + kind + data + b"\0\0\0\0"


def png(*chunks: bytes) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks) + chunk(b"IEND", b"")


def refusal(intake: Intake) -> str:
    assert intake.files == ()
    (refused,) = intake.refusals
    assert refused.sentence.endswith(".")
    return refused.sentence


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


# --- texts --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt"])
def test_a_text_that_unpacks_to_ten_times_the_limit_is_refused(kind: bytes) -> None:
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(b"\0" * MB) for _ in range(200)) + packer.flush()
    head = b"prompt\0\0" if kind == b"zTXt" else b"prompt\0\1\0\0\0"
    with cheap():
        assert "compressed text is larger than 20 MB" in refusal(read_files(png(chunk(kind, head + packed))))


def test_many_packed_texts_of_one_name_are_unpacked_once() -> None:
    bomb = chunk(b"zTXt", b"comment\0\0" + zlib.compress(b" " * 15 * MB, 9))
    with cheap(seconds=5):
        refusal(read_files(png(*[bomb] * 1000)))


def test_a_text_of_many_values_or_levels_is_refused() -> None:
    with cheap():
        many = b'{"a": [' + b"[]," * 2 * MB + b"[]]}"
        assert "more than 1000000 values" in refusal(read_files(png(chunk(b"tEXt", b"prompt\0" + many))))
        deep = b'{"a":' * 100_000
        assert "nested deeper" in refusal(read_files(png(chunk(b"tEXt", b"prompt\0" + deep))))


def test_two_hundred_thousand_empty_chunks_are_the_most() -> None:
    with cheap(seconds=20):
        assert "in too many parts" in refusal(read_files(png(*[chunk(b"tEXt", b"")] * 250_000)))


def test_of_many_large_blocks_sixty_megabytes_are_read() -> None:
    block = b"EXIF" + struct.pack("<I", 10 * MB) + b"II*\0" + b"\xff" * (10 * MB - 4)
    data = b"".join((b"RIFF\0\0\0\0WEBP", *[block] * 10))
    with cheap(seconds=3):
        assert "its metadata are too large" in refusal(read_files(data))


def test_a_length_that_lies_is_refused() -> None:
    lies = {
        "chunk": png(chunk(b"tEXt", b"prompt\0{}", 2**31)),
        "safetensors": struct.pack("<Q", 10 * MB) + b'{"__metadata__": {}}',
        "box": struct.pack(">I4s", 16, b"ftyp") + b"isom\0\0\0\0" + struct.pack(">I4sQ", 1, b"moov", 2**62) + b"x" * 9,
        "small box": struct.pack(">I4s", 16, b"ftyp") + b"isom\0\0\0\0" + struct.pack(">I4s", 4, b"moov"),
        "flac": b"fLaC\x04\xff\xff\xff" + b"\0" * 8,
        "vorbis": b"fLaC\x84\0\0\x0c" + struct.pack("<II", 2**31, 5) + b"\0" * 4,
        "glb": b"glTF" + struct.pack("<III", 2, 100, 2**31) + b"JSON{}",
        "ogg": b"OggS" + b"\0" * 22 + b"\xff" + b"\xff" * 100,
    }
    for kind, data in lies.items():
        assert "it breaks off" in refusal(read_files(data)), kind


def test_boxes_in_boxes_are_entered_three_deep() -> None:
    data = b""
    for _ in range(50_000):
        data = struct.pack(">I4s", len(data) + 8, b"moov") + data
    with cheap():
        refusal(read_files(struct.pack(">I4s", 16, b"ftyp") + b"isom\0\0\0\0" + data))


def test_exif_entries_that_all_point_to_one_text_are_not_read_a_thousand_times() -> None:
    text = b"nothing " * 1000 * 500
    entries = b"".join(struct.pack("<HHII", 0x010E, 2, len(text), 8 + 2 + 12 * 500) for _ in range(500))
    tiff = b"II*\0" + struct.pack("<IH", 8, 500) + entries + text
    riff = b"RIFF\0\0\0\0WEBP" + b"EXIF" + struct.pack("<I", len(tiff)) + tiff
    with cheap(seconds=3):
        assert "no workflow in its metadata" in refusal(read_files(riff))


@pytest.mark.parametrize("size", [0, 1, 7, 8, 12])
def test_a_film_of_nothing_but_a_head_is_refused(size: int) -> None:
    for magic in (b"\x1a\x45\xdf\xa3", b"OggS", b"fLaC", b"ID3\x04", b"glTF", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"):
        refusal(read_files(magic + b"\0" * size))
        refusal(read_files(magic + b"\xff" * size))


def test_an_svg_of_many_beginnings_is_read_once() -> None:
    with cheap(seconds=3):
        refusal(read_files(b"<svg>" + b"<metadata><![CDATA[" * 500_000))


# --- archives and folders -----------------------------------------------------------------------------------


def test_an_archive_gives_its_workflows_with_the_documents_beside_them() -> None:
    mapping = {"interface": {"inputs": []}}
    data = zipped(
        {
            "one/a.json": TEXT,
            "b.png": (DATA / "image.png").read_bytes(),
            "a.interface.json": json.dumps(mapping).encode(),
            "read me.txt": b"hello",
            "__MACOSX/._a.json": b"\0",
            ".hidden": b"x",
        }
    )
    intake = read_files(data, "all.zip")
    assert [file.name for file in intake.files] == ["one/a.json", "b.png"]
    assert all(file.companions == {"a.interface.json": mapping} for file in intake.files)
    assert [refused.name for refused in intake.refusals] == ["read me.txt"]


def test_documents_without_a_workflow_are_refused_each() -> None:
    intake = read_files(zipped({"a.json": b"{}", "b.json": b"[1]"}))
    assert [refused.name for refused in intake.refusals] == ["a.json", "b.json"]


def test_a_broken_graph_in_an_archive_is_refused_and_no_document_beside_it() -> None:
    broken = json.dumps({**GRAPH, "2": {}}).encode()
    intake = read_files(zipped({"a.json": TEXT, "b.json": broken}))
    assert [refused.name for refused in intake.refusals] == ["b.json"]
    assert intake.one().companions == {}


@pytest.mark.parametrize(
    "name", ["../a.json", "a/../../b.json", "/etc/a.json", "C:\\a.json", "a\\..\\..\\b.json", "\\\\host\\a.json"]
)
def test_a_path_that_leads_out_is_refused(name: str) -> None:
    data = zipped({"inside.json": TEXT, "x" * len(name): TEXT}).replace(b"x" * len(name), name.encode())
    intake = read_files(data)
    assert [file.name for file in intake.files] == ["inside.json"]
    assert "leads out of the archive" in intake.refusals[0].sentence


def test_links_and_locked_and_oddly_packed_members_are_refused() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        link = zipfile.ZipInfo("link.json")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, b"/etc/passwd")
    assert "a link to another place" in refusal(read_files(file.getvalue()))
    # The flag stands in both heads of a member.
    locked = bytearray(zipped({"a.json": TEXT}))
    locked[6] |= 1
    locked[locked.index(b"PK\1\2") + 8] |= 1
    assert "locked with a password" in refusal(read_files(bytes(locked)))
    assert "packed in an unusual way" in refusal(read_files(zipped({"a.json": TEXT}, zipfile.ZIP_LZMA)))


def test_an_archive_in_an_archive_is_not_looked_into() -> None:
    """So a file that unpacks to itself ends at the first step."""
    assert "not looked into" in refusal(read_files(zipped({"quine.zip": zipped({"a.json": TEXT})})))
    assert "not looked into" in refusal(read_files(b"\x1f\x8b\x08\x00" + b"\0" * 20))


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"a.json": b" " * 20 * MB}, "less than a 200th of its size"),
        ({"a.json": b" " * 65 * MB}, "larger than 64 MB"),
        (dict.fromkeys("abcde", b" " * 60 * MB), "holds more than 256 MB"),
        ({f"{n}.json": b"" for n in range(1001)}, "more than 1000 files"),
        ({}, "it holds no files"),
    ],
)
def test_an_archive_of_too_much_or_nothing_is_refused(members: dict[str, bytes], reason: str) -> None:
    data = zipped(members)
    with cheap(most=10 * MB, seconds=3):
        assert reason in refusal(read_files(data))


def test_a_list_of_a_million_names_is_not_read() -> None:
    length = 46 * 1_000_000
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 65535, 65535, length, 4, 0)
    data = b"".join((b"PK\3\4", (b"PK\1\2" + b"\0" * 42) * 1_000_000, end))
    with cheap(most=20 * MB, seconds=3):
        assert "list of files is too long" in refusal(read_files(data))


def test_a_size_that_lies_in_an_archive_gives_no_more_than_it_says() -> None:
    whole = bytearray(zipped({"a.json": b" " * 10 * MB}))
    place = whole.index(b"PK\1\2") + 24
    whole[place : place + 4] = struct.pack("<I", 100)
    data = bytes(whole)
    with cheap(most=5 * MB):
        refusal(read_files(data))


def test_files_that_are_left_over_when_time_is_up_are_refused() -> None:
    intake = read_files(zipped({"a.json": TEXT, "b.json": TEXT}), seconds=0)
    assert ["its turn did not come" in refused.sentence for refused in intake.refusals] == [True, True]


def test_a_folder_gives_its_files_and_follows_no_links(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    inside = tmp_path / "inside"
    (inside / "deep" / "er").mkdir(parents=True)
    outside.mkdir()
    (outside / "secret.json").write_bytes(TEXT)
    (inside / "deep" / "er" / "a.json").write_bytes(TEXT)
    (inside / "to_file.json").symlink_to(outside / "secret.json")
    (inside / "to_folder").symlink_to(outside)
    (inside / "loop").symlink_to(inside)
    os.mkfifo(inside / "pipe.json")
    intake = read_files(inside)
    assert [file.name for file in intake.files] == ["deep/er/a.json"]
    why = {refused.name: refused.sentence for refused in intake.refusals}
    assert set(why) == {"to_file.json", "to_folder", "loop", "pipe.json"}
    assert "no ordinary file" in why.pop("pipe.json")
    assert all("a link to another place" in sentence for sentence in why.values())


def test_a_folder_of_too_many_files_is_refused(tmp_path: Path) -> None:
    for number in range(1001):
        (tmp_path / str(number)).touch()
    assert "more than 1000 files" in refusal(read_files(tmp_path))


# --- anything at all ----------------------------------------------------------------------------------------

SEEDS = [path.read_bytes() for path in sorted(DATA.iterdir())] + [
    zipped({"a.json": TEXT, "b.png": (DATA / "image.png").read_bytes()}),
    TEXT,
    b"glTF" + struct.pack("<III", 2, 60, 40) + b"JSON" + b'{"asset":{"extras":{"prompt":"{}"}}}    ',
    b"\xff\xd8\xff\xe1\0\x30Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x0f\0\x02\0\0\0\x10\0\0\0\x1a\0\0\0\0prompt:{}\0\0\0\0\0\0\0",
    b"\0\0\0\x18ftypavif\0\0\0\0mif1avif\0\0\0\x60meta\0\0\0\0\0\0\0\x23iinf\0\0\0\0\0\x01\0\0\0\x15infe\x02\0\0\0\0\x01\0\0Exif"
    b"\0\0\0\0\x1ciloc\x01\0\0\0\x44\0\0\x01\0\x01\0\0\0\0\0\x01\0\0\0\x10\0\0\0\x10" + b"\0" * 40,
]


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(SEEDS), st.data())
def test_damaged_files_of_every_kind_give_an_answer(seed: bytes, data: st.DataObject) -> None:
    """No damage raises anything or hangs."""
    damaged = bytearray(seed)
    places = st.integers(0, len(damaged) - 1)
    for place, value in data.draw(
        st.lists(st.tuples(places, st.sampled_from([0, 1, 2, 127, 128, 254, 255])), max_size=6)
    ):
        damaged[place] = value
    cut = data.draw(st.none() | places)
    start, count = data.draw(st.tuples(places, st.integers(0, 20)))
    damaged[start : start + count] = data.draw(st.binary(max_size=20))
    intake = read_files(bytes(damaged[:cut]), "damaged")
    for file in intake.files:
        json.dumps([file.api, file.ui, file.extra], allow_nan=False)
    for refused in intake.refusals:
        assert refused.sentence.endswith(".")
        assert "\n" not in refused.sentence
    assert intake.files or intake.refusals


@given(st.binary(max_size=200))
def test_any_bytes_give_an_answer(data: bytes) -> None:
    intake = read_files(data)
    assert intake.files or intake.refusals
