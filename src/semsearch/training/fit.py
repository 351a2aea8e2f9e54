"""Catalogue in, trained towers out: one folder that sentence-transformers loads as it is."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from semsearch.errors import UsageError
from semsearch.progress import Progress
from semsearch.settings import TrainSettings
from semsearch.text.signatures import exact_key
from semsearch.text.views import VIEWS_VERSION
from semsearch.towers.batches import Pairs
from semsearch.towers.card import ModelCard, encoder_id
from semsearch.towers.features import TokenRows, tokenise
from semsearch.towers.loop import Plan, Trained, train
from semsearch.towers.model import narrowed, need_torch, static_towers, towers_from
from semsearch.towers.negatives import Negatives
from semsearch.towers.template import ItemTemplate
from semsearch.towers.tokenizer import train_tokenizer
from semsearch.training.pairs import TextPairs, catalogue_pairs

if TYPE_CHECKING:
    import polars as pl
    from sentence_transformers import SentenceTransformer

MAX_VOCABULARY = 50_000
MAX_PAIRS_PER_ITEM = 16
EPOCHS = 24
"""Times that static towers meet each item; `MIN_STEPS` and `MAX_STEPS` bound what follows from it."""
MIN_STEPS, MAX_STEPS = 100, 800
HIDE = 0.3
"""Share of pairs whose item loses the query's words."""
THREADS = 1
"""Of static training: its steps are so short that two threads which share their cores with others wait more than
they work, and one thread gives the same towers on every number of cores."""
WIDTH = 2
"""Times the dim that static towers have while they train."""
MAX_TOKENS = 256


@dataclass(frozen=True, slots=True)
class _Corpus:
    texts: list[str]
    groups: NDArray[np.int64]
    digest: str


def fit(
    items: pl.DataFrame,
    settings: TrainSettings,
    folder: Path,
    *,
    now: datetime,
    progress: Progress,
    clock: Callable[[], float] = time.monotonic,
) -> ModelCard:
    """Train towers on a catalogue frame (`schema(Item)`) and save them in `folder`.

    The model id is made from their content.

    Equal items and settings give equal static towers, unless `settings.seconds` ended the training first (the
    card says so). Raises UsageError when fewer than two items have different texts or `settings.base` is
    no model of the asked family, MissingExtra without torch.
    """
    template = ItemTemplate()
    corpus = _corpus(items, template)
    need_torch()
    start = clock()
    model = _towers(corpus, settings)
    plan = _plan(corpus, settings)
    per_item = max(1, min(MAX_PAIRS_PER_ITEM, -(-plan.steps * plan.batch // len(corpus.texts))))
    made = catalogue_pairs(items, template, per_item, settings.seed)
    pairs = _tokenised(model, made, corpus)
    prepared = clock()
    done = train(model, pairs, Negatives(), plan, clock=clock, progress=lambda n, total: progress("training", n, total))
    if not settings.base:
        model = narrowed(model, pairs.items, settings.dim)
    folder.mkdir(parents=True, exist_ok=True)
    model.save(str(folder), create_model_card=False)
    metrics = _metrics(corpus, pairs, done, prepared - start)
    card = _card(
        folder,
        template,
        settings,
        dim=int(model.get_embedding_dimension() or 0),
        corpus=corpus,
        metrics=metrics,
        now=now,
    )
    card.write(folder)
    return card


def _corpus(items: pl.DataFrame, template: ItemTemplate) -> _Corpus:
    texts = template.texts(items)
    keys = [exact_key(text) for text in texts]
    _, groups = np.unique(keys, return_inverse=True)
    distinct = {key for key, text in zip(keys, texts, strict=True) if any(c.isalnum() for c in text)}
    if len(distinct) < 2:
        raise UsageError(
            f"Training needs at least two items with different texts; {len(texts)} items have {len(distinct)}.",
            "Next: semsearch import items FILE",
        )
    digest = hashlib.sha256("\n".join(keys).encode()).hexdigest()[:16]
    return _Corpus(texts, groups.astype(np.int64), digest)


def _towers(corpus: _Corpus, settings: TrainSettings) -> SentenceTransformer:
    if settings.base:
        return towers_from(settings.base, settings.family)
    if settings.family == "transformer":
        raise UsageError(
            "A transformer cannot be trained from nothing.", "Next: semsearch train --family transformer --base MODEL"
        )
    tokenizer = train_tokenizer(corpus.texts, MAX_VOCABULARY)
    counts = np.bincount(tokenise(tokenizer, corpus.texts).ids, minlength=tokenizer.get_vocab_size())
    return static_towers(tokenizer, WIDTH * settings.dim, counts, settings.seed)


def _plan(corpus: _Corpus, settings: TrainSettings) -> Plan:
    """Steps from the number of distinct items, so that a result does not hang on the machine's speed."""
    n_items = int(corpus.groups.max()) + 1
    static = settings.family == "static"
    batch = min(1024 if static else 32, n_items)
    wanted = n_items * (EPOCHS if static else 2) // batch
    steps = int(np.clip(wanted, MIN_STEPS, MAX_STEPS))
    rate = 2e-2 if static else 2e-5
    return Plan(
        steps,
        batch,
        rate,
        temperature=0.05,
        warmup=steps // 20,
        hide=HIDE if static else 0.0,
        seconds=settings.seconds,
        seed=settings.seed,
        threads=THREADS if static else 0,
    )


def _tokenised(model: SentenceTransformer, made: TextPairs, corpus: _Corpus) -> Pairs:
    queries = _tokens(model, "query", made.queries)
    known = np.flatnonzero(queries.lengths > 0)
    item_rows = made.item_rows[known]
    if len(np.unique(corpus.groups[item_rows])) < 2:
        raise UsageError("Titles and bodies hold too few words to train on.", "Next: semsearch import items FILE")
    return Pairs(
        queries.take(known),
        _tokens(model, "document", corpus.texts),
        np.arange(len(known)),
        item_rows,
        np.ones(len(known), np.float32),
        corpus.groups,
    )


def _tokens(model: SentenceTransformer, side: str, texts: list[str]) -> TokenRows:
    module = model[0].sub_modules[side][0]
    if hasattr(module, "embedding"):
        return tokenise(module.tokenizer, texts)
    held = module.tokenizer(texts, truncation=True, max_length=min(module.max_seq_length or MAX_TOKENS, MAX_TOKENS))
    starts = np.cumsum([0, *map(len, held["input_ids"])]).astype(np.int64)
    return TokenRows(np.concatenate(held["input_ids"]).astype(np.int32), starts)


def _metrics(corpus: _Corpus, pairs: Pairs, done: Trained, prepare_s: float) -> dict[str, Any]:
    ten = max(1, len(done.losses) // 10)
    return {
        "n_items": len(corpus.texts),
        "n_distinct": int(corpus.groups.max()) + 1,
        "n_pairs": len(pairs),
        "n_steps": done.n_steps,
        "n_pairs_seen": done.n_pairs,
        "ended_by": done.ended_by,
        "prepare_s": round(prepare_s, 3),
        "train_s": round(done.seconds, 3),
        "loss_first": round(float(np.mean(done.losses[:ten])), 4),
        "loss_last": round(float(np.mean(done.losses[-ten:])), 4),
    }


def _card(
    folder: Path,
    template: ItemTemplate,
    settings: TrainSettings,
    *,
    dim: int,
    corpus: _Corpus,
    metrics: dict[str, Any],
    now: datetime,
) -> ModelCard:
    identity = encoder_id(folder, template, VIEWS_VERSION)
    packages = ("semsearch", "sentence-transformers", "torch", "tokenizers", "numpy")
    return ModelCard(
        model_id=f"{settings.family}-{identity[:10]}",
        encoder_id=identity,
        family=settings.family,
        dim=dim,
        template=template,
        views_version=VIEWS_VERSION,
        trained_on=corpus.digest,
        settings=settings.model_dump(mode="json"),
        metrics=metrics,
        versions={name: version(name) for name in packages},
        created_at=now.isoformat(),
    )
