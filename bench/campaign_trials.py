"""Trials of rivals of the campaign detector: streams, two ways of reading them, the alert rule, the best of many."""

from __future__ import annotations

import time
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from bench.campaign_rivals import Joined, Rival, Texts
from bench.campaign_scoring import Pairs, Raised, Score, pair_counts, pooled, score
from bench.campaign_streams import stream_files
from numpy.typing import NDArray

from semsearch.campaigns.joining.prepare import Encode
from semsearch.text.abuse.reading_post import read_post

LEARNED = 919
"""Seed of the posts that TF-IDF learns its weights from."""
WINDOWS_H = (1, 6, 24)
SENDERS = (3, 4, 5, 6, 7, 9, 12, 25)
ALLOWED = 2.0
"""False alerts in 100,000 posts."""
HOUR_US = 3_600_000_000
Rule = tuple[int, int]
"""Hours of the window, distinct senders."""


@dataclass
class Stream:
    """One simulated stream and both ways of reading it."""

    posts: pl.DataFrame
    truth: pl.DataFrame
    at_us: NDArray[np.int64]
    who: list[tuple[str, str | None]]
    rows: dict[str, NDArray[np.int64]]
    """Of each namespace."""
    texts: dict[tuple[bool, str], Texts]
    """By side (with our views or not) and namespace."""
    reading: dict[bool, float]
    """Seconds that reading takes a side."""


@dataclass(frozen=True)
class Point:
    """One trial."""

    setting: Any
    rule: Rule
    score: Score


# --- reading ---------------------------------------------------------------------------------


def plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower()


def read(keep: Path, n_posts: int, seed: int, encode: Encode, fitted: dict[bool, Any]) -> Stream:
    folder = stream_files(keep, n_posts, seed)
    posts, truth = pl.read_parquet(folder / "posts.parquet"), pl.read_parquet(folder / "posts_truth.parquet")
    at_us = posts["created_at"].dt.epoch("us").to_numpy().astype(np.int64)
    who = list(zip(posts["author_id"], posts["recipient_id"], strict=True))
    spaces = posts["namespace"].to_numpy()
    rows = {str(name): np.flatnonzero(spaces == name) for name in sorted(set(spaces))}
    stream = Stream(posts, truth, at_us, who, rows, {}, {False: 0.0, True: 0.0})
    for views in (False, True):
        for name, own in rows.items():
            start = time.perf_counter()
            given = posts["text"].gather(own).to_list()
            main, spaced = _sides(given, views)
            stream.reading[views] += time.perf_counter() - start
            stream.texts[views, name] = Texts(views, main, spaced, encode, *fitted[views])
    return stream


def _sides(given: list[str], views: bool) -> tuple[list[str], list[str]]:
    if not views:
        main = [plain(text) for text in given]
        return main, main
    readings = [read_post(text) for text in given]
    return [reading.skeleton for reading in readings], [reading.view for reading in readings]


def learned(keep: Path, views: bool) -> tuple[Any, Any]:
    """TF-IDF weights and their SVD from posts before the streams."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    given = pl.read_parquet(stream_files(keep, 20_000, LEARNED) / "posts.parquet")["text"].to_list()
    main, _ = _sides(given, views)
    tfidf = TfidfVectorizer(
        analyzer="char" if views else "char_wb", ngram_range=(3, 5) if views else (2, 4), lowercase=False,
        sublinear_tf=True, min_df=3, max_df=0.03, max_features=100_000, dtype=np.float32,
    )  # fmt: skip
    svd = TruncatedSVD(32, random_state=1)
    svd.fit(tfidf.fit_transform(main))
    return tfidf, svd


# --- trials ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Clustered:
    """A stream as one setting of a rival sees it."""

    labels: list[tuple[str, int] | None]
    known_us: NDArray[np.int64]
    pairs: Pairs
    seconds: float


def clustered(rival: Rival, stream: Stream, views: bool, settings: Sequence[Any]) -> dict[Any, Clustered]:
    """Each namespace on its own."""
    parts = {name: rival(stream.texts[views, name], settings) for name in stream.rows}
    return {
        setting: _put_together(stream, {name: part[setting] for name, part in parts.items()}) for setting in settings
    }


def _put_together(stream: Stream, parts: dict[str, Joined]) -> Clustered:
    labels: list[tuple[str, int] | None] = [None] * len(stream.who)
    last = list(labels)
    known = stream.at_us.copy()
    for name, part in parts.items():
        rows = stream.rows[name]
        times = np.append(stream.at_us[rows], np.iinfo(np.int64).max)
        known[rows] = times[np.minimum(part.known, len(rows))]
        for row, label, later in zip(rows.tolist(), part.labels, part.last, strict=True):
            labels[row] = None if label is None else (name, label)
            last[row] = None if later is None else (name, later)
    pairs = pair_counts(last, stream.truth["group"].to_list())
    return Clustered(labels, known, pairs, sum(part.seconds for part in parts.values()))


def points(stream: Stream, setting: Any, found: Clustered) -> Iterator[Point]:
    """Every rule on the clusters of one setting."""
    members: dict[Any, list[int]] = {}
    for row, label in enumerate(found.labels):
        if label is not None:
            members.setdefault(label, []).append(row)
    for hours in WINDOWS_H:
        alerts: dict[int, list[Raised]] = {senders: [] for senders in SENDERS}
        for label, rows in members.items():
            if len(rows) >= SENDERS[0]:
                for senders, at_us in _reached(stream, rows, found.known_us, hours * HOUR_US):
                    alerts[senders].append(Raised(label, at_us))
        for senders, raised in alerts.items():
            judged = score(stream.truth, stream.at_us, found.labels, raised, found.known_us, found.pairs)
            yield Point(setting, (hours, senders), judged)


def _reached(stream: Stream, rows: list[int], known_us: NDArray[np.int64], length_us: int) -> Iterator[tuple[int, int]]:
    """When a cluster first has each number of SENDERS in a window."""
    left = list(SENDERS)
    inside: Counter[Any] = Counter()
    oldest = 0
    times, who = stream.at_us, stream.who
    for place, row in enumerate(rows):
        inside[who[row]] += 1
        while times[rows[oldest]] <= times[row] - length_us:
            gone = who[rows[oldest]]
            inside[gone] -= 1
            if not inside[gone]:
                del inside[gone]
            oldest += 1
        while left and len(inside) >= left[0]:
            yield left.pop(0), int(known_us[rows[oldest : place + 1]].max())
        if not left:
            return


def over(streams: Iterable[Stream], rival: Rival, views: bool, settings: Sequence[Any]) -> tuple[list[Point], float]:
    """All trials, the streams pooled; and the seconds that joining and reading take with the first setting."""
    parts: dict[tuple[Any, Rule], list[Score]] = {}
    seconds = 0.0
    for stream in streams:
        found = clustered(rival, stream, views, settings)
        seconds += found[settings[0]].seconds + stream.reading[views]
        for setting in settings:
            for point in points(stream, setting, found[setting]):
                parts.setdefault((setting, point.rule), []).append(point.score)
    return [Point(setting, rule, pooled(scores)) for (setting, rule), scores in parts.items()], seconds


def best_of(trials: Sequence[Point]) -> Point:
    """Most campaigns early at ALLOWED false alerts, then fewer false ones, then better pairs; else the fewest false."""
    allowed = [p for p in trials if p.score.false_a_day <= ALLOWED]
    if not allowed:
        return min(trials, key=lambda p: (p.score.false_a_day, -p.score.early))
    return max(allowed, key=lambda p: (p.score.early, -p.score.false_a_day, p.score.pairs.f1))
