"""The scripted model: what it reads, by which rule it answers, and that the openai package reads its answers."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx2
import pytest
from openai import AsyncOpenAI, NotFoundError
from openai.types.chat import ChatCompletion

from semsearch.simulate import judge
from semsearch.simulate.judge import TRAITS

ELSEWHERE, HURRY, PROOFS, FLAWLESS, NOWHERE = (trait.title for trait in TRAITS)
PRESSING = "¦문의는 ¦[PHONE_1] ¦오늘 ¦입금"
"""Talks elsewhere, in a hurry, names no flaw and no place: four traits."""
CALM = "¦작은 ¦얼룩 ¦있어요 ¦주말에 ¦만나요"


def text(words: str, nonce: str = "n0") -> str:
    return f"<<TEXT:{nonce}>>\n{words}\n<<END:{nonce}>>"


def said(field: str, *parts: str) -> dict[str, Any]:
    messages = [{"role": "system", "content": f'Answer with "{field}".'}, {"role": "user", "content": "\n".join(parts)}]
    body = judge.completion({"model": judge.JUDGE, "messages": messages})
    return dict(json.loads(ChatCompletion.model_validate(body).choices[0].message.content or ""))


def verdict(post: str, profile: str = "") -> dict[str, Any]:
    return said("is_spam", *([text(profile)] if profile else []), "The post:", text(post))


def test_marks_are_taken_out_before_anything_is_read() -> None:
    assert TRAITS[0].shown("ch¦at")[0] is False
    assert verdict("¦the ¦ch¦at")["quotes"] == ["the chat"]


def test_a_post_is_judged_by_the_traits_that_the_profile_names() -> None:
    profile = f"1. {ELSEWHERE}\n2. {HURRY}\n3. {FLAWLESS}"
    told = "talks elsewhere; presses for a quick decision; no fault and no wear"
    assert verdict(PRESSING, profile) == {
        "reasoning": f"Scripted: of 3 traits that it looks for it finds 3: {told}.",
        "quotes": ["[PHONE_1]", "오늘"],
        "is_spam": True,
    }
    assert verdict(PRESSING, f"1. {ELSEWHERE}\n2. {HURRY}")["is_spam"] is None  # two of two
    assert verdict(PRESSING, f"1. {PROOFS}\n2. {ELSEWHERE}\n3. {HURRY}\n4. {NOWHERE}")["is_spam"] is False  # no proofs
    assert verdict(PRESSING, "Nothing that it knows.")["is_spam"] is False
    assert verdict(PRESSING)["is_spam"] is True  # all traits, without a profile
    assert verdict(CALM, profile)["is_spam"] is False


def test_a_profile_names_what_more_sellers_show_the_widest_gap_first() -> None:
    """Of 4 and 4 posts: elsewhere 4 and 0, flawless 4 and 2, hurry 1 and 0, no place 2 and 2."""
    ordinary = [CALM, CALM, "¦택배만", "¦택배로"]
    sellers = ["¦[URL_1] ¦급매", "¦[URL_1]", "¦[URL_1] ¦주말에", "¦[URL_1] ¦주말에"]
    parts = ["Posts by ordinary people:", *map(text, ordinary), "Posts by professional sellers:", *map(text, sellers)]
    titles = [feature["title"] for feature in said("features", *parts)["features"]]
    assert titles == [ELSEWHERE, FLAWLESS, HURRY]
    assert said("features", parts[0], text(CALM), parts[5], text(CALM)) == {"features": []}


def test_one_feature_is_looked_for_alone() -> None:
    assert said("present", text(f"{HURRY}: …"), text(PRESSING)) == {"reasoning": "Scripted: 오늘.", "present": True}
    assert said("present", text(f"{HURRY}: …"), text(CALM))["present"] is False
    assert said("present", text("Sings."), text(CALM))["present"] is None


def test_a_prompt_without_a_rule_is_refused() -> None:
    body = judge.completion({"model": "m", "messages": [{"role": "system", "content": "Grade."}] * 2})
    message = ChatCompletion.model_validate(body).choices[0].message
    assert (message.content, bool(message.refusal)) == (None, True)


def test_the_client_of_the_openai_package_is_answered_and_nothing_but_chats() -> None:
    async def ask() -> ChatCompletion:
        http = httpx2.AsyncClient(transport=judge.transport())
        async with AsyncOpenAI(api_key="none", base_url=judge.BASE_URL, http_client=http, max_retries=0) as client:
            with pytest.raises(NotFoundError):
                await client.models.list()
            system = {"role": "system", "content": '"is_spam"'}
            user = {"role": "user", "content": text(PRESSING)}
            return await client.chat.completions.create(model=judge.JUDGE, messages=[system, user])  # type: ignore[list-item]

    answer = asyncio.run(ask())
    assert answer.model == judge.JUDGE and answer.usage and answer.usage.total_tokens > 0
    assert json.loads(answer.choices[0].message.content or "")["is_spam"] is True
