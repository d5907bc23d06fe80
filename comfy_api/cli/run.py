"""``python -m comfy_api run``: a workflow from the shell."""

from __future__ import annotations

import logging
import os
import re
import secrets
from pathlib import Path

import click

from comfy_api import errors, log
from comfy_api.cli.bar import make_view
from comfy_api.cli.codes import EXIT_CODES, Exit, Failure, code_of, say
from comfy_api.cli.follow import OWNER, Follower, opened
from comfy_api.cli.interrupts import Interrupts
from comfy_api.cli.save import prepare
from comfy_api.cli.server import server_option, settings_for
from comfy_api.errors import WorkflowError
from comfy_api.jobs.job import Job, JobState, Problem
from comfy_api.offers import open_workflow
from comfy_api.service import ServerState, Service
from comfy_api.workflow import Workflow, find_basics, parse_seed, set_size, set_steps
from comfy_api.workflow.intake import read_files
from comfy_api.workflow.spec import ObjectInfo

_HELP = """Run a workflow, as ComfyUI saved or exported it or as a picture holds it, and keep its pictures.

Progress goes to standard error; the paths of the written files come last, on standard output, one a line. No file
is ever overwritten. The first Ctrl-C stops the job on the server, pictures that are finished stay; the second leaves
at once.

An API key comes from the environment, COMFYUI_API_KEY, never from an argument that others can read.
"""

Size = tuple[int, int]


def _size(ctx: click.Context, parameter: click.Parameter, text: str | None) -> Size | None:
    if text is None:
        return None
    found = re.fullmatch(r"([0-9]{1,6})[x×]([0-9]{1,6})", text.strip().lower())
    if found is None:
        raise click.BadParameter("Write it as WIDTHxHEIGHT, such as 768x512.")
    return int(found[1]), int(found[2])


def _seed(ctx: click.Context, parameter: click.Parameter, text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return secrets.randbelow(2**32) if text == "random" else parse_seed(text)
    except WorkflowError as error:
        raise click.BadParameter(str(error)) from None


@click.command(help=_HELP, epilog=EXIT_CODES)
@click.argument("workflow", type=click.Path(path_type=Path))
@server_option
@click.option(
    "--set",
    "settings",
    metavar="TITLE.INPUT=VALUE",
    multiple=True,
    help='Set an input of a node, such as positive_prompt.text="a red fox". May be repeated.',
)
@click.option("--seed", metavar="N", callback=_seed, help="The seed, or random. Without it the workflow's own.")
@click.option("--batch", type=click.IntRange(min=1), metavar="N", help="How many pictures.")
@click.option("--size", metavar="WxH", callback=_size, help="Width and height in pixels.")
@click.option("--steps", type=click.IntRange(min=1), metavar="N", help="Steps of the sampler.")
@click.option(
    "--image",
    "images",
    metavar="NODE=FILE",
    multiple=True,
    help="Upload a picture for a node, named by its title or id. May be repeated.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("."),
    show_default="this folder",
    help="Folder for the pictures; made where it is missing.",
)
@click.option(
    "--patience",
    type=click.FloatRange(min=0, min_open=True),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for a server that does not answer.",
)
@click.option("--quiet", is_flag=True, help="Say nothing but errors.")
@click.option("--verbose", is_flag=True, help="Log each event, and say an error's details.")
def run(
    workflow: Path,
    server: str | None,
    settings: tuple[str, ...],
    seed: int | None,
    batch: int | None,
    size: Size | None,
    steps: int | None,
    images: tuple[str, ...],
    out: Path,
    patience: float,
    quiet: bool,
    verbose: bool,
) -> None:
    log.set_up(logging.INFO if verbose else logging.ERROR)
    with Interrupts() as interrupts:
        file = read_files(workflow).one()

        def ready(object_info: ObjectInfo) -> tuple[Workflow, dict[str, Path]]:
            graph = _set_numbers(_set_all(open_workflow(file, object_info), settings), size, steps)
            return graph, dict(pair for text in images for pair in _read_pictures(graph, text).items())

        if file.ui is None:
            ready({})  # what is wrong here needs no server to be said
        prepare(out)
        view = make_view(quiet=quiet)
        with opened(settings_for(server, patience=patience)) as service:
            follower = Follower(service, view, interrupts, out)
            view.note(_which(follower.wait_for_engine(), named=bool(server or service.settings.comfyui_url)))
            graph, pictures = ready(service.object_info())
            for node_id, path in pictures.items():
                graph = graph.with_inputs(node_id, {"image": _upload(service, follower, path)})
            values = {"seed": seed, "images": batch}
            given = {name: value for name, value in values.items() if value is not None}
            job = follower.follow(service.submit(OWNER, graph, given, keep=True, title=workflow.stem))
        job = service.get(OWNER, job.id)  # closing waits a little for a stop that was not confirmed yet
    for path in follower.paths:
        # As bytes: a name that the terminal's encoding lacks is still the file's name.
        click.echo(os.fsencode(path))
    _end(job, stopped=interrupts.asked, verbose=verbose)


# --- what was asked for ---------------------------------------------------------------------------------------


def _set_all(workflow: Workflow, settings: tuple[str, ...]) -> Workflow:
    for text in settings:
        title, name, value = workflow.parse_setting(text)
        workflow = workflow.set(title, {name: value})
    return workflow


def _set_numbers(workflow: Workflow, size: Size | None, steps: int | None) -> Workflow:
    if size is not None:
        workflow = set_size(workflow, *size)
    return workflow if steps is None else set_steps(workflow, steps)


def _read_pictures(workflow: Workflow, text: str) -> dict[str, Path]:
    """``NODE=FILE`` → node id → file, for each node of that name that loads a picture."""
    name, equals, file = text.partition("=")
    if not equals or not name or not file:
        raise WorkflowError(f'"{text}" is no picture for a node. Write it as NODE=FILE.')
    loaders = {image.node_id: image.title for image in find_basics(workflow).images_in}
    ids = [node.id for node in workflow.require(name) if node.id in loaders]
    if not ids:
        offer = ", ".join(f'"{title}"' for title in loaders.values()) or "nothing"
        raise WorkflowError(f'"{name}" loads no picture. These do: {offer}.')
    if not Path(file).is_file():
        raise WorkflowError(f'"{file}" is no file that can be read. Name another.')
    return dict.fromkeys(ids, Path(file))


def _upload(service: Service, follower: Follower, path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WorkflowError(f'"{path}" cannot be read ({error.strerror}). Name another.') from None
    return follower.patiently(lambda: service.upload(OWNER, data, path.name)).name


# --- what is said ---------------------------------------------------------------------------------------------


def _which(server: ServerState, *, named: bool) -> str:
    if server.kind == "demo":
        return "Server: the demo engine, which paints without a model. Name a ComfyUI with --server or COMFYUI_URL."
    version = f" {server.version}" if server.version else ""
    return f"Server: ComfyUI{version} at {server.name}{'' if named else ', found on this machine'}"


def _end(job: Job, *, stopped: bool, verbose: bool) -> None:
    """Say how it ended, and leave with its code."""
    if job.state is JobState.SUCCEEDED:
        if job.problem is not None:
            say(job.problem.sentence)
        if not job.results:
            say("The workflow made no picture.")
        return
    if stopped:
        raise Failure(_stopped(job), Exit.INTERRUPTED)
    if job.problem is None:
        raise Failure("Someone stopped it on the server. Start it again.", Exit.FAILED)
    if verbose and job.problem.details:
        say(job.problem.details)
    raise Failure(job.problem.sentence, _code(job.problem))


def _stopped(job: Job) -> str:
    if not job.over:
        return "The server was told to stop, but has not confirmed it: it may be busy with one long step."
    return "Stopped." if job.problem is None else job.problem.sentence


def _code(problem: Problem) -> Exit:
    """By the kind of error; what is none of ours is a fault on this machine."""
    kind = getattr(errors, problem.kind, None)
    return Exit.LOCAL if kind is None else code_of(kind)
