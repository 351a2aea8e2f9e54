"""Bringing a database to the newest schema."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, insert

from semsearch.store.tables import history


def known() -> frozenset[str]:
    """Schemas that this version can bring up to date."""
    return frozenset(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def upgrade(connection: Connection, *, at_us: int, by: str) -> None:
    """Run all migrations that are missing, inside the connection's transaction, and keep which, when and by whom."""
    config = _config()
    config.attributes["connection"] = connection
    before = set(_applied(connection))
    command.upgrade(config, "head")
    added = [name for name in sorted(known()) if name not in before]
    connection.execute(insert(history), [{"revision": name, "at_us": at_us, "by": by} for name in added])


def _applied(connection: Connection) -> list[str]:
    from sqlalchemy import inspect, select

    if not inspect(connection).has_table(history.name):
        return []
    return list(connection.scalars(select(history.c.revision)))


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
