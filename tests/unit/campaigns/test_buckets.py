import numpy as np
import pytest

from semsearch.campaigns.joining.buckets import SLOTS, WAYS, Buckets


def keys(*upper: int) -> np.ndarray:
    """Keys whose upper bits are these numbers: the bucket comes from them."""
    return np.array([number << 24 | 7 for number in upper], np.uint64)


def test_the_latest_slot_of_a_key_is_found_and_zero_is_no_key():
    buckets = Buckets(1000)
    buckets.put(keys(5, 6, 5), np.array([1, 2, 3]))
    buckets.put(np.zeros(1, np.uint64), np.array([9]))
    assert buckets.find(keys(5, 6, 7)).tolist() == [3, 2, -1]
    assert buckets.find(np.zeros((2, 2), np.uint64)).tolist() == [[-1, -1], [-1, -1]]


def test_a_full_bucket_gives_up_its_oldest_slot():
    buckets = Buckets(1)
    same_bucket = keys(*range(1, WAYS + 2))
    buckets.put(same_bucket, np.arange(10, 10 + WAYS + 1))
    assert buckets.find(same_bucket).tolist() == [-1, *range(11, 10 + WAYS + 1)]


def test_slots_are_kept_modulo_and_ages_go_on_past_the_turn():
    buckets = Buckets(1)
    same_bucket = keys(*range(1, WAYS + 2))
    buckets.put(same_bucket, np.arange(SLOTS - 4, SLOTS - 4 + WAYS + 1))
    found = buckets.find(same_bucket).tolist()
    assert found[0] == -1
    assert found[1:] == [(SLOTS - 4 + each) % SLOTS for each in range(1, WAYS + 1)]


def test_nothing_is_lost_when_the_table_doubles():
    rng = np.random.default_rng(3)
    buckets = Buckets(50_000)
    many = rng.integers(1, 2**63, 40_000, dtype=np.uint64) * np.uint64(2)
    for start in range(0, len(many), 500):
        buckets.put(many[start : start + 500], np.arange(start, start + 500))
    assert (buckets.find(many) == np.arange(40_000)).mean() > 0.97
    assert (buckets.find(many) == np.arange(40_000))[-20_000:].mean() > 0.99


@pytest.mark.parametrize("size", [1, 7, 100])
def test_batches_of_any_size_write_the_same_table(size):
    rng = np.random.default_rng(5)
    some = rng.integers(1, 400, 900, dtype=np.uint64) << np.uint64(50)
    whole, cut = Buckets(200), Buckets(200)
    slots = np.arange(900)
    for start in range(0, 900, 300):
        whole.put(some[start : start + 300], slots[start : start + 300])
    for start in range(0, 900, size):
        cut.put(some[start : start + size], slots[start : start + size])
    everything = np.arange(1, 400, dtype=np.uint64) << np.uint64(50)
    assert whole.find(everything).tolist() == cut.find(everything).tolist()
