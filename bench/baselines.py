"""Plain bm25s as it comes: what the product's rows stand beside. One text an item, no fields, no lexicon."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import bm25s
import Stemmer

from semsearch.index.dense import matching

Words = Callable[[str], list[str]]
Rank = Callable[[str, int], list[tuple[str, float]]]
"""Query and k to at most k (item_id, score), best first: `ranked` of a retriever."""


def plain_bm25(ids: Sequence[str], texts: Sequence[str], words: Words) -> Rank:
    """bm25s with its defaults over what `words` makes of each text; ties by place."""
    index = bm25s.BM25()
    index.index([words(text) for text in texts], show_progress=False)

    def rank(query: str, k: int) -> list[tuple[str, float]]:
        known = [word for word in words(query) if word in index.vocab_dict]
        if not known:
            return []
        rows, scores = matching(index.get_scores(known), k)
        return [(ids[row], score) for row, score in zip(rows.tolist(), scores.tolist(), strict=True)]

    return rank


def white_space(text: str) -> list[str]:
    """Case-folded words between spaces."""
    return text.casefold().split()


def english_words() -> Words:
    """What `bm25s.tokenize` gives with English stop words and the Snowball stemmer."""
    stemmer = Stemmer.Stemmer("english")

    def words(text: str) -> list[str]:
        return bm25s.tokenize([text], stopwords="en", stemmer=stemmer, return_ids=False, show_progress=False)[0]

    return words


def kiwi_words() -> Words:
    """Kiwi's content morphemes; particles and endings are left out."""
    from kiwipiepy import Kiwi

    kiwi = Kiwi(num_workers=1)
    return lambda text: [token.form.casefold() for token in kiwi.tokenize(text) if token.tag[0] in "NSVXWMIZU"]
