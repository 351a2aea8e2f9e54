"""Towers to start from: new ones, a base, or the model that a pipeline has."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from semsearch.errors import UsageError
from semsearch.files import atomic, replace
from semsearch.progress import Progress, silent
from semsearch.towers.card import CARD, ModelCard
from semsearch.towers.extending import with_tokens
from semsearch.towers.features import tokenise
from semsearch.towers.model import static_towers, towers_from
from semsearch.towers.tokenizer import train_tokenizer
from semsearch.training.saving import saving
from semsearch.training.teacher import Teacher, taught_towers

if TYPE_CHECKING:
    import polars as pl
    from sentence_transformers import SentenceTransformer

    from semsearch.settings import TrainSettings
    from semsearch.towers.schema.tokens import Features
    from semsearch.training.corpus import Subject
    from semsearch.training.log.evidence import Evidence

MAX_VOCABULARY = 50_000
WIDTH = 2
"""Times the dim that static towers have while they learn from the catalogue."""
START, NOTE = "start", "key.json"
RUN = "run"
"""File that names the run which an unfinished folder belongs to."""

UNTIL = ("trained_until", "validated_until")
"""What a card's metrics call the ends of the parts of the log that a model has seen; UTC, ISO 8601."""

Made = tuple["SentenceTransformer", dict[str, Any]]


@dataclass(frozen=True)
class Parent:
    """The model that a training continues from."""

    model_id: str
    folder: Path
    family: str
    features: Features
    trained_until: datetime | None
    """Up to where it has seen the log; None when it never saw one."""

    def mixed(self, evidence: Evidence, settings: TrainSettings) -> tuple[pl.DataFrame, int]:
        """Training examples that are new to it, with a sample of the old ones, and how many of these.

        Raises UsageError when nothing is new.
        """
        import polars as pl

        train = evidence.split.train
        if self.trained_until is None:
            return train, 0
        new = train.filter(pl.col("asked_at") >= self.trained_until)
        if not new.height:
            raise UsageError(
                f"Model {self.model_id} has seen the log until {self.trained_until:%Y-%m-%d %H:%M}, and its training "
                "part has nothing newer.",
                "Next: semsearch import interactions FILE with a newer log, or semsearch train without --continue",
            )
        old = train.filter(pl.col("asked_at") < self.trained_until)
        n = min(old.height, round(settings.replay * new.height))
        replayed = old.sample(n, seed=settings.seed, shuffle=True)
        return pl.concat([replayed, new]).sort("asked_at", "key", "item_id", "actor_id"), n


def continued(parent: Parent, settings: TrainSettings) -> SentenceTransformer:
    """The parent's towers; raises UsageError when it is of another family."""
    if parent.family != settings.family:
        raise UsageError(
            f"Model {parent.model_id} is a {parent.family} model.",
            f"Next: semsearch train --continue --family {parent.family}",
        )
    return towers_from(str(parent.folder), parent.family)


def inherited(base: str) -> dict[str, str]:
    """What a base of ours has seen of the log goes on with the towers: a gate must not ask them about it."""
    folder = Path(base) if base else None
    if folder is None or not (folder / CARD).is_file():
        return {}
    metrics = ModelCard.read(folder).metrics
    return {name: str(metrics[name]) for name in UNTIL if metrics.get(name)}


def new_towers(subject: Subject, teacher: Teacher | None = None, progress: Progress = silent) -> SentenceTransformer:
    """Untrained towers for the texts of a corpus, or those of `settings.base`; a teacher says where tokens start."""
    settings, features = subject.settings, subject.features
    if settings.base:
        return with_tokens(towers_from(settings.base, settings.family), features.tokens)
    if settings.family == "transformer":
        raise UsageError(
            "A transformer cannot be trained from nothing.", "Next: semsearch train --family transformer --base MODEL"
        )
    texts = subject.corpus.texts
    tokenizer = train_tokenizer(texts, MAX_VOCABULARY, features.tokens)
    counts = np.bincount(tokenise(tokenizer, texts).ids, minlength=tokenizer.get_vocab_size())
    # Actors learn from the log alone: nothing comes after it that could narrow the vectors.
    width = 1 if features.of == "actor" else WIDTH
    if teacher:
        return taught_towers(teacher, tokenizer, width * settings.dim, counts, seed=settings.seed, progress=progress)
    return static_towers(tokenizer, width * settings.dim, counts, settings.seed)


def left_by_another(folder: Path, key: str) -> bool:
    """Make `folder` that of the run `key`; True when another run had left something in it, which is gone now."""
    noted = folder / RUN
    if noted.is_file() and noted.read_text(encoding="utf-8") == key:
        return False
    left = any(path != noted for path in folder.iterdir()) if folder.is_dir() else False
    shutil.rmtree(folder, ignore_errors=True)
    with atomic(noted) as draft:
        draft.write_text(key, encoding="utf-8")
    return left


def kept_start(folder: Path, key: str, make: Callable[[], Made]) -> Made:
    """What `make` gives; a run that was killed and is taken up again reads it from `folder` instead.

    Raises Missing when the disk is full.
    """
    held = folder / START
    known = _noted(held / NOTE)
    if known.get("key") == key:
        return towers_from(str(held), known["family"]), known["facts"]
    model, facts = make()
    static = hasattr(model[0].sub_modules["query"][0], "embedding")
    draft = folder / f"{START}.draft"
    for old in (draft, held):
        shutil.rmtree(old, ignore_errors=True)
    noted = {"key": key, "family": "static" if static else "transformer", "facts": facts}
    with saving("What the catalogue taught"):
        model.save(str(draft), create_model_card=False)
        (draft / NOTE).write_text(json.dumps(noted), encoding="utf-8")
        replace(draft, held)
    return model, facts


def _noted(path: Path) -> dict[str, Any]:
    """What a start says of itself; nothing for one that is not there or cannot be read."""
    try:
        noted: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return noted
