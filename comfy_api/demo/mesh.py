"""3D: a picture as a relief, in a binary glTF file."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from comfy_api.demo.images import Picture

_SIDE = 33
_FLOAT, _UNSIGNED = 5126, 5125
_VERTICES, _INDICES = 34962, 34963


@dataclass(frozen=True)
class Mesh:
    """``points``: N×3 float32, x to the right, y up, z to the viewer; ``faces``: M×3 uint32, counter-clockwise."""

    points: NDArray[np.float32]
    faces: NDArray[np.uint32]


def relief(picture: Picture) -> Mesh:
    """The picture as a landscape: bright is near. ``picture``: RGB uint8, H×W×3."""
    height = cv2.resize(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    rows, columns = np.mgrid[0:_SIDE, 0:_SIDE] / (_SIDE - 1)
    points = np.stack([columns - 0.5, 0.5 - rows, height / 255 * 0.25], axis=-1).reshape(-1, 3).astype(np.float32)
    first = (np.arange(_SIDE - 1)[:, None] * _SIDE + np.arange(_SIDE - 1)).reshape(-1)
    below, right = first + _SIDE, first + 1
    faces = np.concatenate([np.stack([first, below, right], 1), np.stack([right, below, below + 1], 1)])
    return Mesh(points, faces.astype(np.uint32))


def glb(mesh: Mesh) -> bytes:
    """A GLB file (glTF 2.0)."""
    points, faces = mesh.points.astype("<f4").tobytes(), mesh.faces.astype("<u4").tobytes()
    about = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1}]}],
        "accessors": [
            {
                "bufferView": 0,
                "componentType": _FLOAT,
                "count": len(mesh.points),
                "type": "VEC3",
                "min": mesh.points.min(axis=0).tolist(),
                "max": mesh.points.max(axis=0).tolist(),
            },
            {"bufferView": 1, "componentType": _UNSIGNED, "count": mesh.faces.size, "type": "SCALAR"},
        ],
        "bufferViews": [
            {"buffer": 0, "byteOffset": 0, "byteLength": len(points), "target": _VERTICES},
            {"buffer": 0, "byteOffset": len(points), "byteLength": len(faces), "target": _INDICES},
        ],
        "buffers": [{"byteLength": len(points) + len(faces)}],
    }
    text = json.dumps(about).encode()
    chunks = _chunk(b"JSON", text + b" " * (-len(text) % 4)) + _chunk(b"BIN\0", points + faces)
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack("<I4s", len(data), kind) + data
