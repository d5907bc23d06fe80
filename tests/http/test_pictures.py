"""Pictures by URL."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

import pytest
import requests
import websocket

from comfy_api.http import Owners
from comfy_api.jobs.job import Job
from comfy_api.jobs.naming import stem
from tests.conftest import Until
from tests.http.conftest import Browser, Site


@pytest.fixture
def browser(site: Site) -> Browser:
    return site.browser()


@pytest.fixture
def job(site: Site, browser: Browser, until: Until) -> Job:
    values = {"prompt": 'A "red" fox / <b>', "seed": 7, "images": 2, "size": [64, 64], "steps": 2}
    job = site.service.submit(browser.owner, "txt2img", values)
    until(lambda: site.service.get(browser.owner, job.id).over)
    return site.service.get(browser.owner, job.id)


def test_a_picture_is_the_bytes_that_came_and_is_kept_by_the_browser(browser: Browser, job: Job) -> None:
    for picture in job.results:
        answer = browser.get(f"/easel/jobs/{job.id}/pictures/{picture.id}")
        assert hashlib.sha256(answer.content).hexdigest() == picture.id
        assert answer.headers["content-type"] == "image/png"
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_thumbnail_is_webp(browser: Browser, job: Job) -> None:
    answer = browser.get(f"/easel/jobs/{job.id}/pictures/{job.results[0].id}?thumb=1")
    assert answer.headers["content-type"] == "image/webp"
    assert answer.content[:4] == b"RIFF"


def test_a_download_has_a_name_that_says_what_it_is(browser: Browser, job: Job) -> None:
    answer = browser.get(f"/easel/jobs/{job.id}/pictures/{job.results[1].id}?download=1")
    assert answer.headers["content-disposition"] == 'attachment; filename="a-red-fox-b-7-2.png"'


def test_all_pictures_come_in_one_zip(browser: Browser, job: Job) -> None:
    answer = browser.get(f"/easel/jobs/{job.id}/all.zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        assert packed.namelist() == ["a-red-fox-b-7-1.png", "a-red-fox-b-7-2.png"]
        assert {hashlib.sha256(packed.read(name)).hexdigest() for name in packed.namelist()} == {
            picture.id for picture in job.results
        }


@pytest.mark.parametrize("path", ["pictures/{picture}", "pictures/{picture}?thumb=1", "all.zip"])
def test_nobody_else_gets_anything(site: Site, job: Job, path: str) -> None:
    url = f"/easel/jobs/{job.id}/{path.format(picture=job.results[0].id)}"
    assert site.browser().get(url).status_code == 404
    assert requests.get(f"{site.url}{site.base}{url}", timeout=5).status_code == 404


@pytest.mark.parametrize("picture", ["0" * 64, "..%2Fowner.key", "."])
def test_a_picture_of_another_job_is_not_found(browser: Browser, job: Job, picture: str) -> None:
    assert browser.get(f"/easel/jobs/{job.id}/pictures/{picture}").status_code == 404


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("", "picture"),
        ("../../etc/passwd", "etc-passwd"),
        ("雪の城", "雪の城"),
        ("x" * 99, "x" * 48),
        ("a\nb\0c", "a-b-c"),
    ],
)
def test_file_names_are_safe(text: str, name: str) -> None:
    assert stem(Job(id="1", owner="ann", workflow="", title="", prompt_text=text)) == name


# --- cookies -----------------------------------------------------------------------------------------------------


def test_the_cookie_is_for_the_server_alone(site: Site) -> None:
    answer = requests.get(site.url, headers={"Accept": "text/html"}, timeout=5)
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie


def test_a_browser_keeps_its_cookie(site: Site, browser: Browser) -> None:
    before = browser.owner
    assert "set-cookie" not in browser.session.get(site.url, headers={"Accept": "text/html"}, timeout=5).headers
    assert browser.owner == before


def test_a_forged_cookie_is_nobody(tmp_path: Path) -> None:
    ours, theirs = Owners.of_folder(tmp_path / "a"), Owners.of_folder(tmp_path / "b")
    value = ours.new()
    assert ours.owner_of({"easel_owner": value}) == value.rpartition(".")[0]
    assert ours.owner_of({"easel_owner": theirs.new()}) is None
    assert ours.owner_of({"easel_owner": "ann"}) is None
    assert ours.owner_of({}) is None


@pytest.mark.parametrize("host", ["evil.example", "", "[", "127.0.0.1.evil.example"])
def test_a_foreign_name_is_refused_with_a_sentence(site: Site, host: str) -> None:
    answer = requests.get(site.url, headers={"Host": host}, timeout=5)
    assert answer.status_code == 400
    assert "allowedHosts" in answer.text
    url = f"{site.url.replace('http', 'ws')}{site.base}/easel/jobs/1/live"
    with pytest.raises(websocket.WebSocketBadStatusException):
        websocket.create_connection(url, host="evil.example", timeout=5)


def test_the_key_outlives_a_start_and_only_we_can_read_it(tmp_path: Path) -> None:
    value = Owners.of_folder(tmp_path).new()
    assert Owners.of_folder(tmp_path).owner_of({"easel_owner": value})
    assert (tmp_path / "owner.key").stat().st_mode & 0o077 == 0
