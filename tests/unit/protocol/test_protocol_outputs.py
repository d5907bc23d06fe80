"""What a node left: files of every kind, and texts."""

from __future__ import annotations

from typing import Any

import pytest

from comfy_api.protocol.outputs import MAX_OUTPUTS, OutputRef, OutputText, parse_outputs
from comfy_api.workflow import Media, foresee


def ref(filename: str, index: int = 0, subfolder: str = "", type: str = "output") -> OutputRef:
    return OutputRef("9", index, filename, subfolder, type)


@pytest.mark.parametrize(
    ("output", "found"),
    [
        # As ComfyUI 0.3.64 says it.
        ({"images": [{"filename": "a.webm", "subfolder": "", "type": "output"}], "animated": [True]}, [ref("a.webm")]),
        ({"audio": [{"filename": "a.flac", "subfolder": "s", "type": "temp"}]}, [ref("a.flac", 0, "s", "temp")]),
        ({"text": ["hello"]}, [OutputText("9", 0, "hello")]),
        ({"result": ["mesh/x.glb", None]}, [ref("x.glb", 0, "mesh")]),
        ({"latents": [{"filename": "a.latent"}]}, [ref("a.latent")]),
        # As packs and newer versions do.
        ({"gifs": [{"filename": "a.mp4", "format": "video/h264-mp4", "workflow": "a.png"}]}, [ref("a.mp4")]),
        ({"result": ["3d\\x.obj [temp]", {"position": 1}]}, [ref("x.obj", 0, "3d", "temp")]),
        ({"3d": [{"filename": "a.glb"}], "result": ["a.glb"]}, [ref("a.glb")]),
        ({"files": [{"filename": "a.txt"}], "text": ["what a.txt holds"]}, [ref("a.txt")]),
        ({"text": [{"name": "Prompt", "text": "hello"}]}, [OutputText("9", 0, "hello")]),
        ({"images": [{"filename": "a.png"}], "text": ["a fox", "a fox"]},
         [ref("a.png"), OutputText("9", 1, "a fox"), OutputText("9", 2, "a fox")]),
        # Nothing to fetch, or nothing at all.
        ({"images": [{"source": "websocket", "content-type": "image/png"}]}, []),
        ({"images": None, "text": "abc", "animated": [True], "x": [1, None, ["a.glb"]], "y": {"filename": "a"}}, []),
        ({"images": [{"filename": 7}, {"filename": ""}], "text": [None, "", {"text": 1}]}, []),
        ({"tags": ["a.png", "read me.txt", ".glb"]}, []),
    ],
)  # fmt: skip
def test_outputs_are_found_under_any_key(output: dict[str, Any], found: list[Any]) -> None:
    assert parse_outputs("9", output) == found


def test_a_file_that_is_only_named_may_not_be_there() -> None:
    assert [found.guessed for found in parse_outputs("9", {"result": ["a.glb"], "3d": [{"filename": "b.glb"}]})] == [
        True,
        False,
    ]


def test_what_a_node_tells_again_is_not_new_and_what_it_adds_is_counted_on() -> None:
    first = parse_outputs("9", {"images": [{"filename": "a.png"}], "text": ["x", "x"]})
    assert parse_outputs("9", {"images": [{"filename": "a.png"}], "text": ["x", "x"]}, first) == []
    assert parse_outputs("9", {"images": [{"filename": "b.png"}]}, first) == [ref("b.png", 3)]


def test_a_flood_is_cut() -> None:
    assert len(parse_outputs("9", {"text": ["x"] * 5000})) == MAX_OUTPUTS


@pytest.mark.parametrize(
    ("class_type", "media", "count"),
    [
        ("PreviewImage", Media.IMAGE, 4),
        ("SaveImageWebsocket", Media.IMAGE, 4),
        ("OfSomePack", Media.IMAGE, 4),
        ("SaveAnimatedWEBP", Media.ANIMATION, 1),
        ("SaveVideo", Media.VIDEO, 1),
        ("VHS_VideoCombine", Media.VIDEO, 1),
        ("SaveAudioMP3", Media.AUDIO, 1),
        ("PreviewAny", Media.TEXT, 1),
        ("Preview3DAnimation", Media.MODEL, 1),
    ],
)
def test_what_a_class_will_give_is_foreseen(class_type: str, media: Media, count: int) -> None:
    assert foresee(class_type, 4) == (media, count)
