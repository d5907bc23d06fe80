"""Files of other tools that say which inputs of a workflow may be changed; two of them are written as well.

They come from outside: an entry that names nothing in the workflow, or has a wrong shape, is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from comfy_api.errors import WorkflowError
from comfy_api.workflow.document import Workflow
from comfy_api.workflow.forms.control import Control, Form, Output
from comfy_api.workflow.forms.mappings import cif, flowscale, openwebui, viewcomfy
from comfy_api.workflow.spec import ObjectInfo


@dataclass(frozen=True)
class FileFormat:
    """One tool's file.

    Attributes:
        name: the tool.
        recognise: whether a JSON document is such a file.
        read: the controls that it names in a workflow; what does not fit is left out.
        read_outputs: the outputs that it names, or None where it names none.
        write: the file for a form, or None where it is only read.
    """

    name: str
    recognise: Callable[[object], bool]
    read: Callable[[object, Workflow, ObjectInfo], list[Control]]
    read_outputs: Callable[[object, Workflow], list[Output]] | None = None
    write: Callable[[Form, Workflow], Any] | None = None


#: In the order in which a document is tried.
MAPPINGS: Final = (
    FileFormat(viewcomfy.NAME, viewcomfy.recognise, viewcomfy.read, write=viewcomfy.write),
    FileFormat(openwebui.NAME, openwebui.recognise, openwebui.read, write=openwebui.write),
    FileFormat(cif.NAME, cif.recognise, cif.read, cif.read_outputs),
    FileFormat(flowscale.NAME, flowscale.recognise, flowscale.read, flowscale.read_outputs),
)


def format_of(document: object) -> FileFormat | None:
    """Whose file this is; None: nobody's that is known here."""
    return next((one for one in MAPPINGS if one.recognise(document)), None)


def read_mapping(document: object, workflow: Workflow, object_info: ObjectInfo) -> list[Control]:
    """The controls that a file of another tool names in this workflow.

    Args:
        document: the file's JSON value.

    Raises:
        WorkflowError: it is no such file, or none of its inputs is in this workflow.
    """
    format = format_of(document)
    if format is None:
        names = ", ".join(one.name for one in MAPPINGS)
        raise WorkflowError(f"This file names no inputs in a way that is known here ({names}). Choose another one.")
    controls = format.read(document, workflow, object_info)
    if not controls:
        raise WorkflowError(
            f"This {format.name} file names no input that this workflow has. Choose the file that belongs to it."
        )
    return controls


def find(document: object, workflow: Workflow, object_info: ObjectInfo) -> list[Control]:
    """As :func:`read_mapping`, but none where the document is something else or belongs to another workflow."""
    format = format_of(document)
    return format.read(document, workflow, object_info) if format else []


#: What looks at a document that came with a workflow.
READERS: Final = (find,)


def find_outputs(document: object, workflow: Workflow) -> list[Output]:
    """The outputs that such a file names in this workflow; none where it names none."""
    format = format_of(document)
    return format.read_outputs(document, workflow) if format and format.read_outputs else []
