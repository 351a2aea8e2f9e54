"""A batch from a pool: all pairs of a drawn query, dealt out, with golden pairs."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from tests.unit.review.labelling.drawn import Shelf, item, pair, said, task

from semsearch.errors import UsageError
from semsearch.relevance.pools import Pool
from semsearch.relevance.rubric import RUBRIC
from semsearch.review.labelling.sampling import Known, Sampled, sample
from semsearch.settings import RelevanceSettings
from semsearch.store.labels.draws import Draw

PLAIN = RelevanceSettings(overlap=0, golden=0)
OF_RUNS = {"ranks": {"run": 1}, "inclusion_probability": 1.0}
POOL = Pool(tuple(replace(pair(f"q{q}", f"i{q}-{i}"), **OF_RUNS) for q in range(10) for i in range(4)))
NOTHING = Shelf({})


def sampled(
    pool: Pool = POOL, known: Known | None = None, settings: RelevanceSettings = PLAIN, **changed: object
) -> Sampled:
    given = {"batch": "b1", "size": None, "annotators": (), "lookup": NOTHING, "seed": 0} | changed
    return sample(pool, known or Known(), settings, **given)  # type: ignore[arg-type]


def test_a_drawn_query_comes_with_all_of_its_pairs_and_its_probability() -> None:
    found = sampled(size=3)
    assert list(Counter(each.query for each in found.tasks).values()) == [4, 4, 4]
    assert {each.inclusion_probability for each in found.tasks} == {3 / 10}
    assert {each.stratum["band"] for each in found.tasks} == {"unknown"}
    turned = sampled(Pool(POOL.pairs[::-1]), size=3)
    assert {each.key for each in found.tasks} == {each.key for each in turned.tasks}
    assert {each.key for each in found.tasks} != {each.key for each in sampled(size=3, seed=1).tasks}


def test_pairs_of_a_file_are_picked_on_purpose_unless_it_says_with_which_probability_they_were_drawn() -> None:
    picked = Pool(tuple(pair(f"q{q}", "i") for q in range(4)))
    assert {each.inclusion_probability for each in sampled(picked).tasks} == {None}
    batch = Pool(tuple(replace(each, inclusion_probability=0.2) for each in picked.pairs))
    assert {each.inclusion_probability for each in sampled(batch).tasks} == {0.2}
    assert {each.inclusion_probability for each in sampled(batch, size=1).tasks} == {0.05}


def test_queries_of_runs_that_were_drawn_before_are_left_out_and_those_of_a_file_are_not() -> None:
    drawn = Known(draws={"old": Draw({"q0": 0.1, "elsewhere": 0.1}), "b0": Draw({"q1": 0.2})})
    found = sampled(known=drawn, size=4)
    assert (found.n_before, {each.inclusion_probability for each in found.tasks}) == (2, {0.5})
    assert not {"q0", "q1"} & {each.query for each in found.tasks}
    again = sampled(Pool(tuple(pair(f"q{q}", "i") for q in range(4))), known=drawn)
    assert (again.n_before, len(again.tasks)) == (0, 4)
    with pytest.raises(UsageError, match="All 10 queries of these runs were drawn in batches before"):
        sampled(known=Known(draws={"b0": Draw({f"q{q}": 0.5 for q in range(10)})}))


def test_a_batch_says_of_which_queries_it_was_drawn_and_what_others_had_drawn_of_them() -> None:
    first = sampled(size=3).tasks[0].frame
    assert first is not None and (first.queries, first.before) == (10, {})
    before = {"b0": Draw({"q0": 0.1, "elsewhere": 0.1}), "far": Draw({"nowhere": 1.0})}
    fewer = Pool(POOL.pairs[:-4], gone=tuple((each.query, each.item_id) for each in POOL.pairs[-4:]))
    later = next(each.frame for each in sampled(fewer, known=Known(draws=before), size=3).tasks)
    assert later is not None and (later.queries, later.before) == (10, {"b0": 1, "far": 0})
    assert later.digest == first.digest  # items that are gone by now do not make it another frame
    other = next(each.frame for each in sampled(Pool(POOL.pairs[:-4])).tasks)
    assert other is not None and other.digest != first.digest
    assert [each.frame for each in sampled(Pool((pair("q", "i"),))).tasks] == [None]


def test_which_runs_brought_a_pair_is_kept_and_not_printed() -> None:
    brought = Pool((replace(pair("q", "i"), ranks={"secret run": 1}),))
    [found] = sampled(brought).tasks
    assert found.ranks == {"secret run": 1}
    assert "secret run" not in repr(found)


def test_the_overlap_quota_is_exact_and_the_second_annotator_another_one() -> None:
    found = sampled(settings=RelevanceSettings(overlap=0.25, golden=0))
    assert found.n_second == sum(each.second for each in found.tasks) == 10
    named = sampled(settings=RelevanceSettings(overlap=0.25, golden=0), annotators=("minji", "jun", "sora"))
    assert named.n_second == 10
    assert all(len(set(each.annotators)) == len(each.annotators) for each in named.tasks)
    firsts = Counter(each.annotators[0] for each in named.tasks)
    assert sorted(firsts.values()) == [12, 12, 16]  # whole queries in turn: 4, 3 and 3 of them
    by_query = {(each.query, each.annotators[0]) for each in named.tasks}
    assert len(by_query) == 10


def test_one_annotator_has_no_second_one_and_a_name_twice_is_refused() -> None:
    assert sampled(settings=RelevanceSettings(overlap=0.5, golden=0), annotators=("minji",)).n_second == 0
    with pytest.raises(UsageError, match="twice"):
        sampled(annotators=("minji", "minji"))


def test_an_item_of_the_catalogue_is_told_from_one_that_the_file_brought() -> None:
    shelf = Shelf({"i0-0": item("i0-0"), "i0-1": item("i0-1", body="another one")})
    found = {each.item_id: each.imported for each in sampled(lookup=shelf).tasks}
    assert (found["i0-0"], found["i0-1"], found["i0-2"]) == (True, False, False)


def test_golden_pairs_are_adjudicated_or_given_ones_and_hide_nothing_of_their_grade_from_code() -> None:
    others = [task(f"g{i}", f"g{i}") for i in range(40)]
    decided = [said(each, 1, "sora", role="adjudication") for each in others[:20]]
    given = [said(each, 0, "expert", role="golden", rubric="") for each in others[20:30]]
    plain = [said(each, 2) for each in others[30:]]
    known = Known((*decided, *given, *plain))
    found = sampled(known=known, settings=RelevanceSettings(overlap=0, golden=0.2))
    golden = [each for each in found.tasks if each.golden]
    assert found.n_golden_wanted == len(golden) == 10  # a fifth of 50
    assert {each.golden.low for each in golden if each.golden and "sora" in each.golden.by} <= {1}
    assert all(each.inclusion_probability is None for each in golden)
    assert not {each.key for each in golden} & {each.key for each in others[30:]}
    few = sampled(known=Known(tuple(decided[:3])), settings=RelevanceSettings(overlap=0, golden=0.2))
    assert (few.n_golden, few.n_golden_wanted) == (3, 10)


def test_what_is_disputed_of_another_rubric_or_in_the_batch_is_no_golden_pair() -> None:
    own, other, old = task("q0", "i0-0"), task("g", "g"), task("h", "h")
    known = Known(
        (
            said(own, 1, "sora", role="adjudication"),
            said(other, 1, "a", role="golden"),
            said(other, 2, "b", role="golden"),
            said(old, 1, "sora", role="adjudication", rubric=f"{RUBRIC}0"),
        )
    )
    assert sampled(known=known, settings=RelevanceSettings(overlap=0, golden=0.5)).n_golden == 0


def test_an_empty_pool_is_refused() -> None:
    with pytest.raises(UsageError, match="no pair to label: 1 items"):
        sampled(Pool((), gone=(("q", "i"),)))
