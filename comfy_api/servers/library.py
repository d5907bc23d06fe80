"""The workflows that a ComfyUI itself has: saved by its users, templates, and what it ran last."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeGuard

from comfy_api.errors import NotReadable
from comfy_api.protocol.client import ComfyClient
from comfy_api.protocol.replies import Ran
from comfy_api.workflow.intake import WorkflowFile, read_files

#: The folder of the user's data in which ComfyUI's frontend saves workflows.
_FOLDER: Final = "workflows"
#: Most entries of one list; a server has some hundred templates.
MAX_OFFERS: Final = 2_000
_MAX_NAME: Final = 500
_MAX_TITLE: Final = 200


class OfferKind(StrEnum):
    """Where a workflow of the server comes from."""

    #: a user saved it in ComfyUI
    SAVED = "saved"
    #: it came with ComfyUI or with a package of custom nodes
    TEMPLATE = "template"
    #: it ran, and the server's history has it until a restart
    RUN = "run"


@dataclass(frozen=True, slots=True)
class Offer:
    """A workflow that a server has; :func:`fetch` brings it.

    Attributes:
        kind: where it comes from.
        name: its path, its name, or the prompt id of a run.
        title: what it is called; a run is called by the first file that it made, else by the
            beginning of its id.
        group: the folder, or the category of a template; may be empty.
        pack: the package of custom nodes that brings a template; empty for ComfyUI's own.
        began: when a run began, seconds since 1970; None where it is not known, and for other kinds.
    """

    kind: OfferKind
    name: str
    title: str
    group: str = ""
    pack: str = ""
    began: float | None = None


def list_saved(client: ComfyClient) -> tuple[Offer, ...]:
    """What users saved, by folder and title. Asks once and waits ten seconds at most, as all of these do.

    Raises:
        ServerUnreachable, SignInNeeded, ApiError, ProtocolError.
    """
    with client.hasty() as quick:
        paths = quick.get_userdata(_FOLDER)
    offers = (_saved(path.replace("\\", "/")) for path in paths if path.lower().endswith(".json") and _sound(path))
    return _bounded(sorted(offers, key=lambda offer: (offer.group.casefold(), offer.title.casefold())))


def list_templates(client: ComfyClient) -> tuple[Offer, ...]:
    """ComfyUI's own templates by category, then those of packages of custom nodes.

    Raises:
        ServerUnreachable, SignInNeeded, ApiError, ProtocolError.
    """
    with client.hasty() as quick:
        index, packs = quick.get_template_index(), quick.get_template_packs()
    return _bounded([*_own_templates(index), *_pack_templates(packs)])


def list_runs(client: ComfyClient, newest: int = 20) -> tuple[Offer, ...]:
    """What ran last, newest first. Prompts of everybody who uses the server are among them.

    Raises:
        ServerUnreachable, SignInNeeded, ApiError, ProtocolError.
    """
    with client.hasty() as quick:
        runs = quick.get_runs(newest)
    return _bounded(_run(run) for run in runs if run.graph and _sound(run.prompt_id))


def fetch(client: ComfyClient, offer: Offer) -> WorkflowFile:
    """The workflow of an offer.

    Raises:
        NotReadable: it is no workflow, or too large; or the run is no longer known.
        ServerUnreachable, SignInNeeded, ApiError, ProtocolError: it cannot be had; ApiError with status 404 where
            it is gone.
    """
    with client.hasty() as quick:
        if offer.kind is OfferKind.RUN:
            return _fetched_run(quick.find_run(offer.name), offer)
        if offer.kind is OfferKind.SAVED:
            data = quick.get_userfile(f"{_FOLDER}/{offer.name}")
        else:
            data = quick.get_template(offer.name, offer.pack)
    return read_files(data, _last_part(offer.name), lenient=True).one()


def _fetched_run(run: Ran | None, offer: Offer) -> WorkflowFile:
    if run is None or run.graph is None:
        raise NotReadable(f'The server no longer knows the run of "{offer.title}". Choose another one.')
    # What was sent besides stays there: it may hold keys of whoever ran it.
    both = {"prompt": run.graph} | ({"workflow": run.ui} if run.ui else {})
    return read_files(both, offer.title, lenient=True).one()


# --- what servers list ------------------------------------------------------------------------------------


def _saved(path: str) -> Offer:
    folder, _, file = path.rpartition("/")
    title = file[: -len(".json")].removesuffix(".app")
    return Offer(OfferKind.SAVED, path, _title(title, file), _title(folder))


def _own_templates(index: list[Any]) -> Iterable[Offer]:
    for category in index:
        if not isinstance(category, dict):
            continue
        for template in _list(category.get("templates")):
            name = template.get("name") if isinstance(template, dict) else None
            if _sound(name):
                yield Offer(
                    OfferKind.TEMPLATE, name, _title(template.get("title"), name), _title(category.get("title"))
                )


def _pack_templates(packs: dict[str, Any]) -> Iterable[Offer]:
    for pack, names in sorted(packs.items()):
        for name in _list(names):
            if _sound(name) and _sound(pack):
                yield Offer(OfferKind.TEMPLATE, name, _title(name), _title(pack), pack)


def _run(run: Ran) -> Offer:
    return Offer(OfferKind.RUN, run.prompt_id, _title(run.filename, run.prompt_id[:8]), began=run.began)


def _sound(name: Any) -> TypeGuard[str]:
    return isinstance(name, str) and 0 < len(name) <= _MAX_NAME and name.isprintable()


def _title(text: Any, instead: str = "") -> str:
    """Text from a server, as one line that is not too long."""
    line = " ".join(text.split()) if isinstance(text, str) else ""
    shown = "".join(letter for letter in line or instead if letter.isprintable())
    return shown if len(shown) <= _MAX_TITLE else f"{shown[: _MAX_TITLE - 1]}…"


def _last_part(path: str) -> str:
    return path.rpartition("/")[2]


def _bounded(offers: Iterable[Offer]) -> tuple[Offer, ...]:
    return tuple(offer for _, offer in zip(range(MAX_OFFERS), offers, strict=False))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
