"""Pipelines that are asked with something else than plain typed text, from a model's card to the command line.

The towers are untrained: random token directions, so that a shared token is all that brings two sides together.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from semsearch import wiring
from semsearch.cli.app import app
from semsearch.errors import MissingPart, UsageError
from semsearch.ingest.catalogue import Catalogue
from semsearch.ingest.importing import import_rows
from semsearch.records import ENGAGEMENTS
from semsearch.retrieval.actor import for_actor
from semsearch.retrieval.query_side import History
from semsearch.retrieval.similar import similar
from semsearch.retrieval.why import why
from semsearch.text.views import VIEWS_VERSION
from semsearch.towers.card import ModelCard, encoder_id
from semsearch.towers.features import tokenise
from semsearch.towers.schema.fitting import fitted
from semsearch.towers.schema.reading import parse_schema
from semsearch.towers.tokenizer import train_tokenizer
from semsearch.workspace import Workspace

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ITEMS = pl.DataFrame(
    {
        "item_id": ["i1", "i2", "i3", "i4"],
        "title": ["red mug", "red mug blue", "green lamp", "red lamp"],
        "category": ["cups", "cups", "lamps", "lamps"],
        "region_id": ["011", "012", "011", "013"],
    }
)
LOG = pl.DataFrame(
    [
        {"ts": "2026-01-01T00:00:00Z", "actor_id": "ann", "kind": "click", "item_id": "i1", "query": "mug"},
        {"ts": "2026-01-02T00:00:00Z", "actor_id": "ann", "kind": "impression", "item_id": "i2", "query": "mug"},
        {"ts": "2026-05-01T00:00:00Z", "actor_id": "ann", "kind": "chat", "item_id": "i3", "query": None},
        {"ts": "2026-01-03T00:00:00Z", "actor_id": "bob", "kind": "purchase", "item_id": "i4", "query": None},
        {"ts": "2026-01-03T00:00:00Z", "actor_id": "eve", "kind": "search", "item_id": None, "query": "mug"},
    ]
)
EVENTS = LOG.with_columns(pl.col("ts").str.to_datetime(time_zone="UTC"))

TYPED = {
    "query": {"of": "query", "features": {"text": {"column": "query", "type": "text"}}},
    "item": {"features": {"title": {"type": "text"}}},
}
REGION = {"column": "region_id", "type": "category", "min_count": 1}
WITH_REGION = {side: {**held, "features": held["features"] | {"region": REGION}} for side, held in TYPED.items()}
CATEGORY = {"type": "category", "min_count": 1}
SIMILAR = {"query": {"of": "item", "features": {"category": CATEGORY}}, "item": {"features": {"category": CATEGORY}}}
FOR_YOU = {
    "query": {
        "of": "actor",
        "groups": {"recent": {"transform": "as_of", "columns": ["item_id", "category"]}},
        "features": {"categories": {"column": "recent.category", "type": "list", "as": "category"}},
    },
    "item": {"features": {"category": CATEGORY, "title": {"type": "text"}}},
}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace.create(tmp_path / "market")
    ITEMS.write_csv(tmp_path / "items.csv")
    LOG.write_csv(tmp_path / "log.csv")
    import_rows(made, "items", [tmp_path / "items.csv"], now=NOW)
    import_rows(made, "interactions", [tmp_path / "log.csv"], now=NOW)
    return made


def publish(workspace: Workspace, schema: dict, pipeline: str) -> str:
    """Untrained towers of this schema, served by `pipeline`."""
    pytest.importorskip("torch")
    from semsearch.towers.model import static_towers

    items = Catalogue(workspace).items()
    asked = pl.DataFrame(
        {"query": ["red"], "region_id": ["011"], "actor_id": ["ann"], "anchor_id": ["i1"], "asked_at": [NOW]}
    )
    features = fitted(parse_schema(schema), asked, items, EVENTS)
    texts = features.texts(items)
    tokenizer = train_tokenizer([*texts, *["red green blue mug lamp"] * 5], 200, features.tokens)
    folder = workspace.model_path(f"m-{pipeline}")
    counts = np.bincount(tokenise(tokenizer, texts).ids, minlength=tokenizer.get_vocab_size())
    static_towers(tokenizer, 256, counts, seed=0).save(str(folder), create_model_card=False)
    identity = encoder_id(folder, features, VIEWS_VERSION)
    ModelCard(folder.name, identity, "static", 256, features, VIEWS_VERSION, "").write(folder)
    manifest = wiring.build(workspace, pipeline=pipeline, model_id=folder.name, now=NOW)
    with workspace.writing():
        workspace.publish(manifest.release_id, pipeline, now=NOW)
    return manifest.release_id


def test_the_card_brings_its_features_back(workspace: Workspace) -> None:
    publish(workspace, FOR_YOU, "for_you")
    card = ModelCard.read(workspace.model_path("m-for_you"))
    assert card.features.of == "actor"
    assert card.features.tokens == ["[category:other]", "[category:cups]", "[category:lamps]"]
    path = workspace.model_path("m-for_you") / "semsearch.json"
    path.write_text(path.read_text().replace("cups", "mugs"))
    with pytest.raises(UsageError, match="files have changed"):  # an edited card cannot mix vectors
        wiring.open_encoder(workspace, "m-for_you", wiring.load_settings(workspace))


def test_typed_text_takes_the_searchers_region_along(workspace: Workspace) -> None:
    publish(workspace, WITH_REGION, "near")
    searcher = wiring.open_searcher(workspace, pipeline="near")
    plain = searcher.search("mug", now=NOW, mode="dense")
    assert {h.item_id for h in plain.hits[:2]} == {"i1", "i2"}
    here = searcher.search("red", now=NOW, mode="dense", near_region="013")
    assert [h.item_id for h in here.hits] == ["i4"]
    both = searcher.legs("red", "dense", 4, None, region_id="013", now=NOW)
    assert both.dense.rows[0] == 3  # i4: red, and the very same region
    forged = searcher.legs("lamp [region:012]", "dense", 4, None)
    assert forged.dense.rows[0] in (2, 3)  # a lamp, not i2 of region 012
    assert searcher.search("!!", now=NOW, near_region="011").hits == ()


def test_similar_asks_the_query_tower_with_the_item(workspace: Workspace) -> None:
    publish(workspace, SIMILAR, "like_this")
    searcher = wiring.open_searcher(workspace, pipeline="like_this")
    found = similar(searcher, "i1", now=NOW, k=1)
    assert [h.item_id for h in found.hits] == ["i2"]
    assert searcher.ranked("i3", now=NOW, k=2).rows.tolist() == [2, 3]
    assert searcher.ranked("i9", now=NOW).rows.size == 0
    with pytest.raises(UsageError, match="has no item 'i9'"):
        similar(searcher, "i9", now=NOW)


def test_an_actor_gets_what_is_like_his_recent_items_and_new_to_him(workspace: Workspace) -> None:
    publish(workspace, FOR_YOU, "for_you")
    searcher = wiring.open_searcher(workspace, pipeline="for_you", once=True)
    ann = for_actor(searcher, "ann", now=NOW, k=1)
    # before March ann clicked i1, a cup; the impression of i2 is no engagement, the chat about i3 is still to come
    assert ([h.item_id for h in ann.hits], ann.n_engaged) == (["i2"], 1)
    assert "i1" not in [h.item_id for h in for_actor(searcher, "ann", now=NOW).hits]
    later = for_actor(searcher, "ann", now=datetime(2026, 6, 1, tzinfo=UTC))
    assert {h.item_id for h in later.hits} == {"i2", "i4"}
    assert [h.item_id for h in for_actor(searcher, "bob", now=NOW, where="region_id = '011'", k=1).hits] == ["i3"]
    assert searcher.ranked("bob", now=NOW, k=4).rows[0] in (2, 3)
    assert searcher.ranked("eve", now=NOW).rows.size == 0
    with pytest.raises(UsageError, match="nothing that actor 'eve'"):
        for_actor(searcher, "eve", now=NOW)
    with pytest.raises(UsageError, match="at least 1"):
        for_actor(searcher, "ann", now=NOW, k=0)


def test_a_question_of_another_kind_is_refused(workspace: Workspace) -> None:
    publish(workspace, FOR_YOU, "for_you")
    publish(workspace, TYPED, "default")
    actors = wiring.open_searcher(workspace, pipeline="for_you")
    with pytest.raises(UsageError, match=r"'for_you' is asked with an actor, not with typed text.*\n.*search --actor"):
        actors.search("mug", now=NOW)
    with pytest.raises(UsageError, match="not with typed text"):
        why(actors, "mug", "i1", now=NOW)
    assert actors.search("mug", now=NOW, mode="lexical").hits  # words need no tower
    assert similar(actors, "i1", now=NOW, k=1).hits[0].item_id == "i2"  # by the item tower
    typed = wiring.open_searcher(workspace)
    with pytest.raises(UsageError, match="'default' is asked with typed text, not with an actor"):
        for_actor(typed, "ann", now=NOW)


def test_the_command_line_answers_actors(workspace: Workspace) -> None:
    publish(workspace, FOR_YOU, "for_you")

    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["search", "-w", str(workspace.root), "--pipeline", "for_you", *words])
        return done.exit_code, done.output + str(done.exception or "")

    code, told = run("--actor", "bob", "--json")
    assert code == 0
    assert json.loads(told)["hits"][0]["item_id"] == "i3"
    for words, message in (
        (("--actor", "bob", "mug"), "--actor does not go with a QUERY"),
        (("--actor", "bob", "--mode", "dense"), "--actor does not go with --mode"),
        ((), "nothing to search for"),
        (("--actor", "eve"), "nothing that actor 'eve'"),
        (("mug",), "asked with an actor"),
    ):
        code, told = run(*words)
        assert code != 0
        assert message in told


def test_the_next_step_goes_with_the_pipeline(workspace: Workspace) -> None:
    def served(schema: dict, pipeline: str) -> str:
        release_id = publish(workspace, schema, pipeline)
        done = CliRunner().invoke(
            app, ["release", "publish", release_id, "-w", str(workspace.root), "--pipeline", pipeline]
        )
        return done.output.partition("Next: ")[2]

    assert "--actor ACTOR_ID" in served(FOR_YOU, "for_you")
    assert "similar" in (told := served(SIMILAR, "like_this"))
    assert told.strip().endswith("i1")


def test_one_actor_or_all_of_them() -> None:
    log = EVENTS.filter(pl.col("kind").is_in(ENGAGEMENTS)).lazy()
    for actor_id in ("ann", "bob", "nobody"):
        one, every = History(log, once=True).of(actor_id), History(log).of(actor_id)
        assert one.equals(every)
    assert History(log).of("ann")["item_id"].to_list() == ["i1", "i3"]
    assert History(log.head(0)).of("ann").height == 0


def test_without_a_log(tmp_path: Path) -> None:
    bare = Workspace.create(tmp_path / "bare")
    with pytest.raises(MissingPart, match="No interactions"):
        wiring.open_history(bare)
