from __future__ import annotations

import builtins
import json
import random
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from semsearch.errors import MissingExtra, UsageError
from semsearch.settings import TrainSettings
from semsearch.text.views import search
from semsearch.towers.card import ModelCard
from semsearch.towers.static import StaticEncoder
from semsearch.training.fit import fit

NOW = datetime(2026, 1, 2, tzinfo=UTC)
THINGS = [("나이키", "운동화", "신발"), ("삼성", "노트북", "컴퓨터"), ("Logitech", "wireless mouse", "pointer")]
THINGS += [("Dell", "laptop computer", "notebook"), ("르쿠르제", "냄비", "주방"), ("Sony", "camera lens", "photo")]


def catalogue(n: int = 240) -> pl.DataFrame:
    rng = random.Random(0)
    rows = []
    for i in range(n):
        brand, thing, other = THINGS[i % len(THINGS)]
        rows.append((f"i{i:04}", f"{brand} {thing} {rng.randrange(90, 400)}", f"{other} {thing} {rng.randrange(9)}"))
    frame = pl.DataFrame(rows, schema=["item_id", "title", "body"], orient="row")
    return frame.with_columns(category=pl.lit(None, pl.String), attributes=pl.lit(json.dumps({"brand": ""})))


def train(items: pl.DataFrame, folder: Path, **settings: object) -> ModelCard:
    chosen = TrainSettings(**{"dim": 32, "seconds": 60} | settings)
    return fit(items, chosen, folder, now=NOW, progress=lambda *_: None).card


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[ModelCard, Path]:
    folder = tmp_path_factory.mktemp("static") / "model"
    return train(catalogue(), folder), folder


def test_the_folder_is_a_plain_sentence_transformers_model_with_equal_rows(trained: tuple[ModelCard, Path]) -> None:
    from sentence_transformers import SentenceTransformer

    card, folder = trained
    ours, theirs = StaticEncoder.open(folder), SentenceTransformer(str(folder), device="cpu")
    items = card.template.texts(catalogue())
    queries = [search(t) for t in ("Nike 운동화", "ㅋㅋㅋ", "", "Pokémon ①", "노트북", "wireless  mouse", "🙂")]
    np.testing.assert_allclose(ours.encode_items(items), theirs.encode_document(items), atol=1e-5)
    np.testing.assert_allclose(ours.encode_queries(queries), theirs.encode_query(queries), atol=1e-5)
    routes = theirs[0].sub_modules
    assert routes["query"][0] is routes["document"][0]


def test_it_learns_what_belongs_together(trained: tuple[ModelCard, Path]) -> None:
    card, folder = trained
    encoder = StaticEncoder.open(folder)
    scores = (
        encoder.encode_queries(["신발", "notebook", "wireless mouse", "냄비"])
        @ encoder.encode_items(card.template.texts(catalogue())).T
    )
    for row, thing in zip(scores, (0, 3, 2, 4), strict=True):
        assert {int(i) % len(THINGS) for i in np.argsort(-row)[:10]} == {thing}
    assert card.metrics["loss_last"] < card.metrics["loss_first"]


def test_the_card_says_what_was_done(trained: tuple[ModelCard, Path]) -> None:
    card, folder = trained
    assert card == ModelCard.read(folder)
    assert card.encoder_id == StaticEncoder.open(folder).encoder_id
    assert (card.family, card.dim, card.created_at) == ("static", 32, NOW.isoformat())
    assert card.metrics["n_items"] == 240
    assert card.metrics["ended_by"] == "steps"
    assert card.settings["seed"] == 0
    assert {"torch", "sentence-transformers"} <= card.versions.keys()


def test_same_seed_same_towers(trained: tuple[ModelCard, Path], tmp_path: Path) -> None:
    assert train(catalogue(), tmp_path / "again").encoder_id == trained[0].encoder_id
    assert train(catalogue(), tmp_path / "other", seed=1).encoder_id != trained[0].encoder_id


def test_seconds_end_a_training_and_the_card_says_so(tmp_path: Path) -> None:
    ticks = iter(range(10_000))
    settings = TrainSettings(dim=8, seconds=5)
    card = fit(catalogue(), settings, tmp_path / "m", now=NOW, progress=lambda *_: None, clock=lambda: next(ticks)).card
    assert card.metrics["ended_by"] == "seconds"
    assert 0 < card.metrics["n_steps"] < 10


def test_progress_counts_to_the_planned_steps(tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    card = fit(catalogue(), TrainSettings(dim=8), tmp_path / "m", now=NOW, progress=lambda *a: seen.append(a)).card
    training = [(done, total) for what, done, total in seen if what == "training"]
    assert training[-1] == (card.metrics["n_steps"], card.metrics["n_steps"])


def test_training_starts_from_a_base(trained: tuple[ModelCard, Path], tmp_path: Path) -> None:
    card = train(catalogue(), tmp_path / "m", base=str(trained[1]), dim=256)
    assert card.dim == 32
    assert card.encoder_id != trained[0].encoder_id
    assert (tmp_path / "m" / "query_0_StaticEmbedding" / "tokenizer.json").read_text(encoding="utf-8") == (
        trained[1] / "query_0_StaticEmbedding" / "tokenizer.json"
    ).read_text(encoding="utf-8")


@pytest.mark.parametrize("n", [0, 1])
def test_too_few_items(n: int, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="at least two items"):
        train(catalogue().head(n), tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_duplicates_only_and_items_without_words(tmp_path: Path) -> None:
    same = pl.concat([catalogue(1)] * 5)
    blank = catalogue(6).with_columns(title=pl.lit("!!!"), body=pl.lit("🙂"))
    for items in (same, blank):
        with pytest.raises(UsageError, match="at least two items with different texts"):
            train(items, tmp_path / "m")


def test_items_whose_titles_and_bodies_hold_no_words(tmp_path: Path) -> None:
    named = pl.Series([json.dumps({f"part {letter}": "1"}) for letter in "abcdef"])
    items = catalogue(6).with_columns(title=pl.lit("!"), body=pl.lit(""), attributes=named)
    with pytest.raises(UsageError, match="too few words"):
        train(items, tmp_path / "m")


def test_two_different_items_are_enough(tmp_path: Path) -> None:
    card = train(catalogue(2), tmp_path / "m")
    assert StaticEncoder.open(tmp_path / "m").encode_queries(["나이키"]).any()
    assert card.metrics["n_distinct"] == 2


def test_items_without_words_among_others_are_harmless(tmp_path: Path) -> None:
    items = catalogue(60).with_columns(
        title=pl.when(pl.int_range(60) == 3).then(pl.lit("!!!")).otherwise("title"),
        body=pl.when(pl.int_range(60) == 3).then(pl.lit("")).otherwise("body"),
    )
    card = train(items, tmp_path / "m")
    rows = StaticEncoder.open(tmp_path / "m").encode_items(card.template.texts(items))
    assert np.isfinite(rows).all()
    assert np.flatnonzero(~rows.any(axis=1)).tolist() == [3]


@pytest.mark.parametrize("made", ["nothing", "an empty folder", "a text file"])
def test_a_base_that_is_no_model(made: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    base = tmp_path / "base"
    if made == "an empty folder":
        base.mkdir()
    elif made == "a text file":
        base.write_text("hello")
    with pytest.raises(UsageError, match="base"):
        train(catalogue(), tmp_path / "m", base=str(base))


def test_a_base_of_the_other_family(trained: tuple[ModelCard, Path], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a static model"):
        train(catalogue(), tmp_path / "m", family="transformer", base=str(trained[1]))
    with pytest.raises(UsageError, match="--base"):
        train(catalogue(), tmp_path / "m", family="transformer")


def test_without_torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def blocked(name: str, *args: object, **kwargs: object) -> object:
        if name.partition(".")[0] in ("torch", "sentence_transformers"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    for name in [n for n in sys.modules if n.partition(".")[0] == "sentence_transformers"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", blocked)
    with pytest.raises(MissingExtra, match="train"):
        train(catalogue(), tmp_path / "m")
