"""Answers to verdicts: what a model said of a post, in plain words, with the quotes that really stand in it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from semsearch.llm.answers import Answer
from semsearch.llm.guard.guard import clean
from semsearch.llm.guard.marking import unmarked
from semsearch.records import Post, Verdict
from semsearch.spam.shapes import SpamVerdict
from semsearch.store.verdicts import text_of

UNDECIDED = "undecided"
"""Why a good answer is an abstention: the model says that it cannot be told."""


def read(
    post: Post, answers: Sequence[tuple[str, Answer[SpamVerdict]]], *, max_chars: int, at: datetime
) -> tuple[tuple[Verdict, ...], int]:
    """A verdict for each (profile_id, answer) of a post, and how many quotes were left out as nowhere in it.

    `max_chars` is how much of the post was sent.
    """
    quoted = [unmarked(quote) for _, answer in answers if answer.value for quote in answer.value.quotes]
    standing = _standing(post.text, quoted, max_chars)
    verdicts = tuple(_verdict(post, profile_id, answer, standing, at) for profile_id, answer in answers)
    return verdicts, sum(quote not in standing for quote in quoted)


def unasked(post: Post, profile_id: str, prompt_hash: str, cause: str, at: datetime) -> Verdict:
    """The abstention of a post that was not sent: no model said anything."""
    about = (*text_of(post), post.author_id, post.created_at, profile_id, prompt_hash)
    return Verdict(*about, model="", is_spam=None, cause=cause, at=at)


def _verdict(
    post: Post, profile_id: str, answer: Answer[SpamVerdict], standing: Collection[str], at: datetime
) -> Verdict:
    said = answer.value
    quotes = [unmarked(quote) for quote in said.quotes] if said else []
    return Verdict(
        *text_of(post),
        author_id=post.author_id,
        posted_at=post.created_at,
        profile_id=profile_id,
        prompt_hash=answer.prompt_hash,
        model=answer.model,
        is_spam=said.is_spam if said else None,
        reason=unmarked(said.reasoning) if said else answer.detail,
        quotes=tuple(dict.fromkeys(quote.strip() for quote in quotes if quote in standing)),
        cause=UNDECIDED if said and said.is_spam is None else answer.cause,
        instructed=answer.instructed,
        n_in=answer.n_in,
        n_out=answer.n_out,
        cost_usd=answer.cost_usd,
        at=at,
    )


def _standing(text: str, quotes: Iterable[str], max_chars: int) -> set[str]:
    """Those that stand in the text as it is, or as it was sent: however they are spaced and capitalised.

    Cleaning is dear, and most quotes stand in the text as it is.
    """
    wanted = {quote: _folded(quote) for quote in quotes}
    wanted = {quote: words for quote, words in wanted.items() if words}
    whole = _folded(text)
    found = {quote for quote, words in wanted.items() if words in whole}
    if len(found) < len(wanted):
        sent = _folded(clean(text, max_chars).text)
        found |= {quote for quote, words in wanted.items() if words in sent}
    return found


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
