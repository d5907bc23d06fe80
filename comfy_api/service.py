"""All that pages, routes and commands may call: submit, stop, get, watch, results. Each names its owner.

Everything below (jobs, servers, protocol) is the service's own business.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from comfy_api.errors import ComfyError, EaselError, JobNotFound, Refused, ServerUnreachable, ServiceClosed
from comfy_api.jobs.board import Board, LivePreview, Watch
from comfy_api.jobs.dispatcher import Dispatcher
from comfy_api.jobs.files import PictureFiles
from comfy_api.jobs.job import Job, Picture
from comfy_api.jobs.limits import check_upload, check_values
from comfy_api.jobs.naming import extension
from comfy_api.jobs.prepare import describe, prepare_rounds
from comfy_api.jobs.presence import Presence
from comfy_api.servers.engine import Engine, ServerState
from comfy_api.settings import Settings
from comfy_api.workflow import (
    Basics,
    Catalog,
    Entry,
    Finding,
    Values,
    Workflow,
    check,
    find_basics,
)

__all__ = ["LivePreview", "ServerState", "Service", "Watch", "current", "install"]

log = logging.getLogger("comfy_api.jobs")

#: The workflows that come with Easel.
BUNDLED: Final = Path(__file__).resolve().parents[1] / "workflows"
#: Longest pause of the thread that looks after left jobs.
_ROUND: Final = 0.5
#: Uploads whose size is remembered, so that a picture made from one has its shape before it comes.
_UPLOADS: Final = 1000


@dataclass(frozen=True, slots=True)
class Upload:
    """A picture in the server's input folder. ``name`` is what a form's values hold."""

    name: str
    width: int
    height: int


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
        self._catalog = Catalog(workflows)
        self._folder = Path(tempfile.mkdtemp(prefix="easel-"))
        self._files = PictureFiles(self._folder / "pictures")
        self._board = Board(max_ended=self.settings.max_jobs, forget=self._forget)
        self._presence = Presence(goodbye_grace=self.settings.goodbye_grace, silent_grace=self.settings.silent_grace)
        self._uploads_lock = threading.Lock()  # guards the uploads
        self._uploads: dict[str, Upload] = {}
        self._engine = engine(self.settings)
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
        return self._catalog.entries()

    def workflow(self, slug: str) -> Workflow:
        """The workflow as its author made it. Raises WorkflowError."""
        return self._catalog.get(slug)

    def basics(self, slug: str) -> Basics:
        """What a maker can change in it. Raises WorkflowError."""
        return find_basics(self._catalog.get(slug))

    def missing(self, slug: str) -> tuple[Finding, ...]:
        """What the present server lacks for it; nothing while no server answers. Raises WorkflowError."""
        workflow, client = self._catalog.get(slug), self._engine.client()
        if client is None or not self.server().connected:
            return ()
        try:
            return tuple(check(workflow, client.get_object_info()))
        except ComfyError:
            return ()

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
        """Put a picture into the server's input folder; equal pictures get one name.

        Raises:
            Refused: no picture, or too large a one.
            ComfyError: the server does not take it.
        """
        width, height, mime = check_upload(data, self.settings)
        client = self._engine.client()
        if client is None:
            raise ServerUnreachable("the engine", "it is just starting")
        # The maker's own file name is theirs: it stays here.
        name = f"easel-{hashlib.sha256(data).hexdigest()[:24]}.{extension(mime)}"
        upload = Upload(client.upload_image(data, name).value, width, height)
        with self._uploads_lock:
            self._uploads[upload.name] = upload
            while len(self._uploads) > _UPLOADS:
                self._uploads.pop(next(iter(self._uploads)))
        return upload

    # --- jobs -------------------------------------------------------------------------------------------------

    def submit(
        self,
        owner: str,
        workflow: str | Workflow,
        values: Values | None = None,
        *,
        keep: bool = False,
        form: Mapping[str, Any] | None = None,
        title: str = "",
    ) -> Job:
        """Put a job into the line.

        Args:
            owner: whose it is.
            workflow: a slug, or a workflow of the caller's own.
            values: what the maker chose.
            keep: let it finish when the form changes or its page is left.
            form: the form as it was, to compare a later one with.
            title: the name of a workflow of the caller's own.

        Raises:
            Refused: a limit, named with the control concerned.
            WorkflowError: the workflow has no place for a value.
            ServiceClosed: the service is shutting down.
        """
        if self._closing.is_set():
            raise ServiceClosed
        values = values or Values()
        slug = workflow if isinstance(workflow, str) else ""
        source = self._catalog.get(workflow) if isinstance(workflow, str) else workflow
        check_values(values, self.settings)
        waiting = sum(not job.over for job in self._board.jobs(owner))
        if waiting >= self.settings.max_waiting:
            raise Refused(f"You have {waiting} pictures waiting already. Wait for one, or stop one.")
        rounds = prepare_rounds(source, values)
        job = Job(
            id=secrets.token_urlsafe(16),
            owner=owner,
            workflow=slug,
            title=title or next((entry.title for entry in self.entries if entry.slug == slug), ""),
            values=dict(form or {}),
            keep=keep,
            created=time.time(),
        )
        job = describe(job, rounds, begun_with=self._upload_size(values))
        self._board.add(job)
        self._presence.expect(job.id, time.monotonic())
        said = f" prompt_text={job.prompt_text!r}" if self.settings.log_prompts else ""
        log.info("job=%s event=queued workflow=%s seed=%s keep=%s%s", job.id, slug or "own", job.seed, keep, said)
        self._dispatcher.submit(job, rounds)
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

    def _upload_size(self, values: Values) -> tuple[int, int] | None:
        """The size of the picture that is begun with: what comes of it has its shape, if not its size."""
        with self._uploads_lock:
            known = [self._uploads[name] for name in values.uploads.values() if name in self._uploads]
        return (known[0].width, known[0].height) if known else None

    def _on_end(self, job: Job) -> None:
        self._presence.forget(job.id)

    def _forget(self, job: Job) -> None:
        self._files.release(picture.id for picture in job.results)


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
