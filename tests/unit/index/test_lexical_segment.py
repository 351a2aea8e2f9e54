from __future__ import annotations

import pytest

from semsearch.errors import MissingExtra
from semsearch.index import segment
from semsearch.index.segment import KiwiSegmenter
from semsearch.workspace import Workspace


@pytest.fixture(scope="module")
def kiwi_installed():
    return pytest.importorskip("kiwipiepy")


def test_kiwi_cuts_and_the_cache_answers_the_second_time(kiwi_installed, tmp_path, monkeypatch):
    workspace = Workspace.create(tmp_path)
    first = KiwiSegmenter(workspace).segment(["무선청소기를", "가방"])
    assert first == {"무선청소기를": ("무선", "청소기")}
    monkeypatch.setattr(KiwiSegmenter, "_ask", lambda self, words: pytest.fail(f"asked again for {words}"))
    assert KiwiSegmenter(workspace).segment(["가방", "무선청소기를"]) == first


def test_without_the_extra_the_next_step_is_told(monkeypatch):
    def missing(_):
        raise segment.PackageNotFoundError

    monkeypatch.setattr(segment, "version", missing)
    with pytest.raises(MissingExtra, match="korean"):
        KiwiSegmenter()
