"""ComfyUI's routes, as far as a client of generations needs them (protocol.md §3, §4, §6–§9)."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from comfy_api.testing import files, jobs, library, wire
from comfy_api.testing.board import Board, Socket
from comfy_api.testing.core import Core
from comfy_api.testing.plan import is_graph

FEATURES = {"supports_preview_metadata": True, "max_upload_size": 104_857_600}

_UUID = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}")
_UNHELPFUL = "500 Internal Server Error\n\nServer got itself in trouble"


def app(core: Core) -> Starlette:
    """The routes of one server."""
    answers = _Answers(core)
    routes: list[BaseRoute] = [WebSocketRoute("/ws", answers.websocket)]
    table: list[tuple[str, str, Callable[[Request], Awaitable[Response]]]] = [
        ("GET", "/prompt", answers.prompt_info),
        ("POST", "/prompt", answers.post_prompt),
        ("GET", "/queue", answers.queue),
        ("POST", "/queue", answers.edit_queue),
        ("POST", "/interrupt", answers.interrupt),
        ("GET", "/history", answers.newest),
        ("GET", "/history/{prompt_id}", answers.history),
        ("POST", "/history", answers.edit_history),
        ("POST", "/free", answers.free),
        ("GET", "/object_info", answers.object_info),
        ("GET", "/object_info/{name}", answers.object_info),
        ("GET", "/system_stats", answers.system_stats),
        ("GET", "/features", answers.features),
        ("GET", "/models", answers.models),
        ("GET", "/models/{folder}", answers.models),
        ("GET", "/embeddings", answers.embeddings),
    ]
    routes += [Route(path, answer, methods=[method]) for method, path, answer in table]
    routes += files.routes(core)
    routes += library.routes(core)
    return Starlette(routes=[*routes, *(jobs.routes(core) if core.options.modern else ())])


class _Answers:
    def __init__(self, core: Core) -> None:
        self._core = core

    @property
    def _board(self) -> Board:
        return self._core.board

    # --- websocket (protocol.md §1, §3, §7) ---

    async def websocket(self, websocket: WebSocket) -> None:
        core, board = self._core, self._board
        await websocket.accept()
        sid = websocket.query_params.get("clientId") or uuid.uuid4().hex
        socket = Socket(sid, websocket, core.line_of(websocket.scope))
        socket.line.allow(core.socket_budget)
        core.sockets_opened += 1
        board.join(socket)
        try:
            await socket.send(wire.text("status", {**board.status(), "sid": sid}))
            for prompt in board.running:
                if prompt.client_id == sid and prompt.node is not None:
                    await socket.send(wire.text("executing", {"node": prompt.node}))
            await self._listen(socket)
        finally:
            board.leave(socket)
            socket.gone = True

    async def _listen(self, socket: Socket) -> None:
        first = True
        while True:
            message = await socket.websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            words = message.get("text")
            if words is None:
                continue
            self._core.client_messages.append((socket.sid, words))
            self._core.changed()
            data = _parsed(words)
            if data is None:  # a text that is no JSON does not count as the first one
                continue
            if first and self._core.options.flags and isinstance(data, dict) and data.get("type") == "feature_flags":
                socket.flagged = (data.get("data") or {}).get("supports_preview_metadata") is True
                await socket.send(wire.text("feature_flags", FEATURES))
            first = False

    # --- prompts (protocol.md §4) ---

    async def prompt_info(self, request: Request) -> Response:
        return JSONResponse({"exec_info": {"queue_remaining": self._board.remaining}})

    async def post_prompt(self, request: Request) -> Response:
        body = _parsed(await request.body())
        if not isinstance(body, dict):
            return PlainTextResponse(_UNHELPFUL, 500)
        refused = self._refused(body)
        if refused is not None:
            return refused
        board = self._board
        prompt_id = str(body.get("prompt_id") or uuid.uuid4())
        self._core.prompts.append(body)
        prompt = self._core.admit(body, prompt_id)
        await board.broadcast_status()
        answer = {"prompt_id": prompt_id, "number": prompt.number, "node_errors": prompt.play.node_errors}
        if prompt.play.answers_itself:
            board.make_ready(prompt)
            await prompt.answered.wait()
            return JSONResponse(answer)

        async def go() -> None:
            board.make_ready(prompt)

        return JSONResponse(answer, background=BackgroundTask(go))

    def _refused(self, body: dict[str, Any]) -> Response | None:
        graph = body.get("prompt")
        if "prompt" not in body:
            return _rejected("no_prompt", "No prompt provided")
        if self._core.options.modern and not _UUID.fullmatch(str(body.get("prompt_id") or uuid.uuid4())):
            return _rejected("invalid_prompt_id", "prompt_id must be a canonical UUID")
        if graph and not is_graph(graph):
            text = "Cannot execute because a node is missing the class_type property."
            return _rejected("invalid_prompt", text)
        if not graph or not self._core.outputs_of(graph):
            return _rejected("prompt_no_outputs", "Prompt has no outputs")
        return None

    async def queue(self, request: Request) -> Response:
        running, pending = self._board.running, self._board.pending
        return JSONResponse(
            {
                "queue_running": [prompt.queue_item for prompt in running],
                "queue_pending": [prompt.queue_item for prompt in pending],
            }
        )

    async def edit_queue(self, request: Request) -> Response:
        body = _parsed(await request.body())
        if not isinstance(body, dict):
            return PlainTextResponse(_UNHELPFUL, 500)
        pending = [prompt.id for prompt in self._board.pending]
        if self._board.delete(pending if body.get("clear") else body.get("delete") or []):
            await self._board.broadcast_status()
        return Response()

    async def interrupt(self, request: Request) -> Response:
        """With a prompt_id that prompt alone; a body that is no JSON stops whatever runs (protocol.md §6)."""
        raw = await request.body()
        body = _parsed(raw)
        if (body is not None and not isinstance(body, dict)) or raw == b"null":
            return PlainTextResponse(_UNHELPFUL, 500)
        self._board.interrupt((body or {}).get("prompt_id"))
        return Response()

    async def history(self, request: Request) -> Response:
        return JSONResponse(self._board.history_of(request.path_params["prompt_id"]))

    async def newest(self, request: Request) -> Response:
        count = request.query_params.get("max_items")
        ids = list(self._board.history)
        if count is not None:
            ids = ids[-int(count) :] if count.isdigit() and int(count) else []
        entries: dict[str, Any] = {}
        for prompt_id in ids:
            entries |= self._board.history_of(prompt_id)
        return JSONResponse(entries)

    async def edit_history(self, request: Request) -> Response:
        body = _parsed(await request.body())
        if not isinstance(body, dict):
            return PlainTextResponse(_UNHELPFUL, 500)
        for prompt_id in list(self._board.history) if body.get("clear") else body.get("delete") or []:
            self._board.history.pop(prompt_id, None)
        return Response()

    async def free(self, request: Request) -> Response:
        body = _parsed(await request.body())
        if not isinstance(body, dict):
            return PlainTextResponse(_UNHELPFUL, 500)
        if body.get("free_memory"):
            self._board.cache = {}
        return Response()

    # --- what the server is (protocol.md §9) ---

    async def object_info(self, request: Request) -> Response:
        known, name = self._core.options.object_info, request.path_params.get("name")
        return JSONResponse(known if name is None else {name: known[name]} if name in known else {})

    async def system_stats(self, request: Request) -> Response:
        return JSONResponse(self._core.options.system_stats)

    async def features(self, request: Request) -> Response:
        return JSONResponse(FEATURES)

    async def models(self, request: Request) -> Response:
        loader = self._core.options.object_info.get("CheckpointLoaderSimple", {})
        names = loader.get("input", {}).get("required", {}).get("ckpt_name", [[]])[0]
        folders = {"checkpoints": names, "loras": [], "vae": []}
        folder = request.path_params.get("folder")
        if folder is None:
            return JSONResponse(list(folders))
        return JSONResponse(folders[folder]) if folder in folders else Response(status_code=404)

    async def embeddings(self, request: Request) -> Response:
        return JSONResponse([])


def _parsed(text: str | bytes) -> Any:
    """JSON, or None where it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def _rejected(kind: str, message: str) -> Response:
    error = {"type": kind, "message": message, "details": message, "extra_info": {}}
    return JSONResponse({"error": error, "node_errors": {}}, 400)
