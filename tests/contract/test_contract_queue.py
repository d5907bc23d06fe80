"""The queue: order, delete, interrupt, history, odd bodies (protocol.md §4, §6, §9)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.wire import Client, Server, flat, kinds, long_run, of


@pytest.fixture
def busy(server: Server) -> Iterator[str]:
    """A prompt that samples until it is interrupted; its id."""
    with Client(server) as other:
        prompt_id = other.begin_long(long_run(server))
        yield prompt_id
        server.post("/queue", json={"clear": True})
        server.post("/interrupt", json={"prompt_id": prompt_id})
        server.wait_idle()


def queue_of(server: Server) -> tuple[list[Any], list[Any]]:
    answer = server.get("/queue").json()
    assert set(answer) == {"queue_running", "queue_pending"}
    return answer["queue_running"], answer["queue_pending"]


def pending_ids(server: Server) -> list[str]:
    """Ids in line order: the list itself is a heap."""
    return [entry[1] for entry in sorted(queue_of(server)[1], key=lambda entry: entry[0])]


def put(server: Server, **body: Any) -> str:
    return str(server.queue(flat(), **body).json()["prompt_id"])


# --- order ------------------------------------------------------------------------------------------


def test_running_and_pending_are_shown_as_five_values(server: Server, busy: str) -> None:
    graph = flat()
    extra = {"extra_pnginfo": {"workflow": {"a": 1}}}
    answer = server.queue(graph, client_id="me", extra_data=extra).json()
    running, pending = queue_of(server)
    assert [entry[1] for entry in running] == [busy]
    (entry,) = pending
    assert entry[:3] == [answer["number"], answer["prompt_id"], graph]
    assert {k: v for k, v in entry[3].items() if k != "create_time"} == {**extra, "client_id": "me"}
    assert entry[4] == ["2"]
    assert server.get("/prompt").json() == {"exec_info": {"queue_remaining": 2}}


def test_numbers_grow_and_front_and_number_go_ahead(server: Server, busy: str) -> None:
    first, second = put(server), put(server)
    front = server.queue(flat(), front=True).json()
    assert front["number"] < 0
    between = server.queue(flat(), number=-0.5).json()
    assert between["number"] == -0.5
    assert pending_ids(server) == [front["prompt_id"], between["prompt_id"], first, second]


def test_prompts_run_in_line_order(server: Server, busy: str) -> None:
    with Client(server) as client:
        last = client.queue(flat())
        ahead = client.queue(flat(), front=True)
        server.post("/interrupt", json={"prompt_id": busy})
        assert kinds(client.read_to_end(ahead))[0] == "execution_start"
        assert of("execution_start", client.read_to_end(last))[0]["prompt_id"] == last


def test_when_another_prompt_follows_the_old_end_comes_before_the_new_start(server: Server) -> None:
    with Client(server) as client:
        first = client.begin_long(long_run(server))
        second = client.queue(flat())
        server.post("/interrupt", json={"prompt_id": first})
        client.read_to_end(first)
        assert of("execution_start", client.read_to_end(second))[0]["prompt_id"] == second


# --- delete, clear ----------------------------------------------------------------------------------


def test_a_deleted_pending_prompt_vanishes_without_a_word(server: Server, busy: str) -> None:
    with Client(server) as client:
        prompt_id = client.queue(flat())
        answer = server.post("/queue", json={"delete": [prompt_id, "unknown"]})
        assert (answer.status_code, answer.content) == (200, b"")
        assert pending_ids(server) == []
        assert server.history(prompt_id) == {}
        assert set(kinds(client.read_quiet())) <= {"status"}


def test_delete_does_not_touch_the_running_prompt(server: Server, busy: str) -> None:
    server.post("/queue", json={"delete": [busy]})
    assert [entry[1] for entry in queue_of(server)[0]] == [busy]


def test_clear_empties_the_line_and_leaves_the_running_prompt(server: Server, busy: str) -> None:
    put(server)
    put(server)
    assert server.post("/queue", json={"clear": True}).status_code == 200
    running, pending = queue_of(server)
    assert [entry[1] for entry in running] == [busy]
    assert pending == []


def test_everybody_is_told_of_a_deletion_by_status(server: Server, busy: str) -> None:
    with Client(server) as watcher:
        prompt_id = put(server)
        server.post("/queue", json={"delete": [prompt_id]})
        counts = [
            data["status"]["exec_info"]["queue_remaining"] for data in of("status", [watcher.read(), watcher.read()])
        ]
        assert counts == [2, 1]


# --- interrupt --------------------------------------------------------------------------------------


@pytest.mark.parametrize("by_id", [True, False], ids=["by id", "without a body"])
def test_an_interrupt_stops_the_running_prompt(client: Client, by_id: bool) -> None:
    server = client.server
    prompt_id = client.begin_long(long_run(server))
    body = {"json": {"prompt_id": prompt_id}} if by_id else {}
    answer = server.post("/interrupt", **body)
    assert (answer.status_code, answer.content) == (200, b"")
    messages = client.read_to_end(prompt_id)
    assert [word for word in kinds(messages) if word.startswith("exec")] == ["execution_interrupted", "executing"]
    (interrupted,) = of("execution_interrupted", messages)
    assert (interrupted["prompt_id"], interrupted["node_id"]) == (prompt_id, "3")
    assert interrupted["node_type"] == "KSampler"
    assert set(interrupted["executed"]) <= {"4", "5", "6", "7"}
    assert interrupted["timestamp"]
    status = server.history(prompt_id)["status"]
    assert (status["status_str"], status["completed"]) == ("error", False)
    assert status["messages"][-1][0] == "execution_interrupted"


@pytest.mark.parametrize("body", [b"not JSON", b"{}", b'{"prompt_id": ""}'])
def test_an_interrupt_that_names_nothing_is_global(client: Client, body: bytes) -> None:
    prompt_id = client.begin_long(long_run(client.server))
    assert client.server.post("/interrupt", data=body).status_code == 200
    assert "execution_interrupted" in kinds(client.read_to_end(prompt_id))


def test_an_interrupt_of_another_id_stops_nothing(client: Client) -> None:
    prompt_id = client.begin_long(long_run(client.server))
    waiting = put(client.server)
    for named in (waiting, "unknown"):
        assert client.server.post("/interrupt", json={"prompt_id": named}).status_code == 200
    client.read_until(lambda m: isinstance(m, dict) and m["type"] == "progress")
    assert pending_ids(client.server) == [waiting]
    client.server.post("/interrupt", json={"prompt_id": prompt_id})
    client.read_to_end(prompt_id)


def test_an_interrupt_when_idle_does_not_hit_the_next_run(client: Client) -> None:
    assert client.server.post("/interrupt").status_code == 200
    assert "execution_success" in kinds(client.run(flat()))


def test_anyone_may_interrupt_and_others_hear_only_status(server: Server) -> None:
    with Client(server) as owner, Client(server) as other:
        prompt_id = owner.begin_long(long_run(server))
        server.post("/interrupt", json={"prompt_id": prompt_id})
        assert "execution_interrupted" in kinds(owner.read_to_end(prompt_id))
        assert kinds(other.read_quiet()) == []


def test_an_interrupt_right_after_the_start_is_not_lost(client: Client) -> None:
    for _ in range(5):
        prompt_id = client.queue(long_run(client.server))
        client.read_until(lambda m: isinstance(m, dict) and m["type"] == "execution_start")
        client.server.post("/interrupt", json={"prompt_id": prompt_id})
        assert "execution_interrupted" in kinds(client.read_to_end(prompt_id))


# --- history ----------------------------------------------------------------------------------------


def test_history_of_pending_running_and_unknown_prompts_is_empty(server: Server, busy: str) -> None:
    for prompt_id in (busy, put(server), "unknown"):
        answer = server.get(f"/history/{prompt_id}")
        assert (answer.status_code, answer.json()) == (200, {})


def test_max_items_is_the_newest_oldest_first_and_offset_counts_from_the_oldest(client: Client) -> None:
    client.server.post("/history", json={"clear": True})
    ids = [client.queue(flat()) for _ in range(4)]
    client.read_to_end(ids[-1])

    def listed(query: str) -> list[str]:
        return list(client.server.get(f"/history?{query}").json())

    assert listed("max_items=2") == ids[2:]
    assert listed("max_items=2&offset=1") == ids[1:3]
    assert listed("max_items=0") == []
    assert listed("max_items=-1") == []
    assert listed("max_items=50") == ids
    assert client.server.get("/history?max_items=abc").status_code == 500


def test_history_entries_can_be_deleted_and_cleared(client: Client) -> None:
    ids = [client.queue(flat()) for _ in range(2)]
    client.read_to_end(ids[-1])
    answer = client.server.post("/history", json={"delete": [ids[0], "unknown"]})
    assert (answer.status_code, answer.content) == (200, b"")
    assert client.server.history(ids[0]) == {}
    assert client.server.history(ids[1])
    client.server.post("/history", json={"clear": True})
    assert client.server.get("/history?max_items=9").json() == {}


def test_a_used_prompt_id_is_taken_again_and_overwrites_its_history(client: Client) -> None:
    prompt_id = "6e6a4c2e-5d1f-4f6e-9f57-0b9e6f1f0002"
    client.run(flat(), prompt_id=prompt_id)
    graph = flat("SaveImage")
    client.run(graph, prompt_id=prompt_id)
    assert client.server.history(prompt_id)["prompt"][2] == graph


# --- odd bodies -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/interrupt", b"[1]"),
        ("/interrupt", b"null"),
        ("/queue", b""),
        ("/free", b""),
        ("/history", b""),
    ],
)
def test_bodies_that_are_no_object_are_500(server: Server, path: str, body: bytes) -> None:
    assert server.post(path, data=body).status_code == 500


@pytest.mark.parametrize("path", ["/queue", "/free", "/history"])
def test_an_empty_object_is_200_with_an_empty_body(server: Server, path: str) -> None:
    answer = server.post(path, json={})
    assert (answer.status_code, answer.content) == (200, b"")
