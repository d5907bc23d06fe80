"""Mapping files of other tools: read, written, and read again."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from comfy_api.errors import WorkflowError
from comfy_api.workflow import Workflow
from comfy_api.workflow.forms.control import Control, Form, Kind, Place, Source
from comfy_api.workflow.forms.mappings import (
    MAPPINGS,
    READERS,
    cif,
    find_outputs,
    flowscale,
    format_of,
    openwebui,
    read_mapping,
    viewcomfy,
)

GRAPH: dict[str, Any] = {
    "3": {
        "class_type": "KSampler",
        "inputs": {
            "seed": 5,
            "steps": 20,
            "cfg": 7.5,
            "sampler_name": "euler",
            "denoise": 1,
            "model": ["4", 0],
            "positive": ["6", 0],
        },
    },
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "a.safetensors"}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 768, "batch_size": 1}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a fox", "clip": ["4", 1]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "blur", "clip": ["4", 1]}},
    "8": {"class_type": "LoadImage", "inputs": {"image": "a.png"}},
    "9": {"class_type": "SaveImage", "inputs": {"images": ["3", 0], "filename_prefix": "x"}},
}
WORKFLOW = Workflow.load(GRAPH)


def field(path: list[str], value_type: str, **more: Any) -> dict[str, Any]:
    said = {"title": path[-1].title(), "placeholder": path[-1].title(), "value": None, "helpText": "Helper Text"}
    rest = {"tooltip": "", "valueType": value_type, "validations": {"required": True}, "key": "-".join(path)}
    return {**said, "workflowPath": path, **rest, **more}


def view_comfy(*basic: dict[str, Any], advanced: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    def multi(title: str, fields: Any) -> list[dict[str, Any]]:
        return [{"title": title, "key": "x", "visibility": "active", "inputs": list(fields)}] if fields else []

    app = {"title": "", "inputs": multi("Basic", basic), "advancedInputs": multi("Sampling", advanced)}
    return {"file_type": "view_comfy", "workflows": [{"viewComfyJSON": app, "workflowApiJSON": {}}]}


# --- ViewComfy ------------------------------------------------------------------------------------------


def test_a_viewcomfy_file_gives_typed_controls(object_info: dict[str, Any]) -> None:
    document = view_comfy(
        field(["6", "inputs", "text"], "long-text", value="a cat", helpText="What to draw"),
        advanced=(
            field(["3", "inputs", "seed"], "seed", value=5e-324),
            field(["3", "inputs", "cfg"], "slider", value=7, slider={"min": 1, "max": 10, "step": 0.5}),
            field(
                ["3", "inputs", "sampler_name"],
                "select",
                value="euler",
                options=[{"label": "Fast", "value": "euler"}, {"label": "Good", "value": "dpmpp_2m"}],
            ),
        ),
    )
    text, seed, cfg, sampler = read_mapping(document, WORKFLOW, object_info)
    assert (text.kind, text.default, text.help, text.required) == (Kind.LONG_TEXT, "a cat", "What to draw", True)
    assert (text.group, text.advanced, text.source) == ("", False, Source.MAPPING)
    assert (seed.kind, seed.default, seed.mode) == (Kind.SEED, None, "random")
    assert (cfg.kind, cfg.minimum, cfg.maximum, cfg.step, cfg.whole) == (Kind.SLIDER, 1, 10, 0.5, False)
    assert (sampler.options, sampler.option_labels) == (("euler", "dpmpp_2m"), ("Fast", "Good"))
    assert {control.group for control in (seed, cfg, sampler)} == {"Sampling"}
    assert all(control.advanced for control in (seed, cfg, sampler))


def test_what_viewcomfy_deleted_is_gone_and_what_it_hid_is_on_offer() -> None:
    document = view_comfy(
        field(["6", "inputs", "text"], "string", visibility="deleted"),
        field(["7", "inputs", "text"], "string", visibility="hidden"),
    )
    assert [(one.places[0].node_id, one.shown) for one in read_mapping(document, WORKFLOW, {})] == [("7", False)]


def test_a_mask_to_paint_belongs_to_its_picture() -> None:
    control = read_mapping(view_comfy(field(["8", "inputs", "image"], "image-mask")), WORKFLOW, {})[0]
    assert (control.kind, control.maskable, control.default) == (Kind.IMAGE, True, "a.png")


def test_of_several_apps_the_one_that_fits_this_workflow_is_read() -> None:
    other = view_comfy(field(["99", "inputs", "text"], "string"))
    mine = view_comfy(field(["6", "inputs", "text"], "string"))
    document = {**other, "workflows": [*other["workflows"], *mine["workflows"]]}
    assert [control.places for control in read_mapping(document, WORKFLOW, {})] == [(Place("6", "text"),)]


def whole_form() -> Form:
    said: dict[str, Any] = {"source": Source.MAPPING}
    return Form(
        title="Foxes",
        description="Makes foxes",
        controls=(
            Control(id="prompt", kind=Kind.LONG_TEXT, label="What", places=(Place("6", "text"),), default="a", **said),
            Control(
                id="negative", kind=Kind.TEXT, label="Not", places=(Place("7", "text"),), default="", help="Avoid",
                **said,
            ),
            Control(
                id="size",
                kind=Kind.SIZE,
                label="Size",
                places=(Place("5", "width", "width"), Place("5", "height", "height")),
                default=[512, 768],
                minimum=16,
                maximum=1024,
                step=8,
                **said,
            ),
            Control(
                id="images", kind=Kind.IMAGES, label="Images", places=(Place("5", "batch_size"),), default=1, **said
            ),
            Control(
                id="picture", kind=Kind.IMAGE, label="Picture", places=(Place("8", "image"),), default="a.png",
                maskable=True, required=True, **said,
            ),
            Control(
                id="model", kind=Kind.MODEL, label="Model", places=(Place("4", "ckpt_name"),), default="a.safetensors",
                options=("a.safetensors", "b.safetensors"), **said,
            ),
            Control(
                id="seed", kind=Kind.SEED, label="Seed", places=(Place("3", "seed"),), mode="count", group="Look",
                advanced=True, **said,
            ),
            Control(
                id="amount", kind=Kind.SLIDER, label="Amount", places=(Place("3", "cfg"), Place("3", "denoise")),
                default=1.5, minimum=0.5, maximum=2, step=0.5, group="Look", advanced=True, **said,
            ),
            Control(
                id="steps", kind=Kind.INTEGER, label="Steps", places=(Place("3", "steps"),), default=20, minimum=1,
                maximum=40, advanced=True, shown=False, **said,
            ),
            Control(
                id="sampler", kind=Kind.CHOICE, label="Sampler", places=(Place("3", "sampler_name"),), default="euler",
                options=("euler", "ddim"), option_labels=("Fast", "Old"), advanced=True, **said,
            ),
        ),
    )  # fmt: skip


def test_a_form_written_for_viewcomfy_is_read_as_it_was() -> None:
    form = whole_form()
    document = json.loads(json.dumps(viewcomfy.write(form, WORKFLOW)))
    assert document["workflows"][0]["workflowApiJSON"] == GRAPH
    found = viewcomfy.read(document, WORKFLOW, {})
    assert found[1].help == "Avoid"
    # What has no help of its own gets what is known of its input.
    assert [replace(one, reason="", order=0, help="") for one in found] == [
        replace(one, help="") for one in form.controls
    ]


def test_a_viewcomfy_file_leaves_out_what_it_cannot_say() -> None:
    piece = Control(id="a", kind=Kind.TEXT, label="A", places=(Place("6", "text", token="{{a}}"),))
    runs = Control(id="images", kind=Kind.IMAGES, label="Images")
    app = viewcomfy.write(Form(controls=(piece, runs)), WORKFLOW)["workflows"][0]["viewComfyJSON"]
    assert (app["inputs"], app["advancedInputs"]) == ([], [])


# --- open-webui -----------------------------------------------------------------------------------------

NODES = [
    {"type": "model", "key": "ckpt_name", "node_ids": ["4"]},
    {"type": "prompt", "key": "text", "node_ids": ["6"]},
    {"type": "negative_prompt", "node_ids": ["7", "404"]},
    {"type": "width", "key": "width", "node_ids": ["5"]},
    {"type": "height", "key": "height", "node_ids": "5"},
    {"type": "n", "key": "", "node_ids": ["5"]},
    {"type": "steps", "key": "steps", "node_ids": ["3"]},
    {"type": "seed", "key": "seed", "node_ids": ["3"]},
    {"type": "image", "key": "image", "node_ids": ["8"]},
    {"type": None, "key": "filename_prefix", "node_ids": ["9"], "value": "fox"},
]


@pytest.mark.parametrize("document", [NODES, {"COMFYUI_WORKFLOW_NODES": NODES}, json.dumps(NODES), {"nodes": NODES}])
def test_an_open_webui_list_gives_its_controls(document: Any) -> None:
    found = {control.id: control for control in read_mapping(document, WORKFLOW, {})}
    assert list(found) == ["model", "prompt", "negative", "size", "images", "steps", "seed", "image", "filename_prefix"]
    assert found["size"].places == (Place("5", "width", "width"), Place("5", "height", "height"))
    assert (found["size"].default, found["images"].places) == ([512, 768], (Place("5", "batch_size"),))
    assert (found["prompt"].default, found["seed"].kind, found["model"].kind) == ("a fox", Kind.SEED, Kind.MODEL)
    fixed = found["filename_prefix"]
    assert (fixed.shown, fixed.default) == (False, "fox")


def test_open_webui_entries_of_one_type_are_set_together_but_pictures() -> None:
    graph = {**GRAPH, "10": GRAPH["8"]}
    document = [
        {"type": "prompt", "key": "text", "node_ids": ["6"]},
        {"type": "prompt", "key": "text", "node_ids": ["7"]},
        {"type": "image", "key": "image", "node_ids": ["8", "10"]},
    ]
    places = [control.places for control in read_mapping(document, Workflow.load(graph), {})]
    assert places == [(Place("6", "text"), Place("7", "text")), (Place("8", "image"),), (Place("10", "image"),)]


def test_a_form_written_for_open_webui_is_read_as_it_was() -> None:
    written = openwebui.write(whole_form(), WORKFLOW)
    assert {entry["type"]: (entry["key"], entry["node_ids"]) for entry in written} == {
        "prompt": ("text", ["6"]),
        "negative_prompt": ("text", ["7"]),
        "width": ("width", ["5"]),
        "height": ("height", ["5"]),
        "n": ("batch_size", ["5"]),
        "image": ("image", ["8"]),
        "model": ("ckpt_name", ["4"]),
        "seed": ("seed", ["3"]),
    }
    places = {control.id: control.places for control in whole_form().controls}
    found = {control.id: control.places for control in read_mapping(written, WORKFLOW, {})}
    assert found == {
        "image" if id == "picture" else id: places[id]
        for id in ("prompt", "negative", "size", "images", "picture", "model", "seed")
    }


# --- CIF and FlowScale ----------------------------------------------------------------------------------


def interface(*inputs: dict[str, Any], outputs: Any = ()) -> dict[str, Any]:
    schema = "comfyui-image-frontend.publication/v1"
    return {"schema_version": schema, "interface": {"inputs": list(inputs), "outputs": list(outputs)}}


def declared(id: str, type_: str, *bindings: tuple[str, str, str], **more: Any) -> dict[str, Any]:
    bound = [{"node_id": node, "input": name, "class_type": class_type} for node, name, class_type in bindings]
    return {"id": id, "type": type_, "label": id.title(), "bindings": bound, **more}


def test_a_cif_file_gives_controls_in_its_order_at_every_binding() -> None:
    both = (("6", "text", "CLIPTextEncode"), ("7", "text", "CLIPTextEncode"))
    document = interface(
        declared("s", "seed", ("3", "seed", "KSampler"), order=20, default="7", default_mode="fixed", advanced=True),
        declared("words", "string", *both, order=10, semantic_role="positive_prompt", required=True, default="hill"),
        declared("n", "integer", ("3", "steps", "Other")),
    )
    prompt, seed = read_mapping(document, WORKFLOW, {})
    assert (prompt.id, prompt.default, prompt.required) == ("prompt", "hill", True)
    assert prompt.places == (Place("6", "text"), Place("7", "text"))
    assert (seed.kind, seed.default, seed.mode, seed.advanced) == (Kind.SEED, 7, "fixed", True)


def test_cif_choices_have_labels_and_numbers_their_range() -> None:
    choices = [{"value": "euler", "label": "Fast"}, {"value": "ddim", "label": "Old"}]
    document = interface(
        declared("a", "choice", ("3", "sampler_name", "KSampler"), choices=choices, default="ddim"),
        declared("b", "number", ("3", "cfg", "KSampler"), minimum=1, maximum=9, step=0.5, default=4),
    )
    choice, number = read_mapping(document, WORKFLOW, {})
    assert (choice.options, choice.option_labels, choice.default) == (("euler", "ddim"), ("Fast", "Old"), "ddim")
    assert (number.minimum, number.maximum, number.step, number.default) == (1, 9, 0.5, 4)


def test_cif_outputs_are_shown_but_auxiliary_ones() -> None:
    outputs = [
        {"node_id": "9", "label": "Final", "role": "final"},
        {"node_id": "8", "label": "Aside", "role": "auxiliary"},
        {"node_id": "404", "role": "final"},
    ]
    found = find_outputs(interface(declared("a", "string", ("6", "text", "CLIPTextEncode")), outputs=outputs), WORKFLOW)
    assert [(one.node_id, one.label, one.shown) for one in found] == [("9", "Final", True), ("8", "Aside", False)]


def test_a_flowscale_file_names_inputs_by_node_and_input() -> None:
    document = {
        "inputs": {
            "6__text": {"visible": True, "label": "Prompt"},
            "3__sampler_name": {"visible": False, "label": "Sampler"},
            "99__text": {"visible": True},
        },
        "outputs": {"9__images": {"visible": True, "label": "Result"}},
    }
    prompt, sampler = read_mapping(document, WORKFLOW, {})
    assert (prompt.id, prompt.label, prompt.shown, prompt.places) == ("prompt", "Prompt", True, (Place("6", "text"),))
    assert (sampler.shown, sampler.places) == (False, (Place("3", "sampler_name"),))
    assert [output.label for output in find_outputs(document, WORKFLOW)] == ["Result"]


# --- whatever a file holds ------------------------------------------------------------------------------


def test_each_format_knows_its_own_and_a_workflow_is_none() -> None:
    documents = {
        viewcomfy.NAME: view_comfy(field(["6", "inputs", "text"], "string")),
        openwebui.NAME: NODES,
        cif.NAME: interface(),
        flowscale.NAME: {"inputs": {"6__text": {}}, "outputs": {}},
    }
    assert {name: found.name for name, document in documents.items() if (found := format_of(document))} == {
        one.name: one.name for one in MAPPINGS
    }
    for other in (GRAPH, {"nodes": [], "links": []}, {"nodes": [{"id": 1, "type": "KSampler"}]}, [], None, "x", 3):
        assert format_of(other) is None


def test_a_file_of_nobody_is_refused_in_words() -> None:
    with pytest.raises(WorkflowError, match="Choose another one"):
        read_mapping(GRAPH, WORKFLOW, {})


def test_a_file_that_belongs_to_another_workflow_is_refused_in_words() -> None:
    document = [{"type": "prompt", "key": "text", "node_ids": ["404"]}]
    with pytest.raises(WorkflowError, match="Choose the file that belongs to it"):
        read_mapping(document, WORKFLOW, {})
    assert READERS[0](document, WORKFLOW, {}) == []


def test_a_linked_input_is_not_mapped() -> None:
    document = view_comfy(field(["3", "inputs", "model"], "string"), field(["6", "inputs", "text"], "string"))
    assert len(read_mapping(document, WORKFLOW, {})) == 1


def test_a_huge_file_is_bounded() -> None:
    fields = [field(["6", "inputs", "text"], "select", options=[{"value": n} for n in range(10_000)])] * 2_000
    assert len(read_mapping(view_comfy(*fields), WORKFLOW, {})) <= 300


_KEYS = st.sampled_from(
    [
        *("viewComfyJSON", "inputs", "advancedInputs", "workflows", "workflowPath", "valueType", "value", "options"),
        *("slider", "range", "min", "max", "validations", "visibility", "easel", "control", "part", "kind", "title"),
        *("type", "key", "node_ids", "COMFYUI_WORKFLOW_NODES", "nodes", "interface", "bindings", "node_id", "input"),
        *("class_type", "choices", "default", "order", "minimum", "label", "6__text", "3__seed", "outputs", "id"),
        *("semantic_role", "schema_version", "group", "visible", "role"),
    ]
)
_SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.just(10**400), st.text(max_size=4),
    st.sampled_from(["6", "text", "3", "seed", "inputs", "width", "size", "select", "slider", "prompt", "image"]),
)  # fmt: skip
_DOCUMENTS = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_KEYS, inner, max_size=5)),
    max_leaves=25,
)
_ENTRY = st.dictionaries(_KEYS, st.one_of(_SCALARS, st.lists(_SCALARS, max_size=3), st.dictionaries(_KEYS, _SCALARS)))
_SHAPED = st.one_of(
    st.lists(_ENTRY.map(lambda one: {"type": "prompt", "key": "text", "node_ids": ["6"], **one}), max_size=4),
    st.lists(_ENTRY.map(lambda one: {**field(["6", "inputs", "text"], "string"), **one}), max_size=4).map(
        lambda fields: view_comfy(*fields)
    ),
    st.lists(_ENTRY.map(lambda one: {**declared("a", "seed", ("3", "seed", "KSampler")), **one}), max_size=4).map(
        lambda inputs: interface(*inputs, outputs=inputs)
    ),
    _ENTRY.map(lambda one: {"inputs": {"6__text": one, "3__seed": one}, "outputs": one}),
)


@given(st.one_of(_DOCUMENTS, _SHAPED))
@example({"inputs": {"6__text": {}}, "outputs": {"\ud800": 3}})
@example("[" * 100_000)
def test_any_document_is_read_or_refused(object_info: dict[str, Any], document: Any) -> None:
    find_outputs(document, WORKFLOW)
    try:
        found = read_mapping(document, WORKFLOW, object_info)
    except WorkflowError:
        return
    assert found
    assert len({control.id for control in found}) == len(found)
    for control in found:
        assert all(place.input in GRAPH[place.node_id]["inputs"] for place in control.places)
        assert control.reason
        json.dumps([control.default, control.options, control.minimum, control.maximum], allow_nan=False)
