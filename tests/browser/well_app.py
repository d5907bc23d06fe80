"""A page of wells alone, on the ComfyUI that COMFYUI_URL names. Started by test_well.py; no test itself."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import streamlit as st
from starlette.middleware import Middleware

from comfy_api import service
from comfy_api.http import HostCheck, OwnerCookie, Owners, routes
from comfy_api.http.guard import fetch
from comfy_api.http.uploads import upload_routes
from comfy_api.settings import Settings

SETTINGS = Settings.load()
OWNERS = Owners.of_folder(SETTINGS.data)
#: Where the test's own web server listens. It alone stands for the public Internet here.
PORT = int(os.environ.get("WELL_PORT", "0"))
HERE = ipaddress.ip_address("127.0.0.1")
FETCH = partial(fetch, ports=(80, 443, PORT), allowed=lambda address: address == HERE)


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    with service.Service(SETTINGS) as running:
        service.install(running)
        yield
        service.install(None)


app = st.App(
    "well_page.py",
    lifespan=lifespan,
    routes=[
        # Before the usual ones, which would ask the real Internet.
        *upload_routes(
            service.current,
            OWNERS,
            fetch=partial(fetch, ports=(80, 443, PORT), allowed=lambda address: address == HERE),
        ),
        *routes(service.current, OWNERS),
    ],
    middleware=[Middleware(HostCheck, hosts=["127.0.0.1"]), Middleware(OwnerCookie, owners=OWNERS)],
)
