"""How a run ends that does not end well."""

from __future__ import annotations

from collections.abc import Sequence

from comfy_api.errors.sentences import listed, short
from comfy_api.errors.server import ComfyError


class ExecutionFailed(ComfyError):
    """A node failed while the prompt was running.

    Attributes:
        prompt_id: the submission.
        node_id, class_type, title: the node that failed.
        exception_type: the Python exception's name on the server.
        detail: the exception's message.
        traceback: the server's traceback, line by line; never shown unasked.
    """

    def __init__(
        self,
        prompt_id: str,
        *,
        node_id: str = "",
        class_type: str = "",
        title: str = "",
        exception_type: str = "",
        detail: str = "",
        traceback: Sequence[str] = (),
    ) -> None:
        self.prompt_id, self.node_id, self.class_type = prompt_id, node_id, class_type
        self.title, self.exception_type = title or class_type or node_id, exception_type
        self.detail, self.traceback = detail.strip(), tuple(traceback)
        super().__init__(self._sentence())

    @property
    def out_of_memory(self) -> bool:
        """Whether the server ran out of graphics memory."""
        return "OutOfMemory" in self.exception_type

    def _sentence(self) -> str:
        if self.out_of_memory:
            return "The server ran out of graphics memory. Try a smaller picture or fewer images at once."
        reason = short(self.detail or self.exception_type or "no reason given")
        return f'"{self.title}" failed: {reason}. Change its settings and try again.'


class RunLost(ComfyError):
    """The server no longer knows the prompt: it was restarted, or the prompt was deleted there.

    Attributes:
        prompt_id: the submission.
    """

    def __init__(self, prompt_id: str) -> None:
        self.prompt_id = prompt_id
        super().__init__("The server was restarted or dropped this job. Start it again.")


class ResultsLost(ComfyError):
    """The prompt ended well, but results of it did not arrive, and could not be had again either.

    Attributes:
        prompt_id: the submission.
        titles: the output nodes that they are missing from.
    """

    def __init__(self, prompt_id: str, titles: Sequence[str]) -> None:
        self.prompt_id, self.titles = prompt_id, list(titles)
        super().__init__(f"Pictures of {listed(self.titles)} did not arrive. Run it again with the same seed.")


class ResultTooLarge(ComfyError):
    """A file was made that is larger than is fetched. It is still in the server's folder.

    Attributes:
        title: the output node.
        most: bytes that are fetched.
    """

    def __init__(self, title: str, most: int) -> None:
        self.title, self.most = title, most
        super().__init__(
            f'The file of "{title}" is larger than {most // 2**20:,} MB and stays on the server. Make it smaller.'
        )


class RunStopped(ComfyError):
    """The prompt was stopped before its end; results so far are kept.

    Attributes:
        prompt_id: the submission.
        asked: False when somebody else stopped it on the server.
    """

    def __init__(self, prompt_id: str, *, asked: bool) -> None:
        self.prompt_id, self.asked = prompt_id, asked
        super().__init__(
            "Stopped. What was finished is kept." if asked else "Someone stopped it on the server. Start it again."
        )


class RunTimeout(ComfyError, TimeoutError):
    """No sign of life within the time that was given.

    Attributes:
        prompt_id: the submission.
        seconds: how long was waited.
    """

    def __init__(self, prompt_id: str, seconds: float) -> None:
        self.prompt_id, self.seconds = prompt_id, seconds
        super().__init__(f"Nothing was heard for {seconds:.0f} s. Look at the server, or allow more time.")
