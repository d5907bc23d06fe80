"""Have the server take a prompt exactly once, and have it let go of one."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from comfy_api.errors import ApiError, ComfyError, ServerUnreachable
from comfy_api.protocol.attempt import Attempt, RunOptions
from comfy_api.protocol.replies import Accepted
from comfy_api.protocol.watch import look_up

if TYPE_CHECKING:
    from comfy_api.protocol.client import ComfyClient

log = logging.getLogger(__name__)

#: Answers of proxies and busy servers: the prompt may have been taken all the same.
_PERHAPS_TAKEN: Final = (429, 502, 503, 504)
#: Seconds between two tries: the first, and at most.
_FIRST_WAIT: Final = 0.1
_LONGEST_WAIT: Final = 5.0


def post(
    client: ComfyClient,
    attempt: Attempt,
    client_id: str,
    options: RunOptions,
    titles: Mapping[str, str],
    stopping: threading.Event,
) -> Accepted:
    """Have the server take the attempt exactly once.

    A POST whose answer was lost is looked up by its id before it is sent again, with a fresh one; the old one stays
    with the attempt, and ``withdraw`` takes it out where it appears after all (design.md, decision 2).

    Raises:
        PromptRejected: the graph was refused.
        ServerUnreachable: not within ``options.patience`` seconds, or ``stopping`` was set meanwhile.
        SignInNeeded, ApiError, ProtocolError.
    """
    deadline = time.monotonic() + options.patience
    wait = _FIRST_WAIT
    while True:
        try:
            accepted = _queue(client, attempt, client_id, options, titles)
            break
        except (ServerUnreachable, ApiError) as error:
            if isinstance(error, ApiError) and error.status not in _PERHAPS_TAKEN:
                raise
            if attempt.follower.started or _is_known(client, attempt.prompt_id, deadline, stopping):
                accepted = Accepted(attempt.prompt_id)
                break
            if stopping.wait(wait) or time.monotonic() > deadline:
                raise
        attempt.renew()
        wait = min(wait * 2, _LONGEST_WAIT)
    attempt.posted = time.monotonic()
    return accepted


def _queue(
    client: ComfyClient, attempt: Attempt, client_id: str, options: RunOptions, titles: Mapping[str, str]
) -> Accepted:
    return client.queue_prompt(
        attempt.graph,
        client_id=client_id,
        prompt_id=attempt.prompt_id,
        # What is asked for again goes ahead: another prompt in between would empty the cache.
        front=options.front or attempt.again,
        number=None if attempt.again else options.number,
        extra_data=options.extra_data,
        targets=attempt.targets,
        titles=titles,
    )


def _is_known(client: ComfyClient, prompt_id: str, deadline: float, stopping: threading.Event) -> bool:
    """Whether the server took it after all; an unreachable server is asked again until ``deadline``."""
    while True:
        try:
            return look_up(client, prompt_id).known
        except (ServerUnreachable, ApiError):
            if stopping.wait(_FIRST_WAIT) or time.monotonic() > deadline:
                raise


def withdraw(client: ComfyClient, attempt: Attempt) -> None:
    """Take out earlier POSTs of this attempt that arrived late. What fails is tried again with the next call."""
    try:
        queue = client.get_queue()
        for prompt_id in attempt.surplus:
            if prompt_id in queue:
                log.info("prompt %s arrived late and is taken out", prompt_id)
                client.cancel(prompt_id)
    except ComfyError as error:
        log.info("surplus prompts could not be looked for: %s", error)


def cancel(client: ComfyClient, attempt: Attempt) -> None:
    """Cancel an attempt, whichever of its ids it has. Whoever stops asks until it is so: errors are no matter here."""
    for prompt_id in (*attempt.surplus, attempt.prompt_id):
        try:
            client.cancel(prompt_id)
        except ComfyError as error:
            log.info("prompt %s could not be cancelled: %s", prompt_id, error)
