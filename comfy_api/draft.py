"""A workflow on its way to makers: what was found in it, what the server lacks for it, and the form so far. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Final

from comfy_api.errors import WorkflowError
from comfy_api.lacks import Lack, find_lacks, lacks_of_refusal
from comfy_api.offers import Offer, make_offer, open_workflow
from comfy_api.workflow import Workflow
from comfy_api.workflow.convert import Notice
from comfy_api.workflow.forms.control import Control, Form, Kind, Output, Place, Source
from comfy_api.workflow.forms.conventions import describe
from comfy_api.workflow.forms.find import find_controls
from comfy_api.workflow.forms.ids import make_id, workflow_hash
from comfy_api.workflow.forms.mappings import read_mapping
from comfy_api.workflow.forms.outputs import find_outputs
from comfy_api.workflow.forms.refresh import as_saved, refresh
from comfy_api.workflow.forms.toml import MAX_CONTROLS
from comfy_api.workflow.intake import WorkflowFile
from comfy_api.workflow.library import Entry
from comfy_api.workflow.spec import ObjectInfo

_MAX_TITLE: Final = 80
_IMPORTED: Final = "imported"


@dataclass(frozen=True)
class Draft:
    """A workflow that is not published yet.

    Attributes:
        file: as it came.
        form: title, sentence, and every control and output that was found, those for makers marked ``shown``. Controls
            stand in the order of the page; their ``order`` is 0.
        workflow: its graph; None where this server cannot read it.
        lacks: what the server does not have for it.
        notices: what was noticed when it was converted.
        dropped: labels of controls of an earlier form that this file has no place for.
        problem: why there is no graph, and what to do; or ``""``.
    """

    file: WorkflowFile
    form: Form
    workflow: Workflow | None = None
    lacks: tuple[Lack, ...] = ()
    notices: tuple[Notice, ...] = ()
    dropped: tuple[str, ...] = ()
    problem: str = ""
    _found: Mapping[str, Control] = field(default_factory=dict, repr=False)

    @property
    def controls(self) -> tuple[Control, ...]:
        """Everything that was found."""
        return self.form.controls

    @property
    def shown(self) -> tuple[Control, ...]:
        """What makers will see, in the order of the page."""
        return tuple(control for control in self.form.controls if control.shown)

    def require(self) -> Workflow:
        """The graph. Raises WorkflowError where there is none."""
        if self.workflow is None:
            raise WorkflowError(self.problem)
        return self.workflow

    def counts(self) -> Mapping[Source, int]:
        """How many of the shown controls each source gave, the most trusted first."""
        sources = [control.source for control in self.shown]
        return {source: sources.count(source) for source in Source if source in sources}

    def with_choices(self, control: Control, object_info: ObjectInfo) -> Control:
        """The control with all that this server offers for it, whatever the author has picked."""
        if self.workflow is None:
            return control
        every = replace(control, options=(), option_labels=())
        found = refresh(Form(controls=(every,)), self.workflow, object_info).controls[0]
        return found if found.options else control

    def with_form(self, form: Form) -> Draft:
        """The same with another form."""
        return replace(self, form=form)

    def saved_form(self, object_info: ObjectInfo) -> Form:
        """The form to store: what is shown, and what else the author has touched; the rest is found again.

        Raises:
            WorkflowError: there is no graph, or more is in it than a form may hold.
        """
        workflow = self.require()
        kept = [control for control in self.controls if control.shown or self._is_touched(control)]
        if len(kept) > MAX_CONTROLS:
            raise WorkflowError(f"A form has at most {MAX_CONTROLS} controls. Hide some.")
        form = replace(self.form, controls=tuple(kept), workflow_hash=workflow_hash(workflow))
        return as_saved(form, workflow, object_info)

    def offer(self, object_info: ObjectInfo, slug: str = "") -> Offer:
        """The draft as makers would get it. Raises WorkflowError: there is no graph."""
        form = replace(self.form, controls=self.shown)
        entry = Entry(slug, self.form.title, self.form.description)
        return make_offer(entry, self.require(), form, object_info)

    def _is_touched(self, control: Control) -> bool:
        found = self._found.get(control.id)
        return found is None or found.source is Source.FORM or found != control


def make_draft(file: WorkflowFile, object_info: ObjectInfo, form: Form | None = None) -> Draft:
    """What there is in a file.

    Args:
        object_info: the server's; empty while none answers.
        form: the one that was saved for this workflow, or for an earlier one: ids and words stay.
    """
    try:
        workflow = open_workflow(file, object_info)
    except WorkflowError as error:
        blank = form or Form(title=_title_of(file))
        return Draft(file, blank, lacks=tuple(lacks_of_refusal(error)), problem=str(error))
    fitting, dropped = _fitting(form, workflow) if form else (None, ())
    controls = _in_order(find_controls(workflow, object_info, form=fitting, companions=file.companions))
    controls = _with_choices(controls, workflow, object_info)
    made = _form(file, workflow, object_info, fitting, controls)
    notices = workflow.conversion.notices if workflow.conversion else ()
    lacks = tuple(find_lacks(workflow, made, file, object_info))
    return Draft(file, made, workflow, lacks, notices, dropped, _found={control.id: control for control in controls})


def with_mapping(draft: Draft, document: object, object_info: ObjectInfo) -> Draft:
    """The draft with the controls that another tool's file names; those of the same inputs keep their ids.

    Raises:
        WorkflowError: it is no such file, or belongs to another workflow.
    """
    workflow = draft.require()
    read_mapping(document, workflow, object_info)  # says what is wrong with it
    # What App Mode says is left aside: the author has just said something else.
    bare = replace(workflow, ui=None)
    found = _in_order(find_controls(bare, object_info, companions={_IMPORTED: document}))
    outputs = find_outputs(bare, object_info, companions={_IMPORTED: document})
    controls = tuple(_with_known_ids(found, draft.controls))
    form = replace(draft.form, controls=controls, outputs=_named(outputs, draft.form.outputs))
    return replace(draft, form=form, _found={control.id: control for control in controls})


# --- the form -------------------------------------------------------------------------------------------


def _form(
    file: WorkflowFile, workflow: Workflow, object_info: ObjectInfo, saved: Form | None, controls: Iterable[Control]
) -> Form:
    title, description = describe(workflow)
    outputs = find_outputs(workflow, object_info, companions=file.companions)
    if saved is None:
        return Form(
            controls=tuple(controls),
            title=title or _title_of(file),
            description=description,
            outputs=outputs,
        )
    if saved.outputs:
        known = {output.node_id: output for output in saved.outputs}
        outputs = tuple(known.get(one.node_id) or replace(one, shown=False) for one in outputs)
    return replace(saved, controls=tuple(controls), title=saved.title or title or _title_of(file), outputs=outputs)


def _in_order(controls: Iterable[Control]) -> list[Control]:
    """As makers see them, then what is on offer. From here on their place in the form is their order."""
    ordered = sorted(controls, key=lambda control: (not control.shown, control.order))
    return [replace(control, order=0) for control in ordered]


def _with_choices(controls: list[Control], workflow: Workflow, object_info: ObjectInfo) -> list[Control]:
    """With the server's choices where the author has picked none; limits stay as the author has them."""
    fresh = refresh(Form(controls=tuple(controls)), workflow, object_info).controls
    return [one if one.options else replace(one, options=new.options) for one, new in zip(controls, fresh, strict=True)]


def _fitting(form: Form, workflow: Workflow) -> tuple[Form, tuple[str, ...]]:
    """The form without places that the workflow does not have, and the labels of controls that lost all of theirs."""

    def is_there(place: Place) -> bool:
        return place.node_id in workflow.nodes and place.input in workflow.nodes[place.node_id].inputs

    kept: list[Control] = []
    lost: list[str] = []
    for control in form.controls:
        places = tuple(filter(is_there, control.places))
        if places or (control.kind is Kind.IMAGES and not control.places):
            kept.append(control if places == control.places else replace(control, places=places))
        else:
            lost.append(control.label or control.id)
    return replace(form, controls=tuple(kept)), tuple(lost)


def _with_known_ids(found: Iterable[Control], known: Iterable[Control]) -> Iterator[Control]:
    """Each control with the id that its places had before; the others with ids of their own."""
    before = {frozenset(control.places): control.id for control in known if control.places}
    controls = list(found)
    kept = {id_ for control in controls if (id_ := before.get(frozenset(control.places)))}
    for control in controls:
        id_ = before.get(frozenset(control.places))
        if id_ is None:
            id_ = make_id(control.id, kept)
            kept.add(id_)
        yield replace(control, id=id_)


def _named(outputs: Iterable[Output], before: Iterable[Output]) -> tuple[Output, ...]:
    """With the names that the author gave."""
    labels = {output.node_id: output.label for output in before}
    return tuple(replace(output, label=labels.get(output.node_id) or output.label) for output in outputs)


def _title_of(file: WorkflowFile) -> str:
    """A title from a file's name: ``my_flux-v2.app.json`` → ``My flux v2``."""
    stem = PurePosixPath(file.name.replace("\\", "/")).name
    for ending in (".json", ".app"):
        stem = stem[: -len(ending)] if stem.lower().endswith(ending) else stem
    stem = PurePosixPath(stem).stem if stem == PurePosixPath(file.name).name else stem
    words = " ".join(stem.replace("_", " ").replace("-", " ").split())
    plain = "".join(letter for letter in words if letter.isprintable())[:_MAX_TITLE]
    return plain[:1].upper() + plain[1:]
