"""Groups of questions that a gate looks at one by one, and what it finds in each.

The target cohort must gain: the lower end of the paired interval is above 0. Every other one must hold: its lower end
is not below the loss that is allowed there. What an interval is too wide to tell is unsure, which is not a pass.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from semsearch.errors import UsageError
from semsearch.evaluation.compare import Comparison, Difference, compare
from semsearch.evaluation.demand import BANDS
from semsearch.evaluation.evaluate import evaluate
from semsearch.evaluation.intervals import RESAMPLES
from semsearch.evaluation.metrics import parse_metric
from semsearch.evaluation.qrels import Qrels
from semsearch.evaluation.questions import BAND
from semsearch.evaluation.runs import Run
from semsearch.training.gate.bands import joined_bands

if TYPE_CHECKING:
    from semsearch.evaluation.questions import Questions
    from semsearch.settings import GateSettings

ALL = "all"
MIN_QUESTIONS = 30
"""Below this a bootstrap interval is too short to be trusted, and a cohort is unknown."""
Outcome = Literal["passed", "refused", "undecided"]
Finding = Literal["gain", "held", "no gain", "loss", "unsure", "too few"]
_GOOD = ("gain", "held")
_UNKNOWN = ("unsure", "too few")


@dataclass(frozen=True, slots=True)
class Cohort:
    """What the gate found in one group of questions; `difference` is candidate minus current."""

    name: str
    """all, head, torso, tail, bands that are judged together such as head+torso, or COLUMN=label."""
    target: bool
    """Whether it must gain; the others must not lose."""
    n: int
    """Questions."""
    mean_current: float | None
    mean_candidate: float | None
    difference: float | None
    low: float | None
    """Lower end of the paired two-sided 95 % bootstrap interval."""
    high: float | None
    allowed: float
    """The loss that is allowed here, in units of the metric; 0 for the target."""
    n_better: int
    n_worse: int
    finding: Finding
    told: str
    """In words."""
    n_needed: int | None = None
    """Questions at which an interval of this difference would have been short enough; null where none would."""

    @property
    def good(self) -> bool:
        """Whether it speaks for the candidate."""
        return self.finding in _GOOD


def cohort_labels(
    questions: Questions, slices: Iterable[str], target: str, asked: Collection[str] | None = None
) -> dict[str, dict[str, str]]:
    """Cohort name → query ids as keys: all, the bands where the questions have them, each label of each column.

    A band with fewer than MIN_QUESTIONS of the `asked` query ids (None: all) is judged with its neighbour. A target
    `COLUMN=label` asks for its column. Raises UsageError for an unknown column or target.
    """
    columns = [BAND] if BAND in questions.queries.columns else []
    columns += [column for column in (*slices, *_column_of(target)) if column not in columns]
    found = {ALL: dict.fromkeys(questions.queries.texts, ALL)}
    for column in columns:
        given = questions.queries.labels(column)
        for query_id in questions.queries.texts:
            label = given.get(query_id, "")
            name = label if column == BAND and label else f"{column}={label or '(none)'}"
            found.setdefault(name, {})[query_id] = name
    found = _with_joined_bands(found, questions.queries.texts if asked is None else asked)
    target_of(found, target)
    return {name: found[name] for name in sorted(found, key=_place)}


def target_of(cohorts: Iterable[str], target: str) -> str:
    """The cohort that is meant by `target`: itself, or the bands it is judged with; raises UsageError without one."""
    known = sorted(cohorts, key=_place)
    for name in known:
        if target == name or (target in BANDS and target in name.split("+")):
            return name
    raise UsageError(
        f"No question belongs to the cohort '{target}'.",
        f"Next: --target, one of {', '.join(known)}; --slice COLUMN adds those of a column",
    )


def _with_joined_bands(found: dict[str, dict[str, str]], asked: Collection[str]) -> dict[str, dict[str, str]]:
    counts = {band: len(found[band].keys() & set(asked)) for band in BANDS if band in found}
    out = {name: members for name, members in found.items() if name not in counts}
    for band, name in joined_bands(counts, MIN_QUESTIONS).items():
        out.setdefault(name, {}).update(dict.fromkeys(found[band], name))
    return out


def judge(
    current: Run,
    candidate: Run,
    wanted: Qrels,
    cohorts: Mapping[str, Mapping[str, str]],
    settings: GateSettings,
    *,
    target: str = ALL,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> tuple[Comparison, tuple[Cohort, ...]]:
    """Both runs on `wanted`, whole and cohort by cohort; `cohorts` are of `cohort_labels`, `target` one of them."""
    metric = parse_metric(settings.metric).name
    a, b = (evaluate(run, wanted, [metric]) for run in (current, candidate))
    compared = compare(a, b)
    found = []
    for name, members in cohorts.items():
        part = Comparison(a.of_queries(members), b.of_queries(members))
        row = part.differences(seed=seed, resamples=resamples)[0]
        found.append(_cohort(name, row, settings.allowed_loss, name == target))
    return compared, tuple(found)


def verdict(cohorts: Sequence[Cohort]) -> tuple[Outcome, str]:
    """The outcome and its reason: undecided where nothing speaks against the candidate but too little for it."""
    bad = [cohort for cohort in cohorts if not cohort.good]
    if not bad:
        target = next(cohort for cohort in cohorts if cohort.target)
        others = f", and no other of {len(cohorts)} cohorts may lose more than allowed" if len(cohorts) > 1 else ""
        return "passed", f"{target.told}{others}"
    outcome: Outcome = "undecided" if all(cohort.finding in _UNKNOWN for cohort in bad) else "refused"
    return outcome, "; ".join(cohort.told for cohort in bad)


def _cohort(name: str, row: Difference, allowed_loss: float, target: bool) -> Cohort:
    allowed = 0.0 if target or not row.n else allowed_loss * row.mean_a
    finding = _finding(row, allowed, target)
    needed = _needed(row, -allowed) if finding in ("unsure", "no gain", "loss") else None
    told = _told(name, row, allowed, finding=finding, needed=needed)
    return Cohort(
        name=name,
        target=target,
        n=row.n,
        mean_current=_known(row.mean_a),
        mean_candidate=_known(row.mean_b),
        difference=_known(row.difference),
        low=_known(row.low),
        high=_known(row.high),
        allowed=allowed,
        n_better=row.n_better,
        n_worse=row.n_worse,
        finding=finding,
        told=told,
        n_needed=needed,
    )


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _finding(row: Difference, allowed: float, target: bool) -> Finding:
    if row.n < MIN_QUESTIONS:
        return "too few"
    if target and row.low > 0:
        return "gain"
    if not target and row.low >= -allowed:
        return "held"
    if row.high < -allowed:
        return "loss"
    if row.difference > -allowed:
        return "unsure"
    return "no gain" if target else "loss"


def _needed(row: Difference, bar: float) -> int | None:
    """Questions at which the interval, which shrinks with their root, would end at `bar`; None if it never does."""
    above = row.difference - bar
    if above <= 0:
        return None
    return math.ceil(row.n * ((row.difference - row.low) / above) ** 2)


def _told(name: str, row: Difference, allowed: float, *, finding: Finding, needed: int | None) -> str:
    if finding == "too few":
        count = "1 question" if row.n == 1 else f"{row.n:,} questions"
        return f"{name}: {count}; below {MIN_QUESTIONS} nothing can be said{_instead(name)}"
    if not (row.n_better or row.n_worse):
        return f"{name}: both releases answer all {row.n:,} questions alike"
    figure = f"{_signed(row.difference)} ({_signed(row.low)} to {_signed(row.high)}, {row.n:,} questions)"
    sure = "" if row.high < -allowed else " by its mean, which may be chance"
    bar = f"the allowed {_signed(-allowed)}" if allowed else "0"
    more = f"about {needed:,} questions would be enough if the difference is real" if needed else ""
    return {
        "gain": f"{name} gains {figure}",
        "held": f"{name} holds: {figure}; allowed is {_signed(-allowed)}",
        "no gain": f"{name} does not gain: {figure}",
        "loss": f"{name} loses{sure}: {figure}" + (f"; allowed is {_signed(-allowed)}" if allowed else ""),
        "unsure": f"{name} is unsure: {figure} reaches below {bar}; {more}",
    }[finding]


def _instead(name: str) -> str:
    """What to do about a label with too few questions: somebody asked for its column."""
    column, equals, _ = name.partition("=")
    return f": add questions of it, join it with another label, or gate without the column {column}" if equals else ""


def _signed(value: float) -> str:
    return f"{value:+.4f}".replace("-", "−") if round(value, 4) else "0"


def _column_of(target: str) -> list[str]:
    column, equals, _ = target.partition("=")
    return [column] if equals else []


def _place(name: str) -> tuple[int, str]:
    """All, the bands from the head down, then the labels by name."""
    first = (ALL, *BANDS)
    lead = name.split("+", maxsplit=1)[0]
    return (first.index(lead) if lead in first else len(first), name)
