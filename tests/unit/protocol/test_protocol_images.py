"""Encoded pictures: type, size and pixels, whatever the bytes."""

from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comfy_api.protocol.images import MAX_PIXELS, BadPicture, TooManyPixels, decode, is_whole, measure, sniff
from comfy_api.testing import jpeg, png


def encoded(suffix: str, pixels: np.ndarray) -> bytes:
    done, data = cv2.imencode(suffix, pixels)
    assert done
    return bytes(data)


def huge_png(width: int, height: int) -> bytes:
    """A PNG that says it is huge and holds next to nothing."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


BGR = np.arange(8 * 6 * 3, dtype=np.uint8).reshape(6, 8, 3)
SAMPLES = {
    "image/png": encoded(".png", BGR),
    "image/jpeg": encoded(".jpg", BGR),
    "image/webp": encoded(".webp", BGR),
    "image/bmp": encoded(".bmp", BGR),
}


@pytest.mark.parametrize("mime", SAMPLES)
def test_each_format_is_told_measured_and_decoded(mime: str) -> None:
    data = SAMPLES[mime]
    assert sniff(data) == mime
    assert measure(data) == (8, 6)
    assert is_whole(data)
    assert decode(data).shape == (6, 8, 3)


def test_pixels_are_bgr() -> None:
    assert np.array_equal(decode(SAMPLES["image/png"]), BGR)


def test_alpha_and_depth_are_kept_unless_colour_alone_is_wanted() -> None:
    deep = np.full((4, 5, 4), 40_000, np.uint16)
    data = encoded(".png", deep)
    assert np.array_equal(decode(data), deep)
    small = decode(data, colour_only=True)
    assert (small.shape, small.dtype) == ((4, 5, 3), np.uint8)


def test_grey_becomes_three_channels() -> None:
    assert decode(encoded(".png", np.full((4, 5), 7, np.uint8))).shape == (4, 5, 3)


@pytest.mark.parametrize("mime", ["image/png", "image/jpeg", "image/webp"])
def test_a_cut_picture_is_not_whole(mime: str) -> None:
    assert not is_whole(SAMPLES[mime][:-20])


def test_a_picture_that_says_it_is_huge_is_not_decoded() -> None:
    with pytest.raises(TooManyPixels):
        decode(huge_png(60_000, 60_000))
    assert MAX_PIXELS < 60_000 * 60_000


@pytest.mark.parametrize("data", [b"", b"<!doctype html>", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", jpeg()[:100]])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(BadPicture):
        decode(data)


@given(st.sampled_from(sorted(SAMPLES)), st.integers(0, 400), st.binary(min_size=1, max_size=40))
def test_a_damaged_picture_is_decoded_or_refused(mime: str, at: int, damage: bytes) -> None:
    whole = SAMPLES[mime]
    data = whole[: at % len(whole)] + damage + whole[at % len(whole) + len(damage) :]
    is_whole(data)
    try:
        decode(data)
    except BadPicture:
        return


@given(st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF1234WEBP", b"GIF89a", b"BM"]), st.binary())
def test_no_bytes_make_it_raise_anything_else(head: bytes, rest: bytes) -> None:
    sniff(head + rest)
    is_whole(head + rest)
    try:
        measure(head + rest)
    except BadPicture:
        return


def test_the_test_pictures_are_sound() -> None:
    assert is_whole(png())
    assert is_whole(jpeg())
