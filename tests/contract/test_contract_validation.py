"""POST /prompt: every row of the table of refusals, coercions, partial success (protocol.md §4, §14)."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.contract.wire import Client, Graph, Server, flat, is_end, of, sink, txt2img

FAILED = "prompt_outputs_failed_validation"


def changed(server: Server, node: str, **inputs: Any) -> Graph:
    """txt2img with some inputs changed; ``...`` leaves one out."""
    graph = copy.deepcopy(txt2img(server))
    for name, value in inputs.items():
        if value is ...:
            del graph[node]["inputs"][name]
        else:
            graph[node]["inputs"][name] = value
    return graph


def refused(server: Server, graph: Any, **body: Any) -> dict[str, Any]:
    """The answer to a graph that must not be queued."""
    answer = server.queue(graph, **body)
    assert answer.status_code == 400, answer.text
    parsed: dict[str, Any] = answer.json()
    assert set(parsed) == {"error", "node_errors"}
    assert set(parsed["error"]) == {"type", "message", "details", "extra_info"}
    return parsed


ROWS: list[tuple[str, str, dict[str, Any], str, str]] = [
    ("bad sampler", "3", {"sampler_name": "nope"}, "value_not_in_list", "Value not in list"),
    ("missing model", "4", {"ckpt_name": "nope.safetensors"}, "value_not_in_list", "Value not in list"),
    ("missing value", "3", {"steps": ...}, "required_input_missing", "Required input is missing"),
    ("missing link", "3", {"model": ...}, "required_input_missing", "Required input is missing"),
    (
        "no such node",
        "8",
        {"samples": ["999", 0]},
        "exception_during_inner_validation",
        "Exception when validating inner node",
    ),
    (
        "no such slot",
        "8",
        {"samples": ["3", 7]},
        "exception_during_inner_validation",
        "Exception when validating inner node",
    ),
    (
        "number as node id",
        "8",
        {"samples": [3, 0]},
        "exception_during_inner_validation",
        "Exception when validating inner node",
    ),
    (
        "wrong type",
        "8",
        {"samples": ["4", 0]},
        "return_type_mismatch",
        "Return type mismatch between linked nodes",
    ),
    (
        "half a link",
        "8",
        {"samples": ["3"]},
        "bad_linked_input",
        "Bad linked input, must be a length-2 list of [node_id, slot_index]",
    ),
    ("text for INT", "3", {"steps": "abc"}, "invalid_input_type", "Failed to convert an input value to a INT value"),
    ("null for FLOAT", "3", {"cfg": None}, "invalid_input_type", "Failed to convert an input value to a FLOAT value"),
    ("steps 0", "3", {"steps": 0}, "value_smaller_than_min", "Value 0 smaller than min of 1"),
    ("steps 99999", "3", {"steps": 99999}, "value_bigger_than_max", "Value 99999 bigger than max of 10000"),
    ("seed -1", "3", {"seed": -1}, "value_smaller_than_min", "Value -1 smaller than min of 0"),
    (
        "seed 2**64",
        "3",
        {"seed": 2**64},
        "value_bigger_than_max",
        f"Value {2**64} bigger than max of {2**64 - 1}",
    ),
]


@pytest.mark.parametrize(("node", "inputs", "kind", "message"), [r[1:] for r in ROWS], ids=[r[0] for r in ROWS])
def test_a_bad_input_is_filed_under_its_node(
    server: Server, node: str, inputs: dict[str, Any], kind: str, message: str
) -> None:
    answer = refused(server, changed(server, node, **inputs))
    assert answer["error"] == {
        "type": FAILED,
        "message": "Prompt outputs failed validation",
        "details": "",
        "extra_info": {},
    }
    assert list(answer["node_errors"]) == [node]
    entry = answer["node_errors"][node]
    assert entry["dependent_outputs"] == ["9"]
    assert entry["class_type"] == txt2img(server)[node]["class_type"]
    (error,) = entry["errors"]
    assert (error["type"], error["message"]) == (kind, message)
    assert set(error) == {"type", "message", "details", "extra_info"}


def only_error(answer: dict[str, Any], node: str) -> dict[str, Any]:
    """The one error of a node."""
    (error,) = answer["node_errors"][node]["errors"]
    assert isinstance(error, dict)
    return error


def test_short_lists_of_choices_are_spelt_out_and_long_ones_counted(server: Server) -> None:
    short = only_error(refused(server, changed(server, "3", scheduler="nope")), "3")
    config = server.classes["KSampler"]["input"]["required"]
    choices = config["scheduler"][0]
    assert short["details"] == f"scheduler: 'nope' not in {choices}"
    assert short["extra_info"] == {
        "input_name": "scheduler",
        "input_config": config["scheduler"],
        "received_value": "nope",
    }
    long = only_error(refused(server, changed(server, "3", sampler_name="nope")), "3")
    assert long["details"] == f"sampler_name: 'nope' not in (list of length {len(config['sampler_name'][0])})"
    assert long["extra_info"]["input_config"] is None


def test_details_of_numbers_links_and_missing_inputs(server: Server) -> None:
    number = only_error(refused(server, changed(server, "3", steps="abc")), "3")
    assert number["details"] == "steps, abc, invalid literal for int() with base 10: 'abc'"
    assert number["extra_info"]["received_value"] == "abc"
    assert number["extra_info"]["exception_message"] == "invalid literal for int() with base 10: 'abc'"
    small = only_error(refused(server, changed(server, "3", steps=0)), "3")
    assert small["details"] == "steps"
    assert small["extra_info"]["input_config"][1]["min"] == 1
    mismatch = only_error(refused(server, changed(server, "8", samples=["4", 0])), "8")
    assert mismatch["details"] == "samples, received_type(MODEL) mismatch input_type(LATENT)"
    assert mismatch["extra_info"]["linked_node"] == ["4", 0]
    assert mismatch["extra_info"]["received_type"] == "MODEL"
    missing = only_error(refused(server, changed(server, "3", model=...)), "3")
    assert missing["details"] == "model"
    assert missing["extra_info"] == {"input_name": "model"}


def test_a_link_to_nowhere_is_an_exception_with_its_type(server: Server) -> None:
    absent = only_error(refused(server, changed(server, "8", samples=["999", 0])), "8")
    assert absent["details"] == "'999'"
    info = absent["extra_info"]
    assert (info["exception_type"], info["exception_message"]) == ("KeyError", "'999'")
    assert (info["input_name"], info["linked_node"]) == ("images", ["8", 0])
    slot = only_error(refused(server, changed(server, "8", samples=["3", 7])), "8")
    assert slot["details"] == "tuple index out of range"
    assert slot["extra_info"]["exception_type"] == "IndexError"


def test_a_node_without_inputs_is_an_exception_filed_under_itself(server: Server) -> None:
    graph = txt2img(server)
    del graph["3"]["inputs"]
    error = only_error(refused(server, graph), "3")
    assert (error["type"], error["details"]) == ("exception_during_inner_validation", "'inputs'")


def test_an_output_nodes_own_error_is_told_in_the_details_too(server: Server) -> None:
    graph = flat()
    del graph["2"]["inputs"]["images"]
    answer = refused(server, graph)
    assert answer["error"]["details"] == "Required input is missing: images"


def test_etn_needs_a_format(server: Server, etn: str) -> None:
    graph = flat(etn)
    del graph["2"]["inputs"]["format"]
    assert refused(server, graph)["error"]["details"] == "Required input is missing: format"


def test_load_image_of_a_missing_file_fails_its_own_check(server: Server) -> None:
    graph = {"1": {"class_type": "LoadImage", "inputs": {"image": "nope.png"}}, "2": sink("PreviewImage", ["1", 0])}
    error = only_error(refused(server, graph), "1")
    assert error == {
        "type": "custom_validation_failed",
        "message": "Custom validation failed for node",
        "details": "image - Invalid image file: nope.png",
        "extra_info": {"input_name": "image"},
    }


def test_all_errors_of_a_node_are_listed(server: Server) -> None:
    answer = refused(server, changed(server, "3", steps=0, cfg=None, scheduler="nope"))
    kinds = sorted(error["type"] for error in answer["node_errors"]["3"]["errors"])
    assert kinds == ["invalid_input_type", "value_not_in_list", "value_smaller_than_min"]


def cycle() -> Graph:
    return {
        "1": {"class_type": "ImageInvert", "inputs": {"image": ["2", 0]}},
        "2": {"class_type": "ImageInvert", "inputs": {"image": ["1", 0]}},
        "3": sink("PreviewImage", ["2", 0]),
    }


def test_a_cycle_is_refused_and_newer_servers_name_it(server: Server) -> None:
    answer = refused(server, cycle())
    assert answer["error"]["type"] == FAILED
    if not server.newer:
        assert answer["node_errors"] == {}
        return
    assert set(answer["node_errors"]) == {"1", "2"}
    error = only_error(answer, "1")
    assert (error["type"], error["message"]) == ("dependency_cycle", "Dependency cycle detected")
    assert error["details"] == "2 (ImageInvert) -> 1 (ImageInvert) -> 2 (ImageInvert)"
    assert error["extra_info"] == {"node_id": "1", "cycle_nodes": ["2", "1"]}
    assert answer["node_errors"]["1"]["dependent_outputs"] == ["3"]


def test_v3_choices_are_checked_by_newer_servers_only(client: Client) -> None:
    server = client.server
    graph = flat()
    blend = {"image1": ["1", 0], "image2": ["1", 0], "blend_factor": 0.5, "blend_mode": "nope"}
    graph["3"] = {"class_type": "ImageBlend", "inputs": blend}
    graph["2"] = sink("PreviewImage", ["3", 0])
    if server.newer:
        error = only_error(refused(server, graph), "3")
        assert error["type"] == "value_not_in_list"
        assert error["extra_info"]["input_config"][0] == "COMBO"
    else:
        messages = client.run(graph)
        assert of("execution_error", messages)[0]["node_id"] == "3"


# --- the graph as a whole ---------------------------------------------------------------------------


def test_a_node_of_an_unknown_class_is_named(server: Server) -> None:
    graph = txt2img(server)
    graph["3"]["class_type"] = "NoSuchNode"
    graph["3"]["_meta"] = {"title": "My node"}
    answer = refused(server, graph)
    assert answer["node_errors"] == {}
    error = answer["error"]
    assert error["details"] == "Node ID '#3'"
    if server.newer:
        assert error["type"] == "missing_node_type"
        assert error["message"] == "Node 'My node' not found. The custom node may not be installed."
        assert error["extra_info"] == {"node_id": "3", "class_type": "NoSuchNode", "node_title": "My node"}
    else:
        assert error["type"] == "invalid_prompt"
        assert error["message"] == "Cannot execute because node NoSuchNode does not exist."


def test_a_node_without_a_class_is_named(server: Server) -> None:
    graph = txt2img(server)
    del graph["3"]["class_type"]
    answer = refused(server, graph)
    assert answer["node_errors"] == {}
    error = answer["error"]
    assert error["details"] == "Node ID '#3'"
    if server.newer:
        why = "has no class_type. The workflow may be corrupted or a custom node is missing."
        assert (error["type"], error["message"]) == ("missing_node_type", f"Node 'ID #3' {why}")
        assert error["extra_info"] == {"node_id": "3", "class_type": None, "node_title": None}
    else:
        message = "Cannot execute because a node is missing the class_type property."
        assert (error["type"], error["message"]) == ("invalid_prompt", message)


@pytest.mark.parametrize("outputless", [True, False], ids=["no output node", "empty object"])
def test_a_graph_without_an_output_is_refused(server: Server, outputless: bool) -> None:
    graph = txt2img(server)
    del graph["9"]
    answer = refused(server, graph if outputless else {})
    assert (answer["error"]["type"], answer["node_errors"]) == ("prompt_no_outputs", {})


@pytest.mark.parametrize(
    ("prompt", "kind", "details"),
    [([], "prompt_no_outputs", ""), ({"nodes": [], "links": []}, "invalid_prompt", "Node ID '#nodes'")],
    ids=["empty list", "UI format"],
)
def test_what_is_no_graph_is_refused_or_500_in_newer_versions(
    server: Server, prompt: Any, kind: str, details: str
) -> None:
    if server.newer:
        assert server.queue(prompt).status_code == 500
        return
    error = refused(server, prompt)["error"]
    assert (error["type"], error["details"]) == (kind, details)


def test_a_body_without_prompt(server: Server) -> None:
    answer = server.post("/prompt", json={"client_id": "x"})
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "no_prompt"
    assert answer.json()["node_errors"] == {}


@pytest.mark.parametrize("body", [b"", b"xxx", b"null", b'{"prompt": null}', b'{"prompt": {"1": 5}}'])
def test_bodies_without_a_better_answer_are_500_in_plain_text(server: Server, body: bytes) -> None:
    answer = server.post("/prompt", data=body)
    assert answer.status_code == 500
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.text.startswith("500 Internal Server Error")


def test_a_number_that_is_none_is_500(server: Server) -> None:
    assert server.queue(flat(), number="abc").status_code == 500


# --- what is let through ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("node", "inputs"),
    [("3", {"steps": "3"}), ("3", {"seed": 5.0}), ("3", {"more": {"a": 1}}), ("5", {"width": 65})],
    ids=["number as text", "float for INT", "unknown input", "width off its step"],
)
def test_values_are_coerced_and_extras_ignored(client: Client, node: str, inputs: dict[str, Any]) -> None:
    assert of("execution_success", client.run(changed(client.server, node, **inputs)))


def test_coerced_values_are_what_history_shows(client: Client) -> None:
    prompt_id = client.queue(changed(client.server, "3", steps="2"))
    client.read_to_end(prompt_id)
    assert client.server.history(prompt_id)["prompt"][2]["3"]["inputs"]["steps"] == 2


def test_one_broken_output_of_two_is_left_out_with_200(client: Client) -> None:
    graph = {**flat(), "3": sink("PreviewImage", ["999", 0])}
    answer = client.server.queue(graph, client_id=client.id)
    assert answer.status_code == 200
    (error,) = answer.json()["node_errors"]["3"]["errors"]
    assert (error["type"], error["details"]) == ("exception_during_validation", "'999'")
    prompt_id = answer.json()["prompt_id"]
    client.read_until(lambda m: is_end(m, prompt_id))
    entry = client.server.history(prompt_id)
    assert list(entry["outputs"]) == ["2"]
    assert entry["prompt"][4] == ["2"]


def test_partial_execution_targets_run_only_these_outputs(client: Client) -> None:
    graph = {**flat(), "3": sink("SaveImage", ["1", 0])}
    prompt_id = client.queue(graph, partial_execution_targets=["3"])
    client.read_to_end(prompt_id)
    assert list(client.server.history(prompt_id)["outputs"]) == ["3"]


@pytest.mark.parametrize("targets", [[], ["nope"]])
def test_partial_execution_targets_that_name_no_output_are_refused(server: Server, targets: list[str]) -> None:
    assert refused(server, flat(), partial_execution_targets=targets)["error"]["type"] == "prompt_no_outputs"


def test_prompt_ids_are_taken_as_given_or_demanded_as_uuids(server: Server) -> None:
    given = "6e6a4c2e-5d1f-4f6e-9f57-0b9e6f1f0001"
    assert server.queue(flat(), prompt_id=given).json()["prompt_id"] == given
    answer = server.queue(flat(), prompt_id="my-own")
    if server.newer:
        assert answer.status_code == 400
        assert answer.json()["error"]["type"] == "invalid_prompt_id"
        assert server.queue(flat(), prompt_id=given.upper()).status_code == 400
    else:
        assert answer.json()["prompt_id"] == "my-own"
