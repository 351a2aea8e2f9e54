"""Fixtures of the unit tests."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from semsearch.store.database import Store


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty moderation database; a copy of it saves the migration."""
    path = tmp_path_factory.mktemp("migrated") / "moderation.sqlite"
    Store.open(path, now=datetime(2026, 3, 1, tzinfo=UTC)).close()
    return path
