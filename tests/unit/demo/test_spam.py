"""The spam chapter on a small stream: labelled, approved by name, kept; with an endpoint it is asked, within a cap."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from semsearch import wiring
from semsearch.campaigns.scan import BATCH
from semsearch.demo import spam
from semsearch.demo.job import Job
from semsearch.demo.models import CAP_USD, NO_QUALITY, Models
from semsearch.progress import silent
from semsearch.report.story import Chapter
from semsearch.settings import Settings
from semsearch.simulate import judge
from semsearch.simulate.abuse import abuse_stream
from semsearch.spam import approving
from semsearch.store.database import Store
from semsearch.store.profiles import Profiles
from semsearch.store.verdicts import Verdicts

STREAM = abuse_stream(900, 0, "en", n_campaigns=3)


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("spam") / "market"
    job = job_at(root)
    job.workspace.path("made").mkdir()
    frame = STREAM.posts.filter(namespace="listing")
    posts = spam._posts(frame)
    with wiring.open_scan(job.workspace, "listing", now=job.now) as scan:
        for _ in scan.run((posts[start : start + BATCH] for start in range(0, len(posts), BATCH)), lambda: job.now):
            pass
    return root


@pytest.fixture(autouse=True, scope="module")
def _small() -> Iterator[None]:
    """No endpoint is named, and the stream of known posts is small."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "SEMSEARCH_LLM__BASE_URL"):
            patch.delenv(name, raising=False)
        for name, value in (("N_KNOWN", 2_400), ("N_SELLERS", 24), ("N_ORDINARY", 30)):
            patch.setattr(spam, name, value)
        yield


@pytest.fixture
def job(scanned: Path, tmp_path: Path) -> Job:
    return job_at(Path(shutil.copytree(scanned, tmp_path / "market")))


@pytest.fixture(scope="module")
def told(scanned: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Job, Chapter]:
    """A workspace after the chapter."""
    job = job_at(Path(shutil.copytree(scanned, tmp_path_factory.mktemp("told") / "market")))
    return job, spam.spam_chapter(job, STREAM)


def job_at(root: Path) -> Job:
    return Job.at(root, STREAM.posts["created_at"].max(), silent, lambda _: None, seconds=1)


def words(chapter: Chapter) -> str:
    return " ".join(chapter.told)


def test_a_profile_is_written_approved_by_name_and_used(told: tuple[Job, Chapter]) -> None:
    job, chapter = told
    with Store.existing(job.workspace.moderation_path, now=job.now) as store:
        active = approving.active(store, "listing")
        assert [(each.profile.name, each.decision.by, each.profile.model) for each in active] == [
            ("sellers", "the demo", judge.WRITER)
        ]
        profile_id = active[0].profile.profile_id
        said = Verdicts(store).of(spam._posts(STREAM.posts))
        assert {(each.model, each.profile_id) for found in said.values() for each in found} == {
            (judge.JUDGE, profile_id)
        }
    assert "here 'the demo' does" in words(chapter)
    assert profile_id in chapter.tables[0].note and profile_id in chapter.commands[1]


def test_every_table_and_figure_says_that_the_judge_is_scripted(told: tuple[Job, Chapter]) -> None:
    _, chapter = told
    assert "answers here are scripted" in chapter.told[0]
    assert [table.columns[0] for table in chapter.tables] == ["feature", "judge", "verdict", "case"]
    assert all(NO_QUALITY in table.note for table in chapter.tables)
    assert chapter.figures and all(NO_QUALITY in figure.condition for figure in chapter.figures)
    assert all(row[2].startswith("Scripted: ") for row in chapter.tables[2].rows)


def test_it_is_the_same_again_and_asks_nothing_twice(told: tuple[Job, Chapter]) -> None:
    job, first = told
    sent = (job.workspace.path("logs") / "llm-sent.jsonl").read_text(encoding="utf-8")
    assert spam.spam_chapter(job, STREAM) == first
    assert (job.workspace.path("logs") / "llm-sent.jsonl").read_text(encoding="utf-8") == sent


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "OPENAI_BASE_URL"])
def test_a_named_endpoint_is_asked_within_a_cap(name: str) -> None:
    models = Models.of(Settings(), {name: "x"})
    assert (models.transport, models.settings.llm.max_usd) == (None, CAP_USD)
    assert "at most $0.50" in models.told and "scripted" not in models.told + models.condition
    own = Models.of(Settings().override("llm", max_usd=0.1, base_url="http://localhost:1/v1"), {})
    assert (own.transport, own.settings.llm.max_usd) == (None, 0.1)
    assert Models.of(Settings(), {}).transport is not None


def test_an_endpoint_that_is_not_there_ends_the_chapter_and_not_the_demo(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    chapter = spam.spam_chapter(job, STREAM)
    assert "It ended early: The chat endpoint http://127.0.0.1:9/v1 cannot be reached" in words(chapter)
    assert chapter.told[-1] == "It cost $0.000."
    assert (chapter.tables, chapter.figures) == ((), ())
    with Store.existing(job.workspace.moderation_path, now=job.now) as store:
        assert Profiles(store).all() == []


def test_what_was_done_before_the_cap_is_told(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """The models are scripted still, but count as real ones of which a call costs more than the cap leaves."""
    dear = {"prices": {judge.JUDGE: {"input": 1000.0, "output": 1000.0}, judge.WRITER: {"input": 0.0, "output": 0.0}}}
    scripted = Models.of(job.settings, {})
    capped = scripted.settings.override("llm", max_usd=0.01, **dear)
    monkeypatch.setattr(wiring, "open_spam", _with_transport(wiring.open_spam))
    monkeypatch.setattr(Models, "of", classmethod(lambda cls, *_: cls(capped, None)))
    chapter = spam.spam_chapter(job, STREAM)
    assert "It ended early: The next call may pass the cap of $0.01" in words(chapter)
    assert [table.columns[0] for table in chapter.tables] == ["feature"]


def _with_transport(open_spam):
    return lambda *given, transport, **named: open_spam(*given, transport=judge.transport(), **named)
