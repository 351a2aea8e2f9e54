"""Probes: pairs that people graded, asked again with the item's text changed, to see what a judge goes by.

| probe | of pairs that people grade | what is done to the item | what should not happen |
|---|---|---|---|
| stuffing | 0 | words of the query are put behind its text | that it rises |
| length | 2, 1 or 0 | sentences that say nothing of it are put behind its text | that it moves |
| brand only | 2, where a brand is asked for beside other things | only the brand is left of it | that it stays |

Sources: Alaofi, Thomas, Scholer and Sanderson, "LLMs can be fooled into labelling a document as relevant", SIGIR-AP
2024 (arXiv:2501.17969); on length Zheng et al., "Judging LLM-as-a-judge", NeurIPS 2023 (arXiv:2306.05685).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle

import numpy as np
from numpy.typing import NDArray

from semsearch.evaluation.labels.grade_tables import SHARE, Estimate, Resampler, codes_of, of_share, ratio
from semsearch.progress import Progress, silent
from semsearch.records import Facet
from semsearch.relevance.asking.judging import Judging, blank
from semsearch.relevance.auditing.audit import Shared
from semsearch.relevance.grading import Graded, grade_pairs
from semsearch.relevance.scores import Market
from semsearch.store.labels.pools import Pair

Floats = NDArray[np.float64]
UP, DOWN, SAME, UNGRADEABLE = range(4)
PADDING_CHARS = 800
"""That the probe of length adds at least."""
PADDING = (
    "문의는 채팅으로 편하게 주세요.",
    "확인하는 대로 답장 드릴게요.",
    "Feel free to send a message.",
    "답이 늦어도 조금만 기다려 주세요.",
    "I answer as soon as I see it.",
    "끝까지 읽어 주셔서 감사합니다.",
    "Thank you for reading all of this.",
    "좋은 하루 보내세요.",
)
"""Nothing that a query could ask for."""


@dataclass(frozen=True, slots=True)
class Change:
    """One pair, and the same with the item changed."""

    before: Pair
    after: Pair


@dataclass(frozen=True, slots=True)
class Probe:
    """How grades moved under one kind of change."""

    name: str
    n: int
    """Pairs that were asked about both ways, less the silent ones; without any, `NEEDS` says what is missing."""
    n_queries: int
    n_silent: int
    """Pairs left out: an abstention, or no grade before the change."""
    fooled: Estimate
    """Share of the others on which what should not happen did."""
    up: Estimate
    down: Estimate
    ungradeable: Estimate
    """Shares that rose, fell, and have no grade any more; an open grade counts as the middle of its ends."""
    move: Estimate
    """Mean change of the grade where there is one before and after."""


_FOOLED: Mapping[str, tuple[int, ...]] = {
    "stuffing": (UP,),
    "length": (UP, DOWN, UNGRADEABLE),
    "brand only": (UP, SAME),
}
NEEDS: Mapping[str, str] = {
    "stuffing": "a pair that people grade 0",
    "length": "a pair that people grade",
    "brand only": "a pair that people grade 2 whose query, by facets of people or of the machine, asks for a brand "
    "and for more",
}
"""What a probe cannot do without."""


def changes(pairs: Iterable[Shared], n: int) -> dict[str, list[Change]]:
    """At most n pairs for each probe, drawn by a hash of the pair, the same whatever the order."""
    made: dict[str, Callable[[Shared], Pair | None]] = {
        "stuffing": _stuffed, "length": _padded, "brand only": _branded,
    }  # fmt: skip
    usable = sorted((each for each in pairs if not blank(each.truth.pair)), key=_draw)
    found: dict[str, list[Change]] = {}
    for name, change in made.items():
        all_of = (Change(each.truth.pair, after) for each in usable if (after := change(each)) is not None)
        found[name] = [each for each, _ in zip(all_of, range(n), strict=False)]
    return found


def asked(found: Mapping[str, Sequence[Change]]) -> Iterator[Pair]:
    """All pairs that `probe` asks about, to be priced."""
    return (pair for some in found.values() for each in some for pair in (each.before, each.after))


def probe(
    found: Mapping[str, Sequence[Change]], judging: Judging, market: Market, progress: Progress = silent
) -> list[Probe]:
    """Ask about all pairs before and after their change; what was asked before costs nothing. Errors as in asking."""
    told = []
    for name, some in found.items():
        pairs = [pair for each in some for pair in (each.before, each.after)]
        graded: list[Graded] = []
        for each in grade_pairs(pairs, judging, market.asker, batch="probe", clock=market.clock):
            graded.append(each)
            progress(f"probing: {name}", len(graded), len(pairs))
        told.append(_told(name, graded[::2], graded[1::2], market))
    return told


# --- what is done to an item --------------------------------------------------------------------------------------


def _stuffed(shared: Shared) -> Pair | None:
    if (shared.truth.low, shared.truth.high) != (0, 0):
        return None
    query = shared.truth.pair.query.strip()
    tags = " ".join(f"#{word}" for word in query.split())
    return _behind(shared.truth.pair, f"{query} {query} {tags}")


def _padded(shared: Shared) -> Pair | None:
    if shared.truth.low is None:
        return None
    said: list[str] = []
    for sentence in cycle(PADDING):
        said.append(sentence)
        if sum(map(len, said)) >= PADDING_CHARS:
            break
    return _behind(shared.truth.pair, " ".join(said))


def _branded(shared: Shared) -> Pair | None:
    """None unless the query is known to ask for a brand and for more."""
    facets = _facets(shared)
    brand = next((each.asked for each in facets if each.intent == "brand"), None)
    if shared.truth.low != 2 or brand is None or len(facets) < 2:
        return None
    return replace(shared.truth.pair, item={"title": brand})


def _facets(shared: Shared) -> Sequence[Facet]:
    told = next((label.facets for label in shared.truth.labels if label.facets), ())
    return told or (shared.label.facets if shared.label else ())


def _behind(pair: Pair, text: str) -> Pair:
    body = "\n\n".join(filter(None, (pair.item.get("body", "").strip(), text)))
    return replace(pair, item={**pair.item, "body": body})


def _draw(shared: Shared) -> bytes:
    return hashlib.blake2b(json.dumps(shared.truth.key).encode(), digest_size=8).digest()


# --- what came of it ----------------------------------------------------------------------------------------------


def _told(name: str, before: Sequence[Graded], after: Sequence[Graded], market: Market) -> Probe:
    both = [(one, other) for one, other in zip(before, after, strict=True) if _middle(one) is not None and other.label]
    moves = [_move(_middle(one), _middle(other)) for one, other in both]
    counts = np.zeros((len(both), len(range(UNGRADEABLE + 1)) + 1))
    for row, move in enumerate(moves):
        counts[row, UNGRADEABLE if move is None else SAME if move == 0 else UP if move > 0 else DOWN] = 1
        counts[row, -1] = move or 0.0
    codes = codes_of([one.pair.key[0] for one, _ in both])
    sums = np.zeros((int(codes.max(initial=-1)) + 1, counts.shape[1]))
    np.add.at(sums, codes, counts)
    draw = Resampler(market.seed, market.resamples)

    def share(*kinds: int) -> Estimate:
        told = draw(sums, lambda found: ratio(found[..., kinds].sum(axis=-1), found[..., :-1].sum(axis=-1)), SHARE)
        return of_share(told, len(sums))

    return Probe(
        name=name,
        n=len(both),
        n_queries=len(sums),
        n_silent=len(before) - len(both),
        fooled=share(*_FOOLED[name]),
        up=share(UP),
        down=share(DOWN),
        ungradeable=share(UNGRADEABLE),
        move=draw(sums, lambda found: ratio(found[..., -1], found[..., [UP, DOWN, SAME]].sum(axis=-1))),
    )


def _middle(graded: Graded) -> float | None:
    label = graded.label
    return None if label is None or label.grade_low is None or label.grade_high is None else (
        label.grade_low + label.grade_high
    ) / 2  # fmt: skip


def _move(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else after - before
