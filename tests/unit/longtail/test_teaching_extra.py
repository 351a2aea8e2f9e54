"""Extra training on a made market: what is trained, what the card says, and that the last pass is kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from semsearch.errors import UsageError
from semsearch.evaluation.demand import n_searches
from semsearch.longtail.teaching.extra import Extra, extra, teach
from semsearch.settings import Settings
from semsearch.simulate import market
from semsearch.towers.card import ModelCard
from semsearch.training.fit import Fitted, Source, fit
from semsearch.training.gate.held_out import from_log, seen_until
from semsearch.training.log.evidence import Evidence
from semsearch.training.log.examples import examples
from semsearch.training.log.split import split
from semsearch.training.start import Parent

pytest.importorskip("torch")

NOW = datetime(2026, 1, 2, tzinfo=UTC)
MADE = market(300, seed=907, n_searches=2500, per_kind=1)
SETTINGS = Settings().override("train", dim=8, epochs=2, batch=64, checkpoint_s=0.0)
EVIDENCE = Evidence.of(MADE.interactions.lazy(), MADE.items, "query", "chats", SETTINGS.log)
BEFORE = split(
    examples(EVIDENCE.attribution.engagements, MADE.items, "query", "both", SETTINGS.log).frame, 0.1, 0.1
).at[1]
ROUTED = list(n_searches(MADE.interactions))[5:40]
"""Rather often asked, so that there are clicks."""


class Killed(Exception):
    pass


@pytest.fixture(scope="module")
def parent(tmp_path_factory: pytest.TempPathFactory) -> Parent:
    folder = tmp_path_factory.mktemp("base") / "model"
    source = Source(evidence=EVIDENCE)
    hasty = SETTINGS.override("train", seconds=0.01).train  # who was taught little can still be taught
    card = fit(MADE.items, hasty, folder, source=source, now=NOW, progress=lambda *_: None).card
    until = seen_until({"trained_until": card.metrics["trained_until"]})
    return Parent(card.model_id, folder, card.family, card.features, until)


def lesson(parent: Parent, routed: list[str] = ROUTED, before: datetime = BEFORE, **settings: float) -> Extra:
    return extra(EVIDENCE, MADE.items, routed, SETTINGS.override("longtail", **settings), before=before, parent=parent)


def taught(parent: Parent, folder: Path, given: Extra | None = None, **more: object) -> Fitted:
    options: dict = {"told": {"scan_id": "s1"}, "now": NOW, "progress": lambda *_: None} | more
    return teach(given or lesson(parent), MADE.items, parent, SETTINGS, folder, **options)


def test_the_routed_clicks_and_old_chats_are_learned_and_nothing_of_the_held_out_part(parent: Parent) -> None:
    given = lesson(parent, replay=2.0)
    train = given.evidence.split.train
    new = given.clicked.pairs
    assert train.height == new.height * 3
    assert given.n_replayed == new.height * 2
    assert train["asked_at"].max() < BEFORE
    assert given.evidence.known["asked_at"].max() < BEFORE
    assert set(new["key"]) <= set(ROUTED)
    assert set(train.join(new, on=["key", "item_id", "asked_at"], how="anti")["kind"]) <= {"chat", "purchase"}
    assert train.filter(pl.col("kind") == "click").height >= new.height * 0.5
    clicks = train.join(
        new.select("key", "item_id", "asked_at", "actor_id"), on=["key", "item_id", "asked_at", "actor_id"]
    )
    assert clicks["weight"].mean() == pytest.approx(1.0, rel=0.2)
    assert len(given.evidence.test) == len(given.evidence.validation) == 0


def test_few_old_pairs_come_several_times_each_as_often_as_the_other(parent: Parent) -> None:
    old = EVIDENCE.split.train.height
    given = lesson(parent, replay=2 * old / lesson(parent).clicked.pairs.height)
    assert given.n_replayed == pytest.approx(2 * old, abs=1)
    n = given.evidence.split.train.group_by(pl.all()).len()["len"].value_counts()
    assert n.filter(pl.col("len") == 2)["count"].sum() >= old - 1
    none = lesson(parent, replay=0.0)
    assert (none.n_replayed, none.evidence.split.train.height) == (0, none.clicked.pairs.height)


def test_the_card_says_what_it_is_and_a_gate_asks_only_what_is_later(parent: Parent, tmp_path: Path) -> None:
    given = lesson(parent)
    card = taught(parent, tmp_path / "m", given).card
    metrics = ModelCard.read(tmp_path / "m").metrics
    assert card.model_id != parent.model_id
    assert metrics["continued_from"] == parent.model_id
    told = metrics["longtail"]
    assert (told["scan_id"], told["n_routed"], told["before"]) == ("s1", len(ROUTED), BEFORE.isoformat())
    assert told["clicks"]["n_pairs"] == given.clicked.counts.n_pairs
    assert told["n_replayed"] == given.n_replayed
    assert told["position_bias"]["told"] or told["position_bias"]["looks"][0] == 1.0
    # What was not routed is still to be learned by train --continue; what was read is not to be asked.
    assert datetime.fromisoformat(metrics["trained_until"]) == parent.trained_until
    assert datetime.fromisoformat(metrics["validated_until"]) >= BEFORE
    assert seen_until(metrics) >= BEFORE  # type: ignore[operator]
    held = from_log(MADE.interactions.lazy(), MADE.items, SETTINGS.log, models={"candidate": seen_until(metrics)})
    assert all(at > BEFORE for at in held.questions.asked_at.values())


def test_every_pass_is_made_and_the_last_one_kept(parent: Parent, tmp_path: Path) -> None:
    settings = SETTINGS.override("longtail", epochs=4).override("train", patience=1)
    fitted = teach(
        lesson(parent), MADE.items, parent, settings, tmp_path / "m", told={}, now=NOW, progress=lambda *_: None
    )
    learned = fitted.card.metrics["behaviour"]
    assert (learned["ended_by"], learned["best_epoch"], len(learned["curve"])) == ("steps", 4, 5)
    assert learned["n_validation"] == 0
    assert (fitted.questions, fitted.start, fitted.towers) == (None, None, None)


def test_a_killed_run_is_taken_up_and_equals_an_unbroken_one(parent: Parent, tmp_path: Path) -> None:
    def killer(name: str, done: int, _total: int) -> None:
        if name == "learning from the log" and done == 5:
            raise Killed

    whole = taught(parent, tmp_path / "whole")
    with pytest.raises(Killed):
        taught(parent, tmp_path / "m", unfinished=tmp_path / "unfinished", progress=killer)
    again = taught(parent, tmp_path / "m", unfinished=tmp_path / "unfinished")
    assert again.card.encoder_id == whole.card.encoder_id
    assert "started_anew" not in again.card.metrics


def test_a_parent_that_saw_more_than_the_cut_keeps_what_it_saw(parent: Parent, tmp_path: Path) -> None:
    early = datetime.fromisoformat(ModelCard.read(parent.folder).metrics["trained_until"]) - timedelta(days=2)
    card = taught(parent, tmp_path / "m", lesson(parent, before=early)).card
    assert seen_until(card.metrics) == seen_until(ModelCard.read(parent.folder).metrics)


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(UsageError) as raised:
        call()
    return str(raised.value)


def test_queries_that_leave_too_few_pairs_are_told_with_the_reasons(parent: Parent) -> None:
    told = refused(lambda: lesson(parent, ["nobody asked this", ROUTED[0]], min_actors=10_000))
    assert "2 routed queries leave 0 pairs" in told
    assert "1 of them have no click, 1 clicks of fewer than 10000 actors" in told
    assert "Next: semsearch longtail scan" in told


def test_a_pipeline_that_is_asked_with_users_has_no_typed_queries_to_route(parent: Parent) -> None:
    users = Evidence.of(MADE.interactions.lazy(), MADE.items, "actor", "chats", SETTINGS.log)
    told = refused(lambda: extra(users, MADE.items, ROUTED, SETTINGS, before=BEFORE, parent=parent))
    assert "asked with 'actor'" in told
