"""Extra training: the parent's towers go on with the clicks of the routed queries, beside pairs that they know.

What is given to `training.fit` is data, an `Evidence` cut at the moment where the held-out part begins: its training
part is the pairs chosen here, its other parts are empty. So every planned pass is made and the last one kept: stopping
early on all queries would throw away what the few have gained, and whether it was worth it is for the gate to say, on
questions that neither scan nor training has seen.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from semsearch.errors import UsageError
from semsearch.evaluation.questions import questions_of
from semsearch.longtail.teaching.clicks import Clicked, clicked
from semsearch.longtail.teaching.propensity import Propensities, propensities
from semsearch.plain import plain
from semsearch.training.fit import Fitted, Source, fit
from semsearch.training.log.evidence import MIN_PAIRS, Evidence
from semsearch.training.log.examples import examples
from semsearch.training.log.split import Split
from semsearch.training.start import Parent, inherited

if TYPE_CHECKING:
    import polars as pl

    from semsearch.progress import Progress
    from semsearch.retrieval.search import Searcher
    from semsearch.settings import Settings, TrainSettings

RATE, BATCH = 1e-2, 256
"""Of static towers: the rate where `train.learning_rate` is not set, and pairs a step, at most.

A fifth of a first training's rate in a quarter of its batches: Adam starts anew, and its first steps are as long as
the rate whatever the gradient, so fewer and longer ones move what the head rests on further than replay mends."""


@dataclass(frozen=True, eq=False)
class Extra:
    """What is trained, and where it comes from."""

    evidence: Evidence
    """For `training.fit`: its training part are the new and the replayed pairs, its other parts are empty."""
    clicked: Clicked
    """The new pairs as they were cleaned, with their counts."""
    looks: Propensities
    """How clicks were corrected for their position."""
    n_routed: int
    n_replayed: int
    """Rows of old pairs; where there are fewer old pairs than are asked for, they come several times."""
    before: datetime
    """Nothing of the log at or after this moment was read for training."""

    def facts(self) -> dict[str, Any]:
        """For the model card, in plain values."""
        looks = {
            "n_pairs": self.looks.n_pairs,
            "told": self.looks.told,
            "looks": [round(x, 4) for x in self.looks.looks],
        }
        return {
            "n_routed": self.n_routed,
            "clicks": plain(self.clicked.counts),
            "n_replayed": self.n_replayed,
            "position_bias": looks,
            "before": self.before.isoformat(),
        }


def extra(
    evidence: Evidence,
    items: pl.DataFrame,
    routed: Sequence[str],
    settings: Settings,
    *,
    before: datetime,
    parent: Parent,
) -> Extra:
    """What the `routed` queries (search view) teach `parent`, out of the log before `before` (UTC-aware).

    `evidence` is that of a training as it is set (`train.positives`): its training part are the old pairs.
    Raises UsageError for a pipeline that is not asked with typed text, and when too few pairs are left.
    """
    if evidence.side != "query":
        raise UsageError(
            f"This pipeline is asked with '{evidence.side}': only typed queries are routed to extra training.",
            "Next: semsearch longtail train --pipeline default",
        )
    looks = propensities(evidence.log, before=before)
    found = clicked(evidence, items, routed, looks, settings, before=before)
    _check(found, settings.longtail.min_actors)
    mixed, n_replayed = _mixed(found.pairs, evidence, settings, before=before, parent=parent)
    taught = _evidence(evidence, items, mixed, settings, before)
    return Extra(taught, found, looks, len(set(routed)), n_replayed, before)


def teach(
    lesson: Extra,
    items: pl.DataFrame,
    parent: Parent,
    settings: Settings,
    folder: Path,
    *,
    told: Mapping[str, Any],
    current: Callable[[], Searcher | None] = lambda: None,
    unfinished: Path | None = None,
    now: datetime,
    progress: Progress,
    clock: Callable[[], float] = time.monotonic,
) -> Fitted:
    """Train `parent` with it for `longtail.epochs` passes and save the model in `folder`; see `training.fit`.

    The card's metrics say `continued_from`, and `longtail`: `told` (such as scan_id) beside the facts of the lesson.
    `validated_until` is the lesson's `before`, so that a gate asks only what is later; `trained_until` stays that of
    the parent, for what was not routed is still to be learned. `current` opens what is served, for mined negatives. A
    killed run is taken up from `unfinished` by the same call. Raises what `fit` raises.
    """
    source = Source(
        schema=parent.features.schema,
        evidence=lesson.evidence,
        parent=replace(parent, trained_until=None),  # all of these pairs are for it, whenever they were made
        current=current,
        unfinished=unfinished,
        told=inherited(str(parent.folder)) | {"longtail": dict(told) | lesson.facts()},
        seen_until=(parent.trained_until, lesson.before),
    )
    return fit(items, _settings(settings, parent), folder, source=source, now=now, progress=progress, clock=clock)


def _settings(settings: Settings, parent: Parent) -> TrainSettings:
    """Those of a training, but for what is of the parent or of one short run."""
    rate = RATE if parent.family == "static" else 0.0  # 0: that of the family
    return settings.train.model_copy(
        update={
            "family": parent.family,
            "learning_rate": settings.train.learning_rate or rate,
            "base": "",
            "teacher": "",
            "epochs": settings.longtail.epochs,
            "batch": min(settings.train.batch, BATCH),
        }
    )


def _check(found: Clicked, min_actors: int) -> None:
    counts = found.counts
    if counts.n_pairs < MIN_PAIRS:
        raise UsageError(
            f"The {counts.n_keys:,} routed queries leave {counts.n_pairs} pairs, and it takes {MIN_PAIRS}: "
            f"{counts.n_without:,} of them have no click, {counts.n_few:,} clicks of fewer than {min_actors} actors.",
            "Next: semsearch longtail scan with a lower --bound, or import a longer log",
        )


def _mixed(
    new: pl.DataFrame, evidence: Evidence, settings: Settings, *, before: datetime, parent: Parent
) -> tuple[pl.DataFrame, int]:
    """The new pairs, on the average of the weight of an old one, and `longtail.replay` old ones for each."""
    import polars as pl

    until = min(before, parent.trained_until or before)
    old = evidence.split.train.filter(pl.col("asked_at") < pl.lit(until).cast(pl.Datetime("us", "UTC")))
    wanted = round(settings.longtail.replay * new.height) if old.height else 0
    rest = old.sample(wanted % max(old.height, 1), seed=settings.train.seed, shuffle=True)
    replayed = pl.concat([*[old] * (wanted // max(old.height, 1)), rest])
    usual = old.select(pl.col("weight").mean()).item() or 1.0
    even = (pl.col("weight") / pl.col("weight").mean() * usual).cast(pl.Float32)
    taught = new.with_columns(even.alias("weight")).select(old.columns)
    return pl.concat([replayed, taught]).sort("asked_at", "key", "item_id", "actor_id"), wanted


def _evidence(
    evidence: Evidence, items: pl.DataFrame, mixed: pl.DataFrame, settings: Settings, before: datetime
) -> Evidence:
    """`evidence` with the pairs to learn, and nothing held out: what comes at `before` or later is not read."""
    import polars as pl

    every = examples(evidence.attribution.engagements, items, "query", "both", settings.log).frame
    known = every.filter(pl.col("asked_at") < pl.lit(before).cast(pl.Datetime("us", "UTC")))
    none = questions_of(every, items, (before, before))
    return replace(
        evidence, split=Split(mixed, mixed[:0], mixed[:0], (before, before)), known=known, validation=none, test=none
    )
