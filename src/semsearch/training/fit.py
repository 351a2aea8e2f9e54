"""Catalogue and log in, trained towers out: one folder that sentence-transformers loads as it is.

Three steps, each with a file of its own: towers to start from (`start`), what the catalogue teaches (`catalogue`), what
the log teaches (`behaviour`). A pipeline without a log stops after the second.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from semsearch.errors import MissingPart, UsageError
from semsearch.evaluation.questions import Questions
from semsearch.evaluation.runs import Run
from semsearch.plain import plain
from semsearch.progress import Progress
from semsearch.settings import TrainSettings
from semsearch.text.views import VIEWS_VERSION
from semsearch.towers.card import ModelCard, encoder_id
from semsearch.towers.checkpoint import Checkpoint
from semsearch.towers.model import check_model, need_torch
from semsearch.towers.schema.definition import Schema
from semsearch.towers.schema.fitting import fitted
from semsearch.towers.schema.tokens import Features
from semsearch.training.behaviour import learn_log
from semsearch.training.catalogue.learning import learn_catalogue
from semsearch.training.corpus import Subject
from semsearch.training.judge import Judge
from semsearch.training.log.evidence import MIN_PAIRS, Evidence
from semsearch.training.log.lesson import KEY_COLUMN, Lesson
from semsearch.training.saving import saving
from semsearch.training.start import UNTIL, Parent, continued, inherited, kept_start, left_by_another, new_towers
from semsearch.training.teacher import Teacher

if TYPE_CHECKING:
    import polars as pl
    from sentence_transformers import SentenceTransformer

    from semsearch.retrieval.search import Searcher

DEPTH = 100
TESTED = 5_000
"""Questions of the test part that are asked, at most."""


@dataclass(frozen=True)
class Source:
    """What a pipeline learns from beside its catalogue."""

    schema: Schema = field(default_factory=Schema.default)
    evidence: Evidence | None = None
    """None without a log."""
    parent: Parent | None = None
    """The model that training continues from."""
    current: Callable[[], Searcher | None] = field(default=lambda: None)
    """Opens what the pipeline serves, for mined negatives."""
    unfinished: Path | None = None
    """Folder in which a killed run leaves what it had; None keeps nothing."""
    told: Mapping[str, Any] = field(default_factory=dict)
    """What the card's metrics are to say beside what is found here, such as why these examples were chosen."""
    seen_until: tuple[datetime | None, datetime] | None = None
    """Up to where the model has learned from the log, and has seen it, for the card; None: where the parts end."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """A saved model, and how the towers rank the test questions by exact search."""

    card: ModelCard
    questions: Questions | None = None
    """Of the test part; None when there was nothing to learn from a log."""
    start: Run | None = None
    """The towers before they saw the log: of the catalogue alone, or the parent."""
    towers: Run | None = None


def fit(
    items: pl.DataFrame,
    settings: TrainSettings,
    folder: Path,
    *,
    source: Source | None = None,
    now: datetime,
    progress: Progress,
    clock: Callable[[], float] = time.monotonic,
) -> Fitted:
    """Train towers for a catalogue frame (`schema(Item)`) and save them in `folder`.

    The model id is made from their content. Equal input gives equal static towers, unless `settings.seconds` ended
    the training first (the card says so), also when a run was killed and taken up again. Raises UsageError when fewer
    than two items have different texts, `settings.base` is no model of the asked family, or the schema does not fit;
    MissingPart when a pipeline that is asked with actors has no log to learn from; MissingExtra without torch.
    """
    need_torch()
    given = source or Source()
    evidence = given.evidence if given.evidence and given.evidence.enough else None
    if given.parent and evidence is None:
        raise _nothing_to_continue_with()
    features = given.parent.features if given.parent else _features(given, evidence, items)
    subject = Subject.of(items, features, settings)
    _check_lengths(given, subject)
    key = _run_key(given, subject, evidence)
    for name, option in ((settings.base, "--base"), (settings.teacher, "--teacher")):
        if name:
            check_model(name, option)
    anew = given.unfinished is not None and left_by_another(given.unfinished, key)
    if anew:
        progress("an unfinished training of other data or settings is dropped", 0, 0)
    model, facts = _started(given, subject, key, progress=progress, clock=clock)
    metrics: dict[str, Any] = {"n_items": items.height, "n_distinct": subject.corpus.n_distinct, **facts}
    metrics |= dict(given.told)
    metrics |= inherited(settings.base) | ({"started_anew": True} if anew else {})
    if given.evidence:
        metrics["log"] = given.evidence.facts()
    if evidence is None:
        return Fitted(_saved(model, folder, subject, metrics, now))
    examples, replayed = given.parent.mixed(evidence, settings) if given.parent else (evidence.split.train, 0)
    lesson = Lesson(examples, evidence, subject, given.current)
    judge = Judge.of(evidence.test, lesson, model, whole=True, most=TESTED) if len(evidence.test) else None
    before = judge.run(model, DEPTH, "start") if judge else None
    checkpoint = Checkpoint(given.unfinished, key, settings.checkpoint_s) if given.unfinished else None
    learned = learn_log(model, lesson, checkpoint=checkpoint, progress=progress, clock=clock)
    for name, moment in zip(UNTIL, given.seen_until or evidence.split.at, strict=True):
        if moment is not None:
            metrics[name] = max(metrics.get(name, ""), moment.isoformat())
    metrics["behaviour"] = learned | {"n_replayed": replayed}
    after = judge.run(model, DEPTH, "towers") if judge else None
    card = _saved(model, folder, subject, metrics, now, learned_from=evidence.digest)
    return Fitted(card, judge.questions if judge else None, before, after)


def _nothing_to_continue_with() -> MissingPart:
    return MissingPart(
        f"--continue learns from a log, and there are fewer than {MIN_PAIRS} positive examples to learn from.",
        "Next: semsearch import interactions FILE, or semsearch train without --continue",
    )


def _check_lengths(source: Source, subject: Subject) -> None:
    """Refuse Matryoshka lengths before the towers have learned for minutes; the loop knows those of a base."""
    settings = subject.settings
    if source.parent or settings.base:
        return
    if any(not 0 < length < settings.dim for length in settings.matryoshka):
        raise UsageError(
            f"Setting train.matryoshka: {list(settings.matryoshka)} do not all lie below train.dim, {settings.dim}.",
            f"Next: give lengths from 1 to {settings.dim - 1}",
        )


def _features(source: Source, evidence: Evidence | None, items: pl.DataFrame) -> Features:
    """How both sides become texts, learned from the training part alone."""
    import polars as pl

    schema = source.schema
    if evidence is None:
        if schema.of == "actor":
            raise MissingPart(
                f"Users are learned from a log, and this one has fewer than {MIN_PAIRS} positive examples.",
                "Next: semsearch import interactions FILE, or semsearch train --positives clicks",
            )
        empty = pl.DataFrame(schema={KEY_COLUMN[schema.of]: pl.String, "asked_at": pl.Datetime("us", "UTC")})
        return fitted(schema, _completed(schema, empty), items)
    asked = evidence.split.train.with_columns(pl.col("key").alias(KEY_COLUMN[schema.of]))
    return fitted(schema, _completed(schema, asked), items, evidence.history)


def _completed(schema: Schema, asked: pl.DataFrame) -> pl.DataFrame:
    return asked if schema.of == "item" else Features(schema, {}).completed(asked)


def _started(
    source: Source, subject: Subject, key: str, *, progress: Progress, clock: Callable[[], float]
) -> tuple[SentenceTransformer, dict[str, Any]]:
    """Towers before they see the log, and what was done for them."""
    if source.parent:
        return continued(source.parent, subject.settings), {"continued_from": source.parent.model_id}

    def make() -> tuple[SentenceTransformer, dict[str, Any]]:
        teacher = Teacher.of(subject.settings, clock)
        model = new_towers(subject, teacher, progress)
        # A pretrained transformer that has a log to learn from needs no made-up queries; actors are asked with none.
        has_log = source.evidence is not None and source.evidence.enough
        if subject.features.of == "actor" or (not subject.static and has_log):
            return model, {"teacher": teacher.facts()} if teacher else {}
        return learn_catalogue(model, subject, teacher=teacher, progress=progress, clock=clock)

    return kept_start(source.unfinished, key, make) if source.unfinished else make()


def _run_key(source: Source, subject: Subject, evidence: Evidence | None) -> str:
    """Digest of all that decides a run: a killed one is taken up only by its like."""
    current = source.current() if evidence and subject.settings.mined else None
    held = {
        "items": subject.digest,
        "features": subject.features.as_dict(),
        "evidence": evidence.full_digest if evidence else "",
        "settings": subject.settings.model_dump(exclude={"checkpoint_s"}),
        "parent": source.parent.model_id if source.parent else "",
        "mined from": current.release.manifest.release_id if current else "",
        "versions": _versions(),
    }
    return hashlib.sha256(json.dumps(held, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _versions() -> dict[str, str]:
    packages = ("semsearch", "sentence-transformers", "torch", "tokenizers", "numpy")
    return {name: version(name) for name in packages}


def _saved(
    model: SentenceTransformer,
    folder: Path,
    subject: Subject,
    metrics: dict[str, Any],
    now: datetime,
    *,
    learned_from: str = "",
) -> ModelCard:
    folder.mkdir(parents=True, exist_ok=True)
    with saving("The model"):
        model.save(str(folder), create_model_card=False)
    features, settings = subject.features, subject.settings
    template = features.listing if features.is_plain else features
    identity = encoder_id(folder, template, VIEWS_VERSION)
    card = ModelCard(
        model_id=f"{settings.family}-{identity[:10]}",
        encoder_id=identity,
        family=settings.family,
        dim=int(model.get_embedding_dimension() or 0),
        template=template,
        views_version=VIEWS_VERSION,
        trained_on="-".join(filter(None, (subject.corpus.digest, learned_from))),
        settings=plain(settings.model_dump()),
        metrics=plain(metrics),
        versions=_versions(),
        created_at=now.isoformat(),
    )
    card.write(folder)
    return card
