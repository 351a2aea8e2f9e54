"""Every known trap of hnswlib: what the naive use does, and what ours does instead."""

from __future__ import annotations

import json

import numpy as np
import pytest

from semsearch.errors import Damaged, UsageError
from semsearch.index.exact import ExactIndex
from semsearch.index.hnsw import EF, HnswIndex, build_hnsw
from semsearch.index.vectors import Vectors, distinct

hnswlib = pytest.importorskip("hnswlib")
DIM = 24


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def rows():
    return unit(np.random.default_rng(0).normal(size=(1_000, DIM)))


def naive(rows, ef=200, **options):
    """hnswlib as its README shows it."""
    graph = hnswlib.Index(space="ip", dim=rows.shape[1])
    graph.init_index(max_elements=len(rows) + 10, M=16, ef_construction=200, random_seed=100, **options)
    graph.add_items(rows, np.arange(len(rows)), num_threads=1)
    graph.set_ef(ef)
    return graph


def saved(rows, folder):
    folder.mkdir(exist_ok=True)
    vectors = distinct("e1", rows)
    vectors.save(folder)
    build_hnsw(vectors).save(folder)
    return folder


def opened(folder):
    return HnswIndex.open(folder, Vectors.open(folder))


def test_a_an_item_that_changed_has_one_vector(rows):
    graph = naive(rows[:100], allow_replace_deleted=True)
    graph.mark_deleted(5)
    graph.add_items(rows[200:201], [7], replace_deleted=True)
    for vector in (rows[7], rows[200]):  # label 7 answers for its old vector and for its new one
        assert graph.knn_query(vector, k=1)[0][0][0] == 7

    changed = rows[:100].copy()
    changed[7] = rows[200]
    index = build_hnsw(distinct("e1", changed))
    new, old = index.search(rows[[200, 7]], 1)
    assert new.rows[0] == 7
    assert new.scores[0] == pytest.approx(1, abs=1e-6)
    assert old.rows[0] != 7


def test_b_fewer_than_k_is_a_shorter_list(rows):
    with pytest.raises(RuntimeError):
        naive(rows[:5]).knn_query(rows[0], k=10)
    assert build_hnsw(distinct("e1", rows[:5])).search(rows[:1], 10)[0].rows.size == 5


def test_b_what_the_graph_cannot_reach_is_found_exactly(rows, monkeypatch):
    vectors = distinct("e1", rows)
    index = build_hnsw(vectors)

    class Unreachable:
        def set_ef(self, ef):
            pass

        def knn_query(self, *args, **options):
            raise RuntimeError("Cannot return the results in a contiguous 2D array. Probably ef or M is too small")

    monkeypatch.setattr(index, "_graph", Unreachable())
    found, wanted = index.search(rows[:1], 20)[0], ExactIndex(vectors).search(rows[:1], 20)[0]
    np.testing.assert_array_equal(found.rows, wanted.rows)


def test_b_ef_survives_loading_and_is_never_below_k(rows, tmp_path):
    graph = naive(rows, ef=300)
    graph.save_index(str(tmp_path / "graph"))
    loaded = hnswlib.Index(space="ip", dim=DIM)
    loaded.load_index(str(tmp_path / "graph"))
    assert loaded.ef == 10  # not 300

    index = opened(saved(rows, tmp_path / "ours"))
    assert index._graph.ef == EF
    for k in (EF, EF + 1, 900):  # the last two are exact
        assert index.search(rows[:1], k)[0].rows.size == k
    assert index._graph.ef == EF  # one deep search does not slow down all later ones


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_c_vectors_that_are_not_finite_are_refused(rows, bad):
    broken = rows.copy()
    broken[3, 0] = bad
    assert naive(broken).get_current_count() == len(rows)
    with pytest.raises(UsageError, match="Vector 3 is not finite"):
        distinct("e1", broken)


def test_c_zero_vectors_are_skipped_and_counted(rows):
    broken = rows.copy()
    broken[3] = 0
    assert 3 in naive(broken, ef=2_000).knn_query(rows[0], k=1_000)[0][0]
    vectors = distinct("e1", broken)
    assert vectors.n_empty == 1
    found = build_hnsw(vectors).search(rows[:1], 1_000)[0]
    assert found.rows.size == 999
    assert 3 not in found.rows


def test_c_rows_that_are_not_normalised_are_refused(rows):
    with pytest.raises(UsageError, match="not L2-normalised"):
        distinct("e1", rows * np.float32(2))


def test_d_hnswlib_loads_anything(rows, tmp_path):
    graph = naive(rows)
    path = tmp_path / "graph"
    graph.save_index(str(path))
    for space, dim in (("ip", 12), ("l2", DIM)):
        other = hnswlib.Index(space=space, dim=dim)
        other.load_index(str(path))
        assert other.get_current_count() == len(rows)


def test_d_a_damaged_graph_is_refused(rows, tmp_path):
    folder = saved(rows, tmp_path / "dense")
    content = bytearray((folder / "hnsw.bin").read_bytes())
    content[5_000] ^= 255
    (folder / "hnsw.bin").write_bytes(content)
    with pytest.raises(Damaged, match="damaged"):
        opened(folder)


@pytest.mark.parametrize(("fact", "value"), [("space", "l2"), ("n_nodes", 7), ("sha256", "0")])
def test_d_a_graph_of_something_else_is_refused(rows, tmp_path, fact, value):
    folder = saved(rows, tmp_path / "dense")
    meta = json.loads((folder / "meta.json").read_text())
    meta["hnsw"][fact] = value
    (folder / "meta.json").write_text(json.dumps(meta))
    with pytest.raises(Damaged, match="index build"):
        opened(folder)


@pytest.mark.parametrize("name", ["meta.json", "vectors.npy", "vector_of.npy", "centre.npy", "hnsw.bin"])
@pytest.mark.parametrize("damage", ["gone", "cut"])
def test_d_a_missing_or_cut_file_is_refused(rows, tmp_path, name, damage):
    path = saved(rows, tmp_path / "dense") / name
    content = path.read_bytes()
    path.unlink()
    if damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    with pytest.raises(Damaged):
        opened(tmp_path / "dense")


def test_e_filters_never_call_back_into_python(rows, monkeypatch):
    """A selective filter is exact search on the subset; the graph is not asked at all."""
    index = build_hnsw(distinct("e1", rows))
    monkeypatch.setattr(index, "_graph", None)
    allowed = np.zeros(len(rows), bool)
    allowed[::50] = True
    found = index.search(rows[:1], 10, allowed)[0]
    assert found.rows.size == 10
    assert allowed[found.rows].all()


def test_f_duplicates_do_not_hide_the_rest(rows):
    """300 vectors, 60 copies each: a copy's 16 links all lead to copies of itself, and the graph falls apart."""
    many = np.repeat(rows[:300], 60, axis=0)
    graph, index = naive(many), build_hnsw(distinct("e1", many))
    exact = ExactIndex(index.vectors)

    def hidden(found, query):
        return len(set(exact.search(query, 100)[0].rows.tolist()) - set(found))

    lost_naive = lost = 0
    for query in rows[300:330]:
        try:
            lost_naive += hidden(graph.knn_query(query, k=100)[0][0].tolist(), query)
        except RuntimeError:
            lost_naive += 100
        lost += hidden(index.search(query, 100)[0].rows.tolist(), query)
    assert lost_naive > 30 * 100 * 0.3
    assert lost == 0
    assert index.vectors.n_vectors == 300


def test_g_a_built_index_cannot_be_written(rows):
    """No search can meet an insert, a resize or a delete: there is no such call."""
    public = {name for name in dir(HnswIndex) if not name.startswith("_")}
    assert public == {"open", "save", "search"}


def test_h_one_thread_is_reproducible(rows, tmp_path):
    one, other = saved(rows, tmp_path / "one"), saved(rows, tmp_path / "other")
    assert (one / "hnsw.bin").read_bytes() == (other / "hnsw.bin").read_bytes()


def test_searches_from_many_threads_agree(rows):
    from concurrent.futures import ThreadPoolExecutor

    index = build_hnsw(distinct("e1", rows))
    wanted = [index.search(q, 1 + i % 300)[0].rows.tolist() for i, q in enumerate(rows)]
    fresh = build_hnsw(distinct("e1", rows))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda i: fresh.search(rows[i], 1 + i % 300)[0].rows.tolist(), range(len(rows))))
    short = sum(len(a) != len(b) for a, b in zip(found, wanted, strict=True))
    assert short == 0


def test_an_empty_index_answers_nothing():
    vectors = distinct("e1", np.zeros((3, DIM), np.float32))
    query = unit(np.ones((1, DIM)))
    assert build_hnsw(vectors).search(query, 5)[0].rows.size == 0
    assert ExactIndex(vectors).search(query, 5)[0].rows.size == 0
