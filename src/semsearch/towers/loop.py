"""The training loop: pre-tokenised pairs through the towers, a softmax over sampled candidates, Adam.

Lean on purpose: the modules are sentence-transformers', but texts are tokenised once, before the first step. Pairs and
negatives arrive as data, so that whoever makes them (the catalogue, a log) needs no loop of their own; whole-pool
evaluation arrives as a callback.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from semsearch.errors import UsageError
from semsearch.towers.batches import Pairs, n_batches, shuffled
from semsearch.towers.checkpoint import Checkpoint
from semsearch.towers.features import TokenRows, joined
from semsearch.towers.learners import learner
from semsearch.towers.losses import Candidates, SampledSoftmax
from semsearch.towers.negatives import Columns, Negatives, Sampler, log_probabilities

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor

Progress = Callable[[int, int], None]
"""Called with (steps done, steps planned)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how to train."""

    steps: int
    """In all; `Plan.steps_of` turns passes over the pairs into steps."""
    batch: int
    """Pairs a step."""
    learning_rate: float
    temperature: float
    """What cosines are divided by."""
    warmup: int = 0
    """Steps of linear rise; then the rate falls linearly to 0 at `steps`."""
    hide: float = 0.0
    """Share of pairs whose item loses the tokens that the query has, so that the rest must answer for it."""
    seconds: float = float("inf")
    """Stops after this much training even when steps are left; time before a resumption counts."""
    seed: int = 0
    threads: int = 0
    """Threads of torch; 0 leaves it to torch."""
    log_q: bool = False
    """Subtract the log of the probability that an item is drawn."""
    correct_positive: bool = True
    """Also from the row's own item."""
    matryoshka: tuple[int, ...] = ()
    """Shorter lengths that are trained beside the whole vector."""

    @staticmethod
    def steps_of(epochs: int, n_pairs: int, batch: int) -> int:
        """Steps of `epochs` passes over the pairs."""
        return epochs * n_batches(n_pairs, batch)


@dataclass(frozen=True, slots=True)
class EpochFacts:
    """One pass over the pairs, or what was done of the last one."""

    epoch: int
    """From 1."""
    n_steps: int
    """Steps of the whole run up to here."""
    loss: float
    """Mean of its steps."""
    accuracy: float
    """Share of pairs whose own item scored above all other candidates."""
    seconds: float
    """Training up to here, callbacks left out."""


@dataclass(frozen=True, slots=True)
class Trained:
    """What the loop did."""

    n_steps: int
    n_pairs: int
    """Pairs seen, repetitions counted."""
    seconds: float
    """Training alone: neither `on_epoch` nor checkpoints."""
    ended_by: str
    """steps, seconds or stopped (`on_epoch` said so)."""
    losses: tuple[float, ...]
    """One a step."""
    epochs: tuple[EpochFacts, ...]
    resumed_at: int = 0
    """Steps that an earlier, killed run had done."""
    not_resumed: str = ""
    """Why the checkpoint was not used: no checkpoint, another run, damaged; '' when it was, or none was given."""


class Guide(Protocol):
    """What a batch is shown beside its pairs, such as a teacher's view (`towers.distil`)."""

    def __call__(
        self, query_rows: NDArray[np.int64], item_rows: NDArray[np.int64], queries: Tensor, items: Tensor
    ) -> Tensor:
        """A loss to add: rows of the batch's query sides and items, [B], and their vectors, [B, dim], of length 1."""
        ...


OnEpoch = Callable[[int, "SentenceTransformer", EpochFacts], bool]
"""Called after every pass with its number (from 1), the towers (in evaluation mode) and its facts; True ends the
training. Called after the last step, too, wherever in a pass that falls."""


def train(
    model: SentenceTransformer,
    pairs: Pairs,
    negatives: Negatives,
    plan: Plan,
    *,
    clock: Callable[[], float],
    progress: Progress,
    on_epoch: OnEpoch | None = None,
    checkpoint: Checkpoint | None = None,
    guide: Guide | None = None,
) -> Trained:
    """Train `model` in place.

    Repeats exactly for equal inputs and one thread, unless `seconds` ended it; a run that was killed and resumed
    from its checkpoint equals an unbroken one. Raises UsageError without pairs or for a length that the
    vectors do not have, SemsearchError when a checkpoint cannot be written.
    """
    if not len(pairs):
        raise UsageError("There is no pair to train on.", "Next: semsearch import interactions FILE")
    dim = int(model.get_embedding_dimension() or 0)
    if any(not 0 < length < dim for length in plan.matryoshka):
        raise UsageError(
            f"Matryoshka lengths {list(plan.matryoshka)} do not all lie below the vectors' {dim}.",
            f"Next: give lengths from 1 to {dim - 1}",
        )
    with _computing(plan.threads):
        try:
            return _Run(model, pairs, negatives, plan, guide=guide, clock=clock, progress=progress).run(
                on_epoch, checkpoint
            )
        finally:
            model.eval()


@contextmanager
def _computing(threads: int) -> Iterator[None]:
    """`threads` of torch, and its faster library for products of matrices, which needs to be allowed bf16.

    oneDNN makes them twice as fast as the default on AMD's processors, and in float32 there (errors of 2e-7); a
    processor with matrix units for bf16 may round the factors, as mixed-precision training does.
    """
    import torch

    before, matmul = torch.get_num_threads(), torch.backends.mkldnn.matmul
    precision = matmul.fp32_precision
    torch.set_num_threads(threads or before)
    matmul.fp32_precision = "bf16"
    try:
        yield
    finally:
        torch.set_num_threads(before)
        matmul.fp32_precision = precision


@dataclass
class _State:
    """How far a run is."""

    epoch: int = 0
    seconds: float = 0.0
    n_pairs: int = 0
    losses: list[float] = field(default_factory=list)
    epochs: list[EpochFacts] = field(default_factory=list)


class _Run:
    """One training: what stays the same over its steps, and how far it is."""

    def __init__(
        self,
        model: SentenceTransformer,
        pairs: Pairs,
        negatives: Negatives,
        plan: Plan,
        *,
        guide: Guide | None,
        clock: Callable[[], float],
        progress: Progress,
    ) -> None:
        self._model, self._pairs, self._plan, self._guide = model, pairs, plan, guide
        self._clock, self._progress = clock, progress
        self._sampler = Sampler(pairs, negatives)
        self._log_q = log_probabilities(pairs, negatives, min(plan.batch, len(pairs))) if plan.log_q else None
        self._loss = SampledSoftmax(plan.temperature, plan.correct_positive, plan.matryoshka)
        self._learner = learner(model)
        self._state = _State()

    def run(self, on_epoch: OnEpoch | None, checkpoint: Checkpoint | None) -> Trained:
        not_resumed = self._resume(checkpoint) if checkpoint else ""
        state, resumed_at = self._state, len(self._state.losses)
        written = state.seconds
        ended_by = ""
        while not ended_by:
            ended_by = self._epoch()
            facts = state.epochs[-1]
            self._model.eval()
            if on_epoch and on_epoch(facts.epoch, self._model, facts):
                ended_by = ended_by or "stopped"
            if checkpoint and not ended_by and state.seconds - written >= checkpoint.every_s:
                checkpoint.write(self._dump())
                written = state.seconds
        return Trained(
            len(state.losses),
            state.n_pairs,
            state.seconds,
            ended_by,
            tuple(state.losses),
            tuple(state.epochs),
            resumed_at,
            not_resumed,
        )

    def _epoch(self) -> str:
        """One pass over the pairs; why the training ended in it, or ''."""
        import torch

        state, plan = self._state, self._plan
        rng = np.random.default_rng([plan.seed, state.epoch])
        torch.manual_seed(int(rng.integers(2**62)))
        start, before = self._clock(), state.seconds
        first, n_right, n_pairs, ended_by = len(state.losses), 0, 0, ""
        self._model.train()
        for numbers in shuffled(len(self._pairs), plan.batch, rng):
            n_right += self._step(numbers, rng)
            n_pairs += len(numbers)
            state.seconds = before + self._clock() - start
            self._progress(len(state.losses), plan.steps)
            ended_by = self._ended()
            if ended_by:
                break
        self._learner.settle()
        state.epoch += 1
        state.n_pairs += n_pairs
        loss = float(np.mean(state.losses[first:]))
        state.epochs.append(EpochFacts(state.epoch, len(state.losses), loss, n_right / n_pairs, state.seconds))
        return ended_by

    def _ended(self) -> str:
        if len(self._state.losses) >= self._plan.steps:
            return "steps"
        return "seconds" if self._state.seconds > self._plan.seconds else ""

    def _step(self, numbers: NDArray[np.int64], rng: np.random.Generator) -> int:
        """One batch; the number of its pairs that were right."""
        import torch

        columns = self._sampler.draw(numbers, rng)
        queries, candidates = self._embed(numbers, columns, rng)
        weights = torch.from_numpy(self._pairs.weights[numbers])
        loss, n_right = self._loss(queries, candidates, weights)
        if self._guide:
            own, asked = self._pairs.item_rows[numbers], self._pairs.query_rows[numbers]
            loss = loss + self._guide(asked, own, queries, candidates.shared[: len(own)])
        loss.backward()
        self._learner.update(_rate(len(self._state.losses), self._plan))
        self._state.losses.append(loss.item())
        return n_right

    def _embed(
        self, numbers: NDArray[np.int64], columns: Columns, rng: np.random.Generator
    ) -> tuple[Tensor, Candidates]:
        """Vectors of the batch's queries and of all its candidates."""
        import torch

        pairs = self._pairs
        queries = pairs.queries.take(pairs.query_rows[numbers])
        own = pairs.item_rows[numbers]
        hard, places = np.unique(columns.hard, return_inverse=True)
        # −1 (no item) sorts first, so that places shift by one where it occurs.
        absent = int(len(hard) > 0 and hard[0] < 0)
        hard, places = hard[absent:], places.reshape(columns.hard.shape) - absent
        others = np.concatenate([columns.uniform, hard])
        items = _hide(pairs.items.take(own), queries, rng.random(len(numbers)) < self._plan.hide)
        asked, found = self._learner.embed(queries, joined(items, pairs.items.take(others)))
        n = len(own) + len(columns.uniform)
        log_q = None if self._log_q is None else torch.from_numpy(self._log_q[np.concatenate([own, others])])
        rows, cells = columns.masked
        return asked, Candidates(
            found[:n],
            masked=(torch.from_numpy(rows), torch.from_numpy(cells)) if len(rows) else None,
            log_q=None if log_q is None else log_q[:n],
            hard=found[n:] if len(hard) else None,
            places=torch.from_numpy(places) if len(hard) else None,
            hard_log_q=torch.from_numpy(columns.hard_log_q) if log_q is not None and len(hard) else None,
        )

    def _dump(self) -> dict[str, Any]:
        return {"run": asdict(self._state), "learner": self._learner.state()}

    def _resume(self, checkpoint: Checkpoint) -> str:
        held, why = checkpoint.read()
        if held is None:
            return why
        self._learner.restore(held["learner"])
        epochs = [EpochFacts(**facts) for facts in held["run"].pop("epochs")]
        self._state = _State(**held["run"], epochs=epochs)
        return ""


def _rate(step: int, plan: Plan) -> float:
    rise = min(1.0, (step + 1) / max(plan.warmup, 1))
    return plan.learning_rate * rise * max(0.0, 1 - step / plan.steps)


def _hide(items: TokenRows, queries: TokenRows, chosen: NDArray[np.bool_]) -> TokenRows:
    """Items without their query's tokens where `chosen`; an item that would be left empty stays whole."""
    if not chosen.any():  # long query sides, such as an actor's history, would be sorted for nothing
        return items
    row = np.repeat(np.arange(len(items)), items.lengths)
    width = int(max(items.ids.max(initial=0), queries.ids.max(initial=0))) + 1
    asked = np.repeat(np.arange(len(queries)), queries.lengths) * width + queries.ids
    keep = ~(chosen[row] & np.isin(row * width + items.ids, asked))
    empty = np.bincount(row[keep], minlength=len(items)) == 0
    return items.where(keep | empty[row])
