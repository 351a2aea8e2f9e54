"""Every encoder against one suite: shapes, length, order, chunking, empty texts, identity."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from semsearch.errors import MissingService, UsageError
from semsearch.llm.embeddings import BATCH, OpenAIEncoder
from semsearch.settings import LlmSettings
from semsearch.towers.encoder import Encoder
from semsearch.towers.model import static_towers, tied
from semsearch.towers.static import StaticEncoder, is_static
from semsearch.towers.tokenizer import train_tokenizer
from semsearch.towers.transformer import SentenceTransformerEncoder

_found = importlib.util.spec_from_file_location("embeddings_server", Path(__file__).with_name("embeddings_server.py"))
served = importlib.util.module_from_spec(_found)
_found.loader.exec_module(served)

TEXTS = [
    "usb hub 4 port",
    "나이키에어맥스 270",
    "",
    "아이폰 14 프로",
    "usb  hub",
    " ",
    "wireless mouse black",
    "ㅋㅋㅋ",
]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("models")
    static_towers(train_tokenizer(TEXTS * 3, 500), 16, np.ones(500, np.int64)[: _size()], 0).save(str(root / "static"))
    _tiny_transformer(root / "bert").save(str(root / "transformer"))
    return {"static": root / "static", "transformer": root / "transformer"}


def _size() -> int:
    return train_tokenizer(TEXTS * 3, 500).get_vocab_size()


def _tiny_transformer(folder: Path):
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "usb", "hub", "4", "port", "wireless", "mouse", "black"]
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(words))
    BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    BertModel(BertConfig(vocab_size=len(words), **size)).save_pretrained(folder)
    return tied([Transformer(str(folder)), Pooling(16)])


@pytest.fixture(params=["static", "sentence-transformers", "transformer", "openai"])
def encoder(request: pytest.FixtureRequest, folders: dict[str, Path]):
    if request.param == "static":
        yield StaticEncoder.open(folders["static"])
    elif request.param == "openai":
        with served.Server() as server:
            yield OpenAIEncoder.open(LlmSettings(base_url=server.url, embedding_model=served.MODEL))
    else:
        name = "transformer" if request.param == "transformer" else "static"
        yield SentenceTransformerEncoder.open(folders[name])


def test_rows_are_normalised_float32_and_blank_texts_are_zero(encoder: Encoder) -> None:
    for rows in (encoder.encode_queries(TEXTS), encoder.encode_items(TEXTS)):
        assert rows.shape == (len(TEXTS), encoder.dim)
        assert rows.dtype == np.float32
        lengths = np.linalg.norm(rows, axis=1)
        assert lengths[[2, 5]].tolist() == [0, 0]
        np.testing.assert_allclose(lengths[[0, 4, 6]], 1, atol=1e-5)


def test_chunks_and_order_do_not_matter(encoder: Encoder) -> None:
    whole = encoder.encode_items(TEXTS)
    alone = np.concatenate([encoder.encode_items([text]) for text in TEXTS])
    turned = encoder.encode_items(TEXTS[::-1])[::-1]
    np.testing.assert_allclose(alone, whole, atol=1e-5)
    np.testing.assert_allclose(turned, whole, atol=1e-5)


def test_nothing_gives_no_rows(encoder: Encoder) -> None:
    assert encoder.encode_queries([]).shape == (0, encoder.dim)
    assert encoder.encode_items(["", " "]).tolist() == [[0.0] * encoder.dim] * 2


def test_identity_stays_and_meets_the_port(encoder: Encoder) -> None:
    assert isinstance(encoder, Encoder)
    assert encoder.encoder_id == encoder.encoder_id
    assert len(encoder.encoder_id) == 16


def test_a_static_folder_has_one_identity_and_one_set_of_rows_whoever_reads_it(folders: dict[str, Path]) -> None:
    ours, theirs = StaticEncoder.open(folders["static"]), SentenceTransformerEncoder.open(folders["static"])
    assert ours.encoder_id == theirs.encoder_id
    np.testing.assert_allclose(ours.encode_items(TEXTS), theirs.encode_items(TEXTS), atol=1e-5)
    np.testing.assert_allclose(ours.encode_queries(TEXTS), theirs.encode_queries(TEXTS), atol=1e-5)
    assert is_static(folders["static"])
    assert not is_static(folders["transformer"])
    with pytest.raises(UsageError, match="not static"):
        StaticEncoder.open(folders["transformer"])


# --- the embeddings endpoint ------------------------------------------------------------------


@pytest.fixture
def server():
    with served.Server() as running:
        yield running


def _open(url: str, **settings: object) -> OpenAIEncoder:
    return OpenAIEncoder.open(LlmSettings(base_url=url, **({"embedding_model": served.MODEL} | settings)))


def test_endpoint_rows_are_those_of_the_model(server) -> None:
    expected = np.array(served.vector("usb hub", served.DIM))
    rows = _open(server.url).encode_queries(["mouse", "usb hub"])
    np.testing.assert_allclose(rows[1], expected / np.linalg.norm(expected), atol=1e-6)


def test_endpoint_that_answers_plain_floats(server) -> None:
    encoded = _open(server.url).encode_items(["usb hub"])
    server.encodes = False
    np.testing.assert_allclose(_open(server.url).encode_items(["usb hub"]), encoded, atol=1e-6)


def test_endpoint_gets_batches_without_blank_texts(server) -> None:
    texts = [f"item {i}" if i % 3 else "" for i in range(2 * BATCH)]
    rows = _open(server.url).encode_items(texts)
    sent = [len(body["input"]) for body in server.requests[1:]]  # the first request asks for the canaries
    assert sent == [BATCH, sum(map(bool, texts)) - BATCH]
    assert (np.linalg.norm(rows, axis=1) > 0).tolist() == [bool(text) for text in texts]


def test_identity_names_model_and_dim(server, monkeypatch: pytest.MonkeyPatch) -> None:
    first = _open(server.url).encoder_id
    small = _open(server.url, embedding_dim=8)
    assert small.dim == 8
    assert len({first, small.encoder_id, _open(server.url).encoder_id}) == 2
    swapped = lambda text, dim: [float(len(text)), *([1.0] * (dim - 1))]  # noqa: E731
    monkeypatch.setattr(served, "vector", swapped)
    assert _open(server.url).encoder_id != first


def test_no_key_for_the_default_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(MissingService, match="OPENAI_API_KEY") as caught:
        OpenAIEncoder.open(LlmSettings())
    assert caught.value.exit_code == 4


def test_refused_key(server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "wrong-key")
    with pytest.raises(MissingService, match="refuses the key"):
        _open(server.url).encode_queries(["x"])


def test_texts_follow_no_redirect(server) -> None:
    with served.Server() as other:
        server.elsewhere = other.url.removesuffix("/v1")
        with pytest.raises(MissingService, match="embeddings endpoint"):
            _open(server.url).encode_queries(["x"])
        assert not other.requests


def test_no_proxy_stands_before_a_local_endpoint(server, monkeypatch: pytest.MonkeyPatch) -> None:
    with served.Server() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        _open(server.url).encode_queries(["x"])
        assert server.requests and not proxy.requests


def test_the_list_of_hosts_holds_for_embeddings_too() -> None:
    with pytest.raises(UsageError, match=r"'listing' may go to local, not to models\.example(?s:.*)Next: "):
        _open("https://models.example/v1", allow={"default": ("local",)})


def test_unknown_model(server) -> None:
    with pytest.raises(MissingService, match="no model 'none-such'"):
        _open(server.url, embedding_model="none-such").encode_queries(["x"])


def test_endpoint_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with served.Server() as gone:
        url = gone.url
    encoder = _open(url)
    encoder._client.max_retries = 0
    with pytest.raises(MissingService, match="cannot be reached"):
        encoder.encode_queries(["x"])


@pytest.mark.parametrize(
    "answer",
    [
        {"object": "list", "model": "m", "data": [], "usage": {"prompt_tokens": 1, "total_tokens": 1}},
        {"hello": "world"},
        [],
        "text",
        {"object": "list", "data": [{"object": "embedding", "index": i, "embedding": [0.0, 0.0]} for i in range(4)]},
    ],
    ids=["no vectors", "another object", "a list", "a string", "zero vectors"],
)
def test_answers_that_are_no_vectors(server, answer: object) -> None:
    server.broken = answer
    with pytest.raises(MissingService, match="answer"):
        _open(server.url).encode_queries(["x"])
