"""What a user→item model has to beat on shop transactions: popularity, co-occurrence, and implicit's ALS and BPR.

Every rival reads the same purchases before a moment and scores every item for every asking customer. Each has a space
of settings that `bench.retail --tune` draws from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

Settings = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Purchases:
    """Lines of invoices before a moment, as numbers."""

    customers: np.ndarray
    """[n]"""
    baskets: np.ndarray
    """[n]"""
    items: np.ndarray
    """[n]"""
    age_days: np.ndarray
    """[n], before the moment."""
    n_customers: int
    n_items: int
    asking: np.ndarray
    """Customers that are asked about, [q]."""

    def matrix(self, half_life: float | None, by: str = "customer", repeats: bool = False) -> sp.csr_matrix:
        """Customers or baskets × items: the decayed weight of the last purchase, or with `repeats` log(1 + sum)."""
        rows = self.customers if by == "customer" else self.baskets
        weights = np.ones(len(rows)) if half_life is None else 0.5 ** (self.age_days / half_life)
        order = np.lexsort((weights, self.items, rows))
        cells = rows[order].astype(np.int64) * self.n_items + self.items[order]
        first = np.flatnonzero(np.r_[True, cells[1:] != cells[:-1]])
        values = (
            np.log1p(np.add.reduceat(weights[order], first)) if repeats else weights[order][np.r_[first[1:], 0] - 1]
        )
        shape = (int(rows.max()) + 1, self.n_items)
        return sp.csr_matrix((values, (cells[first] // self.n_items, cells[first] % self.n_items)), shape=shape)


def popularity(known: Purchases, settings: Settings, _seed: int) -> np.ndarray:
    """Customers who bought an item in the last days, or all customers, those of long ago counting less."""
    days, half_life = settings["days"], settings["half_life"]
    recent = known.age_days <= (days or np.inf)
    cells = known.customers[recent].astype(np.int64) * known.n_items + known.items[recent]
    weights = np.zeros(len(cells)) + 1 if half_life is None else 0.5 ** (known.age_days[recent] / half_life)
    order = np.lexsort((-weights, cells))
    last = order[np.unique(cells[order], return_index=True)[1]]
    counts = np.bincount(known.items[recent][last], weights[last], minlength=known.n_items)
    return np.broadcast_to(counts, (len(known.asking), known.n_items))


def co_occurrence(known: Purchases, settings: Settings, _seed: int) -> np.ndarray:
    """Sum over a customer's items of how often the two were bought together, against how often each was bought at all.

    s(i → j) = c_ij / ((c_ii + shrink)^from · (c_jj + shrink)^to), the `nearest` j of each i; with exponents of a half
    that is the cosine, with 1 and 0 the conditional probability, with 1 and 1 lift. What was bought together long ago
    counts less (`half_life`), and so do a customer's old purchases (`half_life_own`) and long baskets (`long`).
    Source: Sarwar et al. 2001; Deshpande and Karypis 2004, 'Item-based top-N recommendation algorithms'.
    """
    held = known.matrix(settings["half_life"], settings["by"], settings["repeats"])
    lengths = np.maximum(held.getnnz(axis=1), 1)
    held = sp.diags(lengths ** -float(settings["long"])) @ held
    together = (held.T @ held).toarray()
    each = np.maximum(together.diagonal().copy(), 1e-9)
    np.fill_diagonal(together, 0)
    shrunk = each + settings["shrink"]
    together /= shrunk[:, None] ** settings["from"] * shrunk[None, :] ** settings["to"]
    nearest = settings["nearest"]
    if nearest < known.n_items:
        least = -np.partition(-together, nearest, axis=1)[:, nearest - 1 : nearest]
        together[together < least] = 0
    own = known.matrix(settings["half_life_own"], repeats=settings["repeats"])[known.asking]
    return own @ together


def als(known: Purchases, settings: Settings, seed: int) -> np.ndarray:
    """implicit's AlternatingLeastSquares (Hu, Koren, Volinsky 2008)."""
    from implicit.als import AlternatingLeastSquares

    model = AlternatingLeastSquares(
        factors=settings["factors"],
        regularization=settings["regularization"],
        alpha=settings["alpha"],
        iterations=settings["iterations"],
        num_threads=1,
        random_state=seed,
    )
    return _factors(model, known, settings)


def bpr(known: Purchases, settings: Settings, seed: int) -> np.ndarray:
    """implicit's BayesianPersonalizedRanking (Rendle et al. 2009)."""
    from implicit.bpr import BayesianPersonalizedRanking

    model = BayesianPersonalizedRanking(
        factors=settings["factors"],
        regularization=settings["regularization"],
        learning_rate=settings["learning_rate"],
        iterations=settings["iterations"],
        num_threads=1,
        random_state=seed,
    )
    return _factors(model, known, settings)


def _factors(model: Any, known: Purchases, settings: Settings) -> np.ndarray:
    own = known.matrix(settings["half_life"], repeats=settings["repeats"]).astype(np.float32)
    if settings["forget"]:  # what was bought long ago is nothing rather than little: BPR does not see weights
        recent = known.age_days <= settings["forget"]
        seen = sp.csr_matrix(
            (np.ones(int(recent.sum())), (known.customers[recent], known.items[recent])), shape=own.shape
        )
        own = own.multiply(seen > 0).tocsr()
    model.fit(own, show_progress=False)
    return np.asarray(model.user_factors[known.asking] @ model.item_factors.T)


@dataclass(frozen=True)
class Rival:
    score: Callable[[Purchases, Settings, int], np.ndarray]
    """(purchases, settings, seed) → [asking, items]."""
    space: Mapping[str, tuple[Any, ...]]
    """What a trial draws from."""
    random: bool = False
    """Whether a seed changes it."""


HALF_LIVES = (None, 7.0, 14.0, 30.0, 60.0, 120.0)
TOGETHER = {
    "half_life": HALF_LIVES,
    "half_life_own": (None, 30.0, 60.0, 120.0, 240.0),
    "repeats": (False, True),
    "long": (0.0, 0.25, 0.5, 1.0),
    "from": (0.0, 0.1, 0.25, 0.5, 0.75, 1.0),
    "to": (0.0, 0.1, 0.25, 0.4, 0.5, 0.75),
    "shrink": (0.0, 0.1, 0.5, 1.0, 5.0, 20.0),
    "nearest": (20, 50, 100, 200, 400, 1000, 5000),
}
RIVALS = {
    "popularity": Rival(
        popularity,
        {"days": (4, 7, 10, 14, 21, 28, 60, 90, None), "half_life": (None, 3.0, 5.0, 7.0, 14.0, 30.0)},
    ),
    "co-occurrence": Rival(co_occurrence, {"by": ("customer",), **TOGETHER}),
    "co-baskets": Rival(co_occurrence, {"by": ("basket",), **TOGETHER}),
    "ALS": Rival(
        als,
        {
            "factors": (16, 32, 64, 128),
            "regularization": (0.01, 0.1, 1.0, 10.0),
            "alpha": (1.0, 5.0, 20.0, 50.0),
            "iterations": (10, 15, 30),
            "half_life": HALF_LIVES,
            "repeats": (False, True),
            "forget": (None, 60.0, 120.0),
        },
        random=True,
    ),
    "BPR": Rival(
        bpr,
        {
            "factors": (16, 32, 64, 128),
            "regularization": (0.001, 0.01, 0.1),
            "learning_rate": (0.01, 0.03, 0.1),
            "iterations": (50, 100, 200),
            "half_life": (None,),
            "repeats": (False,),
            "forget": (None, 30.0, 60.0, 120.0),
        },
        random=True,
    ),
}
