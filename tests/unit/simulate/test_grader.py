"""The scripted rule for relevance: what it takes words for, and what it finds of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from semsearch.simulate import judge
from semsearch.simulate.grader import QUERY, facets


def said(query: str, *item: str, heading: str = QUERY[0]) -> list[tuple[str, str, str]]:
    texts = [
        ("Other pairs:", "query: 나이키 item: 나이키 신발"),
        (heading, query),
        *(("Its title:", text) for text in item),
    ]
    return [(each["intent"], each["asked"], each["met"]) for each in facets(texts)["facets"]]


@pytest.mark.parametrize("heading", QUERY)
def test_words_are_brand_item_and_attributes_by_their_place(heading: str) -> None:
    told = said("나이키 운동화 260 흰색", "나이키 운 동화", "새것", heading=heading)
    assert told == [
        ("brand", "나이키", "met"),
        ("item", "운동화", "met"),  # however spaced
        ("attribute", "260", "not met"),  # a number is there or it is not
        ("attribute", "흰색", "cannot tell"),
    ]


def test_a_lone_word_is_the_item_and_a_repeated_one_is_one_facet() -> None:
    assert said("desk", "Chair") == [("item", "desk", "not met")]
    assert [asked for _, asked, _ in said("king of the hill of", "King of the Hill")] == ["king", "of", "the", "hill"]


def test_the_scripted_model_answers_the_prompt_of_relevance_with_it() -> None:
    user = "The query:\n\n<<TEXT:a>>\n¦desk ¦oak\n<<END:a>>\n\nIts title:\n\n<<TEXT:a>>\n¦oak ¦chair\n<<END:a>>"
    asked: dict[str, Any] = {
        "model": judge.JUDGE,
        "messages": [{"role": "system", "content": 'Answer with "facets".'}, {"role": "user", "content": user}],
    }
    told = json.loads(judge.completion(asked)["choices"][0]["message"]["content"])
    assert told["reasoning"] == "Scripted: of 2 words 1 stand in the item."
    assert [each["met"] for each in told["facets"]] == ["not met", "met"]
