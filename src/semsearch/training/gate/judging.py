"""The release gate: a candidate against the release that is served, on the same held-out questions.

It passes only when the target cohort gains (the lower end of the paired 95 % interval of candidate minus current is
above 0) and no other cohort may lose more than is allowed. What too few questions cannot tell is not a pass.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from semsearch.errors import UsageError
from semsearch.evaluation.compare import Comparison, JudgedHit
from semsearch.evaluation.intervals import RESAMPLES
from semsearch.evaluation.metrics import parse_metric
from semsearch.evaluation.questions import BAND
from semsearch.evaluation.runs import Run
from semsearch.gates import changes
from semsearch.plain import plain
from semsearch.progress import Progress, silent
from semsearch.retrieval.asked import answerable, answers, shared_contests
from semsearch.retrieval.evaluate import depth_of
from semsearch.training.gate.bands import even_sample
from semsearch.training.gate.cohorts import ALL, Cohort, Outcome, cohort_labels, judge, target_of, verdict

if TYPE_CHECKING:
    from semsearch.evaluation.qrels import Qrels
    from semsearch.evaluation.questions import Questions, Side
    from semsearch.retrieval.search import Searcher
    from semsearch.settings import GateSettings
    from semsearch.workspace import Manifest


@dataclass(frozen=True, slots=True)
class Lost:
    """One question that the candidate answers worse, with what it was asked for."""

    query: str
    current: float
    """Value of the metric."""
    candidate: float
    hits_current: tuple[JudgedHit, ...]
    """What the current release shows first."""
    hits_candidate: tuple[JudgedHit, ...]


@dataclass(frozen=True)
class GateResult:
    """The answer of one gate with all that it depends on."""

    gate_id: str
    """Digest of candidate, current, questions, settings, target and slices: equal input, equal id."""
    candidate: str
    current: str
    changed: tuple[str, ...]
    """What of the candidate is not as in the current release: model, words, engine."""
    pipeline: str
    outcome: Outcome
    told: str
    """In words."""
    target: str
    """Name of the cohort that must gain."""
    cohorts: tuple[Cohort, ...]
    settings: Mapping[str, Any]
    """metric and allowed_loss (relative to the current release's mean), as they were set."""
    serving: Mapping[str, str]
    """mode, fusion and depth in which both were asked; asked_with where that is no typed text."""
    source: Mapping[str, str]
    """Where the questions come from, and from which time on."""
    questions_digest: str
    n_questions: int
    """Asked and answerable."""
    n_unanswerable: int
    """Left out: nothing that was wanted is in both releases and alive when it was asked."""
    n_not_asked: int
    """Left out: of more than MAX_QUESTIONS that can be answered an even sample is asked."""
    n_items: int
    """Items that both releases hold: these compete."""
    n_only_current: int
    n_only_candidate: int
    seed: int
    resamples: int
    judged_at: str
    lost: tuple[Lost, ...] = ()
    """The questions that lost most."""
    changes: tuple[float, ...] = field(default=(), repr=False)
    """Candidate minus current of every question."""

    @property
    def passed(self) -> bool:
        """Whether the candidate may be published."""
        return self.outcome == "passed"


def document(result: GateResult) -> dict[str, Any]:
    """The result as JSON data, without the change of every question."""
    return {name: value for name, value in plain(result).items() if name != "changes"}


def gate(
    current: Searcher,
    candidate: Searcher,
    questions: Questions,
    settings: GateSettings,
    *,
    target: str = ALL,
    slices: Sequence[str] = (),
    source: Mapping[str, str] | None = None,
    now: datetime,
    mode: str | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
    progress: Progress = silent,
) -> GateResult:
    """Judge the candidate's release against the current one, both as they are served (`mode` None: the setting).

    Items that both hold compete, alive at the moment of each question. Raises UsageError when the two releases are
    one or of two pipelines, for an unknown column, cohort or metric, and when no question can be answered.
    """
    metric = parse_metric(settings.metric).name
    ours, theirs = candidate.release.manifest, current.release.manifest
    check_pair(ours.release_id, ours.pipeline, theirs.release_id, theirs.pipeline)
    of_current, of_candidate = shared_contests(current.release, candidate.release)
    can = answerable(questions, of_candidate, now, shared_side(current, candidate))
    asked = _asked(questions, can, ours, theirs)
    labels = cohort_labels(questions, slices, target, asked.qrels.grades)
    target = target_of(labels, target)
    runs = [
        answers(searcher, asked, contest, depth_of([metric]), now=now, name=name, mode=mode, progress=progress)
        for searcher, contest, name in ((current, of_current, "current"), (candidate, of_candidate, "candidate"))
    ]
    compared, cohorts = judge(
        runs[0], runs[1], asked.qrels, labels, settings, target=target, seed=seed, resamples=resamples
    )
    outcome, told = verdict(cohorts)
    given: dict[str, Any] = {
        "candidate": ours.release_id,
        "current": theirs.release_id,
        "target": target,
        "questions_digest": questions_digest(asked, labels),
        "settings": settings.model_dump(),
        "serving": _serving(candidate, mode),
        "seed": seed,
        "resamples": resamples,
    }
    return GateResult(
        **given,
        **_sizes(questions, can, asked, (theirs.n_items, ours.n_items), n_shared=len(of_candidate)),
        gate_id="g" + _digest(given | {"slices": sorted(slices)})[:12],
        changed=changes(ours, theirs),
        pipeline=ours.pipeline,
        outcome=outcome,
        told=told,
        cohorts=cohorts,
        source=source or {},
        judged_at=now.isoformat(timespec="seconds"),
        lost=_lost(compared, runs, asked),
        changes=tuple(compared.per_query(metric).tolist()),
    )


def _sizes(
    questions: Questions, can: Qrels, asked: Questions, n_items: tuple[int, int], *, n_shared: int
) -> dict[str, Any]:
    """What was asked of what there is; `n_items` of the current release and of the candidate."""
    return {
        "n_questions": len(asked),
        "n_unanswerable": len(questions.queries) - len(can),
        "n_not_asked": len(can) - len(asked),
        "n_items": n_shared,
        "n_only_current": n_items[0] - n_shared,
        "n_only_candidate": n_items[1] - n_shared,
    }


def _asked(questions: Questions, can: Qrels, ours: Manifest, theirs: Manifest) -> Questions:
    """Those that can be answered, or an even sample of them; raises UsageError without any."""
    wanted = can.of_queries(even_sample(list(can.grades), questions.queries.columns.get(BAND, {})))
    if not wanted.grades:
        raise UsageError(
            f"None of the {len(questions.queries):,} questions can be answered: nothing that they ask for is in both "
            f"{theirs.release_id} and {ours.release_id} and alive when it is asked.",
            "Next: semsearch index build, then judge a candidate of the present catalogue",
        )
    return replace(questions, queries=questions.queries.of(wanted.grades), qrels=wanted)


def check_pair(candidate: str, candidate_pipeline: str, current: str, current_pipeline: str) -> None:
    """Raises UsageError when the two are one release, or of two pipelines."""
    if candidate == current:
        raise UsageError(
            f"{candidate} is the release that is served: there is nothing to judge.",
            "Next: semsearch train, then semsearch index build makes a candidate",
        )
    if candidate_pipeline != current_pipeline:
        raise UsageError(
            f"{candidate} was built for pipeline '{candidate_pipeline}', {current} for '{current_pipeline}'.",
            "Next: semsearch release list",
        )


def shared_side(current: Searcher, candidate: Searcher) -> Side:
    """What both are asked with; raises UsageError when they are not asked with the same."""
    asked: dict[str, Side] = {"query": "query", "item": "item", "actor": "actor"}
    theirs, ours = current.side.of, candidate.side.of
    if theirs != ours:
        raise UsageError(
            f"The candidate is asked with '{ours}', what is served with '{theirs}': they share no question.",
            "Next: train another pipeline with its own schema.toml, and semsearch index build --pipeline NAME",
        )
    return asked[ours]


def _serving(searcher: Searcher, mode: str | None) -> dict[str, str]:
    if searcher.side.of != "query":  # search.mode has no say
        return {"mode": "dense", "asked_with": searcher.side.of}
    chosen, fusion = searcher.rules(mode)
    more = {"fusion": fusion, "depth": str(searcher.settings.depth)} if chosen == "hybrid" else {}
    return {"mode": chosen} | more


def _lost(compared: Comparison, runs: Sequence[Run], asked: Questions, n: int = 8, k: int = 5) -> tuple[Lost, ...]:
    metric = next(iter(compared.a.values))
    lost = compared.regressions(metric, runs[0], runs[1], asked.qrels, n=n, k=k)
    return tuple(
        Lost(
            asked.queries.texts.get(change.query_id, change.query_id),
            change.value_a,
            change.value_b,
            change.hits_a,
            change.hits_b,
        )
        for change in lost
    )


def questions_digest(asked: Questions, cohorts: Mapping[str, Mapping[str, str]]) -> str:
    """What identifies a set of questions: texts, moments, wanted and seen items, cohorts."""
    rows = {
        query_id: [
            text,
            str(asked.asked_at.get(query_id, "")),
            sorted(asked.qrels.grades.get(query_id, {}).items()),
            sorted(asked.seen.get(query_id, ())),
            [name for name, members in cohorts.items() if query_id in members],
        ]
        for query_id, text in asked.queries.texts.items()
    }
    return _digest(rows)[:16]


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
