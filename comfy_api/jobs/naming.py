"""File names of a job's pictures. Pure."""

from __future__ import annotations

import re
from typing import Final

from comfy_api.jobs.job import Job, Picture

_EXTENSIONS: Final = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "image/gif": "gif"}


def file_name(job: Job, picture: Picture, number: int) -> str:
    """``a-red-fox-4211-1.png``: from the prompt text, the seed and the place among the job's pictures, from 0."""
    return f"{stem(job)}-{number + 1}.{extension(picture.mime)}"


def stem(job: Job) -> str:
    """A file's name without number and ending, safe on every system."""
    words = re.sub(r"[^\w]+", "-", (job.prompt_text or job.title).lower()).strip("-_")[:48].rstrip("-_")
    return "-".join(part for part in (words or "picture", "" if job.seed is None else str(job.seed)) if part)


def extension(mime: str) -> str:
    """The usual file ending, without its dot."""
    return _EXTENSIONS.get(mime, "bin")
