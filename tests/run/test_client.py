"""The routes of one ComfyUI, and the life of a client."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from running import FAST, Connect, graph
from urllib3.util import Retry

from comfy_api import ComfyClient
from comfy_api.errors import ApiError, PromptRejected, SignInNeeded
from comfy_api.protocol.replies import combo_options
from comfy_api.protocol.routes import MAX_HISTORY
from comfy_api.testing import FakeComfyUI, Play, png, steps


def prompt_id() -> str:
    return str(uuid.uuid4())


def asked(comfy: FakeComfyUI) -> list[str]:
    return [f"{request.method} {request.path}" for request in comfy.requests]


def posted(comfy: FakeComfyUI, path: str) -> list[Any]:
    """The JSON bodies of every POST to ``path``."""
    return [request.json for request in comfy.requests if (request.method, request.path) == ("POST", path)]


# --- life ---


def test_nothing_is_sent_before_it_is_asked(comfy: FakeComfyUI, connect: Connect) -> None:
    connect(comfy.url)
    assert comfy.requests == []


def test_a_client_is_a_context_manager_and_closing_twice_is_fine(comfy: FakeComfyUI) -> None:
    with ComfyClient(comfy.url) as client:
        client.get_queue()
    client.close()
    assert repr(client) == f"ComfyClient('{comfy.url}')"


# --- the server ---


def test_health_says_version_and_latency(client: ComfyClient) -> None:
    health = client.health()
    assert (health.connected, health.version, health.error) == (True, "0.3.64", "")
    assert 0 < health.latency < 5


@pytest.mark.parametrize(
    ("fault", "words"),
    [(500, "answered 500"), ("login", "sign-in"), ("close-before-answer", "does not answer"), ("timeout", "in time")],
)
def test_health_says_an_error_in_words_and_asks_just_once(
    comfy: FakeComfyUI, connect: Connect, fault: Any, words: str
) -> None:
    comfy.fail("GET /system_stats", fault, times=None)
    health = connect(comfy.url, timeout=0.1).health()
    assert not health.connected
    assert words in health.error
    assert asked(comfy) == ["GET /system_stats"]


def test_health_knows_another_server_from_a_comfyui(connect: Connect) -> None:
    with FakeComfyUI(system_stats={"hello": "world"}) as comfy:
        assert "not speak as ComfyUI" in connect(comfy.url).health().error


def test_system_stats_and_features_are_read(client: ComfyClient) -> None:
    stats = client.get_system_stats()
    assert (stats.version, stats.devices[0]["type"], stats.demo) == ("0.3.64", "cpu", False)
    assert "--preview-method" in stats.argv
    assert client.get_features()["supports_preview_metadata"] is True


def test_object_info_is_kept_whole_and_by_class(comfy: FakeComfyUI, client: ComfyClient) -> None:
    assert client.get_object_info("KSampler")["KSampler"]["name"] == "KSampler"
    assert client.get_object_info("KSampler") == client.get_object_info("KSampler")
    assert client.get_object_info("NoSuchNode") == {}
    whole = client.get_object_info()
    assert client.get_object_info() is whole
    assert client.get_object_info("VAEDecode") == {"VAEDecode": whole["VAEDecode"]}
    assert client.get_object_info("NoSuchNode") == {}
    assert asked(comfy) == ["GET /object_info/KSampler", "GET /object_info/NoSuchNode", "GET /object_info"]


def test_object_info_is_asked_anew_on_request(comfy: FakeComfyUI, client: ComfyClient) -> None:
    client.get_object_info()
    client.get_object_info(refresh=True)
    client.get_object_info("KSampler", refresh=True)
    client.forget_object_info()
    client.get_object_info("KSampler")
    client.get_object_info()
    assert len(asked(comfy)) == 5


def test_both_combo_forms_are_read(client: ComfyClient) -> None:
    info = client.get_object_info()
    sampler, sender = (info[name]["input"]["required"] for name in ("KSampler", "ETN_SendImageWebSocket"))
    assert combo_options(sampler["sampler_name"]) == ("euler", "dpmpp_2m", "ddim")
    assert combo_options(sender["format"]) == ("PNG", "JPEG")


def test_models_and_embeddings_are_listed(comfy: FakeComfyUI, client: ComfyClient) -> None:
    assert "checkpoints" in client.get_models()
    assert client.get_models("checkpoints") == ["dream.safetensors", "sub/other.safetensors"]
    assert client.get_embeddings() == []
    with pytest.raises(ApiError) as caught:
        client.get_models("no/such folder")
    assert caught.value.status == 404


def test_free_says_what_to_let_go(comfy: FakeComfyUI, client: ComfyClient) -> None:
    client.free()
    client.free(unload_models=False, free_memory=True)
    assert posted(comfy, "/free") == [
        {"unload_models": True, "free_memory": False},
        {"unload_models": False, "free_memory": True},
    ]


# --- prompts, queue and history ---


def test_a_prompt_is_queued_with_all_that_was_asked(comfy: FakeComfyUI, client: ComfyClient) -> None:
    comfy.hold()
    ident = prompt_id()
    extra = {"api_key_comfy_org": "k3y", "extra_pnginfo": {"workflow": {"nodes": []}}}
    accepted = client.queue_prompt(
        graph(), client_id="me", prompt_id=ident, number=2.5, extra_data=extra, targets=["9"]
    )
    assert (accepted.prompt_id, accepted.number) == (ident, 2.5)
    (body,) = comfy.prompts
    assert body == {
        "prompt": graph(),
        "client_id": "me",
        "prompt_id": ident,
        "number": 2.5,
        "extra_data": extra,
        "partial_execution_targets": ["9"],
    }


def test_the_queue_is_told_in_the_order_in_which_it_will_run(comfy: FakeComfyUI, client: ComfyClient) -> None:
    comfy.hold()
    late, usual, first = prompt_id(), prompt_id(), prompt_id()
    client.queue_prompt(graph(), client_id="me", prompt_id=late, number=9)
    client.queue_prompt(graph(), client_id="me", prompt_id=usual)
    client.queue_prompt(graph(), client_id="me", prompt_id=first, front=True)
    assert [entry.prompt_id for entry in client.get_queue().pending] == [first, usual, late]
    assert client.get_queue_remaining() == 3


def test_a_refusal_is_typed_and_names_the_title(comfy: FakeComfyUI, client: ComfyClient) -> None:
    extra = {"input_name": "sampler_name", "received_value": "magic", "input_config": None}
    error = {"type": "value_not_in_list", "message": "Value not in list", "details": "x", "extra_info": extra}
    comfy.reject(
        {"type": "prompt_outputs_failed_validation", "message": "Prompt outputs failed validation"},
        {"3": {"errors": [error], "dependent_outputs": ["9"], "class_type": "KSampler"}},
    )
    with pytest.raises(PromptRejected, match='"sampler_name" of "My Sampler"') as caught:
        client.run(graph(), timing=FAST)
    assert [problem.received for problem in caught.value.problems] == ["magic"]
    assert comfy.prompts == []


def test_history_is_found_by_id(comfy: FakeComfyUI, client: ComfyClient) -> None:
    run = client.run(graph("SaveImage"), timing=FAST)
    run.wait(10)
    entry = client.find_history(run.prompt_id)
    assert entry is not None
    assert [ref.filename for ref in entry.outputs] == ["ComfyUI_00001_.png"]
    assert client.find_history(prompt_id()) is None


@pytest.mark.parametrize(("newest", "sent"), [(2, "2"), (0, "1"), (-1, "1"), (10**9, str(MAX_HISTORY))])
def test_history_is_never_asked_for_without_a_bound(
    comfy: FakeComfyUI, client: ComfyClient, newest: int, sent: str
) -> None:
    client.get_history()
    client.get_history(newest)
    queries = [request.query for request in comfy.requests if request.path == "/history"]
    assert all("max_items" in query for query in queries)
    assert queries[-1]["max_items"] == sent


def test_history_is_cleared_by_id_or_whole(comfy: FakeComfyUI, client: ComfyClient) -> None:
    ids = []
    for seed in range(3):
        run = client.run(graph(seed=seed), timing=FAST)
        run.wait(10)
        ids.append(run.prompt_id)
    client.clear_history(ids[:1])
    assert [entry.prompt_id for entry in client.get_history()] == ids[1:]
    client.clear_history()
    assert client.get_history() == []


def test_pending_prompts_are_deleted_by_id_and_others_stay(comfy: FakeComfyUI, client: ComfyClient) -> None:
    comfy.hold()
    mine, other = prompt_id(), prompt_id()
    client.queue_prompt(graph(), client_id="me", prompt_id=mine)
    client.queue_prompt(graph(), client_id="other", prompt_id=other)
    client.delete_pending([mine])
    assert [entry.prompt_id for entry in client.get_queue().pending] == [other]


def test_interrupt_names_the_prompt_and_the_global_one_has_a_name_of_its_own(
    comfy: FakeComfyUI, client: ComfyClient
) -> None:
    client.interrupt("p")
    client.interrupt_whoever_runs()
    assert posted(comfy, "/interrupt") == [{"prompt_id": "p"}, {}]


# --- jobs, and cancelling in both worlds ---


def test_the_jobs_of_newer_servers_are_listed_and_found(connect: Connect) -> None:
    with FakeComfyUI("0.38") as comfy:
        client = connect(comfy.url)
        run = client.run(graph(), timing=FAST)
        run.wait(10)
        jobs = client.get_jobs(status="completed", limit=10**9)
        assert jobs is not None
        assert [job["id"] for job in jobs] == [run.prompt_id]
        found = client.find_job(run.prompt_id)
        assert found is not None
        assert found["status"] == "completed"
        assert client.find_job(prompt_id()) is None
        assert comfy.requests[-3].query == {"limit": str(MAX_HISTORY), "offset": "0", "status": "completed"}


def test_an_older_server_has_no_jobs(client: ComfyClient) -> None:
    assert client.get_jobs() is None
    assert client.find_job("p") is None


@pytest.mark.parametrize("api", ["0.3.64", "0.38"])
def test_cancel_stops_this_prompt_waiting_or_running_and_no_other(connect: Connect, api: Any) -> None:
    with FakeComfyUI(api, parallel=2) as comfy:
        comfy.script(Play(steps.start(), steps.gate(), steps.success(), steps.end()))
        client = connect(comfy.url)
        running, other, waiting, waiting_too = (prompt_id() for _ in range(4))
        for ident in (running, other, waiting, waiting_too):
            client.queue_prompt(graph(), client_id="me", prompt_id=ident)
        comfy.wait_for(lambda: len(client.get_queue().running) == 2)
        client.cancel(waiting)
        client.cancel(running)
        client.cancel(prompt_id())
        comfy.wait_for(lambda: client.find_history(running) is not None)
        queue = client.get_queue()
        assert other in queue
        assert waiting_too in queue
        assert waiting not in queue
        assert running not in queue
        comfy.open()


def test_cancel_on_an_older_server_interrupts_only_what_runs(comfy: FakeComfyUI, client: ComfyClient) -> None:
    client.cancel("p")
    assert posted(comfy, "/queue") == [{"delete": ["p"]}]
    assert posted(comfy, "/interrupt") == []


def test_cancel_behind_a_login_says_so(comfy: FakeComfyUI, client: ComfyClient) -> None:
    comfy.fail("*", "login", times=None)
    with pytest.raises(SignInNeeded):
        client.cancel("p")


# --- pictures ---


def test_an_upload_is_used_under_the_name_that_the_server_gives(comfy: FakeComfyUI, client: ComfyClient) -> None:
    first = client.upload_image(png(seed=1), 'na"me ü.png', subfolder="sub")
    second = client.upload_image(png(seed=2), 'na"me ü.png', subfolder="sub")
    again = client.upload_image(png(seed=3), "x.png", overwrite=True)
    over = client.upload_image(png(seed=4), "x.png", overwrite=True)
    assert second.name != first.name
    assert second.value.startswith("sub/")
    assert again == over
    assert client.view(second.name, subfolder="sub", type="input") == png(seed=2)
    assert client.view("x.png", type="input") == png(seed=4)


def test_a_mask_names_the_picture_that_it_belongs_to(comfy: FakeComfyUI, client: ComfyClient) -> None:
    picture = client.upload_image(png(), "a.png")
    client.upload_mask(png(seed=2), "mask.png", original=picture)
    body = comfy.requests[-1].body
    assert json.dumps({"filename": "a.png", "subfolder": "", "type": "input"}).encode() in body


def test_view_asks_for_preview_and_channel(comfy: FakeComfyUI, client: ComfyClient) -> None:
    client.upload_image(png(), "a b.png")
    assert client.view("a b.png", type="input", preview="webp;90", channel="rgb")[8:12] == b"WEBP"
    query = {"filename": "a b.png", "subfolder": "", "type": "input", "preview": "webp;90", "channel": "rgb"}
    assert comfy.requests[-1].query == query
    with pytest.raises(ApiError) as caught:
        client.view("missing.png")
    assert caught.value.status == 404


def test_a_hasty_client_repeats_nothing(comfy: FakeComfyUI, connect: Connect) -> None:
    comfy.fail("GET /queue", 503, times=1)
    hasty = connect(comfy.url, retries=Retry(5)).hasty()
    with pytest.raises(ApiError):
        hasty.get_queue()
    hasty.close()
