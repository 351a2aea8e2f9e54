"""Feature tokens in towers: the folder stays plain, loads and encodes equally without our code."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from semsearch.towers.extending import with_tokens
from semsearch.towers.features import tokenise
from semsearch.towers.model import static_towers, tied
from semsearch.towers.static import StaticEncoder
from semsearch.towers.tokenizer import train_tokenizer

pytest.importorskip("sentence_transformers")

WORDS = ["red", "blue", "usb", "hub", "나이키", "운동화"]
TOKENS = ["[category:운동화]", "[price:b1]", "[item:85123A]"]
TEXTS = ["[category:운동화] [price:b1] 나이키", "[item:85123A] red usb hub", "blue", "[item:85123a] usb"]


def test_static_towers_with_features_are_a_plain_folder(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    tokenizer = train_tokenizer(WORDS * 3, 100, TOKENS)
    counts = np.bincount(tokenise(tokenizer, TEXTS).ids, minlength=tokenizer.get_vocab_size())
    static_towers(tokenizer, 16, counts, seed=0).save(str(tmp_path))
    theirs, ours = SentenceTransformer(str(tmp_path), device="cpu"), StaticEncoder.open(tmp_path)
    np.testing.assert_allclose(ours.encode_items(TEXTS), theirs.encode_document(TEXTS), atol=1e-5)
    alone = ours.encode_items(["[item:85123A]", "[price:b1]"])
    assert alone[0] @ ours.encode_items(["[item:85123A] red usb hub"])[0] > 0.1
    assert not np.allclose(alone[0], alone[1])


def test_static_towers_grow_and_keep_what_they_know(tmp_path: Path) -> None:
    tokenizer = train_tokenizer(WORDS * 3, 100)
    model = static_towers(tokenizer, 16, np.ones(tokenizer.get_vocab_size(), np.int64), seed=0)
    before = model.encode_document(["red usb", "나이키"])
    pieces = model.encode_document(["category 운동화"])
    with_tokens(model, TOKENS)
    with_tokens(model, TOKENS)  # a second time changes nothing
    np.testing.assert_allclose(model.encode_document(["red usb", "나이키"]), before, atol=1e-6)
    np.testing.assert_allclose(model.encode_document([TOKENS[0]]), pieces, atol=1e-5)  # starts as its words
    routes = model[0].sub_modules
    assert routes["query"][0] is routes["document"][0]
    model.save(str(tmp_path))
    np.testing.assert_allclose(
        StaticEncoder.open(tmp_path).encode_items(TEXTS), model.encode_document(TEXTS), atol=1e-5
    )


def test_towers_that_differ_but_share_a_tokenizer_both_grow() -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Normalize, Router
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    tokenizer = train_tokenizer(WORDS * 3, 100)
    sides = [[StaticEmbedding(tokenizer, embedding_dim=8)] for _ in range(2)]
    model = SentenceTransformer(modules=[Router.for_query_document(*sides), Normalize()], device="cpu")
    with_tokens(model, TOKENS)
    assert np.isfinite(model.encode_query(TEXTS)).all()
    assert np.isfinite(model.encode_document(TEXTS)).all()


def test_a_transformer_grows_and_reloads_equally(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    (tmp_path / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    BertTokenizerFast(str(tmp_path / "vocab.txt")).save_pretrained(tmp_path)
    size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    BertModel(BertConfig(vocab_size=len(vocabulary), **size)).save_pretrained(tmp_path)
    model = tied([Transformer(str(tmp_path)), Pooling(16)])
    before = model.encode_document(["red usb hub"])
    with_tokens(model, TOKENS)
    np.testing.assert_allclose(model.encode_document(["red usb hub"]), before, atol=1e-5)
    module = model[0].sub_modules["query"][0]
    assert module.tokenizer.tokenize("[item:85123A] red [price:b1]") == ["[item:85123A]", "red", "[price:b1]"]
    assert module.auto_model.get_input_embeddings().weight.shape[0] == len(vocabulary) + len(TOKENS)
    model.save(str(tmp_path / "saved"))
    again = SentenceTransformer(str(tmp_path / "saved"), device="cpu")
    np.testing.assert_allclose(again.encode_query(TEXTS), model.encode_query(TEXTS), atol=1e-5)
