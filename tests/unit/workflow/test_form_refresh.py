"""A form beside a server: choices and ranges taken anew, the author's limits kept, what is missing said."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from comfy_api.workflow import FindingKind, Workflow
from comfy_api.workflow.forms.control import Control, Form, Kind, Place
from comfy_api.workflow.forms.refresh import as_saved, lacking, preflight, refresh

Info = dict[str, Any]
MODELS = ("a.safetensors", "sub/dreamshaper_7.safetensors", "z.ckpt")
WORKFLOW = Workflow.load(
    {
        "m": {"class_type": "Loader", "inputs": {"name": "sub\\dreamshaper_7.safetensors"}},
        "n": {"class_type": "Loader2", "inputs": {"name": "z.ckpt"}},
        "s": {
            "class_type": "Sampler",
            "inputs": {"steps": 20, "seed": 1, "width": 512, "height": 512, "text": "{{n}}"},
        },
        "o": {"class_type": "Out", "inputs": {"mode": 1, "a": ["m", 0], "b": ["n", 0], "c": ["s", 0]}},
    }
)
MODEL = Control(id="model", kind=Kind.MODEL, label="Model", places=(Place("m", "name"),))
STEPS = Control(id="steps", kind=Kind.INTEGER, label="Steps", places=(Place("s", "steps"),))
SIZE = Control(
    id="size", kind=Kind.SIZE, label="Size", places=(Place("s", "width", "width"), Place("s", "height", "height"))
)


@pytest.fixture
def info() -> Info:
    def a_class(inputs: Info, outputs: list[str], ends: bool = False) -> Info:
        return {"input": {"required": inputs}, "output": outputs, "output_node": ends}

    number = {"min": 1, "max": 10_000}
    return {
        "Loader": a_class({"name": [list(MODELS), {}]}, ["MODEL"]),
        "Loader2": a_class({"name": ["COMBO", {"options": ["z.ckpt", "a.safetensors"]}]}, ["MODEL"]),
        "Sampler": a_class(
            {
                "steps": ["INT", number],
                "seed": ["INT", {"min": 0, "max": 2**64 - 1}],
                "width": ["INT", {"min": 16, "max": 16384, "step": 8}],
                "height": ["INT", {"min": 32, "max": 8192, "step": 8}],
                "text": ["STRING", {}],
            },
            ["LATENT"],
        ),
        "Out": a_class({"mode": [[1, "1", 2], {}], "a": ["MODEL"], "b": ["MODEL"], "c": ["LATENT"]}, [], True),
    }


def fresh(control: Control, info: Info, workflow: Workflow = WORKFLOW) -> Control:
    return refresh(Form(controls=(control,)), workflow, info).controls[0]


def test_choices_are_asked_of_the_server(info: Info) -> None:
    assert fresh(MODEL, info).options == MODELS
    both = replace(MODEL, places=(Place("m", "name"), Place("n", "name")))
    assert fresh(both, info).options == ("a.safetensors", "z.ckpt")


def test_the_choices_that_the_author_picked_stay_as_far_as_the_server_has_them(info: Info) -> None:
    picked = replace(MODEL, options=("z.ckpt", "gone.ckpt", "sub\\dreamshaper_7.safetensors"))
    named = replace(picked, option_labels=("Zed", "Gone", "Dream"))
    assert fresh(picked, info).options == ("z.ckpt", "sub/dreamshaper_7.safetensors")
    assert fresh(picked, info).option_labels == ()
    assert fresh(named, info).option_labels == ("Zed", "Dream")


def test_where_the_server_has_none_of_them_all_that_it_has_are_on_offer(info: Info) -> None:
    control = fresh(replace(MODEL, options=("gone.ckpt",), option_labels=("Gone",)), info)
    assert (control.options, control.option_labels) == (MODELS, ())


def test_a_default_takes_the_servers_spelling_and_one_that_is_gone_stays(info: Info) -> None:
    assert fresh(replace(MODEL, default="sub\\dreamshaper_7.safetensors"), info).default == MODELS[1]
    assert fresh(replace(MODEL, default="gone.ckpt"), info).default == "gone.ckpt"


def test_choices_keep_their_json_types(info: Info) -> None:
    mode = Control(id="mode", kind=Kind.CHOICE, label="", places=(Place("o", "mode"),), options=("1",))
    assert fresh(mode, info).options == ("1",)
    assert fresh(replace(mode, options=()), info).options == (1, "1", 2)


@pytest.mark.parametrize(
    ("own", "found"),
    [
        ((None, None), (1, 10_000)),
        ((5, 50), (5, 50)),
        ((-5, 50_000), (1, 10_000)),
        ((20_000, None), (1, 10_000)),
    ],
)
def test_of_two_limits_the_narrower_holds(
    info: Info, own: tuple[int | None, int | None], found: tuple[int, int]
) -> None:
    control = fresh(replace(STEPS, minimum=own[0], maximum=own[1]), info)
    assert (control.minimum, control.maximum) == found


def test_a_size_keeps_to_both_of_its_sides(info: Info) -> None:
    control = fresh(SIZE, info)
    assert (control.minimum, control.maximum, control.step) == (32, 8192, 8)
    assert fresh(replace(SIZE, step=64), info).step == 64


def test_seeds_are_exact(info: Info) -> None:
    seed = Control(id="seed", kind=Kind.SEED, label="", places=(Place("s", "seed"),))
    assert fresh(seed, info).maximum == 2**64 - 1


def test_what_the_server_says_nothing_of_stays(info: Info) -> None:
    del info["Loader"]
    kept = replace(MODEL, options=("x.ckpt",), default="x.ckpt")
    assert fresh(kept, info) == kept


def test_a_placeholder_within_a_choice_is_no_choice(info: Info) -> None:
    token = replace(MODEL, places=(Place("m", "name", token="dreamshaper_7"),), options=("any", "thing"))
    assert fresh(token, info) == token


def test_a_form_is_saved_without_the_choices_that_are_all_there_are(info: Info) -> None:
    form = Form(controls=(replace(MODEL, options=MODELS),))
    assert as_saved(form, WORKFLOW, info).controls[0].options == ()
    picked = Form(controls=(replace(MODEL, options=MODELS[:2]),))
    assert as_saved(picked, WORKFLOW, info) == picked
    named = Form(controls=(replace(MODEL, options=MODELS, option_labels=("A", "D", "Z")),))
    assert as_saved(named, WORKFLOW, info) == named


def test_what_the_server_lacks_is_said_at_its_control(info: Info) -> None:
    workflow = WORKFLOW.set("m", name="dreamshaper_8.safetensors")
    form = Form(controls=(STEPS, MODEL))
    found = lacking(form, workflow, info)
    assert list(found) == ["model"]
    assert found["model"].received == "dreamshaper_8.safetensors"
    assert found["model"].nearest == ("sub/dreamshaper_7.safetensors",)
    assert found["model"].options == MODELS
    both = Form(controls=(replace(MODEL, places=(Place("n", "name"), Place("m", "name"))),))
    assert lacking(both, workflow.set("n", name="gone.ckpt"), info)["model"].node_id == "m", "the first in the graph"
    assert lacking(form, WORKFLOW, info) == {}, "another spelling of a path is no lack"


def test_preflight_names_the_control_that_makers_see(info: Info) -> None:
    workflow = WORKFLOW.set("m", name="gone.ckpt").set("n", name="gone.ckpt")
    hidden = replace(MODEL, id="hidden", places=(Place("n", "name"),), shown=False)
    other = replace(MODEL, id="other")
    concerns = preflight(workflow, Form(controls=(MODEL, other, hidden)), info)
    assert [(one.control, one.finding.node_id) for one in concerns] == [("model", "m"), ("", "n")]
    del info["Loader2"]
    kinds = {one.finding.kind for one in preflight(WORKFLOW, Form(controls=(MODEL,)), info)}
    assert kinds == {FindingKind.UNKNOWN_CLASS}
