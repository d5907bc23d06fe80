"""File names of a job's pictures and other files. Pure."""

from __future__ import annotations

import re
from typing import Final

from comfy_api.jobs.job import Job, Picture
from comfy_api.protocol.contents import EXTENSIONS, ending

#: Endings of the server's own that are kept where the bytes tell nothing: short, and plain letters.
_ENDING: Final = re.compile(r"[a-z0-9]{1,12}")


def file_name(job: Job, picture: Picture, number: int) -> str:
    """``a-red-fox-4211-1.png``: from the prompt text, the seed and the place among the job's pictures, from 0."""
    return f"{stem(job)}-{number + 1}.{_ending_of(picture)}"


def stem(job: Job) -> str:
    """A file's name without number and ending, safe on every system."""
    words = re.sub(r"[^\w]+", "-", (job.prompt_text or job.title).lower()).strip("-_")[:48].rstrip("-_")
    return "-".join(part for part in (words or "picture", "" if job.seed is None else str(job.seed)) if part)


def safe_name(filename: str) -> str:
    """The server's name for a file without folders, control characters and what a system may not like."""
    last = filename.replace("\\", "/").rpartition("/")[2]
    return re.sub(r'[\x00-\x1f\x7f<>:"|?*]+', "_", last).strip(". ")[-120:]


def _ending_of(picture: Picture) -> str:
    """What the bytes tell; what the server calls it where they tell no more than that it is text, or nothing."""
    told, named = EXTENSIONS.get(picture.mime), ending(picture.name)
    if told in (None, "txt") and _ENDING.fullmatch(named):
        return named
    return told or "bin"
