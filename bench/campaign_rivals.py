"""Other ways of joining look-alike posts, each with six settings; `campaign_peers` gives them their alert rule.

A rival is a function of the texts of one namespace in order of time. Streaming ones join each post with an earlier
leader or let it lead. Batch ones are run again and again over all that has come (RUNS times); a cluster keeps its name
as long as most of its named members bear it, and a post is known to be in it from the first run that says so.
"""

from __future__ import annotations

import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Labels = list[int | None]
RUNS = {"semhash": 10, "hdbscan": 5}
"""HDBSCAN takes too long for more."""
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Texts:
    """The posts of one namespace as one side of the comparison reads them."""

    views: bool
    """Whether `main` is the skeleton and `spaced` the view; else both are the text in NFKC and lower case."""
    main: list[str]
    spaced: list[str]
    encode: Callable[[Sequence[str]], NDArray[np.float32]]
    """The static towers."""
    tfidf: Any
    """A fitted TfidfVectorizer of `main`'s kind, and the SVD of it."""
    svd: Any

    def __len__(self) -> int:
        return len(self.main)


@dataclass(slots=True)
class Joined:
    """Clusters of one setting."""

    labels: Labels
    """As they were when each post was first placed."""
    known: NDArray[np.int64]
    """Row of the post after which that was known."""
    last: Labels
    """As the last run says."""
    seconds: float = 0.0


Rival = Callable[[Texts, Sequence[Any]], dict[Any, Joined]]


# --- 1: identical text ---------------------------------------------------------------------

_SPACES, _DIGITS, _NO_LETTERS = re.compile(r"\s+"), re.compile(r"\d+"), re.compile(r"[\W\d_]+")
NORMAL: dict[str, Callable[[str], str]] = {
    "as it is": lambda text: text,
    "one space": lambda text: _SPACES.sub(" ", text).strip(),
    "letters, digits": lambda text: re.sub(r"[\W_]+", "", text),
    "letters": lambda text: _NO_LETTERS.sub("", text),
    "digits masked": lambda text: _DIGITS.sub("0", _SPACES.sub("", text)),
    "first 40 letters": lambda text: _NO_LETTERS.sub("", text)[:40],
}


def identical(texts: Texts, settings: Sequence[str]) -> dict[str, Joined]:
    out = {}
    for setting in settings:
        start = time.perf_counter()
        first: dict[str, int] = {}
        leaders = [first.setdefault(NORMAL[setting](text), row) for row, text in enumerate(texts.main)]
        out[setting] = _streamed(leaders, time.perf_counter() - start)
    return out


# --- 2: MinHash LSH with leaders -----------------------------------------------------------

_PERMUTATIONS = 128
_BANDS = {0.2: 64, 0.3: 64, 0.45: 32}


def minhash(texts: Texts, settings: Sequence[tuple[str, float]]) -> dict[tuple[str, float], Joined]:
    """rensa: words as its README has it, or runs of 4 characters."""
    import rensa

    out = {}
    for setting in settings:
        tokens, threshold = setting
        start = time.perf_counter()
        index = rensa.RMinHashLSH(threshold, _PERMUTATIONS, _BANDS[threshold])
        kept: dict[int, Any] = {}
        leaders = []
        for row in range(len(texts)):
            made = rensa.RMinHash(_PERMUTATIONS, 42)
            made.update(texts.spaced[row].split() if tokens == "words" else _grams(texts.main[row]))
            near = [(made.jaccard(kept[other]), -other) for other in index.query(made)]
            best = max(near, default=(0.0, 0))
            if best[0] >= threshold:
                leaders.append(-best[1])
                continue
            index.insert(row, made)
            kept[row] = made
            leaders.append(row)
        out[setting] = _streamed(leaders, time.perf_counter() - start)
    return out


def _grams(text: str) -> list[str]:
    return [text[at : at + 4] for at in range(max(1, len(text) - 3))]


# --- 3: TF-IDF character leaders -----------------------------------------------------------


def tfidf_leaders(texts: Texts, settings: Sequence[float]) -> dict[float, Joined]:
    """Cosine of TF-IDF character n-grams with every earlier post; only leaders can be joined."""
    start = time.perf_counter()
    places: dict[float, list[int]] = {threshold: [] for threshold in settings}
    matrix = texts.tfidf.transform(texts.main)
    turned = matrix.T.tocsc()
    for first in range(0, len(texts), _CHUNK):
        end = min(first + _CHUNK, len(texts))
        near = (matrix[first:end] @ turned[:, :end]).tocsr()
        for at in range(end - first):
            row = slice(near.indptr[at], near.indptr[at + 1])
            strong = near.data[row] >= min(settings)
            _lead(first + at, near.indices[row][strong], near.data[row][strong], places)
    seconds = time.perf_counter() - start
    return {threshold: _streamed(leaders, seconds) for threshold, leaders in places.items()}


def _lead(row: int, others: NDArray[np.int32], near: NDArray[np.float64], places: dict[float, list[int]]) -> None:
    order = np.lexsort((others, -near))
    ranked = [(int(others[i]), float(near[i])) for i in order if others[i] < row]
    for threshold, leaders in places.items():
        found = (other for other, how in ranked if how >= threshold and leaders[other] == other)
        leaders.append(next(found, row))


# --- 4: semhash, run again -----------------------------------------------------------------


def semhash(texts: Texts, settings: Sequence[float]) -> dict[float, Joined]:
    """`self_deduplicate` over all that has come; a selected record and its duplicates are a cluster."""
    from semhash import SemHash

    named = {threshold: _Named(len(texts)) for threshold in settings}
    start = time.perf_counter()
    vectors = texts.encode(texts.spaced)
    encoding = (time.perf_counter() - start) / RUNS["semhash"]
    for end in ends(len(texts), RUNS["semhash"]):
        records = [{"text": text, "row": str(row)} for row, text in enumerate(texts.spaced[:end])]
        start = time.perf_counter()
        index = SemHash.from_embeddings(vectors[:end], records, model=None, columns=["text"])
        result = index.self_deduplicate(threshold=min(settings))
        shared = encoding + time.perf_counter() - start
        for threshold in sorted(settings):
            start = time.perf_counter()
            result.rethreshold(threshold)
            labels: Labels = [None] * end
            for found in result.filtered:
                leader = int(found.duplicate_of["row"])
                labels[int(found.record["row"])] = labels[leader] = leader
            named[threshold].run(labels, shared + time.perf_counter() - start)
    return {threshold: each.joined() for threshold, each in named.items()}


# --- 5: HDBSCAN, run again -----------------------------------------------------------------


def hdbscan(texts: Texts, settings: Sequence[tuple[int, str]]) -> dict[tuple[int, str], Joined]:
    """Of TF-IDF character n-grams in 32 dimensions (SVD). `settings`: min_cluster_size, cluster_selection_method."""
    import tempfile

    from hdbscan import HDBSCAN
    from sklearn.preprocessing import normalize

    named = {setting: _Named(len(texts)) for setting in settings}
    start = time.perf_counter()
    vectors = normalize(texts.svd.transform(texts.tfidf.transform(texts.main)))
    shared = (time.perf_counter() - start) / RUNS["hdbscan"]
    with tempfile.TemporaryDirectory() as folder:
        for end in ends(len(texts), RUNS["hdbscan"]):
            tree = 0.0
            for setting in settings:
                start = time.perf_counter()
                size, selection = setting
                model = HDBSCAN(
                    min_cluster_size=size, min_samples=2, cluster_selection_method=selection, memory=folder,
                    algorithm="boruvka_kdtree", core_dist_n_jobs=1, approx_min_span_tree=True,
                )  # fmt: skip
                found = model.fit_predict(vectors[:end]) if end > size else np.full(end, -1)
                tree = tree or time.perf_counter() - start
                named[setting].run([None if label < 0 else int(label) for label in found], tree + shared)
    return {setting: each.joined() for setting, each in named.items()}


# --- clusters ------------------------------------------------------------------------------


def ends(n: int, runs: int) -> list[int]:
    """Rows that have come at each run of a batch method."""
    return sorted({max(1, round(n * run / runs)) for run in range(1, runs + 1)})


def _streamed(leaders: list[int], seconds: float) -> Joined:
    size = Counter(leaders)
    labels: Labels = [leader if size[leader] > 1 else None for leader in leaders]
    return Joined(labels, np.arange(len(leaders)), labels, seconds)


@dataclass(slots=True)
class _Named:
    """Clusters of a method that is run again and again: their names last."""

    n: int
    labels: Labels = field(default_factory=list)
    known: list[int] = field(default_factory=list)
    last: Labels = field(default_factory=list)
    seconds: float = 0.0
    _next: int = 0

    def run(self, labels: Labels, seconds: float) -> None:
        self.seconds += seconds
        self.last = labels
        self.labels += [None] * (len(labels) - len(self.labels))
        self.known += [self.n] * (len(labels) - len(self.known))
        members = defaultdict(list)
        for row, label in enumerate(labels):
            if label is not None:
                members[label].append(row)
        taken: set[int] = set()
        for rows in sorted(members.values(), key=len, reverse=True):
            name = self._name(rows, taken)
            taken.add(name)
            for row in rows:
                if self.labels[row] is None:
                    self.labels[row], self.known[row] = name, len(labels) - 1

    def _name(self, rows: list[int], taken: set[int]) -> int:
        """The name that most members bear, unless a larger cluster took it."""
        named = (self.labels[row] for row in rows)
        for name, _ in Counter(name for name in named if name is not None).most_common():
            if name not in taken:
                return name
        self._next += 1
        return self._next

    def joined(self) -> Joined:
        return Joined(self.labels, np.array(self.known, np.int64), self.last, self.seconds)


RIVALS: dict[str, tuple[Rival, tuple[Any, ...], bool]] = {
    "identical text": (identical, tuple(NORMAL), True),
    "MinHash LSH leaders": (minhash, tuple((tokens, t) for tokens in ("words", "runs of 4") for t in _BANDS), True),
    "TF-IDF character leaders": (tfidf_leaders, (0.25, 0.32, 0.4, 0.5, 0.6, 0.75), True),
    "semhash re-run": (semhash, (0.5, 0.6, 0.7, 0.8, 0.9, 0.95), False),
    "HDBSCAN re-run": (hdbscan, tuple((n, how) for n in (3, 5, 8) for how in ("leaf", "eom")), False),
}
"""Each with its six settings, and whether it streams."""
