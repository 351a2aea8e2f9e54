"""Towers that learn from a log: its pairs, its negatives, and after every pass the whole pool as the judge."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from semsearch.progress import Progress
from semsearch.towers.checkpoint import Checkpoint
from semsearch.towers.loop import Plan, train
from semsearch.training.catalogue.learning import THREADS, TRANSFORMER_BATCH
from semsearch.training.judge import MOST, Judge, Watch

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from semsearch.settings import TrainSettings
    from semsearch.towers.negatives import Negatives
    from semsearch.training.log.lesson import Lesson

RATE, TRANSFORMER_RATE = 5e-2, 2e-5
MIN_STEPS = 8
"""Steps of one pass, at least: a small log trains in small batches."""


def learn_log(
    model: SentenceTransformer,
    lesson: Lesson,
    *,
    checkpoint: Checkpoint | None,
    progress: Progress,
    clock: Callable[[], float],
) -> dict[str, Any]:
    """Train `model` in place, keep its best pass and say what was done: facts in plain values, with the curve.

    After each pass the validation questions are put to the whole pool that was alive when they were asked; without a
    gain for `patience` passes training ends.
    """
    settings, static = lesson.subject.settings, lesson.subject.static
    progress("looking for near duplicates", 0, 0)
    pairs = lesson.pairs(model)
    plan = plan_of(len(pairs), settings)
    negatives = lesson.negatives(plan.batch)
    judge = Judge.of(lesson.evidence.validation, lesson, model, whole=static, most=MOST)
    watch = Watch(judge, settings.patience, checkpoint.memory if checkpoint else {})
    watch.begin(model)
    done = train(
        model,
        pairs,
        negatives,
        plan,
        clock=clock,
        progress=lambda n, total: progress("learning from the log", n, total),
        on_epoch=watch,
        checkpoint=checkpoint,
    )
    watch.restore(model)
    return {
        "n_pairs": len(pairs),
        "n_query_sides": len(lesson.sides.texts),
        "n_clusters": int(lesson.clusters.max()) + 1,
        "n_steps": done.n_steps,
        "n_pairs_seen": done.n_pairs,
        "ended_by": done.ended_by,
        "resumed_at": done.resumed_at,
        "not_resumed": done.not_resumed,
        "train_s": round(done.seconds, 3),
        "pairs_per_s": round(done.n_pairs / max(done.seconds, 1e-9)),
        "batch": plan.batch,
        "learning_rate": plan.learning_rate,
        "hard_negatives": _sizes(negatives),
        "metric": judge.metric,
        "n_validation": len(judge.questions),
        "n_pool": len(judge.pool),
        "best_epoch": watch.best_epoch,
        "curve": [{name: round(value, 5) for name, value in entry.items()} for entry in watch.curve],
    }


def plan_of(n_pairs: int, settings: TrainSettings) -> Plan:
    """How long and how fast to learn this many pairs."""
    static = settings.family == "static"
    largest = settings.batch if static else TRANSFORMER_BATCH
    batch = max(2, min(largest, n_pairs // MIN_STEPS))
    steps = Plan.steps_of(settings.epochs, n_pairs, batch)
    return Plan(
        steps,
        batch,
        settings.learning_rate or (RATE if static else TRANSFORMER_RATE),
        temperature=settings.temperature,
        warmup=steps // 20,
        seconds=settings.seconds,
        seed=settings.seed,
        threads=THREADS if static else 0,
        log_q=settings.log_q,
        correct_positive=settings.correct_positive,
        matryoshka=settings.matryoshka,
    )


def _sizes(negatives: Negatives) -> list[int]:
    return [len(hard.items.values) for hard in negatives.hard]
