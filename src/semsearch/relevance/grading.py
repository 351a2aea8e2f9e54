"""Pairs to labels: a model names the facets of each pair, code computes the grade.

An answer that is no answer is an abstention with its cause: counted apart, never kept as a label, never a 0. A pair
that the rule calls ungradeable is a label, for that was answered.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from semsearch.errors import SemsearchError
from semsearch.llm.answers import Answer, Question
from semsearch.records import Label
from semsearch.relevance.asking.judging import Judging, blank
from semsearch.relevance.asking.reading import Said, read
from semsearch.relevance.rubric import RUBRIC, Grade
from semsearch.relevance.shapes import Answered
from semsearch.store.labels import Key, pair_of
from semsearch.store.labels.pools import Pair
from semsearch.store.labels.snapshots import item_digest

EMPTY = "empty"
"""Why nothing was asked: there is no text."""
BATCH = 100
"""Pairs whose labels are kept at once."""
Keep = Callable[[Sequence[Label]], None]
"""Keeps labels, all or none, as `store.labels.files.LabelFiles.append` does."""


class Asks(Protocol):
    """Where questions go, as to `llm.asking.Asker`."""

    def ask(self, questions: Iterable[Question[Answered]], /) -> Iterator[Answer[Answered]]:
        """As many answers, in their order."""
        ...


@dataclass(frozen=True, slots=True)
class Graded:
    """One pair and what came of it."""

    pair: Pair
    label: Label | None
    """None: an abstention."""
    why: str = ""
    """Of a grade: the rule that decided."""
    cause: str = ""
    """Of an abstention: refused, cut, filtered, not JSON, wrong shape, failed, empty, invented or contradictory."""
    reasoning: str = ""
    """In the model's words; of an abstention what is known of its cause."""
    instructed: bool = False
    """Whether a text of the question tries to instruct its reader."""
    cached: bool = False
    """Whether it was paid for before."""
    n_in: int = 0
    """Tokens that were sent."""
    n_out: int = 0
    """Tokens that came back."""
    cost_usd: float = 0.0

    @property
    def kind(self) -> str:
        """To be counted by: 2, 0–1 and the like, ungradeable, or the cause of an abstention."""
        return str(Grade(self.label.grade_low, self.label.grade_high, "")) if self.label else self.cause


def grade_pairs(
    pairs: Iterable[Pair],
    judging: Judging,
    asker: Asks,
    *,
    batch: str,
    clock: Callable[[], datetime],
    keep: Keep | None = None,
) -> Iterator[Graded]:
    """Grade pairs in their order; they are pulled as there is room to ask.

    `keep` is given the labels of some pairs before these are handed on, and of all that are done when asking stops
    (BudgetReached, MissingService): the error comes after them. A pair that was asked before costs nothing, so that a
    run that was killed is simply started again; `only_new` keeps it from repeating labels.
    """
    graded = _graded(pairs, judging, asker, batch, clock)
    return graded if keep is None else _kept(graded, keep)


def only_new(keep: Keep, before: Iterable[Label]) -> Keep:
    """`keep` for labels that do not just repeat what the newest label of their pair in `before` says.

    `before` are machine labels, in any order.
    """
    by_age = sorted(before, key=lambda label: label.at)
    newest: dict[Key, object] = {pair_of(label): _said(label) for label in by_age}

    def keep_new(labels: Sequence[Label]) -> None:
        new = [label for label in labels if newest.get(pair_of(label)) != _said(label)]
        if new:
            keep(new)
            newest.update((pair_of(label), _said(label)) for label in new)

    return keep_new


def _said(label: Label) -> object:
    """What a machine's label says and on what ground; when, in which words and in which batch aside."""
    facets = tuple(sorted((each.intent, each.asked, str(each.met)) for each in label.facets))
    return label.by, label.prompt_hash, label.rubric, label.item_digest, label.grade_low, label.grade_high, facets


def _graded(
    pairs: Iterable[Pair], judging: Judging, asker: Asks, batch: str, clock: Callable[[], datetime]
) -> Iterator[Graded]:
    waiting: deque[tuple[Pair, bool]] = deque()

    def asked() -> Iterator[Question[Answered]]:
        for pair in pairs:
            waiting.append((pair, blank(pair)))
            if not waiting[-1][1]:
                yield judging.question(pair)

    def unasked() -> Iterator[Graded]:
        while waiting and waiting[0][1]:
            yield Graded(waiting.popleft()[0], None, cause=EMPTY)

    for answer in asker.ask(asked()):
        yield from unasked()
        pair, _ = waiting.popleft()
        yield _of_answer(pair, answer, judging.prompt_hash, batch, clock())
        yield from unasked()
    yield from unasked()


def _of_answer(pair: Pair, answer: Answer[Answered], prompt_hash: str, batch: str, at: datetime) -> Graded:
    said = read(pair.query, answer)
    grade = said.grade
    return Graded(
        pair,
        _label(pair, said, grade, by=answer.model, prompt_hash=prompt_hash, batch=batch, at=at) if grade else None,
        why=grade.why if grade else "",
        cause=said.cause,
        reasoning=said.reasoning,
        instructed=answer.instructed,
        cached=answer.cached,
        n_in=answer.n_in,
        n_out=answer.n_out,
        cost_usd=answer.cost_usd,
    )


def _label(pair: Pair, said: Said, grade: Grade, *, by: str, prompt_hash: str, batch: str, at: datetime) -> Label:
    return Label(
        query=pair.query,
        item_id=pair.item_id,
        source="model",
        by=by,
        origin="facets",
        grade_low=grade.low,
        grade_high=grade.high,
        rubric=RUBRIC,
        at=at,
        facets=said.facets,
        item=pair.item,
        item_digest=item_digest(pair.item),
        inclusion_probability=pair.inclusion_probability,
        batch=batch,
        prompt_hash=prompt_hash,
        note=said.reasoning,
    )


def _kept(graded: Iterator[Graded], keep: Keep) -> Iterator[Graded]:
    """Nothing is handed on that is not kept; an error comes after all that was done before it."""
    some: list[Graded] = []
    stopped: SemsearchError | KeyboardInterrupt | None = None
    try:
        for each in graded:
            some.append(each)
            if len(some) == BATCH:
                _keep(some, keep)
                done, some = some, []
                yield from done
    except (SemsearchError, KeyboardInterrupt) as error:
        stopped = error
    finally:
        _keep(some, keep)
    yield from some
    if stopped:
        raise stopped


def _keep(graded: Sequence[Graded], keep: Keep) -> None:
    if labels := [each.label for each in graded if each.label]:
        keep(labels)
