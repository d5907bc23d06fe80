"""What is wrong with a workflow file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from comfy_api.errors.root import EaselError
from comfy_api.errors.sentences import listed


class WorkflowError(EaselError):
    """A workflow that cannot be used as it is."""


class NotReadable(WorkflowError):
    """A file that holds no workflow, or is too large, too deep or broken. Names the file, the reason, what to do."""


@dataclass(frozen=True)
class UnknownNode:
    """A node class that the server does not have.

    Attributes:
        class_type: the class.
        titles: titles of its nodes in the workflow, each once.
        package: what brings it, as the file says: a registry name, a repository, or ``""``.
        version: of the package, as the file says, or ``""``.
    """

    class_type: str
    titles: tuple[str, ...] = ()
    package: str = ""
    version: str = ""


class NotConvertible(WorkflowError):
    """A workflow in UI format of which a part has no meaning here: never is a smaller graph made of it.

    Attributes:
        reasons: one sentence each: which node, why, what to do.
        unknown: the classes that this server does not have.
    """

    def __init__(self, reasons: Sequence[str], unknown: Sequence[UnknownNode] = ()) -> None:
        self.reasons, self.unknown = tuple(reasons), tuple(unknown)
        super().__init__(" ".join(self.reasons))


class NodeNotFound(WorkflowError):
    """No node answers to this title, class or id.

    Attributes:
        wanted: what was looked for.
        titles: the titles that there are.
    """

    def __init__(self, wanted: str, titles: Sequence[str]) -> None:
        self.wanted, self.titles = wanted, list(titles)
        super().__init__(f'No node is called "{wanted}". This workflow has: {listed(self.titles)}.')


class AmbiguousTitle(WorkflowError):
    """One node was asked for, and several answer to the name.

    Attributes:
        wanted: what was looked for.
        node_ids: the nodes that answer to it.
    """

    def __init__(self, wanted: str, node_ids: Sequence[str]) -> None:
        self.wanted, self.node_ids = wanted, list(node_ids)
        super().__init__(
            f'{len(self.node_ids)} nodes are called "{wanted}". Name one by its id: {listed(self.node_ids)}.'
        )


class InputNotFound(WorkflowError):
    """The node has no such input.

    Attributes:
        title: the node's title.
        wanted: the input that was asked for.
        inputs: the inputs that it has.
    """

    def __init__(self, title: str, wanted: str, inputs: Sequence[str]) -> None:
        self.title, self.wanted, self.inputs = title, wanted, list(inputs)
        super().__init__(f'"{title}" has no input "{wanted}". It has: {listed(self.inputs)}.')


class InputIsLinked(WorkflowError):
    """The input is fed by another node; a value would cut that link.

    Attributes:
        title: the node's title.
        input: the input's name.
        source: the id of the node that feeds it.
    """

    def __init__(self, title: str, input: str, source: str) -> None:
        self.title, self.input, self.source = title, input, source
        super().__init__(
            f'"{input}" of "{title}" is fed by node {source}. Set it there; in Python, relink=True cuts the link.'
        )
