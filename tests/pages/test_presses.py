"""A press whose rerun is overtaken by a newer one is heard all the same."""

from __future__ import annotations

from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.runtime.scriptrunner import RerunData, RerunException
from streamlit.runtime.state import SessionState
from streamlit.runtime.state.safe_session_state import SafeSessionState

from pages.components.presses import keep_presses


class _Heard(SessionState):
    """Notes that the callbacks of a rerun were called."""

    called = False

    def on_script_will_rerun(self, *_: object, **__: object) -> None:
        self.called = True


def _overtaken() -> None:
    raise RerunException(RerunData())


def test_the_callbacks_of_a_rerun_are_called_though_a_newer_one_waits() -> None:
    keep_presses()
    heard = _Heard()
    SafeSessionState(heard, _overtaken).on_script_will_rerun(WidgetStates())
    assert heard.called
