"""`evaluate run --labels` and `evaluate plan`: people's and a machine's labels of one workspace."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from labelled_market import ITEMS, START, label, market, precision, unseen

from semsearch.errors import UsageError
from semsearch.evaluation.labels.powered import MINIMUM
from semsearch.evaluation.queries import Queries, query_id_of
from semsearch.evaluation.runs import Run
from semsearch.report.evaluation import evaluation_page, figure_rows, labels_text, slice_rows, slices_text
from semsearch.retrieval.labelled import labelled
from semsearch.retrieval.powered import evaluate_labelled, expected_so_far
from semsearch.retrieval.reports import report_document
from semsearch.store.labels.draws import Draw, Frame

pytest.importorskip("ppi_py")


def test_the_interval_holds_the_truth_and_people_alone_give_their_own_mean():
    run, labels, truth = market()
    report = evaluate_labelled(run, labelled(labels, {}), metrics=["precision@4"])
    found = report.labels.figures[0]
    assert found.human_mean == pytest.approx(precision(truth[:60]).mean())
    assert found.low < precision(truth).mean() < found.high
    assert found.high - found.low < found.human_high - found.human_low
    by_machine = {each.query for each in labels if each.source == "model" and each.grade_low}
    n_machine = len(by_machine - {f"query {q}" for q in range(60)})
    assert n_machine < 140, "some have no relevant item"
    assert (found.n_human, found.n_machine, found.grades) == (len(precision(truth[:60])), n_machine, "")
    assert report.figure("precision@4").n == found.n_human + n_machine
    assert (report.labels.n_queries, report.labels.n_human) == (200, 60)
    assert report.figure("precision@4").low == found.low


def test_without_a_query_that_only_the_model_judged_there_is_no_lambda():
    run, labels, _ = market(n_people=60, n_all=60)
    labels = [
        replace(each, grade_low=0) if each.source == "model" and each.grade_high == 2 and each.item_id == "a" else each
        for each in labels
    ]
    report = evaluate_labelled(run, labelled(labels, {}), metrics=["precision@4"])
    [found] = report.labels.figures
    assert math.isnan(found.lam) and found.grades == "", "people's grades are not open, and the model's say nothing"
    assert (found.mean, found.low, found.high) == (found.human_mean, found.human_low, found.human_high)
    told = labels_text(report.labels)
    assert "60 queries, all of them judged whole by people" in told and "prediction-powered" not in told
    assert figure_rows(report)[0]["λ"] is None and report_document(report)["labels"]["figures"][0]["lam"] is None


def test_slices_without_a_figure_say_why_beside_their_table():
    run, labels, _ = market(n_people=60)
    ids = {q: query_id_of(f"query {q}") for q in range(200)}
    band = {ids[q]: "few" if q >= 55 else "many" for q in ids}
    table = Queries({ids[q]: f"query {q}" for q in ids}, {"band": band})
    report = evaluate_labelled(run, labelled(labels, {}, table), metrics=["judged@4"], slice_by="band")
    rows = {row["band"]: row for row in slice_rows(report)}
    assert (rows["few"]["queries"], rows["few"]["by people"], rows["few"]["judged@4"]) == (145, 5, None)
    assert (rows["many"]["queries"], rows["many"]["by people"], rows["many"]["judged@4"]) == (55, 55, 1.0)
    told = slices_text(report)
    assert (
        told.startswith("Slices without a figure: 1.") and "too few queries that count" in told and "takes 50" in told
    )
    page = evaluation_page(report, {})
    assert told in page and "by people" in page
    whole = evaluate_labelled(run, labelled(labels, {}, table), metrics=["judged@4"])
    assert slices_text(whole) == ""


def test_too_few_queries_say_how_many_more():
    run, labels, _ = market(n_people=41)
    with pytest.raises(UsageError, match=f"People judged 41 queries .* needs {MINIMUM}: 9 more"):
        evaluate_labelled(run, labelled(labels, {}), metrics=["precision@4"])


def test_each_kind_of_query_that_does_not_count_is_told_and_the_largest_has_the_next_step():
    run, labels, _ = market(n_people=76)
    people = [each for each in labels if each.source == "person"]
    whole = [replace(each, inclusion_probability=None) for each in people if int(each.query.split()[1]) < 17]
    part = [each for each in people if int(each.query.split()[1]) >= 17 and each.item_id != "d"]
    alone = [replace(each, query="nobody else") for each in people[:4]]
    seen = [replace(each, query="query 199", shown=True) for each in people[:4]]
    models = [each for each in labels if each.source == "model"]
    with pytest.raises(UsageError, match=r"People judged 77 queries, and 0 of them count; .* needs 50") as refused:
        evaluate_labelled(run, labelled([*models, *whole, *part, *alone, *seen], {}), metrics=["ndcg@4"])
    told = str(refused.value)
    assert "17 whole, but their labels carry no probability" in told and "59 in part" in told
    assert "1 that this model did not grade" in told and "4 labels whose author saw the model's opinion" in told
    assert "Next: semsearch label session BATCH --by NAME" in told


def test_queries_picked_on_purpose_are_kept_out_and_counted():
    run, labels, _ = market(n_people=90)
    picked = [
        replace(each, inclusion_probability=None) if each.source == "person" and each.query < "query 2" else each
        for each in labels
    ]
    n_picked = len({each.query for each in picked if each.source == "person" and each.inclusion_probability is None})
    report = evaluate_labelled(run, labelled(picked, {}), metrics=["ndcg@4"])
    assert (report.labels.n_human, report.labels.n_on_purpose) == (90 - n_picked, n_picked)
    alike = evaluate_labelled(run, labelled(picked, {}, drawn_alike=True), metrics=["ndcg@4"])
    assert (alike.labels.n_human, alike.labels.n_on_purpose) == (90, 0)


def test_imported_labels_without_a_probability_name_the_flag():
    run, labels, _ = market(chance=None)
    with pytest.raises(UsageError, match="60 whole, but their labels carry no probability") as refused:
        evaluate_labelled(run, labelled(labels, {}), metrics=["ndcg@4"])
    assert "--drawn-alike" in str(refused.value)


def test_a_query_judged_in_part_does_not_count_and_a_later_label_without_a_chance_does():
    run, labels, _ = market(n_people=65)
    fewer = [
        each for each in labels if not (each.source == "person" and (each.query, each.item_id) == ("query 3", "b"))
    ]
    again = label("query 4", "a", 2, chance=None)
    extra = [replace(again, at=START + timedelta(days=1)), label("nobody else", "a", 1)]
    report = evaluate_labelled(run, labelled([*fewer, *extra], {}), metrics=["ndcg@4"])
    assert (report.labels.n_human, report.labels.n_partly, report.labels.n_without_machine) == (64, 1, 1)


def test_queries_drawn_with_a_smaller_chance_stand_for_more():
    """Of 200 queries the first half is all wrong; half of the judged ones come from it, drawn ten times as often."""
    truth = np.repeat([0, 2], 100)
    people = [*range(45), *range(100, 145)]
    labels = [label(f"query {q}", item, 2 - g, "model") for q in range(200) for item, g in (("a", truth[q]), ("b", 0))]
    labels += [
        label(f"query {q}", item, int(g), chance=0.5 if q < 100 else 0.05)
        for q in people for item, g in (("a", truth[q]), ("b", 2 - truth[q]))
    ]  # fmt: skip
    run = Run.of({query_id_of(f"query {q}"): [("a", 2.0), ("b", 1.0)] for q in range(200)})
    found = evaluate_labelled(run, labelled(labels, {}), metrics=["precision@1"]).labels.figures[0]
    assert found.human_mean == pytest.approx((45 * 2 * 0 + 45 * 20 * 1) / (45 * 2 + 45 * 20))


def test_open_grades_are_reported_at_both_ends():
    run, labels, _ = market()
    opened = [
        replace(each, grade_low=0) if each.source == "model" and each.grade_high == 2 and each.item_id == "a" else each
        for each in labels
    ]
    rows = evaluate_labelled(run, labelled(opened, {}), metrics=["precision@4"]).labels.figures
    assert [row.grades for row in rows] == ["lowest", "highest"]
    assert rows[0].human_mean == rows[1].human_mean


def test_the_smaller_of_two_figures_is_that_of_headline_and_slices():
    run, labels, table = unseen()
    report = evaluate_labelled(run, labelled(labels, {}, table), metrics=["ndcg@4"], slice_by="band")
    lowest, highest = report.labels.figures
    assert (lowest.grades, highest.grades) == ("lowest", "highest") and highest.mean < lowest.mean - 0.1
    [figure], [part] = report.figures, report.slices
    assert (figure.mean, figure.low, figure.high) == (highest.mean, highest.low, highest.high)
    assert part.figures[0] == figure
    assert report.means("ndcg@4") == (lowest.mean, highest.mean)


def test_both_ends_are_by_one_method():
    """All values are 1 where what cannot be told is a 2, and spread where it is 0."""
    run, labels, _ = market()
    rng = np.random.default_rng(3)
    none = {"grade_low": None, "grade_high": None}
    ones = [replace(each, grade_low=2, grade_high=2) for each in labels]
    blind = {(f"query {q}", "a") for q in range(200) if rng.random() < 0.2}
    some = [replace(each, **none) if (each.query, each.item_id) in blind else each for each in ones]
    lowest, highest = evaluate_labelled(run, labelled(some, {}), metrics=["precision@4"]).labels.figures
    assert (lowest.method, highest.method) == ("bounded", "bounded")
    assert lowest.low < highest.low < lowest.high + 0.05 and highest.high == 1
    assert lowest.mean == lowest.human_mean and lowest.high - lowest.low < 0.1


def test_weights_go_with_their_queries_into_slices():
    run, labels, _ = market(n_people=90)
    uneven = [
        replace(each, inclusion_probability=0.2 if int(each.query.split()[1]) % 2 else 0.4)
        if each.source == "person" else each for each in labels
    ]  # fmt: skip
    names = {query_id_of(f"query {q}"): f"query {q}" for q in range(200)}
    table = Queries(names, {"band": dict.fromkeys(names, "all")})
    report = evaluate_labelled(run, labelled(uneven, {}, table), metrics=["ndcg@4"], slice_by="band")
    assert report.slices[0].figures == report.figures
    alike = evaluate_labelled(run, labelled(labels, {}, table), metrics=["ndcg@4"], slice_by="band")
    assert alike.figures[0].mean != report.figures[0].mean


def test_of_several_chances_of_its_pairs_a_query_has_the_lowest():
    """A query is whole when its rarest pair was drawn."""
    _, labels, _ = market()
    rarer = [
        replace(each, inclusion_probability=0.1)
        if each.source == "person" and (each.query, each.item_id) == ("query 3", "c") else each for each in labels
    ]  # fmt: skip
    drawn = labelled(rarer, {}).pools.drawn
    assert drawn["query 3"] == pytest.approx(2 * drawn["query 4"])


def test_slices_with_few_queries_have_no_figure():
    run, labels, _ = market(n_people=70)
    names = {query_id_of(f"query {q}"): f"query {q}" for q in range(200)}
    bands = {query_id: "rare" if text.endswith("7") else "common" for query_id, text in names.items()}
    report = evaluate_labelled(
        run, labelled(labels, {}, Queries(names, {"band": bands})), metrics=["ndcg@4"], slice_by="band"
    )
    common, rare = (part.figures[0] for part in report.slices)
    assert common.low < common.mean < common.high
    assert rare.n < MINIMUM and np.isnan(rare.low)


def test_the_ids_of_the_queries_are_those_of_the_table():
    run, labels, _ = market()
    table = Queries({f"Q{q}": f"Query {q}" for q in range(120)})
    named = Run.of({f"Q{q}": [("a", 1.0)] for q in range(120)})
    assert evaluate_labelled(named, labelled(labels, {}, table), metrics=["mrr"]).labels.n_queries == 120
    assert len(run) == 200


def test_without_a_machine_there_is_nothing_to_rectify():
    _, labels, _ = market()
    with pytest.raises(UsageError, match="No model's label"):
        labelled([each for each in labels if each.source == "person"], {})


def test_stale_and_ungradeable_pairs_are_open_and_counted():
    run, labels, _ = market()
    seen = [replace(each, item_digest="then") if each.item_id == "a" else each for each in labels]
    report = evaluate_labelled(run, labelled(seen, {"a": "now"}), metrics=["precision@4"])
    assert (report.labels.n_human, report.labels.n_stale) == (60, 200)
    low, high = report.labels.figures
    assert low.human_mean + 0.15 < high.human_mean  # 0 or 2 at rank 1 of each query
    assert all("a" not in items for items in labelled(seen, {"a": "now"}).judged.grades.values())


def by_model(labels, query, **changed):
    return [replace(each, **changed) if each.source == "model" and each.query == query else each for each in labels]


def test_labels_of_two_judges_are_refused_with_their_counts_unless_one_is_named():
    run, labels, _ = market()
    mixed = by_model(labels, "query 3", by="other")
    with pytest.raises(UsageError, match=r"796 labels by judge@p@r1, 4 labels by other@p@r1") as refused:
        labelled(mixed, {})
    assert "--judge 'judge@p@r1'" in str(refused.value)
    for changed in ({"prompt_hash": "p2"}, {"rubric": "r2"}):
        with pytest.raises(UsageError, match="Several judges"):
            labelled(by_model(labels, "query 3", **changed), {})
    report = evaluate_labelled(run, labelled(mixed, {}, judge="judge"), metrics=["precision@4"])
    assert (report.labels.judge, report.labels.n_queries, report.labels.n_without_machine) == ("judge@p@r1", 199, 1)
    with pytest.raises(UsageError, match="'judg' is no judge"):
        labelled(mixed, {}, judge="judg")
    with pytest.raises(UsageError, match="'judge' is several judges"):
        labelled(by_model(labels, "query 3", prompt_hash="p2"), {}, judge="judge")


def test_people_who_saw_the_machine_first_do_not_rectify_it_nor_do_labels_that_were_taken_back():
    run, labels, _ = market(n_people=65)
    seen = [replace(each, shown=each.source == "person" and each.query == "query 3") for each in labels]
    report = evaluate_labelled(run, labelled(seen, {}), metrics=["precision@4"])
    assert (report.labels.n_human, report.labels.n_shown) == (64, 4)
    [first] = [each for each in labels if (each.source, each.query, each.item_id) == ("person", "query 4", "a")]
    undo = replace(first, at=START + timedelta(hours=1), grade_low=None, grade_high=None, retracts=first.label_id)
    picked = replace(first, at=START + timedelta(hours=2), inclusion_probability=None)
    others = [replace(each, inclusion_probability=None) if each.source == "person" and each.query == "query 4"
              and each.item_id != "a" else each for each in labels]  # fmt: skip
    assert len(labelled([*others, undo, picked], {}).pools.drawn) == 64


def test_stale_pairs_of_a_query_without_others_are_counted_too():
    run, labels, _ = market()
    then = [replace(each, item_id="z", item_digest="then") if each.query == "query 99" else each for each in labels]
    report = evaluate_labelled(run, labelled(then, {"z": "now"}), metrics=["precision@4"])
    assert (report.labels.n_queries, report.labels.n_stale) == (199, 1)


def test_stale_pairs_of_queries_that_the_figure_is_not_about_are_not_counted():
    run, labels, _ = market()
    people = [label(f"only people {q}", "z", 1, item_digest="then") for q in range(40)]
    outside = [replace(each, item_digest="then") if each.query == "query 150" and each.item_id == "a" else each
               for each in labels]  # fmt: skip
    now = {"z": "now", "a": ""}
    assert evaluate_labelled(run, labelled([*outside, *people], now), metrics=["mrr"]).labels.n_stale == 1
    draws = {"b": Draw({f"query {q}": 0.5 for q in range(60)}, Frame.of({f"query {q}" for q in range(120)}, {}))}
    given = labelled([*outside, *people], now, draws=draws)
    assert evaluate_labelled(run, given, metrics=["mrr"]).labels.n_stale == 0


def test_what_cannot_be_graded_is_0_at_one_end_and_2_at_the_other():
    run, labels, _ = market()
    none = {"grade_low": None, "grade_high": None}
    blind = [replace(each, **none) if each.source == "person" and each.item_id == "a" else each for each in labels]
    report = evaluate_labelled(run, labelled(blind, {}), metrics=["mrr"], all_queries=True)
    low, high = report.labels.figures
    assert low.human_mean < 0.5 and high.human_mean == 1  # the first hit of each
    assert (report.labels.n_human, report.labels.n_ungradeable) == (60, 60)


def test_queries_of_two_batches_have_no_weights():
    _, labels, _ = market(n_people=80)
    late = [replace(each, batch="c") if each.source == "person" and each.query < "query 2" else each for each in labels]
    with pytest.raises(UsageError, match=r"several batches .* in b, .* in c"):
        labelled(late, {})
    assert len(labelled(late, {}, drawn_alike=True).pools.drawn) == 80
    both = [*labels, *(each for each in late if each.batch == "c")]
    assert len(labelled(both, {}).pools.drawn) == 80, "batch b drew them all"


def test_a_pool_that_the_machine_did_not_finish_is_not_full():
    run, labels, _ = market(n_people=65)
    asked = frozenset((f"query {q}", item) for q in range(65) for item in ITEMS) | {("query 3", "e")}
    report = evaluate_labelled(run, labelled(labels, {}, asked=asked), metrics=["precision@4"])
    assert (report.labels.n_human, report.labels.n_partly, report.labels.n_unanswered) == (64, 1, 1)
    whole = [*labels, label("query 3", "e", 1)]
    assert len(labelled(whole, {}, asked=asked).pools.drawn) == 65


def test_queries_that_no_batch_could_draw_are_left_out_and_told():
    """People's batch was drawn from 120 of the 200 queries that the machine judged."""
    run, labels, _ = market()
    frame = Frame.of({f"query {q}" for q in range(120)}, {})
    draws = {"b": Draw({f"query {q}": 0.5 for q in range(60)}, frame)}
    report = evaluate_labelled(run, labelled(labels, {}, draws=draws), metrics=["precision@4"])
    assert (report.labels.n_queries, report.labels.n_human, report.labels.n_outside) == (120, 60, 80)
    alike = evaluate_labelled(run, labelled(labels, {}, draws=draws, drawn_alike=True), metrics=["precision@4"])
    assert (alike.labels.n_queries, alike.labels.n_outside) == (200, 0)


def test_an_item_that_changed_or_is_gone_takes_no_query_away():
    run, labels, _ = market()
    asked = frozenset((f"query {q}", item) for q in range(60) for item in ITEMS)
    changed = [replace(each, item_digest="then") if each.item_id == "a" else each for each in labels]
    report = evaluate_labelled(run, labelled(changed, {"a": "now"}, asked=asked), metrics=["precision@4"])
    assert (report.labels.n_human, report.labels.n_stale) == (60, 200)
    never = [each for each in labels if each.source != "person" or (each.query, each.item_id) != ("query 3", "a")]
    assert labelled(never, {}, asked=asked).pools.n_partly == 1
    sold = labelled(never, {}, asked=asked - {("query 3", "a")}, gone=frozenset({("query 3", "a")})).pools
    assert (len(sold.drawn), sold.n_partly) == (60, 0)


def test_hits_that_nobody_judged_are_told():
    run, labels, _ = market()
    longer = Run.of({query: [*run.hits(query), ("x", -5.0), ("y", -6.0)] for query in run.query_ids})
    report = evaluate_labelled(longer, labelled(labels, {}), k=6, metrics=["precision@6"])
    assert report.labels.judged == pytest.approx(4 / 6)
    assert "33% of the first hits nobody judged, they count as 0: figures may be off." in labels_text(report.labels)
    looked_at = evaluate_labelled(longer, labelled(labels, {}), k=6, metrics=["precision@4", "mrr"])
    assert looked_at.labels.judged == 1, "no figure looks at the fifth hit"


def test_a_plan_rests_on_what_is_judged_so_far():
    run, labels, truth = market()
    told = expected_so_far(run, labelled(labels, {}), "precision@4")
    assert told.deviation == pytest.approx(precision(truth[:60]).std(ddof=1), rel=0.05)
    assert 0.3 < told.correlation < 0.95 and told.n_judged == 60 and told.n_queries == 200


def test_labels_of_people_by_another_rubric_are_left_out_and_counted():
    run, labels, _ = market(n_people=62)
    others = [replace(each, rubric="r2") if each.query == "query 3" and each.source == "person" else each
              for each in labels]  # fmt: skip
    given = [replace(each, rubric="") if each.query == "query 4" and each.source == "person" else each
             for each in others]  # fmt: skip
    report = evaluate_labelled(run, labelled(given, {}), metrics=["ndcg@4"])
    assert (report.labels.n_other_rubric, report.labels.n_human) == (4, 61)
    assert "by another version of the rubric than the model's, left out: 4" in labels_text(report.labels)


def test_open_grades_are_told_to_be_no_bounds():
    run, labels, _ = market()
    opened = [replace(each, grade_low=0) if each.source == "model" and each.grade_high == 2 else each
              for each in labels]  # fmt: skip
    report = evaluate_labelled(run, labelled(opened, {}), metrics=["ndcg@4"])
    assert "They are no bounds" in labels_text(report.labels)
