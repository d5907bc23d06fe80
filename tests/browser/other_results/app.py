"""Easel on the workflows beside this file: ``app.py`` without what these tests do not need."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from comfy_api import log, service
from comfy_api.http import OwnerCookie, Owners, routes
from comfy_api.settings import Settings

_HERE = Path(__file__).resolve().parent
_SETTINGS = Settings.load()
_OWNERS = Owners.of_folder(_SETTINGS.data)


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """The one service lives as long as the server."""
    log.set_up()
    running = service.Service(_SETTINGS, workflows=_HERE / "workflows")
    service.install(running)
    yield
    await asyncio.to_thread(running.close)
    service.install(None)


app = st.App(
    str(_HERE.parents[2] / "pages" / "frame.py"),
    lifespan=lifespan,
    routes=routes(service.current, _OWNERS),
    middleware=[Middleware(OwnerCookie, owners=_OWNERS)],
)
