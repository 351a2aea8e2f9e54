from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from semsearch.errors import UsageError
from semsearch.progress import silent
from semsearch.settings import TrainSettings
from semsearch.towers.card import ModelCard
from semsearch.towers.distil import UNKNOWN
from semsearch.towers.static import StaticEncoder
from semsearch.towers.tokenizer import train_tokenizer
from semsearch.training.fit import fit
from semsearch.training.teacher import Teacher, soft_targets, taught_towers, teacher_texts

NOW = datetime(2026, 1, 2, tzinfo=UTC)
WORDS = {"운동화": (1.0, 0.0, 0.0), "스니커즈": (0.9, 0.1, 0.0), "냄비": (0.0, 1.0, 0.0), "laptop": (0.0, 0.0, 1.0)}
WORDS |= {"notebook": (0.0, 0.1, 1.0)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A teacher of three dimensions that knows five words by their tokenizer's whole tokens."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer, models, pre_tokenizers

    vocabulary = {word: number for number, word in enumerate(["[unk]", *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[unk]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    weights = np.array([(0, 0, 0), *WORDS.values()], np.float32)
    path = tmp_path_factory.mktemp("teacher")
    SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_weights=weights)], device="cpu").save(
        str(path), create_model_card=False
    )
    return path


@pytest.fixture
def teacher(folder: Path) -> Teacher:
    ticks = count()
    return Teacher.open(str(folder), lambda: float(next(ticks)))


def test_each_text_is_read_once_and_its_cost_is_told(teacher: Teacher) -> None:
    seen: list[tuple[str, int, int]] = []
    rows = teacher.encode("items", ["냄비", "운동화 냄비", "냄비", " "], "document", lambda *what: seen.append(what))
    half = 0.5**0.5
    np.testing.assert_allclose(rows, [(0, 1, 0), (half, half, 0), (0, 1, 0), (0, 0, 0)], atol=1e-6)
    again = teacher.encode("items", ["냄비"], "document", lambda *what: seen.append(what))
    np.testing.assert_array_equal(again, rows[:1])
    assert seen == [("teacher reads items", 2, 2)]
    # The clock ticks once a call: 1 s for each of the two.
    assert teacher.facts() == {"model": teacher.name, "n_items": 2, "items_s": 2.0}


def test_no_texts_are_no_rows(teacher: Teacher) -> None:
    assert teacher.encode("queries", [], "query", silent).shape == (0, 3)


def test_the_most_frequent_queries_are_read(teacher: Teacher) -> None:
    queries = ["laptop", "운동화", "냄비", "notebook", "운동화"]
    pairs = np.array([0, 0, 0, 1, 4, 2, 3])  # laptop 3, 운동화 2 (two rows), 냄비 and notebook 1
    made = soft_targets(teacher, ["냄비", "laptop"], queries, pairs, progress=silent, max_queries=3)
    assert made.known.tolist() == [0, 1, UNKNOWN, 2, 1]  # notebook before 냄비, by their text
    np.testing.assert_allclose(made.queries[:2], [(0, 0, 1), (1, 0, 0)], atol=1e-6)
    np.testing.assert_allclose(made.items, [(0, 1, 0), (0, 0, 1)], atol=1e-6)
    assert teacher.asked == {"items": 2, "queries": 3}


def test_tokens_start_where_the_teacher_sees_them(teacher: Teacher) -> None:
    texts = [f"{word} " * 3 for word in WORDS] * 3
    tokenizer = train_tokenizer(texts, 300)
    vocabulary = tokenizer.get_vocab_size()
    model = taught_towers(teacher, tokenizer, 1024, np.ones(vocabulary, np.int64), seed=0, progress=silent)
    words = dict(zip(WORDS, model.encode_query(list(WORDS)), strict=True))
    assert words["운동화"] @ words["스니커즈"] > 0.3 > words["운동화"] @ words["냄비"]
    assert words["laptop"] @ words["notebook"] > 0.3 > words["laptop"] @ words["냄비"]
    assert teacher.asked["tokens"] == vocabulary


def test_the_teacher_reads_titles_and_bodies_as_they_were_written() -> None:
    body = "wörd " * 200
    items = pl.DataFrame({"title": ["Nike  Air", "냄비", ""], "body": [None, body, None]})
    plain, long, empty = teacher_texts(items)
    assert (plain, empty) == ("Nike Air", "")
    assert long.startswith("냄비 wörd wörd")
    assert len(long) <= 300 + 1 + 400
    assert long.endswith(" wörd")


def test_a_teacher_that_is_none_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a folder with a model"):
        Teacher.open(str(tmp_path), lambda: 0.0)


def test_towers_that_were_taught_know_words_that_no_item_holds_together(folder: Path, tmp_path: Path) -> None:
    """No item says both 운동화 and 스니커즈; only the teacher knows that they are one thing."""
    names = [
        ("운동화", "나이키"),
        ("스니커즈", "아디다스"),
        ("냄비", "르쿠르제"),
        ("laptop", "Dell"),
        ("notebook", "LG"),
    ]
    rows = [(f"i{n:03}", f"{brand} {thing} {n}") for n in range(200) for thing, brand in [names[n % 5]]]
    items = pl.DataFrame(rows, schema=["item_id", "title"], orient="row").with_columns(
        body=pl.lit(""), category=pl.lit(None, pl.String), attributes=pl.lit("{}")
    )

    def trained(name: str, **more: str) -> tuple[ModelCard, float]:
        settings = TrainSettings(dim=32, seconds=60, **more)
        card = fit(items, settings, tmp_path / name, now=NOW, progress=silent).card
        query, *things = StaticEncoder.open(tmp_path / name).encode_queries(["운동화", "스니커즈", "냄비"])
        return card, float(query @ things[0] - query @ things[1])

    card, taught = trained("taught", teacher=str(folder))
    again, _ = trained("again", teacher=str(folder))
    _, alone = trained("alone")
    assert taught > alone + 0.2
    assert card.encoder_id == again.encoder_id
    told = card.metrics["teacher"]
    assert told["model"] == str(folder)
    assert told["n_items"] == 200
    assert told["n_queries"] > 0
    assert {"tokens_s", "items_s", "queries_s"} <= told.keys()


def test_a_transformer_has_no_teacher(folder: Path) -> None:
    settings = TrainSettings(family="transformer", base=str(folder), teacher=str(folder))
    with pytest.raises(UsageError, match="Only static towers"):
        Teacher.of(settings, lambda: 0.0)
    assert Teacher.of(TrainSettings(), lambda: 0.0) is None
