"""From a workflow, its form and a maker's values to a job and the graphs that it runs. Pure."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from comfy_api.errors import Refused
from comfy_api.jobs.job import Job, Stage
from comfy_api.workflow import MAX_SEED, Workflow, find_basics, foresee, output_ids, repair_paths, set_seed
from comfy_api.workflow.forms.apply import apply_form, resolve, value_in
from comfy_api.workflow.forms.control import Control, Form, Kind, Values
from comfy_api.workflow.forms.seeding import next_seed
from comfy_api.workflow.spec import ObjectInfo


def prepare_rounds(
    workflow: Workflow,
    form: Form,
    values: Values,
    *,
    rng: random.Random,
    object_info: ObjectInfo | None = None,
) -> tuple[Workflow, ...]:
    """One run for all pictures; where the number of them has no place, one a picture, each with the next seed.

    Args:
        workflow: the one that the form was made for.
        form: says where each value goes.
        values: checked; resolved ones, to record what is used.
        rng: draws seeds that are open still.
        object_info: what the server lists: files that are left empty, and paths in its spelling, need it.

    Raises:
        Refused: several pictures of a workflow without a seed, or a file that cannot be left out.
        WorkflowError: the form names a place that the workflow does not have.
    """
    used = resolve(form, values, rng)
    images = _first(form, Kind.IMAGES, "images")
    count = used.get(images.id, 1) if images and not images.places else 1
    seed = _first(form, Kind.SEED, "seed")

    def made(chosen: Values) -> Workflow:
        changed = apply_form(workflow, form, chosen, rng=rng, object_info=object_info)
        return repair_paths(changed, object_info) if object_info else changed

    first = made(used)
    if count == 1:
        return (first,)
    begun = used.get(seed.id, value_in(workflow, seed)) if seed else find_basics(first).seed
    if not isinstance(begun, int):
        raise Refused("This workflow makes one picture at a time.", images.id if images else "")
    if seed:
        return (first, *(made({**used, seed.id: next_seed(seed, begun, ahead)}) for ahead in range(1, count)))
    # A seed that is in no control counts up in the graph.
    return (first, *(set_seed(first, (begun + ahead) % (MAX_SEED + 1)) for ahead in range(1, count)))


def describe_form(
    job: Job,
    form: Form,
    rounds: Sequence[Workflow],
    values: Mapping[str, Any],
    *,
    begun_with: tuple[int, int] | None = None,
) -> Job:
    """The job with what is known of its results before they come.

    Args:
        job: as it was asked for.
        form: what makers see of the workflow.
        rounds: as :func:`prepare_rounds` gives them.
        values: resolved.
        begun_with: width and height of the picture that it starts from: what comes of it has its shape.
    """
    workflow = rounds[0]
    basics = find_basics(workflow)
    text = _used(workflow, form.find("prompt"), values)
    text = basics.prompt.text if text is None and basics.prompt else text
    seed = _used(workflow, _first(form, Kind.SEED, "seed"), values)
    size = _used(workflow, _first(form, Kind.SIZE, "size"), values)
    width, height = size or basics.size or begun_with or (None, None)
    images = _first(form, Kind.IMAGES, "images")
    batch = value_in(workflow, images) if images and images.places else basics.images
    return replace(
        job,
        prompt_text=text if isinstance(text, str) else "",
        seed=basics.seed if seed is None else seed,
        width=width,
        height=height,
        stages=tuple(_stages(workflow, form, batch or 1, len(rounds))),
        shown=tuple(output.node_id for output in form.outputs if output.shown) if form.outputs else None,
    )


# --- inside ---------------------------------------------------------------------------------------------


def _first(form: Form, kind: Kind, control_id: str) -> Control | None:
    """The control of this id and kind; failing that the first of the kind."""
    alike = [control for control in form.controls if control.kind is kind]
    return next((control for control in alike if control.id == control_id), alike[0] if alike else None)


def _used(workflow: Workflow, control: Control | None, values: Mapping[str, Any]) -> Any:
    """What stands in the graph; of a value within a text, the value itself."""
    if control is None:
        return None
    present = value_in(workflow, control)
    return values.get(control.id) if present is None else present


def _stages(workflow: Workflow, form: Form, batch: int, rounds: int) -> Iterator[Stage]:
    marked = {output.node_id: output for output in form.outputs}
    ends = {*output_ids(workflow), *(node_id for node_id, output in marked.items() if output.shown)}
    for node_id in workflow.flow:
        if node_id in ends:
            node = workflow.nodes[node_id]
            media, each = foresee(node.class_type, batch)
            title = marked[node_id].label if node_id in marked else ""
            yield Stage(node_id, title or node.title, each * rounds, media)
