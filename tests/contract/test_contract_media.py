"""Results that are no pictures: what ``executed``, /history and /view say of them."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.contract.wire import Client, Graph, Server, fresh_seed, of

FRAMES = 6


def clip(output: str, **inputs: Any) -> Graph:
    """Plain images to an output."""
    size = {"width": 64, "height": 48, "batch_size": FRAMES, "color": fresh_seed() % 2**24}
    return {
        "1": {"class_type": "EmptyImage", "inputs": size},
        "2": {"class_type": output, "inputs": {"images": ["1", 0], **inputs}},
    }


def sound(output: str, **inputs: Any) -> Graph:
    """A second and a bit of silence to an output."""
    length = {"duration": 1 + fresh_seed() % 97 / 100, "sample_rate": 22050, "channels": 2}
    return {
        "1": {"class_type": "EmptyAudio", "inputs": length},
        "2": {"class_type": output, "inputs": {"audio": ["1", 0], **inputs}},
    }


def text(words: str) -> Graph:
    return {
        "1": {"class_type": "PrimitiveString", "inputs": {"value": words}},
        "2": {"class_type": "PreviewAny", "inputs": {"source": ["1", 0]}},
    }


def output_of(server: Server, graph: Graph) -> dict[str, Any]:
    """What node 2 leaves: the same in ``executed`` and in the history."""
    missing = {node["class_type"] for node in graph.values()} - set(server.classes)
    if missing:
        pytest.skip(f"the server has no {missing}")
    with Client(server) as client:
        prompt_id = client.queue(graph)
        messages = client.read_to_end(prompt_id)
    assert of("execution_error", messages) == []
    (told,) = [said for said in of("executed", messages) if said["node"] == "2"]
    assert server.history(prompt_id)["outputs"]["2"] == told["output"]
    output: dict[str, Any] = told["output"]
    return output


def fetched(server: Server, ref: dict[str, str]) -> bytes:
    answer = server.get("/view", params={key: ref[key] for key in ("filename", "subfolder", "type")})
    assert answer.status_code == 200
    return answer.content


def first_frame(data: bytes, path: Path) -> Any:
    """The size of a video's first picture, as any player would see it."""
    path.write_bytes(data)
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    done, pixels = capture.read()
    capture.release()
    assert done
    return pixels.shape


@pytest.mark.parametrize(
    ("class_type", "inputs", "suffix"),
    [
        ("SaveAnimatedWEBP", {"fps": 6.0, "lossless": False, "quality": 80, "method": "default"}, ".webp"),
        ("SaveAnimatedPNG", {"fps": 6.0, "compress_level": 4}, ".png"),
    ],
)
def test_an_animation_is_an_image_that_is_marked_as_animated(
    server: Server, class_type: str, inputs: dict[str, Any], suffix: str
) -> None:
    output = output_of(server, clip(class_type, filename_prefix="sub/contract", **inputs))
    assert output["animated"] == [True]
    (ref,) = output["images"]
    assert (ref["subfolder"], ref["type"], Path(ref["filename"]).suffix) == ("sub", "output", suffix)
    with Image.open(io.BytesIO(fetched(server, ref))) as image:
        assert image.size == (64, 48)


def test_a_webm_stands_among_the_images(server: Server, tmp_path: Path) -> None:
    output = output_of(server, clip("SaveWEBM", filename_prefix="contract", codec="vp9", fps=8.0, crf=32.0))
    assert output["animated"] == [True]
    (ref,) = output["images"]
    data = fetched(server, ref)
    assert ref["filename"].endswith(".webm")
    assert b"webm" in data[:64]
    assert first_frame(data, tmp_path / "a.webm") == (48, 64, 3)


def test_a_video_stands_among_the_images_too(server: Server, tmp_path: Path) -> None:
    graph = clip("SaveVideo", filename_prefix="video/contract", format="auto", codec="auto")
    del graph["2"]["inputs"]["images"]
    graph["2"]["inputs"]["video"] = ["3", 0]
    graph["3"] = {"class_type": "CreateVideo", "inputs": {"images": ["1", 0], "fps": 8.0}}
    output = output_of(server, graph)
    assert output["animated"] == [True]
    (ref,) = output["images"]
    data = fetched(server, ref)
    assert (ref["subfolder"], ref["filename"][-4:], data[4:8]) == ("video", ".mp4", b"ftyp")
    assert first_frame(data, tmp_path / "a.mp4") == (48, 64, 3)


@pytest.mark.parametrize(("output", "kind"), [("SaveAudio", "output"), ("PreviewAudio", "temp")])
def test_sound_is_flac_under_a_key_of_its_own(server: Server, output: str, kind: str) -> None:
    prefix = {"filename_prefix": "audio/contract"} if output == "SaveAudio" else {}
    told = output_of(server, sound(output, **prefix))
    assert set(told) == {"audio"}
    (ref,) = told["audio"]
    assert (ref["type"], ref["filename"][-5:]) == (kind, ".flac")
    data = fetched(server, ref)
    assert data[:4] == b"fLaC"
    (packed,) = struct.unpack(">Q", data[18:26])
    assert (packed >> 44, (packed >> 41 & 7) + 1, (packed >> 36 & 31) + 1) == (22050, 2, 16)


def test_a_text_is_told_and_no_file(server: Server) -> None:
    words = f"<b>fox</b> {fresh_seed()}\n狐"
    assert output_of(server, text(words)) == {"text": [words]}


def test_a_cached_text_is_told_again(server: Server) -> None:
    words = f"fox {fresh_seed()}"
    assert output_of(server, text(words)) == output_of(server, text(words)) == {"text": [words]}


def test_a_3d_preview_names_a_file_and_does_not_say_that_it_is_there(server: Server) -> None:
    name = f"mesh/{fresh_seed()}.glb"
    preview = {"2": {"class_type": "Preview3D", "inputs": {"model_file": name}}}
    assert output_of(server, preview)["result"][0] == name


def test_a_model_is_a_glb_under_3d(server: Server) -> None:
    if not server.demo:
        pytest.skip("it would take a 3D model's weights")
    loader = {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": server.checkpoint}}
    graph: Graph = {
        "4": loader,
        "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64, "batch_size": 1}},
        "6": {
            "class_type": "VAEDecodeHunyuan3D",
            "inputs": {"samples": ["5", 0], "vae": ["4", 2], "num_chunks": 8000, "octree_resolution": 256},
        },
        "7": {"class_type": "VoxelToMeshBasic", "inputs": {"voxel": ["6", 0], "threshold": 0.6}},
        "2": {"class_type": "SaveGLB", "inputs": {"mesh": ["7", 0], "filename_prefix": "mesh/contract"}},
    }
    (ref,) = output_of(server, graph)["3d"]
    data = fetched(server, ref)
    assert struct.unpack("<4sII", data[:12]) == (b"glTF", 2, len(data))


def test_the_chord_of_the_demo_engine_is_whole_frames_of_flac(server: Server) -> None:
    if not server.demo:
        pytest.skip("it would take a sound model's weights")
    graph = sound("SaveAudio", filename_prefix="audio/contract")
    graph["1"] = {"class_type": "VAEDecodeAudio", "inputs": {"samples": ["5", 0], "vae": ["4", 2]}}
    graph["4"] = {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": server.checkpoint}}
    graph["5"] = {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64, "batch_size": 1}}
    (ref,) = output_of(server, graph)["audio"]
    data = fetched(server, ref)
    count = int.from_bytes(data[18:26], "big") & (1 << 36) - 1
    # The first frame is written out: header, one channel of 4096 samples, check sum.
    assert (data[42:46], data[46:47], data[47:49]) == (b"\xff\xf8\x70\x08", b"\0", (4095).to_bytes(2, "big"))
    samples = np.frombuffer(data[51 : 51 + 2 * 4096], ">i2")
    assert data[50] == 2
    assert samples.std() > 500
    assert count == 4 * 22050
    assert crc16(data[42 : 51 + 2 * 4096 + 2]) == 0


def crc16(data: bytes) -> int:
    """FLAC's check sum, bit by bit; 0 for bytes that end in their own."""
    rest = 0
    for byte in data:
        rest ^= byte << 8
        for _ in range(8):
            rest = (rest << 1 ^ 0x8005 if rest & 0x8000 else rest << 1) & 0xFFFF
    return rest
