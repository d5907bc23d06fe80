"""Who hears what when several are connected (protocol.md §8, §0.7)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.wire import Client, Server, flat, frames, kinds, long_run, of, txt2img


def wait_done(server: Server, **body: Any) -> str:
    """Queue txt2img with SaveImageWebsocket and wait by HTTP."""
    answer = server.queue(txt2img(server, "SaveImageWebsocket"), **body)
    prompt_id = str(answer.json()["prompt_id"])
    server.wait(lambda: server.history(prompt_id))
    return prompt_id


def test_others_hear_nothing_but_status(server: Server) -> None:
    with Client(server) as owner, Client(server, flags=True) as other:
        owner.run(txt2img(server))
        owner.run(flat("SaveImageWebsocket"))
        heard = other.read_quiet()
    assert {m["type"] for m in heard if isinstance(m, dict)} == {"status"}
    assert frames(heard) == []


def test_everybody_gets_the_same_status_counts(server: Server) -> None:
    with Client(server) as owner, Client(server) as other:
        prompt_id = owner.queue(flat())
        own = of("status", owner.read_to_end(prompt_id))
        assert of("status", [other.read() for _ in own]) == own


def test_each_owner_gets_the_framing_that_it_asked_for(server: Server) -> None:
    with Client(server, flags=True) as a, Client(server) as b:
        first, second = a.queue(txt2img(server)), b.queue(txt2img(server))
        assert {f.event for f in frames(a.read_to_end(first))} == {4}
        assert {f.event for f in frames(b.read_to_end(second))} == {1}


def test_the_cache_is_shared_between_clients(server: Server) -> None:
    graph = flat()
    with Client(server) as a, Client(server) as b:
        a.run(graph)
        assert sorted(of("execution_cached", b.run(graph))[0]["nodes"]) == ["1", "2"]


@pytest.mark.parametrize("body", [{}, {"client_id": None}], ids=["none", "null"])
def test_a_prompt_without_client_id_shows_progress_and_pictures_to_everybody(server: Server, body: Any) -> None:
    with Client(server) as a, Client(server, flags=True) as b:
        wait_done(server, **body)
        for client in (a, b):
            heard = client.read_quiet()
            words = set(kinds(heard))
            assert words == {"progress", "frame1"}
            assert [f.picture.format for f in frames(heard)] == ["JPEG", "JPEG", "PNG"]


@pytest.mark.parametrize("client_id", ["", "nobody", 5])
def test_a_prompt_of_an_id_that_is_not_connected_is_told_to_nobody_but_kept(server: Server, client_id: Any) -> None:
    with Client(server) as watcher:
        prompt_id = wait_done(server, client_id=client_id)
        assert kinds(watcher.read_quiet()) == []
    assert server.history(prompt_id)["status"]["completed"] is True


def test_an_interrupted_prompt_without_client_id_tells_everybody(server: Server) -> None:
    with Client(server) as watcher:
        prompt_id = server.queue(long_run(server)).json()["prompt_id"]
        watcher.read_until(lambda m: isinstance(m, dict) and m["type"] == "progress")
        server.post("/interrupt", json={"prompt_id": prompt_id})
        last = watcher.read_until(lambda m: isinstance(m, dict) and m["type"] == "execution_interrupted")
        assert of("execution_interrupted", last)[0]["prompt_id"] == prompt_id


def test_a_finished_run_can_be_read_by_a_client_that_was_away(server: Server) -> None:
    with Client(server) as first:
        prompt_id = first.queue(flat())
    server.wait(lambda: server.history(prompt_id))
    with Client(server, client_id=first.id) as second:
        assert second.read_quiet() == []
    assert list(server.history(prompt_id)["outputs"]) == ["2"]
