"""The tactics as factors, and the rubric as the prompts tell it: the code in them is run against the rule itself."""

from __future__ import annotations

import re
from itertools import combinations_with_replacement, product
from typing import Any

import pytest

from semsearch.errors import UsageError
from semsearch.llm.prompts import Prompts
from semsearch.llm.prompts.templates import rendered
from semsearch.records import INTENTS, Facet
from semsearch.relevance.asking.variants import TACTICS, Variant, ablations
from semsearch.relevance.rubric import grade
from semsearch.relevance.shapes import MET, NAME

PROMPTS = Prompts.open(None)
VARIANTS = [Variant(*switches) for switches in product((True, False), repeat=len(TACTICS))]


def system(variant: Variant) -> str:
    return rendered(PROMPTS.get(variant.prompt_id).system, variant.own)


def test_each_variant_has_its_name_its_prompt_hash_and_its_words():
    assert len({each.name for each in VARIANTS}) == 16
    assert [Variant.named(each.name) for each in VARIANTS] == VARIANTS
    assert len({each.hash_of(PROMPTS.get(each.prompt_id)) for each in VARIANTS}) == 16
    assert len({(each.shape, system(each)) for each in VARIANTS}) == 8  # examples stand in the user message
    assert Variant().name == "whole"
    assert Variant().hash_of(PROMPTS.get("relevance-facets")) == PROMPTS.get("relevance-facets").prompt_hash


def test_an_ablation_switches_one_tactic_off():
    assert [each.name for each in ablations()] == ["whole", "no-reasoning", "no-english", "no-code", "no-examples"]


@pytest.mark.parametrize("name", ["", "code", "no-", "no-luck", "no-code+no-reasoning", "whole+no-code", "no-code+"])
def test_a_variant_has_one_name(name: str):
    with pytest.raises(UsageError, match="There is no variant") as refused:
        Variant.named(name)
    assert "no-reasoning, no-english, no-code, no-examples" in refused.value.next_step


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda each: each.name)
def test_every_variant_asks_for_what_its_shape_has(variant: Variant):
    told = system(variant)
    assert PROMPTS.get(variant.prompt_id).output == NAME
    assert all(f'"{field}"' in told for field in variant.shape.model_fields)
    assert ('"reasoning"' in told) is variant.reasoning
    assert all(f'"{word}"' in told for word in (*INTENTS, *MET))


@pytest.mark.parametrize("prompt_id", ["relevance-facets", "relevance-facets-ko"])
def test_the_code_that_a_model_reads_is_the_rule(prompt_id: str):
    (code,) = re.findall(r"```python\n(.*?)```", PROMPTS.get(prompt_id).system, re.S)
    told: dict[str, Any] = {}
    exec(code, told)
    assert told["INTENTS"] == list(INTENTS)
    for n in range(5):
        for kinds in combinations_with_replacement(tuple(product(INTENTS, MET)), n):
            found = grade([Facet(intent, f"x{i}", MET[met]) for i, (intent, met) in enumerate(kinds)])
            facets = [{"intent": intent, "asked": "x", "met": met} for intent, met in kinds]
            assert told["grade"](facets) == (found.low, found.high), kinds


def test_both_languages_take_the_same_variables_and_parameters():
    english, korean = PROMPTS.get("relevance-facets"), PROMPTS.get("relevance-facets-ko")
    assert english.variables == korean.variables
    assert (english.parameters, english.role, english.output) == (korean.parameters, korean.role, korean.output)
