"""What stands around every page: its head, the server's state, the way between pages."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import streamlit as st

from pages.components import publish_words, words
from pages.components.pill import pill
from pages.components.service import service

_HERE = Path(__file__).parent
_MARK = _HERE / "static" / "mark.svg"


def _mark() -> str:
    """The mark as a data URL: no path that a proxy's prefix could break."""
    return f"data:image/svg+xml;base64,{b64encode(_MARK.read_bytes()).decode()}"


st.set_page_config(page_title=words.NAME, page_icon=str(_MARK), layout="wide")
st.html(_HERE / "components/style.css")
st.html(_HERE / "components/frame.css")
pages = [st.Page("generate.py", title=words.GENERATE_PAGE, default=True)]
if service().settings.publish:
    pages.append(st.Page("publish.py", title=publish_words.PAGE))
page = st.navigation(pages, position="hidden")
with st.container(key="head", horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
    st.html(f'<div class="easel-brand"><img src="{_mark()}" alt="">{words.NAME}</div>', width="content")
    if len(pages) > 1:
        with st.container(key="ways", horizontal=True, gap="small"):
            for way in pages:
                st.page_link(way)
    pill()
page.run()
