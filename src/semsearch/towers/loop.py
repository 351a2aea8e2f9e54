"""The training loop: pre-tokenised pairs through the towers, in-batch softmax, Adam.

Lean on purpose: modules and loss are sentence-transformers', but texts are tokenised once, before the first
step. Pairs arrive as data, so that whoever makes them (the catalogue, a log) needs no loop of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from semsearch.towers.batches import epoch
from semsearch.towers.features import TokenRows

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor

Progress = Callable[[int, int], None]
"""Called with (steps done, steps planned)."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Positive pairs of a query and an item, as tokens."""

    queries: TokenRows
    """One row a pair."""
    items: TokenRows
    """One row an item."""
    item_rows: NDArray[np.int64]
    """Row in `items` of each pair, [n_pairs]."""
    groups: NDArray[np.int64]
    """Duplicate group of each item, [n_items]; no batch holds one twice."""

    def __len__(self) -> int:
        return len(self.item_rows)


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how fast to train."""

    steps: int
    batch: int
    learning_rate: float
    scale: float
    """1 / temperature."""
    warmup: int
    """Steps of linear rise; then the rate falls linearly to 0 at `steps`."""
    hide: float
    """Share of pairs whose item loses the tokens that the query has, so that the rest must answer for it."""
    seconds: float
    """Stops here even when steps are left."""
    seed: int
    threads: int = 0
    """Threads of torch; 0 leaves it to torch."""


@dataclass(frozen=True, slots=True)
class Trained:
    """What the loop did."""

    n_steps: int
    n_pairs: int
    seconds: float
    ended_by: str
    """steps or seconds."""
    losses: tuple[float, ...]
    """One a step."""


def train(
    model: SentenceTransformer, pairs: Pairs, plan: Plan, *, clock: Callable[[], float], progress: Progress
) -> Trained:
    """Train `model` in place. Repeats exactly for equal inputs and threads, unless `seconds` ended it.

    Loss: in-batch softmax over cosines (InfoNCE, van den Oord et al. 2018),
    sentence-transformers' MultipleNegativesRankingLoss.
    """
    import torch
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

    torch.manual_seed(plan.seed)
    threads = torch.get_num_threads()
    torch.set_num_threads(plan.threads or threads)
    loss_of = MultipleNegativesRankingLoss(model, scale=plan.scale)
    optimizer = torch.optim.Adam(model.parameters(), lr=plan.learning_rate, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, plan))
    rng = np.random.default_rng(plan.seed)
    start, losses, seen = clock(), [], 0
    model.train()
    for numbers in _batches(pairs, plan.batch, rng):
        queries = pairs.queries.take(numbers)
        items = _hide(pairs.items.take(pairs.item_rows[numbers]), queries, rng.random(len(numbers)) < plan.hide)
        loss = loss_of.compute_loss_from_embeddings(_embed(model, queries, items), labels=None)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
        seen += len(numbers)
        progress(len(losses), plan.steps)
        if len(losses) == plan.steps or clock() - start > plan.seconds:
            break
    model.eval()
    torch.set_num_threads(threads)
    ended_by = "steps" if len(losses) == plan.steps else "seconds"
    return Trained(len(losses), seen, clock() - start, ended_by, tuple(losses))


def _rate(step: int, plan: Plan) -> float:
    return min(1.0, (step + 1) / max(plan.warmup, 1)) * max(0.0, 1 - step / plan.steps)


def _batches(pairs: Pairs, size: int, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    while True:
        yield from epoch(pairs.groups[pairs.item_rows], size, rng)


def _hide(items: TokenRows, queries: TokenRows, chosen: NDArray[np.bool_]) -> TokenRows:
    """Items without their query's tokens where `chosen`; an item that would be left empty stays whole."""
    row = np.repeat(np.arange(len(items)), items.lengths)
    width = int(max(items.ids.max(initial=0), queries.ids.max(initial=0))) + 1
    asked = np.repeat(np.arange(len(queries)), queries.lengths) * width + queries.ids
    keep = ~(chosen[row] & np.isin(row * width + items.ids, asked))
    empty = np.bincount(row[keep], minlength=len(items)) == 0
    return items.where(keep | empty[row])


def _embed(model: SentenceTransformer, queries: TokenRows, items: TokenRows) -> list[Tensor]:
    sides = (("query", queries), ("document", items))
    return [model(features(model, side, rows), task=side)["sentence_embedding"] for side, rows in sides]


def features(model: SentenceTransformer, side: str, rows: TokenRows) -> dict[str, Tensor]:
    """Rows in the form that the route's first module reads: flat with offsets, or padded with a mask."""
    import torch

    ids = torch.from_numpy(rows.ids.astype(np.int64))
    if hasattr(model[0].sub_modules[side][0], "embedding"):
        return {"input_ids": ids, "offsets": torch.from_numpy(rows.starts[:-1])}
    sequences = torch.split(ids, rows.lengths.tolist())
    ones = [torch.ones_like(sequence) for sequence in sequences]
    pad = torch.nn.utils.rnn.pad_sequence
    padding = int(getattr(model[0].sub_modules[side][0].tokenizer, "pad_token_id", None) or 0)
    return {
        "input_ids": pad(sequences, batch_first=True, padding_value=padding),
        "attention_mask": pad(ones, batch_first=True),
    }
