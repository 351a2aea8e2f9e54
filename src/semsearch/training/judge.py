"""Held-out questions put to the whole pool after every pass: which pass was best, and when to stop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from semsearch.evaluation.evaluate import evaluate
from semsearch.evaluation.runs import Run
from semsearch.towers.encoded import encoded
from semsearch.towers.loop import EpochFacts
from semsearch.training.corpus import tokens_of
from semsearch.training.pool import Pool, by_vectors

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from semsearch.evaluation.questions import Questions
    from semsearch.towers.features import TokenRows
    from semsearch.training.log.lesson import Lesson

MOST = 2_000
"""Questions that are asked after a pass, at most."""
FEWEST = 30
"""With fewer questions a pass cannot be told from another, and training runs to its end."""
SAMPLE = 2_000
"""Items beside the wanted ones that a transformer is asked to tell apart after a pass: encoding all takes too long."""
DEEP, SHALLOW, LARGE = 100, 10, 2_000
"""Recall is taken at 100 in a pool of more than 2,000 items, at 10 in a smaller one."""


@dataclass(frozen=True, eq=False)
class Judge:
    """Questions against a pool by exact search."""

    questions: Questions
    pool: Pool
    queries: TokenRows
    items: TokenRows

    @classmethod
    def of(cls, questions: Questions, lesson: Lesson, model: SentenceTransformer, *, whole: bool, most: int) -> Judge:
        """At most `most` of the questions, evenly taken; not the `whole` pool is a sample with all that is wanted."""
        ids = list(questions.queries.texts)
        asked = questions.of(ids[:: max(1, -(-len(ids) // most))])
        rows = np.arange(lesson.subject.items.height)
        if not whole and len(rows) > SAMPLE:
            wanted = sorted({item_id for grades in asked.qrels.grades.values() for item_id in grades})
            chosen = lesson.subject.items["item_id"].is_in(wanted).to_numpy().copy()
            chosen[np.random.default_rng(0).permutation(len(rows))[:SAMPLE]] = True
            rows = np.flatnonzero(chosen)
        return cls(
            asked,
            Pool.of(lesson.subject.items[rows]),
            tokens_of(model, "query", lesson.question_texts(asked)),
            tokens_of(model, "document", [lesson.subject.corpus.texts[row] for row in rows.tolist()]),
        )

    @property
    def able(self) -> bool:
        """Whether there are questions enough to tell one pass from another."""
        return len(self.questions) >= FEWEST

    @property
    def metric(self) -> str:
        """Recall, as deep as the pool is large."""
        return f"recall@{DEEP if len(self.pool) > LARGE else SHALLOW}"

    def recall(self, model: SentenceTransformer) -> float:
        """Mean recall over the questions; NaN without any."""
        if not self.able:
            return float("nan")
        run = self.run(model, int(self.metric.partition("@")[2]), "towers")
        return evaluate(run, self.questions.qrels, [self.metric]).mean(self.metric)

    def run(self, model: SentenceTransformer, depth: int, name: str) -> Run:
        """The best `depth` items of every question, as the towers see them now."""
        scores = by_vectors(encoded(model, "query", self.queries), encoded(model, "document", self.items))
        return self.pool.ranked(self.questions.asked_at, self.questions.seen, scores, depth, name)


class Watch:
    """Looks at the towers after every pass, keeps the best and says when to stop.

    What it knows lies in `memory`, which a checkpoint writes along and gives back.
    """

    def __init__(self, judge: Judge, patience: int, memory: dict[str, Any]) -> None:
        self._judge, self._patience, self._memory = judge, patience, memory

    def begin(self, model: SentenceTransformer) -> None:
        """The start counts as pass 0."""
        start = self._judge.recall(model)
        self._memory.update(curve=[{"epoch": 0, "recall": start}], best=start, best_epoch=0, weights=_weights(model))

    def __call__(self, epoch: int, model: SentenceTransformer, facts: EpochFacts) -> bool:
        """Whether to stop. Without questions enough the last pass counts as the best."""
        held, recall = self._memory, self._judge.recall(model)
        seen = {"epoch": epoch, "loss": facts.loss, "accuracy": facts.accuracy, "seconds": facts.seconds}
        held["curve"].append(seen | {"recall": recall})
        if not self._judge.able or recall > held["best"]:
            held.update(best=recall, best_epoch=epoch, weights=_weights(model))
        return epoch - int(held["best_epoch"]) >= self._patience

    @property
    def curve(self) -> tuple[dict[str, float], ...]:
        """One entry a pass: epoch, recall; but for pass 0 also loss, accuracy (in-batch) and seconds."""
        return tuple(self._memory["curve"])

    @property
    def best_epoch(self) -> int:
        """The pass whose weights are kept."""
        return int(self._memory["best_epoch"])

    def restore(self, model: SentenceTransformer) -> None:
        """Give the model the weights of its best pass."""
        model.load_state_dict(self._memory["weights"])


def _weights(model: SentenceTransformer) -> dict[str, Any]:
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
