"""Posts and circumstances that nobody wishes for: endless texts, floods, a changed encoder, a Slack that is down."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.contract import slack_server
from tests.contract.slack_server import CHANNELS, Trouble
from tests.e2e.program import run
from tests.e2e.test_moderation import START_S, stream, tables, written

from semsearch.workspace import Workspace


@pytest.fixture
def market(tmp_path: Path) -> Path:
    Workspace.create(tmp_path / "market")
    return tmp_path / "market"


def scan(market: Path, posts: list[dict[str, Any]], *options: str) -> dict[str, Any]:
    done = run("scan", "posts", written(market.parent / "posts.jsonl", posts), "-w", market, "--json", *options)
    assert done.code == 0, done.err
    return dict(json.loads(done.out))


def said(texts: list[str]) -> list[dict[str, Any]]:
    """A text a second, by as many people."""
    return [
        {"post_id": f"p{n}", "author_id": f"u{n}", "created_at": START_S + n, "text": text}
        for n, text in enumerate(texts)
    ]


def model(folder: Path, name: str, seed: int) -> None:
    """Static towers of random weights, as sentence-transformers keeps them."""
    from safetensors.numpy import save_file

    from semsearch.towers.tokenizer import train_tokenizer

    made = folder / "models" / name
    made.mkdir(parents=True)
    kind = "sentence_transformers.sentence_transformer.modules.StaticEmbedding"
    (made / "modules.json").write_text(json.dumps([{"idx": 0, "name": "0", "path": "", "type": kind}]))
    tokenizer = train_tokenizer(["명품 정품 보증", "급처 연락 주세요"] * 4, 100)
    tokenizer.save(str(made / "tokenizer.json"))
    weights = np.random.default_rng(seed).standard_normal((tokenizer.get_vocab_size(), 8)).astype(np.float32)
    save_file({"embedding.weight": weights}, made / "model.safetensors")


def settings(market: Path, text: str) -> None:
    (market / "semsearch.toml").write_text(text)


def test_ten_megabytes_of_one_word_and_texts_without_letters_are_no_campaign(market):
    texts = ["가나다라" * 850_000, "", "\u3164 ", *("ㅋ" * n for n in range(1, 200)), *["💸🔥"] * 50]
    summary = scan(market, said(texts))
    assert (summary["new"], summary["joined"], summary["alerts_raised"]) == (len(texts), 0, 0)


def test_a_flood_of_one_author_within_a_second_is_one_alert(market):
    text = "급처 명품 정품 보증 연락 주세요 선입금 할인"
    flood = [post | {"author_id": "one", "created_at": START_S} for post in said([text] * 3_000)]
    summary = scan(market, flood)
    assert (summary["joined"], summary["alerts_raised"]) == (3_000, 1)
    with closing(sqlite3.connect(market / "moderation.sqlite")) as database:
        assert database.execute("select distinct kind from alerts").fetchall() == [("repost",)]


def test_another_encoder_is_refused_until_a_person_says_so(market):
    for seed, name in enumerate(("old", "new")):
        model(market, name, seed)
    posts = stream(40)
    settings(market, '[campaigns]\nmodel = "old"\n')
    scan(market, posts[:30])
    settings(market, '[campaigns]\nmodel = "new"\n')
    refused = run("scan", "posts", written(market.parent / "posts.jsonl", posts), "-w", market)
    assert refused.code == 2
    assert "campaigns reembed" in refused.err
    assert run("campaigns", "reembed", "-w", market).code == 0
    summary = scan(market, posts)
    assert (summary["new"], summary["known"]) == (34, 30)
    assert len(tables(market)["alerts"]) == 1
    assert len({campaign for _, _, campaign, _ in tables(market)["members"]}) == 1


@pytest.mark.parametrize("command", [("campaigns", "reembed"), ("alerts", "retry")])
def test_there_is_nothing_to_go_on_with_where_nothing_was_scanned(market, command):
    settings(market, '[notify]\nsinks = ["jsonl"]\n')
    refused = run(*command, "-w", market)
    assert refused.code == 4
    assert "Next: semsearch scan posts" in refused.err
    assert not (market / "moderation.sqlite").exists()


def test_slack_down_for_a_whole_scan_changes_nothing_and_is_told_later(market, tmp_path, monkeypatch):
    monkeypatch.setenv("SLACK_BOT_TOKEN", slack_server.TOKEN)
    Workspace.create(tmp_path / "quiet")
    scan(tmp_path / "quiet", stream(300))
    with slack_server.Server() as slack:
        notify = f'sinks = ["slack"]\nslack_url = "{slack.url}"\nchannels = {{ default = "{CHANNELS["#abuse"]}" }}\n'
        settings(market, f"[notify]\n{notify}")
        slack.trouble = Trouble(503)
        scan(market, stream(300))
        assert tables(market) == tables(tmp_path / "quiet")
        assert slack.texts() == []
        slack.trouble = None
        assert run("alerts", "retry", "-w", market).code == 0
        assert len(slack.texts()) == 1
