"""Brings a database to the present schema: all steps in one transaction of the only writer, or none."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from comfy_api.errors import StoreTooNew
from comfy_api.store.database import Database

_FOLDER: Final = Path(__file__).parent / "migrations"


def upgrade(database: Database) -> None:
    """Make the tables, or bring them up to date. A second process waits and finds it done.

    Raises:
        StoreTooNew: a newer Easel was here; nothing was changed.
        StoreError: the database.
    """
    with database.write() as connection:
        if database.path is None:
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")  # a step may rewrite a large table
        config = _config(connection)
        steps = ScriptDirectory.from_config(config)
        found = MigrationContext.configure(connection).get_current_revision()
        if found is not None and found not in {step.revision for step in steps.walk_revisions()}:
            raise StoreTooNew(found)
        if found != steps.get_current_head():
            command.upgrade(config, "head")


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
