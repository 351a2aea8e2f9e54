"""Failing queries found on real judgements: chorus, English queries over 19,406 products, and no log.

    python -m bench.longtail chorus [--data DIR] [--keep DIR] [--seed N]

The dense leg of static towers trained on the catalogue alone; a query fails when its judged-only nDCG@10 of that leg
lies in the lowest third. Only predictors that need no log, and the combination without a log, as it is shipped.
Intervals are percentile bootstraps over the queries, the same resamples for all. There is no threshold to reach.

Caveat, printed with the figures: the judged pool came from a keyword engine. Against plain nDCG (unjudged is wrong) the
overlap of the dense with the lexical leg tells what was judged and not what is right. So the figures are judged-only,
and plain nDCG stands beside them to show how much of overlap is that artefact. Queries without a positive are left out,
as in every evaluation. Product data: Icecat (Open Content License), through querqy/chorus.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
from bench.chorus import DATA, DEPTH, time_pipeline
from bench.longtail_scores import aucs, best_single, lowest_third, resampled
from numpy.typing import NDArray

from semsearch import wiring
from semsearch.evaluation.evaluate import evaluate
from semsearch.evaluation.reading import read_judgements
from semsearch.longtail.failing import shipped
from semsearch.longtail.predictors import PREDICTORS
from semsearch.retrieval.evaluate import ReleaseRetriever, retrieve
from semsearch.text.views import search
from semsearch.wiring.repairing import longtail_scan
from semsearch.workspace import Workspace

NAMES = tuple(predictor.name for predictor in PREDICTORS if not predictor.needs_log)
PLAIN, OVERLAP, COMBINED = NAMES[0], "disagreement", "chance"
JUDGED, POOLED = "ndcg@10/judged", "ndcg@10"
Floats = NDArray[np.float64]


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--keep", type=Path, help="leave the workspace here; one that is there is measured as it is")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        root = options.keep or Path(folder)
        if not (root / ".semsearch").exists():
            time_pipeline(root, options.data, options.seed)
        table = measured(Workspace.open(root), options.data)
    print(f"# {os.cpu_count()} cores, load {os.getloadavg()[0]:.2f}")
    for metric in (JUDGED, POOLED):
        print("\n".join(figures(table, metric)), end="\n\n")
    print(
        "Caveat: the judged pool came from a keyword engine, so a dense hit that the lexical leg does not share is "
        "mostly\nunjudged. Against plain nDCG overlap therefore tells what was judged: that part is an artefact."
    )


def measured(workspace: Workspace, data: Path) -> pl.DataFrame:
    """query_id, both metrics of the dense leg (null: does not count), the predictors and the shipped chance."""
    qrels, queries = read_judgements(data / "ratings.csv", "final")
    assert queries is not None
    now = datetime.now(UTC)
    run = retrieve(ReleaseRetriever(wiring.open_searcher(workspace), "dense", now), queries, DEPTH, "dense")
    done = evaluate(run, qrels, (JUDGED, POOLED))
    keys = pl.DataFrame({"query_id": list(queries.texts), "key": [search(text) for text in queries.texts.values()]})
    scores = pl.DataFrame({"query_id": done.query_ids, **{metric: done.values[metric] for metric in (JUDGED, POOLED)}})
    found = longtail_scan(workspace, queries=queries, now=now).queries.select("key", *NAMES)
    table = keys.join(scores, on="query_id").join(found, on="key").sort("query_id")
    values = {name: column_of(table, name) for name in NAMES}
    return table.with_columns(pl.Series(COMBINED, shipped().alone.chances(values)))


def column_of(table: pl.DataFrame, name: str) -> Floats:
    return np.asarray(table[name].cast(pl.Float64).fill_null(float("nan")).to_numpy())


def figures(table: pl.DataFrame, metric: str) -> list[str]:
    """Areas against one metric, and paired gains of the combination."""
    told = table.filter(pl.col(metric).is_not_nan())
    values = told[metric].to_numpy()
    failing = lowest_third(values)
    columns = {name: column_of(told, name) for name in (*NAMES, COMBINED)}
    areas, draws = aucs(failing, columns), resampled(failing, columns, seed=0)
    best = best_single(areas, NAMES)
    title = "judged-only nDCG@10" if metric == JUDGED else "plain nDCG@10 (an artefact, see below)"
    out = [
        f"Against {title}: {len(values)} queries, mean {values.mean():.3f}; {failing.sum()} fail "
        f"(lowest third, at most {values[failing].max():.3f})",
        "predictor | AUC | 95 %",
        "---|---|---",
    ]
    out += [f"{name} | {areas[name]:.3f} | {ends(draws[name])}" for name in sorted(areas, key=lambda n: -areas[n])]
    for name, called in ((PLAIN, "plain ratio"), (OVERLAP, "overlap"), (best, f"best single ({best}, in hindsight)")):
        gain = draws[COMBINED] - draws[name]
        out.append(f"combination minus {called}: {areas[COMBINED] - areas[name]:+.3f} | {ends(gain, '+')}")
    return out


def ends(draws: Floats, sign: str = "") -> str:
    low, high = np.quantile(draws, [0.025, 0.975])
    return f"[{low:{sign}.3f}, {high:{sign}.3f}]"
