"""The lexical leg beside plain bm25s, on the judged catalogue (chorus) and on a simulated market.

    python -m bench.lexical chorus [FOLDER]                   # figures, and the nested choice of field weights
    python -m bench.lexical market --items 10000 --seed 202   # recall@10 by kind of query; needs semsearch[korean]

Field weights, k1 and b are chosen on ratings.csv in nested folds, here. The weights of query terms were set by hand
while looking at market seed 101: report other seeds.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import os
import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from time import perf_counter

import bm25s
import numpy as np
import polars as pl
from bench.baselines import Rank, english_words, kiwi_words, plain_bm25, white_space

from semsearch.evaluation.compare import compare
from semsearch.evaluation.evaluate import Evaluation, evaluate
from semsearch.evaluation.intervals import bootstrap_mean
from semsearch.evaluation.qrels import Qrels
from semsearch.evaluation.queries import Queries
from semsearch.evaluation.reading import read_judgements
from semsearch.evaluation.runs import Run
from semsearch.index.dense import Mask, matching
from semsearch.index.lexical import FIELDS, K1, B, LexicalIndex
from semsearch.index.lexical_build import build_lexical
from semsearch.records import Item, schema
from semsearch.simulate import Market
from semsearch.text.analyser import Analyser

METRICS = ("ndcg@10", "ndcg@10/judged")
DEPTH = 1000
DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "chorus"
GRID = tuple(itertools.product((2, 3, 4, 6), (0.25, 0.5, 1.0), (0.6, 0.9, 1.2, 1.8), (0.3, 0.5, 0.7)))
"""title, attributes (body and brand are 1), k1, b."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("chorus").add_argument("folder", type=Path, nargs="?", default=DATA)
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


def measured(name: str, rank: Rank, queries: Queries, qrels: Qrels, metrics: tuple[str, ...], depth: int) -> Evaluation:
    return evaluate(Run.of({q: rank(text, depth) for q, text in queries.texts.items()}, name), qrels, metrics)


def leg(index: LexicalIndex, ids: list[str], allowed: Mask | None = None) -> Rank:
    """What the lexical leg answers, among the allowed rows."""

    def rank(query: str, k: int) -> list[tuple[str, float]]:
        rows, scores = matching(index.scores(index.plan(query)), k, allowed)
        return [(ids[row], score) for row, score in zip(rows.tolist(), scores.tolist(), strict=True)]

    return rank


# --- chorus -----------------------------------------------------------------------------------


def chorus(folder: Path) -> None:
    items = chorus_items(folder)
    qrels, queries = read_judgements(folder / "ratings.csv", "final")
    assert queries is not None
    ids = items["item_id"].to_list()
    table = {
        f"stemmed bm25s, {name}": measured(
            name, plain_bm25(ids, texts, english_words()), queries, qrels, METRICS, DEPTH
        )
        for name, texts in plain_texts(items).items()
    }
    best = max(table, key=lambda name: table[name].mean("ndcg@10"))
    with tempfile.TemporaryDirectory() as work:
        started = perf_counter()
        index = build_lexical(items, Analyser(), Path(work))
        print(f"built in {perf_counter() - started:.1f} s; fields {FIELDS}, k1 {K1}, b {B}")
        table["lexical leg"] = measured("lexical leg", leg(index, ids), queries, qrels, METRICS, DEPTH)
        fielded = Fielded(index, items, queries)
        tried = {s: measured(str(s), fielded.rank(*s), queries, qrels, METRICS, DEPTH) for s in GRID}
    print(f"{table[best].figures()[0].n} queries with a positive; differences to '{best}', paired, 95 %")
    for name, evaluation in table.items():
        cells = (f"{d.metric} {d.mean_b:.4f} {d.difference:+.4f} [{d.low:+.4f}, {d.high:+.4f}]"
                 for d in compare(table[best], evaluation).differences())  # fmt: skip
        print(f"{name:45} {'   '.join(cells)}")
    chosen_elsewhere(tried, table[best])


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


def plain_texts(items: pl.DataFrame) -> dict[str, list[str]]:
    """What a plain engine may be given of an item; which is best is found here too."""
    attributes = [json.loads(text) for text in items["attributes"].to_list()]
    base = [f"{t} {b}" for t, b in zip(items["title"].to_list(), items["body"].to_list(), strict=True)]
    return {
        "title+body": base,
        "title+body+brand": [f"{text} {a.get('brand', '')}" for text, a in zip(base, attributes, strict=True)],
        "title+body+attributes": [
            f"{text} {' '.join(map(str, a.values()))}" for text, a in zip(base, attributes, strict=True)
        ],
    }


class Fielded:
    """The same scores for any field weights, from term counts by field, without building an index each time."""

    def __init__(self, index: LexicalIndex, items: pl.DataFrame, queries: Queries) -> None:
        self.ids = items["item_id"].to_list()
        self.plans = {text: index.plan(text) for text in queries.texts.values()}
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

    def rank(self, title: float, attributes: float, k1: float, b: float) -> Rank:
        weights = {"title": title, "attributes": attributes, "body": 1.0, "brand": 1.0}
        length = sum(weights[field] * self.lengths[field] for field in weights)
        norm = k1 * (1 - b + b * length / length.mean())

        def rank(query: str, k: int) -> list[tuple[str, float]]:
            total = np.zeros(len(length))
            for term in self.plans[query].terms:
                tf = sum(weights[field] * self.counts[term.text][field] for field in weights)
                df = (tf > 0).sum()
                total += term.weight * np.log(1 + (len(length) - df + 0.5) / (df + 0.5)) * tf / (tf + norm)
            rows, scores = matching(total, k)
            return [(self.ids[row], score) for row, score in zip(rows.tolist(), scores.tolist(), strict=True)]

        return rank


def chosen_elsewhere(
    tried: dict[tuple[float, ...], Evaluation], best: Evaluation, repeats: int = 5, folds: int = 5
) -> None:
    """Figures of queries whose fold had no part in choosing the weights (criterion: mean of both figures)."""
    kept = ~np.isnan(best.values[METRICS[0]])
    values = {s: np.stack([e.values[m][kept] for m in METRICS], axis=1) for s, e in tried.items()}
    whole = max(GRID, key=lambda s: values[s].mean())
    print(f"best on all queries (title, attributes, k1, b): {whole} {values[whole].mean(axis=0).round(4)}")
    rng, total = np.random.default_rng(0), np.zeros((kept.sum(), len(METRICS)))
    for _ in range(repeats):
        fold = rng.permutation(len(total)) % folds
        for held in range(folds):
            chosen = max(GRID, key=lambda s, train=fold != held: values[s][train].mean())
            total[fold == held] += values[chosen][fold == held] / repeats
    change = total - np.stack([best.values[m][kept] for m in METRICS], axis=1)
    cells = (f"{m} {t:.4f} {c:+.4f} [{i.low:+.4f}, {i.high:+.4f}]" for m, t, c, i in zip(
        METRICS, total.mean(axis=0), change.mean(axis=0), bootstrap_mean(change, seed=0), strict=True))  # fmt: skip
    print(f"{'weights chosen in nested folds':45} {'   '.join(cells)}")


# --- the simulated market -----------------------------------------------------------------------


def simulated(n_items: int, seed: int, lang: str, per_kind: int) -> None:
    from semsearch.simulate import market

    made = market(n_items, seed, lang, n_searches=0, per_kind=per_kind)
    items = made.items.sort("item_id")
    alive = ((items["status"] == "active") & items["ended_at"].is_null()).to_numpy()
    queries, qrels = asked(made, set(items.filter(alive)["item_id"]))
    with tempfile.TemporaryDirectory() as work:
        rows = ranks(items, alive, lang, Path(work))
        table = {name: measured(name, rank, queries, qrels, ("recall@10",), 10) for name, rank in rows.items()}
    kinds = sorted(set(queries.columns["kind"].values()))
    print(f"simulated market ({lang}), {n_items} items, seed {seed}, {alive.sum()} alive; recall@10")
    for name, evaluation in table.items():
        parts = evaluation.slices(queries.columns["kind"])
        cells = (f"{kind} {parts[kind].mean('recall@10'):.3f} ({len(parts[kind].query_ids)})" for kind in kinds)
        print(f"{name:20} {'  '.join(cells)}")
    for name in (name for name in table if name.startswith("lexical")):
        for kind in kinds:
            of_kind = [q for q, label in queries.columns["kind"].items() if label == kind]
            plain = {other: e.of_queries(of_kind) for other, e in table.items() if other.startswith("bm25s")}
            best = max(plain, key=lambda other: plain[other].mean("recall@10"))
            d = compare(plain[best], table[name].of_queries(of_kind)).differences()[0]
            print(f"{name:20} {kind:16} against {best:20} {d.difference:+.4f} [{d.low:+.4f}, {d.high:+.4f}]")


def asked(made: Market, alive: set[str]) -> tuple[Queries, Qrels]:
    """The queries with their kinds, and the living listings that each means."""
    columns = made.queries.select("query_id", "query", "kind").rows()
    queries = Queries({q: text for q, text, _ in columns}, {"kind": {q: kind for q, _, kind in columns}})
    meant: dict[str, dict[str, float]] = defaultdict(dict)
    exact = made.qrels.filter(pl.col("grade") >= 2)
    for query_id, item_id in exact.select("query_id", "item_id").iter_rows():
        if item_id in alive:
            meant[query_id][item_id] = 1.0
    return queries, Qrels(dict(meant))


def ranks(items: pl.DataFrame, alive: Mask, lang: str, work: Path) -> dict[str, Rank]:
    """Every row searches the same living items."""
    living = items.filter(alive)
    ids, texts = living["item_id"].to_list(), (living["title"] + " " + living["body"]).to_list()
    every = items["item_id"].to_list()
    rows = {"bm25s, white space": plain_bm25(ids, texts, white_space)}
    rows["lexical leg"] = leg(build_lexical(items, Analyser(), work / "plain"), every, alive)
    if lang == "en":
        return rows | {"bm25s, stemmed": plain_bm25(ids, texts, english_words())}
    from semsearch.index.segment import KiwiSegmenter

    cut = build_lexical(items, Analyser(), work / "cut", KiwiSegmenter())
    return rows | {"bm25s, Kiwi": plain_bm25(ids, texts, kiwi_words()), "lexical leg, Kiwi": leg(cut, every, alive)}


if __name__ == "__main__":
    main()
