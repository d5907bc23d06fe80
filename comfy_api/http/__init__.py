"""Our own routes beside the pages: the live view, pictures, and whose browser it is."""

from __future__ import annotations

from comfy_api.http.origin import HostCheck
from comfy_api.http.owner import OwnerCookie, Owners, owner_of
from comfy_api.http.routes import routes

__all__ = ["HostCheck", "OwnerCookie", "Owners", "owner_of", "routes"]
