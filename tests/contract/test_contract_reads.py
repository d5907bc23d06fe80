"""What there is to read: versions, nodes, models, routes that are not there (protocol.md §9)."""

from __future__ import annotations

import pytest
import requests

from tests.contract.wire import Server

NODES = [
    "CheckpointLoaderSimple",
    "LoraLoader",
    "LoraLoaderModelOnly",
    "VAELoader",
    "CLIPTextEncode",
    "KSampler",
    "KSamplerAdvanced",
    "EmptyLatentImage",
    "VAEEncode",
    "VAEDecode",
    "LatentUpscale",
    "LatentUpscaleBy",
    "LoadImage",
    "LoadImageMask",
    "ImageScale",
    "ImageScaleBy",
    "ImageInvert",
    "ImageBlend",
    "EmptyImage",
    "PreviewImage",
    "SaveImage",
    "SaveImageWebsocket",
]


def test_system_stats_name_version_arguments_and_devices(server: Server) -> None:
    stats = server.get("/system_stats").json()
    wanted = {"os", "ram_total", "ram_free", "comfyui_version", "python_version", "embedded_python", "argv"}
    assert wanted <= set(stats["system"])
    assert isinstance(stats["system"]["argv"], list)
    for device in stats["devices"]:
        assert {"name", "type", "index", "vram_total", "vram_free"} <= set(device)
    assert stats["system"].get("easel_demo", False) is server.demo


def test_the_queue_can_be_asked_for_its_length(server: Server) -> None:
    assert server.get("/prompt").json() == {"exec_info": {"queue_remaining": 0}}


@pytest.mark.parametrize("name", NODES)
def test_object_info_of_a_class_has_its_parts(server: Server, name: str) -> None:
    info = server.get(f"/object_info/{name}").json()[name]
    assert info["name"] == name
    assert info["input_order"]["required"] == list(info["input"]["required"])
    assert len(info["output"]) == len(info["output_is_list"]) == len(info["output_name"])
    assert isinstance(info["output_node"], bool)
    assert info == server.get("/object_info").json()[name]
    assert ("is_input_list" in info) is server.newer


def test_both_forms_of_combo_are_there(server: Server) -> None:
    older = server.classes["KSampler"]["input"]["required"]["scheduler"]
    assert "normal" in older[0]
    newer = server.classes["ImageBlend"]["input"]["required"]["blend_mode"]
    assert newer[0] == "COMBO"
    assert "normal" in newer[1]["options"]
    assert server.classes["ImageInvert"]["input"]["required"]["image"] == ["IMAGE"]


def test_ranges_are_exact_to_64_bits(server: Server) -> None:
    seed = server.classes["KSampler"]["input"]["required"]["seed"][1]
    assert (seed["min"], seed["max"]) == (0, 2**64 - 1)


def test_an_unknown_class_is_an_empty_object(server: Server) -> None:
    answer = server.get("/object_info/NoSuchNode")
    assert (answer.status_code, answer.json()) == (200, {})


def test_models_by_folder(server: Server) -> None:
    folders = server.get("/models").json()
    assert {"checkpoints", "loras", "vae"} <= set(folders)
    assert server.checkpoint in server.get("/models/checkpoints").json()
    missing = server.get("/models/no-such-folder")
    assert (missing.status_code, missing.content) == (404, b"")
    assert isinstance(server.get("/embeddings").json(), list)


@pytest.mark.parametrize(
    "path", ["/prompt", "/queue", "/features", "/system_stats", "/object_info/KSampler", "/models"]
)
def test_every_route_is_also_below_api(server: Server, path: str) -> None:
    plain, below = server.get(path).json(), server.get(f"/api{path}").json()
    assert plain.keys() == below.keys() if isinstance(plain, dict) else plain == below


def test_json_is_served_as_such(server: Server) -> None:
    assert server.get("/prompt").headers["Content-Type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize("path", ["/nope", "/jobs", "/history_v2", "/prompt/", "/interrupt", "/free"])
def test_what_is_not_there_to_get_is_404(server: Server, path: str) -> None:
    assert server.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/features", "/nope"])
def test_a_wrong_method_is_405(server: Server, path: str) -> None:
    assert server.post(path).status_code == 405
    assert requests.delete(f"{server.url}/queue", timeout=30).status_code == 405
