"""What models are asked to answer: shapes that strict structured outputs take, and nothing that is guessed."""

from __future__ import annotations

import json

import pytest
from openai import pydantic_function_tool
from pydantic import ValidationError

from semsearch.spam.shapes import SHAPES, SpamVerdict

GOOD = {"reasoning": "as shops do", "quotes": ["문의"], "is_spam": True}


def objects(schema: dict):
    if schema.get("type") == "object":
        yield schema
    for value in schema.values():
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, dict):
                yield from objects(part)


@pytest.mark.parametrize("name", SHAPES)
def test_schemas_are_strict_and_carry_no_words_of_ours(name: str):
    schema = pydantic_function_tool(SHAPES[name])["function"]["parameters"]
    found = list(objects(schema))
    assert found
    for each in found:
        assert each["additionalProperties"] is False
        assert each["required"] == list(each["properties"])
    assert "description" not in json.dumps(schema) and "default" not in json.dumps(schema)


def test_reasoning_comes_before_the_answer():
    assert list(SHAPES["spam.verdict"].model_fields) == ["reasoning", "quotes", "is_spam"]
    assert list(SHAPES["spam.feature"].model_fields) == ["reasoning", "present"]


@pytest.mark.parametrize(
    "changed",
    [
        {"is_spam": "yes"},
        {"is_spam": 1},
        {"quotes": "문의"},
        {"quotes": None},
        {"reasoning": None},
        {"confidence": 0.9},
    ],
)
def test_what_is_not_said_is_not_guessed(changed: dict):
    with pytest.raises(ValidationError):
        SpamVerdict.model_validate_json(json.dumps(GOOD | changed))


@pytest.mark.parametrize("missing", GOOD)
def test_nothing_may_be_left_out(missing: str):
    with pytest.raises(ValidationError):
        SpamVerdict.model_validate_json(json.dumps({name: value for name, value in GOOD.items() if name != missing}))


def test_null_is_an_abstention():
    assert SpamVerdict.model_validate_json(json.dumps(GOOD | {"is_spam": None})).is_spam is None
