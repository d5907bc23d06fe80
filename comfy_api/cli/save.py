"""Pictures into a folder: whole or not at all, and never over a file that is there."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from uuid import uuid4

from comfy_api.cli.codes import Exit, Failure
from comfy_api.jobs.job import Job, Picture
from comfy_api.jobs.naming import file_name


def prepare(folder: Path) -> None:
    """Make the folder where it is missing.

    Raises:
        Failure: nothing can be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        writable = os.access(folder, os.W_OK | os.X_OK)
    except OSError:
        writable = False
    if not writable:
        raise Failure(f'Nothing can be written to "{folder}". Name another folder with --out.', Exit.USAGE)


def save(data: bytes, job: Job, picture: Picture, folder: Path) -> Path:
    """Write a picture, byte for byte, under the first free name of its job.

    Raises:
        Failure: it cannot be written.
    """
    part = folder / f".{uuid4().hex}.part"
    try:
        with part.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        return _settle(part, job, picture, folder)
    except OSError as error:
        raise Failure(f'A picture could not be written to "{folder}" ({error.strerror}).', Exit.LOCAL) from error
    finally:
        part.unlink(missing_ok=True)


def _settle(part: Path, job: Job, picture: Picture, folder: Path) -> Path:
    number = 0
    while True:
        target = folder / file_name(job, picture, number)
        with contextlib.suppress(FileExistsError):
            _move(part, target)
            return target
        number += 1


def _move(part: Path, target: Path) -> None:
    """Give the file its name. Raises FileExistsError where the name is taken, also by another process just now."""
    if os.name == "nt":
        os.rename(part, target)  # refuses a name that is taken
        return
    try:
        os.link(part, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without links: take the name first
        target.open("xb").close()
        os.replace(part, target)
