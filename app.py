"""Easel: pages and routes on one port. Start it with ``streamlit run app.py``."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import streamlit as st
from starlette.middleware import Middleware

from comfy_api import log, service
from comfy_api.http import HostCheck, OwnerCookie, Owners, routes
from comfy_api.settings import Settings
from pages.components.presses import keep_presses

keep_presses()
_BASE = (st.get_option("server.baseUrlPath") or "").strip("/")
_SETTINGS = Settings.load(base_path=f"/{_BASE}" if _BASE else "")
_OWNERS = Owners.of_folder(_SETTINGS.data)


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """The one service lives as long as the server."""
    log.set_up()
    running = service.Service(_SETTINGS)
    service.install(running)
    sweeping = asyncio.create_task(_sweep())
    try:
        yield
    finally:
        sweeping.cancel()
        with suppress(asyncio.CancelledError):
            await sweeping
        await asyncio.to_thread(running.close)
        service.install(None)


async def _sweep() -> None:
    """Collect garbage once a minute, off the loop: Streamlit's own collection after every run is switched off."""
    gc.freeze()
    while True:
        await asyncio.sleep(60)
        await asyncio.to_thread(gc.collect)


app = st.App(
    "pages/frame.py",
    lifespan=lifespan,
    routes=routes(service.current, _OWNERS, _SETTINGS.base_path),
    middleware=[
        Middleware(HostCheck, hosts=st.get_option("server.allowedHosts")),
        Middleware(OwnerCookie, owners=_OWNERS),
    ],
)
