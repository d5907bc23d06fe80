"""``python -m comfy_api doctor``: what works, and what is missing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Final

import click

import comfy_api
from comfy_api.cli.codes import EXIT_CODES, Exit, plain
from comfy_api.cli.looks import Look, look_at_data, look_at_packages, look_at_python, look_at_server
from comfy_api.cli.server import client_of, server_option, settings_for
from comfy_api.servers.engine import NEXT_DOOR, choose
from comfy_api.service import BUNDLED
from comfy_api.settings import Settings
from comfy_api.workflow.library import Library

_HELP: Final = """Say what works on this machine and on the server, and what is missing: one line each.

The code is 0 where pictures can be made, also when something could be better.
"""


@click.command(help=_HELP, epilog=EXIT_CODES)
@server_option
def doctor(server: str | None) -> None:
    settings = settings_for(server)
    code = Exit.OK
    for look in _looks(settings):
        click.echo(f"{_mark(well=look.well)} {plain(look.text)}")
        code = code or look.code
    click.get_current_context().exit(code)


def _looks(settings: Settings) -> Iterator[Look]:
    yield look_at_python()
    yield look_at_packages(comfy_api.__version__)
    yield look_at_data(settings.data)
    library = Library(BUNDLED, settings.data / "workflows")
    url = choose(settings)
    if url is None:
        forced = "EASEL_DEMO is set" if settings.demo else f"no ComfyUI at {NEXT_DOOR}, and COMFYUI_URL names none"
        yield Look(f"Server: the demo engine ({forced})")
    with client_of(settings, url) as client:
        if url is not None:
            yield Look(f"Server: {client.address.url}")
        yield from look_at_server(client, library)


def _mark(*, well: bool) -> str:
    stream = sys.stdout
    if stream.isatty() and "utf" in (stream.encoding or "").lower():
        return "✓" if well else "✗"
    return "ok" if well else "!!"
