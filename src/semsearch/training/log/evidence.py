"""What a log says, ready for one pipeline: pairs to learn from, and held-out questions to be judged by."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from semsearch.evaluation.attribution import Attribution, attribute
from semsearch.evaluation.demand import bands, n_searches
from semsearch.evaluation.questions import Questions, Side, questions_of
from semsearch.plain import plain
from semsearch.training.log.examples import Arm, Counts, examples
from semsearch.training.log.split import Split, split

if TYPE_CHECKING:
    import polars as pl

    from semsearch.settings import LogSettings

MIN_PAIRS = 20
"""Fewer training pairs say nothing about a market: the catalogue teaches more."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """One log, read for one side and one arm, cut by global time."""

    log: pl.LazyFrame
    """All rows, `schema(Interaction)`."""
    attribution: Attribution
    counts: Counts
    side: Side
    split: Split
    """The arm's examples: train, validation, test."""
    known: pl.DataFrame
    """Examples of all arms before the validation part: what is known to suit a key, for masks."""
    validation: Questions
    test: Questions

    @classmethod
    def of(cls, log: pl.LazyFrame, items: pl.DataFrame, side: Side, arm: Arm, settings: LogSettings) -> Evidence:
        """Read a log; every part may be empty."""
        found = attribute(log, settings.window_s)
        wanted = examples(found.engagements, items, side, arm, settings, shares=found.shares)
        parts = split(wanted.frame, settings.validation, settings.test)
        every = examples(found.engagements, items, side, "both", settings).frame
        demand = bands(n_searches(log), settings.head, settings.torso) if side == "query" else None
        first, second = parts.at
        last = wanted.frame["asked_at"][-1] if wanted.frame.height else second
        end = last + timedelta(microseconds=1)

        def questions(start: datetime, stop: datetime) -> Questions:
            history = found.engagements
            return questions_of(wanted.frame, items, (start, stop), side=side, bands=demand, history=history)

        return cls(
            log=log,
            attribution=found,
            counts=wanted.counts,
            side=side,
            split=parts,
            known=every.filter(_before(first)),
            validation=questions(first, second),
            test=questions(second, end),
        )

    @property
    def enough(self) -> bool:
        """Whether there are pairs enough to learn from, of more than one item."""
        train = self.split.train
        return train.height >= MIN_PAIRS and train["item_id"].n_unique() > 1

    @property
    def history(self) -> pl.DataFrame:
        """What features of actors look back into: ts, actor_id, item_id, kind, query of every engagement."""
        return self.attribution.engagements.select("ts", "actor_id", "item_id", "kind", "query")

    @property
    def digest(self) -> str:
        """Of the training and validation examples, 16 hex digits."""
        import polars as pl

        rows = pl.concat([self.split.train, self.split.validation])
        return _digest(rows.select("key", "asked_at", "item_id", "weight"))

    @property
    def full_digest(self) -> str:
        """Also of the rest that a training reads: further features, items known to suit, impressions, questions."""
        import polars as pl

        shown = self.log.select(pl.len().alias("n"), pl.col("ts").max().alias("last")).collect()
        parts = (self.split.train, self.split.validation, self.split.test, self.known, self.history, shown)
        return hashlib.sha256("".join(map(_digest, parts)).encode()).hexdigest()[:16]

    def facts(self) -> dict[str, Any]:
        """For the card: what was read, attributed, dropped and cut, in plain values."""
        first, second = self.split.at
        counts: dict[str, Any] = plain(self.counts)
        counts["shares"] = {
            kind: plain(share) | {"share": None if share.share != share.share else round(share.share, 4)}
            for kind, share in self.counts.shares.items()
        }
        return counts | {
            "n_train": self.split.train.height,
            "n_validation": self.split.validation.height,
            "n_test": self.split.test.height,
            "validation_from": first.isoformat() if self.counts.n_examples else None,
            "test_from": second.isoformat() if self.counts.n_examples else None,
        }


def _digest(frame: pl.DataFrame) -> str:
    return hashlib.sha256(frame.hash_rows(seed=0).to_numpy().tobytes()).hexdigest()[:16]


def _before(moment: Any) -> pl.Expr:
    import polars as pl

    return pl.col("asked_at") < pl.lit(moment).cast(pl.Datetime("us", "UTC"))
