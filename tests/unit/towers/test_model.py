from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from semsearch.errors import MismatchError, MissingPart, UsageError
from semsearch.text.views import VIEWS_VERSION
from semsearch.towers.card import ModelCard, encoder_id
from semsearch.towers.features import tokenise
from semsearch.towers.model import narrowed, static_towers, towers_from
from semsearch.towers.static import StaticEncoder
from semsearch.towers.template import ItemTemplate
from semsearch.towers.tokenizer import train_tokenizer
from semsearch.towers.transformer import SentenceTransformerEncoder

TEXTS = ["red usb hub", "blue usb cable", "나이키 운동화", "나이키 양말", "red phone case", "blue phone"] * 4
TOKENIZER = train_tokenizer(TEXTS, 200)
SIZE = TOKENIZER.get_vocab_size()


def counts() -> np.ndarray:
    return np.bincount(tokenise(TOKENIZER, TEXTS).ids, minlength=SIZE)


def test_untrained_towers_rank_by_shared_words() -> None:
    model = static_towers(TOKENIZER, 256, counts(), seed=0)
    scores = model.encode_query(["usb hub"]) @ model.encode_document(TEXTS[:6]).T
    assert scores.argmax() == 0


def test_frequent_tokens_start_shorter() -> None:
    tokens = np.zeros(SIZE, np.int64)
    tokens[1], tokens[2] = 999, 1
    weights = static_towers(TOKENIZER, 4096, tokens, seed=0)[0].sub_modules["query"][0].embedding.weight
    frequent, rare = weights[1].norm().item(), weights[2].norm().item()
    # a / (a + p) with a = 0.001: p = 0.999 gives 0.001, p = 0.001 gives 0.5
    assert frequent / rare == pytest.approx(0.001 / 0.5, rel=0.1)


def test_narrow_towers_keep_the_cosines_that_fit() -> None:
    wide = static_towers(TOKENIZER, 64, counts(), seed=0)
    before = wide.encode_document(TEXTS[:6])
    narrow = narrowed(wide, tokenise(TOKENIZER, TEXTS), dim=6)
    after = narrow.encode_document(TEXTS[:6])
    assert after.shape == (6, 6)
    np.testing.assert_allclose(after @ after.T, before @ before.T, atol=1e-4)  # six vectors need six directions
    routes = narrow[0].sub_modules
    assert routes["query"][0] is routes["document"][0]


def test_any_static_folder_gives_tied_towers(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    SentenceTransformer(modules=[StaticEmbedding(TOKENIZER, embedding_dim=8)], device="cpu").save(str(tmp_path))
    model = towers_from(str(tmp_path), "static")
    np.testing.assert_allclose(model.encode_query(TEXTS[:3]), model.encode_document(TEXTS[:3]))
    plain = StaticEncoder.open(tmp_path)
    np.testing.assert_allclose(plain.encode_queries(TEXTS[:3]), model.encode_query(TEXTS[:3]), atol=1e-5)


def test_a_model2vec_folder_gives_towers(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    TOKENIZER.save(str(tmp_path / "tokenizer.json"))
    vectors = np.random.default_rng(0).standard_normal((SIZE, 8), np.float32)
    save_file({"embeddings": vectors}, tmp_path / "model.safetensors")
    row = towers_from(str(tmp_path), "static").encode_query(["usb"])[0]
    expected = vectors[TOKENIZER.encode("usb").ids].mean(axis=0)
    np.testing.assert_allclose(row, expected / np.linalg.norm(expected), atol=1e-5)


def test_towers_that_differ_are_read_each_from_its_own_folder(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Normalize, Router
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    sides = [[StaticEmbedding(TOKENIZER, embedding_dim=8)] for _ in range(2)]
    model = SentenceTransformer(modules=[Router.for_query_document(*sides), Normalize()], device="cpu")
    model.save(str(tmp_path))
    ours = StaticEncoder.open(tmp_path)
    np.testing.assert_allclose(ours.encode_queries(TEXTS[:4]), model.encode_query(TEXTS[:4]), atol=1e-5)
    np.testing.assert_allclose(ours.encode_items(TEXTS[:4]), model.encode_document(TEXTS[:4]), atol=1e-5)
    assert not np.allclose(ours.encode_items(TEXTS[:4]), ours.encode_queries(TEXTS[:4]))


def test_weights_that_are_not_those_of_the_card(tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    static_towers(TOKENIZER, 8, counts(), seed=0).save(str(tmp_path))
    template = ItemTemplate()
    identity = encoder_id(tmp_path, template, VIEWS_VERSION)
    ModelCard("m", identity, "static", 8, template, VIEWS_VERSION, "").write(tmp_path)
    assert StaticEncoder.open(tmp_path).encoder_id == identity
    path = next(tmp_path.rglob("model.safetensors"))
    save_file({name: value[::-1].copy() for name, value in load_file(path).items()}, path)
    for encoder in (StaticEncoder, SentenceTransformerEncoder):
        with pytest.raises(MismatchError, match="files have changed"):
            encoder.open(tmp_path)


def test_a_name_that_is_no_folder_is_asked_for_once_and_briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def unreachable(_: object, name: str, timeout: float) -> None:
        asked.append((name, timeout))
        raise ConnectionError

    monkeypatch.setattr("huggingface_hub.HfApi.model_info", unreachable)
    with pytest.raises(UsageError, match="'no-such-model' is not a folder"):
        towers_from("no-such-model", "static")
    assert [name for name, _ in asked] == ["sentence-transformers/no-such-model", "no-such-model"]
    assert all(timeout <= 5 for _, timeout in asked)


def test_folders_that_are_damaged_or_not_there(tmp_path: Path) -> None:
    with pytest.raises(MissingPart, match="no model"):
        StaticEncoder.open(tmp_path / "nowhere")
    static_towers(TOKENIZER, 8, counts(), seed=0).save(str(tmp_path / "m"))
    for name in ("model.safetensors", "tokenizer.json"):
        path = next((tmp_path / "m").rglob(name))
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(UsageError, match="damaged"):
            StaticEncoder.open(tmp_path / "m")
        path.unlink()
        with pytest.raises(UsageError, match="damaged"):
            StaticEncoder.open(tmp_path / "m")
        path.write_bytes(whole)
