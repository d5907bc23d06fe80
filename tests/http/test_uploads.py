"""What makers add: the register and its routes, on a real port, before a scripted ComfyUI."""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import requests
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse
from starlette.routing import Route

from comfy_api.errors import ComfyError, Refused, ServerUnreachable
from comfy_api.http import HostCheck, OwnerCookie, Owners
from comfy_api.http import guard as guarding
from comfy_api.http.uploads import upload_routes
from comfy_api.jobs.retouch import Crop, retouch
from comfy_api.jobs.uploads import Uploads
from comfy_api.protocol.client import ComfyClient
from comfy_api.service import Service
from comfy_api.settings import Settings
from comfy_api.testing import FakeComfyUI
from comfy_api.testing.pictures import jpeg, png
from tests.conftest import Until, wait_until
from tests.http.conftest import Browser

MP4 = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2" + bytes(200)


@dataclass
class Room:
    """A site with uploads, and who is in it."""

    url: str
    base: str
    service: Service
    owners: Owners

    def browser(self) -> Browser:
        return Browser(self.url, self.base, self.owners)


class Maker:
    """Someone who adds things."""

    def __init__(self, room: Room) -> None:
        self.room, self.browser = room, room.browser()

    @property
    def owner(self) -> str:
        return self.browser.owner

    def post(self, path: str = "", **options: Any) -> requests.Response:
        options["headers"] = {"Origin": self.room.url, **options.get("headers", {})}
        return self.browser.session.post(f"{self.room.url}{self.room.base}/easel/uploads{path}", timeout=10, **options)

    def add(self, data: bytes, **query: str) -> Any:
        answer = self.post(data=data, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def show(self, name: str, **query: str) -> requests.Response:
        return self.browser.get(f"/easel/uploads/{name}", params=query)


def sent(comfy: FakeComfyUI) -> int:
    """How many files were posted to ComfyUI."""
    return sum(request.path == "/upload/image" for request in comfy.requests)


def pixels(data: bytes) -> Any:
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)


@pytest.fixture
def base() -> str:
    """Behind a path prefix; that without one is no different is seen by every other route."""
    return "/studio"


@pytest.fixture(scope="module")
def far() -> Iterator[str]:
    """A web server that stands for the public Internet."""

    async def picture(request: Any) -> HTMLResponse:
        return HTMLResponse(png(48, 32, 5), media_type="text/plain")

    app = Starlette(
        routes=[Route("/a/cat.png", picture), Route("/page", lambda request: HTMLResponse("<!doctype html><p>Cats"))]
    )
    yield from serve(app)


def serve(app: Any) -> Iterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="websockets-sansio", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    wait_until(lambda: server.started, what="listening")
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
    listener.close()


@pytest.fixture
def room(comfy: FakeComfyUI, tmp_path: Path, base: str, far: str) -> Iterator[Room]:
    settings = Settings.load(
        comfyui_url=comfy.url, data=tmp_path, base_path=base, max_upload_bytes=200_000, max_media_bytes=400_000
    )
    service, owners = Service(settings), Owners.of_folder(tmp_path)
    assert service.wait_ready(10)

    async def fetch(url: str, *, most: int) -> guarding.Fetched:
        allowed = {"allowed": lambda address: str(address) == "127.0.0.1", "ports": (80, 443, int(far.split(":")[-1]))}
        return await guarding.fetch(url, most=most, **allowed)  # type: ignore[arg-type]

    app = Starlette(
        routes=[
            Route("/", lambda request: HTMLResponse("<p>Easel</p>")),
            *upload_routes(lambda: service, owners, base, fetch=fetch),
        ],
        middleware=[Middleware(HostCheck, hosts=["127.0.0.1"]), Middleware(OwnerCookie, owners=owners)],
    )
    for url in serve(app):
        yield Room(url, base, service, owners)
    service.close()


@pytest.fixture
def ann(room: Room) -> Maker:
    return Maker(room)


# --- adding -----------------------------------------------------------------------------------------------------


def test_a_picture_goes_to_the_server_under_a_name_that_tells_nothing_of_its_maker(
    ann: Maker, comfy: FakeComfyUI, base: str
) -> None:
    upload = ann.add(png(80, 60), filename="C:\\Users\\ann\\me at the sea.png", kind="image")
    assert {**upload, "name": ""} == {
        "name": "",
        "width": 80,
        "height": 60,
        "kind": "image",
        "filename": "me at the sea.png",
        "size": len(png(80, 60)),
        "url": f"{base}/easel/uploads/{upload['name']}",
    }
    assert upload["name"].startswith("easel-")
    assert comfy.files[("input", "", upload["name"])] == png(80, 60)
    assert ann.browser.session.get(f"{ann.room.url}{upload['url']}", timeout=5).content == png(80, 60)


def test_equal_bytes_go_there_once_whoever_adds_them(room: Room, ann: Maker, comfy: FakeComfyUI) -> None:
    names = {ann.add(png(80, 60))["name"], ann.add(png(80, 60))["name"], Maker(room).add(png(80, 60))["name"]}
    assert len(names) == 1
    assert sent(comfy) == 1


def test_a_server_that_lost_a_file_gets_it_again(ann: Maker, comfy: FakeComfyUI) -> None:
    name = ann.add(png())["name"]
    del comfy.files[("input", "", name)]
    ann.room.service.uploads.ensure(ann.owner, {"image": name})
    assert comfy.files[("input", "", name)] == png()
    del comfy.files[("input", "", name)]
    assert ann.add(png())["name"] == name
    assert comfy.files[("input", "", name)] == png()


def test_another_server_gets_what_a_job_needs(tmp_path: Path, comfy: FakeComfyUI) -> None:
    with FakeComfyUI() as other, ComfyClient(comfy.url) as one, ComfyClient(other.url) as two:
        clients = [one]
        uploads = Uploads(tmp_path, Settings.load(), lambda: clients[-1])
        name = uploads.put("ann", png(), "a.png").name
        clients.append(two)
        uploads.ensure("ann", {"image": name, "style": "example.png"})
        assert other.files[("input", "", name)] == png()
        with pytest.raises(Refused, match="not here any more") as refused:
            uploads.ensure("bob", {"style": "example.png", "face": name})
        assert refused.value.control == "face"


@pytest.mark.parametrize(
    ("data", "kind", "why"),
    [
        (b"<html>", "image", "no picture"),
        (png()[:60], "image", "broken"),
        (MP4, "image", "no picture"),
        (png(), "video", "no video"),
        (png(), "audio", "no sound"),
        (b"#!/bin/sh", "file", "not known"),
        (b"", "image", "empty"),
        (bytes(200_001), "image", "larger than"),
        (MP4 + bytes(400_001), "video", "larger than"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(
    ann: Maker, comfy: FakeComfyUI, data: bytes, kind: str, why: str
) -> None:
    answer = ann.post(data=data, params={"kind": kind})
    assert answer.status_code == 400
    assert why in answer.json()["error"]
    assert sent(comfy) == 0


def test_the_limit_holds_while_a_body_arrives_that_announces_nothing(ann: Maker) -> None:
    read = []

    def endless() -> Iterator[bytes]:
        for number in range(10_000):
            read.append(number)
            yield bytes(100_000)

    with suppress(requests.RequestException):  # refused so early that the rest finds no reader
        assert ann.post(data=endless(), params={"kind": "image"}).status_code == 400
    assert len(read) < 1000


def test_a_video_may_be_larger_than_a_picture_and_keeps_its_ending(ann: Maker) -> None:
    upload = ann.add(MP4 + bytes(300_000), filename="clip.exe", kind="video")
    assert (upload["kind"], upload["name"][-4:], upload["width"]) == ("video", ".mp4", 0)


def test_a_file_that_nobody_can_tell_keeps_a_harmless_ending_and_is_only_ever_saved(ann: Maker) -> None:
    upload = ann.add(b"v 0 0 0\n", filename="chair.obj", kind="file")
    assert upload["name"].endswith(".obj")
    answer = ann.show(upload["name"])
    assert answer.headers["content-type"] == "application/octet-stream"
    assert "attachment" in answer.headers["content-disposition"]
    assert ann.post(data=b"<script>", params={"filename": "x.html", "kind": "file"}).status_code == 400


def test_a_server_that_takes_nothing_is_said(ann: Maker, comfy: FakeComfyUI) -> None:
    comfy.fail("POST /upload/image", 507)
    answer = ann.post(data=png())
    assert answer.status_code == 502
    assert "507" in answer.json()["error"]
    assert ann.add(png())["name"]


# --- from elsewhere ---------------------------------------------------------------------------------------------


def test_a_picture_comes_from_a_url_whatever_its_server_calls_it(ann: Maker, far: str) -> None:
    upload = ann.post("/url", json={"url": f"{far}/a/cat.png", "kind": "image"}).json()
    assert (upload["width"], upload["height"], upload["filename"]) == (48, 32, "cat.png")


@pytest.mark.parametrize(("path", "why"), [("/page", "a page, not a file"), ("/none", "404")])
def test_a_url_that_brings_no_picture_is_said(ann: Maker, far: str, path: str, why: str) -> None:
    answer = ann.post("/url", json={"url": far + path, "kind": "image"})
    assert answer.status_code == 400
    assert why in answer.json()["error"]


@pytest.mark.parametrize("body", [b"[]", b"{", b"[" * 5000, b"x" * 9000])
def test_a_request_that_is_none_is_refused(ann: Maker, body: bytes) -> None:
    assert ann.post("/url", data=body).status_code == 400


def test_a_result_becomes_an_input_for_its_maker_alone(room: Room, ann: Maker, until: Until) -> None:
    service = room.service
    job = service.submit(ann.owner, "txt2img", {"prompt": "a fox", "seed": 7, "size": [64, 64], "steps": 2})
    until(lambda: service.get(ann.owner, job.id).over)
    picture = service.results(ann.owner, job.id)[0]
    asked = {"job": job.id, "picture": picture.id, "kind": "image"}
    upload = ann.post("/result", json=asked).json()
    assert ann.show(upload["name"]).content == service.picture(ann.owner, job.id, picture.id)[1].read_bytes()
    assert Maker(room).post("/result", json=asked).status_code == 404
    assert ann.post("/result", json={**asked, "picture": "0" * 64}).status_code == 404


# --- editing ----------------------------------------------------------------------------------------------------


def painted(width: int, height: int, left: int) -> bytes:
    """A mask that is painted from the left edge up to ``left``."""
    mask = np.zeros((height, width, 4), np.uint8)
    mask[:, :left] = 255
    return cv2.imencode(".png", mask)[1].tobytes()


def test_what_is_painted_becomes_transparent_and_keeps_its_colours(ann: Maker) -> None:
    source = png(80, 60)
    name = ann.add(source)["name"]
    edited = ann.post("/edit", params={"name": name}, data=painted(40, 30, 20)).json()
    result, before = pixels(ann.show(edited["name"]).content), pixels(source)
    assert edited["name"] != name
    assert np.array_equal(result[:, :, :3], before)
    assert not result[:, :38, 3].any()
    assert (result[:, 42:, 3] == 255).all()


def test_a_cut_keeps_every_pixel_and_the_mask_that_was_there(ann: Maker) -> None:
    source = png(80, 60)
    name = ann.add(source)["name"]
    masked = ann.post("/edit", params={"name": name}, data=painted(80, 60, 40)).json()["name"]
    cut = ann.post("/edit", params={"name": masked, "crop": "30,10,20,16"}).json()
    result = pixels(ann.show(cut["name"]).content)
    assert (cut["width"], cut["height"]) == (20, 16)
    assert np.array_equal(result[:, :, :3], pixels(source)[10:26, 30:50])
    assert not result[:, :10, 3].any()
    assert (result[:, 10:, 3] == 255).all()


def test_a_mask_of_its_own_is_one_in_every_channel(ann: Maker) -> None:
    name = ann.add(png(80, 60))["name"]
    alone = ann.post("/edit", params={"name": name, "kind": "mask"}, data=painted(80, 60, 40)).json()["name"]
    result = pixels(ann.show(alone).content)
    assert (result[:, :40] == [255, 255, 255, 0]).all()
    assert (result[:, 40:] == [0, 0, 0, 255]).all()


def test_a_photograph_is_cut_as_it_is_seen(ann: Maker) -> None:
    from PIL import Image

    upright = Image.new("RGB", (64, 32))
    upright.paste((255, 0, 0), (0, 0, 32, 32))
    exif, file = Image.Exif(), io.BytesIO()
    exif[0x0112] = 6  # shown turned by a quarter to the right: red is above
    upright.save(file, "JPEG", exif=exif, quality=95)
    upload = ann.add(file.getvalue())
    assert (upload["width"], upload["height"]) == (32, 64)
    cut = ann.post("/edit", params={"name": upload["name"], "crop": "0,0,32,20"}).json()
    assert pixels(ann.show(cut["name"]).content)[:, :, 2].mean() > 200


def test_a_photograph_within_the_limit_may_be_masked_though_its_png_is_larger(ann: Maker) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (330, 330, 3), np.uint8)
    photograph = cv2.imencode(".jpg", noise, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()
    name = ann.add(photograph)["name"]
    assert ann.post("/edit", params={"name": name}, data=painted(33, 33, 9)).json()["size"] > 200_000
    assert ann.post(data=bytes(200_001), params={"kind": "image"}).status_code == 400


@pytest.mark.parametrize("crop", ["0,0,4,4", "100,100,20,20", "-1,0,20,20", "a,b,c,d", "1,2,3", "0,0,99999999,5"])
def test_a_cut_that_leaves_nothing_is_refused(ann: Maker, crop: str) -> None:
    name = ann.add(png(80, 60))["name"]
    assert ann.post("/edit", params={"name": name, "crop": crop}).status_code == 400


@pytest.mark.parametrize("mask", [b"nothing", jpeg(), png()])
def test_a_mask_that_is_none_is_refused(mask: bytes) -> None:
    with pytest.raises(Refused, match="did not arrive whole"):
        retouch(png(), mask=mask)


def test_sixteen_bits_are_cut_too() -> None:
    deep = cv2.imencode(".png", np.full((40, 40, 4), 65535, np.uint16))[1].tobytes()
    assert pixels(retouch(deep, crop=Crop(0, 0, 20, 20))).shape == (20, 20, 4)


# --- whose it is ------------------------------------------------------------------------------------------------


def test_nobody_else_sees_or_uses_it(room: Room, ann: Maker) -> None:
    name, bob = ann.add(png())["name"], Maker(room)
    uploads = room.service.uploads
    assert ann.show(name).status_code == 200
    for query in ({}, {"thumb": "1"}, {"plain": "1"}, {"about": "1"}):
        assert bob.show(name, **query).status_code == 404
    assert bob.post("/edit", params={"name": name}).status_code == 400
    assert requests.get(f"{room.url}{room.base}/easel/uploads/{name}", timeout=5).status_code == 403
    assert uploads.knows(ann.owner, name)
    assert not uploads.knows(bob.owner, name)
    assert uploads.find(bob.owner, name) is None


@pytest.mark.parametrize("path", ["", "/url", "/result", "/edit"])
def test_another_sites_page_adds_nothing(ann: Maker, path: str) -> None:
    answer = ann.post(path, data=png(), headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    assert "error" in answer.json()


def test_the_servers_own_files_may_be_used_and_shown_but_not_other_makers_uploads(
    comfy: FakeComfyUI, tmp_path: Path
) -> None:
    ours = f"easel-{'0' * 24}.png"
    combo = [["example.png", "sub/dog.png", ours], {"image_upload": True}]
    info = {"LoadImage": {"input": {"required": {"image": combo}}}, "Other": {"input": {"required": {"x": [["y"]]}}}}
    with FakeComfyUI(object_info=info) as server, ComfyClient(server.url) as client:
        server.files["input", "sub", "dog.png"] = png(32, 16)
        uploads = Uploads(tmp_path, Settings.load(), lambda: client)
        known = [name for name in ("example.png", "sub/dog.png", ours, "y", "../x", "") if uploads.knows("ann", name)]
        assert known == ["example.png", "sub/dog.png"]
        assert uploads.read("ann", "sub/dog.png") == png(32, 16)
        with pytest.raises(Refused):
            uploads.read("ann", ours)


def test_the_register_lets_go_of_the_longest_unused(tmp_path: Path, comfy: FakeComfyUI) -> None:
    with ComfyClient(comfy.url) as client:
        uploads = Uploads(tmp_path, Settings.load(), lambda: client, most_of_one=2, most_files=3)
        first, second = (uploads.put("ann", png(seed=seed), "").name for seed in (1, 2))
        uploads.find("ann", first)
        uploads.put("ann", png(seed=3), "")
        assert (uploads.find("ann", first) is None, uploads.find("ann", second) is None) == (False, True)
        for seed in (4, 5):
            uploads.put("bob", png(seed=seed), "")
        assert len([path for path in tmp_path.iterdir() if not path.suffix]) == 3


def test_the_register_keeps_only_so_many_bytes(tmp_path: Path, comfy: FakeComfyUI) -> None:
    with ComfyClient(comfy.url) as client:
        uploads = Uploads(tmp_path, Settings.load(), lambda: client, most_bytes=len(png(seed=1)) + 10)
        names = [uploads.put("ann", png(seed=seed), "").name for seed in (1, 2)]
        assert [uploads.find("ann", name) is None for name in names] == [True, False]


def test_without_a_server_nothing_is_taken(tmp_path: Path) -> None:
    with pytest.raises(ServerUnreachable):
        Uploads(tmp_path, Settings.load(), lambda: None).put("ann", png(), "")
    assert issubclass(ServerUnreachable, ComfyError)


# --- showing ----------------------------------------------------------------------------------------------------


def test_a_thumbnail_is_webp_and_plain_has_no_alpha(ann: Maker) -> None:
    name = ann.add(png(800, 600))["name"]
    masked = ann.post("/edit", params={"name": name}, data=painted(80, 60, 40)).json()["name"]
    thumb, plain = ann.show(masked, thumb="1"), ann.show(masked, plain="1", thumb="1")
    assert thumb.headers["content-type"] == plain.headers["content-type"] == "image/webp"
    assert pixels(thumb.content).shape == (480, 640, 4)
    assert np.abs(pixels(plain.content).astype(int) - cv2.resize(pixels(png(800, 600)), (640, 480))).mean() < 4
    assert pixels(ann.show(masked, plain="1").content).shape == (600, 800, 3)


def test_a_video_is_given_in_parts_and_can_do_nothing(ann: Maker) -> None:
    name = ann.add(MP4, kind="video")["name"]
    answer = ann.browser.get(f"/easel/uploads/{name}", headers={"Range": "bytes=4-7"})
    assert (answer.status_code, answer.content) == (206, b"ftyp")
    assert answer.headers["content-type"] == "video/mp4"
    assert "sandbox" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "name", ["../owner.key", "..%2Fowner.key", "easel-000000000000000000000000.png", "example.png"]
)
def test_what_is_not_there_is_not_found(ann: Maker, name: str) -> None:
    assert ann.show(name).status_code in (404, 405)
