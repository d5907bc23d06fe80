"""Results that are no pictures, from the server to the caller."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image
from running import FAST, Connect, graph

from comfy_api import ComfyClient
from comfy_api.errors import ResultTooLarge
from comfy_api.protocol import routes
from comfy_api.testing import FakeComfyUI, Play, png, steps
from comfy_api.workflow import Media

MP4 = b"\0\0\0\x20ftypisom" + b"moving" * 50_000
FLAC = b"fLaC" + bytes(100)
NO_PICTURE = ("result 9 0",)


def moving_webp() -> bytes:
    frames = [Image.new("RGB", (16, 8), colour) for colour in ("red", "blue")]
    out = io.BytesIO()
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:], duration=100)
    return out.getvalue()


def saved(*left: steps.Step) -> Play:
    """A run of which node 9 leaves these instead of a picture."""
    return Play.usual(before={"executed 9": left}, without=NO_PICTURE)


def test_every_kind_comes_with_what_it_is(comfy: FakeComfyUI, client: ComfyClient) -> None:
    comfy.script(
        saved(
            steps.file("9", moving_webp(), "a.webp", animated=True),
            steps.file("9", MP4, "a.mp4", animated=True),
            steps.file("9", FLAC, "a.flac", key="audio", subfolder="audio"),
            steps.file("9", b"glTF\2\0\0\0", "a.glb", key="3d"),
            steps.words("9", "a red fox 狐"),
        )
    )
    results = sorted(client.run(graph("SaveImage"), timing=FAST).wait(10), key=lambda result: result.index)
    assert [(result.media, result.mime, result.filename) for result in results] == [
        (Media.ANIMATION, "image/webp", "a.webp"),
        (Media.VIDEO, "video/mp4", "a.mp4"),
        (Media.AUDIO, "audio/flac", "a.flac"),
        (Media.MODEL, "model/gltf-binary", "a.glb"),
        (Media.TEXT, "text/plain", ""),
    ]
    assert [result.data for result in results[1:]] == [MP4, FLAC, b"glTF\2\0\0\0", "a red fox 狐".encode()]
    assert results[0].image is not None
    assert results[0].image.shape == (8, 16, 3)


def test_large_files_go_to_a_folder_where_one_is_given_and_pictures_do_not(
    comfy: FakeComfyUI, client: ComfyClient, tmp_path: Path
) -> None:
    comfy.script(
        saved(steps.file("9", MP4, "a.mp4"), steps.file("9", png(8, 8), "a.png"), steps.file("9", png(), "odd"))
    )
    results = client.run(graph("SaveImage"), timing=FAST, spool=tmp_path).wait(10)
    video, picture, odd = sorted(results, key=lambda result: result.index)
    assert (video.data, video.media) == (b"", Media.VIDEO)
    assert video.path is not None
    assert video.path.read_bytes() == MP4
    assert (picture.path, picture.data) == (None, png(8, 8))
    assert (odd.path, odd.data, odd.media) == (None, png(), Media.IMAGE)
    assert list(tmp_path.iterdir()) == [video.path]


def test_a_model_that_is_only_named_is_fetched_and_is_no_loss_where_it_is_not_there(
    comfy: FakeComfyUI, client: ComfyClient
) -> None:
    named = steps.executed("9", {"result": ["mesh/there.glb", None], "x": ["gone.glb"]})
    there = steps.file("9", b"glTF", "there.glb", subfolder="mesh")
    comfy.script(Play.usual(before={"executed 9": [there, named]}, without=[*NO_PICTURE, "executed 9"]))
    (result,) = client.run(graph("SaveImage"), timing=FAST).wait(10)
    assert (result.media, result.data) == (Media.MODEL, b"glTF")
    assert len(comfy.prompts) == 1


def test_texts_of_a_lost_socket_come_from_the_history(comfy: FakeComfyUI, client: ComfyClient) -> None:
    cut = [steps.words("9", "kept"), steps.drop()]
    comfy.script(Play.usual(before={"executed 9": cut}, without=NO_PICTURE))
    (result,) = client.run(graph("SaveImage"), timing=FAST).wait(10)
    assert result.data == b"kept"


def test_a_file_beyond_the_limit_ends_the_run_with_a_sentence_and_is_asked_for_once(
    comfy: FakeComfyUI, connect: Connect, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(routes, "MAX_FILE", 1000)
    comfy.script(saved(steps.file("9", MP4, "a.mp4"), steps.words("9", "kept")))
    run = connect(comfy.url).run(graph("SaveImage"), timing=FAST, spool=tmp_path)
    with pytest.raises(ResultTooLarge, match='"Picture" is larger'):
        run.wait(10)
    assert [result.data for result in run.results] == [b"kept"]
    assert sum(request.path == "/view" for request in comfy.requests) == 1
    assert list(tmp_path.iterdir()) == []
