"""What `grade audit` does, step by step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING

from semsearch.errors import MissingPart
from semsearch.evaluation.demand import bands, n_searches
from semsearch.evaluation.labels.clicks import ClickAgreement, click_agreement, clicked
from semsearch.evaluation.labels.labelled import check_one_judge, judge_named, judge_of, of_judge
from semsearch.ingest.catalogue import Catalogue
from semsearch.llm.answers import Estimate
from semsearch.progress import Progress, silent
from semsearch.records import Label
from semsearch.relevance.asking.judging import blank, questions
from semsearch.relevance.auditing import probes
from semsearch.relevance.auditing.audit import NO_LABEL, Audit, Shared, audit, shared
from semsearch.relevance.auditing.drift import Drift, Ranked, drifts, ranked
from semsearch.relevance.choice import Choice, choice
from semsearch.relevance.grading import grade_pairs
from semsearch.relevance.locked import Looker, Opening, open_locked, openings
from semsearch.relevance.rubric import RUBRIC
from semsearch.relevance.splits import SHARES, Part, part_of
from semsearch.relevance.steps import Parts, judging, kept, keys_of, market_of, model_of, outdated
from semsearch.relevance.truths import Truth, Truths, digest, truths_of, with_items
from semsearch.store.answers import Answers
from semsearch.store.labels import Key

if TYPE_CHECKING:
    from semsearch.evaluation.runs import Run

AUDITED: tuple[Part, ...] = ("tuning", "selection")
"""The parts that an audit looks at unless it opens the locked one."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What an audit looks at."""

    pairs: tuple[Shared, ...]
    labels: tuple[Label, ...]
    """Of people and machines, of the parts that are looked at."""
    judge: str
    """MODEL@PROMPT@RUBRIC whose labels are held against people's."""
    truths: Truths
    """Of the locked part too."""
    locked: bool
    """Whether the locked part is looked at."""


@dataclass(frozen=True, eq=False)
class Audited:
    """A machine's labels held against people's, in all that an audit looks at."""

    audit: Audit
    truths: Truths
    """With the locked ones too."""
    locked: bool
    """Whether the locked part is in the figures."""
    n_locked: int
    """Pairs of it."""
    openings: tuple[Opening, ...]
    drifts: tuple[Drift, ...]
    ranked: tuple[Ranked, ...]
    """Empty without runs."""
    clicks: ClickAgreement | None
    """Null without a log."""
    judge: str
    """MODEL@PROMPT@RUBRIC whose labels were held against people's."""
    probes: tuple[probes.Probe, ...]
    """Empty unless they were asked for."""
    now: str
    """MODEL@PROMPT@RUBRIC of what is asked now: who is probed. Labels of others may be audited."""
    in_force: Choice | None
    """What `grade tune` chose; null: nothing yet."""
    tuned_on: bool
    """Whether it is what `grade tune` chose, so that figures outside the locked part are of what it was chosen on."""
    outdated: str
    """What is other now than when it was tuned, in words; empty when nothing is."""


def compared(parts: Parts, *, by: str, again: bool, with_locked: bool, judge: str | None = None) -> Compared:
    """The pairs that people judged, outside the locked part unless that is opened, with what one machine says.

    `judge` is as `evaluate run --judge`; where none is named, the newest labels that can be compared have to be of one.
    Raises MissingPart when the machine judged no pair, UsageError for several judges, and as `locked.check`.
    """
    labels = kept(parts)
    truths = with_items(truths_of(labels), parts.lookup)
    wanted = truths.of(*(SHARES if with_locked else AUDITED))
    name, audited = _of_one(labels, wanted, judge, again=again, by=by, locked=with_locked)
    pairs = shared(wanted, audited)
    if not name:
        where = "" if with_locked else " outside the locked part"
        raise MissingPart(
            f"No pair was judged by people and by a machine; people settled {len(wanted):,}{where}.",
            "Next: semsearch label export people.csv --format csv; semsearch grade pairs people.csv"
            if wanted
            else "Next: semsearch label session BATCH --by NAME",
        )
    if with_locked:
        _look(parts, truths.of("locked"), audited, by=by, again=again)
    causes = _causes(parts, name, [each.truth for each in pairs if each.cause == NO_LABEL])
    said = tuple(label for label in labels if with_locked or part_of(label.query) in AUDITED)
    return Compared(tuple(shared(wanted, audited, causes)), said, name, truths, with_locked)


def _of_one(
    labels: Sequence[Label], wanted: Sequence[Truth], judge: str | None, *, by: str, again: bool, locked: bool
) -> tuple[str, list[Label]]:
    """The judge that is audited, empty where none judged what people did, and its labels."""
    said = "grade audit" + (
        f" --locked{' --again' if again else ''} --by {quote(by) if by.strip() else 'NAME'}" if locked else ""
    )
    machine = [label for label in labels if label.source == "model"]
    named = of_judge(machine, judge, said) if judge and machine else machine
    name = check_one_judge([each.label for each in shared(wanted, named) if each.label], said)
    return name, named


def price_audit(parts: Parts, given: Compared, n_probes: int) -> Estimate:
    """What the probes would cost at most; the rest is free."""
    return parts.asker.price(questions(probes.asked(probes.changes(given.pairs, n_probes)), judging(parts)))


def audited(
    parts: Parts,
    given: Compared,
    *,
    n_probes: int,
    runs: Sequence[Run] = (),
    texts: Sequence[Mapping[str, str]] = (),
    progress: Progress = silent,
) -> Audited:
    """Everything that is told of the machine's labels; errors as `ranked`, and as in asking when there are probes."""
    pairs = given.pairs
    asked = probes.changes(pairs, n_probes) if n_probes else {}
    how, in_force = judging(parts), choice(parts.workspace)
    return Audited(
        audit=audit(pairs, _by_people_and(given.judge, given.labels), _bands(parts)),
        truths=given.truths,
        locked=given.locked,
        n_locked=len(given.truths.of("locked")),
        openings=tuple(openings(parts.workspace)),
        drifts=tuple(drifts(given.labels, pairs)),
        ranked=tuple(ranked(runs, texts, pairs)) if runs else (),
        clicks=_clicks(parts, pairs),
        probes=tuple(probes.probe(asked, how, market_of(parts), progress)) if asked else (),
        now=judge_named(model_of(parts, how), how.prompt_hash, RUBRIC),
        judge=given.judge,
        in_force=in_force,
        tuned_on=in_force is not None
        and given.judge == judge_named(in_force.model, in_force.prompt_hash, given.judge.rpartition("@")[2]),
        outdated=outdated(parts, how),
    )


def _by_people_and(judge: str, labels: Iterable[Label]) -> list[Label]:
    return [label for label in labels if label.source == "person" or judge_of(label) == judge]


def _look(parts: Parts, truths: Sequence[Truth], labels: Iterable[Label], *, by: str, again: bool) -> None:
    machine = [each.label for each in shared(truths, labels) if each.label]
    hashes, models = sorted({label.prompt_hash for label in machine}), sorted({label.by for label in machine})
    said = digest(label.label_id for label in machine)
    looker = Looker(by.strip(), "audit", "labels", ", ".join(hashes), ", ".join(models), said)
    open_locked(parts.workspace, looker, truths, now=parts.clock(), again=again)


def _causes(parts: Parts, judge: str, truths: Sequence[Truth]) -> dict[Key, str]:
    """Why the machine abstained on these, as far as it was asked about them as it would be asked now: that is free.

    Of another judge than that of now nothing is known.
    """
    how = judging(parts)
    if not truths or judge != judge_named(model_of(parts, how), how.prompt_hash, RUBRIC):
        return {}
    pairs = [each.pair for each in truths]
    keys = keys_of(parts, how, pairs)
    known = Answers(parts.store).get(keys.values())
    answered = [pair for pair in pairs if blank(pair) or keys[pair.key] in known]
    graded = grade_pairs(answered, how, parts.asker, batch="audit", clock=parts.clock)
    return {each.pair.key: each.cause for each in graded if each.cause}


def _bands(parts: Parts) -> dict[str, str]:
    """Query key → band, as the log has it; empty without one."""
    catalogue, log = Catalogue(parts.workspace), parts.settings.log
    return bands(n_searches(catalogue.interactions()), log.head, log.torso) if catalogue.n_interactions else {}


def _clicks(parts: Parts, pairs: Sequence[Shared]) -> ClickAgreement | None:
    catalogue = Catalogue(parts.workspace)
    people = {each.truth.key: float(each.truth.low) for each in pairs if each.truth.low is not None}
    if not catalogue.n_interactions or not people:
        return None
    told = clicked(catalogue.interactions(), people, parts.settings.log.window_s)
    return click_agreement(people, told, seed=0)
