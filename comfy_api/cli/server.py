"""Which server a command uses, and with which secrets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import click

from comfy_api.cli.codes import Exit, Failure, say
from comfy_api.demo.process import DemoDidNotStartError, DemoProcess
from comfy_api.errors import SettingsError
from comfy_api.protocol.address import parse_address
from comfy_api.protocol.client import ComfyClient
from comfy_api.servers.engine import client_for
from comfy_api.settings import Settings


def parse_server(ctx: click.Context, parameter: click.Parameter, url: str | None) -> str | None:
    """An address from the command line.

    Raises:
        click.BadParameter: it is none, or holds what belongs into the environment.
    """
    if url is None:
        return None
    try:
        parse_address(url)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.username is not None or parts.query:
        raise click.BadParameter("Others can read an argument. Put an address with secrets into COMFYUI_URL.")
    return url


server_option = click.option(
    "--server",
    metavar="URL",
    callback=parse_server,
    help="The ComfyUI to use. Without it: COMFYUI_URL, else one on 127.0.0.1:8188, else the demo engine.",
)


def settings_for(server: str | None, **overrides: Any) -> Settings:
    """The settings of the environment, with the server that was named.

    ``COMFYUI_API_KEY`` and the headers beside it go to the server that they were set for: where ``COMFYUI_URL`` names
    another one, they stay here.

    Raises:
        SettingsError: a value that cannot be used.
    """
    settings = Settings.load(**overrides)
    if server is not None:
        settings = Settings.load(**overrides, **_named(server, settings))
    key = settings.comfyui_api_key.get_secret_value()
    try:
        if settings.comfyui_url:
            parse_address(settings.comfyui_url, api_key=key or None)
    except ValueError as error:
        raise SettingsError({"COMFYUI_API_KEY": str(error)}) from None
    return settings


def _named(server: str, settings: Settings) -> dict[str, Any]:
    named: dict[str, Any] = {"comfyui_url": server, "demo": False}
    if not settings.comfyui_url:
        return named
    if parse_address(settings.comfyui_url).url == parse_address(server).url:
        return {**named, "comfyui_url": settings.comfyui_url}
    if settings.comfyui_api_key.get_secret_value() or settings.comfyui_headers or settings.comfyui_params:
        say("COMFYUI_URL names another server: its API key and headers are not sent to this one.")
    return {**named, "comfyui_api_key": "", "comfyui_headers": {}, "comfyui_params": {}}


@contextmanager
def client_of(settings: Settings, url: str | None) -> Iterator[ComfyClient]:
    """A client of the ComfyUI that ``choose`` gave; None: of a demo engine that ends with the block. Raises Failure."""
    if url is not None:
        with client_for(settings, url) as client:
            yield client
        return
    try:
        demo = DemoProcess.start()
    except DemoDidNotStartError as error:
        raise Failure(str(error), Exit.LOCAL) from None
    with demo, ComfyClient(demo.url) as client:
        yield client
