"""Binary frames: the three layouts of protocol.md §2, and whatever else comes."""

from __future__ import annotations

import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comfy_api.protocol.frames import MAX_HEADER, BadFrame, ImageFrame, TextFrame, parse_frame
from comfy_api.testing import jpeg, png


def with_metadata(meta: object, picture: bytes) -> bytes:
    head = meta if isinstance(meta, bytes) else json.dumps(meta).encode()
    return struct.pack(">II", 4, len(head)) + head + picture


def test_a_picture_without_metadata_names_no_node() -> None:
    assert parse_frame(struct.pack(">II", 1, 1) + jpeg()) == ImageFrame(jpeg(), "image/jpeg")


@pytest.mark.parametrize("code", [0, 1, 2, 77])
def test_the_format_code_is_not_trusted(code: int) -> None:
    frame = parse_frame(struct.pack(">II", 1, code) + png())
    assert isinstance(frame, ImageFrame)
    assert (frame.mime, frame.data) == ("image/png", png())


def test_metadata_names_node_and_prompt() -> None:
    meta = {"node_id": "12:7", "prompt_id": "p", "display_node_id": "12:7", "image_type": "image/png"}
    assert parse_frame(with_metadata(meta, png())) == ImageFrame(png(), "image/png", "12:7", "p")


def test_an_expanded_node_shows_as_the_one_in_the_graph() -> None:
    frame = parse_frame(with_metadata({"node_id": "5.0.0.2", "display_node_id": "5", "prompt_id": "p"}, png()))
    assert isinstance(frame, ImageFrame)
    assert frame.node_id == "5"


def test_progress_text_is_read() -> None:
    frame = parse_frame(struct.pack(">II", 3, 1) + b"5" + "läuft".encode())
    assert frame == TextFrame("5", "läuft")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0\0\1",
        struct.pack(">II", 1, 1),
        struct.pack(">II", 1, 1) + b"no picture",
        struct.pack(">II", 2, 1) + png(),
        struct.pack(">II", 99, 1) + png(),
        struct.pack(">II", 3, 9) + b"5",
        struct.pack(">II", 4, 2**32 - 1) + b"{}",
        struct.pack(">II", 4, MAX_HEADER + 1) + bytes(MAX_HEADER + 1) + png(),
        with_metadata(b"{cut", png()),
        with_metadata(b"[1]", png()),
        with_metadata(b"[" * 50_000, png()),
        with_metadata({"node_id": "3"}, b""),
        with_metadata({"node_id": "3"}, b"no picture"),
    ],
)
def test_what_cannot_be_read_is_a_bad_frame_with_a_reason(data: bytes) -> None:
    frame = parse_frame(data)
    assert isinstance(frame, BadFrame)
    assert frame.reason


@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise(data: bytes) -> None:
    parse_frame(data)


@given(
    st.sampled_from([1, 3, 4]),
    st.one_of(st.integers(0, 60), st.integers(0, 2**32 - 1)),
    st.one_of(
        st.binary(max_size=80), st.recursive(st.none() | st.text(), st.lists).map(lambda v: json.dumps(v).encode())
    ),
)
def test_no_frame_of_a_known_event_makes_it_raise(event: int, second: int, rest: bytes) -> None:
    parse_frame(struct.pack(">II", event, second) + rest)


@given(
    st.dictionaries(st.sampled_from(["node_id", "prompt_id", "display_node_id"]), st.none() | st.integers() | st.text())
)
def test_ids_of_any_kind_become_text(meta: dict[str, object]) -> None:
    frame = parse_frame(with_metadata(meta, png()))
    assert isinstance(frame, ImageFrame)
    assert all(value is None or isinstance(value, str) for value in (frame.node_id, frame.prompt_id))
