"""One prompt's run: messages and their order, previews, results, errors, history (protocol.md §1, §2, §5)."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Iterator

import pytest
from PIL import Image

from tests.contract.wire import Client, Frame, Server, flat, frames, kinds, of, png, sink, txt2img

STEP_WITH_FLAG = ["frame4", "progress"]
STEP_WITHOUT_FLAG = ["progress", "frame1"]


@pytest.fixture(params=[True, False], ids=["flag", "no-flag"])
def flagged(request: pytest.FixtureRequest, server: Server) -> Iterator[Client]:
    """A client with the preview flag, and one without."""
    with Client(server, flags=bool(request.param)) as client:
        yield client


def steps_of(messages: list[object], node: str) -> list[str]:
    """What comes between ``executing`` of a node and the next."""
    words, here = [], False
    for message in messages:
        if isinstance(message, dict) and message["type"] == "executing":
            here = message["data"]["node"] == node
        elif here:
            words += kinds([message])  # type: ignore[list-item]
    return words


def test_messages_come_in_comfyuis_order(client: Client) -> None:
    client.server.post("/free", json={"free_memory": True})
    client.run(flat())
    messages = client.run(txt2img(client.server, steps=2))
    executing = [data["node"] for data in of("executing", messages)]
    assert sorted(executing[:-4]) == ["4", "5", "6", "7"]
    assert executing[0] == "4"
    assert executing[-4:] == ["3", "8", "9", None]
    assert kinds(messages) == [
        "execution_start",
        "execution_cached",
        *["executing"] * 5,
        *STEP_WITHOUT_FLAG * 2,
        "executing",
        "executing",
        "executed",
        "execution_success",
        "executing",
    ]


def test_status_counts_at_put_at_take_and_before_the_end(client: Client) -> None:
    messages = client.run(flat())
    counts = [data["status"]["exec_info"]["queue_remaining"] for data in of("status", messages)]
    assert counts == [1, 1, 0]
    assert messages[-2]["type"] == "status"
    assert [m["type"] for m in messages[:2]] == ["status", "status"]


def test_every_message_names_its_prompt_and_start_and_end_the_time(client: Client) -> None:
    prompt_id = client.queue(flat())
    messages = [m for m in client.read_to_end(prompt_id) if isinstance(m, dict) and m["type"] != "status"]
    assert {m["data"]["prompt_id"] for m in messages} == {prompt_id}
    for kind in ("execution_start", "execution_cached", "execution_success"):
        assert of(kind, messages)[0]["timestamp"] > 1_600_000_000_000


def test_progress_state_tells_each_node_from_start_to_finish(client: Client) -> None:
    prompt_id = client.queue(txt2img(client.server, steps=2))
    states = [data["nodes"].get("3") for data in of("progress_state", client.read_to_end(prompt_id))]
    seen = [(s["value"], s["max"], s["state"]) for s in states if s]
    assert list(dict.fromkeys(seen)) == [
        (0, 1, "running"),
        (1, 2, "running"),
        (2, 2, "running"),
        (2, 2, "finished"),
    ]
    about = {"node_id": "3", "display_node_id": "3", "parent_node_id": None, "real_node_id": "3"}
    assert {k: v for k, v in states[-1].items() if k not in ("value", "max", "state")} == {
        **about,
        "prompt_id": prompt_id,
    }


def test_previews_are_jpeg_of_512_px_in_the_framing_asked_for(flagged: Client) -> None:
    flagged.run(txt2img(flagged.server))
    prompt_id = flagged.queue(txt2img(flagged.server, steps=3, batch=2))
    messages = flagged.read_to_end(prompt_id)
    previews = frames(messages)
    assert [preview.picture.format for preview in previews] == ["JPEG"] * 3
    assert {preview.picture.size for preview in previews} == {(512, 512)}
    if previews[0].event == 4:
        assert steps_of(messages, "3") == STEP_WITH_FLAG * 3
        assert previews[0].metadata == metadata("3", prompt_id, "jpeg")
    else:
        assert steps_of(messages, "3") == STEP_WITHOUT_FLAG * 3
        assert previews[0].code == 1


def metadata(node: str, prompt_id: str, kind: str) -> dict[str, object]:
    """What a type-4 frame says of itself."""
    return {
        "node_id": node,
        "prompt_id": prompt_id,
        "display_node_id": node,
        "parent_node_id": None,
        "real_node_id": node,
        "image_type": f"image/{kind}",
    }


# --- results ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("format_name", "code"), [("PNG", 2), ("JPEG", 1)])
def test_etn_sends_type_1_frames_in_batch_order_then_executed(
    flagged: Client, etn: str, format_name: str, code: int
) -> None:
    messages = flagged.run(flat(etn, batch=3, format=format_name))
    assert steps_of(messages, "2") == ["frame1"] * 3 + ["executed", "execution_success"]
    assert [(f.code, f.picture.format) for f in frames(messages)] == [(code, format_name)] * 3
    assert {f.picture.size for f in frames(messages)} == {(64, 64)}
    ref = {"source": "websocket", "content-type": f"image/{format_name.lower()}", "type": "output"}
    assert of("executed", messages)[0]["output"] == {"images": [ref] * 3}


def test_save_image_websocket_counts_from_zero_and_has_no_executed(flagged: Client) -> None:
    prompt_id = flagged.queue(flat("SaveImageWebsocket", batch=3))
    messages = flagged.read_to_end(prompt_id)
    results = frames(messages)
    step = STEP_WITH_FLAG if results[0].event == 4 else STEP_WITHOUT_FLAG
    assert steps_of(messages, "2") == [*step * 3, "execution_success"]
    assert [(data["value"], data["max"]) for data in of("progress", messages)] == [(0, 3), (1, 3), (2, 3)]
    assert {f.picture.format for f in results} == {"PNG"}
    if results[0].event == 4:
        assert results[0].metadata == metadata("2", prompt_id, "png")
    else:
        assert results[0].code == 2
    assert flagged.server.history(prompt_id)["outputs"] == {}


def test_results_on_the_wire_carry_no_metadata(client: Client) -> None:
    (result,) = frames(client.run(flat("SaveImageWebsocket"), extra_data={"extra_pnginfo": {"workflow": {"a": 1}}}))
    assert result.picture.info == {}


@pytest.mark.parametrize(("output", "kind"), [("PreviewImage", "temp"), ("SaveImage", "output")])
def test_saved_pictures_are_named_in_executed_and_served_by_view(client: Client, output: str, kind: str) -> None:
    messages = client.run(flat(output, batch=2, color=255))
    refs = of("executed", messages)[0]["output"]["images"]
    assert len({ref["filename"] for ref in refs}) == 2
    assert {(ref["subfolder"], ref["type"]) for ref in refs} == {("", kind)}
    shown = client.server.get("/view", params={key: refs[0][key] for key in ("filename", "subfolder", "type")})
    picture = Image.open(io.BytesIO(shown.content))
    assert (picture.format, picture.size, picture.getpixel((0, 0))) == ("PNG", (64, 64), (0, 0, 255))


def test_save_image_writes_prompt_and_every_extra_key_into_the_file(client: Client) -> None:
    graph = flat("SaveImage", filename_prefix="contract/texts")
    messages = client.run(graph, extra_data={"extra_pnginfo": {"workflow": {"id": "w"}, "other": [1]}})
    (ref,) = of("executed", messages)[0]["output"]["images"]
    assert ref["subfolder"] == "contract"
    file = client.server.get("/view", params={"filename": ref["filename"], "subfolder": "contract"})
    texts = {key: json.loads(value) for key, value in Image.open(io.BytesIO(file.content)).info.items()}
    assert texts == {"prompt": graph, "workflow": {"id": "w"}, "other": [1]}


def test_each_result_comes_between_its_nodes_executing_and_the_next(server: Server) -> None:
    graph = txt2img(server, "SaveImageWebsocket", steps=2)
    graph["10"] = {
        "class_type": "LatentUpscaleBy",
        "inputs": {"samples": ["3", 0], "upscale_method": "bilinear", "scale_by": 1.5},
    }
    second = {**graph["3"]["inputs"], "latent_image": ["10", 0], "denoise": 0.5, "steps": 4}
    graph["11"] = {"class_type": "KSampler", "inputs": second}
    graph["12"] = {"class_type": "VAEDecode", "inputs": {"samples": ["11", 0], "vae": ["4", 2]}}
    graph["13"] = sink("SaveImageWebsocket", ["12", 0])
    with Client(server, flags=True) as client:
        messages = client.run(graph)
    assert steps_of(messages, "9") == STEP_WITH_FLAG
    last = [f for f in frames(messages) if f.metadata and f.metadata["node_id"] == "13"]
    assert [f.picture.size for f in last] == [(96, 96)]
    executing = [data["node"] for data in of("executing", messages)]
    assert executing.index("9") < executing.index("11")


def test_the_same_seed_paints_the_same_picture_and_another_seed_another(client: Client) -> None:
    def picture(seed: int) -> bytes:
        client.server.post("/free", json={"free_memory": True})
        return frames(client.run(txt2img(client.server, "SaveImageWebsocket", seed=seed)))[-1].image

    assert picture(7) == picture(7)
    assert picture(7) != picture(8)


# --- shared results ---------------------------------------------------------------------------------


def test_a_node_equal_to_another_takes_its_result_and_says_executed_null(client: Client) -> None:
    """Two CLIPTextEncode with one text: the second never executes, but is told as executed, output null."""
    graph = txt2img(client.server)
    graph["6"]["inputs"]["text"] = graph["7"]["inputs"]["text"] = uuid.uuid4().hex
    messages = client.run(graph)
    executed = of("executed", messages)
    assert [data["output"] for data in executed[:-1]] == [None]
    assert executed[0]["node"] in ("6", "7")
    assert executed[0]["node"] not in [data["node"] for data in of("executing", messages)]


def test_two_equal_outputs_both_have_the_same_files(client: Client) -> None:
    graph = {**flat(), "3": sink("PreviewImage", ["1", 0])}
    prompt_id = client.queue(graph)
    client.read_to_end(prompt_id)
    outputs = client.server.history(prompt_id)["outputs"]
    assert outputs["2"] == outputs["3"]


# --- history and errors -----------------------------------------------------------------------------


def test_history_is_there_after_executing_null_and_tells_the_whole_run(client: Client) -> None:
    graph = flat()
    prompt_id = client.queue(graph, extra_data={"extra_pnginfo": {"workflow": {}}})
    messages = client.read_to_end(prompt_id)
    entry = client.server.history(prompt_id)
    assert entry["prompt"][1:3] == [prompt_id, graph]
    assert entry["prompt"][3]["client_id"] == client.id
    assert entry["prompt"][4] == ["2"]
    assert entry["outputs"] == {"2": of("executed", messages)[0]["output"]}
    assert entry["meta"]["2"]["node_id"] == "2"
    status = entry["status"]
    assert (status["status_str"], status["completed"]) == ("success", True)
    assert [name for name, _ in status["messages"]] == ["execution_start", "execution_cached", "execution_success"]
    assert status["messages"][0][1] == of("execution_start", messages)[0]


def test_history_always_comes_by_the_time_of_executing_null(client: Client) -> None:
    for _ in range(15):
        prompt_id = client.queue(flat())
        client.read_to_end(prompt_id)
        assert client.server.history(prompt_id)


def test_a_failing_node_ends_the_prompt_with_execution_error(client: Client) -> None:
    name = f"{uuid.uuid4().hex}.png"
    client.server.post("/upload/image", files={"image": (name, b"no picture")})
    graph = {
        **flat(),
        "3": {"class_type": "LoadImage", "inputs": {"image": name}},
        "4": sink("PreviewImage", ["3", 0]),
    }
    prompt_id = client.queue(graph)
    messages = client.read_to_end(prompt_id)
    (error,) = of("execution_error", messages)
    assert (error["node_id"], error["node_type"]) == ("3", "LoadImage")
    assert error["exception_message"].endswith("\n")
    assert error["exception_type"]
    assert all(isinstance(line, str) for line in error["traceback"])
    assert error["current_inputs"] == {"image": [name]}
    assert set(error["executed"]) <= {"1", "2"}
    assert isinstance(error["current_outputs"], list)
    assert error["timestamp"]
    assert "execution_success" not in kinds(messages)
    status = client.server.history(prompt_id)["status"]
    assert (status["status_str"], status["completed"]) == ("error", False)
    assert status["messages"][-1] == ["execution_error", error]


def test_what_finished_before_an_error_stays_in_history(client: Client) -> None:
    name = f"{uuid.uuid4().hex}.png"
    client.server.post("/upload/image", files={"image": (name, png())})
    good = flat()
    client.run(good)
    client.server.post("/upload/image", files={"image": (name, b"rubbish")}, data={"overwrite": "1"})
    graph = {
        **good,
        "3": {"class_type": "LoadImage", "inputs": {"image": name}},
        "4": sink("PreviewImage", ["3", 0]),
    }
    prompt_id = client.queue(graph)
    client.read_to_end(prompt_id)
    entry = client.server.history(prompt_id)
    assert entry["status"]["status_str"] == "error"
    assert list(entry["outputs"]) in ([], ["2"])


def test_a_frame_never_overtakes_a_text(client: Client) -> None:
    messages = client.run(flat("SaveImageWebsocket", batch=2))
    words = kinds(messages)
    assert words.index("executing") < words.index("frame1")
    assert isinstance(messages[-1], dict)
    assert not any(isinstance(m, Frame) for m in messages[-3:])
