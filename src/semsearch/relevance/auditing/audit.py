"""A machine's labels held against people's on the pairs that both judged.

Beside the machine stand a constant predictor, which knows only these pairs' commonest grade, and people held against
each other, which is as far as a machine can be told from a person. What the machine did not grade is in coverage and in
no figure, but for one: weighted κ with the least that its silence can have meant, as `grade tune` has it.
Whole queries are resampled; where something is open, figures are given at both ends.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semsearch.evaluation.intervals import RESAMPLES
from semsearch.evaluation.labels.agreement import (
    Agreement,
    AmongRaters,
    Coverage,
    agree,
    constant,
    coverage,
    kappa_at_worst,
)
from semsearch.evaluation.labels.grade_tables import Estimate
from semsearch.evaluation.labels.labelled import judge_of
from semsearch.records import INTENTS, Label
from semsearch.relevance.raters import Raters, Unit, by_people
from semsearch.relevance.rubric import Grade, contradiction, core
from semsearch.relevance.truths import Truth
from semsearch.store.labels import Key, pair_of, standing
from semsearch.store.labels.comparing import OTHER_ITEM, OTHER_RUBRIC, apart, comparable

Floats = NDArray[np.float64]
MACHINE, CONSTANT = "machine", "constant"
NO_LABEL = "no label"
"""Of a pair that people judged: none of the machine is kept."""
UNASKED = (NO_LABEL, OTHER_ITEM, OTHER_RUBRIC)
"""Why a pair has no label to compare with though the machine was not silent."""
NO_INTENT, UNKNOWN = "none", "unknown"
"""Of a query whose facets type no intent, and of one of which nobody named facets."""
CHANCE, PICKED = "by chance", "on purpose"
"""How a pair came to be judged."""


@dataclass(frozen=True, slots=True)
class Shared:
    """One pair that people judged, and what the machine said of it."""

    truth: Truth
    label: Label | None
    cause: str = ""
    """Why there is no label that can be compared."""

    @property
    def people(self) -> str:
        """2, 0–1, ungradeable and the like."""
        return _kind(self.truth.low, self.truth.high)

    @property
    def machine(self) -> str:
        """The same, or the cause."""
        return _kind(self.label.grade_low, self.label.grade_high) if self.label else self.cause

    @property
    def asked(self) -> bool:
        """Whether the machine was asked about it: what it did not grade then is silence."""
        return self.label is not None or self.cause not in UNASKED

    def ends(self, end: str) -> tuple[float, float]:
        """What people and machine say at one end; NaN where one gives no grade."""
        said = getattr(self.label, f"grade_{end}") if self.label else None
        told = getattr(self.truth, end)
        return np.nan if told is None else float(told), np.nan if said is None else float(said)


@dataclass(frozen=True, eq=False)
class Held:
    """One judge held against people on some of the pairs, at one end of what is open."""

    by: str
    """all, intent, band, drawn or part (of the labels: tuning, selection, locked)."""
    name: str
    """Of the intent, the band and so on; empty for all."""
    judge: str
    """machine or constant."""
    end: str
    """low, high, or both when nothing is open."""
    agreement: Agreement
    """On the pairs that people and the machine graded; the constant's too."""
    coverage: Coverage
    at_worst: Estimate | None
    """Weighted κ on all that the machine was asked, at the worst that its silence can have meant; null: a constant."""


@dataclass(frozen=True, eq=False)
class Ceiling:
    """How people agree with each other, and the machine with each of them, on pairs that several people graded."""

    people: AmongRaters
    machine: Agreement
    """With one person at a time, all together; its low end where its grade is open."""
    n_picked: int
    """Pairs that several people graded, left out: they were picked, or labelled a second time, by what was known."""


@dataclass(frozen=True, eq=False)
class Audit:
    """What a machine's labels are worth."""

    n: int
    """Pairs that people judged."""
    n_queries: int
    held: tuple[Held, ...]
    """All first."""
    table: Mapping[tuple[str, str], int]
    """Pairs by what people say and what the machine says, abstentions and ungradeable ones too."""
    ceiling: Ceiling | None
    """Null: no pair was graded by two people."""
    judges: Mapping[str, int]
    """Labels of the machine that were compared, by judge: MODEL@PROMPT@RUBRIC."""
    contradicting: tuple[Label, ...]
    """Direct grades of people that are not what their own facets give, the newest first; they count as given."""


def shared(truths: Iterable[Truth], labels: Iterable[Label], causes: Mapping[Key, str] | None = None) -> list[Shared]:
    """Each pair with the machine's newest label of what people judged.

    `causes` says of pairs without one why the machine abstained.
    """
    told = _by_pair(labels)
    return [_shared(each, told.get(each.key, []), causes or {}) for each in truths]


@dataclass(frozen=True, slots=True)
class Resampling:
    """How intervals over queries are found: the seed and the number of resamples."""

    seed: int = 0
    resamples: int = RESAMPLES

    def agree(self, first: Floats, second: Floats, queries: Sequence[str], weights: Floats | None = None) -> Agreement:
        """As `evaluation.labels.agreement.agree`."""
        return agree(first, second, queries, seed=self.seed, resamples=self.resamples, weights=weights)

    def at_worst(self, first: Floats, second: Floats, queries: Sequence[str], weights: Floats | None) -> Estimate:
        """As `evaluation.labels.agreement.kappa_at_worst`."""
        return kappa_at_worst(first, second, queries, seed=self.seed, resamples=self.resamples, weights=weights)


def audit(
    pairs: Sequence[Shared],
    labels: Sequence[Label],
    bands: Mapping[str, str] | None = None,
    resampling: Resampling | None = None,
) -> Audit:
    """Hold the machine against people; `labels` are all labels of these queries, `bands` is query key → band.

    Pairs that one batch drew by chance are weighted by 1 / inclusion probability, all others count alike; where some
    were picked on purpose, or several batches drew, each kind has a row of its own.
    """
    resampling = resampling or Resampling()
    held = tuple(each for by, name, some in _slices(pairs, bands or {}) for each in _held(by, name, some, resampling))
    compared = [each.label for each in pairs if each.label]
    return Audit(
        n=len(pairs),
        n_queries=len({each.truth.key[0] for each in pairs}),
        held=held,
        table=dict(sorted(Counter((each.people, each.machine) for each in pairs).items())),
        ceiling=_ceiling(labels, resampling),
        judges=dict(sorted(Counter(judge_of(label) for label in compared).items())),
        contradicting=tuple(label for label in reversed(_newest(_people(labels))) if contradiction(label)),
    )


def _by_pair(labels: Iterable[Label]) -> dict[Key, list[Label]]:
    """What machines said of each pair, oldest first."""
    told: dict[Key, list[Label]] = defaultdict(list)
    for label in standing(label for label in labels if label.source == "model"):
        told[pair_of(label)].append(label)
    return told


def _shared(truth: Truth, labels: Sequence[Label], causes: Mapping[Key, str]) -> Shared:
    judged = truth.labels[-1].item_digest, truth.labels[-1].rubric
    if found := comparable(labels, *judged):
        return Shared(truth, found[-1])
    return Shared(truth, None, apart(labels[-1], *judged) if labels else causes.get(truth.key, NO_LABEL))


def _kind(low: int | None, high: int | None) -> str:
    return str(Grade(low, high, ""))


# --- figures ------------------------------------------------------------------------------------------------------


def _held(by: str, name: str, pairs: Sequence[Shared], resampling: Resampling) -> Iterator[Held]:
    """The machine and the constant on some pairs, at each end."""
    queries = [each.truth.key[0] for each in pairs]
    asked = np.array([each.asked for each in pairs], np.bool_)
    weights, low, high = _weights(pairs), _columns(pairs, "low"), _columns(pairs, "high")
    same = all(np.array_equal(one, other, equal_nan=True) for one, other in zip(low, high, strict=True))
    for end, (people, machine) in {"both": low}.items() if same else {"low": low, "high": high}.items():
        worst = resampling.at_worst(np.where(asked, people, np.nan), machine, queries, weights)
        usual = constant(np.where(np.isnan(machine), np.nan, people), weights)
        covered = coverage(people, machine)
        yield Held(by, name, MACHINE, end, resampling.agree(people, machine, queries, weights), covered, worst)
        on_the_same = resampling.agree(np.where(np.isnan(machine), np.nan, people), usual, queries, weights)
        yield Held(by, name, CONSTANT, end, on_the_same, covered, None)


def _columns(pairs: Sequence[Shared], end: str) -> tuple[Floats, Floats]:
    """People's and the machine's grades [n] at one end."""
    told = np.array([each.ends(end) for each in pairs], np.float64).reshape(len(pairs), 2)
    return told[:, 0], told[:, 1]


def _weights(pairs: Sequence[Shared]) -> Floats | None:
    """1 / inclusion probability [n]; None unless one batch drew them all: chances of several are not of one draw."""
    batch = min(_together(pairs), default=None)
    return None if batch is None else 1 / np.array([each.truth.drawn[batch] for each in pairs], np.float64)


def _together(pairs: Iterable[Shared]) -> set[str]:
    """Batches that drew all of these."""
    drawn = [set(each.truth.drawn) for each in pairs]
    return set.intersection(*drawn) if drawn else set()


def _draws_of(pairs: Sequence[Shared]) -> list[str]:
    """How each pair came to be judged: on purpose or by chance, with the batch where several drew."""
    one = _together(each for each in pairs if each.truth.drawn)
    by_batch = (f"{CHANCE}: {min(each.truth.drawn)}" if each.truth.drawn else PICKED for each in pairs)
    return [CHANCE if one and name != PICKED else name for name in by_batch]


def _slices(pairs: Sequence[Shared], bands: Mapping[str, str]) -> Iterator[tuple[str, str, list[Shared]]]:
    """All pairs, then those of each intent, part of the labels, band and way of drawing, where there are several."""
    yield "all", "", list(pairs)
    intents = _intents(pairs)
    columns: dict[str, Sequence[str]] = {
        "intent": [intents[each.truth.key[0]] for each in pairs],
        "part": [each.truth.part for each in pairs],
        "band": [bands.get(each.truth.key[0], "tail") for each in pairs] if bands else [],
        "drawn": _draws_of(pairs),
    }
    for by, column in columns.items():
        names = sorted(set(column))
        for name in names if len(names) > 1 or by == "intent" else ():
            yield by, name, [each for each, of in zip(pairs, column, strict=True) if of == name]


def _intents(pairs: Sequence[Shared]) -> dict[str, str]:
    """Query key → the highest intent that it types, as most of its pairs say; people's facets before a machine's."""
    told: dict[str, Counter[str]] = defaultdict(Counter)
    for each in pairs:
        said = [label for label in (*each.truth.labels, each.label) if label]
        facets = next((label.facets for label in said if label.facets or label.origin == "facets"), None)
        if facets is not None:
            told[each.truth.key[0]][core(facets)[0].intent if facets else NO_INTENT] += 1
    order = (*INTENTS, NO_INTENT)
    found = {query: max(order, key=lambda intent: counts[intent]) for query, counts in told.items()}
    return {each.truth.key[0]: found.get(each.truth.key[0], UNKNOWN) for each in pairs}


def _ceiling(labels: Sequence[Label], resampling: Resampling) -> Ceiling | None:
    """None unless two people graded a pair; pairs on which they differ count too, unless they were picked for it.

    Without adjudications and labels whose author saw the machine's opinion; people who judged different versions of an
    item, or by different rubrics, are not compared, and the machine only with those who judged what it did.
    """
    people = Raters.of(label for label in by_people(labels) if not label.shown)
    if not people.units:
        return None
    told = _by_pair(labels)
    machine = np.array([_said_of(unit, told.get(unit[0], [])) for unit in people.units], np.float64)
    n = len(people.annotators)
    each_of_them = resampling.agree(people.grades.ravel(), np.tile(machine, n), people.queries * n)
    return Ceiling(
        people.agreement(seed=resampling.seed, resamples=resampling.resamples), each_of_them, people.n_picked
    )


def _people(labels: Iterable[Label]) -> list[Label]:
    return [label for label in standing(labels) if label.source == "person"]


def _newest(labels: Iterable[Label]) -> list[Label]:
    """Of each person and pair, oldest first; to adjudicate is another thing than to label."""
    return list({(label.by, label.role == "adjudication", pair_of(label)): label for label in labels}.values())


def _said_of(unit: Unit, labels: Sequence[Label]) -> float:
    """The machine's grade of a pair, of this version of the item and by this rubric; NaN: it has none."""
    _, seen, rubric = unit
    found = comparable(labels, seen, rubric)
    grade = found[-1].grade_low if found else None
    return np.nan if grade is None else float(grade)
