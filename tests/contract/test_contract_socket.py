"""The websocket itself: hello, flags, Origin, coming back (protocol.md §1, §3, §7, §0.2)."""

from __future__ import annotations

import json
from typing import Any

import pytest
import websocket

from tests.contract.wire import Client, Server, flat, frames, kinds, long_run, of, txt2img

FLAGS = {"type": "feature_flags", "data": {"supports_preview_metadata": True}}


def first_message(server: Server, query: str, **options: Any) -> Any:
    """The first text on a fresh socket."""
    socket = websocket.create_connection(f"{server.url.replace('http', 'ws', 1)}/ws{query}", timeout=10, **options)
    try:
        return json.loads(socket.recv())
    finally:
        socket.close()
        socket.shutdown()


def test_the_first_message_is_status_with_the_own_sid(client: Client) -> None:
    assert client.hello == {
        "type": "status",
        "data": {"status": {"exec_info": {"queue_remaining": 0}}, "sid": client.id},
    }


def test_the_socket_is_also_below_api(server: Server) -> None:
    with Client(server, path="/api/ws") as client:
        assert kinds(client.run(flat()))[-1] == "executing"


@pytest.mark.parametrize("query", ["", "?client_id=mine"])
def test_without_clientid_the_server_makes_an_id_that_can_be_used(server: Server, query: str) -> None:
    sid = first_message(server, query)["data"]["sid"]
    assert sid
    assert sid != "mine"
    with Client(server, client_id=sid) as client:
        assert kinds(client.run(flat()))[0] == "execution_start"


@pytest.mark.parametrize("origin", ["http://127.0.0.1:1", "http://example.com"])
def test_a_foreign_origin_is_refused_on_socket_and_http(server: Server, origin: str) -> None:
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        first_message(server, "?clientId=x", origin=origin)
    assert refused.value.status_code == 403
    assert server.get("/prompt", headers={"Origin": origin}).status_code == 403


def test_no_origin_and_the_own_origin_are_let_in(server: Server) -> None:
    assert first_message(server, "?clientId=x", suppress_origin=True)["type"] == "status"
    assert first_message(server, "?clientId=x", origin=server.url)["type"] == "status"
    assert server.get("/prompt", headers={"Origin": server.url}).status_code == 200


# --- feature flags ----------------------------------------------------------------------------------


def preview_event(client: Client) -> int:
    """How previews are framed for this client now."""
    return frames(client.run(txt2img(client.server)))[0].event


@pytest.mark.parametrize(
    ("said", "event"),
    [
        ([FLAGS], 4),
        (["no JSON", FLAGS], 4),
        ([{"type": "something", "data": {}}, FLAGS], 1),
        ([{"type": "feature_flags", "data": {"supports_preview_metadata": 1}}], 1),
        ([{"type": "feature_flags", "data": {}}, FLAGS], 1),
        ([], 1),
    ],
    ids=["first", "after-no-JSON", "after-other-JSON", "one-is-not-true", "empty-cannot-be-changed", "none"],
)
def test_only_flags_in_the_first_json_text_count(client: Client, said: list[Any], event: int) -> None:
    for message in said:
        client.say(message)
    assert preview_event(client) == event


def test_flags_are_answered_with_the_servers_own(client: Client) -> None:
    client.say(FLAGS)
    (answer,) = of("feature_flags", client.read_until(lambda m: isinstance(m, dict)))
    assert answer["supports_preview_metadata"] is True
    assert answer["max_upload_size"] == 104857600
    assert answer == client.server.get("/features").json()


def test_late_flags_count_from_then_on(client: Client) -> None:
    assert preview_event(client) == 1
    client.say(FLAGS)
    assert preview_event(client) == 4


def test_flags_belong_to_the_connection(server: Server) -> None:
    with Client(server, flags=True) as first:
        assert preview_event(first) == 4
    with Client(server, client_id=first.id) as second:
        assert preview_event(second) == 1


# --- coming back ------------------------------------------------------------------------------------


def test_a_client_that_comes_back_while_its_prompt_runs_hears_the_node_without_a_prompt_id(server: Server) -> None:
    with Client(server) as first:
        prompt_id = first.begin_long(long_run(server))
    with Client(server, client_id=first.id) as second:
        assert second.read() == {"type": "executing", "data": {"node": "3"}}
        assert of("progress", second.read_until(lambda m: isinstance(m, dict) and m["type"] == "progress"))
        server.post("/interrupt", json={"prompt_id": prompt_id})
        assert "execution_interrupted" in kinds(second.read_to_end(prompt_id))


def test_a_client_that_comes_back_while_its_prompt_waits_hears_only_status(server: Server) -> None:
    with Client(server) as other, Client(server) as first:
        running = other.begin_long(long_run(server))
        waiting = first.queue(flat())
        first.close()
        with Client(server, client_id=first.id) as second:
            server.post("/interrupt", json={"prompt_id": running})
            assert kinds(second.read_to_end(waiting))[0] == "execution_start"


def test_the_second_socket_of_an_id_goes_deaf_when_the_first_closes(server: Server) -> None:
    with Client(server) as first, Client(server, client_id=first.id) as second:
        assert kinds(second.run(flat()))[0] == "execution_start"
        assert first.read_quiet() == []
        first.close()
        with Client(server) as witness:
            prompt_id = str(server.queue(flat(), client_id=first.id).json()["prompt_id"])
            server.wait(lambda: server.history(prompt_id))
            witness.read()
        assert second.read_quiet() == []
