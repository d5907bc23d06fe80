"""No press is lost between two reruns.

With ``runner.fastReruns`` switched off, Streamlit 1.67 folds waiting reruns into one and keeps each press in it. Yet
it looks for a newer rerun once before it calls the callbacks of the present one. A press travels with one
rerun alone, so the newer one, asked for by the live view when a picture is done, would take its place and nobody
would hear of it. With the callbacks called first there is nothing to lose: Streamlit looks again right after them.
"""

from __future__ import annotations

from typing import Any

from streamlit.runtime.state.safe_session_state import SafeSessionState


def _call_callbacks_first(state: SafeSessionState, *args: Any, **more: Any) -> None:
    with state._lock:
        state._state.on_script_will_rerun(*args, **more)


def keep_presses() -> None:
    """Has the callbacks of a rerun called whatever comes after it. Once a process, before the first session."""
    SafeSessionState.on_script_will_rerun = _call_callbacks_first  # type: ignore[method-assign, assignment]
