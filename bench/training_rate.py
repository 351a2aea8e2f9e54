"""Training rate of static towers: our loop beside a bare PyTorch loop (issue 3, target 2), simulated market.

    python -m bench.training_rate [--items N] [--steps N] [--rounds N] [--batch N] [--uniform N] [--dim N]

The bare loop is written here: pre-tokenised ids, `nn.EmbeddingBag`, torch's fused Adam, and the same loss with the same
logQ, masks, pair weights and uniform negatives, in plain torch and NumPy. Both run on one thread from equal towers,
alternating; figures are medians over rounds. Tokenising is counted apart. sentence-transformers' own trainer with its
MultipleNegativesRankingLoss stands beside for orientation: it tokenises as it goes and has no logQ, masks, weights
or uniform negatives.
"""

from __future__ import annotations

import argparse
import contextlib
import cProfile
import io
import logging
import os
import pstats
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from semsearch.simulate.assemble import market
from semsearch.text.views import search
from semsearch.towers.batches import Pairs
from semsearch.towers.features import Ragged, TokenRows, tokenise
from semsearch.towers.loop import Plan, train
from semsearch.towers.model import static_towers
from semsearch.towers.negatives import Negatives
from semsearch.towers.template import ItemTemplate
from semsearch.towers.tokenizer import train_tokenizer

TEMPERATURE, RATE = 0.05, 0.02
TARGET = 0.9
Seconds = tuple[float, float]
"""Of the processor and of the wall."""


def now() -> np.ndarray:
    return np.array([time.process_time(), time.perf_counter()])


@dataclass(frozen=True)
class Task:
    """One training set, as texts and as tokens."""

    queries: list[str]
    items: list[str]
    pairs: Pairs
    pool: np.ndarray
    tokenizer: Any
    counts: np.ndarray

    def towers(self, dim: int) -> Any:
        return static_towers(self.tokenizer, dim, self.counts, seed=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument("--uniform", type=int, default=1024)
    parser.add_argument("--dim", type=int, default=512)
    options = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    print(f"# {os.cpu_count()} cores, 1 thread, load {os.getloadavg()[0]:.2f} at the start, torch {torch.__version__}")
    task = made(options.items)
    loops: dict[str, Callable[[int], Seconds]] = {
        "our loop": lambda steps: ours(task, options, steps),
        "bare PyTorch loop": lambda steps: bare(task, options, steps),
        "bare, oneDNN products": lambda steps: bare(task, options, steps, one_dnn=True),
        "sentence-transformers": lambda steps: theirs(task, options, steps),
    }
    rounds: dict[str, list[Seconds]] = {name: [] for name in loops}
    for number in range(options.rounds + 1):
        for name, run in loops.items():
            seconds = run(options.steps if number else 2)
            if number:  # the first round warms up
                rounds[name].append(seconds)
    table(rounds, options)
    shares(task, options)
    print(f"# load {os.getloadavg()[0]:.2f} at the end")


def made(n_items: int) -> Task:
    """Clicks of a simulated market as pairs, with every clicked item of a query as known."""
    made_market = market(n_items, seed=0, n_searches=5 * n_items)
    items = made_market.items
    clicks = made_market.interactions.filter((pl.col("kind") == "click") & pl.col("query").is_not_null())
    texts = ItemTemplate().texts(items)
    asked = [search(text) for text in clicks["query"].to_list()]
    queries, query_rows = np.unique(asked, return_inverse=True)
    rows = {item_id: row for row, item_id in enumerate(items["item_id"].to_list())}
    item_rows = np.array([rows[item_id] for item_id in clicks["item_id"].to_list()], np.int64)
    tokenizer = train_tokenizer(texts, 50_000)
    start = time.perf_counter()
    query_tokens, item_tokens = tokenise(tokenizer, queries.tolist()), tokenise(tokenizer, texts)
    took = time.perf_counter() - start
    n_texts = len(queries) + len(texts)
    print(
        f"# simulated: {len(texts):,} items of {item_tokens.lengths.mean():.0f} tokens, {len(item_rows):,} pairs, "
        f"{len(queries):,} queries, {tokenizer.get_vocab_size():,} tokens; "
        f"tokenising (once, before) {took:.1f} s, {n_texts / took:,.0f} texts/s"
    )
    weights = np.random.default_rng(0).choice([0.1, 0.5, 1.0], len(item_rows)).astype(np.float32)
    clusters = np.unique(texts, return_inverse=True)[1].astype(np.int64)
    known = Ragged.of(query_rows.astype(np.int64), clusters[item_rows], len(queries))
    pairs = Pairs(query_tokens, item_tokens, query_rows.astype(np.int64), item_rows, weights, clusters, known)
    counts = np.bincount(item_tokens.ids, minlength=tokenizer.get_vocab_size())
    return Task(queries.tolist(), texts, pairs, np.arange(len(texts)), tokenizer, counts)


def ours(task: Task, options: argparse.Namespace, steps: int) -> Seconds:
    """Seconds of the steps of our loop."""
    plan = Plan(steps, options.batch, RATE, TEMPERATURE, threads=1, log_q=True)
    negatives = Negatives(task.pool, options.uniform)
    model = task.towers(options.dim)
    start = now()
    train(model, task.pairs, negatives, plan, clock=time.perf_counter, progress=lambda *_: None)
    return tuple(now() - start)


def bare(task: Task, options: argparse.Namespace, steps: int, one_dnn: bool = False) -> Seconds:
    """Seconds of the steps of a loop without a library: what anybody would write first, and not wastefully."""
    import torch

    pairs, rng = task.pairs, np.random.default_rng(0)
    weight = task.towers(options.dim)[0].sub_modules["query"][0].embedding.weight.detach()
    bag = torch.nn.EmbeddingBag.from_pretrained(weight, freeze=False, mode="mean")
    adam = torch.optim.Adam(bag.parameters(), lr=RATE, fused=True)
    n = len(pairs.items)
    wanted, q = np.bincount(pairs.item_rows, minlength=n) / len(pairs), options.batch + options.uniform
    mixture = (options.batch * wanted + options.uniform / n) / q
    log_q = torch.from_numpy(np.log(mixture).astype(np.float32))
    torch.backends.mkldnn.matmul.fp32_precision = "bf16" if one_dnn else "none"
    order = rng.permutation(len(pairs))
    start = now()
    for step in range(steps):
        at = step * options.batch % (len(order) - options.batch)
        numbers = order[at : at + options.batch]
        columns = np.concatenate([pairs.item_rows[numbers], rng.integers(n, size=options.uniform)])
        asked = vectors(bag, pairs.queries.take(pairs.query_rows[numbers]))
        found = vectors(bag, pairs.items.take(columns))
        loss = bare_loss(asked, found, pairs, numbers, columns, log_q)
        adam.zero_grad()
        loss.backward()
        adam.step()
        loss.item()
    took = now() - start
    torch.backends.mkldnn.matmul.fp32_precision = "none"
    return tuple(took)


def vectors(bag: Any, rows: TokenRows) -> Any:
    import torch

    ids, starts = torch.from_numpy(rows.ids.astype(np.int64)), torch.from_numpy(rows.starts[:-1])
    return torch.nn.functional.normalize(bag(ids, starts), dim=1)


def bare_loss(asked: Any, found: Any, pairs: Pairs, numbers: np.ndarray, columns: np.ndarray, log_q: Any) -> Any:
    import torch

    logits = asked @ found.T / TEMPERATURE - log_q[torch.from_numpy(columns)]
    logits = logits.masked_fill(torch.from_numpy(bare_mask(pairs, numbers, columns)), -torch.inf)
    losses = torch.nn.functional.cross_entropy(logits, torch.arange(len(numbers)), reduction="none")
    weights = torch.from_numpy(pairs.weights[numbers])
    return (losses * weights).sum() / weights.sum()


def bare_mask(pairs: Pairs, numbers: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Row by row with one boolean over the clusters."""
    assert pairs.known is not None
    clusters = pairs.clusters[columns]
    mask = np.empty((len(numbers), len(columns)), np.bool_)
    hit = np.zeros(int(pairs.clusters.max()) + 1, np.bool_)
    starts, values = pairs.known.starts, pairs.known.values
    for row, query in enumerate(pairs.query_rows[numbers]):
        some = values[starts[query] : starts[query + 1]]
        hit[some] = hit[clusters[row]] = True
        mask[row] = hit[clusters]
        hit[some] = hit[clusters[row]] = False
    np.fill_diagonal(mask, False)
    return mask


def theirs(task: Task, options: argparse.Namespace, steps: int) -> Seconds:
    """Seconds of `trainer.train()`: batches without repeated texts are not asked for, which would cost more."""
    from datasets import Dataset
    from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

    logging.disable(logging.WARNING)
    chosen = np.random.default_rng(0).permutation(len(task.pairs))[: steps * options.batch]
    texts = {
        "anchor": [task.queries[row] for row in task.pairs.query_rows[chosen]],
        "positive": [task.items[row] for row in task.pairs.item_rows[chosen]],
    }
    model = task.towers(options.dim)
    with tempfile.TemporaryDirectory() as folder:
        arguments = SentenceTransformerTrainingArguments(
            output_dir=folder,
            max_steps=steps,
            per_device_train_batch_size=options.batch,
            learning_rate=RATE,
            router_mapping={"anchor": "query", "positive": "document"},
            use_cpu=True,
            report_to=[],
            save_strategy="no",
            logging_strategy="no",
            disable_tqdm=True,
        )
        loss = MultipleNegativesRankingLoss(model, scale=1 / TEMPERATURE)
        trainer = SentenceTransformerTrainer(model, arguments, train_dataset=Dataset.from_dict(texts), loss=loss)
        start = now()
        with contextlib.redirect_stdout(io.StringIO()):
            trainer.train()
        return tuple(now() - start)


def table(rounds: dict[str, list[Seconds]], options: argparse.Namespace) -> None:
    print(
        f"\npairs a second of one processor (of the wall, which others share), medians of {options.rounds} rounds of "
        f"{options.steps} steps;\nbatch {options.batch}, {options.uniform} uniform negatives, dim {options.dim}"
    )
    rates = {name: options.steps * options.batch / np.array(seconds) for name, seconds in rounds.items()}
    for name, held in rates.items():
        (processor, wall), ratio = np.median(held, axis=0), np.median(rates["our loop"][:, 0] / held[:, 0])
        shown = ", ".join(f"{rate:,.0f}" for rate in held[:, 0])
        print(f"  {name:<22}{processor:>8,.0f} ({wall:>7,.0f})   ours / this {ratio:5.2f}   rounds {shown}")
    print(f"  target: our loop / bare PyTorch loop at least {TARGET}")


def shares(task: Task, options: argparse.Namespace) -> None:
    """What limits our rate: shares of the steps' time under the profiler."""
    profiler = cProfile.Profile(time.process_time)
    profiler.runcall(ours, task, options, options.steps)
    held = pstats.Stats(profiler).stats  # type: ignore[attr-defined]

    def spent(file: str, *names: str) -> float:
        return sum(times[3] for (path, _, name), times in held.items() if path.endswith(file) and name in names)

    total, backward = spent("loop.py", "train"), spent("losses.py", "backward")
    behind = spent("learners.py", "_caught_up")
    through = sum(times[3] for (_, _, name), times in held.items() if "'run_backward'" in name) - backward
    parts = {
        "cosines, softmax and their gradient": spent("losses.py", "__call__") + backward,
        "token vectors summed, and the gradient spread": spent("learners.py", "vectors", "gradient") - behind + through,
        "token vectors and moments read, moved, written": behind
        + spent("learners.py", "update") / 2
        - spent("learners.py", "gradient"),
        "negatives drawn and masked": spent("negatives.py", "draw"),
        "tokens of the batch gathered": spent("loop.py", "_embed") - spent("learners.py", "embed"),
    }
    print("\nwhat limits our rate: shares of the processor's time, profiled")
    for name, seconds in [*parts.items(), ("the rest", total - sum(parts.values()))]:
        print(f"  {name:<48}{seconds / total:>6.0%}{1000 * seconds / options.steps:>9.1f} ms a step")


if __name__ == "__main__":
    main()
