"""What is wrong between us and one ComfyUI, or in its answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from comfy_api.errors.root import EaselError
from comfy_api.errors.sentences import listed, short


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


def _rejection(kind: str, message: str, details: str, problems: Sequence[NodeProblem]) -> str:
    if problems:
        return " ".join(_problem(problem) for problem in problems[:3])
    if kind == "prompt_no_outputs":
        return "This workflow makes no picture. Add a Save Image or Preview Image node."
    text = short(": ".join(part for part in (message.rstrip("."), details) if part))
    return f"ComfyUI refused the workflow ({text or kind}). Open it in ComfyUI and mend it there."


def _problem(problem: NodeProblem) -> str:
    where = f'"{problem.input}" of "{problem.title}"' if problem.input else f'"{problem.title}"'
    if problem.kind == "value_not_in_list":
        offer = f" It offers: {listed([str(a) for a in problem.allowed], 5)}." if problem.allowed else ""
        return f'The server does not have "{short(problem.received)}" for {where}.{offer} Choose one that it has.'
    if problem.kind in ("value_smaller_than_min", "value_bigger_than_max"):
        return f"{where} is {short(problem.received)}; the server allows {_range(problem)}. Change it."
    if problem.kind == "required_input_missing":
        return f"{where} is missing. Connect it or give it a value."
    text = short(": ".join(part for part in (problem.message, problem.details) if part))
    return f"{where} cannot be used ({text or problem.kind}). Change it."


def _range(problem: NodeProblem) -> str:
    if problem.minimum is None:
        return "other values" if problem.maximum is None else f"at most {problem.maximum}"
    return f"at least {problem.minimum}" if problem.maximum is None else f"{problem.minimum} to {problem.maximum}"
