"""Pairs of surfaces that may mean the same, with what the log says of each; both sources joined, nested pairs once."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from semsearch.evaluation.intervals import wilson
from semsearch.longtail.lexicon.agreement import Agreement, Looks
from semsearch.longtail.lexicon.engaged import COVER, EngagedTitles, answers, known_words
from semsearch.longtail.lexicon.surfaces import (
    Reader,
    fits,
    is_slip,
    joined,
    other_keyboard,
    overlap,
    same_sound,
    shortened,
    sounds_alike,
)
from semsearch.text.views import search

if TYPE_CHECKING:
    import polars as pl

MIN_ACTORS = 3
"""Different people whose log rows must speak for a pair."""
LIKENESS = 0.6
"""Least cosine of what was engaged for the same queries with either surface."""
# What a part is worth, from 0 (nothing) to 1 (all that is needed); set by hand on development markets.
_REFORMULATED, _SOUND, _SHORTENED, _UNSHARED = 0.4, 0.5, 0.3, 0.4
_PRIOR = 5
"""Looks by which the likeness of few looks is held down."""
_SLIPS = 0.25
"""Share of the looks at titles with a near spelling from which on a surface that titles hardly have is a slip."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two surfaces, and what speaks for them."""

    typed: str
    """What titles hold less often."""
    meant: str
    n_replaced: int
    """People who typed the second in the place of the first and then engaged more."""
    replaced_share: float
    """Of the people who replaced the first by anything."""
    agreement: Agreement

    @property
    def words(self) -> tuple[frozenset[str], frozenset[str]]:
        """The words of both surfaces."""
        return frozenset(self.typed.split()), frozenset(self.meant.split())

    @property
    def score(self) -> float:
        """0 to 1, not a probability: 1 - Π(1 - part) over engagements, reformulations and sound; 0 refuses.

        Shares enter with their lower bounds (Wilson), so that few looks count less.
        """
        engaged = self._engaged
        if engaged is None or self._is_slip:
            return 0.0
        n_all = round(self.n_replaced / self.replaced_share) if self.n_replaced else 0
        reformulated = wilson(self.n_replaced, n_all).low if n_all else 0.0
        return 1 - (1 - engaged) * (1 - _REFORMULATED * reformulated) * (1 - self._sound)

    @property
    def _sound(self) -> float:
        if sounds_alike(self.typed, self.meant):
            return _SOUND
        return _SHORTENED if shortened(self.typed, self.meant) else 0.0

    @property
    def _is_slip(self) -> bool:
        told = self.agreement
        return told.n_slips >= _SLIPS * max(told.n_looks, 1) and told.n_own < told.n_slips / 2

    @property
    def _engaged(self) -> float | None:
        """What engagements are worth: the likeness in shared queries, more when titles have the second as usual.

        Without a query that was asked with either, the titles alone, and only beside another sign. None refuses.
        """
        told = self.agreement
        usual = told.usual if told.usual > 0 else 1.0
        cover = min(1.0, wilson(told.n_there, told.n_looks).low / usual) if told.n_looks else 0.0
        if told.n_shared:
            held = told.likeness * told.n_shared / (told.n_shared + _PRIOR)
            return max(0.0, 2 * held - 1) * (0.4 + 0.6 * cover) if told.likeness >= LIKENESS else None
        there = told.n_there >= MIN_ACTORS and told.cover >= COVER * usual
        if self.n_replaced >= MIN_ACTORS or (self._sound and there):
            return _UNSHARED * cover
        return None


def pairs(replacements: pl.DataFrame, engaged: EngagedTitles, reader: Reader, brands: Collection[str]) -> list[Pair]:
    """Every pair with a score, best first; `brands` are the keys of brand names, which alone may be cut short.

    `replacements` as `reformulations.replacements` gives them.
    """
    known = known_words(engaged, reader)
    replaced = {(typed, meant): (n, share) for typed, meant, n, share in _counted(replacements)}
    found_there = answers(engaged, reader)
    both = [pair for pair in sorted({*replaced, *found_there}) if _may(pair, reader, known, brands)]
    looks = Looks(engaged, reader, {surface for pair in both for surface in pair})
    best: dict[frozenset[str], Pair] = {}
    for typed, meant in both:
        n, share = replaced.get((typed, meant), (0, math.nan))
        found = Pair(typed, meant, n, share, looks.agreement(typed, meant))
        place = frozenset((typed, meant))
        if found.score > (best[place].score if place in best else 0.0):
            best[place] = found
    return list(_once(sorted(best.values(), key=lambda pair: (-pair.score, -pair.agreement.n_looks, pair.typed))))


def _counted(replacements: pl.DataFrame) -> Iterable[tuple[str, str, int, float]]:
    """typed, meant, people, share of the people who replaced `typed`."""
    import polars as pl

    people = pl.col("actor_id").n_unique().cast(pl.Int64)
    all_of = replacements.group_by("typed").agg(people.alias("all"))
    counted = replacements.group_by("typed", "meant").agg(people.alias("n")).join(all_of, on="typed")
    return counted.select("typed", "meant", "n", (pl.col("n") / pl.col("all")).alias("share")).iter_rows()


def _may(pair: tuple[str, str], reader: Reader, known: Collection[str], brands: Collection[str]) -> bool:
    """Whether a pair may be an entry at all: no slip, no part of one another, no keyboard, not in the lexicon."""
    typed, meant = pair
    if not (fits(typed) and fits(meant)):
        return False
    if reader.tied(typed, meant) or any(is_slip(one, other) for one, other in _spellings(typed, meant, reader)):
        return False
    if overlap(typed, meant) and not _cut_short(typed, meant, brands):
        return False
    if min(len(joined(typed)), len(joined(meant))) < 2 and not sounds_alike(typed, meant):
        return False
    strange = [word for surface in pair for word in surface.split() if word not in known]
    return not any(other in known for word in strange for other in other_keyboard(word))


def _spellings(typed: str, meant: str, reader: Reader) -> Iterator[tuple[str, str]]:
    """Either surface, with the other one and with those that the lexicon has for it."""
    yield typed, meant
    for one, other in ((typed, meant), (meant, typed)):
        for group in reader.lexicon.lookup(joined(other)):
            yield from ((one, search(surface)) for surface in group.surfaces)


def _cut_short(left: str, right: str, brands: Collection[str]) -> bool:
    """Whether one surface is a brand and the other its beginning or end: 윤슬, 윤슬하우스."""
    short, long = sorted((joined(left), joined(right)), key=len)
    whole = long in brands and short not in brands
    return whole and len(short) > 1 and (long.startswith(short) or long.endswith(short))


def _once(ranked: Sequence[Pair]) -> Iterator[Pair]:
    """Pairs that no other one says with fewer words, nor with the right spelling of a slip."""
    with_word: dict[str, list[Pair]] = defaultdict(list)
    for pair in ranked:
        for word in frozenset.union(*pair.words):
            with_word[word].append(pair)
    for pair in ranked:
        near = (other for word in frozenset.union(*pair.words) for other in with_word[word])
        if not any(_says(other, pair) for other in near if other is not pair):
            yield pair


def _says(other: Pair, pair: Pair) -> bool:
    """Whether `other` makes `pair` needless: it says as much, or it is the spelling that `pair` has a slip of."""
    exact = same_sound(other.typed, other.meant), same_sound(pair.typed, pair.meant)
    mine = pair.words
    for his in (other.words, other.words[::-1]):
        # 로드바이크 = 로드자전거 beside 로드바이크 네이비 = 로드자전거
        fewer = his[0] <= mine[0] and his[1] <= mine[1] and his != mine
        if fewer and other.score > pair.score / 2 and exact[0] >= exact[1]:
            return True
        # double knee = 더블니 beside double = 더블니
        if exact[0] > exact[1] and (
            (his[0] > mine[0] and his[1] == mine[1]) or (his[1] > mine[1] and his[0] == mine[0])
        ):
            return True
    return _has_slip_of(pair, other)


def _has_slip_of(pair: Pair, other: Pair) -> bool:
    """Whether the pairs share a surface and the other surface of `pair` is a slip of that of `other`."""
    shared = {pair.typed, pair.meant} & {other.typed, other.meant}
    if len(shared) != 1 or other.agreement.n_looks <= pair.agreement.n_looks:
        return False
    mine, his = ({each.typed, each.meant} - shared for each in (pair, other))
    return is_slip(mine.pop(), his.pop())
