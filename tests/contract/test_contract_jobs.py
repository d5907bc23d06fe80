"""The jobs API of newer servers, and its absence from older ones (protocol.md §14)."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.contract.wire import Client, Server, flat, kinds, long_run, png, sink


@pytest.fixture
def newer(server: Server) -> Server:
    """A server with the jobs API."""
    if not server.newer:
        pytest.skip("this version has no jobs API")
    return server


def job(server: Server, prompt_id: str) -> dict[str, Any]:
    answer = server.get(f"/api/jobs/{prompt_id}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_older_servers_have_no_jobs_api(server: Server) -> None:
    if server.newer:
        pytest.skip("this version has it")
    for path in ("/api/jobs", f"/api/jobs/{uuid.uuid4()}", "/jobs"):
        assert server.get(path).status_code == 404
    assert server.post(f"/api/jobs/{uuid.uuid4()}/cancel").status_code == 405


def test_the_jobs_api_is_only_below_api(newer: Server) -> None:
    assert newer.get("/jobs").status_code == 404


def test_a_finished_job_has_its_outputs_and_its_workflow(newer: Server) -> None:
    graph = flat(batch=2)
    with Client(newer) as client:
        prompt_id = client.queue(graph, extra_data={"extra_pnginfo": {"workflow": {"id": "w1"}}})
        client.read_to_end(prompt_id)
    found = job(newer, prompt_id)
    assert (found["id"], found["status"], found["workflow_id"]) == (prompt_id, "completed", "w1")
    assert (found["outputs_count"], found["previewable_outputs_count"]) == (2, 2)
    assert found["preview_output"]["nodeId"] == "2"
    assert found["outputs"] == newer.history(prompt_id)["outputs"]
    assert found["workflow"]["prompt"] == graph
    assert found["workflow"]["extra_data"]["client_id"] == client.id
    assert found["create_time"] <= found["execution_start_time"] <= found["execution_end_time"]
    assert found["execution_status"]["status_str"] == "success"


def test_jobs_are_found_while_pending_running_and_cancelled(newer: Server) -> None:
    with Client(newer) as client:
        running = client.begin_long(long_run(newer))
        waiting = client.queue(flat())
        assert job(newer, running)["status"] == "in_progress"
        assert job(newer, waiting)["status"] == "pending"
        listed = newer.get("/api/jobs?status=pending,in_progress").json()
        assert [entry["id"] for entry in listed["jobs"]] == [waiting, running]
        assert newer.post(f"/api/jobs/{waiting}/cancel").json() == {"cancelled": True}
        assert newer.get(f"/api/jobs/{waiting}").status_code == 404
        assert newer.post(f"/api/jobs/{running}/cancel").json() == {"cancelled": True}
        assert "execution_interrupted" in kinds(client.read_to_end(running))
        assert job(newer, running)["status"] == "cancelled"
        assert newer.post(f"/api/jobs/{running}/cancel").json() == {"cancelled": False}


def test_a_failed_job_has_its_error(newer: Server) -> None:
    name = f"{uuid.uuid4().hex}.png"
    newer.post("/upload/image", files={"image": (name, png()[:-20])})
    graph = {"1": {"class_type": "LoadImage", "inputs": {"image": name}}, "2": sink("PreviewImage", ["1", 0])}
    newer.post("/upload/image", files={"image": (name, b"rubbish")}, data={"overwrite": "1"})
    with Client(newer) as client:
        prompt_id = client.queue(graph)
        client.read_to_end(prompt_id)
    found = job(newer, prompt_id)
    assert found["status"] == "failed"
    assert found["execution_error"]["node_id"] == "1"


def test_many_are_cancelled_at_once(newer: Server) -> None:
    with Client(newer) as client:
        running = client.begin_long(long_run(newer))
        waiting = client.queue(flat())
        answer = newer.post("/api/jobs/cancel", json={"job_ids": [running, waiting, str(uuid.uuid4())]})
        assert answer.json() == {"cancelled": True}
        assert "execution_interrupted" in kinds(client.read_to_end(running))
    newer.wait_idle()
    assert newer.history(waiting) == {}


def test_cancelling_what_is_not_there_is_no_error(newer: Server) -> None:
    assert newer.post(f"/api/jobs/{uuid.uuid4()}/cancel").json() == {"cancelled": False}
    assert newer.post("/api/jobs/cancel", json={"job_ids": []}).json() == {"cancelled": False}


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"json": {"job_ids": "x"}}, "job_ids must be a list"),
        ({"json": {}}, "job_ids must be a list"),
        ({"json": {"job_ids": ["x"]}}, "job_ids contains invalid id(s)"),
        ({"data": b"x"}, "Request body must be valid JSON"),
    ],
)
def test_bad_cancel_bodies_are_400(newer: Server, body: dict[str, Any], text: str) -> None:
    answer = newer.post("/api/jobs/cancel", **body)
    assert (answer.status_code, answer.json()["error"]) == (400, text)


def test_an_unknown_job_is_404_in_json(newer: Server) -> None:
    answer = newer.get(f"/api/jobs/{uuid.uuid4()}")
    assert (answer.status_code, answer.json()) == (404, {"error": "Job not found"})


def test_pages_and_order(newer: Server) -> None:
    newer.post("/history", json={"clear": True})
    with Client(newer) as client:
        ids = []
        for _ in range(3):
            ids.append(client.queue(flat()))
            client.read_to_end(ids[-1])
    page = newer.get("/api/jobs?sort_order=asc&limit=2&offset=1").json()
    assert {entry["id"] for entry in page["jobs"]} <= set(ids)
    assert page["pagination"] == {"offset": 1, "limit": 2, "total": 3, "has_more": False}
    first = newer.get("/api/jobs?limit=1").json()
    assert first["pagination"] == {"offset": 0, "limit": 1, "total": 3, "has_more": True}
    assert "outputs" not in first["jobs"][0]
    assert newer.get("/api/jobs?status=failed").json()["jobs"] == []


@pytest.mark.parametrize("query", ["status=bogus", "limit=0", "limit=abc", "sort_by=bogus", "sort_order=bogus"])
def test_bad_queries_are_400_in_json(newer: Server, query: str) -> None:
    answer = newer.get(f"/api/jobs?{query}")
    assert answer.status_code == 400
    assert answer.json()["error"]
