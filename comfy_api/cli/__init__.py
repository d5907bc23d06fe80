"""``python -m comfy_api``: run or convert a workflow, look at a server, start the demo engine.

A command's module is imported when it is called: the list of commands is there at once.
"""

from __future__ import annotations

import importlib
from typing import Any, Final

import click

from comfy_api.cli.codes import Exit, Failure, code_of
from comfy_api.errors import EaselError

PROGRAM: Final = "python -m comfy_api"
#: Command → its module, the function there, and what it does.
_COMMANDS: Final = {
    "run": ("comfy_api.cli.run", "run", "Run a workflow and keep its pictures."),
    "convert": ("comfy_api.cli.convert", "convert", "Convert a workflow to API format."),
    "doctor": ("comfy_api.cli.doctor", "doctor", "Say what works here and on the server, and what is missing."),
    "demo": ("comfy_api.demo.__main__", "demo", "Run the demo engine: ComfyUI's protocol, painted pictures."),
}


class Commands(click.Group):
    """The commands, each imported at its first use; their errors become words and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which people need them."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import it; None for an unknown one."""
        if cmd_name not in _COMMANDS:
            return None
        module, name, _ = _COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List them without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, said) for name, (_, _, said) in _COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was named."""
        try:
            return super().invoke(ctx)
        except EaselError as error:
            raise Failure(str(error), code_of(type(error))) from error
        except KeyboardInterrupt:
            raise Failure("Stopped.", Exit.INTERRUPTED) from None


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def commands() -> None:
    """Easel from the shell."""


def main() -> None:
    """Run the command line."""
    commands(prog_name=PROGRAM)
