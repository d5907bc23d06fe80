"""All that pages, routes and commands may call: submit, stop, get, watch, results. Each names its owner.

Everything below (jobs, servers, protocol) is the service's own business.
"""

from __future__ import annotations

import logging
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from comfy_api.errors import ComfyError, EaselError, JobNotFound, Refused, ServerUnreachable, ServiceClosed
from comfy_api.jobs.board import Board, LivePreview, Watch
from comfy_api.jobs.dispatcher import Dispatcher
from comfy_api.jobs.drafts import Drafts
from comfy_api.jobs.files import PictureFiles
from comfy_api.jobs.job import Job, Picture
from comfy_api.jobs.limits import limits_of
from comfy_api.jobs.preparing import prepare
from comfy_api.jobs.presence import Presence
from comfy_api.jobs.rounds import describe_form
from comfy_api.jobs.uploads import Upload, Uploads
from comfy_api.offers import Offer, Offers, make_offer
from comfy_api.servers.engine import Engine, ServerState
from comfy_api.settings import Settings
from comfy_api.workflow import Workflow
from comfy_api.workflow.forms.control import FILES, Values
from comfy_api.workflow.forms.find import suggest_form
from comfy_api.workflow.library import Entry, Library
from comfy_api.workflow.spec import ObjectInfo
from comfy_api.workshop import Workshop

__all__ = ["LivePreview", "ServerState", "Service", "Watch", "current", "install"]

log = logging.getLogger("comfy_api.jobs")

#: The workflows that come with Easel.
BUNDLED: Final = Path(__file__).resolve().parents[1] / "workflows"
#: Longest pause of the thread that looks after left jobs.
_ROUND: Final = 0.5
_GONE: Final = "This file is not here any more. Add it again."
#: The node definitions while no server answers.
_NOTHING: Final[ObjectInfo] = {}


class Service:
    """One a process; thread-safe. ``close`` stops what runs and ends its threads and the demo engine."""

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        workflows: Path = BUNDLED,
        engine: Callable[[Settings], Engine] = Engine,
    ) -> None:
        """Starts at once; the engine is chosen in the background.

        Args:
            settings: read from the environment where none are given. Raises SettingsError.
            workflows: the folder of workflows on offer.
            engine: makes the engine; another one for tests.
        """
        self.settings = settings or Settings.load()
        self._folder = Path(tempfile.mkdtemp(prefix="easel-"))
        self._files = PictureFiles(self._folder / "pictures")
        self._board = Board(max_ended=self.settings.max_jobs, forget=self._forget)
        self._presence = Presence(goodbye_grace=self.settings.goodbye_grace, silent_grace=self.settings.silent_grace)
        self._drafts = Drafts()
        self.limits = limits_of(self.settings)
        self._engine = engine(self.settings)
        self._offers = Offers(Library(workflows, self.settings.data / "workflows"), self.object_info)
        self.workshop = Workshop(self._offers.library, self.object_info, self._engine.client)
        self.uploads = Uploads(self._folder / "uploads", self.settings, self._engine.client)
        self._dispatcher = Dispatcher(self._board, self._files, self.settings, self._engine.client, self._on_end)
        self._closing = threading.Event()
        self._keeper = threading.Thread(target=self._look_after_the_left, name="easel-presence", daemon=True)
        self._keeper.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self, timeout: float = 10.0) -> None:
        """Stop running jobs on their servers, end all threads and the demo engine. Closing twice is fine."""
        if self._closing.is_set():
            return
        self._closing.set()
        self._dispatcher.close(timeout)
        self._keeper.join(timeout)
        self._engine.close(timeout)
        shutil.rmtree(self._folder, ignore_errors=True)

    # --- workflows and the server -----------------------------------------------------------------------------

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The workflows to choose from."""
        return self._offers.library.entries()

    def offer(self, slug: str, version: int | None = None) -> Offer:
        """A workflow with its form, as the present server sees it. Raises WorkflowError."""
        return self._offers.get(slug, version)

    def cover(self, slug: str) -> Path | None:
        """The workflow's picture, if it is on offer and has one."""
        return next((entry.cover for entry in self.entries if entry.slug == slug), None)

    def object_info(self) -> ObjectInfo:
        """The present server's node definitions; empty while none answers."""
        client = self._engine.client()
        if client is None or not self.server().connected:
            return _NOTHING
        try:
            return client.get_object_info()
        except ComfyError:
            return _NOTHING

    def remember(self, owner: str, slug: str, raw: Mapping[str, Any]) -> None:
        """Keep a maker's form as it stands, for a page that is loaded again."""
        self._drafts.put(owner, slug, raw)

    def recall(self, owner: str, slug: str | None = None) -> Mapping[str, Any] | None:
        """The form that was kept last, of this workflow or of any; None: there is none."""
        return self._drafts.get(owner, slug)

    def server(self) -> ServerState:
        """The engine as it was a moment ago."""
        return self._engine.state

    def wait_ready(self, timeout: float) -> bool:
        """Wait until the engine is chosen; the first job waits by itself."""
        return self._engine.wait_ready(timeout)

    def connect(self, url: str) -> None:
        """Take the ComfyUI that ``server().offer`` names, for later jobs."""
        if url != self.server().offer:
            raise Refused("This server is not there any more. Start ComfyUI and try again.")
        self._engine.connect(url)

    def upload(self, owner: str, data: bytes, filename: str) -> Upload:
        """Put a file into the server's input folder; equal ones get one name.

        Raises:
            Refused: too large, or of no known kind.
            ComfyError: the server does not take it.
        """
        return self.uploads.put(owner, data, filename)

    # --- jobs -------------------------------------------------------------------------------------------------

    def submit(
        self,
        owner: str,
        workflow: str | Workflow | Offer,
        values: Values | None = None,
        *,
        keep: bool = False,
        form: Mapping[str, Any] | None = None,
        title: str = "",
    ) -> Job:
        """Put a job into the line.

        Args:
            owner: whose it is.
            workflow: a slug, or a workflow of the caller's own, with a form or without.
            values: what the maker chose, by the controls of the workflow's form.
            keep: let it finish when the form changes or its page is left.
            form: the form as it was, to compare a later one with.
            title: the name of a workflow of the caller's own.

        Raises:
            Refused: a limit, or what the server lacks, named with the control concerned.
            WorkflowError: the workflow cannot be used on this server.
            ServiceClosed: the service is shutting down.
        """
        if self._closing.is_set():
            raise ServiceClosed
        offer = self._offer_of(workflow, title)
        prepared = prepare(
            offer.require(),
            offer.form,
            values or {},
            limits=self.limits,
            object_info=self.object_info(),
            rng=secrets.SystemRandom(),
            now=datetime.now().astimezone(),
        )
        begun_with = self._bring_files(owner, offer, prepared.values)
        waiting = sum(not job.over for job in self._board.jobs(owner))
        if waiting >= self.settings.max_waiting:
            raise Refused(f"You have {waiting} pictures waiting already. Wait for one, or stop one.")
        job = describe_form(
            _new_job(owner, offer, keep), offer.form, prepared.rounds, prepared.values, begun_with=begun_with
        )
        job = replace(job, values=dict(form or {}), used=prepared.values)
        self._board.add(job)
        self._presence.expect(job.id, time.monotonic())
        self._log_queued(job)
        self._dispatcher.submit(job, prepared.rounds, offer.writers)
        return self._board.get(owner, job.id)

    def stop(self, owner: str, job_id: str, reason: str = "asked") -> Job:
        """Stop one's own job; finished pictures stay. Stopping an ended one changes nothing. Raises JobNotFound."""
        job = self._board.get(owner, job_id)
        if not job.over and not job.reason:
            self._board.update(job_id, reason=reason)
            log.info("job=%s event=stop reason=%s", job_id, reason)
        self._dispatcher.stop(job_id, reason)
        return self._board.get(owner, job_id)

    def keep(self, owner: str, job_id: str, keep: bool) -> Job:
        """Let a job finish, or tie it to its page again. Raises JobNotFound."""
        self._board.get(owner, job_id)
        self._board.update(job_id, keep=keep)
        return self._board.get(owner, job_id)

    def get(self, owner: str, job_id: str) -> Job:
        """One's own job as it is now. Raises JobNotFound."""
        return self._board.get(owner, job_id)

    def find(self, owner: str, job_id: str | None) -> Job | None:
        """One's own job as it is now, or None."""
        try:
            return self._board.get(owner, job_id) if job_id else None
        except JobNotFound:
            return None

    def jobs(self, owner: str) -> tuple[Job, ...]:
        """One's own jobs, newest first."""
        return self._board.jobs(owner)

    def preview(self, owner: str, job_id: str) -> LivePreview | None:
        """The newest picture in the making. Raises JobNotFound."""
        return self._board.preview(owner, job_id)

    def watch(self, owner: str, job_id: str, wake: Callable[[], None]) -> Watch:
        """Have ``wake`` called, from other threads and quickly, at each change. Raises JobNotFound."""
        return self._board.watch(owner, job_id, wake)

    def results(self, owner: str, job_id: str) -> tuple[Picture, ...]:
        """Finished pictures, in the order of their arrival. Raises JobNotFound."""
        return self._board.get(owner, job_id).results

    def picture(self, owner: str, job_id: str, picture_id: str) -> tuple[Picture, Path]:
        """A picture of one's own job and its file. Raises JobNotFound."""
        for picture in self.results(owner, job_id):
            if picture.id == picture_id:
                return picture, self._files.path(picture_id)
        raise JobNotFound(job_id)

    def thumbnail(self, owner: str, job_id: str, picture_id: str) -> Path:
        """A small WebP of it. Raises JobNotFound."""
        self.picture(owner, job_id, picture_id)
        return self._files.thumbnail(picture_id)

    # --- presence ---------------------------------------------------------------------------------------------

    def joined(self, owner: str, job_id: str) -> None:
        """A live view of the job opens. Raises JobNotFound."""
        self._board.get(owner, job_id)
        self._presence.join(job_id)

    def left(self, owner: str, job_id: str, *, goodbye: bool) -> None:
        """It closes; with ``goodbye`` its page said so. Without another view in time the job is stopped."""
        self._presence.leave(job_id, time.monotonic(), goodbye=goodbye)

    def _look_after_the_left(self) -> None:
        while not self._closing.wait(_ROUND):
            for job_id in self._presence.overdue(time.monotonic()):
                job = self._board.find(job_id)
                if job is None or not job.keep:
                    self._presence.forget(job_id)
                if job is not None and not job.keep:
                    self.stop(job.owner, job_id, reason="left")

    # --- inside -----------------------------------------------------------------------------------------------

    def _offer_of(self, workflow: str | Workflow | Offer, title: str) -> Offer:
        """What is asked for, with its form: a workflow without one gets the form that suggests itself."""
        if isinstance(workflow, Offer):
            return workflow
        if isinstance(workflow, str):
            return self._offers.get(workflow)
        info = self.object_info()
        return make_offer(Entry("", title), workflow, suggest_form(workflow, info), info)

    def _bring_files(self, owner: str, offer: Offer, values: Values) -> tuple[int, int] | None:
        """Sees to it that the server has the files that are begun with, and that they are the maker's to use.

        Gives the size of the first picture, in pixels: what comes of it has its shape, if not its size.
        """
        names = {
            control.id: values[control.id]
            for control in offer.form.controls
            if control.kind in FILES and values.get(control.id)
        }
        with suppress(ServerUnreachable):  # then the job waits for its server, which will say so
            for control, name in names.items():
                if not self.uploads.knows(owner, name):
                    raise Refused(_GONE, control)
            self.uploads.ensure(owner, names)
        found = (self.uploads.find(owner, name) for name in names.values())
        return next(((upload.width, upload.height) for upload in found if upload and upload.width), None)

    def _log_queued(self, job: Job) -> None:
        said = f" prompt_text={job.prompt_text!r}" if self.settings.log_prompts else ""
        slug = job.workflow or "own"
        log.info("job=%s event=queued workflow=%s seed=%s keep=%s%s", job.id, slug, job.seed, job.keep, said)

    def _on_end(self, job: Job) -> None:
        self._presence.forget(job.id)

    def _forget(self, job: Job) -> None:
        self._files.release(picture.id for picture in job.results)


def _new_job(owner: str, offer: Offer, keep: bool) -> Job:
    return Job(
        id=secrets.token_urlsafe(16),
        owner=owner,
        workflow=offer.entry.slug,
        workflow_version=offer.entry.version,
        title=offer.entry.title,
        keep=keep,
        created=time.time(),
    )


# --- the one of this process --------------------------------------------------------------------------------


class _Installed:
    """Holds the service that app.py or a test installed."""

    service: Service | None = None


def install(service: Service | None) -> None:
    """Make this the process's service; None takes it away."""
    _Installed.service = service


def current() -> Service:
    """The process's service.

    Raises:
        EaselError: none is installed.
    """
    if _Installed.service is None:
        raise EaselError("Easel is not running here. Start it with: streamlit run app.py")
    return _Installed.service
