"""Results of other kinds by URL: what is shown in place, what is only for keeping, and parts of files."""

from __future__ import annotations

import io
import zipfile

import pytest

from comfy_api.jobs.job import Job
from comfy_api.testing import FakeComfyUI, Play, steps
from comfy_api.workflow import Workflow
from tests.conftest import Until
from tests.http.conftest import Browser, Site

MP4 = b"\0\0\0\x20ftypisom" + bytes(range(256)) * 8
SCRIPT = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
GRAPH = {
    "8": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": 0}},
    "9": {"class_type": "SaveImage", "inputs": {"images": ["8", 0], "filename_prefix": "x"}},
}


@pytest.fixture
def browser(site: Site) -> Browser:
    return site.browser()


@pytest.fixture
def job(site: Site, browser: Browser, comfy: FakeComfyUI, until: Until) -> Job:
    left = [
        steps.file("9", MP4, "x.mp4", animated=True),
        steps.file("9", SCRIPT, "x.svg"),
        steps.file("9", b"<script>alert(1)</script>", "x.html", key="files"),
        steps.file("9", b"alert(1)", "x.js", key="files"),
        steps.file("9", b"glTF\2\0\0\0", "x.glb", key="3d"),
        steps.words("9", "<script>alert(2)</script>"),
    ]
    comfy.script(Play.usual(before={"executed 9": left}, without=["result 9 0"]))
    job = site.service.submit(browser.owner, Workflow.load(GRAPH))
    until(lambda: site.service.get(browser.owner, job.id).over)
    return site.service.get(browser.owner, job.id)


def url(job: Job, index: int) -> str:
    result = next(result for result in job.results if result.index == index)
    return f"/easel/jobs/{job.id}/pictures/{result.id}"


def test_a_video_is_shown_in_place_and_in_parts(browser: Browser, job: Job) -> None:
    answer = browser.get(url(job, 0))
    assert (answer.headers["content-type"], answer.headers["accept-ranges"]) == ("video/mp4", "bytes")
    assert "content-disposition" not in answer.headers
    part = browser.get(url(job, 0), headers={"Range": "bytes=4-11"})
    assert (part.status_code, part.content) == (206, b"ftypisom")
    assert part.headers["content-range"] == f"bytes 4-11/{len(MP4)}"


@pytest.mark.parametrize("index", [1, 2, 3, 4])
@pytest.mark.parametrize("query", ["", "?download=1", "?thumb=1"])
def test_what_no_browser_shows_or_could_run_a_script_is_only_for_keeping(
    browser: Browser, job: Job, index: int, query: str
) -> None:
    answer = browser.get(url(job, index) + query)
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]


def test_a_text_is_text_whatever_it_says(browser: Browser, job: Job) -> None:
    answer = browser.get(url(job, 5))
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.text == "<script>alert(2)</script>"


def test_the_zip_holds_every_kind_under_the_names_of_single_downloads(browser: Browser, job: Job) -> None:
    with zipfile.ZipFile(io.BytesIO(browser.get(f"/easel/jobs/{job.id}/all.zip").content)) as packed:
        names = packed.namelist()
    singles = [browser.get(f"{url(job, result.index)}?download=1") for result in job.results]
    assert [answer.headers["content-disposition"] for answer in singles] == [
        f'attachment; filename="{name}"' for name in names
    ]
    assert sorted(name.rpartition(".")[2] for name in names) == ["glb", "html", "js", "mp4", "svg", "txt"]


def test_nobody_else_gets_a_video(site: Site, job: Job) -> None:
    assert site.browser().get(url(job, 0)).status_code == 404
