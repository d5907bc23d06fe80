"""From a maker's values to graphs that are ready to be queued, all that can be known before checked. Pure."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from comfy_api.errors import NotOnServer, WorkflowError
from comfy_api.jobs.limits import check_rounds
from comfy_api.jobs.rounds import prepare_rounds
from comfy_api.workflow import FindingKind, Workflow
from comfy_api.workflow.convert import Conversion, write_back
from comfy_api.workflow.forms.apply import resolve
from comfy_api.workflow.forms.control import Form, Place, Values
from comfy_api.workflow.forms.conventions import inline
from comfy_api.workflow.forms.refresh import preflight
from comfy_api.workflow.forms.values import Limits, check_values
from comfy_api.workflow.spec import ObjectInfo
from comfy_api.workflow.transforms import apply_queue_transforms


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a job runs.

    Attributes:
        rounds: run one after the other: one, or as many as pictures where the workflow has no batch size. Their ``ui``
            is the author's drawing with the values that are run.
        values: as used, every seed drawn.
    """

    rounds: tuple[Workflow, ...]
    values: Mapping[str, Any]


def prepare(
    workflow: Workflow,
    form: Form,
    values: Values,
    *,
    limits: Limits,
    object_info: ObjectInfo,
    rng: random.Random,
    now: datetime,
) -> Prepared:
    """The graphs as the server gets them: values set, dynamic prompts resolved, file names dated.

    Args:
        workflow: the one that the form was made for.
        form: refreshed against the server.
        values: as typed.
        limits: of this installation.
        object_info: the server's; empty while none answers, and then nothing of it is checked.
        rng: draws seeds and chooses between ``{a|b}``.
        now: the local time.

    Raises:
        Refused: a value that its control does not take.
        NotOnServer: what the server lacks. Both name the control concerned.
        WorkflowError: the form does not fit the workflow.
    """
    used = resolve(form, check_values(form, values, limits), rng)
    rounds = prepare_rounds(workflow, form, used, rng=rng, object_info=object_info or None)
    check_rounds(workflow, rounds, form, limits)
    if object_info:
        _refuse_early(rounds[0], form, object_info)
    return Prepared(tuple(_queueable(graph, object_info, rng, now) for graph in rounds), used)


def _refuse_early(workflow: Workflow, form: Form, object_info: ObjectInfo) -> None:
    """Says what the maker can mend, and what no server begins. The rest is the server's to judge: it may run a part."""
    for concern in preflight(workflow, form, object_info):
        if concern.control or concern.finding.kind is FindingKind.UNKNOWN_CLASS:
            raise NotOnServer(concern.finding.sentence, concern.control)


def _queueable(workflow: Workflow, object_info: ObjectInfo, rng: random.Random, now: datetime) -> Workflow:
    queueing = workflow.conversion.queueing if workflow.conversion else None
    placed = inline(workflow, object_info)
    graph = apply_queue_transforms(placed.graph, rng, now, object_info, queueing)
    return replace(placed, _graph=graph, ui=_as_drawn(workflow))


def _as_drawn(workflow: Workflow) -> Mapping[str, Any] | None:
    """The author's drawing with the values of this graph, for the files that the server saves; None: there is none."""
    made = workflow.conversion
    if workflow.ui is None or made is None:
        return workflow.ui
    values = {
        place: workflow.nodes[place.node_id].inputs.get(place.input)
        for place in made.origins
        if place.node_id in workflow.nodes and place.input not in workflow.nodes[place.node_id].links
    }
    changed = {place: value for place, value in values.items() if value != _stored(made, place)}
    try:
        return write_back(workflow.ui, made, changed)
    except WorkflowError:
        return workflow.ui  # a change that its file cannot hold: what ran is in the saved file too, as the graph


def _stored(made: Conversion, place: Place) -> Any:
    return made.prompt[place.node_id]["inputs"].get(place.input)
