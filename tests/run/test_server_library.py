"""The workflows that a server has: lists of them, and the files themselves."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from running import Connect

from comfy_api import ComfyClient
from comfy_api.errors import ApiError, NotReadable, ProtocolError, ServerUnreachable, SignInNeeded
from comfy_api.servers.library import Offer, OfferKind, fetch, list_runs, list_saved, list_templates
from comfy_api.testing import FakeComfyUI

GRAPH: dict[str, Any] = {"9": {"class_type": "PreviewImage", "inputs": {}}}
UI: dict[str, Any] = {"nodes": [{"id": 9, "type": "PreviewImage"}], "links": [], "version": 0.4}
INDEX: list[Any] = [
    {
        "moduleName": "default",
        "title": "Image",
        "templates": [{"name": "flux", "title": "Flux:\n text to image"}, {"x": 1}],
    },
    "broken",
    {"title": "Video", "templates": [{"name": "wan"}]},
]


def test_saved_workflows_are_listed_by_folder_and_title_and_fetched(connect: Connect) -> None:
    files = {
        "workflows/b.json": json.dumps(UI).encode(),
        "workflows/A.app.json": json.dumps(GRAPH).encode(),
        "workflows/sub/Größe #1 50%.json": json.dumps(UI).encode(),
        "workflows/notes.txt": b"x",
        "comfy.settings.json": b"{}",
    }
    with FakeComfyUI(userdata=files) as comfy:
        client = connect(comfy.url)
        offers = list_saved(client)
        assert [(offer.kind, offer.name, offer.title, offer.group) for offer in offers] == [
            (OfferKind.SAVED, "A.app.json", "A", ""),
            (OfferKind.SAVED, "b.json", "b", ""),
            (OfferKind.SAVED, "sub/Größe #1 50%.json", "Größe #1 50%", "sub"),
        ]
        fetched = [fetch(client, offer) for offer in offers]
        assert [(file.name, file.api, file.ui) for file in fetched] == [
            ("A.app.json", GRAPH, None),
            ("b.json", None, UI),
            ("Größe #1 50%.json", None, UI),
        ]


def test_templates_of_comfyui_come_before_those_of_packages(connect: Connect) -> None:
    files = {
        "index.json": json.dumps(INDEX).encode(),
        "flux.json": json.dumps(UI).encode(),
        "my pack/upscale.json": json.dumps(UI).encode(),
    }
    with FakeComfyUI(templates=files) as comfy:
        client = connect(comfy.url)
        offers = list_templates(client)
        assert [(offer.name, offer.title, offer.group, offer.pack) for offer in offers] == [
            ("flux", "Flux: text to image", "Image", ""),
            ("wan", "wan", "Video", ""),
            ("upscale", "upscale", "my pack", "my pack"),
        ]
        assert [fetch(client, offers[place]).ui for place in (0, 2)] == [UI, UI]
        with pytest.raises(ApiError) as gone:
            fetch(client, offers[1])
        assert gone.value.status == 404


def test_a_server_that_keeps_nothing_offers_nothing(client: ComfyClient) -> None:
    assert (list_saved(client), list_templates(client), list_runs(client)) == ((), (), ())


def test_runs_are_listed_newest_first_and_bring_what_ran_without_anybodys_keys(
    comfy: FakeComfyUI, client: ComfyClient
) -> None:
    saved = {"9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "fox"}}}
    client.run(saved, swap=False, extra_data={"extra_pnginfo": {"workflow": UI}, "api_key_comfy_org": "key"}).wait()
    client.run(GRAPH, swap=False).wait()
    newest, oldest = list_runs(client)
    assert oldest.kind is OfferKind.RUN
    assert oldest.title.startswith("fox_")
    assert oldest.began is not None
    assert newest.name != oldest.name
    file = fetch(client, oldest)
    assert (file.api, file.ui, file.extra, file.companions) == (saved, UI, {}, {})
    assert fetch(client, newest).ui is None
    assert [offer.name for offer in list_runs(client, newest=1)] == [newest.name]


def test_not_a_number_in_the_history_is_nothing(comfy: FakeComfyUI, client: ComfyClient) -> None:
    """ComfyUI writes NaN into it where a node says that it always changes."""
    graph = '{"1": {"class_type": "X", "inputs": {}, "is_changed": [NaN]}}'
    comfy.fail("GET /history/*", 200, body=f'{{"p": {{"prompt": [0, "p", {graph}, {{}}, []]}}}}')
    assert fetch(client, Offer(OfferKind.RUN, "p", "x.png")).api == {
        "1": {"class_type": "X", "inputs": {}, "is_changed": [None]}
    }


def test_a_run_that_the_server_forgot_is_said_so(client: ComfyClient) -> None:
    with pytest.raises(NotReadable, match=r'no longer knows the run of "fox\.png"'):
        fetch(client, Offer(OfferKind.RUN, "gone", "fox.png"))


def test_a_saved_file_that_is_no_workflow_is_refused_by_its_name(connect: Connect) -> None:
    with FakeComfyUI(userdata={"workflows/a/b.json": b"[]"}) as comfy:
        client = connect(comfy.url)
        with pytest.raises(NotReadable, match=r'^"b\.json" is no workflow'):
            fetch(client, list_saved(client)[0])


@pytest.mark.parametrize(
    "body",
    [
        [5, None, "a\nb.json", "x" * 600 + ".json", "", "ok.json"],
        [f"{number}.json" for number in range(5000)],
    ],
)
def test_lists_from_outside_are_bounded(comfy: FakeComfyUI, client: ComfyClient, body: list[Any]) -> None:
    comfy.fail("GET /userdata", 200, body=json.dumps(body))
    offers = list_saved(client)
    assert 1 <= len(offers) <= 2000
    assert all(offer.name.isprintable() and len(offer.title) <= 200 for offer in offers)


@pytest.mark.parametrize("body", [{}, "x", [], {"p": 5}, {"p": {"prompt": 1}}, {"p": {"prompt": [1, 2, 3, 4, 5]}}])
def test_answers_that_no_comfyui_gives_raise_nothing_strange(
    comfy: FakeComfyUI, client: ComfyClient, body: Any
) -> None:
    comfy.fail("*", 200, body=json.dumps(body), times=None)
    for ask in (list_saved, list_templates, list_runs):
        with suppress(ProtocolError):
            assert ask(client) == ()


@pytest.mark.parametrize(
    ("fault", "error"), [(500, ApiError), ("login", SignInNeeded), ("close-before-answer", ServerUnreachable)]
)
def test_a_server_in_trouble_is_asked_once(
    comfy: FakeComfyUI, client: ComfyClient, fault: Any, error: type[Exception]
) -> None:
    comfy.fail("*", fault, times=None)
    for ask in (list_saved, list_templates, list_runs):
        before = len(comfy.requests)
        with pytest.raises(error):
            ask(client)
        assert len(comfy.requests) == before + 1
