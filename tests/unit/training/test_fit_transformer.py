from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from semsearch.records import Interaction, Item, schema
from semsearch.settings import LogSettings, TrainSettings
from semsearch.towers.schema.reading import parse_schema
from semsearch.towers.transformer import SentenceTransformerEncoder
from semsearch.training.fit import Source, fit
from semsearch.training.log.evidence import Evidence

WORDS = ["red", "blue", "green", "usb", "hub", "cable", "phone", "case", "lamp", "desk"]


def tiny_bert(folder: Path) -> Path:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(vocabulary))
    BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    size = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    BertModel(BertConfig(vocab_size=len(vocabulary), **size)).save_pretrained(folder)
    SentenceTransformer(modules=[Transformer(str(folder)), Pooling(32)], device="cpu").save(str(folder / "st"))
    return folder / "st"


def test_a_transformer_trains_through_the_same_job(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    titles = [f"{a} {b}" for a in WORDS[:3] for b in WORDS[3:]]
    items = pl.DataFrame({"item_id": [str(i) for i in range(len(titles))], "title": titles, "body": titles})
    settings = TrainSettings(family="transformer", base=str(tiny_bert(tmp_path / "bert")), seconds=60)
    card = fit(items, settings, tmp_path / "m", now=datetime(2026, 1, 1, tzinfo=UTC), progress=lambda *_: None).card
    assert (card.family, card.dim, card.metrics["ended_by"]) == ("transformer", 32, "steps")
    ours, theirs = SentenceTransformerEncoder.open(tmp_path / "m"), SentenceTransformer(str(tmp_path / "m"))
    np.testing.assert_allclose(ours.encode_items(titles), theirs.encode_document(titles), atol=1e-5)
    np.testing.assert_allclose(ours.encode_queries(titles), theirs.encode_query(titles), atol=1e-5)
    assert ours.encoder_id == card.encoder_id


def shop() -> pl.DataFrame:
    titles = [f"{a} {b}" for a in WORDS[:3] for b in WORDS[3:]]
    held = {"item_id": [f"i{n}" for n in range(len(titles))], "title": titles, "body": titles}
    kinds = schema(Item)
    return pl.DataFrame({name: pl.Series(name, held.get(name, [None] * len(titles)), kinds[name]) for name in kinds})


def clicks(n: int) -> pl.DataFrame:
    """`n` clicks, a minute apart, on things that are asked for by another colour."""
    start, items = datetime(2026, 1, 1, tzinfo=UTC), shop()
    rows = []
    for k in range(n):
        colour, thing = items["title"][k % items.height].split()
        asked = WORDS[(WORDS.index(colour) + 1) % 3]
        held = {
            "ts": start + timedelta(minutes=k),
            "actor_id": f"u{k % 8}",
            "kind": "click",
            "query": f"{asked} {thing}",
        }
        rows.append(held | {"item_id": items["item_id"][k % items.height]})
    names = schema(Interaction)
    return pl.DataFrame([{name: row.get(name) for name in names} for row in rows], schema=names)


def test_a_transformer_learns_from_a_log_killed_or_not(tmp_path: Path) -> None:
    base, items = tiny_bert(tmp_path / "bert"), shop()
    evidence = Evidence.of(clicks(168).lazy(), items, "query", "clicks", LogSettings(validation=0.2))
    settings = TrainSettings(
        family="transformer", base=str(base), epochs=3, learning_rate=5e-3, checkpoint_s=0.0, positives="clicks"
    )

    def learned(name: str, unfinished: Path | None = None, stop: int = 0) -> dict[str, Any]:
        def progress(what: str, done: int, _total: int) -> None:
            if stop and what == "learning from the log" and done == stop:
                raise KeyboardInterrupt

        source, now = Source(evidence=evidence, unfinished=unfinished), datetime(2026, 2, 1, tzinfo=UTC)
        return fit(items, settings, tmp_path / name, source=source, now=now, progress=progress).card.metrics

    whole = learned("whole")
    assert "n_steps" not in whole  # a pretrained transformer with a log to learn from needs no made-up queries
    curve = [entry["recall"] for entry in whole["behaviour"]["curve"]]
    assert curve == [None] * 4 if whole["behaviour"]["n_validation"] < 30 else max(curve) > curve[0]
    losses = [entry["loss"] for entry in whole["behaviour"]["curve"][1:]]
    assert losses[-1] < losses[0]
    with pytest.raises(KeyboardInterrupt):
        learned("killed", tmp_path / "unfinished", stop=whole["behaviour"]["n_steps"] - 1)
    again = learned("killed", tmp_path / "unfinished")
    assert again["behaviour"]["resumed_at"] > 0
    found, wanted = (SentenceTransformerEncoder.open(tmp_path / name) for name in ("killed", "whole"))
    texts = ["red usb", "blue lamp desk"]
    np.testing.assert_allclose(found.encode_queries(texts), wanted.encode_queries(texts), atol=1e-4)


def test_a_transformer_with_feature_tokens_and_no_questions(tmp_path: Path) -> None:
    base, items = tiny_bert(tmp_path / "bert"), shop().with_columns(region_id=pl.lit("11"))
    region = {"column": "region_id", "type": "category", "min_count": 1}
    spoken = {
        "query": {"of": "query", "features": {"text": {"column": "query", "type": "text"}, "region": region}},
        "item": {"features": {"region": region, "title": {"type": "text"}}},
    }
    moment = pl.lit(datetime(2026, 1, 1, tzinfo=UTC)).cast(pl.Datetime("us", "UTC"))
    log = clicks(60).with_columns(ts=moment, region_id=pl.lit("11"))
    evidence = Evidence.of(log.lazy(), items, "query", "clicks", LogSettings())
    settings = TrainSettings(family="transformer", base=str(base), epochs=1, positives="clicks")
    source = Source(parse_schema(spoken), evidence)
    now = datetime(2026, 2, 1, tzinfo=UTC)
    done = fit(items, settings, tmp_path / "m", source=source, now=now, progress=lambda *_: None)
    assert len(done.questions or ()) == 0
    assert done.card.features.tokens == ["[region:other]", "[region:11]"]
    encoder = SentenceTransformerEncoder.open(tmp_path / "m")
    assert len(np.unique(encoder.encode_queries(["[region:11] red", "[region:other] red"]).round(5), axis=0)) == 2
