"""From a path, bytes, text or a mapping to the workflows in it. Sniffed by content, not by name."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, BinaryIO, Final

from comfy_api.workflow.intake import archive
from comfy_api.workflow.intake.embedded import HEAD, read_embedded, reader_of
from comfy_api.workflow.intake.files import Intake, Refusal, WorkflowFile, refuse, subject
from comfy_api.workflow.intake.shapes import Found, NoWorkflow, find_workflows
from comfy_api.workflow.intake.window import WITHOUT, Window
from comfy_api.workflow.reading import MAX_BYTES, Source, Unfit, json_value, parse_json

#: Seconds for all files of a folder or archive; a single file's limits bear on its size.
SECONDS: Final = 30.0

_Reading = tuple[str, Callable[[], list[Found]]]


def read_files(source: Source, name: str = "", *, lenient: bool = False, seconds: float = SECONDS) -> Intake:
    """The workflows of a source. Raises nothing: what cannot be read is refused in a sentence.

    Args:
        source: a path of a file or folder; bytes; JSON text, which starts with ``{``; a mapping.
        name: the file's name for sentences, where the source is no path.
        lenient: whether NaN and infinities, which Python writes and JSON does not know, are read as null. In metadata
            they always are.
        seconds: how long the files of a folder or archive may take; those left over are refused.
    """
    if not name and isinstance(source, (str, os.PathLike)) and not _is_json_text(source):
        name = os.path.basename(os.path.abspath(source))
    deadline = time.monotonic() + seconds
    files: list[WorkflowFile] = []
    refusals: list[Refusal] = []
    others: dict[str, NoWorkflow] = {}
    for member, read in _guarded(name, _readings(source, name, lenient)):
        try:
            if time.monotonic() > deadline:
                raise Unfit(f"its turn did not come within {seconds:.0f} seconds", "Give it alone.")
            files += _files(member, read())
        except NoWorkflow as reason:
            others[member] = reason
        except Unfit as reason:
            refusals.append(refuse(member, reason))
        except OSError as error:
            refusals.append(_unreadable(member, error))
    if not files:
        refusals += [refuse(member, reason) for member, reason in others.items()]
        return Intake(refusals=tuple(refusals) or (refuse(name, Unfit("it holds no files", "Choose another.")),))
    beside = {member: reason.document for member, reason in others.items()}
    return Intake(
        tuple(replace(file, companions={**beside, **file.companions}) for file in files),
        tuple(refusals),
    )


def _readings(source: Source, name: str, lenient: bool) -> Iterator[_Reading]:
    """Each file's name, and what reads it before the next is asked for."""
    if isinstance(source, Mapping):
        yield name, lambda: find_workflows(json_value(source, lenient=lenient))
    elif isinstance(source, str) and _is_json_text(source):
        yield name, lambda: find_workflows(parse_json(source.lstrip(), lenient=lenient))
    elif isinstance(source, bytes):
        yield from _of_file(io.BytesIO(source), name, lenient)
    elif os.path.isdir(source):
        for member, opened in archive.folder_members(source):
            yield member, partial(_closing, opened, lenient)
    else:
        with archive.open_file(source) as file:
            yield from _of_file(file, name, lenient)


def _of_file(file: BinaryIO, name: str, lenient: bool) -> Iterator[_Reading]:
    if not archive.is_zip(file.read(HEAD)):
        yield name, lambda: _read(file, lenient)
        return
    for member, opened in archive.zip_members(file):
        yield member, partial(_closing, opened, lenient)


def _guarded(name: str, readings: Iterator[_Reading]) -> Iterator[_Reading]:
    """The same; where the source itself fails, that is what its last reading says."""
    try:
        yield from readings
    except (Unfit, OSError) as error:
        failure = error
        yield name, lambda: _fail(failure)


def _fail(error: Exception) -> Any:
    raise error


def _closing(opened: Callable[[], BinaryIO], lenient: bool) -> list[Found]:
    with opened() as file:
        return _read(file, lenient)


def _read(file: BinaryIO, lenient: bool) -> list[Found]:
    window = Window(file)
    head = window.head(HEAD)
    if reader := reader_of(head):
        return read_embedded(window, reader)
    if archive.is_zip(head) or archive.is_other_archive(head):
        raise Unfit("it is an archive that is not looked into", "Unpack it, or make a zip archive of its files.")
    if b"\0" in head:
        raise Unfit("files of its kind are not read here", WITHOUT)
    if window.size > MAX_BYTES:
        raise Unfit(f"it is larger than {MAX_BYTES // 1_000_000} MB")
    return find_workflows(parse_json(window.head(window.size), lenient=lenient))


def _files(name: str, found: list[Found]) -> list[WorkflowFile]:
    several = len(found) > 1
    return [
        WorkflowFile(
            f"{name} ({number})" if several else name,
            each.api,
            each.ui,
            each.extra,
            {} if each.mapping is None else {name: each.mapping},
        )
        for number, each in enumerate(found, 1)
    ]


def _unreadable(name: str, error: OSError) -> Refusal:
    reason = error.strerror or type(error).__name__
    return Refusal(name, f"{subject(name)} cannot be read ({reason}). Check its name and place.")


def _is_json_text(source: object) -> bool:
    return isinstance(source, str) and source.lstrip("\ufeff \t\r\n").startswith("{")
