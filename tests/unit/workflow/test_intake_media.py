"""read_files: the workflow in pictures, films, sounds and other files, as ComfyUI and others write it."""

from __future__ import annotations

import io
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, features
from PIL.PngImagePlugin import PngInfo

from comfy_api.workflow.intake import read_files

DATA = Path(__file__).resolve().parents[2] / "data" / "intake"
GRAPH: dict[str, Any] = {"1": {"class_type": "EmptyImage", "inputs": {"width": 64, "text": "Größe"}}}
UI: dict[str, Any] = {"nodes": [{"id": 1, "type": "EmptyImage"}], "links": [], "version": 0.4}
PROMPT, WORKFLOW = json.dumps(GRAPH), json.dumps(UI)
A1111 = "a fox\nNegative prompt: bad\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1"


def image(kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, kind, **options)
    return file.getvalue()


def with_exif(kind: str, tags: dict[int, Any], comment: bytes = b"") -> bytes:
    exif = Image.Exif()
    exif.update(tags)
    if comment:
        exif.get_ifd(0x8769)[0x9286] = comment
    return image(kind, exif=exif)


def png(*chunks: tuple[bytes, bytes], after: bool = False) -> bytes:
    whole = image("PNG")
    packed = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    cut = len(whole) - 12 if after else 33
    return whole[:cut] + packed + whole[cut:]


def glb(asset: Any) -> bytes:
    text = json.dumps({"asset": asset}).encode()
    return b"glTF" + struct.pack("<III", 2, 20 + len(text), len(text)) + b"JSON" + text


def safetensors(metadata: Any) -> bytes:
    header = json.dumps(
        {"__metadata__": metadata, "x": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}
    ).encode()
    return struct.pack("<Q", len(header)) + header + b"\0\0\0\0"


@pytest.mark.parametrize(
    "name",
    [
        "image.png",
        "animated.png",
        "animated.webp",
        "film.mp4",
        "film.webm",
        "sound.flac",
        "sound.mp3",
        "sound.opus",
        "sample.latent",
    ],
)
def test_what_a_real_comfyui_saved_gives_both_formats(name: str) -> None:
    """Files of ComfyUI 0.3.64."""
    file = read_files(DATA / name).one()
    assert file.api is not None
    assert file.ui is not None
    assert file.api["1"]["class_type"].startswith("Empty")
    assert [node["type"] for node in file.ui["nodes"]] == ["EmptyImage", "SaveImage"]
    assert file.ui["nodes"][0]["title"] == "Größe"


@pytest.mark.parametrize("name", ["film.mov", "film.mkv", "flac.ogg", "vhs.mp4", "vhs.mov", "vhs.webm"])
def test_films_and_sounds_that_ffmpeg_wrote_give_both_formats(name: str) -> None:
    """Written with the keys ``prompt`` and ``workflow``; those called vhs hold both in a comment."""
    file = read_files((DATA / name).read_bytes(), "renamed.json").one()
    assert file.api == {"1": {"class_type": "EmptyImage", "inputs": {"width": 16}}}
    assert file.ui is not None


def info(packed: bool, international: bool) -> bytes:
    texts = PngInfo()
    for key, text in (("prompt", PROMPT), ("workflow", WORKFLOW)):
        if international:
            texts.add_itxt(key, text, lang="en", tkey="x", zip=packed)
        else:
            texts.add_text(key, text, zip=packed)
    return image("PNG", pnginfo=texts)


SOURCES: dict[str, bytes] = {
    "tEXt": info(packed=False, international=False),
    "zTXt": info(packed=True, international=False),
    "iTXt": info(packed=False, international=True),
    "iTXt packed": info(packed=True, international=True),
    "tEXt in UTF-8": png(
        (b"tEXt", b"prompt\0" + json.dumps(GRAPH, ensure_ascii=False).encode()),
        (b"tEXt", b"Workflow\0" + WORKFLOW.encode()),
    ),
    "comf behind the pixels": png(
        (b"comf", b"prompt\0" + PROMPT.encode()), (b"comf", b"workflow\0" + WORKFLOW.encode()), after=True
    ),
    "cut off behind the texts": info(packed=False, international=False)[:-20],
    "WebP": with_exif("WEBP", {0x0110: f"prompt:{PROMPT}", 0x010F: f"Workflow:{WORKFLOW}"}),
    "JPEG": with_exif("JPEG", {0x0110: f"prompt:{PROMPT}", 0x010F: f"workflow:{WORKFLOW}"}),
    "JPEG description": with_exif("JPEG", {0x010E: json.dumps({"prompt": GRAPH, "workflow": UI})}),
    "JPEG user comment": with_exif("JPEG", {}, b"ASCII\0\0\0" + json.dumps({"prompt": GRAPH, "workflow": UI}).encode()),
    "JPEG user comment in UTF-16": with_exif(
        "JPEG", {}, b"UNICODE\0" + json.dumps({"prompt": GRAPH, "workflow": UI}).encode("utf-16-be")
    ),
    "JPEG comment": image("JPEG", comment=json.dumps({"prompt": GRAPH, "workflow": UI}).encode()),
    "GLB": glb({"version": "2.0", "extras": {"prompt": PROMPT, "workflow": WORKFLOW}}),
    "GLB with objects": glb({"version": "2.0", "extras": {"prompt": GRAPH, "workflow": UI}}),
    "SVG": (
        "\ufeff<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'><metadata>"
        f"<![CDATA[{json.dumps({'prompt': GRAPH, 'workflow': UI})}]]></metadata></svg>"
    ).encode(),
    "safetensors": safetensors({"prompt": PROMPT, "workflow": WORKFLOW}),
}
if features.check("avif"):
    SOURCES["AVIF"] = with_exif("AVIF", {0x0110: f"prompt:{PROMPT}", 0x010F: f"workflow:{WORKFLOW}"})


@pytest.mark.parametrize("data", SOURCES.values(), ids=SOURCES)
def test_every_place_where_metadata_stand_is_read(data: bytes) -> None:
    file = read_files(data, "x").one()
    assert (file.api, file.ui, file.extra, file.companions) == (GRAPH, UI, {}, {})


def test_what_stands_before_a_cut_is_read() -> None:
    cut = png((b"tEXt", b"prompt\0" + PROMPT.encode()))[:-20]
    assert read_files(cut).one().api == GRAPH


def test_a_comment_may_be_the_workflow_itself() -> None:
    assert read_files(with_exif("JPEG", {0x010E: WORKFLOW})).one().ui == UI


def test_not_a_number_in_metadata_is_nothing() -> None:
    """Python writes NaN where a node says that it always changes."""
    text = '{"1": {"class_type": "X", "inputs": {}, "is_changed": [NaN]}}'
    file = read_files(png((b"tEXt", b"prompt\0" + text.encode()))).one()
    assert file.api == {"1": {"class_type": "X", "inputs": {}, "is_changed": [None]}}


@pytest.mark.parametrize(
    ("prompt", "workflow"), [("{broken", WORKFLOW), (PROMPT, "{broken"), ("{}", WORKFLOW), (PROMPT, '{"a": 1}')]
)
def test_one_sound_text_is_enough(prompt: str, workflow: str) -> None:
    chunks = (b"tEXt", b"prompt\0" + prompt.encode()), (b"tEXt", b"workflow\0" + workflow.encode())
    file = read_files(png(*chunks)).one()
    assert (file.api, file.ui) == ((GRAPH, None) if prompt == PROMPT else (None, UI))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (image("PNG"), "it holds no workflow in its metadata. Use a file that ComfyUI saved"),
        (image("JPEG"), "it holds no workflow"),
        (image("WEBP"), "it holds no workflow"),
        (image("GIF"), "files of its kind are not read here"),
        (png((b"tEXt", b"prompt\0{broken")), "it is no JSON"),
        (png((b"tEXt", b"parameters\0" + A1111.encode())), 'settings of Automatic1111 ("parameters")'),
        (with_exif("JPEG", {}, b"UNICODE\0" + A1111.encode("utf-16-be")), "settings of Automatic1111"),
        (with_exif("WEBP", {}, b"UNICODE\0" + A1111.encode("utf-16-le")), "settings of Automatic1111"),
        (glb({"version": "2.0"}), "it holds no workflow"),
        (safetensors({"format": "pt"}), "it holds no workflow"),
        (b"<html><body>sign in</body></html>", "it holds no workflow"),
    ],
)
def test_a_file_without_a_workflow_is_refused_with_what_it_holds(data: bytes, reason: str) -> None:
    (refusal,) = read_files(data, "my picture").refusals
    assert refusal.sentence.startswith('"my picture" is no workflow: ')
    assert reason in refusal.sentence


def test_pixels_are_not_read(tmp_path: Path) -> None:
    """A film of four gigabytes, nearly all of it a hole, costs nothing."""
    film = tmp_path / "long.mp4"
    whole = (DATA / "film.mp4").read_bytes()
    head = struct.unpack_from(">I", whole)[0]
    with film.open("wb") as file:
        file.write(whole[:head] + struct.pack(">I4sQ", 1, b"mdat", 2**32))
        file.seek(2**32 - 16, 1)
        file.write(whole[whole.index(b"moov") - 4 :])
    assert read_files(film).one().ui is not None
