"""The lexical index: BM25 over weighted fields, built by bm25s, served from memory-mapped NumPy columns.

Fields count by repetition (the simple form of BM25F: Robertson, Zaragoza, Taylor 2004). Scoring needs
NumPy alone; bm25s and polars are needed to build.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from semsearch.errors import MismatchError
from semsearch.index.dense import mapped
from semsearch.index.vocabulary import StoredVocabulary
from semsearch.text.analyser import Analyser
from semsearch.text.lexicons import Lexicon
from semsearch.text.plan import QueryPlan
from semsearch.text.tokens import shown

if TYPE_CHECKING:
    from semsearch.index.segment import Segmenter

FORMAT = 2
FIELDS = {"title": 8, "brand": 2, "category": 2, "attributes": 1, "body": 2}
"""How often the words of a field count, and the parameters of BM25; chosen in bench/lexical.py."""
K1, B = 1.8, 0.5


class Column(NamedTuple):
    """One term of a query and the items that hold it."""

    token: str
    weight: np.float32
    rows: NDArray[np.int32]
    """Ascending, each once."""
    values: NDArray[np.float32]
    """BM25 of the token in each of `rows`, above 0."""

    def add_to(self, total: NDArray[np.float32], rows: NDArray[np.int32]) -> None:
        """Add what the column gives each of `rows` to `total` [len(rows)]."""
        if not self.rows.size or not rows.size:
            return
        at = np.searchsorted(self.rows, rows)
        at[at == self.rows.size] = 0
        held = np.flatnonzero(self.rows[at] == rows)
        total[held] += self.weight * self.values[at[held]]


class LexicalIndex:
    """What `lexical_build.build_lexical` wrote into a folder; rows are 0..n_items-1.

    Opening raises MismatchError when another format or analyser made it.
    """

    def __init__(self, folder: Path) -> None:
        about = json.loads((folder / "lexical.json").read_text(encoding="utf-8"))
        if about["format"] != FORMAT:
            raise MismatchError(
                f"{folder} has lexical format {about['format']}; this semsearch reads {FORMAT}.",
                "Next: semsearch index build",
            )
        self.lexical_id: str = about["lexical_id"]
        self.n_items: int = about["n_items"]
        self.analyser = Analyser(Lexicon.from_text((folder / "lexicon.json").read_text(encoding="utf-8")))
        if self.analyser.versions != about["versions"]:
            raise MismatchError(
                f"The lexical index in {folder} was made by another version of the text analyser.",
                "Next: semsearch index build",
            )
        self._starts: NDArray[np.int64] = np.load(folder / "column_starts.npy")
        self._rows: NDArray[np.int32] = mapped(folder / "rows.npy")
        self._values: NDArray[np.float32] = mapped(folder / "values.npy")
        self.vocabulary = StoredVocabulary(folder, np.diff(self._starts), self.n_items)
        self.most = lru_cache(maxsize=1 << 16)(self._most)

    def plan(self, query: str) -> QueryPlan:
        """What the query means to this index."""
        return self.analyser.query(query, self.vocabulary)

    def columns(self, plan: QueryPlan) -> list[Column]:
        """The terms of `plan`, in its order."""
        return [Column(term.text, np.float32(term.weight), *self._column(term.text)) for term in plan.terms]

    def _column(self, token: str) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        number = self.vocabulary.find(token)
        span = slice(0, 0) if number < 0 else slice(int(self._starts[number]), int(self._starts[number + 1]))
        return self._rows[span], self._values[span]

    def _most(self, token: str) -> float:
        """The highest BM25 of a token in any item; 0 when unknown."""
        return float(self._column(token)[1].max(initial=0.0))

    def scores(self, plan: QueryPlan) -> NDArray[np.float32]:
        """float32 [n_items], the weighted sum of the terms' BM25 scores; 0 for an item that matches none."""
        total = np.zeros(self.n_items, dtype=np.float32)
        for column in self.columns(plan):
            # a row appears once in a column, so that plain indexing adds every posting
            total[column.rows] += column.weight * column.values
        return total

    def scores_of(self, plan: QueryPlan, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """`scores(plan)[rows]` without the other rows, float32 [len(rows)]."""
        total = np.zeros(rows.size, dtype=np.float32)
        wanted = rows.astype(np.int32)  # as the columns are: searchsorted would convert a whole column
        for column in self.columns(plan):
            column.add_to(total, wanted)
        return total

    def matches(self, plan: QueryPlan, row: int) -> list[tuple[str, float]]:
        """The words of the query that tie it to the item in `row`: (word, share of the score), best first."""
        found: dict[str, float] = {}
        for term in plan.terms:
            rows, values = self._column(term.text)
            at = int(np.searchsorted(rows, row))
            if at < len(rows) and rows[at] == row:
                word = shown(term.text)
                found[word] = found.get(word, 0.0) + term.weight * float(values[at])
        return sorted(found.items(), key=lambda hit: (-hit[1], hit[0]))


def lexical_id(analyser: Analyser, segment: Segmenter | None = None) -> str:
    """16 hex digits of what makes the tokens: analyser, lexicon, segmenter and its version, field weights."""
    segmenter = "vocabulary" if segment is None else segment.segmenter_id
    made_of = json.dumps([FORMAT, FIELDS, K1, B, analyser.lexical_id, segmenter], sort_keys=True)
    return hashlib.sha256(made_of.encode()).hexdigest()[:16]
