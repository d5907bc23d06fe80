"""Workflow: finding, setting, following links; nothing changes in place."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comfy_api.errors import AmbiguousTitle, InputIsLinked, InputNotFound, NodeNotFound, WorkflowError
from comfy_api.workflow import Workflow, is_link


def node(class_type: str, title: str | None = None, **inputs: Any) -> dict[str, Any]:
    raw: dict[str, Any] = {"class_type": class_type, "inputs": inputs}
    return raw if title is None else {**raw, "_meta": {"title": title}}


scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
raw_nodes = st.fixed_dictionaries(
    {"class_type": st.text(min_size=1), "inputs": st.dictionaries(st.text(), values, max_size=4)},
    optional={"_meta": values, "is_changed": values},
)
# An id that is a number would make a link of a list of two numbers.
ids = st.text().filter(lambda text: not text.lstrip("-").isdecimal())
graphs = st.dictionaries(ids, raw_nodes, min_size=1, max_size=5)


@given(graphs)
def test_load_of_to_json_is_the_same_workflow_in_the_same_order(graph: dict[str, Any]) -> None:
    workflow = Workflow.load(graph)
    again = Workflow.load(workflow.to_json())
    assert again == workflow
    assert json.dumps(again.graph) == json.dumps(workflow.graph)
    assert list(again.graph) == list(graph)


@given(graphs, st.data())
def test_setting_an_input_changes_that_input_alone_and_never_the_original(
    graph: dict[str, Any], data: st.DataObject
) -> None:
    before = json.dumps(graph)
    workflow = Workflow.load(graph)
    node_id = data.draw(st.sampled_from(list(graph)))
    if not graph[node_id]["inputs"]:
        return
    name = data.draw(st.sampled_from(list(graph[node_id]["inputs"])))
    changed = workflow.with_inputs(node_id, {name: "new"}, relink=True).graph
    assert json.dumps(workflow.graph) == before
    assert changed[node_id]["inputs"][name] == "new"
    changed[node_id]["inputs"][name] = graph[node_id]["inputs"][name]
    assert json.dumps(changed) == before


def test_the_graph_that_is_handed_out_is_a_copy(txt2img: Workflow) -> None:
    before = txt2img.to_json()
    txt2img.graph["3"]["inputs"]["model"][0] = "9"
    txt2img.raw("3")["inputs"].clear()
    txt2img.nodes["3"].inputs["model"][0] = "9"
    assert txt2img.to_json() == before


def test_find_takes_a_title_in_any_case_then_a_class_then_an_id() -> None:
    workflow = Workflow.load(
        {
            "1": node("KSampler", "Draft"),
            "KSampler": node("X", "draft"),
            "3": node("Y", "KSampler"),
            "4": node("Y", "3"),
        }
    )
    assert [found.id for found in workflow.find("DRAFT")] == ["1", "KSampler"]
    assert [found.id for found in workflow.find("KSampler")] == ["3"]
    assert [found.id for found in workflow.find("Y")] == ["3", "4"]
    assert [found.id for found in workflow.find("1")] == ["1"]
    assert [found.id for found in workflow.find("3")] == ["4"]
    assert workflow.find("nothing") == []


@pytest.mark.parametrize("meta", [None, {}, {"title": ""}, {"title": 5}, "x"])
def test_a_node_without_a_title_is_called_by_its_class(meta: Any) -> None:
    assert Workflow.load({"1": {**node("KSampler"), "_meta": meta}}).nodes["1"].title == "KSampler"


def test_an_unknown_name_is_refused_with_the_titles_that_there_are(txt2img: Workflow) -> None:
    with pytest.raises(NodeNotFound, match=r'"posotive".*"positive_prompt"') as caught:
        txt2img.set("posotive", text="x")
    assert "negative_prompt" in caught.value.titles


def test_an_unknown_input_is_refused_with_the_inputs_that_there_are(txt2img: Workflow) -> None:
    with pytest.raises(InputNotFound, match=r'"positive_prompt" has no input "txt".*"text", "clip"'):
        txt2img.set("positive_prompt", txt="x")


def test_set_reaches_every_match_or_refuses_when_one_was_wanted() -> None:
    workflow = Workflow.load({"1": node("A", "T", x=1), "2": node("B", "t", x=2)})
    assert [found.inputs["x"] for found in workflow.set("T", x=9).nodes.values()] == [9, 9]
    with pytest.raises(AmbiguousTitle, match=r'2 nodes are called "T".*"1", "2"'):
        workflow.set("T", x=9, match="one")
    assert workflow.set("A", x=9, match="one").nodes["1"].inputs["x"] == 9


def test_a_second_mapping_names_inputs_that_are_no_identifiers_or_taken() -> None:
    workflow = Workflow.load({"1": node("A", **{"a.b": 1, "match": 2, "name": 3})})
    changed = workflow.set("A", {"a.b": 5, "match": 6}, name=7)
    assert dict(changed.nodes["1"].inputs) == {"a.b": 5, "match": 6, "name": 7}


def test_a_linked_input_is_overwritten_only_on_demand(txt2img: Workflow) -> None:
    with pytest.raises(InputIsLinked, match='"model" of "Sampling" is fed by node 4'):
        txt2img.set("Sampling", model="x")
    assert txt2img.set("Sampling", model="x", relink=True).nodes["3"].inputs["model"] == "x"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, object()])
def test_a_value_that_json_does_not_know_is_refused(txt2img: Workflow, value: Any) -> None:
    with pytest.raises(WorkflowError, match="cannot be set"):
        txt2img.set("Sampling", cfg=value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (["4", 0], True),
        (["12:7", 1], True),
        ([4, 0], False),
        (["4"], False),
        (["4", 0, 1], False),
        (["4", "0"], False),
        (["4", True], False),
        ("4", False),
        (None, False),
    ],
)
def test_a_link_is_a_source_id_and_an_output_index(value: Any, expected: bool) -> None:
    assert is_link(value) is expected


def test_ancestors_are_all_sources_the_nearest_first(txt2img: Workflow) -> None:
    assert txt2img.ancestors("9") == ("8", "3", "4", "6", "7", "5")
    assert txt2img.ancestors("4") == ()


def test_flow_puts_sources_first_and_bears_cycles_and_dangling_links() -> None:
    workflow = Workflow.load(
        {
            "loop": node("X", a=["loop2", 0]),
            "loop2": node("X", a=["loop", 0]),
            "end": node("X", a=["mid", 0], b=["start", 0]),
            "mid": node("X", a=["start", 0], b=["start", 1], c=["gone", 0]),
            "start": node("X"),
        }
    )
    assert workflow.flow == ("start", "mid", "end", "loop", "loop2")
    assert workflow.ancestors("loop") == ("loop2",)


def test_flow_and_ancestors_of_many_branches_that_meet_again_visit_each_node_once() -> None:
    graph = {"0": node("X")}
    for step in range(1, 2000):
        graph[str(step)] = node("X", a=[str(step - 1), 0], b=[str(max(0, step - 2)), 0])
    workflow = Workflow.load(graph)
    assert workflow.flow == tuple(graph)
    assert len(workflow.ancestors("1999")) == 1999


def test_consumers_are_the_inputs_that_a_node_feeds(txt2img: Workflow) -> None:
    assert txt2img.consumers("4") == [("3", "model"), ("6", "clip"), ("7", "clip"), ("8", "vae")]


def test_nodes_are_replaced_in_place_added_at_the_end_and_left_out(txt2img: Workflow) -> None:
    changed = txt2img.with_node("4", node("Other")).with_node("99", node("New")).without("5")
    assert list(changed.graph) == ["3", "4", "6", "7", "8", "9", "99"]
    assert changed.nodes["4"].class_type == "Other"
    with pytest.raises(NodeNotFound):
        txt2img.without("77")
    with pytest.raises(WorkflowError, match="class_type"):
        txt2img.with_node("1", {"inputs": {}})


def test_a_repr_shows_nothing_of_the_content() -> None:
    workflow = Workflow.load({"prompt": {"1": node("A", text="my words")}, "extra_data": {"api_key_comfy_org": "k"}})
    assert repr(workflow) == "<Workflow of 1 nodes>"
    assert "api_key" not in workflow.to_json()


# --- settings from the shell ------------------------------------------------------------------------

SETTABLE = Workflow.load(
    {
        "1": node(
            "A",
            "v1.5 Model",
            n=1,
            f=1.5,
            b=True,
            s="x",
            z=None,
            cfg=7,
            link=["2", 0],
            **{"format.codec": "a"},
        ),
        "2": node("B"),
    }
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("v1.5 Model.s=a red fox", ("v1.5 Model", "s", "a red fox")),
        ("v1.5 model.s=a=b ", ("v1.5 model", "s", "a=b ")),
        ("A.s=", ("A", "s", "")),
        ("A.s=7", ("A", "s", "7")),
        ("A.n= 18446744073709551615", ("A", "n", 18446744073709551615)),
        ("A.n=-3", ("A", "n", -3)),
        ("A.f=2", ("A", "f", 2)),
        ("A.f=2.5e-1", ("A", "f", 0.25)),
        ("A.cfg=7.5", ("A", "cfg", 7.5)),
        ("A.b=False", ("A", "b", False)),
        ("A.z=[1]", ("A", "z", [1])),
        ("A.format.codec=h264", ("A", "format.codec", "h264")),
        ("v1.5 Model.format.codec=h264", ("v1.5 Model", "format.codec", "h264")),
    ],
)
def test_a_setting_takes_the_type_of_the_present_value(text: str, expected: tuple[str, str, Any]) -> None:
    got = SETTABLE.parse_setting(text)
    assert got == expected
    assert type(got[2]) is type(expected[2])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("A.n=2.5", '"n" takes a whole number, not "2.5"'),
        ("A.n=many", '"n" takes a whole number'),
        ("A.n=1_0", '"n" takes a whole number'),
        ("A.f=1_0.5", '"f" takes a number such as'),
        ("A.f=nan", '"f" takes a number such as'),
        ("A.b=1", '"b" is true or false'),
        ("A.z=x", '"z" takes a JSON value'),
        ("A.s", "is no setting"),
        ("s=x", "names no input"),
        ("A.=x", "names no input"),
        ("A.q=x", 'has no input "q"'),
        ("Q.s=x", 'No node is called "Q"'),
        ("A.link=x", "fed by node 2"),
    ],
)
def test_a_wrong_setting_is_refused_in_plain_words(text: str, sentence: str) -> None:
    with pytest.raises(WorkflowError, match=sentence):
        SETTABLE.parse_setting(text)


def test_set_value_sets_what_the_setting_names() -> None:
    assert SETTABLE.set_value("v1.5 Model.format.codec", "b").nodes["1"].inputs["format.codec"] == "b"
