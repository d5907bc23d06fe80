"""The database of jobs."""

from __future__ import annotations

from comfy_api.errors.root import EaselError
from comfy_api.errors.sentences import short


class StoreError(EaselError):
    """The database of jobs did not do what was asked."""


class StoreGone(StoreError):
    """It cannot be reached, read or written.

    Attributes:
        reason: what the driver said, in short, without secrets.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"The database cannot be used ({short(reason)}). Check that EASEL_DATABASE is right.")


class StoreBusy(StoreError):
    """Others held it for too long. Nothing was written.

    Attributes:
        reason: what the driver said, in short.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"The database is busy ({short(reason)}). Wait a moment and try again.")


class StoreFull(StoreError):
    """Its disk is full. Nothing was written.

    Attributes:
        reason: what the driver said, in short.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"The disk of the database is full ({short(reason)}). Make room there and try again.")


class StoreTooNew(StoreError):
    """A newer Easel wrote it.

    Attributes:
        revision: what it says of itself.
    """

    def __init__(self, revision: str) -> None:
        self.revision = revision
        super().__init__(
            f'The database is that of a newer Easel ("{short(revision)}"). Update this one, or set EASEL_DATABASE.'
        )


class MoveLost(StoreError):
    """A job cannot change in this way any more: someone else was first.

    Attributes:
        job_id: the job.
        found: the state that it is in.
        wanted: the state that was asked for; ``""``: another change.
    """

    def __init__(self, job_id: str, found: str, wanted: str = "") -> None:
        self.job_id, self.found, self.wanted = job_id, found, wanted
        super().__init__(f"This job is {found} by now. Look at it again.")


class ClaimLost(StoreError):
    """A claimed job was given to someone else, or has ended. Leave it alone.

    Attributes:
        job_id: the job.
    """

    def __init__(self, job_id: str) -> None:
        self.job_id = job_id
        super().__init__("This job was given to someone else. Leave it to them.")
