"""The author's side: from a file to a draft, from a draft to a published workflow, and back (docs/publishing.md)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from comfy_api.draft import Draft, make_draft, with_mapping
from comfy_api.dropped import Dropped, read_dropped
from comfy_api.errors import ComfyError, NotReadable, ServerUnreachable, WorkflowError
from comfy_api.jobs.files import thumbnail_of
from comfy_api.offers import open_workflow
from comfy_api.protocol.client import ComfyClient
from comfy_api.protocol.images import BadPicture, decode
from comfy_api.servers import library as servers
from comfy_api.workflow.forms.app_mode import write_app_mode
from comfy_api.workflow.forms.control import Form
from comfy_api.workflow.forms.find import suggest_form
from comfy_api.workflow.forms.mappings import MAPPINGS
from comfy_api.workflow.intake import WorkflowFile
from comfy_api.workflow.library import Entry, Library, Stored, Version, slug_for
from comfy_api.workflow.pair import MAX_COVER_BYTES
from comfy_api.workflow.reading import MAX_BYTES, Unfit, parse_json
from comfy_api.workflow.spec import ObjectInfo


class Export(StrEnum):
    """What a published workflow can be had as."""

    #: a zip of workflow, form and cover, for another Easel
    PAIR = "pair"
    #: ComfyUI's own file with App Mode in it
    APP_MODE = "app_mode"
    #: the graph alone, in API format
    API = "api"
    #: ViewComfy's ``view_comfy.json``
    VIEWCOMFY = "viewcomfy"
    #: open-webui's ``COMFYUI_WORKFLOW_NODES``
    OPEN_WEBUI = "open_webui"


@dataclass(frozen=True)
class Shelf:
    """What a server has.

    Attributes:
        offers: its workflows: saved ones, then templates, then what ran last.
        problems: a sentence for each list that could not be had.
    """

    offers: tuple[servers.Offer, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Edited:
    """A published workflow that is opened again.

    Attributes:
        draft: with its form.
        version: the version that was opened.
        cover: its cover, encoded, or None.
    """

    draft: Draft
    version: int
    cover: bytes | None = field(default=None, repr=False)


class Workshop:
    """Reads, examines, publishes and exports. Thread-safe: it holds nothing but the library."""

    def __init__(
        self, library: Library, object_info: Callable[[], ObjectInfo], client: Callable[[], ComfyClient | None]
    ) -> None:
        """
        Args:
            library: where workflows are published.
            object_info: the present server's node definitions; empty while none answers.
            client: of the present server; None while there is none.
        """
        self.library, self.object_info, self._client = library, object_info, client

    # --- reading ----------------------------------------------------------------------------------------------

    def read(self, data: bytes, name: str) -> Dropped:
        """The workflows in a file, of any kind that docs/intake.md lists. Raises nothing."""
        return read_dropped(data, name)

    def examine(self, file: WorkflowFile, form: Form | None = None) -> Draft:
        """What is in a workflow, and what the server lacks for it. ``form``: one that was saved for it."""
        return make_draft(file, self.object_info(), form)

    def look_again(self, draft: Draft) -> Draft:
        """The draft beside the present server: what it lacks now, or its graph where there was none. Edits stay."""
        if draft.workflow is None:
            return self.examine(draft.file, draft.form if draft.form.controls else None)
        fresh = self.examine(draft.file)
        if fresh.workflow is None:
            return replace(draft, lacks=fresh.lacks)
        return replace(draft, workflow=fresh.workflow, lacks=fresh.lacks, notices=fresh.notices)

    def with_mapping(self, draft: Draft, data: bytes) -> Draft:
        """The draft with the controls that another tool's file names (ViewComfy, open-webui, CIF, FlowScale).

        Raises:
            WorkflowError: it is no such file, or belongs to another workflow.
        """
        if len(data) > MAX_BYTES:
            raise NotReadable(f"This file is larger than {MAX_BYTES // 1_000_000} MB. Choose another one.")
        try:
            document = parse_json(data, lenient=True)
        except Unfit as reason:
            raise NotReadable(f"This file cannot be used: {reason.reason}. {reason.advice}") from None
        return with_mapping(draft, document, self.object_info())

    def on_server(self) -> Shelf:
        """What the present server has. Asks it three times, and waits ten seconds at most each time."""
        client = self._client()
        if client is None:
            return Shelf(problems=("No server answers yet.",))
        offers: list[servers.Offer] = []
        problems: dict[str, None] = {}
        for listed in (servers.list_saved, servers.list_templates, servers.list_runs):
            try:
                offers += listed(client)
            except ServerUnreachable as error:
                return Shelf(tuple(offers), (*problems, str(error)))
            except ComfyError as error:
                problems[str(error)] = None
        return Shelf(tuple(offers), tuple(problems))

    def fetch(self, offer: servers.Offer) -> WorkflowFile:
        """A workflow of the server's.

        Raises:
            NotReadable: it is no workflow, or not there any more.
            ComfyError: the server does not give it.
        """
        client = self._client()
        if client is None:
            raise NotReadable("No server answers yet. Try again when it does.")
        return servers.fetch(client, offer)

    # --- publishing -------------------------------------------------------------------------------------------

    def slug_for(self, title: str) -> str:
        """A slug for a new workflow, one that is not in use. Raises WorkflowError."""
        return slug_for(title, self.library.slugs())

    def publish(self, slug: str, draft: Draft, cover: bytes | None = None) -> Entry:
        """Store the next version and give it to makers.

        Args:
            slug: a new one, or one whose workflow gets this version.
            draft: with the form as makers shall see it.
            cover: a picture of any size, encoded; it is shrunk.

        Raises:
            WorkflowError: it cannot be stored as it is; says why and what to do.
        """
        if not draft.form.title.strip():
            raise WorkflowError("The workflow has no title. Write one.")
        form = draft.saved_form(self.object_info())
        return self.library.publish(slug, draft.file, form, None if cover is None else shrink(cover))

    def edit(self, slug: str, version: int | None = None) -> Edited:
        """A workflow of the library with its form: the version that makers get, or this one. Raises WorkflowError."""
        stored = self.library.get(slug, version)
        saved = replace(stored.form, title=stored.entry.title)
        # A form without controls of its own is to get those that suggest themselves.
        form = saved if saved.controls else None
        draft = self.examine(replace(stored.file, name=f"{slug}.json"), form)
        if form is None:
            draft = draft.with_form(
                replace(saved, controls=draft.form.controls, outputs=saved.outputs or draft.form.outputs)
            )
        return Edited(draft, stored.version, _cover_of(stored))

    def versions(self, slug: str) -> tuple[Version, ...]:
        """Its versions, newest first. Raises WorkflowError."""
        return self.library.versions(slug)

    def use(self, slug: str, version: int) -> None:
        """Give makers this version. Raises WorkflowError."""
        self.library.use(slug, version)

    def unpublish(self, slug: str) -> None:
        """Take it off offer; versions stay. Raises WorkflowError."""
        self.library.unpublish(slug)

    def taken_back(self) -> tuple[str, ...]:
        """Slugs of workflows that have versions and are not on offer. Raises WorkflowError."""
        offered = {entry.slug for entry in self.library.entries()}
        return tuple(sorted(slug for slug in self.library.slugs() - offered if self.library.versions(slug)))

    # --- exporting --------------------------------------------------------------------------------------------

    def exports(self, slug: str, version: int | None = None) -> tuple[Export, ...]:
        """What it can be had as: App Mode needs a file in UI format. Raises WorkflowError."""
        drawn = self.library.get(slug, version).file.ui is not None
        return tuple(kind for kind in Export if drawn or kind is not Export.APP_MODE)

    def export(self, slug: str, kind: Export, version: int | None = None) -> tuple[str, bytes]:
        """A file's name and its bytes.

        Raises:
            WorkflowError: there is no such version; or its graph is needed, and this server cannot read it.
        """
        if kind is Export.PAIR:
            return f"{slug}.zip", self.library.export(slug, version)
        stored = self.library.get(slug, version)
        workflow = open_workflow(stored.file, self.object_info())
        form = replace(stored.form, title=stored.entry.title)
        if not form.controls:
            form = replace(suggest_form(workflow, self.object_info()), title=form.title, description=form.description)
        if kind is Export.API:
            return f"{slug}.api.json", _json(workflow.graph)
        if kind is Export.APP_MODE:
            if stored.file.ui is None:
                raise WorkflowError("App Mode needs the workflow as ComfyUI draws it. Publish it from such a file.")
            return f"{slug}.app.json", _json(write_app_mode(stored.file.ui, form, workflow))
        name, write = _WRITERS[kind]
        return f"{slug}.{name}.json", _json(write(form, workflow))


def shrink(picture: bytes) -> bytes:
    """A picture as a cover: WebP, at most 640 pixels a side. Raises WorkflowError: it is none."""
    try:
        return thumbnail_of(decode(picture))
    except BadPicture:
        raise WorkflowError("The cover cannot be read. Choose a PNG, JPEG or WebP picture.") from None


_MAPPING_OF: Final = {one.name: one for one in MAPPINGS}


def _writer(name: str) -> Callable[[Form, Any], Any]:
    write = _MAPPING_OF[name].write
    assert write is not None
    return write


_WRITERS: Final = {
    Export.VIEWCOMFY: ("view_comfy", _writer("ViewComfy")),
    Export.OPEN_WEBUI: ("open_webui", _writer("open-webui")),
}


def _json(document: object) -> bytes:
    text = json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False)
    # Half a surrogate pair, which JSON can hold and UTF-8 cannot, becomes its JSON escape.
    return text.encode("utf-8", "backslashreplace")


def _cover_of(stored: Stored) -> bytes | None:
    path = stored.entry.cover
    if path is None:
        return None
    try:
        with path.open("rb") as file:
            data = file.read(MAX_COVER_BYTES + 1)
    except OSError:
        return None  # the folder may be just being changed; a draft without a cover is still a draft
    return data if len(data) <= MAX_COVER_BYTES else None
