"""From a form's values to the graphs that a job runs, what is known of its results, and its limits."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from comfy_api.errors import Refused
from comfy_api.jobs.job import Job, Stage
from comfy_api.jobs.limits import check_rounds, limits_of
from comfy_api.jobs.rounds import describe_form, prepare_rounds
from comfy_api.settings import Settings
from comfy_api.workflow import Media, Workflow
from comfy_api.workflow.forms.apply import resolve
from comfy_api.workflow.forms.control import Control, Form, Kind, Output, Place

ROOT = Path(__file__).resolve().parents[3]
PROMPT = Control(id="prompt", kind=Kind.LONG_TEXT, label="Prompt", places=(Place("6", "text"),))
SEED = Control(id="seed", kind=Kind.SEED, label="Seed", places=(Place("3", "seed"),))
SIZE = Control(
    id="size", kind=Kind.SIZE, label="Size", places=(Place("5", "width", "width"), Place("5", "height", "height"))
)
BATCH = Control(id="images", kind=Kind.IMAGES, label="Images", places=(Place("5", "batch_size"),))
RUNS = replace(BATCH, places=())


@pytest.fixture
def workflow() -> Workflow:
    return Workflow.load(ROOT / "workflows/txt2img.json")


def form(*controls: Control, **fields: Any) -> Form:
    return Form(controls=controls, **fields)


def rounds(workflow: Workflow, made: Form, **values: Any) -> tuple[Workflow, ...]:
    return prepare_rounds(workflow, made, values, rng=random.Random(1))


def seeds(made: tuple[Workflow, ...]) -> list[int]:
    return [one.nodes["3"].inputs["seed"] for one in made]


def test_pictures_are_one_batch_where_their_number_has_a_place(workflow: Workflow) -> None:
    [one] = rounds(workflow, form(BATCH, SEED), images=4, seed=7)
    assert (one.nodes["5"].inputs["batch_size"], one.nodes["3"].inputs["seed"]) == (4, 7)


def test_else_each_is_a_run_with_the_next_seed(workflow: Workflow) -> None:
    made = rounds(workflow, form(RUNS, SEED), images=3, seed=2**64 - 2)
    assert seeds(made) == [2**64 - 2, 2**64 - 1, 0]
    assert {one.nodes["5"].inputs["batch_size"] for one in made} == {1}
    assert seeds(rounds(workflow, form(RUNS, SEED), images=2)) == [156680208700286, 156680208700287]
    assert seeds(rounds(workflow, form(RUNS), images=2)) == [156680208700286, 156680208700287]


def test_a_seed_in_a_placeholder_counts_up_too(workflow: Workflow) -> None:
    written = workflow.set("positive_prompt", text="a fox, {{seed}}")
    seed = replace(SEED, places=(Place("6", "text", token="{{seed}}"),))
    made = rounds(written, form(RUNS, seed), images=2, seed=5)
    assert [one.nodes["6"].inputs["text"] for one in made] == ["a fox, 5", "a fox, 6"]


def test_an_open_seed_is_drawn_once_and_then_counted(workflow: Workflow) -> None:
    first, second = seeds(rounds(workflow, form(RUNS, SEED), images=2, seed=None))
    assert second == first + 1


def test_without_a_seed_there_is_one_picture_at_a_time() -> None:
    workflow = Workflow.load(ROOT / "workflows/upscale.json")
    assert rounds(workflow, form(RUNS), images=1) == (workflow,)
    with pytest.raises(Refused, match=r"^This workflow makes one picture at a time\.$") as caught:
        rounds(workflow, form(RUNS), images=2)
    assert caught.value.control == "images"


def test_paths_are_repaired_to_the_servers_spelling(workflow: Workflow) -> None:
    info = {
        "CheckpointLoaderSimple": {
            "input": {"required": {"ckpt_name": [["sub/a.ckpt"], {}]}},
            "output": ["MODEL", "CLIP", "VAE"],
        }
    }
    model = Control(id="model", kind=Kind.MODEL, label="Model", places=(Place("4", "ckpt_name"),))
    [one] = prepare_rounds(workflow, form(model), {"model": "sub\\a.ckpt"}, rng=random.Random(1), object_info=info)
    assert one.nodes["4"].inputs["ckpt_name"] == "sub/a.ckpt"


# --- what is known beforehand ---------------------------------------------------------------------------


def described(workflow: Workflow, made: Form, *, begun_with: tuple[int, int] | None = None, **values: Any) -> Job:
    used = resolve(made, values, random.Random(1))
    job = Job(id="j", owner="o", workflow="w", title="W")
    return describe_form(job, made, rounds(workflow, made, **used), used, begun_with=begun_with)


def test_a_job_knows_its_text_seed_size_and_pictures(workflow: Workflow) -> None:
    job = described(workflow, form(PROMPT, SEED, SIZE, BATCH), prompt="a fox", seed=7, size=[640, 480], images=2)
    assert (job.prompt_text, job.seed, job.width, job.height) == ("a fox", 7, 640, 480)
    assert job.stages == (Stage("9", "Picture", 2, Media.IMAGE),)
    assert job.shown is None


def test_what_no_control_says_is_found_in_the_graph(workflow: Workflow) -> None:
    job = described(workflow, form(RUNS), images=3)
    assert job.prompt_text.startswith("a lighthouse")
    assert (job.seed, job.width, job.height, job.expected) == (156680208700286, 512, 512, 3)
    begun = Workflow.load(ROOT / "workflows/upscale.json")
    assert (lambda job: (job.width, job.height))(described(begun, form(), begun_with=(300, 200))) == (300, 200)


def test_a_drawn_seed_is_the_jobs(workflow: Workflow) -> None:
    assert described(workflow, form(SEED), seed=None).seed == random.Random(1).randint(0, 2**32 - 1)


def test_of_a_text_with_placeholders_the_makers_words_are_the_prompt(workflow: Workflow) -> None:
    written = workflow.set("positive_prompt", text="photo of {{what}}, 4k")
    prompt = replace(PROMPT, places=(Place("6", "text", token="{{what}}"),))
    assert described(written, form(prompt), prompt="a fox").prompt_text == "a fox"


def test_the_author_names_the_outputs_and_says_which_are_seen() -> None:
    workflow = Workflow.load(ROOT / "workflows/draft_refine.json")
    outputs = (Output(node_id="14", label="Final"), Output(node_id="9", shown=False))
    job = described(workflow, form(BATCH, outputs=outputs), images=2)
    assert [(stage.node_id, stage.title, stage.expected) for stage in job.stages] == [
        ("9", "Draft", 2),
        ("14", "Final", 2),
    ]
    assert job.shown == ("14",)
    assert job.expected == 2


def test_an_output_of_an_unknown_class_counts_where_the_author_names_it(workflow: Workflow) -> None:
    odd = workflow.with_node("20", {"class_type": "OddSaver", "inputs": {"images": ["8", 0]}})
    job = described(odd, form(outputs=(Output(node_id="20"), Output(node_id="gone"))))
    assert [stage.node_id for stage in job.stages] == ["9", "20"]


# --- limits ---------------------------------------------------------------------------------------------

SETTINGS = Settings(max_images=4, max_steps=50, max_pixels=512 * 512, max_prompt_length=10)


def refused(workflow: Workflow, made: Form, author: Workflow | None = None, **values: Any) -> tuple[str, str]:
    with pytest.raises(Refused) as caught:
        check_rounds(author or workflow, rounds(workflow, made, **values), made, limits_of(SETTINGS))
    return str(caught.value), caught.value.control


def plain(control_id: str, *places: Place) -> Control:
    return Control(id=control_id, kind=Kind.INTEGER, label="", places=places)


def test_the_settings_are_the_limits_of_values() -> None:
    limits = limits_of(SETTINGS)
    assert (limits.text, limits.images, limits.pixels, limits.steps) == (10, 4, 512 * 512, 50)


def test_limits_hold_whichever_control_the_number_came_from(workflow: Workflow) -> None:
    wide, high = plain("w", Place("5", "width")), plain("h", Place("5", "height"))
    too_large = "This picture is too large here. Choose at most 512 × 512."
    assert refused(workflow, form(wide, high), w=1024, h=512) == (too_large, "w")
    assert refused(workflow, form(high), h=520) == (too_large, "h")
    assert refused(workflow, form(plain("b", Place("5", "batch_size"))), b=5) == ("Choose 1 to 4 images.", "b")
    assert refused(workflow, form(plain("s", Place("3", "steps"))), s=51) == ("Choose 1 to 50 steps.", "s")
    assert refused(workflow, form(RUNS, SEED), images=5) == ("Choose 1 to 4 images.", "images")
    check_rounds(workflow, rounds(workflow, form(wide, high), w=1024, h=256), form(wide, high), limits_of(SETTINGS))


def test_batches_in_several_runs_count_together(workflow: Workflow) -> None:
    made = form(RUNS, SEED, plain("b", Place("5", "batch_size")))
    assert refused(workflow, made, images=2, b=3) == ("Choose 1 to 4 images.", "b")


def test_a_number_that_comes_by_a_link_is_limited_too(workflow: Workflow) -> None:
    linked = workflow.with_inputs("5", {"width": ["20", 0]}, relink=True)
    linked = linked.with_node("20", {"class_type": "PrimitiveInt", "inputs": {"value": 512}})
    made = form(plain("w", Place("20", "value")))
    assert refused(linked, made, w=1024)[1] == "w"
    computed = workflow.with_inputs("5", {"width": ["20", 0]}, relink=True)
    computed = computed.with_node("20", {"class_type": "GetImageSize", "inputs": {"image": ["8", 0]}})
    assert refused(computed, form(plain("h", Place("5", "height"))), h=513)[1] == "h"


def test_what_the_author_chose_is_allowed(workflow: Workflow) -> None:
    large = workflow.set("Canvas", width=4096).set("Sampling", steps=500)
    check_rounds(large, rounds(large, form(PROMPT), prompt="a fox"), form(PROMPT), limits_of(SETTINGS))
