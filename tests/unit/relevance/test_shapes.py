"""What models are asked to answer about a pair: no intent, answer or grade that we do not know gets through."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai import pydantic_function_tool
from pydantic import BaseModel, ValidationError

from semsearch import wiring
from semsearch.records import INTENTS
from semsearch.relevance.shapes import MET, NAME, BareFacets, Facets, SaidFacet

FACET = {"intent": "product", "asked": "에어팟", "met": "met"}
GOOD = {"reasoning": "They are AirPods.", "facets": [FACET]}


def read(shape: type[BaseModel], value: object) -> Any:
    return shape.model_validate_json(json.dumps(value), strict=True)


def test_a_good_answer():
    said = read(Facets, GOOD)
    assert [(each.intent, each.asked, MET[each.met]) for each in said.facets] == [("product", "에어팟", True)]
    assert read(Facets, GOOD | {"facets": []}).facets == []
    assert read(BareFacets, {"facets": [FACET]}).facets == said.facets


@pytest.mark.parametrize(
    "changed",
    [
        {"intent": "colour"},
        {"intent": "Product"},
        {"met": "yes"},
        {"met": True},
        {"met": None},
        {"met": 3},
        {"asked": None},
        {"grade": 2},
    ],
)
def test_a_facet_that_we_do_not_know_spoils_the_whole_answer(changed: dict):
    with pytest.raises(ValidationError):
        read(Facets, GOOD | {"facets": [FACET, FACET | changed]})


@pytest.mark.parametrize("changed", [{"grade": 3}, {"facets": None}, {"facets": FACET}, {"reasoning": None}])
def test_a_model_names_facets_and_never_a_grade(changed: dict):
    with pytest.raises(ValidationError):
        read(Facets, GOOD | changed)


@pytest.mark.parametrize("missing", GOOD)
def test_nothing_may_be_left_out(missing: str):
    with pytest.raises(ValidationError):
        read(Facets, {name: value for name, value in GOOD.items() if name != missing})


def test_reasoning_comes_before_the_answer_or_not_at_all():
    assert list(Facets.model_fields) == ["reasoning", "facets"]
    assert list(BareFacets.model_fields) == ["facets"]


def test_the_words_are_those_of_the_records():
    choices = {name: field.annotation.__args__ for name, field in SaidFacet.model_fields.items() if name != "asked"}
    assert choices == {"intent": INTENTS, "met": tuple(MET)}


@pytest.mark.parametrize("shape", [Facets, BareFacets])
def test_schemas_are_strict_and_carry_no_words_of_ours(shape: type[BaseModel]):
    schema = pydantic_function_tool(shape)["function"]["parameters"]
    for each in (schema, *schema["$defs"].values()):
        assert each["additionalProperties"] is False
        assert each["required"] == list(each["properties"])
    assert "description" not in json.dumps(schema) and "default" not in json.dumps(schema)


def test_prompts_may_ask_for_it():
    assert wiring.known_outputs()[NAME] == ("reasoning", "facets")
