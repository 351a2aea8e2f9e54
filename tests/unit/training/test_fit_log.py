"""The whole training on a made market with its log: repeated, stopped early, on too little, continued."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from made_log import MADE, NOW, SETTINGS, WHOLE, evidence, trained

from semsearch.errors import MissingPart, UsageError
from semsearch.settings import LogSettings, TrainSettings
from semsearch.towers.card import ModelCard
from semsearch.towers.schema.reading import parse_schema
from semsearch.training.fit import Fitted, Source, fit
from semsearch.training.log.evidence import Evidence
from semsearch.training.start import Parent

pytest.importorskip("torch")


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> tuple[Fitted, Path]:
    folder = tmp_path_factory.mktemp("unbroken") / "model"
    return trained(folder), folder


def test_a_log_teaches_and_the_card_says_how(unbroken: tuple[Fitted, Path]) -> None:
    fitted, folder = unbroken
    card, learned = fitted.card, fitted.card.metrics["behaviour"]
    assert card == ModelCard.read(folder)
    assert [entry["epoch"] for entry in learned["curve"]] == [0, 1, 2, 3]
    best = max(learned["curve"], key=lambda entry: entry["recall"])
    assert learned["best_epoch"] == best["epoch"] > 0
    assert (learned["n_pairs"], learned["metric"]) == (card.metrics["log"]["n_train"], "recall@10")
    first, second = WHOLE.split.at
    assert (card.metrics["trained_until"], card.metrics["validated_until"]) == (first.isoformat(), second.isoformat())
    assert len(fitted.questions or ()) > 30
    assert fitted.start and fitted.towers and len(fitted.towers) == len(fitted.questions or ())
    assert "NaN" not in (folder / "semsearch.json").read_text(encoding="utf-8")


def test_same_seed_same_towers(unbroken: tuple[Fitted, Path], tmp_path: Path) -> None:
    assert trained(tmp_path / "again").card.encoder_id == unbroken[0].card.encoder_id
    assert trained(tmp_path / "other", seed=1).card.encoder_id != unbroken[0].card.encoder_id


def test_passes_that_bring_nothing_end_a_training(tmp_path: Path) -> None:
    learned = trained(tmp_path / "m", epochs=30, patience=1, learning_rate=0.5).card.metrics["behaviour"]
    passes = learned["curve"]
    assert learned["ended_by"] == "stopped"
    assert len(passes) - 1 == learned["best_epoch"] + 1 < 30
    assert passes[-1]["recall"] <= passes[learned["best_epoch"]]["recall"]


def test_time_ends_a_training_also_in_the_middle_of_a_pass(tmp_path: Path) -> None:
    ticks = iter(range(10**9))
    done = fit(
        MADE.items,
        TrainSettings(**SETTINGS | {"seconds": 20.0}),
        tmp_path / "m",
        source=Source(evidence=WHOLE),
        now=NOW,
        progress=lambda *_: None,
        clock=lambda: float(next(ticks)),
    )
    learned = done.card.metrics["behaviour"]
    assert (done.card.metrics["ended_by"], learned["ended_by"]) == ("seconds", "seconds")
    assert 0 < learned["n_steps"] < 30
    assert [entry["epoch"] for entry in learned["curve"]] == [0, 1]


# --- too little --------------------------------------------------------------------------------


def test_too_little_of_a_log_teaches_nothing_and_is_told(tmp_path: Path) -> None:
    alone = trained(tmp_path / "alone", Source())
    few = evidence(MADE.interactions.head(60))
    assert not few.enough
    fitted = trained(tmp_path / "few", Source(evidence=few))
    assert fitted.card.encoder_id == alone.card.encoder_id
    assert "behaviour" not in fitted.card.metrics
    assert fitted.card.metrics["log"]["n_train"] < 20
    assert fitted.questions is None


def test_users_cannot_be_learned_without_a_log(tmp_path: Path) -> None:
    actors = parse_schema(
        {
            "query": {
                "of": "actor",
                "groups": {"recent": {"transform": "as_of", "columns": ["item_id"]}},
                "features": {"had": {"column": "recent.item_id", "type": "list", "as": "item"}},
            },
            "item": {"features": {"item": {"column": "item_id", "type": "category", "min_count": 1}}},
        }
    )
    with pytest.raises(MissingPart, match="fewer than 20"):
        trained(tmp_path / "m", Source(actors, evidence(MADE.interactions.head(60), "actor")))
    fitted = trained(tmp_path / "m", Source(actors, evidence(side="actor")))
    assert fitted.card.features.of == "actor"
    assert fitted.card.dim == 8
    assert len(fitted.questions or ()) > 10


def test_a_log_of_one_moment_has_nothing_to_judge_by(tmp_path: Path) -> None:
    moment = MADE.interactions.with_columns(ts=pl.lit(MADE.end).cast(pl.Datetime("us", "UTC")))
    stock = MADE.items.with_columns(ended_at=pl.lit(None, pl.Datetime("us", "UTC")))
    found = Evidence.of(moment.lazy(), stock, "query", "clicks", LogSettings())
    assert found.enough
    fitted = fit(
        stock,
        TrainSettings(**SETTINGS),
        tmp_path / "m",
        source=Source(evidence=found),
        now=NOW,
        progress=lambda *_: None,
    )
    learned = fitted.card.metrics["behaviour"]
    assert (learned["n_validation"], learned["best_epoch"]) == (0, 3)  # runs to its end
    assert [entry["recall"] for entry in learned["curve"]] == [None] * 4
    assert len(fitted.questions or ()) == 0
    json.loads((tmp_path / "m" / "semsearch.json").read_text(encoding="utf-8"), parse_constant=pytest.fail)


def test_lengths_that_no_vector_has_are_refused_before_anything_is_learned(tmp_path: Path) -> None:
    told: list[str] = []
    with pytest.raises(UsageError, match="matryoshka"):
        trained(tmp_path / "m", progress=lambda name, *_: told.append(name), matryoshka=(4, 8))
    assert told == []
    assert trained(tmp_path / "m", matryoshka=(4,), epochs=1).card.settings["matryoshka"] == [4]


# --- continued ---------------------------------------------------------------------------------


def parent(fitted: Fitted, folder: Path) -> Parent:
    until = datetime.fromisoformat(fitted.card.metrics["trained_until"])
    return Parent(fitted.card.model_id, folder, fitted.card.family, fitted.card.features, until)


def test_a_training_continues_with_what_is_new(tmp_path: Path) -> None:
    middle = MADE.start + (MADE.end - MADE.start) * 0.6
    early = trained(tmp_path / "early", Source(evidence=evidence(MADE.interactions.filter(pl.col("ts") < middle))))
    later = trained(tmp_path / "later", Source(evidence=WHOLE, parent=parent(early, tmp_path / "early")), replay=0.1)
    metrics = later.card.metrics
    new = WHOLE.split.train.filter(pl.col("asked_at") >= datetime.fromisoformat(early.card.metrics["trained_until"]))
    assert metrics["continued_from"] == early.card.model_id
    assert metrics["behaviour"]["n_replayed"] == round(new.height / 10)
    assert metrics["behaviour"]["n_pairs"] == new.height + round(new.height / 10)
    assert "n_steps" not in metrics  # nothing was learned from the catalogue again
    assert later.card.encoder_id != early.card.encoder_id
    assert later.card.template == early.card.template
    again = trained(tmp_path / "x", Source(evidence=WHOLE, parent=parent(early, tmp_path / "early")), replay=0.1)
    assert again.card.encoder_id == later.card.encoder_id


def test_nothing_new_or_too_little_to_continue_with(unbroken: tuple[Fitted, Path], tmp_path: Path) -> None:
    seen = parent(*unbroken)
    with pytest.raises(UsageError, match="nothing newer"):
        trained(tmp_path / "m", Source(evidence=WHOLE, parent=seen))
    for few in (None, evidence(MADE.interactions.head(60))):
        with pytest.raises(MissingPart, match="--continue"):
            trained(tmp_path / "m", Source(evidence=few, parent=seen))
    newer = MADE.interactions.with_columns(pl.col("ts") + timedelta(days=1))
    with pytest.raises(UsageError, match="is a static model"):
        trained(tmp_path / "m", Source(evidence=evidence(newer), parent=seen), family="transformer")
