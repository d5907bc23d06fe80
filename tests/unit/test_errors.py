"""The one error tree: complete, drawn as it is, each with a sentence and its data."""

from __future__ import annotations

import inspect

import pytest

from comfy_api import errors
from comfy_api.errors import (
    AmbiguousTitle,
    AnswerTooLarge,
    ApiError,
    ClaimLost,
    EaselError,
    ExecutionFailed,
    InputIsLinked,
    InputNotFound,
    JobNotFound,
    MoveLost,
    NodeNotFound,
    NodeProblem,
    NotConvertible,
    NotOnServer,
    NotReadable,
    PromptRejected,
    ProtocolError,
    Refused,
    ResultsLost,
    ResultTooLarge,
    RunLost,
    RunStopped,
    RunTimeout,
    ServerUnreachable,
    ServiceClosed,
    SettingsError,
    SignInNeeded,
    StoreBusy,
    StoreFull,
    StoreGone,
    StoreTooNew,
)

CLASSES = [cls for _, cls in inspect.getmembers(errors, inspect.isclass) if issubclass(cls, Exception)]

PROBLEM = NodeProblem("3", "KSampler", "My Sampler", "value_not_in_list", input="sampler_name", received="magic")

MADE = [
    SettingsError({"EASEL_PORT": "no number."}),
    NotReadable('"a.json" is no workflow: it is empty. Export it again from ComfyUI.'),
    NotConvertible(['"Upscale" needs a node that this server does not have. Install it there.']),
    NodeNotFound("positive", ["Seed", "Prompt"]),
    AmbiguousTitle("Prompt", ["3", "4"]),
    InputNotFound("Prompt", "txt", ["text"]),
    InputIsLinked("Prompt", "text", "7"),
    ServerUnreachable("http://host", "no connection"),
    SignInNeeded("http://host", 302),
    ApiError(500, "http://host/queue", "why"),
    PromptRejected(400, "http://host/prompt", kind="x", message="m", problems=[PROBLEM]),
    PromptRejected(400, "http://host/prompt", kind="prompt_no_outputs", message=""),
    PromptRejected(400, "http://host/prompt", kind="invalid_prompt", message="No such node."),
    ProtocolError("http://host", "no JSON"),
    ExecutionFailed("p", node_id="3", class_type="KSampler", detail="it broke\n"),
    ExecutionFailed("p", exception_type="torch.OutOfMemoryError"),
    RunLost("p"),
    ResultsLost("p", ["Picture"]),
    AnswerTooLarge("http://host/view", 2**31),
    ResultTooLarge("Video", 2**31),
    RunStopped("p", asked=True),
    RunStopped("p", asked=False),
    RunTimeout("p", 30.0),
    JobNotFound("j"),
    Refused("Eight images at most. Choose fewer.", "images"),
    NotOnServer("The server has no such model. Choose one.", "model"),
    ServiceClosed(),
    StoreGone("no such file"),
    StoreBusy("database is locked"),
    StoreFull("database or disk is full"),
    StoreTooNew("9999"),
    MoveLost("j", "stopped", "submitted"),
    ClaimLost("j"),
]


def drawn() -> list[tuple[int, str]]:
    """(Depth, class name) of each line of the tree in the docstring."""
    lines = [line for line in (errors.__doc__ or "").splitlines() if "──" in line or line.strip() == "EaselError"]
    return [((len(line) - len(line.lstrip(" │├└─"))) // 4, line.strip(" │├└─").split()[0]) for line in lines]


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    path: list[str] = []
    parents: dict[str, str] = {}
    for depth, name in drawn():
        path[depth - 1 :] = [name]
        parents[name] = path[-2] if len(path) > 1 else "Exception"
    assert parents == {cls.__name__: cls.__bases__[0].__name__ for cls in CLASSES}


def test_every_error_has_the_one_root() -> None:
    assert all(issubclass(cls, EaselError) for cls in CLASSES)


@pytest.mark.parametrize("error", MADE, ids=lambda error: type(error).__name__)
def test_every_error_is_a_sentence_or_more(error: EaselError) -> None:
    text = str(error)
    assert text[0].isupper() or text[0] in '"h2'
    assert text.endswith(".")
    assert "\n" not in text
    assert len(text) < 400


def test_every_error_that_is_raised_stands_in_this_test() -> None:
    bases = {base for cls in CLASSES for base in cls.__mro__[1:]}
    leaves = {cls for cls in CLASSES if cls not in bases}
    assert leaves <= {type(error) for error in MADE}


def test_errors_carry_their_data() -> None:
    rejected = PromptRejected(400, "http://host/prompt", kind="k", message="m", details="d", problems=[PROBLEM])
    assert (rejected.status, rejected.url, rejected.kind, rejected.problems) == (
        400,
        "http://host/prompt",
        "k",
        (PROBLEM,),
    )
    failed = ExecutionFailed("p", node_id="3", class_type="KSampler", title="S", exception_type="E", traceback=["l"])
    assert (failed.prompt_id, failed.node_id, failed.class_type, failed.title) == ("p", "3", "KSampler", "S")
    assert (failed.exception_type, failed.traceback) == ("E", ("l",))
    assert ExecutionFailed("p", exception_type="torch.OutOfMemoryError").out_of_memory


def test_a_run_that_times_out_is_a_timeout_error() -> None:
    assert issubclass(RunTimeout, TimeoutError)


def test_the_traceback_of_the_server_is_not_in_the_sentence() -> None:
    assert "secret path" not in str(ExecutionFailed("p", detail="why", traceback=["secret path"]))


def test_long_values_are_cut() -> None:
    assert len(str(ExecutionFailed("p", title="S", detail="x" * 10_000))) < 500
    assert len(ApiError(500, "http://host", "x" * 10_000).body) == 2000
