"""Easel with one route more, by which a benchmark starts jobs without a browser. Never a part of the app."""

from __future__ import annotations

import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

import app as easel
from comfy_api import service
from comfy_api.http import OwnerCookie, Owners, routes
from comfy_api.settings import Settings
from lib import ROOT

_SETTINGS = Settings.load()
_OWNERS = Owners.of_folder(_SETTINGS.data)


async def submit(request: Request) -> Response:
    """Start a job for the owner in the cookie; answers its id."""
    owner = _OWNERS.owner_in(request.scope)
    if owner is None:
        return Response(status_code=403)
    job = service.current().submit(owner, "txt2img")
    return PlainTextResponse(job.id)


app = st.App(
    str(ROOT / "pages" / "frame.py"),
    lifespan=easel.lifespan,
    routes=[Route("/bench/jobs", submit, methods=["POST"]), *routes(service.current, _OWNERS)],
    middleware=[Middleware(OwnerCookie, owners=_OWNERS)],
)
