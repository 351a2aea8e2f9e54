"""The database file: opened, brought to the newest schema, written to in whole transactions."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect
from sqlalchemy.exc import DBAPIError, OperationalError

from semsearch.errors import Busy, MismatchError, MissingPart, SemsearchError, UsageError
from semsearch.store.times import to_us
from semsearch.version import __version__

if TYPE_CHECKING:
    from types import TracebackType

SCHEMA = "0004"
"""The newest migration in `migrations/versions`."""
BUSY_S = 30.0
"""How long a writer waits for another one."""
CACHE_KIB = 65_536
CHECKPOINT_PAGES = 4_000
"""A page that is written often goes to the file once per checkpoint, not once per transaction."""


class Store:
    """One open database. Readers see the state as it was at their first read; one writer at a time, others wait."""

    def __init__(self, path: Path, engine: Engine) -> None:
        self.path = path
        self._engine = engine

    @classmethod
    def open(cls, path: Path, *, now: datetime) -> Store:
        """Open the file at `path`, made when it is absent, and bring its schema up to date.

        Raises UsageError for what is no database or cannot be written, MismatchError for a newer schema, Busy.
        """
        if not path.parent.is_dir():
            raise UsageError(f"There is no directory {path.parent}.", "Next: semsearch init, or name one with -w DIR")
        store = cls(path, _engine(path))
        try:
            store._migrate(now)
        except BaseException:
            store.close()
            raise
        return store

    @classmethod
    def existing(cls, path: Path, *, now: datetime) -> Store:
        """`open`, for what only makes sense after a scan; raises MissingPart when there was none."""
        if not path.exists():
            raise MissingPart("Nothing was scanned in this workspace yet.", "Next: semsearch scan posts FILE")
        return cls.open(path, now=now)

    @contextmanager
    def writing(self, *, at_once: bool = True, waits: bool = True) -> Iterator[Connection]:
        """One transaction that holds the only write lock from its start: all of it is kept or nothing.

        It outlives a loss of power; without `at_once` only a killed process, until the next one that does. Another
        writer is waited for, unless `waits` is false; raises Busy.
        """
        options = {"semsearch_writes": True, "semsearch_at_once": at_once, "semsearch_waits": waits}
        with self._told(), self._engine.connect() as raw, raw.execution_options(**options).begin():
            yield raw

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One transaction that only reads, of one moment; it never waits for a writer."""
        with self._told(), self._engine.connect() as connection, connection.begin():
            yield connection

    def close(self) -> None:
        """Give the file free; closing twice is no error."""
        self._engine.dispose()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _migrate(self, now: datetime) -> None:
        with self.reading() as connection:
            found = _schema(connection)
        if found == SCHEMA:
            return
        from semsearch.store.migrations.running import known, upgrade

        with self.writing() as connection:
            found = _schema(connection)
            if found == SCHEMA:  # another process was first
                return
            if found is None and inspect(connection).get_table_names():
                raise UsageError(
                    f"{self.path} is no moderation database, but one of something else.", "Next: move it away"
                )
            if found is not None and found not in known():
                raise MismatchError(
                    f"{self.path} has schema {found}, made by a newer semsearch; this one knows {SCHEMA}.",
                    "Next: update your clone of semsearch and install it again: pip install .",
                )
            upgrade(connection, at_us=to_us(now), by=__version__)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            told = _in_our_words(self.path, error.orig)
            if told is None:
                raise
            raise told from error


def _engine(path: Path) -> Engine:
    busy_s = BUSY_S
    engine = create_engine(URL.create("sqlite", database=str(path)), connect_args={"timeout": busy_s})

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions are begun below, also around DDL
        _use_wal(connection)
        for pragma in (
            "foreign_keys=ON",
            f"cache_size=-{CACHE_KIB}",
            f"wal_autocheckpoint={CHECKPOINT_PAGES}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        options = connection.get_execution_options()
        level = "FULL" if options.get("semsearch_at_once", True) else "NORMAL"
        busy_ms = int(busy_s * 1_000) if options.get("semsearch_waits", True) else 0
        cursor = connection.connection.cursor()
        cursor.execute(f"PRAGMA synchronous={level}")
        cursor.execute(f"PRAGMA busy_timeout={busy_ms}")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("semsearch_writes") else "BEGIN")

    return engine


def _use_wal(connection: Any) -> None:
    """Switch a new file to write-ahead logging; SQLite itself does not wait for another process that does so."""
    end = time.monotonic() + BUSY_S
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > end:
                raise
            time.sleep(0.02)


def _schema(connection: Connection) -> str | None:
    """The schema that the file has; None for an empty file."""
    try:
        return str(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one())
    except OperationalError as error:
        if "no such table" in str(error.orig):
            return None
        raise


def _in_our_words(path: Path, error: BaseException | None) -> SemsearchError | None:
    """What a failure of SQLite means to a person; None when it is our bug."""
    name = getattr(error, "sqlite_errorname", "") if isinstance(error, sqlite3.Error) else ""
    kind = "_".join(name.split("_")[:2])
    if kind in ("SQLITE_BUSY", "SQLITE_LOCKED"):
        return Busy(f"Another process is writing to {path}.", "Next: wait for it, then run the command again")
    if kind == "SQLITE_FULL":
        return UsageError(
            f"The disk is full: nothing of this step was written to {path}.",
            "Next: free some space, then run the command again",
        )
    if kind in ("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_IOERR"):
        return UsageError(
            f"{path} cannot be opened, read or written: {error}.",
            "Next: check its permissions, its folder's and the disk, then run the command again",
        )
    if kind in ("SQLITE_NOTADB", "SQLITE_CORRUPT"):
        return UsageError(
            f"{path} is no database, or a damaged one: {error}.",
            "Next: move it away and bring it back from a copy",
        )
    return None
