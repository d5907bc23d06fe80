"""A form's values reach every place that their controls write to, and nothing else changes."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from comfy_api.errors import InputIsLinked, InputNotFound, Refused, WorkflowError
from comfy_api.workflow import Workflow
from comfy_api.workflow.forms.apply import apply_form, resolve, value_in
from comfy_api.workflow.forms.control import Control, Form, Kind, Place

Inputs = dict[str, Any]


def build(**nodes: tuple[str, Inputs]) -> Workflow:
    return Workflow.load({key: {"class_type": name, "inputs": inputs} for key, (name, inputs) in nodes.items()})


def control(kind: Kind, *places: Place, **fields: Any) -> Control:
    return Control(**{"id": "it", "kind": kind, "label": "It", "places": places, **fields})


def applied(workflow: Workflow, made: Control | Form, value: Any = None, /, **values: Any) -> dict[str, Inputs]:
    """Node id → inputs, with the one control at ``value``, or a form with these values."""
    form = made if isinstance(made, Form) else Form(controls=(made,))
    chosen = values if isinstance(made, Form) else {made.id: value}
    changed = apply_form(workflow, form, chosen, rng=random.Random(1))
    return {node.id: dict(node.inputs) for node in changed.nodes.values()}


TWO = build(a=("Text", {"text": "old", "n": 1}), b=("Text", {"text": "old", "n": 2}))


def test_a_value_reaches_every_place() -> None:
    made = control(Kind.TEXT, Place("a", "text"), Place("b", "text"))
    assert applied(TWO, made, "new") == {"a": {"text": "new", "n": 1}, "b": {"text": "new", "n": 2}}


def test_what_is_absent_stays_as_it_is() -> None:
    form = Form(controls=(control(Kind.TEXT, Place("a", "text"), default="other"),))
    assert apply_form(TWO, form, {}, rng=random.Random(1)) == TWO


def test_an_empty_field_means_the_text_that_it_shows() -> None:
    assert applied(TWO, control(Kind.TEXT, Place("a", "text"), placeholder="old"), "")["a"]["text"] == "old"
    assert applied(TWO, control(Kind.TEXT, Place("a", "text"), placeholder="e.g. this"), "")["a"]["text"] == ""
    assert applied(TWO, control(Kind.TEXT, Place("a", "text")), "")["a"]["text"] == ""


def test_each_side_of_a_size_goes_to_its_own_input() -> None:
    workflow = build(a=("Latent", {"width": 1, "height": 2}), w=("Int", {"value": 1}))
    made = control(
        Kind.SIZE, Place("a", "height", "height"), Place("a", "width", "width"), Place("w", "value", "width")
    )
    assert applied(workflow, made, [640, 480]) == {"a": {"width": 640, "height": 480}, "w": {"value": 640}}
    assert value_in(workflow, made) == [1, 2]


def test_a_list_travels_wrapped_because_a_bare_one_is_a_link() -> None:
    workflow = build(a=("Tags", {"tags": {"__value__": ["x", 0]}}))
    made = control(Kind.LIST, Place("a", "tags"))
    assert applied(workflow, made, ["y", 1]) == {"a": {"tags": {"__value__": ["y", 1]}}}
    assert value_in(workflow, made) == ["x", 0]


def test_values_keep_their_json_type_and_every_digit() -> None:
    made = control(Kind.CHOICE, Place("a", "n"))
    for value in (2**64 - 1, True, 1.0, "1"):
        kept = applied(TWO, made, value)["a"]["n"]
        assert (type(kept), kept) == (type(value), value)


# --- tokens ---------------------------------------------------------------------------------------------

LETTER = build(a=("Text", {"text": "Dear {{who}}, {{who}} of {{whole}}: {{n}}", "seed": "{{seed}}"}))


def token(kind: Kind, name: str, input: str = "text", **fields: Any) -> Control:
    return control(kind, Place("a", input, token=f"{{{{{name}}}}}"), **{"id": name, **fields})


WHO, WHOLE, N = token(Kind.TEXT, "who"), token(Kind.TEXT, "whole"), token(Kind.INTEGER, "n")


def test_tokens_are_replaced_in_one_pass() -> None:
    """A value that looks like another token, or like a pattern, stays as it was typed."""
    inputs = applied(LETTER, Form(controls=(WHO, WHOLE, N)), who="{{n}}", whole=r"\1 .*", n=3)
    assert inputs["a"]["text"] == r"Dear {{n}}, {{n}} of \1 .*: 3"


def test_of_two_tokens_of_which_one_begins_the_other_the_longer_is_meant() -> None:
    workflow = build(a=("Text", {"text": "PARAM_AB PARAM_A"}))
    short = control(Kind.TEXT, Place("a", "text", token="PARAM_A"), id="short")
    long = control(Kind.TEXT, Place("a", "text", token="PARAM_AB"), id="long")
    assert applied(workflow, Form(controls=(short, long)), short="1", long="2")["a"]["text"] == "2 1"


def test_a_token_that_is_the_whole_text_becomes_the_value_itself() -> None:
    assert applied(LETTER, token(Kind.SEED, "seed", "seed"), 7)["a"]["seed"] == 7


def test_within_a_text_values_read_as_people_write_them() -> None:
    workflow = build(a=("Text", {"text": "x {{v}}"}))
    for value, text in ((True, "x true"), (1.5, "x 1.5"), (["a", 1], "x a, 1")):
        assert applied(workflow, token(Kind.CHOICE, "v"), value)["a"]["text"] == text


def test_a_placeholder_without_a_value_takes_the_default_or_is_refused() -> None:
    form = Form(controls=(token(Kind.TEXT, "who", default="Ada"), WHOLE, N))
    assert applied(LETTER, form, whole="x", n=1)["a"]["text"] == "Dear Ada, Ada of x: 1"
    with pytest.raises(Refused, match=r'^"It" needs a value\.$') as caught:
        applied(LETTER, form, whole="x")
    assert caught.value.control == "n"


def test_a_token_that_is_no_longer_there_is_said() -> None:
    with pytest.raises(WorkflowError, match=r'"text" of node a no longer holds "\{\{who\}\}"\. Make the form again'):
        applied(TWO, WHO, "Ada")


# --- steps ----------------------------------------------------------------------------------------------


def test_a_sampler_of_a_part_of_the_steps_keeps_its_share() -> None:
    workflow = build(
        a=("KSamplerAdvanced", {"steps": 20, "start_at_step": 0, "end_at_step": 5}),
        b=("KSamplerAdvanced", {"steps": 20, "start_at_step": 5, "end_at_step": 10000}),
    )
    steps = control(Kind.INTEGER, Place("a", "steps"), Place("b", "steps"), id="steps")
    assert applied(workflow, steps, 40) == {
        "a": {"steps": 40, "start_at_step": 0, "end_at_step": 10},
        "b": {"steps": 40, "start_at_step": 10, "end_at_step": 10000},
    }
    end = control(Kind.INTEGER, Place("a", "end_at_step"), id="end")
    assert applied(workflow, Form(controls=(end, steps)), steps=40, end=30)["a"]["end_at_step"] == 30


# --- seeds ----------------------------------------------------------------------------------------------


def test_a_seed_left_open_is_drawn_once_for_all_its_places() -> None:
    workflow = build(a=("KSampler", {"seed": 1}), b=("RandomNoise", {"noise_seed": 2}))
    form = Form(controls=(control(Kind.SEED, Place("a", "seed"), Place("b", "noise_seed"), id="seed"),))
    used = resolve(form, {"seed": None}, random.Random(3))
    assert 0 <= used["seed"] < 2**32
    assert resolve(form, used, random.Random(4)) == used
    inputs = applied(workflow, form, seed=None)
    assert inputs["a"]["seed"] == inputs["b"]["noise_seed"] == resolve(form, {"seed": None}, random.Random(1))["seed"]
    assert resolve(form, {}, random.Random(3)) == {}


# --- links and places -----------------------------------------------------------------------------------


def test_a_link_is_cut_for_comfydeploys_nodes_alone() -> None:
    def linked(class_type: str) -> Workflow:
        return build(a=(class_type, {"input_id": "x", "default_value": ["b", 0]}), b=("LoadImage", {"image": "x.png"}))

    made = control(Kind.IMAGE, Place("a", "default_value"))
    assert applied(linked("ComfyUIDeployExternalImage"), made, "new.png")["a"]["default_value"] == "new.png"
    with pytest.raises(InputIsLinked):
        applied(linked("Other"), made, "new.png")


def test_a_place_that_is_not_there_is_said() -> None:
    with pytest.raises(WorkflowError, match="The form writes to node z, which is not there"):
        applied(TWO, control(Kind.TEXT, Place("z", "text")), "x")
    with pytest.raises(InputNotFound):
        applied(TWO, control(Kind.TEXT, Place("a", "nope")), "x")


def test_the_present_value_is_none_where_there_is_none() -> None:
    workflow = build(a=("A", {"x": ["b", 0], "t": "{{n}}", "s": 5}), b=("B", {}))
    places = (Place("a", "x"), Place("a", "t", token="{{n}}"), Place("a", "gone"), Place("z", "x"))
    assert [value_in(workflow, control(Kind.TEXT, place)) for place in places] == [None] * 4
    assert value_in(workflow, control(Kind.IMAGES)) is None
    assert value_in(workflow, control(Kind.INTEGER, Place("a", "s"))) == 5


# --- files ----------------------------------------------------------------------------------------------

IMG2IMG = build(
    load=("LoadImage", {"image": "example.png"}),
    paste=("ImageCompositeMasked", {"destination": ["base", 0], "source": ["load", 0]}),
    base=("EmptyImage", {"width": 64, "height": 64, "batch_size": 1, "color": 0}),
    out=("PreviewImage", {"images": ["paste", 0]}),
)
INFO: dict[str, Any] = {
    "LoadImage": {"input": {"required": {"image": [["a.png"], {"image_upload": True}]}}, "output": ["IMAGE", "MASK"]},
    "EmptyImage": {"input": {"required": {}}, "output": ["IMAGE"]},
    "ImageCompositeMasked": {
        "input": {"required": {"destination": ["IMAGE"], "source": ["IMAGE"]}},
        "output": ["IMAGE"],
    },
    "PreviewImage": {"input": {"required": {"images": ["IMAGE"]}}, "output": [], "output_node": True},
    "Show": {"input": {"optional": {"image": [["a.png"], {"image_upload": True}]}}, "output": [], "output_node": True},
}
IMAGE = control(Kind.IMAGE, Place("load", "image"), id="image", label="Your picture")


def test_a_file_takes_the_place_of_the_workflows_own() -> None:
    assert applied(IMG2IMG, IMAGE, "easel-1.png")["load"]["image"] == "easel-1.png"


def test_a_file_left_empty_takes_its_branch_out() -> None:
    changed = apply_form(IMG2IMG, Form(controls=(IMAGE,)), {"image": None}, rng=random.Random(1), object_info=INFO)
    assert {node.id: node.links for node in changed.nodes.values()} == {
        "base": {},
        "out": {"images": ("base", 0)},
    }


def test_an_optional_file_of_a_node_that_does_more_leaves_the_node() -> None:
    workflow = build(show=("Show", {"image": "a.png", "n": 1}))
    made = control(Kind.IMAGE, Place("show", "image"), id="image")
    changed = apply_form(workflow, Form(controls=(made,)), {"image": None}, rng=random.Random(1), object_info=INFO)
    assert dict(changed.nodes["show"].inputs) == {"n": 1}


def test_a_file_that_is_needed_or_not_known_to_be_optional_is_asked_for() -> None:
    needed = control(Kind.IMAGE, Place("load", "image"), id="image", label="Your picture", required=True)
    with pytest.raises(Refused, match=r'^"Your picture" needs a file\. Add one\.$'):
        applied(IMG2IMG, needed, None)
    with pytest.raises(Refused, match=r"^While the server is away nothing can be left out"):
        applied(IMG2IMG, IMAGE, None)
    only = build(load=("LoadImage", {"image": "a.png"}), out=("PreviewImage", {"images": ["load", 0]}))
    with pytest.raises(Refused, match=r"^Nothing can be made without this file") as caught:
        apply_form(only, Form(controls=(IMAGE,)), {"image": None}, rng=random.Random(1), object_info=INFO)
    assert caught.value.control == "image"


def test_a_file_in_the_branch_of_another_that_is_empty_goes_with_it() -> None:
    two = build(
        load=("LoadImage", {"image": "a.png"}),
        other=("LoadImage", {"image": "b.png"}),
        both=("Both", {"image": ["load", 0], "other": ["other", 0]}),
        paste=("ImageCompositeMasked", {"destination": ["base", 0], "source": ["both", 0]}),
        base=("EmptyImage", {}),
        out=("PreviewImage", {"images": ["paste", 0]}),
    )
    info = INFO | {"Both": {"input": {"required": {"image": ["IMAGE"], "other": ["X"]}}, "output": ["X"]}}
    second = control(Kind.IMAGE, Place("other", "image"), id="second")
    values = {"image": None, "second": None}
    changed = apply_form(two, Form(controls=(IMAGE, second)), values, rng=random.Random(1), object_info=info)
    assert set(changed.nodes) == {"base", "out"}


def test_a_file_for_a_placeholder_may_be_left_empty_too() -> None:
    made = replace(IMAGE, places=(Place("load", "image", token="example.png"),))
    changed = apply_form(IMG2IMG, Form(controls=(made,)), {}, rng=random.Random(1), object_info=INFO)
    assert set(changed.nodes) == {"base", "out"}
