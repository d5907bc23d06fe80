"""Alembic's way in. The connection is handed over, inside the transaction that all steps are a part of."""

from __future__ import annotations

from alembic import context

from comfy_api.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
