"""Towers from the catalogue alone: what a market knows before it has a log, and where a log's training starts."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from semsearch.errors import UsageError
from semsearch.progress import Progress
from semsearch.towers.batches import Pairs
from semsearch.towers.loop import Plan, Trained, train
from semsearch.towers.model import narrowed
from semsearch.towers.negatives import Negatives
from semsearch.training.catalogue.pairs import TextPairs, catalogue_pairs
from semsearch.training.corpus import Corpus, Subject, tokens_of
from semsearch.training.teacher import Teacher, soft_targets, teacher_texts

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

MAX_PAIRS_PER_ITEM = 16
EPOCHS = 24
"""Times that static towers meet each item; `MIN_STEPS` and `MAX_STEPS` bound what follows from it."""
MIN_STEPS, MAX_STEPS = 100, 800
BATCH, TRANSFORMER_BATCH = 1024, 32
RATE, TRANSFORMER_RATE = 2e-2, 2e-5
TEMPERATURE = 0.05
HIDE = 0.3
"""Share of pairs whose item loses the query's words."""
THREADS = 1
"""Of static training: its steps are so short that two threads which share their cores with others wait more than
they work, and one thread gives the same towers on every number of cores."""


def learn_catalogue(
    model: SentenceTransformer,
    subject: Subject,
    *,
    teacher: Teacher | None = None,
    progress: Progress,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[SentenceTransformer, dict[str, Any]]:
    """Train `model` on queries made up from the items, and say what was done.

    A `teacher` shows it what it makes of the same queries and items. Static towers that started from nothing come back
    narrowed to `settings.dim`. Raises UsageError when the items hold too few words.
    """
    settings, corpus = subject.settings, subject.corpus
    start = clock()
    plan = _plan(subject)
    per_item = max(1, min(MAX_PAIRS_PER_ITEM, -(-plan.steps * plan.batch // len(corpus.texts))))
    made = catalogue_pairs(subject.items, subject.features.listing, per_item, settings.seed)
    pairs, queries = _tokenised(model, made, corpus)
    guide = None
    if teacher:
        guide = soft_targets(teacher, teacher_texts(subject.items), queries, pairs.query_rows, progress=progress)
    prepared = clock()
    done = train(
        model,
        pairs,
        Negatives(),
        plan,
        guide=guide,
        clock=clock,
        progress=lambda n, total: progress("training", n, total),
    )
    if model.get_embedding_dimension() != settings.dim and not settings.base:
        model = narrowed(model, pairs.items, settings.dim)
    facts = _facts(pairs, done, prepared - start)
    return model, facts | ({"teacher": teacher.facts()} if teacher else {})


def _plan(subject: Subject) -> Plan:
    """Steps from the number of distinct items, so that a result does not hang on the machine's speed."""
    static, corpus, settings = subject.static, subject.corpus, subject.settings
    batch = min(BATCH if static else TRANSFORMER_BATCH, corpus.n_distinct)
    wanted = corpus.n_distinct * (EPOCHS if static else 2) // batch
    steps = int(np.clip(wanted, MIN_STEPS, MAX_STEPS))
    return Plan(
        steps,
        batch,
        RATE if static else TRANSFORMER_RATE,
        temperature=TEMPERATURE,
        warmup=steps // 20,
        hide=HIDE if static else 0.0,
        seconds=settings.seconds,
        seed=settings.seed,
        threads=THREADS if static else 0,
    )


def _tokenised(model: SentenceTransformer, made: TextPairs, corpus: Corpus) -> tuple[Pairs, list[str]]:
    """Pairs whose query has a token, and their queries' texts."""
    queries = tokens_of(model, "query", made.queries)
    known = np.flatnonzero(queries.lengths > 0)
    item_rows = made.item_rows[known]
    if len(np.unique(corpus.groups[item_rows])) < 2:
        raise UsageError("Titles and bodies hold too few words to train on.", "Next: semsearch import items FILE")
    pairs = Pairs(
        queries.take(known),
        tokens_of(model, "document", corpus.texts),
        np.arange(len(known)),
        item_rows,
        np.ones(len(known), np.float32),
        corpus.groups,
    )
    return pairs, [made.queries[row] for row in known]


def _facts(pairs: Pairs, done: Trained, prepare_s: float) -> dict[str, Any]:
    ten = max(1, len(done.losses) // 10)
    return {
        "n_pairs": len(pairs),
        "n_steps": done.n_steps,
        "n_pairs_seen": done.n_pairs,
        "ended_by": done.ended_by,
        "prepare_s": round(prepare_s, 3),
        "train_s": round(done.seconds, 3),
        "loss_first": round(float(np.mean(done.losses[:ten])), 4),
        "loss_last": round(float(np.mean(done.losses[-ten:])), 4),
    }
