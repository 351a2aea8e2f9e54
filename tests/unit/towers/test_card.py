from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from semsearch.errors import MismatchError, MissingPart, UsageError
from semsearch.text.views import VIEWS_VERSION
from semsearch.towers.card import CARD, ModelCard, encoder_id
from semsearch.towers.schema.fitting import fitted
from semsearch.towers.schema.reading import parse_schema
from semsearch.towers.schema.tokens import Features
from semsearch.towers.template import ItemTemplate


def _card(**changes) -> ModelCard:
    values = {"model_id": "m", "encoder_id": "e", "family": "static", "dim": 8, "template": ItemTemplate(body_chars=9)}
    return ModelCard(**values | {"views_version": VIEWS_VERSION, "trained_on": "d"} | changes)


def test_a_card_comes_back_as_it_was_written(tmp_path: Path) -> None:
    card = _card(metrics={"n_steps": 3})
    card.write(tmp_path)
    assert ModelCard.read(tmp_path) == card


def _with_regions() -> Features:
    schema = parse_schema({"item": {"features": {"region_id": {"type": "category", "min_count": 1}}}})
    return fitted(schema, pl.DataFrame({"query": ["usb"]}), pl.DataFrame({"region_id": ["011", "012"]}))


def test_a_card_keeps_a_fitted_schema_and_one_from_before_has_plain_features(tmp_path: Path) -> None:
    features = _with_regions()
    _card(template=features).write(tmp_path)
    held = ModelCard.read(tmp_path)
    assert held.features.tokens == features.tokens == ["[region_id:other]", "[region_id:011]", "[region_id:012]"]
    assert held == _card(template=features)
    assert _card().features.is_plain
    assert _card().features.listing == ItemTemplate(body_chars=9)
    _card(template=Features.plain(ItemTemplate(body_chars=9))).write(tmp_path)
    assert ModelCard.read(tmp_path) == _card()  # the very same file as before there were schemas


def test_the_identity_covers_schema_and_state(tmp_path: Path) -> None:
    features = _with_regions()
    first = encoder_id(tmp_path, features, "1")
    assert first != encoder_id(tmp_path, ItemTemplate(), "1") == encoder_id(tmp_path, Features.plain(), "1")
    words = {"region_id": {**features.state["names"]["region_id"], "words": ["011"]}}
    assert encoder_id(tmp_path, Features(features.schema, {**features.state, "names": words}), "1") != first
    again = Features.from_dict(json.loads(json.dumps(features.as_dict())))
    assert encoder_id(tmp_path, again, "1") == first


def test_no_card_a_damaged_card_and_another_view(tmp_path: Path) -> None:
    with pytest.raises(MissingPart, match="semsearch train"):
        ModelCard.read(tmp_path)
    _card(views_version="0").write(tmp_path)
    with pytest.raises(MismatchError, match="text view 0"):
        ModelCard.read(tmp_path)
    for damaged in (
        "{",
        "[]",
        '{"format": 1}',
        '{"format": 1, "template": {"colour": 1}}',
        '{"format": 1, "template": {"schema": {}}}',
    ):
        (tmp_path / CARD).write_text(damaged)
        with pytest.raises(UsageError):
            ModelCard.read(tmp_path)


def test_identity_changes_with_all_that_decides_a_vector_and_with_nothing_else(tmp_path: Path) -> None:
    weights = tmp_path / "query_0_StaticEmbedding" / "model.safetensors"
    weights.parent.mkdir()
    config = tmp_path / "config_sentence_transformers.json"

    def identity(template: ItemTemplate | None = None, views: str = "1") -> str:
        return encoder_id(tmp_path, template or ItemTemplate(), views)

    weights.write_bytes(b"1")
    config.write_text(json.dumps({"__version__": {"torch": "1"}, "prompts": {}}))
    first = identity()
    config.write_text(json.dumps({"__version__": {"torch": "2"}, "prompts": {}}))
    (tmp_path / "README.md").write_text("hello")
    _card().write(tmp_path)
    assert identity() == first
    assert identity(ItemTemplate(body_chars=9)) != first
    assert identity(views="2") != first
    weights.write_bytes(b"2")
    assert identity() != first
    weights.write_bytes(b"1")
    assert identity() == first
    config.write_text(json.dumps({"prompts": {"query": "query: "}}))
    assert identity() != first
