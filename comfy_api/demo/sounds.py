"""Sound: a chord that fits a picture, silence, and FLAC files (RFC 9639) without compression."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from comfy_api.demo.images import Picture

#: The longest sound, in seconds.
LONGEST: Final = 600.0
_RATE: Final = 22_050
_SECONDS: Final = 4.0
_BLOCK: Final = 4096
#: Steps of a pentatonic scale above A, in semitones: any of them sound well together.
_SCALE: Final = (0, 2, 4, 7, 9, 12, 14, 16)


@dataclass(frozen=True)
class Sound:
    """``samples``: N×channels, int16; ``rate``: samples a second."""

    samples: NDArray[np.int16]
    rate: int


def silence(seconds: float, rate: int, channels: int) -> Sound:
    """Nothing to hear. Raises ValueError for too long a nothing."""
    if seconds > LONGEST or not 1000 <= rate <= 192_000:
        raise ValueError(
            f"The demo engine makes sounds of at most {LONGEST:.0f} s, at 1,000 to 192,000 samples a second."
        )
    return Sound(np.zeros((round(seconds * rate), channels), np.int16), rate)


def chord(picture: Picture) -> Sound:
    """Four seconds of three notes: how much of red, green and blue there is says which. ``picture``: RGB uint8."""
    time = np.arange(round(_SECONDS * _RATE), dtype=np.float64) / _RATE
    wave = np.zeros_like(time)
    for octave, share in enumerate(picture.reshape(-1, 3).mean(axis=0) / 255):
        note = _SCALE[min(int(share * len(_SCALE)), len(_SCALE) - 1)]
        pitch = 110.0 * 2 ** (octave + note / 12)
        wave += np.sin(2 * np.pi * pitch * time) / (octave + 1.5)
    fade = np.minimum(1, np.minimum(time / 0.05, (_SECONDS - time) / 1.5))
    return Sound((wave * fade / 2.2 * 20_000).astype(np.int16)[:, None], _RATE)


def flac(sound: Sound) -> bytes:
    """A FLAC file of 16-bit samples."""
    count, channels = sound.samples.shape
    packed = sound.rate << 44 | (channels - 1) << 41 | 15 << 36 | count
    info = struct.pack(">HH", _BLOCK, _BLOCK) + bytes(6) + packed.to_bytes(8, "big") + bytes(16)
    blocks = [sound.samples[start : start + _BLOCK] for start in range(0, count, _BLOCK)]
    head: bytes = b"fLaC\x80\0\0\x22" + info
    return head + b"".join(_frame(block, number) for number, block in enumerate(blocks))


def _frame(block: NDArray[np.int16], number: int) -> bytes:
    length, channels = block.shape
    header = bytes((0xFF, 0xF8, 0x70, (channels - 1) << 4 | 0x08)) + _counted(number) + struct.pack(">H", length - 1)
    body = b"".join(_subframe(block[:, channel]) for channel in range(channels))
    frame = header + bytes((_crc(header, _CRC8, 8),)) + body
    return frame + struct.pack(">H", _crc(frame, _CRC16, 16))


def _subframe(samples: NDArray[np.int16]) -> bytes:
    """One channel: a single value where there is only one, else all of them."""
    big = samples.astype(">i2")
    return b"\0" + big[:1].tobytes() if (samples == samples[0]).all() else b"\x02" + big.tobytes()


def _counted(number: int) -> bytes:
    """A frame's number, coded as UTF-8 codes a character."""
    return chr(number).encode("utf-8", "surrogatepass")


def _table(polynomial: int, bits: int) -> Sequence[int]:
    top, mask = 1 << (bits - 1), (1 << bits) - 1
    table = []
    for value in range(256):
        rest = value << (bits - 8)
        for _ in range(8):
            rest = (rest << 1 ^ polynomial if rest & top else rest << 1) & mask
        table.append(rest)
    return tuple(table)


_CRC8: Final = _table(0x07, 8)
_CRC16: Final = _table(0x8005, 16)


def _crc(data: bytes, table: Sequence[int], bits: int) -> int:
    rest, mask, shift = 0, (1 << bits) - 1, bits - 8
    for byte in data:
        rest = (rest << 8 & mask) ^ table[rest >> shift ^ byte]
    return rest
