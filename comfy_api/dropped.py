"""What an author drops: workflows, and what lay beside them in an export of Easel's."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from comfy_api.errors import WorkflowError
from comfy_api.workflow.forms.control import Form
from comfy_api.workflow.forms.toml import MAX_BYTES as MAX_FORM_BYTES
from comfy_api.workflow.forms.toml import read_form
from comfy_api.workflow.intake import Intake, Refusal, read_files
from comfy_api.workflow.intake.archive import is_zip, zip_members
from comfy_api.workflow.pair import COVERS, MAX_COVER_BYTES
from comfy_api.workflow.reading import Unfit

_FORM: Final = ".form.toml"
#: Seconds for the files of an archive: an author waits for them.
_SECONDS: Final = 15.0


@dataclass(frozen=True)
class Dropped:
    """What a file of the author's holds.

    Attributes:
        intake: its workflows, and a sentence for what is none.
        forms: workflow's name → the form that lay beside it, as an export has it.
        covers: workflow's name → its cover, encoded.
    """

    intake: Intake
    forms: Mapping[str, Form] = field(default_factory=dict)
    covers: Mapping[str, bytes] = field(default_factory=dict, repr=False)


def read_dropped(data: bytes, name: str) -> Dropped:
    """The workflows in a file, of any kind that docs/intake.md lists. Raises nothing."""
    intake = read_files(data, name, lenient=True, seconds=_SECONDS)
    return _with_companions(intake, data) if intake.files and is_zip(data[:4]) else Dropped(intake)


def _with_companions(intake: Intake, data: bytes) -> Dropped:
    """With the forms and covers of an export, which are no workflows and so no refusals."""
    forms: dict[str, Form] = {}
    covers: dict[str, bytes] = {}
    taken: dict[str, str] = {}
    names = {file.name.removesuffix(".json"): file.name for file in intake.files}
    try:
        for member, opened in zip_members(io.BytesIO(data)):
            stem, kind = _split(member)
            if stem not in names or not kind:
                continue
            with opened() as file:
                content = file.read(max(MAX_FORM_BYTES, MAX_COVER_BYTES) + 1)
            if kind == _FORM:
                taken[member] = _take_form(forms, names[stem], content, member)
            elif len(content) <= MAX_COVER_BYTES:
                covers[names[stem]] = content
                taken[member] = ""
    except (Unfit, OSError, zipfile.BadZipFile):
        return Dropped(intake)  # what is wrong with it stands among the refusals already
    kept = [one for one in intake.refusals if one.name not in taken]
    kept += [Refusal(name, sentence) for name, sentence in taken.items() if sentence]
    return Dropped(Intake(intake.files, tuple(kept)), forms, covers)


def _split(member: str) -> tuple[str, str]:
    kind = next((kind for kind in (_FORM, *COVERS) if member.endswith(kind)), "")
    return member.removesuffix(kind), kind


def _take_form(forms: dict[str, Form], workflow: str, content: bytes, member: str) -> str:
    """Why the form cannot be used, or ``""``."""
    try:
        forms[workflow] = read_form(content, member)
    except WorkflowError as error:
        return str(error)
    return ""
