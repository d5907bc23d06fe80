"""Answers that several routes give, worded as ComfyUI words them."""

from __future__ import annotations

from starlette.responses import JSONResponse, PlainTextResponse, Response


class Json(JSONResponse):
    """JSON with ComfyUI's content type."""

    media_type = "application/json; charset=utf-8"


def trouble() -> Response:
    """500, for a request for which ComfyUI has no better answer."""
    return PlainTextResponse("500 Internal Server Error\n\nServer got itself in trouble", 500)
