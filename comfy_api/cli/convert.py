"""``python -m comfy_api convert``: a workflow as POST /prompt takes it."""

from __future__ import annotations

import gzip
import io
import json
import os
import zlib
from pathlib import Path
from typing import Any, Final

import click

from comfy_api.cli.codes import EXIT_CODES, Exit, Failure, say
from comfy_api.cli.server import client_of, server_option, settings_for
from comfy_api.errors import WorkflowError
from comfy_api.servers.engine import choose
from comfy_api.workflow.intake import read_files
from comfy_api.workflow.spec import ObjectInfo

_HELP: Final = """Convert a workflow to API format.

FILE is a workflow in UI format, or anything that holds one: a picture, a film, an archive with one workflow. The graph
goes to standard output as JSON, remarks to standard error. What cannot be converted is refused, and nothing is
written: never a smaller graph than the author drew.

Node definitions come from a server, or from a file that GET /object_info of one gave.
"""
#: Bytes of node definitions, unpacked: a server with hundreds of packages gives a tenth.
_MOST: Final = 200_000_000


@click.command(help=_HELP, epilog=EXIT_CODES)
@click.argument("file", type=click.Path(path_type=Path))
@server_option
@click.option(
    "--object-info",
    "definitions",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Node definitions from a file (JSON, or packed with gzip), in place of a server.",
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="A file for the graph; never overwritten.")
def convert(file: Path, server: str | None, definitions: Path | None, out: Path | None) -> None:
    if server is not None and definitions is not None:
        raise click.UsageError("Give --server or --object-info, not both.")
    if out is not None and os.path.lexists(out):
        raise Failure(f'"{out}" is there already. Name another file.', Exit.LOCAL)
    intake = read_files(file, lenient=True)
    chosen = intake.one()
    info = _read(definitions) if definitions is not None else _ask(server)
    workflow = chosen.workflow(info)
    for refusal in intake.refusals:
        say(refusal.sentence)
    for notice in workflow.conversion.notices if workflow.conversion else ():
        say(f'Node {notice.node_id} "{notice.title}": {notice.sentence}')
    _write(workflow.graph, out)


def _write(graph: dict[str, Any], out: Path | None) -> None:
    """As ASCII, which every terminal and every shell hands on as it is."""
    text = json.dumps(graph, indent=2, allow_nan=False)
    if out is None:
        click.echo(text)
        return
    try:
        with out.open("x", encoding="ascii") as file:
            file.write(f"{text}\n")
    except OSError as error:
        raise Failure(f'"{out}" cannot be written ({error.strerror}). Name another file.', Exit.LOCAL) from None


# --- node definitions -----------------------------------------------------------------------------------------


def _ask(server: str | None) -> ObjectInfo:
    """Of the server that the other commands would take. Raises ComfyError."""
    settings = settings_for(server)
    url = choose(settings)
    if url is None:
        say("Node definitions: the demo engine's, which are few. Name a ComfyUI with --server or COMFYUI_URL.")
    with client_of(settings, url) as client:
        return client.get_object_info()


def _read(path: Path) -> ObjectInfo:
    """A file's. Raises WorkflowError: it cannot be read, or holds something else."""
    try:
        with path.open("rb") as file:
            data = file.read(_MOST + 1)
        if data.startswith(b"\x1f\x8b"):
            with gzip.open(io.BytesIO(data)) as packed:
                data = packed.read(_MOST + 1)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or "it is broken"
        raise WorkflowError(f'"{path}" cannot be read ({reason}). Name another file.') from None
    if len(data) > _MOST:
        raise WorkflowError(f'"{path}" is larger than {_MOST // 1_000_000} MB. Name another file.')
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not all(isinstance(one, dict) and "input" in one for one in found.values()):
        raise WorkflowError(f'"{path}" holds no node definitions. Save what GET /object_info of a ComfyUI gives.')
    return found
