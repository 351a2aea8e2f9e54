"""The gate as a power curve: which candidates pass, by how many random pairs their extra training held.

    python -m bench.gate [--markets 20] [--sets 1] [--mode dense] [--pairs 20000] [--out FILE.json]

Each market is a simulated Korean one with its own seed. Its actors are split: the log of some is imported, trains a
converged base (no gain in whole-pool recall in 3 passes) and asks the gate's questions; the log of the others nobody
has seen: it gives the extra-training sets (independent samples), and queries for the truth. A set is `--pairs` of its
clicks and chats with 0, 10, 30 or 100 % of the items replaced by random ones; training goes on from the base with it.
The gate judges every candidate as it is served, by `wiring.gate` on the end of the imported log. The truth of a
candidate is its real change: true grades, from the market itself, for every query that the unseen actors asked.

A candidate truly gains when the target does and no cohort loses more than allowed; it is truly worse when some cohort
loses more than allowed. Both by their means over the queries of truth. `--worse` further sets of each market are all
random, so that the share of bad candidates that pass is known well. Kiwi is left out.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from semsearch import wiring
from semsearch.evaluation.attribution import attribute
from semsearch.evaluation.demand import BANDS, bands, n_searches
from semsearch.evaluation.evaluate import evaluate
from semsearch.evaluation.intervals import wilson
from semsearch.evaluation.qrels import Qrels
from semsearch.evaluation.queries import Queries
from semsearch.evaluation.questions import Questions
from semsearch.evaluation.runs import Run
from semsearch.ingest.importing import import_rows
from semsearch.retrieval.asked import answerable, answers, whole_contest
from semsearch.retrieval.search import Searcher
from semsearch.settings import LogSettings
from semsearch.simulate import Market, market
from semsearch.text.views import search
from semsearch.towers.batches import Pairs
from semsearch.towers.card import ModelCard, encoder_id
from semsearch.towers.features import Ragged
from semsearch.towers.loop import Plan, train
from semsearch.towers.model import towers_from
from semsearch.towers.negatives import Negatives
from semsearch.training.corpus import tokens_of
from semsearch.training.gate import judging as job
from semsearch.training.log.examples import examples
from semsearch.workspace import Workspace

_HELD_OUT, _ANSWERS = wiring.releasing._held_out, job.answers
LEVELS = (0.0, 0.1, 0.3, 1.0)
IMPORTED = 0.3
"""Share of the actors whose log is imported."""
PATIENCE = 3
SEEDS_A_MARKET = 1000


@dataclass(frozen=True)
class Row:
    """One candidate."""

    seed: int
    level: float
    outcome: str
    gate: dict[str, float]
    """Change of each cohort as the gate saw it."""
    low: dict[str, float]
    n: dict[str, int]
    """Questions of each cohort."""
    truth: dict[str, float]
    """Real change of each cohort."""
    allowed: dict[str, float]
    told: str
    seconds: float

    def gains(self, target: str) -> bool:
        """Whether it should pass: the target truly gains, no cohort truly loses more than allowed."""
        return self.truth[target] > 0 and not self.loses(target)

    def loses(self, target: str) -> bool:
        """Whether some cohort truly loses more than allowed."""
        return any(change < -self.allowed[name] for name, change in self.truth.items() if name != target) or (
            self.truth[target] < -self.allowed[target]
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--markets", type=int, default=20)
    parser.add_argument("--sets", type=int, default=1, help="extra-training sets of each market")
    parser.add_argument("--worse", type=int, default=3, help="further sets of each market, all random")
    parser.add_argument("--first", type=int, default=1, help="seed of the first market")
    parser.add_argument("--items", type=int, default=6_000)
    parser.add_argument("--searches", type=int, default=150_000)
    parser.add_argument("--pairs", type=int, default=20_000)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--rate", type=float, default=5e-3)
    parser.add_argument("--mode", default="dense", help="search.mode of both releases")
    parser.add_argument("--target", default="all")
    parser.add_argument("--levels", type=float, nargs="+", default=LEVELS, help="shares of random items")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--read", type=Path, nargs="+", help="only print what these --out files hold")
    options = parser.parse_args()
    if options.read:
        print(summary([Row(**row) for path in options.read for row in json.loads(path.read_text())], options.target))
        return
    wiring.building._segmenter = lambda _workspace: None  # Kiwi would take most of the time and is the same in both
    rows: list[Row] = []
    for seed in range(options.first, options.first + options.markets):
        with tempfile.TemporaryDirectory() as folder:
            for row in one_market(seed, Path(folder), options):
                rows.append(row)
                print(line(row), flush=True)
                if options.out:
                    options.out.write_text(json.dumps([asdict(r) for r in rows], ensure_ascii=False))
    print(summary(rows, options.target))


def one_market(seed: int, folder: Path, options: argparse.Namespace) -> Iterator[Row]:
    """All candidates of one market."""
    started = time.monotonic()
    made = market(options.items, seed=seed, n_searches=options.searches, per_kind=1)
    imported, unseen = split_actors(made.interactions, seed)
    workspace = prepared(folder, made, imported, options)
    base = train_base(workspace, made, seed)
    served = wiring.build(workspace, model_id=base.model_id, now=made.end)
    wiring.publish(workspace, served.release_id, now=made.end)
    extra = found(made, unseen, "both").select("key", "item_id")
    asked = truth_questions(made, unseen)
    truly = Truth(workspace, served.release_id, asked, made.end)
    before = truly.values(served.release_id, options.mode)
    spent = time.monotonic() - started
    print(
        f"# market {seed}: {made.items.height} items, {len(asked)} queries of truth, true nDCG@10 "
        f"{np.mean(list(before.values())):.3f}, {len(extra)} unseen pairs, {spent:.0f} s",
        flush=True,
    )
    once_a_market()
    for number in range(options.sets + options.worse):
        for level in options.levels if number < options.sets else [1.0]:
            started = time.monotonic()
            own = SEEDS_A_MARKET * seed + number
            model_id = train_extra(workspace, made, base, extra, level, seed=own, options=options)
            release = wiring.build(workspace, model_id=model_id, now=made.end)
            result = wiring.gate(workspace, release.release_id, target=options.target, now=made.end)
            after = truly.values(release.release_id, options.mode)
            truth, allowed = true_changes(before, after, asked, result.settings["allowed_loss"])
            yield Row(
                seed=own,
                level=level,
                outcome=result.outcome,
                gate={c.name: c.difference or 0.0 for c in result.cohorts},
                low={c.name: c.low or 0.0 for c in result.cohorts},
                n={c.name: c.n for c in result.cohorts},
                truth=truth,
                allowed=allowed,
                told=result.told,
                seconds=time.monotonic() - started,
            )
            shutil.rmtree(workspace.release_path(release.release_id))


def once_a_market() -> None:
    """The questions, and what the current release answers, are the same for all candidates: asked once, not each time.

    `wiring.gate` is otherwise as it is.
    """
    wiring.releasing._held_out = memo(_HELD_OUT, lambda *_, side: side)
    job.answers = memo(_ANSWERS, lambda searcher, *_, **__: searcher.release.manifest.release_id)


def memo(function: Callable[..., Any], key: Callable[..., Any]) -> Callable[..., Any]:
    kept: dict[Any, Any] = {}

    def call(*arguments: Any, **options: Any) -> Any:
        found = key(*arguments, **options)
        if found not in kept:
            kept[found] = function(*arguments, **options)
        return kept[found]

    return call


def split_actors(log: pl.DataFrame, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows of IMPORTED of the actors, and of all others."""
    actors = log["actor_id"].unique().sort()
    chosen = actors.sample(fraction=IMPORTED, seed=seed)
    mine = log["actor_id"].is_in(chosen.implode())
    return log.filter(mine), log.filter(~mine)


def prepared(folder: Path, made: Market, log: pl.DataFrame, options: argparse.Namespace) -> Workspace:
    workspace = Workspace.create(folder / "market")
    workspace.path("semsearch.toml").write_text(f"[search]\nmode = '{options.mode}'\n[log]\ntest = 0.4\n")
    for kind, frame in (("items", made.items), ("interactions", log)):
        frame.write_parquet(folder / f"{kind}.parquet")
        import_rows(workspace, kind, [folder / f"{kind}.parquet"], now=made.end)
    return workspace


def found(made: Market, log: pl.DataFrame, arm: str) -> pl.DataFrame:
    settings = LogSettings()
    return examples(attribute(log, settings.window_s).engagements, made.items, "query", arm, settings).frame


# --- training -------------------------------------------------------------------------------


def train_base(workspace: Workspace, made: Market, seed: int) -> ModelCard:
    """Towers of the catalogue, then of the imported log's chats, until whole-pool recall stops to gain."""
    settings = wiring.load_settings(workspace).override("train", seed=seed, dim=128, epochs=60, patience=PATIENCE)
    card = wiring.train(workspace, settings, now=made.end).card
    learned = card.metrics["behaviour"]
    print(
        f"# base: {learned['n_pairs']} chats, best of pass {learned['best_epoch']}, ended by {learned['ended_by']}: "
        f"validation {learned['metric']} {max(e['recall'] for e in learned['curve']):.3f}",
        flush=True,
    )
    return card


def train_extra(
    workspace: Workspace,
    made: Market,
    card: ModelCard,
    extra: pl.DataFrame,
    level: float,
    *,
    seed: int,
    options: argparse.Namespace,
) -> str:
    """The base after more training on a sample of `extra` whose items are random for a share of `level`."""
    rng = np.random.default_rng(seed)
    model = towers_from(str(workspace.model_path(card.model_id)), "static")
    texts = card.template.texts(made.items)
    sample = extra.sample(min(options.pairs, len(extra)), seed=seed, shuffle=True)
    wanted = np.array(sample["item_id"].to_list(), dtype=object)
    noisy = rng.random(len(wanted)) < level
    wanted[noisy] = rng.choice(np.array(made.items["item_id"].to_list(), dtype=object), int(noisy.sum()))
    items = tokens_of(model, "document", texts)
    pairs = pairs_of(model, items, made, sample["key"].to_list(), wanted.tolist(), texts)
    run_loop(model, pairs, epochs=options.epochs, rate=options.rate, seed=seed)
    return saved(workspace, model, card, card.metrics | {"level": level})


def pairs_of(model: Any, items: Any, made: Market, keys: list[str], wanted: list[str], texts: list[str]) -> Pairs:
    distinct = list(dict.fromkeys(keys))
    place = {key: i for i, key in enumerate(distinct)}
    row = {item_id: i for i, item_id in enumerate(made.items["item_id"].to_list())}
    queries = tokens_of(model, "query", distinct)
    query_rows, item_rows = np.array([place[k] for k in keys]), np.array([row[i] for i in wanted])
    kept = queries.lengths[query_rows] > 0
    _, clusters = np.unique(texts, return_inverse=True)
    known = Ragged.of(query_rows[kept], clusters[item_rows[kept]].astype(np.int64), len(distinct))
    weights = np.ones(int(kept.sum()), np.float32)
    return Pairs(queries, items, query_rows[kept], item_rows[kept], weights, clusters.astype(np.int64), known)


def run_loop(model: Any, pairs: Pairs, *, epochs: int, rate: float, seed: int) -> None:
    batch = min(512, len(pairs))
    plan = Plan(
        Plan.steps_of(epochs, len(pairs), batch), batch, rate, temperature=0.05, warmup=5, hide=0.0, seed=seed,
        threads=1, log_q=True,
    )  # fmt: skip
    pool = np.arange(len(pairs.items))
    negatives = Negatives(pool=pool, uniform=batch)
    train(model, pairs, negatives, plan, clock=time.monotonic, progress=lambda *_: None)


def saved(workspace: Workspace, model: Any, card: ModelCard, metrics: dict[str, Any]) -> str:
    draft = workspace.path("models", "draft")
    shutil.rmtree(draft, ignore_errors=True)
    model.save(str(draft), create_model_card=False)
    identity = encoder_id(draft, card.template, card.views_version)
    made = replace(card, model_id=f"static-{identity[:10]}", encoder_id=identity, metrics=metrics)
    made.write(draft)
    target = workspace.model_path(made.model_id)
    shutil.rmtree(target, ignore_errors=True)
    draft.rename(target)
    return made.model_id


# --- the truth ------------------------------------------------------------------------------


def truth_questions(made: Market, unseen: pl.DataFrame) -> Questions:
    """Every query of the unseen log with its true grades, asked at the end of the market."""
    demand = n_searches(unseen)
    asked = made.log_queries.with_columns(pl.Series("key", [search(q) for q in made.log_queries["query"]]))
    asked = asked.filter(pl.col("key").is_in(list(demand))).unique("key", keep="first", maintain_order=True)
    grades: dict[str, dict[str, float]] = {}
    for query_id, item_id, grade in made.judgements(asked).iter_rows():
        grades.setdefault(query_id, {})[item_id] = grade
    band = bands(demand)
    texts = {q: key for q, key in asked.select("query_id", "key").iter_rows() if q in grades}
    queries = Queries(texts, {"band": {q: band[key] for q, key in texts.items()}})
    return Questions(queries, Qrels(grades), {}, dict.fromkeys(texts, frozenset()))


class Truth:
    """Every query of the unseen log against all that is alive at the end of the market, by true grades."""

    def __init__(self, workspace: Workspace, release_id: str, asked: Questions, now: datetime) -> None:
        release = wiring.open_searcher(workspace, release=release_id).release
        self._workspace, self._now = workspace, now
        self._contest = whole_contest(release)
        self._wanted = answerable(asked, self._contest, now)
        self._asked = replace(asked, queries=asked.queries.of(self._wanted.grades), qrels=self._wanted)
        self._texts = [release.lexical.plan(text).dense_text for text in self._asked.queries.texts.values()]

    def values(self, release_id: str, mode: str) -> dict[str, float]:
        """nDCG@10 of each query; in dense mode by one product, which is what the exact engine answers."""
        searcher = wiring.open_searcher(self._workspace, release=release_id)
        run = self._dense(searcher) if mode == "dense" else answers(
            searcher, self._asked, self._contest, 10, now=self._now, name="truth"
        )  # fmt: skip
        done = evaluate(run, self._wanted, ["ndcg@10"])
        return dict(zip(done.query_ids, done.values["ndcg@10"].tolist(), strict=True))

    def _dense(self, searcher: Searcher) -> Run:
        vectors = searcher.release.vectors
        alive = np.flatnonzero(self._contest.alive(self._now, past=False))
        places = vectors.vector_of[alive]
        items = vectors.matrix[np.maximum(places, 0)]
        queries = searcher.encoder.encode_queries(self._texts)
        scores = np.where(places >= 0, queries @ items.T, -1.0)
        best = np.argsort(-scores, axis=1, kind="stable")[:, :10]
        ids = np.array(self._contest.item_ids, dtype=object)[alive]
        return Run.of(
            {
                query_id: list(zip(ids[rows].tolist(), line[rows].tolist(), strict=True))
                for query_id, rows, line in zip(self._asked.queries.texts, best, scores, strict=True)
            },
            "truth",
        )


def true_changes(
    before: dict[str, float], after: dict[str, float], asked: Questions, allowed: float
) -> tuple[dict[str, float], dict[str, float]]:
    """Mean change and allowed loss of each cohort."""
    labels = asked.queries.columns["band"]
    cohorts = {"all": list(before)} | {b: [q for q in before if labels[q] == b] for b in BANDS}
    change = {name: float(np.mean([after[q] - before[q] for q in ids])) for name, ids in cohorts.items()}
    return change, {name: allowed * float(np.mean([before[q] for q in ids])) for name, ids in cohorts.items()}


# --- what is printed ------------------------------------------------------------------------


def line(row: Row) -> str:
    seen = " ".join(f"{n} {row.gate[n]:+.4f}>{row.low[n]:+.4f}" for n in row.gate)
    true = " ".join(f"{n} {v:+.4f}" for n, v in row.truth.items())
    return f"seed {row.seed} random {row.level:4.0%} {row.outcome:9} | gate {seen} | truth {true} | {row.seconds:.0f} s"


def summary(rows: list[Row], target: str) -> str:
    """Shares passed: of all sets, and of the first of each market, which share neither market nor questions."""
    firsts = [r for r in rows if r.seed % SEEDS_A_MARKET == 0]
    parts = [f"{len({r.seed for r in rows})} sets of {len({r.seed // SEEDS_A_MARKET for r in rows})} markets", ""]
    parts += [
        "| candidates | n | passed | 95 % | first set of each market | passed | 95 % |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, chosen in groups(rows, target).items():
        cells = [cell for part in (rows, firsts) for cell in shares([r for r in part if chosen(r)])]
        parts.append(f"| {name} | {' | '.join(cells)} |")
    changes = {level: [r.truth[target] for r in rows if r.level == level] for level in sorted({r.level for r in rows})}
    means = ", ".join(f"{level:.0%} {np.mean(values):+.4f}" for level, values in changes.items())
    return "\n".join([*parts, "", f"Mean true change of nDCG@10 ({target}) by share of random pairs: {means}"])


def groups(rows: list[Row], target: str) -> dict[str, Callable[[Row], bool]]:
    """Name → whether a candidate belongs to it."""
    levels = sorted({r.level for r in rows})
    found: dict[str, Callable[[Row], bool]] = {f"{v:.0%} random": lambda r, v=v: r.level == v for v in levels}
    found["0% random, truly gaining"] = lambda r: r.level == 0 and r.gains(target)
    found["any, truly gaining"] = lambda r: r.gains(target)
    found["truly worse than allowed"] = lambda r: r.loses(target)
    return found


def shares(members: list[Row]) -> tuple[str, str, str]:
    n = sum(r.outcome == "passed" for r in members)
    ends = wilson(n, len(members))
    return str(len(members)), str(n), f"{ends.low:.0%} to {ends.high:.0%}"


if __name__ == "__main__":
    main()
