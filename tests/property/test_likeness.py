"""One pair compared alone is compared as among others."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from semsearch.campaigns.joining import nets
from semsearch.campaigns.joining.likeness import Features, Row, rank_of, ranks
from semsearch.campaigns.joining.nets import Contacts, Prepared
from semsearch.settings import CampaignSettings


@given(st.integers(0, 2**32), st.sampled_from([0, 16]), st.floats(0.05, 0.95), st.floats(0.05, 0.5))
def test_a_pair_has_the_same_rank_alone_and_among_others(seed, dim, shingles, wary):
    rng = np.random.default_rng(seed)
    n = 12
    base = rng.integers(0, 2**16, nets.N_HASHES)
    signature = np.where(
        rng.random((n, nets.N_HASHES)) < rng.random((n, 1)), base, rng.integers(0, 2**16, (n, nets.N_HASHES))
    )
    vectors = rng.standard_normal((n, dim)) * 0.3 + 1 if dim else np.zeros((n, 0))
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    made = Prepared(
        rng.integers(0, 4, n).astype(np.uint64),
        signature.astype(np.uint16),
        nets.packed((vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)),
        (Contacts(),) * n,
        np.where(rng.random(n) < 0.5, 0.0, rng.random(n)),
        rng.random(n) < 0.6,
    )
    policy = CampaignSettings(shingles=shingles, shingles_wary=wary, embedding=0.9, support=0.1)
    one, other = rng.integers(0, n, (2, 30))
    together = ranks(Features.of(made, one), Features.of(made, other), policy)
    alone = [
        rank_of(Row.of(made, a), Row.of(made, b), policy) for a, b in zip(one.tolist(), other.tolist(), strict=True)
    ]
    assert together.tolist() == alone
