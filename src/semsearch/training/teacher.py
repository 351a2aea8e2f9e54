"""A large model as the teacher of static towers: what it is asked, and what its answers cost.

It reads each item once, the queries that stand most often in the pairs, and the text of each token. Searching never
needs it.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from semsearch.errors import UsageError
from semsearch.progress import Progress
from semsearch.settings import TrainSettings
from semsearch.text.views import display
from semsearch.towers.distil import UNKNOWN, SoftTargets, taught_directions
from semsearch.towers.encoder import normalised
from semsearch.towers.model import need_torch, opened, weighted_towers
from semsearch.towers.template import cut

if TYPE_CHECKING:
    import polars as pl
    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer

MAX_QUERIES = 20_000
"""Distinct queries that the teacher reads, the most frequent ones: 70 % of the pairs of 19,000 items; three times
as many made no better towers."""
TITLE_CHARS, BODY_CHARS = 300, 400
BATCH = 64
CHUNK = 1024
Side = Literal["query", "document"]


@dataclass
class Teacher:
    """A sentence-transformers model that static towers learn to copy, and a record of what it was asked."""

    model: SentenceTransformer
    name: str
    clock: Callable[[], float]
    asked: dict[str, int] = field(default_factory=dict)
    """Texts that it read, by what they were: tokens, items, queries."""
    seconds: dict[str, float] = field(default_factory=dict)
    """What that took, likewise."""
    _rows: dict[tuple[Side, str], NDArray[np.float32]] = field(default_factory=dict, repr=False)

    @classmethod
    def open(cls, name: str, clock: Callable[[], float]) -> Teacher:
        """Load a model id or folder, static or transformer.

        Raises UsageError when it cannot be loaded, MissingExtra without torch.
        """
        need_torch("A teacher")
        return cls(opened(name, "--teacher"), name, clock)

    @classmethod
    def of(cls, settings: TrainSettings, clock: Callable[[], float]) -> Teacher | None:
        """The teacher of a training, None where none is set. Raises UsageError for a student that is no static one."""
        if not settings.teacher:
            return None
        if settings.family != "static":
            raise UsageError(
                "Only static towers learn from a teacher.",
                f"Next: semsearch train --family static --teacher {settings.teacher}",
            )
        return cls.open(settings.teacher, clock)

    def encode(self, what: str, texts: Sequence[str], side: Side, progress: Progress) -> NDArray[np.float32]:
        """Rows of length 1, [n, any]; a blank text is a row of zeros. Each distinct text is read once a run."""
        fresh = [t for t in dict.fromkeys(texts) if t.strip() and (side, t) not in self._rows]
        fresh.sort(key=len, reverse=True)  # equal lengths together: a batch is padded to its longest
        start = self.clock()
        for begin in range(0, len(fresh), CHUNK):
            part = fresh[begin : begin + CHUNK]
            rows = self._encode(part, side)
            self._rows.update(((side, text), row) for text, row in zip(part, rows, strict=True))
            progress(f"teacher reads {what}", begin + len(part), len(fresh))
        self.asked[what] = self.asked.get(what, 0) + len(fresh)
        self.seconds[what] = self.seconds.get(what, 0.0) + self.clock() - start
        nothing = np.zeros(int(self.model.get_embedding_dimension() or 0), np.float32)
        return np.stack([self._rows.get((side, text), nothing) for text in texts]) if texts else nothing[None][:0]

    def _encode(self, texts: list[str], side: Side) -> NDArray[np.float32]:
        encode = self.model.encode_query if side == "query" else self.model.encode_document
        rows = encode(texts, batch_size=BATCH, convert_to_numpy=True, show_progress_bar=False)
        return normalised(np.asarray(rows, np.float32))

    def facts(self) -> dict[str, Any]:
        """For the model's card: who it was, and by what they were, the texts read and the seconds that took."""
        seconds = {f"{what}_s": round(s, 3) for what, s in self.seconds.items()}
        return {"model": self.name, **{f"n_{what}": n for what, n in self.asked.items()}, **seconds}


def taught_towers(
    teacher: Teacher, tokenizer: Tokenizer, width: int, counts: NDArray[np.int64], *, seed: int, progress: Progress
) -> SentenceTransformer:
    """Untrained static towers whose tokens start near what the teacher makes of their text.

    `counts` is how often each token stands in the corpus, [vocabulary]; see `towers.model.static_towers`.
    """
    vocabulary = tokenizer.get_vocab()
    texts = [_text(name) for name in sorted(vocabulary, key=vocabulary.__getitem__)]
    vectors = teacher.encode("tokens", texts, "document", progress)
    return weighted_towers(tokenizer, taught_directions(vectors, width, seed), counts)


def _text(token: str) -> str:
    """What a token says: 신발 for the decomposed syllables of our tokenizer, `category 신발` for `[category:신발]`."""
    composed = unicodedata.normalize("NFC", token)
    return composed[1:-1].replace(":", " ") if composed[:1] == "[" and composed[-1:] == "]" else composed


def soft_targets(
    teacher: Teacher,
    items: Sequence[str],
    queries: Sequence[str],
    query_rows: NDArray[np.int64],
    *,
    progress: Progress,
    max_queries: int = MAX_QUERIES,
) -> SoftTargets:
    """The teacher's vectors for a training run: give it to the loop as its guide.

    `items` are texts for the teacher (`teacher_texts`), one an item of the pairs; `queries` the texts of the pairs'
    query rows and `query_rows` the row of each pair. Of the distinct queries the `max_queries` with the most pairs
    are read, equal counts in order of their text; the others learn from their pairs alone.
    """
    counts: Counter[str] = Counter()
    for row, n in enumerate(np.bincount(query_rows, minlength=len(queries)).tolist()):
        counts[queries[row]] += n
    wanted = sorted((text for text in counts if text.strip()), key=lambda text: (-counts[text], text))[:max_queries]
    place = {text: number for number, text in enumerate(wanted)}
    known = np.array([place.get(text, UNKNOWN) for text in queries], np.int64)
    item_vectors = teacher.encode("items", items, "document", progress)
    return SoftTargets(teacher.encode("queries", wanted, "query", progress), known, item_vectors)


def teacher_texts(items: pl.DataFrame) -> list[str]:
    """Title and body as people wrote them, which is what a published model knows best; one text an item."""
    titles, bodies = (items[name].fill_null("").to_list() for name in ("title", "body"))
    return [
        f"{cut(display(title), TITLE_CHARS)} {cut(display(body), BODY_CHARS)}".strip()
        for title, body in zip(titles, bodies, strict=True)
    ]
