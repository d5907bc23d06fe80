"""Progress on standard error: a bar on a terminal, lines elsewhere, nothing when asked."""

from __future__ import annotations

import os
import sys
import time
import unicodedata
from typing import Final, Protocol

import click

from comfy_api.cli.codes import plain, say
from comfy_api.jobs.job import Job, JobState

#: Seconds between two drawings of the bar.
_REDRAW: Final = 0.1
#: Columns of the words before the bar, and of the least bar that is worth drawing.
_LABEL: Final = 30
_LEAST_BAR: Final = 8


class View(Protocol):
    """What shows a job on its way."""

    def show(self, job: Job) -> None:
        """The job as it is now."""

    def note(self, text: str) -> None:
        """Something that is said once."""

    def close(self) -> None:
        """The job is over."""


def make_view(*, quiet: bool) -> View:
    """The one that fits standard error."""
    if quiet:
        return Silence()
    return Bar() if sys.stderr.isatty() and os.environ.get("TERM") != "dumb" else Lines()


class Silence:
    """Says nothing."""

    def show(self, job: Job) -> None:
        """Nothing."""

    def note(self, text: str) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class Lines:
    """A line at each new node, and at each tenth of the whole: for logs and pipes."""

    def __init__(self) -> None:
        self._said: tuple[object, ...] = ()

    def show(self, job: Job) -> None:
        """Say it where it differs from what was said."""
        key = (job.state, job.place, job.node, job.line, int(job.fraction * 10))
        if key == self._said or job.over:
            return
        self._said = key
        rest = "" if job.seconds_left is None else f", {clock(job.seconds_left)} left"
        say(f"{label(job)}, {percent(job).strip()}{rest}" if job.state is JobState.RUNNING else label(job))

    def note(self, text: str) -> None:
        """Say it."""
        say(text)

    def close(self) -> None:
        """Nothing is left over."""


class Bar:
    """One line that is drawn over itself."""

    def __init__(self) -> None:
        self._drawn = 0
        self._next = 0.0
        utf8 = "utf" in (sys.stderr.encoding or "").lower()
        self._full, self._empty = ("█", "░") if utf8 else ("#", "-")

    def show(self, job: Job) -> None:
        """Draw, ten times a second at most."""
        now = time.monotonic()
        if now >= self._next and not job.over:
            self._next = now + _REDRAW
            self._drawn = _columns() - 1  # a full line would wrap
            click.echo(f"\r{self._line(job, self._drawn)}", nl=False, err=True)

    def note(self, text: str) -> None:
        """Say it above the bar."""
        self.close()
        say(text)

    def close(self) -> None:
        """Wipe the bar away: what is said next starts a line of its own."""
        if self._drawn:
            click.echo(f"\r{' ' * self._drawn}\r", nl=False, err=True)
            self._drawn = 0

    def _line(self, job: Job, columns: int) -> str:
        words = fit(label(job), min(_LABEL, columns))
        left = "" if job.seconds_left is None else f"{clock(job.seconds_left)} left"
        end = f" {percent(job)}  {left:<10}"
        room = columns - _LABEL - len(end) - 1
        if room < _LEAST_BAR:
            return fit(f"{words}{end}", columns)
        full = int(job.fraction * room)
        return f"{words} {self._full * full}{self._empty * (room - full)}{end}"


# --- words ----------------------------------------------------------------------------------------------------


def label(job: Job) -> str:
    """What is being done: ``Sampling 12/20``, ``Waiting, 2 jobs before this one``."""
    if job.reason:
        return "Stopping"
    if job.line == "broken":
        return "Waiting for the server"
    if job.state is JobState.QUEUED or (job.state is JobState.SUBMITTED and job.place is None):
        return "Sending"
    if job.state is JobState.SUBMITTED:
        before = f", {job.place} {'job' if job.place == 1 else 'jobs'} before this one" if job.place else ""
        return f"Waiting{before}"
    steps = f" {job.step}/{job.steps}" if job.steps > 1 else ""
    return f"{plain(job.node) or 'Running'}{steps}"


def percent(job: Job) -> str:
    """``" 61 %"``; 100 only when all is here."""
    return f"{int(job.fraction * 100):3d} %"


def clock(seconds: float) -> str:
    """``0:08``, ``12:30``, ``1:02:30``."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def fit(text: str, columns: int) -> str:
    """The text in exactly so many columns; wide characters take two."""
    shown, width = "", 0
    for char in text:
        wide = 2 if unicodedata.east_asian_width(char) in "WF" else 1
        if width + wide > columns:
            break
        shown, width = shown + char, width + wide
    return shown + " " * (columns - width)


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except (OSError, ValueError):
        return 80
