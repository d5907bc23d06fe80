"""How long it still takes. Pure."""

from __future__ import annotations

#: Before so much of the whole, or so many seconds, a guess would only jump about.
_LEAST_FRACTION = 0.08
_LEAST_SECONDS = 1.0


def seconds_left(fraction: float, elapsed: float, before: float | None = None) -> float | None:
    """Seconds that are left, or None while it is too early to say.

    Args:
        fraction: the share that is done, 0..1.
        elapsed: seconds since the server began.
        before: the last estimate; a new one goes half way towards it, so that the figure does not jump.
    """
    if fraction < _LEAST_FRACTION or elapsed < _LEAST_SECONDS:
        return None
    now = elapsed * (1.0 - fraction) / fraction
    return now if before is None else (now + before) / 2


def seconds_until(ahead: int, typical: float | None, running_left: float | None) -> float | None:
    """Seconds until a waiting job begins, or None where no job was finished yet.

    Args:
        ahead: jobs before it, the running one among them.
        typical: seconds that a job takes here.
        running_left: seconds left of the running one.
    """
    if typical is None:
        return running_left if ahead <= 1 else None
    return (ahead - 1) * typical + (typical if running_left is None else running_left) if ahead > 0 else 0.0
