"""Every error that comfy_api raises on purpose.

::

    EaselError
    ├── SettingsError                 settings that cannot be used, all of them at once
    ├── WorkflowError                 the workflow file itself
    │   ├── NotReadable               a file that holds no workflow, or too much
    │   ├── NotConvertible            a UI-format workflow with parts that cannot be converted
    │   ├── NodeNotFound              no node with this title, class or id
    │   ├── AmbiguousTitle            one node was asked for and several answer
    │   ├── InputNotFound             the node has no such input
    │   └── InputIsLinked             the input is fed by another node
    ├── ComfyError                    one ComfyUI server
    │   ├── ServerUnreachable         no connection, no answer in time
    │   ├── SignInNeeded              a login stands before the server
    │   ├── ApiError                  an answer that is not a success
    │   │   └── PromptRejected        POST /prompt refused the graph
    │   ├── ProtocolError             an answer that ComfyUI does not give
    │   │   └── AnswerTooLarge        more bytes than are taken
    │   ├── ExecutionFailed           a node failed while running
    │   ├── RunLost                   the server forgot the prompt (restart)
    │   ├── ResultsLost               pictures were made, but did not arrive
    │   ├── ResultTooLarge            a file was made that is larger than is fetched
    │   ├── RunStopped                someone stopped it
    │   └── RunTimeout                no sign of life in time; also a TimeoutError
    └── ServiceError                  jobs and their owners
        ├── JobNotFound               unknown, or somebody else's
        ├── Refused                   a value that cannot be taken, or a limit of this installation
        │   └── NotOnServer               what the job needs and the server does not have
        └── ServiceClosed             the service is shutting down

``str(error)`` is one plain sentence or two: what happened and what to do next. Everything a program wants
to know stands in attributes. No error holds a password, a token or a URL with either in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


class EaselError(Exception):
    """Root of the tree."""


class SettingsError(EaselError):
    """Settings that cannot be used.

    Attributes:
        problems: environment variable → what is wrong with its value.
    """

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        listed = "; ".join(f"{name}: {problem}" for name, problem in self.problems.items())
        super().__init__(f"Change these settings and start again. {listed}")


# --- the workflow file ------------------------------------------------------------------------------


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
        super().__init__(f'No node is called "{wanted}". This workflow has: {_listed(self.titles)}.')


class AmbiguousTitle(WorkflowError):
    """One node was asked for, and several answer to the name.

    Attributes:
        wanted: what was looked for.
        node_ids: the nodes that answer to it.
    """

    def __init__(self, wanted: str, node_ids: Sequence[str]) -> None:
        self.wanted, self.node_ids = wanted, list(node_ids)
        super().__init__(
            f'{len(self.node_ids)} nodes are called "{wanted}". Name one by its id: {_listed(self.node_ids)}.'
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
        super().__init__(f'"{title}" has no input "{wanted}". It has: {_listed(self.inputs)}.')


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


# --- one server -------------------------------------------------------------------------------------


class ComfyError(EaselError):
    """Something between us and one ComfyUI."""


class ServerUnreachable(ComfyError):
    """No connection, or no answer in time.

    Attributes:
        url: the server, without secrets.
        reason: what the network said.
    """

    def __init__(self, url: str, reason: str) -> None:
        self.url, self.reason = url, reason
        super().__init__(
            f"ComfyUI at {url} does not answer ({reason}). Check that it runs and that the address is right."
        )


class SignInNeeded(ComfyError):
    """A login page or a proxy stands before the server.

    Attributes:
        url: the address asked for, without secrets.
        status: the HTTP status.
    """

    def __init__(self, url: str, status: int) -> None:
        self.url, self.status = url, status
        super().__init__(f"{url} asks for a sign-in. Give an API key, a header or a user name and password for it.")


class ApiError(ComfyError):
    """The server answered, but not with success.

    Attributes:
        status: the HTTP status.
        url: the address asked for, without secrets.
        body: the answer's text, at most 2,000 characters.
    """

    def __init__(self, status: int, url: str, body: str = "", message: str = "") -> None:
        self.status, self.url, self.body = status, url, body[:2000]
        super().__init__(message or f"ComfyUI answered {status} to {url}. Its log says more.")


@dataclass(frozen=True)
class NodeProblem:
    """One reason why ComfyUI refused a node (protocol.md §4).

    Attributes:
        node_id: the node that holds the input.
        class_type: its class, as the server names it.
        title: its title in the workflow, or the class where it has none.
        kind: ComfyUI's error type, such as ``value_not_in_list``.
        message: ComfyUI's short text.
        details: ComfyUI's longer text, often empty.
        input: the input concerned, or ``""``.
        received: what was sent for it.
        allowed: the choices that the server states, or empty.
        minimum: the least value that the server allows, or None.
        maximum: the greatest value that the server allows, or None.
    """

    node_id: str
    class_type: str
    title: str
    kind: str
    message: str = ""
    details: str = ""
    input: str = ""
    received: Any = None
    allowed: tuple[Any, ...] = ()
    minimum: float | None = None
    maximum: float | None = None


class PromptRejected(ApiError):
    """POST /prompt refused the graph.

    Attributes:
        kind: ComfyUI's error type, such as ``prompt_outputs_failed_validation``.
        problems: one entry a refused input; empty where ComfyUI names none (a cycle, an unknown class).
    """

    def __init__(
        self,
        status: int,
        url: str,
        *,
        kind: str,
        message: str,
        details: str = "",
        problems: Sequence[NodeProblem] = (),
    ) -> None:
        self.kind, self.problems = kind, tuple(problems)
        super().__init__(status, url, details, _rejection(kind, message, details, self.problems))


class ProtocolError(ComfyError):
    """An answer that no ComfyUI gives.

    Attributes:
        url: the address asked for, without secrets.
    """

    def __init__(self, url: str, what: str) -> None:
        self.url = url
        super().__init__(f"{url} does not speak as ComfyUI does ({what}). Check the address.")


class AnswerTooLarge(ProtocolError):
    """An answer of more bytes than are taken.

    Attributes:
        most: bytes that are taken.
    """

    def __init__(self, url: str, most: int) -> None:
        self.most = most
        super().__init__(url, f"the answer is larger than {most} bytes")


class ExecutionFailed(ComfyError):
    """A node failed while the prompt was running.

    Attributes:
        prompt_id: the submission.
        node_id, class_type, title: the node that failed.
        exception_type: the Python exception's name on the server.
        detail: the exception's message.
        traceback: the server's traceback, line by line; never shown unasked.
    """

    def __init__(
        self,
        prompt_id: str,
        *,
        node_id: str = "",
        class_type: str = "",
        title: str = "",
        exception_type: str = "",
        detail: str = "",
        traceback: Sequence[str] = (),
    ) -> None:
        self.prompt_id, self.node_id, self.class_type = prompt_id, node_id, class_type
        self.title, self.exception_type = title or class_type or node_id, exception_type
        self.detail, self.traceback = detail.strip(), tuple(traceback)
        super().__init__(self._sentence())

    @property
    def out_of_memory(self) -> bool:
        """Whether the server ran out of graphics memory."""
        return "OutOfMemory" in self.exception_type

    def _sentence(self) -> str:
        if self.out_of_memory:
            return "The server ran out of graphics memory. Try a smaller picture or fewer images at once."
        reason = _short(self.detail or self.exception_type or "no reason given")
        return f'"{self.title}" failed: {reason}. Change its settings and try again.'


class RunLost(ComfyError):
    """The server no longer knows the prompt: it was restarted, or the prompt was deleted there.

    Attributes:
        prompt_id: the submission.
    """

    def __init__(self, prompt_id: str) -> None:
        self.prompt_id = prompt_id
        super().__init__("The server was restarted or dropped this job. Start it again.")


class ResultsLost(ComfyError):
    """The prompt ended well, but results of it did not arrive, and could not be had again either.

    Attributes:
        prompt_id: the submission.
        titles: the output nodes that they are missing from.
    """

    def __init__(self, prompt_id: str, titles: Sequence[str]) -> None:
        self.prompt_id, self.titles = prompt_id, list(titles)
        super().__init__(f"Pictures of {_listed(self.titles)} did not arrive. Run it again with the same seed.")


class ResultTooLarge(ComfyError):
    """A file was made that is larger than is fetched. It is still in the server's folder.

    Attributes:
        title: the output node.
        most: bytes that are fetched.
    """

    def __init__(self, title: str, most: int) -> None:
        self.title, self.most = title, most
        super().__init__(
            f'The file of "{title}" is larger than {most // 2**20:,} MB and stays on the server. Make it smaller.'
        )


class RunStopped(ComfyError):
    """The prompt was stopped before its end; results so far are kept.

    Attributes:
        prompt_id: the submission.
        asked: False when somebody else stopped it on the server.
    """

    def __init__(self, prompt_id: str, *, asked: bool) -> None:
        self.prompt_id, self.asked = prompt_id, asked
        super().__init__(
            "Stopped. What was finished is kept." if asked else "Someone stopped it on the server. Start it again."
        )


class RunTimeout(ComfyError, TimeoutError):
    """No sign of life within the time that was given.

    Attributes:
        prompt_id: the submission.
        seconds: how long was waited.
    """

    def __init__(self, prompt_id: str, seconds: float) -> None:
        self.prompt_id, self.seconds = prompt_id, seconds
        super().__init__(f"Nothing was heard for {seconds:.0f} s. Look at the server, or allow more time.")


# --- jobs and their owners --------------------------------------------------------------------------


class ServiceError(EaselError):
    """A request that the service does not take."""


class JobNotFound(ServiceError):
    """No such job, or somebody else's: the two are not told apart.

    Attributes:
        job_id: what was asked for.
    """

    def __init__(self, job_id: str) -> None:
        self.job_id = job_id
        super().__init__("This job is not here any more. Start a new one.")


class Refused(ServiceError):
    """A limit of this installation stands against it. The sentence names the limit and what to change.

    Attributes:
        control: the form's control concerned (``prompt``, ``images`` …), or ``""``.
    """

    def __init__(self, sentence: str, control: str = "") -> None:
        self.control = control
        super().__init__(sentence)


class NotOnServer(Refused):
    """A model, choice or node class that a job needs and that the server does not have."""


class ServiceClosed(ServiceError):
    """The service is shutting down."""

    def __init__(self) -> None:
        super().__init__("Easel is shutting down. Try again when it is back.")


# --- sentences --------------------------------------------------------------------------------------


def _listed(names: Sequence[str], most: int = 12) -> str:
    """``"a", "b" and 3 others``; ``nothing`` for none."""
    if not names:
        return "nothing"
    shown = ", ".join(f'"{name}"' for name in names[:most])
    rest = len(names) - most
    return f"{shown} and {rest} {'other' if rest == 1 else 'others'}" if rest > 0 else shown


def _short(value: object, most: int = 300) -> str:
    """The value as text; a long one is cut: inputs may hold whole pictures."""
    text = str(value)
    return text if len(text) <= most else f"{text[:most]}…"


def _rejection(kind: str, message: str, details: str, problems: Sequence[NodeProblem]) -> str:
    if problems:
        return " ".join(_problem(problem) for problem in problems[:3])
    if kind == "prompt_no_outputs":
        return "This workflow makes no picture. Add a Save Image or Preview Image node."
    text = _short(": ".join(part for part in (message.rstrip("."), details) if part))
    return f"ComfyUI refused the workflow ({text or kind}). Open it in ComfyUI and mend it there."


def _problem(problem: NodeProblem) -> str:
    where = f'"{problem.input}" of "{problem.title}"' if problem.input else f'"{problem.title}"'
    if problem.kind == "value_not_in_list":
        offer = f" It offers: {_listed([str(a) for a in problem.allowed], 5)}." if problem.allowed else ""
        return f'The server does not have "{_short(problem.received)}" for {where}.{offer} Choose one that it has.'
    if problem.kind in ("value_smaller_than_min", "value_bigger_than_max"):
        return f"{where} is {_short(problem.received)}; the server allows {_range(problem)}. Change it."
    if problem.kind == "required_input_missing":
        return f"{where} is missing. Connect it or give it a value."
    text = _short(": ".join(part for part in (problem.message, problem.details) if part))
    return f"{where} cannot be used ({text or problem.kind}). Change it."


def _range(problem: NodeProblem) -> str:
    if problem.minimum is None:
        return "other values" if problem.maximum is None else f"at most {problem.maximum}"
    return f"at least {problem.minimum}" if problem.maximum is None else f"{problem.minimum} to {problem.maximum}"
