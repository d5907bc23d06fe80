"""``python -m comfy_api doctor``: what works, and what is missing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import click

import comfy_api
from comfy_api.cli.codes import EXIT_CODES, Exit, Failure, plain
from comfy_api.cli.looks import Look, look_at_data, look_at_packages, look_at_python, look_at_server
from comfy_api.cli.server import server_option, settings_for
from comfy_api.demo.process import DemoDidNotStartError, DemoProcess
from comfy_api.protocol.client import ComfyClient
from comfy_api.servers.engine import NEXT_DOOR
from comfy_api.service import BUNDLED
from comfy_api.settings import Settings
from comfy_api.workflow import Catalog

_HELP: Final = """Say what works on this machine and on the server, and what is missing: one line each.

The code is 0 where pictures can be made, also when something could be better.
"""
_TIMEOUT: Final = 30.0


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
    if settings.demo or not (settings.comfyui_url or _is_there(NEXT_DOOR)):
        forced = "EASEL_DEMO is set" if settings.demo else f"no ComfyUI at {NEXT_DOOR}, and COMFYUI_URL names none"
        yield Look(f"Server: the demo engine ({forced})")
        with _demo() as url, ComfyClient(url) as client:
            yield from look_at_server(client, Catalog(BUNDLED))
        return
    with _client(settings) as client:
        yield Look(f"Server: {client.address.url}")
        yield from look_at_server(client, Catalog(BUNDLED))


def _client(settings: Settings) -> ComfyClient:
    if not settings.comfyui_url:
        return ComfyClient(NEXT_DOOR, timeout=_TIMEOUT)
    return ComfyClient(
        settings.comfyui_url,
        headers=settings.comfyui_headers,
        params=settings.comfyui_params,
        api_key=settings.comfyui_api_key.get_secret_value() or None,
        timeout=_TIMEOUT,
    )


def _is_there(url: str) -> bool:
    with ComfyClient(url, timeout=1.0) as client:
        health = client.health()
        return health.connected and not health.demo


@contextmanager
def _demo() -> Iterator[str]:
    try:
        engine = DemoProcess.start()
    except DemoDidNotStartError as error:
        raise Failure(str(error), Exit.LOCAL) from None
    with engine:
        yield engine.url


def _mark(*, well: bool) -> str:
    stream = sys.stdout
    if stream.isatty() and "utf" in (stream.encoding or "").lower():
        return "✓" if well else "✗"
    return "ok" if well else "!!"
