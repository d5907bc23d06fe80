"""Interrupt on rerun: when a page's rerun stops its maker's job (design.md, decision 5). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from comfy_api.jobs.job import Job


def must_stop(job: Job | None, form: Mapping[str, Any], pressed: bool) -> bool:
    """Whether this rerun of its page stops the job.

    The form decides, not the rerun: opening, downloading, folding, the theme and the view's own reruns leave
    the form as it was submitted, and so stop nothing.

    Args:
        job: the one that the page shows, if any.
        form: the form's values now.
        pressed: whether Generate was pressed.
    """
    if job is None or job.over or job.keep:
        return False
    return pressed or dict(form) != dict(job.values)
