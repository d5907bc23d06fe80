"""Results of every kind: what a job keeps of them, and what its maker sees."""

from __future__ import annotations

import hashlib
import itertools
import struct
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from comfy_api.http.view import job_view
from comfy_api.jobs.job import MAX_TEXT, Job, JobState, Picture, Stage
from comfy_api.jobs.naming import file_name, safe_name
from comfy_api.service import Service
from comfy_api.testing import FakeComfyUI, Play, png, steps
from comfy_api.workflow import Media, Workflow
from tests.conftest import Until

ANN = "ann"
_numbers = itertools.count()


def workflow() -> Workflow:
    """Node 9 saves, never the same twice."""
    size = {"width": 64, "height": 64, "batch_size": 1, "color": next(_numbers)}
    return Workflow.load(
        {
            "8": {"class_type": "EmptyImage", "inputs": size},
            "9": {
                "class_type": "SaveImage",
                "inputs": {"images": ["8", 0], "filename_prefix": "x"},
                "_meta": {"title": "Out"},
            },
        }
    )


@pytest.fixture
def video(tmp_path: Path) -> bytes:
    """Two pictures, 48 wide and 32 high."""
    path = tmp_path / "a.mp4"
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"mp4v"), 4.0, (48, 32))
    for shade in (40, 200):
        writer.write(np.full((32, 48, 3), shade, np.uint8))
    writer.release()
    return path.read_bytes()


def made(service: Service, comfy: FakeComfyUI, until: Until, *left: steps.Step, **play: Any) -> Job:
    """The ended job of a run that leaves these."""
    comfy.script(Play.usual(before={"executed 9": left}, without=["result 9 0"], **play))
    job = service.submit(ANN, workflow())
    until(lambda: service.get(ANN, job.id).over)
    return service.get(ANN, job.id)


def test_a_video_is_kept_as_it_came_with_its_size_and_its_first_picture(
    service: Service, comfy: FakeComfyUI, until: Until, video: bytes
) -> None:
    job = made(service, comfy, until, steps.file("9", video, "x_00001_.mp4", animated=True))
    (result,) = job.results
    assert (job.state, result.kind, result.mime) == (JobState.SUCCEEDED, Media.VIDEO, "video/mp4")
    assert (result.width, result.height, result.size) == (48, 32, len(video))
    assert result.id == hashlib.sha256(video).hexdigest()
    assert service.picture(ANN, job.id, result.id)[1].read_bytes() == video
    assert service.thumbnail(ANN, job.id, result.id).read_bytes()[:4] == b"RIFF"


def test_what_only_begins_as_a_video_is_kept_without_a_size(service: Service, comfy: FakeComfyUI, until: Until) -> None:
    (result,) = made(service, comfy, until, steps.file("9", b"\0\0\0\x20ftypisom" + bytes(99), "x.mp4")).results
    assert (result.kind, result.width, result.height) == (Media.VIDEO, 0, 0)


def test_a_text_stands_in_the_job_and_a_long_one_begins_there(
    service: Service, comfy: FakeComfyUI, until: Until
) -> None:
    long = "狐" * (MAX_TEXT + 1)
    job = made(service, comfy, until, steps.words("9", "<b>fox</b>", long))
    short, cut = job_view(job, "")["results"]
    assert (short["kind"], short["text"], short["whole"]) == ("text", "<b>fox</b>", True)
    assert (cut["text"], cut["whole"]) == (long[:-1], False)
    assert service.picture(ANN, job.id, cut["id"])[1].read_text(encoding="utf-8") == long


def test_a_sound_and_a_model_are_offered_by_name_and_size(service: Service, comfy: FakeComfyUI, until: Until) -> None:
    job = made(
        service,
        comfy,
        until,
        steps.file("9", b"fLaC" + bytes(60), "x.flac", key="audio"),
        steps.file("9", b"ply\n", "x.ply", key="3d"),
    )
    results = sorted(job_view(job, "/studio")["results"], key=lambda result: result["index"])
    assert [(result["kind"], result["size"], result["thumb"]) for result in results] == [
        ("audio", 64, None),
        ("model", 4, None),
    ]
    assert {result["name"].rpartition(".")[2] for result in results} == {"flac", "ply"}
    assert all(result["url"].startswith("/studio/easel/jobs/") for result in results)


def test_nothing_is_left_of_a_forgotten_job(comfy: FakeComfyUI, make_service: Any, until: Until, video: bytes) -> None:
    service = make_service(comfy.url, max_jobs=1)
    made(service, comfy, until, steps.file("9", video, "x.mp4"))
    made(service, comfy, until, steps.words("9", "fox"))
    service.submit(ANN, workflow())  # its adding makes room
    files = service._files
    until(lambda: hashlib.sha256(video).hexdigest() not in {path.name for path in files.folder.iterdir()})
    assert list(files.spool.iterdir()) == []


def test_of_a_job_with_hidden_nodes_makers_see_the_others_alone() -> None:
    def picture(node_id: str, kind: Media = Media.IMAGE) -> Picture:
        return Picture(node_id * 64, node_id, 0, f"Node {node_id}", "image/png", 8, 8, 100, kind=kind)

    stages = (Stage("1", "Draft", 2), Stage("2", "Clip", 1, Media.VIDEO))
    job = Job(id="j", owner=ANN, workflow="", title="", stages=stages)
    job = job.evolve(results=(picture("1"), picture("3", Media.TEXT)))
    assert [view["node_id"] for view in job_view(job, "")["results"]] == ["1", "3"]
    assert [(stage.node_id, stage.kind, stage.expected) for stage in job.seen_stages] == [
        ("1", Media.IMAGE, 2),
        ("2", Media.VIDEO, 1),
        ("3", Media.TEXT, 1),
    ]
    assert job.expected == 4
    hidden = replace(job, shown=("2",))
    view = job_view(hidden, "")
    assert (view["results"], [stage["node_id"] for stage in view["stages"]]) == ([], ["2"])
    assert (hidden.expected, len(hidden.results)) == (1, 2)


@pytest.mark.parametrize(
    ("mime", "name", "ending"),
    [
        ("video/webm", "x.mp4", "webm"),
        ("text/plain", "x.srt", "srt"),
        ("text/plain", "", "txt"),
        ("application/octet-stream", "x.PLY", "ply"),
        ("application/octet-stream", "x./../y", "bin"),
        ("application/octet-stream", "", "bin"),
    ],
)
def test_a_download_ends_as_its_bytes_say_or_as_the_server_called_it(mime: str, name: str, ending: str) -> None:
    job = Job(id="j", owner=ANN, workflow="", title="", prompt_text="a fox")
    result = Picture("0" * 64, "9", 0, "Out", mime, 0, 0, 1, name=name)
    assert file_name(job, result, 0) == f"a-fox-1.{ending}"


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("a\\b:c\n.glb", "b_c_.glb"),
        ("x" * 300 + ".glb", "x" * 116 + ".glb"),
        ("..", ""),
    ],
)
def test_a_name_of_the_servers_is_made_safe(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_a_picture_too_large_to_decode_is_still_a_file_to_keep(
    service: Service, comfy: FakeComfyUI, until: Until
) -> None:
    head = struct.pack(">IIBBBBB", 20_000, 20_000, 8, 0, 0, 0, 0)
    chunk = b"IHDR" + head
    huge = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk)) + png()[33:]
    (result,) = made(service, comfy, until, steps.file("9", huge, "x.png")).results
    assert (result.kind, result.width, result.mime) == (Media.FILE, 0, "image/png")
