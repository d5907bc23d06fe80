"""From a workflow and what a maker chose to a job and the graphs that it runs. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from comfy_api.errors import Refused
from comfy_api.jobs.job import Job, Stage
from comfy_api.workflow import MAX_SEED, Values, Workflow, apply, find_basics, output_ids


def prepare_rounds(workflow: Workflow, values: Values) -> tuple[Workflow, ...]:
    """One run for all images; where the workflow has no batch size, one an image, each with the next seed.

    Raises:
        Refused: several images of a workflow that has neither batch size nor seed.
        WorkflowError: the workflow has no place for a value.
    """
    basics = find_basics(workflow)
    images = values.images or 1
    if images == 1 or basics.images is not None:
        return (apply(workflow, values),)
    first = values.seed if values.seed is not None else basics.seed
    if first is None:
        raise Refused("This workflow makes one picture at a time.", "images")
    one = replace(values, images=None)
    return tuple(apply(workflow, replace(one, seed=(first + number) % (MAX_SEED + 1))) for number in range(images))


def describe(job: Job, rounds: Sequence[Workflow], *, begun_with: tuple[int, int] | None) -> Job:
    """The job with what is known of its pictures before they come.

    Args:
        begun_with: width and height of the picture that it starts from: what comes of it has its shape.
    """
    workflow = rounds[0]
    basics = find_basics(workflow)
    width, height = basics.size or begun_with or (None, None)
    expected = (basics.images or 1) * len(rounds)
    stages = tuple(Stage(node_id, workflow.nodes[node_id].title, expected) for node_id in output_ids(workflow))
    text = basics.prompt.text if basics.prompt else ""
    return replace(job, prompt_text=text, seed=basics.seed, width=width, height=height, stages=stages)
