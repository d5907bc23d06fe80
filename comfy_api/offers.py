"""The workflows on offer as the present server sees them: each with its graph, its form and what the server lacks."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

from comfy_api.errors import WorkflowError
from comfy_api.workflow import Finding, Workflow
from comfy_api.workflow.forms.control import Form
from comfy_api.workflow.forms.conventions import substitute
from comfy_api.workflow.forms.find import suggest_form
from comfy_api.workflow.forms.mending import mended
from comfy_api.workflow.forms.refresh import lacking, refresh
from comfy_api.workflow.intake import WorkflowFile
from comfy_api.workflow.library import Entry, Library, Stored
from comfy_api.workflow.spec import ObjectInfo

#: Offers that are kept ready.
_KEPT: Final = 32


@dataclass(frozen=True)
class Offer:
    """One version of a workflow, on the present server.

    Attributes:
        entry: what makers are told of it.
        form: its controls, with the choices that the server has.
        workflow: its graph; None where it cannot be read here.
        problem: why not, and what to do; or ``""``.
        lacking: control → what the server does not have for it.
    """

    entry: Entry
    form: Form
    workflow: Workflow | None = None
    problem: str = ""
    lacking: Mapping[str, Finding] = field(default_factory=dict)

    @cached_property
    def writers(self) -> Mapping[tuple[str, str], str]:
        """(Node, input) → the control that writes there, the first of several."""
        places = ((place, control.id) for control in reversed(self.form.controls) for place in control.places)
        return {(place.node_id, place.input): control for place, control in places}

    def require(self) -> Workflow:
        """The graph. Raises WorkflowError where it cannot be read here."""
        if self.workflow is None:
            raise WorkflowError(self.problem)
        return self.workflow


class Offers:
    """Opens workflows once for each server's node definitions. Thread-safe."""

    def __init__(self, library: Library, object_info: Callable[[], ObjectInfo]) -> None:
        """``object_info``: the present server's; empty while none answers."""
        self.library = library
        self._object_info = object_info
        self._lock = threading.Lock()  # guards what is kept
        self._kept: OrderedDict[tuple[str, int], tuple[Stored, ObjectInfo, Offer]] = OrderedDict()

    def get(self, slug: str, version: int | None = None) -> Offer:
        """A workflow as makers get it now, or one version of it. Raises WorkflowError: there is none."""
        stored, info = self.library.get(slug, version), self._object_info()
        key = (slug, stored.version)
        with self._lock:
            kept = self._kept.get(key)
            if kept and kept[0] is stored and kept[1] is info:
                self._kept.move_to_end(key)
                return kept[2]
        offer = open_offer(stored, info)
        with self._lock:
            self._kept[key] = (stored, info, offer)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return offer


def open_workflow(file: WorkflowFile, object_info: ObjectInfo) -> Workflow:
    """The graph that this server would run, with what stands in for another program's canvas replaced by files.

    Args:
        object_info: the server's; empty while none answers.

    Raises:
        WorkflowError: it cannot be read here.
    """
    return substitute(file.workflow(object_info or None), object_info)


def open_offer(stored: Stored, object_info: ObjectInfo) -> Offer:
    """A workflow on this server. Without a form of its own it gets the one that suggests itself."""
    try:
        workflow = open_workflow(stored.file, object_info)
    except WorkflowError as error:
        return Offer(stored.entry, stored.form, problem=str(error))
    form = stored.form
    if not form.controls:
        found = suggest_form(workflow, object_info, companions=stored.file.companions)
        form = replace(form, controls=found.controls, outputs=form.outputs or found.outputs)
    return make_offer(stored.entry, workflow, form, object_info)


def make_offer(entry: Entry, workflow: Workflow, form: Form, object_info: ObjectInfo) -> Offer:
    """An offer of what was read already."""
    if not object_info:
        return Offer(entry, form, workflow)
    fresh = mended(refresh(form, workflow, object_info), workflow, object_info)
    return Offer(entry, fresh, workflow, lacking=lacking(fresh, workflow, object_info))
