"""The routes of the workflows that a server keeps: users' files and templates (formats.md §7.3)."""

from __future__ import annotations

from pathlib import PurePosixPath

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from comfy_api.testing.core import Core

_JSON = "application/json"


def routes(core: Core) -> list[Route]:
    """The routes of one server."""
    userdata, templates = core.options.userdata, core.options.templates

    async def listed(request: Request) -> Response:
        folder = request.query_params.get("dir", "")
        if not folder or ".." in PurePosixPath(folder).parts:
            return PlainTextResponse("Invalid directory", 403 if folder else 400)
        below = [path.removeprefix(f"{folder}/") for path in userdata if path.startswith(f"{folder}/")]
        if request.query_params.get("recurse", "").lower() != "true":
            below = [path for path in below if "/" not in path]
        return JSONResponse(below) if below else PlainTextResponse("Directory not found", 404)

    async def file(request: Request) -> Response:
        data = userdata.get(request.path_params["path"])
        return Response(status_code=404) if data is None else Response(data, media_type=_JSON)

    async def packs(request: Request) -> Response:
        found: dict[str, list[str]] = {}
        for path in templates:
            pack, _, name = path.rpartition("/")
            if pack:
                found.setdefault(pack, []).append(name.removesuffix(".json"))
        return JSONResponse(found)

    async def template(request: Request) -> Response:
        data = templates.get(request.path_params["path"])
        return Response(status_code=404) if data is None else Response(data, media_type=_JSON)

    return [
        Route("/userdata", listed),
        Route("/userdata/{path:path}", file),
        Route("/workflow_templates", packs),
        Route("/workflow_templates/{path:path}", template),
        Route("/templates/{path}", template),
    ]
