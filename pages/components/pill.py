"""Whether a server is there, at the top of every page; looked at again every few seconds."""

from __future__ import annotations

import streamlit as st

from comfy_api.errors import EaselError
from comfy_api.service import ServerState, Service
from pages.components import words
from pages.components.service import service


@st.fragment(run_every=4)
def pill() -> None:
    """Draws it. A fragment: its ticks run no page and stop no job; the page runs once when the server changed."""
    server = service().server()
    before, st.session_state["server"] = st.session_state.get("server"), server
    if before not in (None, server):
        st.rerun()
    look, label = _label(server)
    with st.container(key=f"server_{look}", width="content"), st.popover(label, type="tertiary"):
        if server.kind == "demo":
            st.markdown(words.DEMO_SHORT)
            if server.offer:
                st.markdown(words.OFFER.format(url=f"`{server.offer}`"))
                connect(service(), server.offer, "head")
            else:
                st.markdown(words.DEMO_HOW)
        elif not server.kind:
            st.markdown(words.SERVER_STARTING_MORE)
        elif server.connected:
            st.markdown(words.SERVER_AT.format(version=server.version, name=f"`{server.name}`"))
        else:
            st.markdown(server.sentence or words.SERVER_GONE.format(name=f"`{server.name}`"))


def _label(server: ServerState) -> tuple[str, str]:
    if not server.kind:
        return "starting", words.SERVER_STARTING
    if server.kind == "demo":
        return "demo", words.SERVER_DEMO
    if server.connected:
        return "up", words.SERVER_UP.format(version=server.version)
    return "down", words.SERVER_DOWN


def connect(service: Service, url: str, place: str) -> None:
    """The button that takes a ComfyUI which has come up."""
    if st.button(words.CONNECT, key=f"connect_{place}", type="primary"):
        try:
            service.connect(url)
        except EaselError as error:
            st.markdown(str(error))
        else:
            st.rerun()
