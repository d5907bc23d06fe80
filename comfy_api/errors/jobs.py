"""What the service does not take."""

from __future__ import annotations

from comfy_api.errors.root import EaselError


class ServiceError(EaselError):
    """A request that the service does not take."""


class JobNotFound(ServiceError):
    """No such job, or somebody else's: the two are not told apart.

    Attributes:
        job_id: what was asked for.
    """

    def __init__(self, job_id: str) -> None:
        self.job_id = job_id
        super().__init__("This job is not here any more. Start a new one.")


class Refused(ServiceError):
    """A limit of this installation stands against it. The sentence names the limit and what to change.

    Attributes:
        control: the form's control concerned (``prompt``, ``images`` …), or ``""``.
    """

    def __init__(self, sentence: str, control: str = "") -> None:
        self.control = control
        super().__init__(sentence)


class NotOnServer(Refused):
    """A model, choice or node class that a job needs and that the server does not have."""


class ServiceClosed(ServiceError):
    """The service is shutting down."""

    def __init__(self) -> None:
        super().__init__("Easel is shutting down. Try again when it is back.")
