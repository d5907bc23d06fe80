"""Uploads, loads and /view (protocol.md §10)."""

from __future__ import annotations

import io
import json
import uuid
from typing import Any

import pytest
import requests
from PIL import Image

from tests.contract.wire import Client, Server, is_end, of, png, sink


@pytest.fixture
def name() -> str:
    """A file name that no test has used."""
    return f"{uuid.uuid4().hex[:12]}.png"


def upload(server: Server, name: str, data: bytes, path: str = "/upload/image", **form: str) -> requests.Response:
    return server.post(path, files={"image": (name, data)}, data=form)


def uploaded(server: Server, name: str, data: bytes, **form: str) -> dict[str, str]:
    answer = upload(server, name, data, **form)
    assert answer.status_code == 200, answer.text
    return {key: answer.json()[key] for key in ("name", "subfolder", "type")}


def view(server: Server, name: str, kind: str = "input", headers: Any = None, **query: str) -> requests.Response:
    return server.get("/view", params={"filename": name, "type": kind, **query}, headers=headers)


def opened(answer: requests.Response) -> Image.Image:
    assert answer.status_code == 200
    return Image.open(io.BytesIO(answer.content))


# --- uploads ----------------------------------------------------------------------------------------


def test_an_upload_is_named_and_can_be_viewed(server: Server, name: str) -> None:
    assert uploaded(server, name, png()) == {"name": name, "subfolder": "", "type": "input"}
    assert view(server, name).content == png()


def test_the_same_bytes_keep_the_name_and_others_get_a_number(server: Server, name: str) -> None:
    stem = name.removesuffix(".png")
    uploaded(server, name, png("red"))
    assert uploaded(server, name, png("red"))["name"] == name
    assert uploaded(server, name, png("blue"))["name"] == f"{stem} (1).png"
    assert uploaded(server, name, png("blue"))["name"] == f"{stem} (1).png"
    assert uploaded(server, name, png("green"))["name"] == f"{stem} (2).png"


@pytest.mark.parametrize(("said", "kept"), [("true", True), ("1", True), ("True", False), ("false", False)])
def test_only_true_and_1_overwrite(server: Server, name: str, said: str, kept: bool) -> None:
    uploaded(server, name, png("red"))
    assert (uploaded(server, name, png("blue"), overwrite=said)["name"] == name) is kept
    assert (view(server, name).content == png("blue")) is kept


def test_subfolder_and_type_are_kept(server: Server, name: str) -> None:
    assert uploaded(server, name, png(), subfolder="a/b")["subfolder"] == "a/b"
    assert view(server, name, subfolder="a/b").status_code == 200
    assert uploaded(server, name, png(), type="temp")["type"] == "temp"
    assert view(server, name, "temp").status_code == 200


def test_names_with_blanks_and_other_letters_are_kept(server: Server, name: str) -> None:
    assert uploaded(server, f"mein bild é 日本 {name}", png())["name"] == f"mein bild é 日本 {name}"
    assert view(server, f"mein bild é 日本 {name}").content == png()
    assert uploaded(server, f'a"{name}', png())["name"] == f"a%22{name}"


@pytest.mark.parametrize(
    ("prefix", "form", "status"),
    [
        ("../", {}, 400),
        ("", {"subfolder": "../x"}, 400),
        ("", {"subfolder": "/abs"}, 400),
        ("", {"type": "bogus"}, 500),
    ],
)
def test_escapes_and_unknown_types_are_refused(
    server: Server, name: str, prefix: str, form: dict[str, str], status: int
) -> None:
    assert upload(server, prefix + name, png(), **form).status_code == status


def test_another_field_or_none_is_400(server: Server, name: str) -> None:
    assert server.post("/upload/image", files={"file": (name, png())}).status_code == 400
    assert server.post("/upload/image", data={"a": "b"}).status_code == 400


def test_any_content_is_taken(server: Server, name: str) -> None:
    assert uploaded(server, f"{name}.txt", b"hello")["name"] == f"{name}.txt"
    assert uploaded(server, name, b"")["name"] == name


def test_more_than_100_mb_is_413(server: Server, name: str) -> None:
    answer = upload(server, name, b"0" * (101 * 1024 * 1024))
    assert answer.status_code == 413
    assert view(server, name).status_code == 404


def test_a_mask_takes_the_pictures_colours_and_its_own_alpha(server: Server, name: str) -> None:
    uploaded(server, name, png("red"))
    ref = json.dumps({"filename": name, "subfolder": "", "type": "input"})
    answer = upload(server, f"m{name}", png((1, 2, 3, 100), mode="RGBA"), "/upload/mask", original_ref=ref)
    assert answer.json()["name"] == f"m{name}"
    assert opened(view(server, f"m{name}")).getpixel((0, 0)) == (255, 0, 0, 100)


def test_a_mask_of_a_missing_picture_is_200_and_no_file(server: Server, name: str) -> None:
    ref = json.dumps({"filename": "none.png", "subfolder": "", "type": "input"})
    assert upload(server, name, png(mode="RGBA"), "/upload/mask", original_ref=ref).status_code == 200
    assert view(server, name).status_code == 404


def test_a_mask_without_its_original_is_500(server: Server, name: str) -> None:
    assert upload(server, name, png(mode="RGBA"), "/upload/mask").status_code == 500


# --- loading ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "pattern"),
    [
        ({}, "{}"),
        ({"subfolder": "sub/deep"}, "sub/deep/{}"),
        ({"type": "temp"}, "{} [temp]"),
        ({"type": "output", "subfolder": "sub"}, "sub/{} [output]"),
    ],
)
def test_load_image_finds_files_in_every_folder(client: Client, name: str, form: dict[str, str], pattern: str) -> None:
    uploaded(client.server, name, png("blue", (16, 8)), **form)
    graph = {
        "1": {"class_type": "LoadImage", "inputs": {"image": pattern.format(name)}},
        "2": sink("PreviewImage", ["1", 0]),
    }
    (ref,) = of("executed", client.run(graph))[0]["output"]["images"]
    picture = opened(view(client.server, ref["filename"], "temp"))
    assert (picture.size, picture.getpixel((0, 0))) == ((16, 8), (0, 0, 255))


def test_load_image_does_not_leave_its_folder(server: Server) -> None:
    graph = {
        "1": {"class_type": "LoadImage", "inputs": {"image": "../../../etc/passwd"}},
        "2": sink("PreviewImage", ["1", 0]),
    }
    answer = server.queue(graph)
    assert answer.status_code == 400
    assert answer.json()["node_errors"]["1"]["errors"][0]["type"] == "custom_validation_failed"


def test_exif_rotation_is_applied(client: Client, name: str) -> None:
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (16, 8)).save(buffer, "JPEG", exif=exif)
    uploaded(client.server, f"{name}.jpg", buffer.getvalue())
    graph = {
        "1": {"class_type": "LoadImage", "inputs": {"image": f"{name}.jpg"}},
        "2": sink("PreviewImage", ["1", 0]),
    }
    (ref,) = of("executed", client.run(graph))[0]["output"]["images"]
    assert opened(view(client.server, ref["filename"], "temp")).size == (8, 16)


def test_load_image_lists_the_top_of_the_input_folder(server: Server, name: str) -> None:
    uploaded(server, name, png())
    uploaded(server, f"sub{name}", png(), subfolder="deep")
    listed = server.get("/object_info/LoadImage").json()["LoadImage"]["input"]["required"]["image"][0]
    assert name in listed
    assert not any(f"sub{name}" in entry for entry in listed)
    assert listed == sorted(listed)


def test_a_result_can_be_loaded_again(client: Client) -> None:
    source = {
        "1": {"class_type": "EmptyImage", "inputs": {"width": 24, "height": 16, "batch_size": 1, "color": 255}},
        "2": sink("SaveImage", ["1", 0], filename_prefix="again/x", _run=uuid.uuid4().hex),
    }
    (ref,) = of("executed", client.run(source))[0]["output"]["images"]
    graph = {
        "1": {"class_type": "LoadImage", "inputs": {"image": f"{ref['subfolder']}/{ref['filename']} [output]"}},
        "2": sink("PreviewImage", ["1", 0]),
    }
    answer = client.server.queue(graph, client_id=client.id)
    assert answer.status_code == 200
    prompt_id = answer.json()["prompt_id"]
    client.read_until(lambda m: is_end(m, prompt_id))
    assert client.server.history(prompt_id)["status"]["completed"]


# --- view -------------------------------------------------------------------------------------------


@pytest.fixture
def shown(server: Server, name: str) -> str:
    """The name of an uploaded picture with alpha."""
    uploaded(server, name, png((200, 100, 50, 128), (32, 32), "RGBA"))
    return name


def test_a_known_picture_is_not_sent_again(server: Server, shown: str) -> None:
    first = view(server, shown)
    assert first.headers["Content-Type"] == "image/png"
    assert first.headers["Content-Disposition"] == f'filename="{shown}"'
    by_tag = view(server, shown, headers={"If-None-Match": first.headers["ETag"]})
    by_time = view(server, shown, headers={"If-Modified-Since": first.headers["Last-Modified"]})
    assert (by_tag.status_code, by_time.status_code, by_tag.content) == (304, 304, b"")


def test_parts_and_heads(server: Server, shown: str) -> None:
    whole = view(server, shown)
    part = view(server, shown, headers={"Range": "bytes=0-9"})
    assert (part.status_code, part.content) == (206, whole.content[:10])
    head = requests.head(f"{server.url}/view", params={"filename": shown, "type": "input"}, timeout=30)
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(whole.content)))


@pytest.mark.parametrize(
    ("wish", "format_name"),
    [("webp;90", "WEBP"), ("webp;x", "WEBP"), ("jpeg;50", "JPEG"), ("jpeg", "JPEG"), ("bogus", "WEBP")],
)
def test_previews(server: Server, shown: str, wish: str, format_name: str) -> None:
    answer = view(server, shown, preview=wish)
    assert opened(answer).format == format_name
    assert answer.headers["Content-Type"] == f"image/{format_name.lower()}"


def test_channels(server: Server, shown: str) -> None:
    assert opened(view(server, shown, channel="rgb")).getpixel((0, 0)) == (200, 100, 50)
    assert opened(view(server, shown, channel="a")).getpixel((0, 0)) == (0, 0, 0, 128)
    assert opened(view(server, shown, channel="rgba")).getpixel((0, 0)) == (200, 100, 50, 128)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"filename": "none.png", "type": "input"}, 404),
        ({}, 404),
        ({"filename": "x.png", "type": "bogus"}, 400),
        ({"filename": "../x.png", "type": "input"}, 400),
        ({"filename": "/etc/passwd", "type": "input"}, 400),
        ({"filename": "passwd", "type": "input", "subfolder": "/etc"}, 403),
        ({"filename": "x.png", "type": "input", "subfolder": "../.."}, 403),
    ],
)
def test_what_is_not_shown(server: Server, query: dict[str, str], status: int) -> None:
    answer = server.get("/view", params=query)
    assert (answer.status_code, answer.content) == (status, b"")


def test_a_filename_with_a_sub_path_is_not_found(server: Server, name: str) -> None:
    uploaded(server, name, png(), subfolder="only/here")
    assert view(server, f"only/here/{name}").status_code == 404


def test_a_preview_of_no_picture_is_500(server: Server, name: str) -> None:
    uploaded(server, f"{name}.txt", b"hello")
    assert view(server, f"{name}.txt", preview="webp").status_code == 500
    assert view(server, f"{name}.txt").content == b"hello"
