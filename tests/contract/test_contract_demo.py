"""What the demo engine adds to the contract: pictures that fit their words, limits, no secrets."""

from __future__ import annotations

import uuid
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.contract.wire import Client, Graph, Message, Server, flat, frames, kinds, of, png, sink, txt2img


@pytest.fixture
def demo(server: Server) -> Server:
    """A demo engine."""
    if not server.demo:
        pytest.skip("only the demo engine promises this")
    return server


def pixels(image: Any) -> NDArray[np.float64]:
    return np.asarray(image.convert("RGB").resize((64, 64)), dtype=np.float64)


def distance(one: Any, other: Any) -> float:
    """Mean difference of two pictures, 0…255."""
    return float(np.abs(pixels(one) - pixels(other)).mean())


def results(messages: list[Message]) -> list[Any]:
    return [frame.picture for frame in frames(messages) if frame.picture.format == "PNG"]


def test_steps_lead_from_noise_to_the_picture(demo: Server) -> None:
    with Client(demo) as client:
        messages = client.run(txt2img(demo, "SaveImageWebsocket", steps=8))
    previews = [frame.picture for frame in frames(messages)[:-1]]
    (result,) = results(messages)
    away = [distance(preview, result) for preview in previews]
    assert away[0] > 3 * away[-1]
    assert away[0] > away[4] > away[-1]


def test_a_batch_gives_siblings_of_which_the_second_is_the_next_seeds_first(demo: Server) -> None:
    with Client(demo) as client:
        both = results(client.run(txt2img(demo, "SaveImageWebsocket", batch=2, seed=41)))
        (second,) = results(client.run(txt2img(demo, "SaveImageWebsocket", seed=42)))
    assert distance(both[0], both[1]) > 2
    assert distance(both[1], second) == 0


def test_the_prompt_text_matters(demo: Server) -> None:
    def painted(client: Client, text: str) -> Any:
        graph = txt2img(demo, "SaveImageWebsocket", seed=1)
        graph["6"]["inputs"]["text"] = text
        return results(client.run(graph))[0]

    with Client(demo) as client:
        assert distance(painted(client, "the sea at night"), painted(client, "a desert at noon")) > 10


def image_to_image(server: Server, name: str, denoise: float) -> Graph:
    graph = txt2img(server, "SaveImageWebsocket", steps=4, seed=3)
    graph["1"] = {"class_type": "LoadImage", "inputs": {"image": name}}
    graph["2"] = {"class_type": "VAEEncode", "inputs": {"pixels": ["1", 0], "vae": ["4", 2]}}
    graph["3"]["inputs"].update(latent_image=["2", 0], denoise=denoise)
    return graph


def test_image_to_image_starts_from_its_input(demo: Server) -> None:
    from PIL import Image

    name = f"{uuid.uuid4().hex}.png"
    demo.post("/upload/image", files={"image": (name, png("magenta", (64, 64)))})
    given = Image.new("RGB", (64, 64), "magenta")
    with Client(demo) as client:
        away = [distance(results(client.run(image_to_image(demo, name, d)))[0], given) for d in (0.2, 0.6, 1.0)]
    assert away[0] < away[1] < away[2]


def test_every_node_class_runs(demo: Server) -> None:
    name = f"{uuid.uuid4().hex}.png"
    demo.post("/upload/image", files={"image": (name, png((1, 2, 3, 4), (33, 20), "RGBA"))})
    lora = demo.classes["LoraLoader"]["input"]["required"]["lora_name"][0][0]
    sampling = {"cfg": 7.0, "sampler_name": "euler", "scheduler": "normal", "steps": 4}
    conditions = {"positive": ["6", 0], "negative": ["7", 0]}
    upscale = {"upscale_method": "bilinear", "crop": "center"}
    graph = txt2img(demo)
    more: dict[str, tuple[str, dict[str, Any]]] = {
        "20": (
            "LoraLoader",
            {"model": ["4", 0], "clip": ["4", 1], "lora_name": lora, "strength_model": 1, "strength_clip": 1},
        ),
        "21": ("LoraLoaderModelOnly", {"model": ["20", 0], "lora_name": lora, "strength_model": -0.5}),
        "22": ("VAELoader", {"vae_name": "pixel_space"}),
        "23": ("LoadImage", {"image": name}),
        "24": ("LoadImageMask", {"image": name, "channel": "red"}),
        "25": ("VAEEncode", {"pixels": ["23", 0], "vae": ["22", 0]}),
        "26": ("LatentUpscale", {"samples": ["25", 0], "width": 48, "height": 0, **upscale}),
        "27": ("LatentUpscaleBy", {"samples": ["26", 0], "upscale_method": "bislerp", "scale_by": 2}),
        "28": (
            "KSamplerAdvanced",
            {
                "model": ["21", 0],
                **sampling,
                **conditions,
                "latent_image": ["27", 0],
                "add_noise": "enable",
                "noise_seed": 5,
                "start_at_step": 0,
                "end_at_step": 2,
                "return_with_leftover_noise": "enable",
            },
        ),
        "29": (
            "KSamplerAdvanced",
            {
                "model": ["21", 0],
                **sampling,
                **conditions,
                "latent_image": ["28", 0],
                "add_noise": "disable",
                "noise_seed": 5,
                "start_at_step": 2,
                "end_at_step": 10000,
                "return_with_leftover_noise": "disable",
            },
        ),
        "30": ("VAEDecode", {"samples": ["29", 0], "vae": ["22", 0]}),
        "31": ("ImageScale", {"image": ["30", 0], "width": 30, "height": 30, **upscale}),
        "32": ("ImageScaleBy", {"image": ["31", 0], "upscale_method": "lanczos", "scale_by": 0.5}),
        "33": ("ImageInvert", {"image": ["32", 0]}),
        "34": (
            "ImageBlend",
            {"image1": ["33", 0], "image2": ["23", 0], "blend_factor": 0.5, "blend_mode": "soft_light"},
        ),
    }
    graph.update({key: {"class_type": kind, "inputs": inputs} for key, (kind, inputs) in more.items()})
    graph["35"] = sink("SaveImageWebsocket", ["34", 0])
    with Client(demo) as client:
        messages = client.run(graph)
    assert of("execution_error", messages) == []
    assert results(messages)[-1].size == (15, 15)


@pytest.mark.parametrize("mode", ["normal", "multiply", "screen", "overlay", "soft_light", "difference"])
def test_blending_black_over_white_by_each_mode(demo: Server, mode: str) -> None:
    graph = flat("SaveImageWebsocket", color=0xFFFFFF)
    graph["3"] = {**graph["1"], "inputs": {**graph["1"]["inputs"], "color": 0}}
    blend = {"image1": ["1", 0], "image2": ["3", 0], "blend_factor": 1.0, "blend_mode": mode}
    graph["4"] = {"class_type": "ImageBlend", "inputs": blend}
    graph["2"] = sink("SaveImageWebsocket", ["4", 0])
    with Client(demo) as client:
        (picture,) = results(client.run(graph))
    white = mode in ("screen", "overlay", "soft_light", "difference")
    assert picture.getpixel((0, 0)) == ((255,) * 3 if white else (0,) * 3)


# --- limits and secrets -----------------------------------------------------------------------------


def test_too_many_pixels_are_refused_in_words(demo: Server) -> None:
    graph = flat()
    graph["1"]["inputs"].update(width=16384, height=16384, batch_size=4096)
    with Client(demo) as client:
        (error,) = of("execution_error", client.run(graph))
        assert "at most 64,000,000 pixels" in error["exception_message"]
        assert "execution_success" in kinds(client.run(flat()))


def test_an_unknown_format_fails_the_prompt_and_not_the_engine(demo: Server) -> None:
    if demo.newer:
        pytest.skip("refused by validation")
    with Client(demo) as client:
        assert of("execution_error", client.run(flat("ETN_SendImageWebSocket", format="XYZ")))
        assert "execution_success" in kinds(client.run(flat()))


def test_credentials_are_neither_queued_nor_kept(demo: Server) -> None:
    with Client(demo) as client:
        prompt_id = client.queue(flat(), extra_data={"api_key_comfy_org": "SECRET", "x": 1})
        client.read_to_end(prompt_id)
    assert "SECRET" not in demo.get(f"/history/{prompt_id}").text
    assert demo.history(prompt_id)["prompt"][3]["x"] == 1


def test_extra_data_null_is_survived(demo: Server) -> None:
    if demo.newer:
        assert demo.queue(flat(), extra_data=None).status_code == 500
        return
    with Client(demo) as client:
        assert "execution_success" in kinds(client.run(flat(), extra_data=None))


def test_a_prompt_may_switch_previews_off_in_newer_versions(demo: Server) -> None:
    if not demo.newer:
        pytest.skip("newer versions only")
    with Client(demo) as client:
        assert frames(client.run(txt2img(demo), extra_data={"preview_method": "none"})) == []
        assert frames(client.run(txt2img(demo), extra_data={"preview_method": "latent2rgb"}))


def test_saving_outside_the_output_folder_fails(demo: Server) -> None:
    with Client(demo) as client:
        messages = client.run(flat("SaveImage", filename_prefix="../../x"))
    assert of("execution_error", messages)[0]["node_id"] == "2"
