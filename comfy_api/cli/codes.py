"""How a command ends: its exit code, and words on standard error."""

from __future__ import annotations

from enum import IntEnum
from typing import IO, Any, Final

import click

from comfy_api.errors import (
    EaselError,
    NotOnServer,
    PromptRejected,
    Refused,
    ServerUnreachable,
    SettingsError,
    SignInNeeded,
    WorkflowError,
)


class Exit(IntEnum):
    """Exit codes; ``docs/cli.md`` and ``--help`` list the same."""

    #: All went well.
    OK = 0
    #: Something on this machine: a file that cannot be written, a fault in Easel.
    LOCAL = 1
    #: The command line, a setting or the workflow file cannot be used as it is.
    USAGE = 2
    #: The server refused the workflow.
    REJECTED = 3
    #: It failed while running, or somebody else stopped it.
    FAILED = 4
    #: The server does not answer.
    UNREACHABLE = 5
    #: The server asks for a sign-in.
    SIGN_IN = 6
    #: Ctrl-C or SIGTERM.
    INTERRUPTED = 130


#: For ``--help``. \b keeps click from wrapping the lines into one paragraph.
EXIT_CODES: Final = """\b
Exit codes:
    0  all went well
    1  something on this machine: a file that cannot be written, a fault
    2  the command line, a setting or the workflow file cannot be used
    3  the server refused the workflow
    4  it failed while running, or somebody else stopped it
    5  the server does not answer
    6  the server asks for a sign-in
  130  stopped by Ctrl-C or SIGTERM"""

_CODES: Final[tuple[tuple[type[EaselError], Exit], ...]] = (
    (SettingsError, Exit.USAGE),
    (WorkflowError, Exit.USAGE),
    (NotOnServer, Exit.REJECTED),
    (Refused, Exit.USAGE),
    (PromptRejected, Exit.REJECTED),
    (ServerUnreachable, Exit.UNREACHABLE),
    (SignInNeeded, Exit.SIGN_IN),
)


def code_of(error: type[EaselError]) -> Exit:
    """The exit code of an error of this kind."""
    return next((code for kind, code in _CODES if issubclass(error, kind)), Exit.FAILED)


class Failure(click.ClickException):
    """Ends the command with a sentence and a code."""

    def __init__(self, sentence: str, code: Exit) -> None:
        super().__init__(sentence)
        self.exit_code = int(code)  # type: ignore[misc]  # click's own way

    def show(self, file: IO[Any] | None = None) -> None:
        """The sentence alone: it says already that something went wrong."""
        say(self.message)


def say(text: str) -> None:
    """A line on standard error."""
    click.echo(plain(text), err=True)


def plain(text: str) -> str:
    """The text without control characters: titles and errors come from files and servers, and a terminal obeys."""
    return "".join(char if char.isprintable() or char == "\n" else " " for char in text)
