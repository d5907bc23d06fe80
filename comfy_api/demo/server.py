"""The engine on the wire: every route at the top and under /api, the websocket, the guards before them."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute

from comfy_api.demo import file_routes, job_routes
from comfy_api.demo.answers import Json, trouble
from comfy_api.demo.engine import Engine, RefusedError
from comfy_api.demo.guards import BodyLimit, BodyTooLargeError, OriginGuard, answer_too_large
from comfy_api.demo.queue import QueueFullError
from comfy_api.demo.ws import websocket

_FRONT = "<!doctype html><title>Demo engine</title><p>ComfyUI's protocol, painted pictures, no model.</p>"


class TroubleError(Exception):
    """A request for which ComfyUI has no better answer than 500."""


def create_app(engine: Engine, *, on_start: Callable[[], None] = lambda: None) -> Starlette:
    """The ASGI application of an engine. Its lifespan starts and closes the engine.

    Args:
        on_start: called once the engine works.
    """

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        engine.hub.bind(asyncio.get_running_loop())
        engine.start()
        on_start()
        try:
            yield
        finally:
            await asyncio.to_thread(engine.close)
            engine.hub.bind(None)

    routes = _routes()
    newer = job_routes.ROUTES if engine.settings.newer else []
    app = Starlette(
        routes=[Mount("/api", routes=[*newer, *routes]), *routes],
        lifespan=lifespan,
        exception_handlers={
            HTTPException: _plain_error,
            TroubleError: _trouble,
            QueueFullError: _full,
            BodyTooLargeError: answer_too_large,
        },
    )
    app.state.engine = engine
    app.router.redirect_slashes = False
    app.add_middleware(BodyLimit)
    app.add_middleware(OriginGuard)
    return app


def _routes() -> list[BaseRoute]:
    return [
        Route("/", _front),
        Route("/prompt", _get_prompt),
        Route("/prompt", _post_prompt, methods=["POST"]),
        Route("/queue", _get_queue),
        Route("/queue", _post_queue, methods=["POST"]),
        Route("/history", _get_history),
        Route("/history", _post_history, methods=["POST"]),
        Route("/history/{prompt_id}", _get_history_of),
        Route("/interrupt", _interrupt, methods=["POST"]),
        Route("/free", _free, methods=["POST"]),
        Route("/object_info", _object_info),
        Route("/object_info/{name}", _object_info),
        Route("/system_stats", _system_stats),
        Route("/features", _features),
        Route("/embeddings", _embeddings),
        Route("/extensions", _embeddings),
        Route("/models", _models),
        Route("/models/{folder}", _models_in),
        *file_routes.ROUTES,
        WebSocketRoute("/ws", websocket),
    ]


def _engine(request: Request) -> Engine:
    engine: Engine = request.app.state.engine
    return engine


# --- prompts, queue, history ------------------------------------------------------------------------


async def _front(request: Request) -> Response:
    return HTMLResponse(_FRONT)


async def _get_prompt(request: Request) -> Response:
    return Json(_engine(request).status())


async def _post_prompt(request: Request) -> Response:
    body = await _read_json(request)
    if isinstance(body, list | str):
        body = {}
    try:
        # Validation may read a large graph: the event loop has frames to send meanwhile.
        return Json(await asyncio.to_thread(_engine(request).submit, body))
    except RefusedError as refused:
        return Json(refused.body, 400)
    except (TypeError, ValueError, AttributeError, RecursionError) as error:
        raise TroubleError from error


async def _get_queue(request: Request) -> Response:
    running, pending = _engine(request).queue.snapshot()
    return Json(
        {
            "queue_running": [item.as_list() for item in running],
            "queue_pending": [item.as_list() for item in pending],
        }
    )


async def _post_queue(request: Request) -> Response:
    body, queue = await _read_object(request), _engine(request).queue
    if body.get("clear"):
        queue.clear()
    queue.delete(_ids(body.get("delete", [])))
    return Response()


async def _get_history(request: Request) -> Response:
    query = request.query_params
    try:
        most = int(query["max_items"]) if "max_items" in query else None
        offset = int(query.get("offset", -1))
    except ValueError as error:
        raise TroubleError from error
    return Json(_engine(request).queue.history(max_items=most, offset=offset))


async def _get_history_of(request: Request) -> Response:
    return Json(_engine(request).queue.history(request.path_params["prompt_id"]))


async def _post_history(request: Request) -> Response:
    body, queue = await _read_object(request), _engine(request).queue
    if body.get("clear"):
        queue.forget(None)
    queue.forget(_ids(body.get("delete", [])))
    return Response()


async def _interrupt(request: Request) -> Response:
    try:
        body = json.loads(await request.body())
    except ValueError:
        body = {}
    if not isinstance(body, dict):
        raise TroubleError
    _engine(request).queue.interrupt(body.get("prompt_id") or None)
    return Response()


async def _free(request: Request) -> Response:
    body = await _read_object(request)
    if body.get("free_memory"):
        _engine(request).executor.free_memory()
    return Response()


# --- what there is ----------------------------------------------------------------------------------


async def _object_info(request: Request) -> Response:
    return Json(_engine(request).object_info(request.path_params.get("name")))


async def _system_stats(request: Request) -> Response:
    return Json(_engine(request).system_stats())


async def _features(request: Request) -> Response:
    return Json(_engine(request).features())


async def _embeddings(request: Request) -> Response:
    return Json([])


async def _models(request: Request) -> Response:
    return Json(list(_engine(request).models))


async def _models_in(request: Request) -> Response:
    names = _engine(request).models.get(request.path_params["folder"])
    return Response(status_code=404) if names is None else Json(names)


# --- bodies and errors -------------------------------------------------------------------------


async def _read_json(request: Request) -> Any:
    try:
        return json.loads(await request.body())
    except (ValueError, RecursionError) as error:
        raise TroubleError from error


async def _read_object(request: Request) -> dict[str, Any]:
    body = await _read_json(request)
    if not isinstance(body, dict):
        raise TroubleError
    return body


def _ids(value: Any) -> list[str]:
    if not isinstance(value, list):
        raise TroubleError
    return [item for item in value if isinstance(item, str)]


async def _plain_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status not in (404, 405):
        return Response(status_code=status)
    # ComfyUI serves its front end's files below every route: GET finds nothing there, other methods are wrong.
    if request.method in ("GET", "HEAD"):
        return Response(status_code=404, media_type="application/octet-stream")
    return PlainTextResponse("405: Method Not Allowed", 405)


async def _trouble(request: Request, error: Exception) -> Response:
    return trouble()


async def _full(request: Request, error: Exception) -> Response:
    return PlainTextResponse("503: too many prompts are waiting", 503)
