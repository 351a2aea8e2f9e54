"""Whether two surfaces mean the same to those who type them: what was engaged when either was typed."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from semsearch.longtail.lexicon.engaged import EngagedTitles
from semsearch.longtail.lexicon.surfaces import Reader, is_slip

Rest = frozenset[frozenset[str]]


@dataclass(frozen=True, slots=True)
class Agreement:
    """What engagements say of a pair of surfaces; shares are NaN when nobody engaged anything."""

    n_looks: int
    """Actors × items of queries with the first surface."""
    n_there: int
    """Of these, at titles with the second one."""
    usual: float
    """Share of the looks at titles with the second surface when it was typed itself."""
    likeness: float
    """Cosine of the words of the titles that were engaged for the same queries with either surface (idf-weighted);
    NaN when no query was asked with both."""
    n_shared: int
    """Looks for queries with the first surface that were also asked with the second."""
    n_own: int
    """Looks at titles with the first surface itself."""
    n_slips: int
    """Looks at titles with a word that is one slip from a word of the first surface."""

    @property
    def cover(self) -> float:
        """Share of the looks at titles with the second surface; NaN without any."""
        return self.n_there / self.n_looks if self.n_looks else math.nan


class Looks:
    """What was engaged for each query, looked up by the surfaces in the query. Pairs are told apart by direction."""

    def __init__(self, engaged: EngagedTitles, reader: Reader, wanted: Iterable[str]) -> None:
        self._engaged = engaged
        self._reader = reader
        wanted = frozenset(wanted)
        self._keys: dict[str, list[str]] = defaultdict(list)
        for key in engaged:
            for each in sorted(reader.spans(key) & wanted):
                self._keys[each].append(key)
        self._idf = _idf(engaged, reader)

    def keys(self, surface: str, without: str) -> list[str]:
        """Queries with one surface and not with the other."""
        others = set(self._keys.get(without, ()))
        return [key for key in self._keys.get(surface, ()) if key not in others]

    def agreement(self, typed: str, meant: str) -> Agreement:
        """What engagements say of `typed` and `meant`."""
        mine, own = self.keys(typed, meant), self.keys(meant, typed)
        n_looks, n_there = self._there(mine, meant)
        n_usual, n_usually = self._there(own, meant)
        likeness, n_shared = self._likeness(typed, meant, mine, own)
        usual = n_usually / n_usual if n_usual else math.nan
        n_own = self._there(mine, typed)[1]
        return Agreement(n_looks, n_there, usual, likeness, n_shared, n_own, self._slips(mine, typed))

    def _there(self, keys: Iterable[str], surface: str) -> tuple[int, int]:
        n_looks = n_there = 0
        for key in keys:
            for title, n in self._engaged[key]:
                n_looks += n
                n_there += n * (surface in self._reader.spans(title))
        return n_looks, n_there

    def _slips(self, keys: Iterable[str], surface: str) -> int:
        looks = ((self._reader.title(title).words, n) for key in keys for title, n in self._engaged[key])
        return sum(
            n for words, n in looks if any(is_slip(word, own) for own in surface.split() for word in words - {own})
        )

    def _likeness(self, typed: str, meant: str, mine: Sequence[str], own: Sequence[str]) -> tuple[float, int]:
        asked: dict[Rest, list[str]] = defaultdict(list)
        for key in own:
            asked[self._rest(key, meant)].append(key)
        left: dict[str, float] = defaultdict(float)
        right: dict[str, float] = defaultdict(float)
        n_shared = 0
        for key in mine:
            if also := asked.get(self._rest(key, typed)):
                n_shared += sum(n for _, n in self._engaged[key])
                self._add(left, [key])
                self._add(right, also)
        return _cosine(left, right, self._idf), n_shared

    def _rest(self, key: str, surface: str) -> Rest:
        """What a query says beside one surface, in any order."""
        words = set(surface.split())
        tokens = self._reader.tokens(key)
        return frozenset(
            frozenset(token.ids)
            for token in tokens
            if token.name != surface and not words.issuperset(token.text.split())
        )

    def _add(self, words: dict[str, float], keys: Iterable[str]) -> None:
        for key in keys:
            titles = self._engaged[key]
            total = sum(n for _, n in titles)
            for title, n in titles:
                for token in self._reader.tokens(title):
                    words[token.name] += n / total


def _idf(engaged: EngagedTitles, reader: Reader) -> dict[str, float]:
    titles = {title for found in engaged.values() for title, _ in found}
    counts = Counter(name for title in titles for name in {token.name for token in reader.tokens(title)})
    return {name: math.log(1 + len(titles) / n) for name, n in counts.items()}


def _cosine(left: dict[str, float], right: dict[str, float], idf: dict[str, float]) -> float:
    if not left or not right:
        return math.nan
    sides = [{name: n * idf[name] for name, n in side.items()} for side in (left, right)]
    dot = sum(value * sides[1].get(name, 0.0) for name, value in sides[0].items())
    return dot / math.sqrt(math.prod(sum(value * value for value in side.values()) for side in sides))
