"""Batches that are drawn from batches and from pools of them: their frames, and that all can be read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from semsearch.cli.pooling import pairs_of_file
from semsearch.evaluation.labels.draws import population, weights
from semsearch.relevance.pools import Pool, batch_at, pool_at, read_pairs
from semsearch.review.labelling.sampling import Known, sample
from semsearch.settings import RelevanceSettings
from semsearch.store.labels.batches import batch_path, read_batches, write_batch
from semsearch.store.labels.draws import Draw, draws_of, in_order
from semsearch.store.labels.pools import Pair, keep_pool, pool_path
from semsearch.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "w")


def nothing(_: object) -> dict[str, dict[str, str]]:
    return {}


def of_runs(first: int, last: int) -> Pool:
    return Pool(tuple(Pair(f"q{i}", f"i{i}", f"q{i}", {"title": "t"}, 1.0, {"run": 1}) for i in range(first, last)))


def drawn(workspace: Workspace, batch: str, pool: Pool, size: int | None = None) -> dict[str, Draw]:
    """All draws, with one that is drawn of a pool."""
    known, settings = Known(draws=read(workspace)), RelevanceSettings()
    found = sample(pool, known, settings, batch=batch, size=size, annotators=[], lookup=nothing, seed=0)
    write_batch(workspace, batch, found.tasks)
    return read(workspace)


def read(workspace: Workspace) -> dict[str, Draw]:
    return draws_of(workspace, read_batches(workspace))


def again(workspace: Workspace, of: str) -> Pool:
    return pairs_of_file(workspace, str(batch_path(workspace, of)), nothing)


def through_a_pool(workspace: Workspace, of: str) -> Pool:
    """A model graded the batch first."""
    keep_pool(workspace, f"pool-{of}", again(workspace, of).pairs)
    return pairs_of_file(workspace, str(pool_path(workspace, f"pool-{of}")), nothing)


@pytest.mark.parametrize("road", [again, through_a_pool])
def test_a_batch_drawn_from_a_batch_speaks_for_the_same_queries(workspace: Workspace, road) -> None:  # type: ignore[no-untyped-def]
    """As after a change of the rubric: 60 of 300 were drawn, and the model judged 1,200."""
    drawn(workspace, "spring", of_runs(0, 300), 60)
    whole = drawn(workspace, "spring-r2", road(workspace, "spring"))
    some = drawn(workspace, "another", road(workspace, "spring-r2"), 30)
    wanted = {f"q{i}" for i in range(1_200)}
    for name, n, stands in (("spring", 60, 5), ("spring-r2", 60, 5), ("another", 30, 10)):
        draws = some if name == "another" else whole
        judged = {key: {name: chance} for key, chance in draws[name].chances.items()}
        about = population(judged, wanted, draws)
        assert about == {f"q{i}" for i in range(300)}
        assert weights(judged, about, draws) == pytest.approx(dict.fromkeys(judged, stands))
        assert len(judged) == n
    frames = [some[name].frame for name in in_order(some)]
    assert [(frame.place, frame.again_of) for frame in frames if frame] == [(0, ""), (1, "spring"), (2, "spring")]


def test_after_queries_were_drawn_again_the_next_batch_can_be_read_and_joins_them(workspace: Workspace) -> None:
    """Of 100 queries 60 are drawn, and all of them again: 40 are left, not -20."""
    drawn(workspace, "a", of_runs(0, 100), 60)
    drawn(workspace, "a-r2", again(workspace, "a"))
    draws = drawn(workspace, "more", of_runs(0, 100), 20)
    assert draws["more"].frame is not None and draws["more"].frame.before == {"a": 60, "a-r2": 0}
    judged = {key: {name: c} for name in ("a-r2", "more") for key, c in draws[name].chances.items()}
    found = weights(judged, {f"q{i}" for i in range(100)}, draws)
    assert len({round(each, 9) for each in found.values()}) == 1, "all were drawn with the same chance"


def test_the_probability_of_a_batch_is_multiplied_and_a_copy_elsewhere_knows_no_frame(workspace: Workspace) -> None:
    drawn(workspace, "a", of_runs(0, 100), 50)
    draws = drawn(workspace, "b", again(workspace, "a"), 10)
    assert set(draws["b"].chances.values()) == {0.1}
    copy = workspace.root.parent / "copy.jsonl"
    copy.write_bytes(batch_path(workspace, "a").read_bytes())
    assert batch_at(workspace, str(copy)) is None
    found = drawn(workspace, "c", read_pairs(str(copy), nothing))["c"]
    assert (found.frame, set(found.chances.values())) == (None, {0.5})


@pytest.mark.parametrize("seed", range(6))
def test_whatever_is_drawn_can_be_read_and_stands_in_its_order(workspace: Workspace, seed: int) -> None:
    rng = np.random.default_rng(seed)
    names = [f"{letter}{seed}" for letter in rng.permutation(list("abcdefgh")).tolist()]
    roads = [again, through_a_pool]
    for number, name in enumerate(names):
        first = int(rng.integers(0, 40))
        old = names[int(rng.integers(number))] if number else ""
        way = int(rng.integers(3)) if number else 0
        pool = of_runs(first, first + 60 + 5 * number) if way == 0 else roads[way - 1](workspace, old)
        draws = drawn(workspace, name, pool, int(rng.integers(2, 8)))
        frame = draws[name].frame
        assert frame is not None and sum(frame.before.values()) < frame.queries == len(frame.keys or ())
        assert in_order(draws) == names[: number + 1]


def test_a_pool_of_a_batch_and_then_of_runs_is_of_these(workspace: Workspace) -> None:
    """With certainty they bring what the batch brought by chance."""
    drawn(workspace, "a", of_runs(0, 100), 50)
    for first, second in (("one", "two"), ("two", "one")):
        for each in (first, second):
            pool = again(workspace, "a") if each == "one" else of_runs(0, 100)
            keep_pool(workspace, f"mixed-{first}", pool.pairs)
        found = pool_at(workspace, str(pool_path(workspace, f"mixed-{first}")), nothing)
        assert found is not None and len(found.pairs) == 100
        assert all(pair.of_runs and pair.inclusion_probability == 1 for pair in found.pairs)


def test_which_runs_brought_a_pair_stays_known_when_it_is_drawn_again(workspace: Workspace) -> None:
    drawn(workspace, "a", of_runs(0, 10), 5)
    drawn(workspace, "b", again(workspace, "a"))
    assert all(task.ranks == {"run": 1} for task in read_batches(workspace)["b"])
