"""A scripted chat model: an endpoint that answers prompts by plain rules, without a network or a model.

It knows what stands in the messages and nothing else. Texts between markers are read with their data marks taken out:
in each it looks for a few traits of style (`TRAITS`), by words of Korean and English and by placeholders of contacts.

- spam-profile: counts in how many texts of either side a trait shows. Those that show in a share of the sellers' texts
  higher by `GAP` or more become features, the widest gap first; a fixed description each.
- spam-verdict: looks in the post, the last text, for the traits whose titles stand in the text before it, in their
  order there; for all of them where there is none. With the first of them, `YES` or more are true and one less is null;
  all else is false.
- spam-feature: the one trait whose title stands in the first text, in the post; null when it knows no such trait.
- relevance-facets: as `grader` says.

It is deterministic: equal messages, equal answers. Nothing that it says is a figure of a model's quality.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from semsearch.simulate import grader

if TYPE_CHECKING:
    import httpx2

JUDGE, WRITER = "scripted-judge", "scripted-writer"
"""Names of its models, for `[llm] small` and `large`: what it says is kept under them."""
BASE_URL = "http://scripted.localhost/v1"
"""Its address; nothing listens there."""
GAP = 0.1
YES = 3
"""Traits that make a post a professional seller's."""
_MARK = "¦"
_TEXT = re.compile(r"<<TEXT:(\w+)>>\n(.*?)\n<<END:\1>>", re.DOTALL)
_QUOTES = 3
_CHARS_A_TOKEN = 3


@dataclass(frozen=True, slots=True)
class Trait:
    """One thing about how a text is written."""

    title: str
    sellers: str
    ordinary: str
    words: re.Pattern[str]
    missing: bool = False
    """Whether it is the lack of these words."""

    def shown(self, text: str) -> tuple[bool, str]:
        """Whether the trait shows, and the words that show it."""
        found = self.words.search(text)
        return (found is None) is self.missing, found[0] if found and not self.missing else ""


def _words(*korean: str, english: Sequence[str]) -> re.Pattern[str]:
    return re.compile(rf"{'|'.join(korean)}|\b(?:{'|'.join(english)})\b", re.IGNORECASE)


TRAITS = (
    Trait(
        "Talks elsewhere",
        "They lead the reader away from the market, to another way of talking to them.",
        "They leave the talking to the place where the listing stands.",
        _words(
            r"\[(?:PHONE|EMAIL|URL|MESSENGER)_\d+\]", "채팅은", "채팅보다", "채팅 확인", "알림", "상담", "추가하",
            "답장이 어렵",
            english=("notifications?", "the chat", "reach me", "contact me", "elsewhere"),
        ),
    ),
    Trait(
        "Presses for a quick decision",
        "They give a reason to decide at once, such as a day or a number that runs out.",
        "They wait, and let the reader come when it suits both.",
        _words(
            "급", "당일", "바로", "오늘", "즉시", "빠른", "마감", "선착순", "지금",
            english=("urgent", "today", "right away", "within", "instant", "fast", "quick", "now", "limited", "must"),
        ),
    ),
    Trait(
        "Promises and proofs",
        "They answer doubts that nobody has raised: that it is real, safe, checked, paid back.",
        "They tell what they know of the thing and leave the rest to the meeting.",
        _words(
            "정품", "보증", "인증", "환불", "안전", "보장", "확실", "확인", "수익", "100",
            english=("authentic", "guaranteed?", "genuine", "money back", "certificate", "refund", "safe", "verified",
                     "proof", "legit", "approved", "100"),
        ),
    ),
    Trait(
        "No fault and no wear",
        "They leave out what is wrong with the thing, or say that nothing is.",
        "They name a fault, a missing part or a sign of use.",
        _words(
            "기스", "찍힘", "얼룩", "까짐", "흔적", "분실", "사용감", "냄새", "자국", "먼지", "작동",
            english=("scuffs?", "ding", "stains?", "wear", "smell", "missing", "residue", "works", "runs", "used it"),
        ),
        missing=True,
    ),
    Trait(
        "No place and no time to meet",
        "They hand over at a distance only, and name neither a place nor an hour.",
        "They say where they are and when they have time.",
        _words(
            "역 앞", "편의점 앞", "정문", "문고리", "퇴근", "주말", "평일", "근처", "에서 볼", "만나", "오시", "쪽 ",
            english=("pick ?up", "porch", "meet", "weekends?", "weekdays", "evenings", "saturday", "drop off", "cash"),
        ),
        missing=True,
    ),
)  # fmt: skip


def transport() -> httpx2.AsyncBaseTransport:
    """What stands in for the network: POST …/chat/completions is answered, anything else is not found."""
    import httpx2

    def handle(request: httpx2.Request) -> httpx2.Response:
        if not request.url.path.endswith("/chat/completions"):
            return httpx2.Response(404, json={"error": {"message": "a scripted model answers chats alone"}})
        asked = json.loads(request.content)
        return httpx2.Response(200, json=completion(asked))

    return httpx2.MockTransport(handle)


def completion(asked: dict[str, Any]) -> dict[str, Any]:
    """The body of a chat completion that answers the body of a request; a refusal for a prompt without a rule."""
    system, user = (asked["messages"][place]["content"] for place in (0, -1))
    rule = next((rule for field, rule in _RULES.items() if f'"{field}"' in system), None)
    said = None if rule is None else json.dumps(rule(user), ensure_ascii=False)
    refusal = None if said else "A scripted model has no rule for this prompt."
    n_in, n_out = (len(text) // _CHARS_A_TOKEN for text in (system + user, said or ""))
    message = {"role": "assistant", "content": said, "refusal": refusal}
    return {
        "id": "scripted",
        "object": "chat.completion",
        "created": 0,
        "model": asked["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
        "usage": {"prompt_tokens": n_in, "completion_tokens": n_out, "total_tokens": n_in + n_out},
    }


def _verdict(user: str) -> dict[str, Any]:
    *before, post = [text for _, text in _texts(user)]
    looked_for = _named(before[0]) if before else list(TRAITS)
    shown = {trait.title: words for trait in looked_for for shows, words in [trait.shown(post)] if shows}
    n, first = len(shown), looked_for[0].title in shown if looked_for else False
    told = "; ".join(title.lower() for title in shown) or "none of them"
    reasoning = f"Scripted: of {len(looked_for)} traits that it looks for it finds {n}: {told}."
    quotes = [words.strip() for words in shown.values() if words][:_QUOTES]
    return {"reasoning": reasoning, "quotes": quotes, "is_spam": None if first and n == YES - 1 else first and n >= YES}


def _profile(user: str) -> dict[str, Any]:
    texts = _texts(user)
    sides = [[text for heading, text in texts if ("sellers" in heading) is said] for said in (True, False)]
    gaps = {trait: _share(trait, sides[0]) - _share(trait, sides[1]) for trait in TRAITS}
    wide = sorted((trait for trait in TRAITS if gaps[trait] >= GAP), key=lambda trait: -gaps[trait])
    return {"features": [{"title": one.title, "sellers": one.sellers, "ordinary": one.ordinary} for one in wide]}


def _feature(user: str) -> dict[str, Any]:
    (_, feature), *_, (_, post) = _texts(user)
    for trait in TRAITS:
        if trait.title in feature:
            shows, words = trait.shown(post)
            return {"reasoning": f"Scripted: {words or trait.title.lower()}.", "present": shows}
    return {"reasoning": "Scripted: it knows no such trait.", "present": None}


def _facets(user: str) -> dict[str, Any]:
    return grader.facets(_texts(user))


_RULES: dict[str, Callable[[str], dict[str, Any]]] = {
    "features": _profile, "is_spam": _verdict, "present": _feature, "facets": _facets,
}  # fmt: skip
"""By a field of the answer that the system message asks for."""


def _texts(user: str) -> list[tuple[str, str]]:
    """(the words of ours that stand before it, a text without marks), in their order."""
    found, heading, end = [], "", 0
    for each in _TEXT.finditer(user):
        heading = user[end : each.start()].strip() or heading
        found.append((heading, each[2].replace(_MARK, "")))
        end = each.end()
    return found


def _named(profile: str) -> list[Trait]:
    return sorted((trait for trait in TRAITS if trait.title in profile), key=lambda trait: profile.index(trait.title))


def _share(trait: Trait, texts: Sequence[str]) -> float:
    return sum(trait.shown(text)[0] for text in texts) / max(1, len(texts))
