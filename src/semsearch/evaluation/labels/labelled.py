"""What figures take from labels: qrels at one end of what is open, chances of pairs, and whose grades they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Literal, Protocol

from semsearch.errors import UsageError
from semsearch.evaluation.qrels import Qrels
from semsearch.evaluation.queries import query_id_of
from semsearch.records import Judgement, Label

End = Literal["low", "high"]
EVALUATE = "evaluate run --labels"
"""The command that asks for a judge where nothing else does."""


class Graded(Protocol):
    """What counts of one pair, as the store of labels tells it."""

    @property
    def query(self) -> str: ...  # noqa: D102
    @property
    def item_id(self) -> str: ...  # noqa: D102
    @property
    def grade_low(self) -> int | None: ...  # noqa: D102
    @property
    def grade_high(self) -> int | None: ...  # noqa: D102
    @property
    def stale(self) -> bool: ...  # noqa: D102


def qrels_of(effective: Mapping[Any, Graded], end: End = "low") -> Qrels:
    """Judgements under the ids of `query_id_of`; ungradeable and stale pairs are left out: they are unjudged.

    Raises UsageError when none is left.
    """
    kept = (each for each in effective.values() if not each.stale)
    grades = ((each, each.grade_low if end == "low" else each.grade_high) for each in kept)
    return Qrels.of(
        Judgement(query_id_of(each.query), each.item_id, float(grade)) for each, grade in grades if grade is not None
    )


def chances(labels: Iterable[Label]) -> dict[str, float]:
    """Batch → the lowest chance with which people's labels of a pair say that it was drawn; none: picked on purpose.

    `labels` are all that stand, those too that a newer one of their author replaced: a pair that was drawn stays drawn
    when it is graded again.
    """
    found: dict[str, float] = {}
    for label in labels:
        if label.source == "person" and (chance := label.inclusion_probability) is not None:
            found[label.batch] = min(chance, found.get(label.batch, chance))
    return found


def by_rubric(labels: Iterable[Label], rubric: str) -> tuple[list[Label], int]:
    """Labels of people by a rubric, or by none that is told, as imported ones; and how many others there are."""
    given = list(labels)
    kept = [label for label in given if not (rubric and label.rubric and label.rubric != rubric)]
    return kept, len(given) - len(kept)


def judge_of(label: Label) -> str:
    """MODEL@PROMPT@RUBRIC: labels of one judge alone can be rectified together."""
    return judge_named(label.by, label.prompt_hash, label.rubric)


def judge_named(model: str, prompt_hash: str, rubric: str) -> str:
    """MODEL@PROMPT@RUBRIC; PROMPT is the beginning of the hash, and what is switched off: that is another judge."""
    prompt, *off = prompt_hash.split("-", 1)
    return f"{model}@{'-'.join((prompt[:12], *off))}@{rubric}"


def is_of(label: Label, wanted: str) -> bool:
    """Whether `wanted` names the judge of a label: MODEL, MODEL@PROMPT or whole."""
    return f"{judge_of(label)}@".startswith(f"{wanted}@")


def of_judge(labels: Iterable[Label], wanted: str, command: str = EVALUATE) -> list[Label]:
    """Labels of the one judge that `wanted` names: MODEL, MODEL@PROMPT or whole.

    Raises UsageError when that is none or several; `command` is what is to be typed then, with a judge.
    """
    given = list(labels)
    named = {judge_of(label) for label in given if is_of(label, wanted)}
    if len(named) != 1:
        what = f"'{wanted}' is no judge of these labels" if not named else f"'{wanted}' is several judges"
        raise _which(what, [label for label in given if not named or judge_of(label) in named], command)
    return [label for label in given if judge_of(label) in named]


def check_one_judge(counting: Iterable[Label], command: str = EVALUATE) -> str:
    """The judge of these labels, one a pair; raises UsageError, as `of_judge`, when there are several."""
    labels = list(counting)
    if len(names := {judge_of(label) for label in labels}) > 1:
        raise _which("Several judges graded these pairs, and each is wrong in its own way", labels, command)
    return min(names, default="")


def _which(what: str, labels: Iterable[Label], command: str) -> UsageError:
    counts = Counter(map(judge_of, labels)).most_common()
    told = ", ".join(f"{n:,} labels by {judge}" for judge, n in counts)
    first = counts[0][0] if counts else "MODEL"
    return UsageError(f"{what}: {told}.", f"Next: semsearch {command} --judge '{first}'")
