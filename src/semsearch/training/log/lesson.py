"""What one log teaches one pipeline, as the loop reads it: pairs as tokens, negatives, texts of the query side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from semsearch.evaluation.questions import REGION
from semsearch.text.signatures import near_duplicates
from semsearch.towers.batches import Pairs
from semsearch.towers.features import Ragged
from semsearch.towers.negatives import Hard, Negatives
from semsearch.towers.schema.tokens import Features, columns_read
from semsearch.training.corpus import Subject, tokens_of
from semsearch.training.log.evidence import Evidence
from semsearch.training.log.hard import impressed, known_positives
from semsearch.training.log.mined import mined
from semsearch.training.pool import Pool

if TYPE_CHECKING:
    import polars as pl
    from sentence_transformers import SentenceTransformer

    from semsearch.evaluation.questions import Questions
    from semsearch.retrieval.search import Searcher

KEY_COLUMN = {"query": "query", "item": "anchor_id", "actor": "actor_id"}
"""What the key of an example is called where the query side reads it."""
DAY_S = 86_400
FADED = 1 / 32
"""Below this share of its weight an old pair is left out: it costs as much as a new one and teaches little."""


@dataclass(frozen=True, eq=False)
class Lesson:
    """One log for one pipeline over one catalogue."""

    examples: pl.DataFrame
    """Rows of the evidence's examples that are trained on."""
    evidence: Evidence
    subject: Subject
    current: Callable[[], Searcher | None] = field(default=lambda: None)
    """Opens what the pipeline serves, for mined negatives; None when it serves nothing."""

    @cached_property
    def item_ids(self) -> list[str]:
        """In the order of the items' rows."""
        ids: list[str] = self.subject.items["item_id"].to_list()
        return ids

    @cached_property
    def clusters(self) -> NDArray[np.int64]:
        """Near-duplicate cluster of each item, [n_items]."""
        return near_duplicates(self.subject.corpus.texts)

    @cached_property
    def sides(self) -> QuerySides:
        """The query sides of the examples.

        A typed query or an item reads the same each time; an actor is another one at each moment.
        """
        import polars as pl

        frame, features = self.examples, self.subject.features
        read = set(columns_read(features.schema)) - {"query", "asked_at"}
        by = ["key", *(c for c in frame.columns if c in read and c != "key")]
        by += ["asked_at"] if features.of == "actor" or "asked_at" in columns_read(features.schema) else []
        distinct = frame.unique(by, maintain_order=True).with_row_index("query_row")
        rows = frame.join(distinct.select(*by, "query_row"), on=by, nulls_equal=True, maintain_order="left")
        asked = distinct.with_columns(pl.col("key").alias(KEY_COLUMN[features.of]))
        return QuerySides(rows["query_row"].cast(pl.Int64).to_numpy(), self.texts_of(asked), distinct["key"].to_list())

    def texts_of(self, asked: pl.DataFrame) -> list[str]:
        """The query side's text of each row; what is not known of it, such as the searcher's region, is nothing."""
        return self.subject.features.query_texts(
            self.subject.features.completed(asked) if self.subject.features.of != "item" else asked,
            log=self.evidence.history,
            items=self.subject.items,
        )

    def question_texts(self, questions: Questions) -> list[str]:
        """The query side's text of each question, in their order."""
        import polars as pl

        column = KEY_COLUMN[self.subject.features.of]
        regions = questions.queries.columns.get(REGION, {})
        held = {
            column: list(questions.queries.texts.values()),
            "asked_at": list(questions.asked_at.values()),
            REGION: [regions.get(query_id) for query_id in questions.queries.texts],
        }
        types: dict[str, pl.DataType] = {column: pl.String(), "asked_at": pl.Datetime("us", "UTC"), REGION: pl.String()}
        return self.texts_of(pl.DataFrame(held, schema=types))

    def pairs(self, model: SentenceTransformer) -> Pairs:
        """The examples as tokens; a query side whose words no tower knows has no vector to move and is left out."""
        sides, weights = self.sides, self._weights()
        queries = tokens_of(model, "query", sides.texts)
        kept = (queries.lengths[sides.rows] > 0) & (weights > 0)
        return Pairs(
            queries,
            tokens_of(model, "document", self.subject.corpus.texts),
            sides.rows[kept],
            self._rows(self.examples["item_id"])[kept],
            weights[kept],
            self.clusters,
            known_positives(self.evidence.known, sides.keys, self.item_ids, self.clusters),
        )

    def _weights(self) -> NDArray[np.float32]:
        """The reward of each example; less for one of a key that has many, else the head drowns the tail, and for an
        old one."""
        import polars as pl

        settings = self.subject.settings
        weights = pl.col("weight") * pl.len().over("key").cast(pl.Float64) ** -settings.balance
        if settings.half_life_days:
            age_s = (pl.col("asked_at").max() - pl.col("asked_at")).dt.total_seconds()
            left = 0.5 ** (age_s / (settings.half_life_days * DAY_S))
            weights = weights * pl.when(left >= FADED).then(left).otherwise(0.0)
        return self.examples.select(weights.alias("weight"))["weight"].to_numpy().astype(np.float32)

    def negatives(self, batch: int) -> Negatives:
        """Uniform ones from every item that was there at some moment of the training part, and the hard sources."""
        train = self.evidence.split.train
        there = Pool.of(self.subject.items).between(train["asked_at"][0], self.evidence.split.at[0])
        hard = [*self._impressed(), *self._mined()]
        return Negatives(np.flatnonzero(there), round(self.subject.settings.uniform * batch), tuple(hard))

    def _impressed(self) -> list[Hard]:
        if not self.subject.settings.impressed:
            return []
        evidence = self.evidence
        engaged, before = evidence.attribution.engagements, evidence.split.at[0]
        shown = impressed(evidence.log, engaged, self.sides.keys, self.item_ids, before=before, side=evidence.side)
        return [Hard(shown, self.subject.settings.impressed, self.subject.settings.impressed_select)]

    def _mined(self) -> list[Hard]:
        """None where nothing is served, or what is served reads other texts than these towers do."""
        current = self.current() if self.subject.settings.mined else None
        if current is None or not self._reads_alike(current):
            return []
        found = mined(current, self.sides.texts, self._wanted(), self.item_ids, self.subject.settings.margin)
        return [Hard(found, self.subject.settings.mined, self.subject.settings.mined_select)]

    def _reads_alike(self, current: Searcher) -> bool:
        features = current.side.features or Features.plain()
        return features.schema.query == self.subject.features.schema.query

    def _wanted(self) -> Ragged:
        """Item rows that each query side is known to want."""
        # With every item a cluster of its own, lists of clusters are lists of rows.
        exact = np.arange(self.subject.items.height)
        return known_positives(self.evidence.known, self.sides.keys, self.item_ids, exact)

    def _rows(self, item_ids: pl.Series) -> NDArray[np.int64]:
        place = {item_id: row for row, item_id in enumerate(self.item_ids)}
        return np.array([place[item_id] for item_id in item_ids], np.int64)


@dataclass(frozen=True, eq=False)
class QuerySides:
    """The distinct query sides of some examples."""

    rows: NDArray[np.int64]
    """Which of them each example has, [n_examples]."""
    texts: list[str]
    keys: Sequence[str]
    """What each is of: query, item or actor; a key may have several texts."""
