"""Rules of the conversion that the goldens do not show, or not alone: sources of values, what is said and refused."""

from __future__ import annotations

from typing import Any

import pytest

from comfy_api.errors import NotConvertible
from comfy_api.workflow.convert import Conversion, Origin, convert
from comfy_api.workflow.forms.control import Place

SPECS: dict[str, Any] = {
    "Source": {"input": {"required": {"w": ["INT", {"default": 10}]}}, "output": ["IMAGE", "INT"]},
    "Sink": {"input": {"required": {"image": ["IMAGE"]}, "optional": {"n": ["INT", {"default": 3}]}}, "output": []},
    "Sampler": {
        "input": {
            "required": {
                "seed": ["INT", {"default": 0, "min": 0, "max": 2**64 - 1}],
                "steps": ["INT", {"default": 20}],
                "text": ["STRING", {"multiline": True}],
                "pick": [["a", "b"]],
            }
        },
        "input_order": {"required": ["seed", "steps", "text", "pick"]},
        "display_name": "A sampler",
        "output": ["IMAGE"],
    },
    "Later": {"input": {"required": {"fresh": ["INT", {"default": 1}], "w": ["INT", {"default": 2}]}}, "output": []},
    "Video": {"input": {"required": {"rate": ["FLOAT", {}], "format": [["gif", "mp4"]]}}, "output": []},
    "Compare": {"input": {"required": {"compare_view": ["IMAGECOMPARE", {"socketless": True}]}}, "output": []},
    "Choice": {
        "input": {
            "required": {
                "mode": [
                    "COMFY_DYNAMICCOMBO_V3",
                    {"options": [{"key": "x", "inputs": {"required": {"n": ["INT", {"default": 7}]}}}, {"key": "y"}]},
                ],
                "tail": ["INT", {"default": 1}],
            }
        },
        "output": [],
    },
}


def node(node_id: int | str, type_: str, *inputs: tuple[str, Any], values: Any = None, **more: Any) -> dict[str, Any]:
    """A node; an input is (name, link), a name with ``!`` is a widget's socket."""
    slots = [
        {"name": name.rstrip("!"), "type": more.pop("slot_type", "*"), "link": link}
        | ({"widget": {"name": name.rstrip("!")}} if name.endswith("!") else {})
        for name, link in inputs
    ]
    raw = {"id": node_id, "type": type_, "inputs": slots, "outputs": [{"type": "IMAGE"}], **more}
    return raw if values is None else {**raw, "widgets_values": values}


def workflow(*nodes: dict[str, Any], links: Any = (), **more: Any) -> dict[str, Any]:
    return {"version": 0.4, "nodes": list(nodes), "links": [list(link) for link in links], **more}


def converted(*nodes: dict[str, Any], links: Any = (), **more: Any) -> Conversion:
    return convert(workflow(*nodes, links=links, **more), SPECS)


def inputs(conversion: Conversion, node_id: str) -> dict[str, Any]:
    return conversion.prompt[node_id]["inputs"]


def refused(*nodes: dict[str, Any], links: Any = (), **more: Any) -> NotConvertible:
    with pytest.raises(NotConvertible) as caught:
        converted(*nodes, links=links, **more)
    return caught.value


def subgraph(name: str = "S", **more: Any) -> dict[str, Any]:
    """A definition with one promoted widget ``w`` that leads to node 5."""
    return {
        "id": name,
        "name": name,
        "inputs": [{"name": "w", "type": "INT", "linkIds": [1]}],
        "outputs": [{"name": "IMAGE", "type": "IMAGE", "linkIds": [2]}],
        "nodes": [node(5, "Source", ("w!", 1), values=[55])],
        "links": [
            {"id": 1, "origin_id": -10, "origin_slot": 0, "target_id": 5, "target_slot": 0},
            {"id": 2, "origin_id": 5, "origin_slot": 0, "target_id": -20, "target_slot": 0},
        ],
        **more,
    }


# --- values -----------------------------------------------------------------------------------------


def test_a_list_is_read_by_position_with_the_control_value_between() -> None:
    result = converted(node(1, "Sampler", values=[7, "randomize", 30, "hi", "b"]))
    assert inputs(result, "1") == {"seed": 7, "steps": 30, "text": "hi", "pick": "b"}
    assert result.queueing.controls == {Place("1", "seed"): "randomize"}


def test_seeds_stay_exact_to_64_bits() -> None:
    assert inputs(converted(node(1, "Sampler", values=[2**64 - 1])), "1")["seed"] == 2**64 - 1


def test_missing_values_are_the_servers_defaults() -> None:
    assert inputs(converted(node(1, "Sampler")), "1") == {"seed": 0, "steps": 20, "text": "", "pick": "a"}


def test_a_dict_is_read_by_name() -> None:
    values = {"format": "mp4", "rate": 8, "videopreview": {"hidden": False}}
    assert inputs(converted(node(1, "Video", values=values)), "1") == {"rate": 8, "format": "mp4"}


def test_names_are_read_where_the_file_was_saved_with_other_widgets() -> None:
    """By position the server's new first input would take the old one's value."""
    result = converted(node(1, "Later", values=[9], widgets_values_named={"w": 9}))
    assert inputs(result, "1") == {"fresh": 1, "w": 9}


def test_names_that_were_left_behind_are_not_read() -> None:
    result = converted(node(1, "Source", values=[9], widgets_values_named={"w": 10}))
    assert inputs(result, "1") == {"w": 9}


def test_a_list_value_is_wrapped_so_that_it_is_no_link() -> None:
    assert inputs(converted(node(1, "Source", values=[["3", 0]])), "1") == {"w": {"__value__": ["3", 0]}}


def test_a_dynamic_choice_brings_the_inputs_of_its_option() -> None:
    assert inputs(converted(node(1, "Choice", values=["x", 4, 5])), "1") == {"mode": "x", "mode.n": 4, "tail": 5}
    assert inputs(converted(node(1, "Choice", values=["y", 5])), "1") == {"mode": "y", "tail": 5}


@pytest.mark.parametrize(
    ("value", "text"), [(5, "5"), (8.0, "8"), (["3", 0], "3,0"), (None, ""), (True, "true"), ("a\r\nb", "a\nb")]
)
def test_a_text_of_several_lines_is_text_whatever_the_file_holds(value: Any, text: str) -> None:
    assert inputs(converted(node(1, "Sampler", values=[0, "fixed", 1, value])), "1")["text"] == text


def test_a_text_in_the_place_of_a_number_is_noticed() -> None:
    """It is sent as the frontend sends it, for the server to refuse; but somebody should know."""
    result = converted(node(1, "Sampler", values=[7, 30, "hi", "b"]))
    assert [notice.sentence for notice in result.notices] == [
        '"steps" takes a number, and the file holds "hi" for it. It was saved with another version of the node.'
    ]


SEEDS = {
    "Seeds": {
        "input": {
            "required": {
                "noise_seed": ["INT", {}],
                "seed": ["INT", {"control_after_generate": False}],
                "other": ["INT", {"control_after_generate": True}],
                "amount": ["FLOAT", {"control_after_generate": True}],
                "pick": [["a", "b"], {"control_after_generate": True}],
                "image": [["a.png"], {"image_upload": True}],
                "forced": ["INT", {"forceInput": True}],
            },
            "optional": {"last": ["INT", {}], "socket": ["INT", {"defaultInput": True}]},
        },
        "input_order": {
            "required": ["noise_seed", "seed", "other", "amount", "pick", "image", "forced"],
            "optional": ["last", "socket"],
        },
        "output": [],
    },
}


def test_the_frontends_own_values_stand_where_it_puts_them() -> None:
    """One behind seeds by name and numbers that ask for it, two behind choices, the upload button last."""
    stored = [1, "fixed", 2, 3, "increment", 0.5, "decrement", "b", "randomize", "", "x.png", 9, "image"]
    result = convert(workflow(node(1, "Seeds", values=stored)), SEEDS)
    sent = {"noise_seed": 1, "seed": 2, "other": 3, "amount": 0.5, "pick": "b", "image": "x.png", "last": 9}
    assert inputs(result, "1") == sent
    modes = {place.input: mode for place, mode in result.queueing.controls.items()}
    assert modes == {"noise_seed": "fixed", "other": "increment", "amount": "decrement", "pick": "randomize"}


def test_a_view_that_the_server_requires_is_sent() -> None:
    """A real ComfyUI 0.33.0 refuses an ImageCompare without its view, and takes whatever stands there."""
    assert inputs(converted(node(1, "Compare", values=[])), "1") == {"compare_view": ""}
    seen = {"before": "/api/view?filename=a.png", "after": ""}
    assert inputs(converted(node(1, "Compare", values=[seen])), "1") == {"compare_view": seen}


def test_the_dummies_of_early_files_are_skipped() -> None:
    spec = {"input": {"required": {"forced": ["INT", {"forceInput": True}], "seed": ["INT", {}], "b": ["INT", {}]}}}
    early = convert(workflow(node(1, "Early", values=[0, 5, "fixed", 6])), {"Early": spec})
    today = convert(workflow(node(1, "Early", values=[5, "fixed", 6])), {"Early": spec})
    assert inputs(early, "1") == inputs(today, "1") == {"seed": 5, "b": 6}


# --- titles -----------------------------------------------------------------------------------------


def test_a_node_keeps_its_title_and_package() -> None:
    result = converted(node(1, "Sampler", title="Mine", properties={"cnr_id": "pack", "ver": "1.2", "aux_id": "a/b"}))
    assert result.prompt["1"]["_meta"] == {"title": "Mine", "cnr_id": "pack", "ver": "1.2", "aux_id": "a/b"}
    assert converted(node(1, "Sampler")).prompt["1"]["_meta"] == {"title": "A sampler"}


# --- wires ------------------------------------------------------------------------------------------


def test_a_bypassed_node_passes_on_the_input_in_the_place_of_the_output() -> None:
    """Not the first of the type, and not the first with a wire."""
    spec = {"Two": {"input": {"required": {"a": ["IMAGE"], "b": ["IMAGE"]}}, "output": ["IMAGE", "IMAGE"]}, **SPECS}
    nodes = [
        node(1, "Source"),
        node(2, "Source"),
        node(3, "Two", ("a", 1), ("b", 2), mode=4),
        node(4, "Sink", ("image", 3)),
    ]
    links = [[1, 1, 0, 3, 0, "IMAGE"], [2, 2, 0, 3, 1, "IMAGE"], [3, 3, 1, 4, 0, "IMAGE"]]
    assert inputs(convert(workflow(*nodes, links=links), spec), "4")["image"] == ["2", 0]


def test_what_a_bypassed_node_passes_on_fits_its_own_output_too() -> None:
    spec = {
        "Cut": {"input": {"required": {"mask": ["MASK"], "image": ["IMAGE"]}}, "output": ["IMAGE"]},
        "Both": {"input": {"required": {"any": ["IMAGE,MASK"]}}, "output": []},
        **SPECS,
    }
    nodes = [
        node(1, "Source"),
        node(2, "Source"),
        node(3, "Cut", ("mask", 1), ("image", 2), mode=4),
        node(4, "Both", ("any", 3)),
    ]
    links = [[1, 1, 0, 3, 0, "MASK"], [2, 2, 0, 3, 1, "IMAGE"], [3, 3, 0, 4, 0, "IMAGE"]]
    assert inputs(convert(workflow(*nodes, links=links), spec), "4")["any"] == ["2", 0]


def test_set_and_get_nodes_are_followed_out_of_a_subgraph() -> None:
    inner = subgraph(
        nodes=[node(1, "GetNode", values=["img"]), node(2, "Sink", ("image", 3))], links=[[3, 1, 0, 2, 0, "*"]]
    )
    result = converted(
        node(1, "Source"),
        node(2, "SetNode", ("IMAGE", 1), values=["img"]),
        node(3, "S"),
        links=[[1, 1, 0, 2, 0, "IMAGE"]],
        definitions={"subgraphs": [inner]},
    )
    assert inputs(result, "3:2")["image"] == ["1", 0]


def test_a_get_without_a_set_is_refused() -> None:
    error = refused(node(1, "GetNode", values=["img"]), node(2, "Sink", ("image", 3)), links=[[3, 1, 0, 2, 0, "*"]])
    assert '"img"' in error.reasons[0]


def test_reroutes_in_a_circle_are_refused() -> None:
    error = refused(
        node(1, "Reroute", ("", 2)),
        node(2, "Reroute", ("", 1)),
        node(3, "Sink", ("image", 3)),
        links=[[1, 1, 0, 2, 0, "*"], [2, 2, 0, 1, 0, "*"], [3, 2, 0, 3, 0, "*"]],
    )
    assert "circle" in error.reasons[0]


def test_a_wire_that_is_not_in_the_file_is_noticed() -> None:
    result = converted(node(3, "Sink", ("image", 9)))
    assert inputs(result, "3") == {"n": 3}
    assert "image" in result.notices[0].sentence


def test_a_wire_from_a_node_that_is_not_in_the_file_is_refused() -> None:
    assert "node 8" in refused(node(3, "Sink", ("image", 9)), links=[[9, 8, 0, 3, 0, "IMAGE"]]).reasons[0]


def test_a_primitive_behind_a_reroute_is_ignored_and_noticed() -> None:
    result = converted(
        node(1, "PrimitiveNode", values=[99, "fixed"], title="Width"),
        node(2, "Reroute", ("", 1)),
        node(3, "Source", ("w!", 2), values=[4]),
        links=[[1, 1, 0, 2, 0, "INT"], [2, 2, 0, 3, 0, "INT"]],
    )
    assert inputs(result, "3") == {"w": 4}
    assert '"Width"' in result.notices[0].sentence


def test_broadcasts_are_wires_where_the_file_lists_them_and_refused_where_not() -> None:
    nodes = node(1, "Source"), node(2, "Anything Everywhere", ("anything", 1)), node(3, "Sink", ("image", None))
    links = [[1, 1, 0, 2, 0, "IMAGE"]]
    listed = [{"downstream": 3, "downstream_slot": 0, "upstream": "1", "upstream_slot": 0, "controller": 2}]
    result = converted(*nodes, links=links, extra={"ue_links": listed})
    assert inputs(result, "3")["image"] == ["1", 0]
    assert result.notices
    assert "Convert all UEs" in refused(*nodes, links=links).reasons[0]


def test_a_missing_input_of_a_subgraph_is_noticed() -> None:
    result = converted(
        node(1, "Source"),
        node(7, "S", ("old", 1)),
        links=[[1, 1, 0, 7, 0, "INT"]],
        definitions={"subgraphs": [subgraph()]},
    )
    assert '"old"' in result.notices[0].sentence


# --- what is refused --------------------------------------------------------------------------------


def test_every_unknown_class_is_named_with_its_package() -> None:
    error = refused(
        node(1, "Nope", title="First", properties={"cnr_id": "pack", "ver": "1.2"}),
        node(2, "Nope", title="Second"),
        node(3, "Other", properties={"aux_id": "who/repo"}),
    )
    first, second = error.unknown
    assert (first.class_type, first.titles, first.package, first.version) == (
        "Nope",
        ("First", "Second"),
        "pack",
        "1.2",
    )
    assert (second.class_type, second.package) == ("Other", "who/repo")
    assert "belongs to the package pack 1.2" in str(error)


def test_an_unknown_class_that_does_not_run_is_no_obstacle() -> None:
    assert converted(node(1, "Nope", mode=2), node(2, "Nope", mode=4), node(3, "Source")).prompt.keys() == {"3"}


def test_a_subgraph_that_is_not_in_the_file_is_refused_by_its_title() -> None:
    error = refused(node(1, "0a1b2c3d-0000-4000-8000-000000000001", title="My part"))
    assert "My part" in error.reasons[0]
    assert not error.unknown


def test_a_group_node_without_content_is_refused() -> None:
    assert "subgraph" in refused(node(1, "workflow>mine")).reasons[0]


# --- group nodes ------------------------------------------------------------------------------------


def test_a_group_node_becomes_its_nodes_with_the_values_of_the_group() -> None:
    group = {
        "nodes": [node(0, "Source", values=[1]), node(1, "Sink", ("image", None), values=[2])],
        "links": [[0, 0, 1, 0, 1, "IMAGE"]],
        "external": [],
    }
    result = converted(node(50, "workflow>mine", values=[11, 12]), extra={"groupNodes": {"mine": group}})
    assert inputs(result, "50:0") == {"w": 11}
    assert inputs(result, "50:1") == {"image": ["50:0", 0], "n": 12}
    assert result.origins[Place("50:1", "n")] == Origin("", "50", "n", 1)


def test_outputs_of_a_group_node_are_those_that_nothing_inside_uses() -> None:
    spec = {"Pass": {"input": {"required": {"image": ["IMAGE"]}}, "output": ["IMAGE"]}, **SPECS}
    inner = [node(0, "Source", values=[1]), node(1, "Pass", ("image", None))]
    group = {"nodes": inner, "links": [[0, 0, 1, 0, 1, "IMAGE"]], "external": []}

    def fed(external: list[Any]) -> Any:
        ui = workflow(
            node(50, "workflow>mine", values=[1]),
            node(2, "Sink", ("image", 1)),
            links=[[1, 50, 0, 2, 0, "IMAGE"]],
            extra={"groupNodes": {"mine": {**group, "external": external}}},
        )
        return inputs(convert(ui, spec), "2")["image"]

    assert fed([]) == ["50:1", 0]
    assert fed([[0, 0, "IMAGE"]]) == ["50:0", 0]


def test_a_muted_group_node_runs_as_in_the_frontend_and_that_is_noticed() -> None:
    group = {"nodes": [node(0, "Source", values=[1])], "links": []}
    result = converted(node(50, "workflow>mine", mode=2), extra={"groupNodes": {"mine": group}})
    assert result.prompt.keys() == {"50:0"}
    assert "muted" in result.notices[0].sentence


# --- where values come from -------------------------------------------------------------------------


def test_a_primitive_is_the_origin_of_every_value_that_it_drives() -> None:
    result = converted(
        node(1, "PrimitiveNode", values=[99, "increment"]),
        node(2, "Source", ("w!", 1), values=[1]),
        node(3, "Source", ("w!", 2), values=[2]),
        links=[[1, 1, 0, 2, 0, "INT"], [2, 1, 0, 3, 0, "INT"]],
    )
    assert inputs(result, "2") == inputs(result, "3") == {"w": 99}
    assert result.origins[Place("2", "w")] == Origin("", "1", "value", 0)
    assert result.fan_out(Place("2", "w")) == (Place("2", "w"), Place("3", "w"))
    assert result.queueing.controls[Place("3", "w")] == "increment"


def test_a_host_is_the_origin_of_its_promoted_value_and_an_instance_without_values_shares_the_inner_one() -> None:
    result = converted(node(7, "S", values=[88]), node(8, "S"), node(9, "S"), definitions={"subgraphs": [subgraph()]})
    assert [inputs(result, f"{host}:5")["w"] for host in (7, 8, 9)] == [88, 55, 55]
    assert result.origins[Place("7:5", "w")] == Origin("", "7", "w", 0)
    assert result.fan_out(Place("8:5", "w")) == (Place("8:5", "w"), Place("9:5", "w"))
    assert result.origins[Place("8:5", "w")] == Origin("S", "5", "w", 0)
    assert result.queueing.literal == {Place("7:5", "w"), Place("8:5", "w"), Place("9:5", "w")}


def test_the_outer_host_of_nested_subgraphs_has_the_last_word() -> None:
    outer = {"id": "Outer", "inputs": [], "nodes": [node(8, "S", values=[66])], "links": []}
    host = node(9, "Outer", values=[777], properties={"proxyWidgets": [["8", "w"]]})
    result = converted(host, node(10, "Outer"), definitions={"subgraphs": [subgraph(), outer]})
    assert inputs(result, "9:8:5") == {"w": 777}
    assert inputs(result, "10:8:5") == {"w": 66}
    assert result.origins[Place("9:8:5", "w")] == Origin("", "9", "w", 0)


def test_the_widgets_that_an_older_host_lists_are_promoted_values_too() -> None:
    """So that their dynamic prompts stay as they are."""
    plain = subgraph(inputs=[], links=[], nodes=[node(5, "Source", values=[55])])
    host = node(9, "S", values=[], properties={"proxyWidgets": '[["5", "w"]]'})
    result = converted(host, definitions={"subgraphs": [plain]})
    assert inputs(result, "9:5") == {"w": 55}
    assert result.queueing.literal == {Place("9:5", "w")}


def test_a_wired_input_has_no_origin_but_keeps_what_is_under_the_wire() -> None:
    result = converted(node(1, "Source"), node(2, "Source", ("w!", 1), values=[6]), links=[[1, 1, 1, 2, 0, "INT"]])
    assert inputs(result, "2") == {"w": ["1", 1]}
    assert Place("2", "w") not in result.origins
    assert result.queueing.beneath[Place("2", "w")].value == 6


def test_a_node_that_a_newer_comfyui_brings_asks_for_an_update() -> None:
    node = {"id": 1, "type": "Novel", "properties": {"cnr_id": "comfy-core", "ver": "0.40.0"}}
    with pytest.raises(NotConvertible, match=r"came with ComfyUI 0\.40\.0\. Update ComfyUI"):
        convert({"nodes": [node], "links": [], "version": 0.4}, {})
