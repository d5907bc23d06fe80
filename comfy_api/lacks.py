"""What a server lacks for a workflow, in words for its author. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from comfy_api.errors import NotConvertible, UnknownNode, WorkflowError
from comfy_api.workflow import Finding, FindingKind, Workflow
from comfy_api.workflow.convert import convert
from comfy_api.workflow.forms.control import Form
from comfy_api.workflow.forms.refresh import preflight
from comfy_api.workflow.intake import WorkflowFile
from comfy_api.workflow.spec import ObjectInfo


class LackKind(StrEnum):
    """What a server can lack."""

    #: a node class
    NODE = "node"
    #: a model, or another choice
    CHOICE = "choice"
    #: an input, a link, or an end: the workflow is incomplete
    PART = "part"


@dataclass(frozen=True, slots=True)
class Lack:
    """One thing that keeps the workflow from running on this server as it is.

    Attributes:
        kind: what sort of thing.
        name: the class, the model, or the node.
        sentence: what is wrong and what to do.
        package: what brings a class, as the file says, or ``""``.
        nearest: names that the server has instead, the likeliest first.
        control: the control where makers can choose another one, or ``""``.
    """

    kind: LackKind
    name: str
    sentence: str
    package: str = ""
    nearest: tuple[str, ...] = ()
    control: str = ""


def lacks_of_refusal(error: WorkflowError) -> Iterator[Lack]:
    """Of a file that cannot be converted: the classes that are missing, if that is why."""
    if isinstance(error, NotConvertible):
        yield from (_missing_node(node) for node in error.unknown)


def _missing_node(node: UnknownNode) -> Lack:
    package = f"{node.package} {node.version}".strip() if node.package else ""
    where = f" It belongs to the package {package}." if package else ""
    sentence = f'The server has no node "{node.class_type}".{where} Install it there, or replace the node.'
    return Lack(LackKind.NODE, node.class_type, sentence, package)


def find_lacks(workflow: Workflow, form: Form, file: WorkflowFile, object_info: ObjectInfo) -> Iterator[Lack]:
    """Each lack once; none while no server answers. ``file``: where packages of nodes stand."""
    if not object_info:
        return
    unknown = _unknown_in_ui(file, object_info)
    said: set[tuple[LackKind, str]] = set()
    for concern in preflight(workflow, form, object_info):
        lack = _lack(concern.finding, concern.control, unknown)
        if (lack.kind, lack.sentence) not in said:
            said.add((lack.kind, lack.sentence))
            yield lack


def _lack(finding: Finding, control: str, unknown: Mapping[str, UnknownNode]) -> Lack:
    if finding.kind is FindingKind.UNKNOWN_CLASS:
        name = str(finding.received)
        return _missing_node(unknown.get(name) or UnknownNode(name, (finding.title,)))
    if finding.kind is FindingKind.NOT_IN_LIST:
        near = tuple(str(option) for option in finding.nearest)
        return Lack(LackKind.CHOICE, str(finding.received), finding.sentence, nearest=near, control=control)
    return Lack(LackKind.PART, finding.title, finding.sentence, control=control)


def _unknown_in_ui(file: WorkflowFile, object_info: ObjectInfo) -> Mapping[str, UnknownNode]:
    """Packages stand in UI format alone; a file with both formats needs no conversion, but is asked for them."""
    if file.ui is None or file.api is None:
        return {}
    try:
        convert(file.ui, object_info)
    except NotConvertible as error:
        return {node.class_type: node for node in error.unknown}
    return {}
