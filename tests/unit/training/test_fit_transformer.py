from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from semsearch.settings import TrainSettings
from semsearch.towers.transformer import SentenceTransformerEncoder
from semsearch.training.fit import fit

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
