"""What queries of several draws in turn stand for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import combinations, product

import pytest

from semsearch.errors import UsageError
from semsearch.evaluation.labels.draws import _mixture, _parts, population, weights
from semsearch.store.labels.draws import Draw, Frame

ALL = tuple("abcdef")
VALUES = dict(zip(ALL, (1.0, 0.0, 0.5, 0.25, 0.0, 1.0), strict=True))


def judged(draws: Mapping[str, Draw], left_out: Iterable[str] = ()) -> dict[str, dict[str, float]]:
    """Of each query the batch that drew it, and its chance."""
    found = {query: {name: chance} for name, draw in draws.items() for query, chance in draw.chances.items()}
    return {query: told for query, told in found.items() if query not in set(left_out)}


def batch(chances: Mapping[str, float], n: int, before: Mapping[str, int] | None = None, digest: str = "all") -> Draw:
    return Draw(chances, Frame(n, digest, before or {}))


def alike(n: int, sizes: Iterable[int]) -> dict[str, Draw]:
    """Batches of these sizes from n queries; each query that is left is drawn with the same chance."""
    found: dict[str, Draw] = {}
    taken = 0
    for number, size in enumerate(sizes):
        queries = (f"q{i}" for i in range(taken, taken + size))
        before = {name: len(draw.chances) for name, draw in found.items()}
        found[f"b{number}"] = batch(dict.fromkeys(queries, size / (n - taken)), n, before)
        taken += size
    return found


def every(n: int) -> set[str]:
    return {f"q{i}" for i in range(n)}


def test_the_shares_of_two_and_three_batches_by_hand() -> None:
    """Of 10 queries 2, then 4 of 8: α₂ = 4/8 × 10/6 = 5/6, α₁ = 2/10 × (10/6 - 5/6) = 1/6.

    And 2, then 2 of 8, then 3 of 6: α₃ = 3/6 × 10/7 = 5/7, α₂ = 2/8 × (10/7 - 5/7) = 5/28,
    α₁ = 2/10 × (10/7 - 5/7 - 5/28) = 3/28.
    """
    for sizes, wanted in (((2, 4), [1 / 6, 5 / 6]), ((2, 2, 3), [3 / 28, 5 / 28, 5 / 7])):
        draws = alike(10, sizes)
        found = _mixture(list(draws)[-1], dict.fromkeys(draws, 1.0), draws)
        scale = 10 / sum(sizes)
        assert [found[name] * scale for name in draws] == pytest.approx(wanted)


@pytest.mark.parametrize("sizes", [(2, 4), (2, 2, 3), (1, 9), (5,)])
def test_draws_of_equal_chances_count_the_same(sizes: tuple[int, ...]) -> None:
    draws = alike(10, sizes)
    found = weights(judged(draws), every(10), draws)
    assert len(found) == sum(sizes)
    assert len({round(stands, 12) for stands in found.values()}) == 1


def strata(queries: Iterable[str]) -> list[tuple[str, ...]]:
    """a, b and c are of one kind, d, e and f of another."""
    given = set(queries)
    return [part for part in (tuple(sorted(given & set("abc"))), tuple(sorted(given & set("def")))) if part]


def every_draw(queries: Iterable[str], sizes: tuple[int, int]) -> Iterator[tuple[Fraction, dict[str, float]]]:
    """All draws of so many of each kind: how likely each is, and the queries with their chances."""
    parts = strata(queries)
    takes = [min(size, len(part)) for size, part in zip(sizes, parts, strict=False)]
    choices = [list(combinations(part, take)) for part, take in zip(parts, takes, strict=True)]
    n = 1
    for each in choices:
        n *= len(each)
    for picked in product(*choices):
        drawn = {q: take / len(part) for part, take, of in zip(parts, takes, picked, strict=True) for q in of}
        yield Fraction(1, n), drawn


def total(found: Mapping[str, float]) -> float:
    return sum(stands * VALUES[query] for query, stands in found.items())


def test_over_all_draws_of_a_tiny_population_the_weighted_sum_is_its_total_on_average() -> None:
    """Two, three batches, unevenly drawn; the first decides what chances the others have. Nothing is left to a seed."""
    two = three = 0.0
    for p1, first in every_draw(ALL, (2, 1)):
        for p2, second in every_draw(set(ALL) - set(first), (1, 1)):
            draws = {"one": batch(first, 6), "two": batch(second, 6, {"one": 3})}
            found = weights(judged(draws), set(ALL), draws)
            scale = _scale(draws)
            two += float(p1 * p2) * total(found) * scale
            for p3, last in every_draw(set(ALL) - set(first) - set(second), (1, 1)):
                whole = draws | {"three": batch(last, 6, {"one": 3, "two": 2})}
                found = weights(judged(whole), set(ALL), whole)
                three += float(p1 * p2 * p3) * total(found) * _scale(whole)
    assert two == pytest.approx(sum(VALUES.values()))
    assert three == pytest.approx(sum(VALUES.values()))


def test_queries_that_were_drawn_again_speak_for_the_batch_they_are_of() -> None:
    """Two or one of the three that the first batch drew are drawn again, unevenly, and the second batch from the rest:
    over all draws the sum is right, whichever people labelled."""
    alone = after = 0.0
    for p1, first in every_draw(ALL, (2, 1)):
        for p2, some in every_draw(first, (1, 1)):
            frame = Frame(6, "all", {}, place=1, again_of="one")
            again = {"one": batch(first, 6), "again": Draw({q: first[q] * c for q, c in some.items()}, frame)}
            told = judged({"again": again["again"]})
            alone += float(p1 * p2) * total(weights(told, set(ALL), again))
            for p3, last in every_draw(set(ALL) - set(first), (1, 1)):
                draws = again | {"two": Draw(last, Frame(6, "all", {"one": 3, "again": 0}, place=2))}
                found = weights(told | judged({"two": draws["two"]}), set(ALL), draws)
                shares = _mixture("two", {"one": len(some) / len(first), "two": 1.0}, draws)
                after += float(p1 * p2 * p3) * total(found) / sum(shares.values())
    assert alone == pytest.approx(sum(VALUES.values()))
    assert after == pytest.approx(sum(VALUES.values()))


def test_labels_of_a_batch_and_of_its_queries_drawn_again_go_together() -> None:
    draws = {"one": batch(dict.fromkeys("abc", 0.5), 6), "z": batch({"d": 1 / 3}, 6, {"one": 3, "again": 0})}
    draws["again"] = Draw(dict.fromkeys("ab", 1 / 3), Frame(6, "all", {}, place=1, again_of="one"))
    told = {"a": {"one": 0.5, "again": 1 / 3}, "b": {"again": 1 / 3}, "c": {"one": 0.5}}
    assert weights(told, set(ALL), draws) == {"a": 2, "b": 2, "c": 2}
    assert len(weights(told | {"d": {"z": 1 / 3}}, set(ALL), draws)) == 4


@pytest.mark.parametrize("framed", [True, False])
def test_the_name_of_a_batch_decides_nothing(framed: bool) -> None:
    """Queries drawn again, by this version and by an older one that told no frame, under names before and after."""
    keys = [f"q{i}" for i in range(300)]
    found = []
    for first, again, more in (("spring", "again", "more"), ("again", "spring", "b"), ("b", "more", "again")):
        draws = {first: Draw(dict.fromkeys(keys[:60], 0.2), Frame.of(keys, {}))}
        own = Frame(300, draws[first].frame.digest, {}, 1, first) if framed and draws[first].frame else None
        draws[again] = Draw(dict.fromkeys(keys[:30], 0.1), own)
        draws[more] = Draw(dict.fromkeys(keys[60:80], 20 / 240), Frame.of(keys, draws))
        told = judged({again: draws[again], more: draws[more]})
        found.append(weights(told, set(keys), dict(sorted(draws.items()))))
        assert population(told, {*keys, "more"}, draws) == set(keys)
        assert draws[more].frame is not None and draws[more].frame.before == {first: 60, again: 0}
    assert found[0] == found[1] == found[2]
    assert len(found[0]) == 50


def test_two_that_drew_the_same_query_at_once_are_joined_by_a_later_batch() -> None:
    """On average over all draws, and whatever they are called."""
    for names in (("one", "two"), ("two", "one")):
        whole = 0.0
        for (p1, left), (p2, right) in product(every_draw(ALL, (1, 1)), repeat=2):
            side = dict(zip(names, (batch(left, 6), batch(right, 6)), strict=True))
            taken = set(left) | set(right)
            for p3, last in every_draw(set(ALL) - taken, (1, 1)):
                draws = side | {"z": batch(last, 6, {"one": len(left), "two": len(right)})}
                found = weights(judged(draws), set(ALL), draws)
                scale = sum(_mixture("z", dict.fromkeys(_parts("z", set(ALL), draws), 1.0), draws).values())
                whole += float(p1 * p2 * p3) * total(found) / scale
        assert whole == pytest.approx(sum(VALUES.values()))


def _scale(draws: Mapping[str, Draw]) -> float:
    """What makes the shares add up to 1."""
    return 1 / sum(_mixture(list(draws)[-1], dict.fromkeys(draws, 1.0), draws).values())


def test_the_order_of_batches_and_of_files_does_not_matter() -> None:
    draws = {"z": batch({"a": 0.5, "d": 0.25}, 6), "a": batch({"b": 0.5, "e": 0.4}, 6, {"z": 2})}
    there, back = (weights(judged(each), set(ALL), each) for each in (draws, dict(reversed(draws.items()))))
    assert there == back
    # α of a, up to a factor, 2/4; of z 2/6 × (1 - 1/2) = 1/6
    assert there == pytest.approx(
        {"a": 2 * 1 / 6 + 1 / 2, "d": 4 * 1 / 6 + 1 / 2, "b": 2 * 1 / 2, "e": 1 / 0.4 * 1 / 2}
    )


def test_a_batch_alone_is_weighed_by_its_chances_whatever_was_drawn_after_it() -> None:
    draws = {"one": batch({"a": 0.5, "d": 0.25}, 6), "two": batch({"b": 0.5}, 6, {"one": 2})}
    assert weights({"a": {"one": 0.5}, "d": {"one": 0.25}}, set(ALL), draws) == {"a": 2, "d": 4}
    assert weights({"a": {"": 0.5}}, set(ALL), {}) == {"a": 2}
    assert weights({}, set(ALL), draws) == {}


def test_what_people_have_not_judged_of_a_batch_is_stood_for_by_the_rest_of_it() -> None:
    """Half of the second batch is judged: with equal chances all count the same, as if fewer were drawn."""
    draws = alike(10, (2, 4))
    found = weights(judged(draws, left_out=("q4", "q5")), every(10), draws)
    assert len(found) == 4
    assert len({round(stands, 12) for stands in found.values()}) == 1


def test_a_batch_that_was_judged_little_before_another_does_not_count_backwards() -> None:
    """One of five of the first, all of the second: no share is below 0, and the one stands for five."""
    draws = {"one": batch(dict.fromkeys(ALL[:5], 0.5), 10), "two": batch({"f": 0.2}, 10, {"one": 5})}
    found = weights({"a": {"one": 0.5}, "f": {"two": 0.2}}, set(ALL), draws)
    assert found == pytest.approx({"a": 5 * 0.2, "f": 5 * 0.2})


def test_a_batch_that_nobody_judged_is_named() -> None:
    draws = alike(10, (2, 4))
    with pytest.raises(UsageError, match="'b1' was drawn from what 'b0' had left") as refused:
        weights(judged(draws, left_out=("q0", "q1")), every(10), draws)
    assert "Next: semsearch label session b0 --by NAME" in str(refused.value)
    wanted = every(10) - {"q0", "q1"}  # of these the first batch drew none
    assert len(weights(judged(draws, left_out=("q0", "q1")), wanted, draws)) == 4


def test_queries_that_could_not_be_drawn_are_refused() -> None:
    draws = alike(10, (5,))
    with pytest.raises(UsageError, match="judged 11 queries, and batch 'b0' was drawn from 10"):
        weights(judged(draws), every(11), draws)


def test_batches_of_which_nobody_knows_the_frame_are_refused_until_one_is_drawn_after_them() -> None:
    old = {"one": Draw({"a": 0.5}), "two": Draw({"b": 0.5})}
    with pytest.raises(UsageError, match=r"several batches .*1 in one, 1 in two") as refused:
        weights(judged(old), set(ALL), old)
    assert "Next: semsearch label sample BATCH --run RUN" in str(refused.value)
    after = old | {"three": batch({"c": 0.25}, 6, {"one": 1, "two": 1})}
    found = weights(judged(after), set(ALL), after)
    assert found == pytest.approx({"a": 0.25, "b": 0.25, "c": 4 * 0.25})  # 1, 1 and 4


def test_a_frame_within_a_later_one_counts_and_one_apart_from_it_is_refused() -> None:
    inner = batch({"a": 0.5}, 2, digest="inner")
    within = {"one": inner, "two": batch({"c": 0.2}, 6, {"one": 1})}
    assert weights(judged(within), set(ALL), within) == pytest.approx({"a": 0.2, "c": 5 * 0.2})
    apart = {"one": inner, "two": batch({"c": 0.25}, 6, {"one": 0}, digest="outer")}
    with pytest.raises(UsageError, match="of the same queries"):
        weights(judged(apart), set(ALL), apart)


def test_batches_drawn_side_by_side_are_refused() -> None:
    """Two people drew at once, and git brought both files together."""
    side = {"one": batch({"a": 0.5}, 6), "two": batch({"b": 0.5}, 6)}
    with pytest.raises(UsageError, match="several batches"):
        weights(judged(side), set(ALL), side)


def test_a_batch_whose_file_is_gone_is_named() -> None:
    draws = {"two": batch({"b": 0.5}, 6, {"one": 2})}
    with pytest.raises(UsageError, match=r"labels/batches/one\.jsonl is not there"):
        weights(judged(draws), set(ALL), draws)
