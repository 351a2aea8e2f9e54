"""A published release of the tiny market."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import tiny_market as market

from semsearch.index.release import Release
from semsearch.retrieval.search import Searcher
from semsearch.settings import SearchSettings
from semsearch.workspace import Workspace


@pytest.fixture(scope="session")
def workspace(tmp_path_factory):
    made = Workspace.create(tmp_path_factory.mktemp("market"))
    manifest = market.build(made)
    with made.writing():
        made.publish(manifest.release_id, "default", now=market.NOW)
    return made


@pytest.fixture
def release(workspace):
    manifest = workspace.current()
    return Release.open(manifest, workspace.release_path(manifest.release_id))


@pytest.fixture
def searcher(release):
    return Searcher(release, market.Axes, SearchSettings())
