from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from semsearch.store.database import Store
from semsearch.workspace import Workspace


@pytest.fixture
def store(tmp_path: Path, migrated: Path) -> Iterator[Store]:
    path = Path(shutil.copy(migrated, tmp_path / "moderation.sqlite"))
    with Store.open(path, now=datetime(2026, 3, 1, tzinfo=UTC)) as opened:
        yield opened


@pytest.fixture
def workspace(tmp_path: Path, migrated: Path) -> Workspace:
    found = Workspace.create(tmp_path / "market")
    found.moderation_path.write_bytes(migrated.read_bytes())
    return found
