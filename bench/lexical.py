"""The lexical leg beside plain bm25s, on the judged catalogue (chorus) and on a simulated market.

    python bench/lexical.py chorus ../shared/data/chorus      # figures, and the nested choice of field weights
    python bench/lexical.py market --items 10000 --seed 202   # recall@10 by kind of query; needs semsearch[korean]

Settings of the analyser were chosen on ratings.csv in nested folds and on market seed 101; report others.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import itertools
import json
import os
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import bm25s
import numpy as np
import polars as pl
import Stemmer

from semsearch.index.lexical import FIELDS, K1, B, LexicalIndex
from semsearch.index.lexical_build import build_lexical
from semsearch.records import Item, schema
from semsearch.text.analyser import Analyser
from semsearch.text.views import search

Scorer = Callable[[str], np.ndarray]
GRID = tuple(itertools.product((2, 3, 4, 6), (0.25, 0.5, 1.0), (0.6, 0.9, 1.2, 1.8), (0.3, 0.5, 0.7)))
"""title, attributes (body and brand are 1), k1, b."""


def chorus_items(folder: Path) -> pl.DataFrame:
    """The catalogue as item columns, sorted by item_id."""
    rows = []
    with gzip.open(folder / "items.jsonl.gz", "rt", encoding="utf-8") as file:
        for line in file:
            raw = json.loads(line)
            attributes = raw["attributes"] | ({"brand": raw["brand"]} if raw["brand"] else {})
            text = json.dumps(attributes, ensure_ascii=False, sort_keys=True)
            rows.append((raw["item_id"], raw["title"], raw["body"] or "", None, text))
    names = ("item_id", "title", "body", "category", "attributes")
    return pl.DataFrame(rows, schema={n: schema(Item)[n] for n in names}, orient="row").sort("item_id")


def plain_bm25s(texts: list[str], tokenise: Callable[[str], list[str]]) -> Scorer:
    """bm25s with its defaults over one text an item."""
    model = bm25s.BM25()
    model.index([tokenise(text) for text in texts], show_progress=False)

    def score(query: str) -> np.ndarray:
        known = [t for t in tokenise(query) if t in model.vocab_dict]
        return model.get_scores(known) if known else np.zeros(len(texts))

    return score


def english_tokens() -> Callable[[str], list[str]]:
    """What bm25s.tokenize gives with English stop words and the Snowball stemmer."""
    stemmer = Stemmer.Stemmer("english")

    def tokenise(text: str) -> list[str]:
        return bm25s.tokenize([text], stopwords="en", stemmer=stemmer, return_ids=False, show_progress=False)[0]

    return tokenise


def top(scores: np.ndarray, k: int) -> list[int]:
    """Matching rows, best first, ties by row."""
    rows = np.flatnonzero(scores > 0)
    return rows[np.argsort(-scores[rows], kind="stable")][:k].tolist()


def ndcg(ranked: list[int], gains: dict[int, float]) -> float:
    """nDCG@10 with linear gain; `gains` are the judged rows."""
    ideal = sorted(gains.values(), reverse=True)[:10]
    got = [gains.get(row, 0.0) for row in ranked[:10]]
    return float(np.dot(got, _discount(len(got))) / np.dot(ideal, _discount(len(ideal))))


def _discount(n: int) -> np.ndarray:
    return 1 / np.log2(np.arange(2, n + 2))


def figures(score: Scorer, qrels: dict[str, dict[int, float]]) -> np.ndarray:
    """float[2, queries]: nDCG@10, and judged-only (unjudged out of the top 1000, then cut)."""
    out = []
    for query, gains in qrels.items():
        ranked = top(score(query), 1000)
        out.append((ndcg(ranked, gains), ndcg([row for row in ranked if row in gains], gains)))
    return np.array(out).T


def interval(difference: np.ndarray, seed: int = 0) -> str:
    """Mean and the 95 % percentile bootstrap interval over queries (10,000 resamples)."""
    draws = np.random.default_rng(seed).integers(0, len(difference), (10_000, len(difference)))
    low, high = np.percentile(difference[draws].mean(axis=1), [2.5, 97.5])
    return f"{difference.mean():+.4f} [{low:+.4f}, {high:+.4f}]"


class Fielded:
    """The same scores for any field weights, from term counts by field, without building an index each time."""

    def __init__(self, index: LexicalIndex, items: pl.DataFrame, queries: list[str]) -> None:
        self.plans = {query: index.plan(query) for query in queries}
        wanted = {term.text for plan in self.plans.values() for term in plan.terms}
        n = items.height
        self.counts: dict[str, dict[str, np.ndarray]] = defaultdict(lambda: defaultdict(lambda: np.zeros(n)))
        self.lengths = {field: np.zeros(n) for field in FIELDS}
        for row, item in enumerate(items.iter_rows(named=True)):
            attributes = json.loads(item["attributes"])
            texts = {"title": item["title"], "body": item["body"], "brand": attributes.pop("brand", "")}
            texts |= {"category": item["category"] or "", "attributes": " , ".join(map(str, attributes.values()))}
            for field, text in texts.items():
                found = Counter(index.analyser.document(text))
                self.lengths[field][row] = found.total()
                for token in found.keys() & wanted:
                    self.counts[token][field][row] = found[token]

    def scorer(self, title: float, attributes: float, k1: float, b: float) -> Scorer:
        weights = {"title": title, "attributes": attributes, "body": 1.0, "brand": 1.0}
        length = sum(weights[field] * self.lengths[field] for field in weights)
        norm = k1 * (1 - b + b * length / length.mean())

        def score(query: str) -> np.ndarray:
            total = np.zeros(len(length))
            for term in self.plans[query].terms:
                tf = sum(weights[field] * self.counts[term.text][field] for field in weights)
                df = (tf > 0).sum()
                total += term.weight * np.log(1 + (len(length) - df + 0.5) / (df + 0.5)) * tf / (tf + norm)
            return total

        return score


def nested(fielded: Fielded, qrels: dict[str, dict[int, float]], repeats: int = 5, folds: int = 5) -> np.ndarray:
    """Figures of queries whose fold had no part in choosing the weights (criterion: mean of both figures)."""
    tried = {setting: figures(fielded.scorer(*setting), qrels) for setting in GRID}
    whole = max(GRID, key=lambda s: tried[s].mean())
    print(f"best on all queries (title, attributes, k1, b): {whole} {tried[whole].mean(axis=1).round(4)}")
    rng, total = np.random.default_rng(0), np.zeros((2, len(qrels)))
    for _ in range(repeats):
        fold = rng.permutation(len(qrels)) % folds
        for held in range(folds):
            chosen = max(GRID, key=lambda s, train=fold != held: tried[s][:, train].mean())
            total[:, fold == held] += tried[chosen][:, fold == held]
    return total / repeats


def chorus(folder: Path) -> None:
    items = chorus_items(folder)
    rows = {item_id: row for row, item_id in enumerate(items["item_id"].to_list())}
    qrels: dict[str, dict[int, float]] = defaultdict(dict)
    with (folder / "ratings.csv").open(encoding="utf-8") as file:
        for line in csv.DictReader(file):
            qrels[line["query"]][rows[line["item_id"]]] = float(line["final"])
    qrels = {query: gains for query, gains in qrels.items() if any(gains.values())}
    parts = [json.loads(text) for text in items["attributes"].to_list()]
    base = [f"{t} {b}" for t, b in zip(items["title"].to_list(), items["body"].to_list(), strict=True)]
    brand = [f"{text} {a.get('brand', '')}" for text, a in zip(base, parts, strict=True)]
    everything = [f"{text} {' '.join(map(str, a.values()))}" for text, a in zip(base, parts, strict=True)]
    table = {}
    for name, texts in (("title+body", base), ("title+body+brand", brand), ("title+body+attributes", everything)):
        table[f"stemmed bm25s, {name}"] = figures(plain_bm25s(texts, english_tokens()), qrels)
    with tempfile.TemporaryDirectory() as work:
        started = perf_counter()
        index = build_lexical(items, Analyser(), Path(work))
        print(f"built in {perf_counter() - started:.1f} s; fields {FIELDS}, k1 {K1}, b {B}")
        table["lexical leg"] = figures(lambda q: index.scores(index.plan(q)), qrels)
        table["lexical leg, weights chosen in nested folds"] = nested(Fielded(index, items, list(qrels)), qrels)
    best = max((name for name in table if "bm25s" in name), key=lambda name: table[name][0].mean())
    print(f"n = {len(qrels)} queries with a positive; differences to '{best}', paired, 95 %")
    for name, found in table.items():
        plain, judged = (interval(found[i] - table[best][i]) for i in (0, 1))
        print(f"{name:45} nDCG@10 {found[0].mean():.4f} {plain} judged-only {found[1].mean():.4f} {judged}")


def recall(score: Scorer, market: object, allowed: np.ndarray, rows: dict[str, int]) -> dict[str, np.ndarray]:
    """recall@10 of each query by kind: living items of grade 2, at most ten of them counted."""
    relevant: dict[str, set[int]] = defaultdict(set)
    for query_id, item_id in market.qrels.filter(pl.col("grade") >= 2).select("query_id", "item_id").iter_rows():
        relevant[query_id].add(rows[item_id])
    out = defaultdict(list)
    for query_id, query, kind in market.queries.select("query_id", "query", "kind").iter_rows():
        alive = {row for row in relevant[query_id] if allowed[row]}
        if alive:
            found = set(top(score(query) * allowed, 10))
            out[kind].append(len(found & alive) / min(10, len(alive)))
    return {kind: np.array(values) for kind, values in out.items()}


def simulated(n_items: int, seed: int, lang: str, per_kind: int) -> None:
    from semsearch.simulate import market

    made = market(n_items, seed, lang, per_kind=per_kind)
    items = made.items.sort("item_id")
    rows = {item_id: row for row, item_id in enumerate(items["item_id"].to_list())}
    allowed = ((items["status"] == "active") & items["ended_at"].is_null()).to_numpy()
    texts = [f"{t} {b}" for t, b in zip(items["title"].to_list(), items["body"].to_list(), strict=True)]
    scorers = {"bm25s, white space": plain_bm25s(texts, lambda text: search(text).split())}
    if lang == "en":
        scorers["bm25s, stemmed"] = plain_bm25s(texts, english_tokens())
    with tempfile.TemporaryDirectory() as work:
        plain = build_lexical(items, Analyser(), Path(work) / "plain")
        scorers["lexical leg"] = lambda q: plain.scores(plain.plan(q))
        if lang == "ko":
            from kiwipiepy import Kiwi

            from semsearch.index.segment import KiwiSegmenter

            kiwi = Kiwi()
            scorers["bm25s, Kiwi"] = plain_bm25s(texts, lambda text: [t.form for t in kiwi.tokenize(search(text))])
            cut = build_lexical(items, Analyser(), Path(work) / "cut", KiwiSegmenter())
            scorers["lexical leg, Kiwi"] = lambda q: cut.scores(cut.plan(q))
        table = {name: recall(score, made, allowed, rows) for name, score in scorers.items()}
    print(f"simulated market ({lang}), {n_items} items, seed {seed}, {allowed.sum()} alive; recall@10 (n queries)")
    for name, kinds in table.items():
        cells = "  ".join(f"{kind} {v.mean():.3f} ({len(v)})" for kind, v in kinds.items())
        print(f"{name:20} {cells}  mean {np.mean([v.mean() for v in kinds.values()]):.3f}")
    others = [name for name in table if name.startswith("bm25s")]
    for name in (name for name in table if name not in others):
        for kind, values in table[name].items():
            best = max(others, key=lambda other, kind=kind: table[other][kind].mean())
            print(f"{name:20} {kind:16} against {best:20} {interval(values - table[best][kind])}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("chorus").add_argument("folder", type=Path)
    market = verbs.add_parser("market")
    market.add_argument("--lang", choices=("ko", "en"), default="ko")
    market.add_argument("--items", type=int, default=10_000)
    market.add_argument("--seed", type=int, default=202)
    market.add_argument("--per-kind", type=int, default=300)
    given = parser.parse_args()
    print(f"load average {os.getloadavg()[0]:.1f}, bm25s {bm25s.__version__}")
    if given.verb == "chorus":
        chorus(given.folder)
    else:
        simulated(given.items, given.seed, given.lang, given.per_kind)


if __name__ == "__main__":
    main()
