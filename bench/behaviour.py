"""Towers trained on a log: ours against sentence-transformers' plain MultipleNegativesRankingLoss (target 1).

    python -m bench.behaviour [--seeds 1 2 3 4 5 --items 100000 --searches 600000 --tune 100 --queries 2000]

Simulated markets with their truth. Both start from the same catalogue-only towers and train on the same pairs (chats
and purchases with the query of their click, up to the validation part of the log) with the same batch; both get nine
trials (learning rate x temperature) on the validation questions of one more market, `--tune`. The peer is our loop with
everything off, which a test holds equal to that loss in value and gradients, and which is quicker than its trainer.
Judged by recall@100 of the market's truth (grade 2, alive at its end) over queries of the test part. Intervals are
t-intervals over the seeds' differences; each seed's own is a paired bootstrap over queries.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from tempfile import mkdtemp
from types import SimpleNamespace
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import polars as pl
import torch
from sentence_transformers import SentenceTransformer

from semsearch.evaluation.intervals import bootstrap_mean, student
from semsearch.index.exact import ExactIndex
from semsearch.retrieval.build import encode_items
from semsearch.settings import LogSettings, TrainSettings
from semsearch.simulate import Market, market
from semsearch.text.views import search
from semsearch.towers.batches import Pairs
from semsearch.towers.encoded import encoded
from semsearch.towers.features import TokenRows
from semsearch.towers.loop import train
from semsearch.towers.model import towers_from
from semsearch.towers.negatives import Negatives
from semsearch.towers.schema.tokens import Features
from semsearch.towers.static import StaticEncoder
from semsearch.training.behaviour import plan_of
from semsearch.training.catalogue.learning import learn_catalogue
from semsearch.training.corpus import Subject, tokens_of
from semsearch.training.judge import Judge
from semsearch.training.log.evidence import Evidence
from semsearch.training.log.lesson import Lesson
from semsearch.training.start import new_towers

K = 100
RATES, TEMPERATURES = (2e-2, 5e-2, 1e-1), (0.05, 0.1, 0.15)
PEER = {"balance": 0.0, "uniform": 0.0, "log_q": False, "impressed": 0, "mined": 0}
OURS, EPOCHS_PEER, WALL_PEER, START = (
    "ours",
    "plain loss, equal epochs",
    "plain loss, equal wall time",
    "catalogue only",
)
ARMS: dict[str, dict[str, Any]] = {
    "without balance of queries": {"balance": 0.0},
    "without uniform negatives": {"uniform": 0.0},
    "without logQ": {"log_q": False},
    "positive not corrected": {"correct_positive": False},
    "4 uniform negatives a pair": {"uniform": 4.0},
    "with 2 impressed negatives a pair": {"impressed": 2},
    "with 2 mined negatives a pair": {"mined": 2},
    "with Matryoshka (64, 128)": {"matryoshka": (64, 128)},
}
MASKS = "without masks but the item itself"
CLICKS, BOTH = "clicks instead of chats", "chats and clicks"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--searches", type=int, default=600_000)
    parser.add_argument("--tune", type=int, default=100, help="seed of the market that both are tuned on")
    parser.add_argument("--queries", type=int, default=2_000, help="queries of the test part, at most")
    parser.add_argument("--ablate", type=int, default=5, help="seeds that the ablation is run on, the first ones")
    parser.add_argument("--keep", type=Path, help="keep catalogue-only towers here, for the next run")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(f"# simulated; {os.cpu_count()} cores, 1 thread, load {os.getloadavg()[0]:.2f} at the start", flush=True)
    best = {
        name: tuned(Ground.make(options, options.tune), name, base) for name, base in (("ours", {}), ("peer", PEER))
    }
    first = set(options.seeds[: options.ablate])
    results = [measured(Ground.make(options, seed), best, seed in first) for seed in options.seeds]
    table(results)
    print(f"# load {os.getloadavg()[0]:.2f} at the end")


@dataclass(frozen=True, eq=False)
class Ground:
    """One market, its log cut in time, and the towers that everybody starts from."""

    made: Market
    lesson: Lesson
    start: Path
    n_queries: int

    @classmethod
    def make(cls, options: argparse.Namespace, seed: int, arm: str = "chats") -> Ground:
        made = market(options.items, seed=seed, n_searches=options.searches, per_kind=1)
        settings = TrainSettings(seed=seed)
        subject = Subject.of(made.items, Features.plain(), settings)
        folder = (options.keep or Path(mkdtemp())) / f"start-{options.items}-{seed}"
        if not folder.is_dir():
            model, facts = learn_catalogue(new_towers(subject), subject, progress=lambda *_: None)
            model.save(str(folder), create_model_card=False)
            print(f"seed {seed}: catalogue-only towers in {facts['train_s']:.0f} s", flush=True)
        ground = cls(made, lesson_of(made, subject, arm), folder, options.queries)
        facts = ground.lesson.evidence.facts()
        n_clicks = made.interactions.filter(pl.col("kind") == "click").height
        shares = {kind: share["share"] for kind, share in facts["shares"].items() if share["share"] is not None}
        print(
            f"seed {seed}: {made.items.height:,} items, {n_clicks:,} clicks, {facts['n_examples']:,} positives, "
            f"{facts['n_train']:,} to learn from, attributed {shares}",
            flush=True,
        )
        return ground

    def model(self) -> SentenceTransformer:
        return towers_from(str(self.start), "static")

    @cached_property
    def pairs(self) -> Pairs:
        self.clusters_s  # noqa: B018 - found before, so that its time is its own
        return self.lesson.pairs(self.model())

    @cached_property
    def clusters_s(self) -> float:
        """Seconds that near duplicates take: the plain loss needs none, and gets this time at equal wall time."""
        begun = time.perf_counter()
        self.lesson.clusters  # noqa: B018
        return time.perf_counter() - begun

    def weighted(self, balance: float) -> Pairs:
        """The same pairs with another balance: rewards are 1 here, so a weight is n ** -balance of the settings."""
        return replace(
            self.pairs, weights=self.pairs.weights ** np.float32(balance / self.lesson.subject.settings.balance)
        )


def lesson_of(made: Market, subject: Subject, arm: Any) -> Lesson:
    evidence = Evidence.of(made.interactions.lazy(), made.items, "query", arm, LogSettings())
    return Lesson(evidence.split.train, evidence, subject)


def learned(
    ground: Ground,
    settings: TrainSettings,
    *,
    pairs: Pairs | None = None,
    plain: bool = False,
    lesson: Lesson | None = None,
) -> tuple[SentenceTransformer, float]:
    """Towers after the log, and the wall time of negatives and steps; `plain` masks but the very same item."""
    lesson = lesson or ground.lesson
    held = {name: lesson.__dict__[name] for name in ("clusters", "sides") if name in lesson.__dict__}
    lesson = replace(lesson, subject=replace(lesson.subject, settings=settings))
    lesson.__dict__.update(held)  # the same for all arms: found once
    model, begun = ground.model(), time.perf_counter()
    pairs = pairs or ground.weighted(settings.balance)
    pairs = replace(pairs, known=None, clusters=np.arange(len(lesson.item_ids))) if plain else pairs
    plan = plan_of(len(pairs), settings)
    negatives = Negatives() if plain and not settings.uniform else lesson.negatives(plan.batch)
    train(model, pairs, negatives, plan, clock=time.perf_counter, progress=lambda *_: None)
    return model, time.perf_counter() - begun


def tuned(ground: Ground, name: str, base: dict[str, Any]) -> TrainSettings:
    """The best of nine trials by whole-pool recall of the validation questions."""
    judge = Judge.of(ground.lesson.evidence.validation, ground.lesson, ground.model(), whole=True, most=2_000)
    found = {}
    for rate in RATES:
        for temperature in TEMPERATURES:
            settings = TrainSettings(learning_rate=rate, temperature=temperature, **base)
            found[settings] = judge.recall(learned(ground, settings, plain=name == "peer")[0])
            print(
                f"trial {name}: rate {rate}, temperature {temperature}: {judge.metric} {found[settings]:.4f}",
                flush=True,
            )
    return max(found, key=lambda settings: found[settings])


Values = dict[str, np.ndarray]


def measured(ground: Ground, best: dict[str, TrainSettings], ablate: bool) -> Values:
    """Recall of each test query by every arm of one seed."""
    out: Values = {}
    truth = Truth.of(ground)
    for name, model, wall in arms(ground, best, ablate):
        out[name] = truth.recall(model)
        print(f"  {name:40} {out[name].mean():.4f}   {wall:.0f} s", flush=True)
    return out


def arms(
    ground: Ground, best: dict[str, TrainSettings], ablate: bool
) -> Iterator[tuple[str, SentenceTransformer, float]]:
    seed = ground.lesson.subject.settings.seed
    ours, peer = (best[name].model_copy(update={"seed": seed}) for name in ("ours", "peer"))
    yield START, ground.model(), 0.0
    model, wall = learned(ground, ours)
    yield OURS, model, wall
    yield EPOCHS_PEER, *learned(ground, peer, plain=True)
    _, spent = learned(ground, peer.model_copy(update={"epochs": 1}), plain=True)
    many = max(peer.epochs, round((wall + ground.clusters_s) / spent))
    yield f"{WALL_PEER}", *learned(ground, peer.model_copy(update={"epochs": many}), plain=True)
    if not ablate:
        return
    miner = with_miner(ground)
    for name, change in ARMS.items():
        yield name, *learned(ground, ours.model_copy(update=change), lesson=miner)
    yield MASKS, *learned(ground, ours, plain=True)
    for name, arm in ((CLICKS, "clicks"), (BOTH, "both")):
        other = lesson_of(ground.made, ground.lesson.subject, arm)
        once = ours.model_copy(update={"epochs": 1})
        yield name, *learned(ground, once, lesson=other, pairs=other.pairs(ground.model()))


def with_miner(ground: Ground) -> Lesson:
    """Negatives are mined by the towers that everybody starts from, as by a release that serves them."""
    encoder = StaticEncoder.open(ground.start)
    vectors = encode_items(ground.lesson.subject.corpus.texts, encoder)
    release = SimpleNamespace(items=ground.made.items.lazy())
    side = SimpleNamespace(features=None)
    miner: Any = SimpleNamespace(encoder=encoder, dense_index=ExactIndex(vectors), release=release, side=side)
    return replace(ground.lesson, current=lambda: miner)


@dataclass(frozen=True, eq=False)
class Truth:
    """Queries of the test part with all items that are truly what they mean."""

    queries: list[str]
    relevant: list[np.ndarray]
    """Positions among the living items."""
    items: TokenRows
    """Of the living items."""

    @classmethod
    def of(cls, ground: Ground) -> Truth:
        made, cut = ground.made, ground.lesson.evidence.split.at[1]
        asked = made.interactions.filter((pl.col("kind") == "search") & (pl.col("ts") >= cut))["query"].unique()
        log = made.log_queries.filter(pl.col("query").is_in(asked.implode()))
        chosen = log.sample(min(ground.n_queries, log.height), seed=1, shuffle=True)
        alive = np.flatnonzero((made.items["status"] == "active").to_numpy())
        place = {made.items["item_id"][int(row)]: i for i, row in enumerate(alive)}
        meant: dict[str, list[int]] = {}
        for query_id, item_id, grade in made.judgements(chosen).iter_rows():
            if grade == 2 and item_id in place:
                meant.setdefault(query_id, []).append(place[item_id])
        texts = {q: search(text) for q, text in chosen.select("query_id", "query").iter_rows() if q in meant}
        living = ground.pairs.items.take(alive)
        return cls(list(texts.values()), [np.array(meant[q]) for q in texts], living)

    def recall(self, model: SentenceTransformer) -> np.ndarray:
        items = encoded(model, "document", self.items)
        queries = encoded(model, "query", tokens_of(model, "query", self.queries))
        out = np.zeros(len(queries))
        for start in range(0, len(queries), 100):
            scores = queries[start : start + 100] @ items.T
            best = np.argpartition(-scores, K, axis=1)[:, :K]
            for i, rows in enumerate(best, start):
                out[i] = np.isin(rows, self.relevant[i]).sum() / len(self.relevant[i])
        return out


def table(results: list[Values]) -> None:
    n = [len(values[OURS]) for values in results]
    print(f"\nrecall@{K} of the truth, simulated, {len(results)} seeds, {min(n):,} to {max(n):,} queries each")
    print(f"{'':42}{'mean':>8}{'minus ours':>12}   95 % over seeds      seeds")
    for name in results[0]:
        have = [values for values in results if name in values]
        means = np.array([values[name].mean() for values in have])
        change = np.array([values[name].mean() - values[OURS].mean() for values in have])
        interval = student(change)
        own = " ".join(f"{c:+.4f}" for c in change)
        told = f"[{interval.low:+.4f}, {interval.high:+.4f}]" if name != OURS else ""
        print(f"{name:42}{means.mean():8.4f}{change.mean():+12.4f}   {told:20} {own}")
    for peer in (EPOCHS_PEER, WALL_PEER):
        gain = np.array([(values[OURS] - values[peer]).mean() for values in results])
        interval = student(gain)
        each = [bootstrap_mean(values[OURS] - values[peer], seed=0)[0] for values in results]
        lows = ", ".join(f"[{i.low:+.4f}, {i.high:+.4f}]" for i in each)
        print(f"\nours minus {peer}: {gain.mean():+.4f} [{interval.low:+.4f}, {interval.high:+.4f}]; each seed: {lows}")


if __name__ == "__main__":
    main()
