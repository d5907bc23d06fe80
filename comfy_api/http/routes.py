"""Our routes, for ``st.App``. Streamlit puts its path prefix before its own routes only, so ours carry it here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from comfy_api.http import covers, pictures
from comfy_api.http.live import live
from comfy_api.http.owner import Owners
from comfy_api.http.uploads import upload_routes
from comfy_api.service import Service

Handler = Callable[[Request, Service, str], Awaitable[Response]]


def routes(service: Callable[[], Service], owners: Owners, base: str = "") -> list[BaseRoute]:
    """Below ``{base}/easel``: pictures, zip and live view for the job's owner alone, uploads, covers.

    Args:
        service: gives the process's service; asked at each request.
        base: ``""``, or the path prefix with a slash before and none behind.
    """

    def owned(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def handle(request: Request) -> Response:
            owner = owners.owner_in(request.scope)
            return pictures.not_found() if owner is None else await handler(request, service(), owner)

        return handle

    async def view(websocket: WebSocket) -> None:
        await live(websocket, service(), owners.owner_in(websocket.scope))

    job = f"{base}/easel/jobs/{{job}}"
    return [
        Route(f"{job}/pictures/{{picture}}", owned(pictures.picture)),
        Route(f"{job}/all.zip", owned(pictures.all_pictures)),
        WebSocketRoute(f"{job}/live", view),
        Route(f"{base}/easel/covers/{{slug}}", owned(covers.cover)),
        *upload_routes(service, owners, base),
    ]
