"""What is taken from the last prompt, and what is sent again (protocol.md §0.1)."""

from __future__ import annotations

import uuid

import pytest

from tests.contract.wire import Client, Graph, flat, frames, kinds, of, png, sink, txt2img

FILE_OUTPUTS = ["PreviewImage", "SaveImage"]


def executing(messages: list[object]) -> list[str]:
    """Ids of the nodes that ran."""
    return [data["node"] for data in of("executing", messages) if data["node"] is not None]  # type: ignore[arg-type]


def with_run(graph: Graph) -> Graph:
    """The same graph with a fresh, unknown input in its output node."""
    node = next(key for key in ("9", "2") if key in graph)
    fresh = {**graph[node]["inputs"], "_run": uuid.uuid4().hex}
    return {**graph, node: {**graph[node], "inputs": fresh}}


def test_the_same_graph_again_lists_every_node_as_cached(client: Client) -> None:
    graph = txt2img(client.server)
    first = client.run(graph)
    again = client.run(graph)
    assert sorted(of("execution_cached", again)[0]["nodes"]) == sorted(graph)
    assert executing(again) == []
    assert kinds(again) == ["execution_start", "execution_cached", "executed", "execution_success", "executing"]
    assert of("executed", again)[0]["output"] == of("executed", first)[0]["output"]


def test_a_cached_output_is_one_of_one_finished(client: Client) -> None:
    graph = flat()
    client.run(graph)
    (state,) = of("progress_state", client.run(graph))
    assert [(s["value"], s["max"], s["state"]) for s in state["nodes"].values()] == [(1, 1, "finished")]


def test_a_cached_etn_says_executed_but_sends_no_frame(client: Client, etn: str) -> None:
    graph = flat(etn, batch=2)
    assert len(frames(client.run(graph))) == 2
    again = client.run(graph)
    assert frames(again) == []
    assert len(of("executed", again)[0]["output"]["images"]) == 2


def test_a_cached_etn_sends_nothing_to_another_client_either(client: Client, etn: str) -> None:
    graph = flat(etn)
    client.run(graph)
    with Client(client.server) as other:
        messages = other.run(graph)
    assert frames(messages) == []
    assert "2" in of("execution_cached", messages)[0]["nodes"]


def test_save_image_websocket_always_sends_again(client: Client) -> None:
    graph = txt2img(client.server, "SaveImageWebsocket")
    first = frames(client.run(graph))[-1].image
    again = client.run(graph)
    assert executing(again) == ["9"]
    assert [f.image for f in frames(again)] == [first]


def test_an_unknown_input_runs_the_output_again_and_nothing_else(client: Client, etn: str) -> None:
    graph = txt2img(client.server, etn)
    first = frames(client.run(graph))[-1].image
    again = client.run(with_run(graph))
    assert executing(again) == ["9"]
    assert [f.image for f in frames(again)] == [first]
    assert sorted(of("execution_cached", again)[0]["nodes"]) == ["3", "4", "5", "6", "7", "8"]


@pytest.mark.parametrize("output", FILE_OUTPUTS)
def test_an_unknown_input_makes_new_files(client: Client, output: str) -> None:
    graph = flat(output)
    first = of("executed", client.run(graph))[0]["output"]
    again = client.run(with_run(graph))
    assert executing(again) == ["2"]
    assert of("executed", again)[0]["output"] != first


def test_a_changed_meta_runs_nothing(client: Client) -> None:
    graph = flat()
    client.run(graph)
    graph["2"]["_meta"] = {"title": uuid.uuid4().hex}
    assert executing(client.run(graph)) == []


def test_the_cache_holds_the_last_prompt_only(client: Client) -> None:
    graph = txt2img(client.server)
    client.run(graph)
    client.run(flat())
    assert "3" in executing(client.run(with_run(graph)))


def test_a_changed_seed_keeps_what_does_not_hang_on_it(client: Client) -> None:
    client.run(txt2img(client.server))
    again = client.run(txt2img(client.server))
    assert executing(again) == ["3", "8", "9"]
    assert sorted(of("execution_cached", again)[0]["nodes"]) == ["4", "5", "6", "7"]


def test_an_overwritten_input_file_is_noticed_by_its_bytes(client: Client) -> None:
    name = f"{uuid.uuid4().hex}.png"
    graph = {"1": {"class_type": "LoadImage", "inputs": {"image": name}}, "2": sink("PreviewImage", ["1", 0])}

    def upload(colour: str) -> None:
        client.server.post("/upload/image", files={"image": (name, png(colour))}, data={"overwrite": "true"})

    upload("red")
    assert executing(client.run(graph)) == ["1", "2"]
    upload("red")
    assert executing(client.run(graph)) == []
    upload("blue")
    assert executing(client.run(graph)) == ["1", "2"]


def test_free_memory_drops_the_cache_and_unload_models_does_not(client: Client) -> None:
    graph = flat()
    client.run(graph)
    assert client.server.post("/free", json={"unload_models": True}).status_code == 200
    assert executing(client.run(graph)) == []
    assert client.server.post("/free", json={"free_memory": True}).status_code == 200
    client.run(flat())
    assert executing(client.run(graph)) == ["1", "2"]
