"""`grade tune` and `grade audit` step by step in a workspace, with judges of known error over real HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import delete
from tests.contract.asking import PRICES
from tests.contract.chat_replies import Asked, Reply, broken
from tests.contract.chat_server import Server
from tests.unit.relevance.asked import texts
from tests.unit.relevance.people import AT, graded_queries, judge, label, numbers, query, reasons, shown_to

from semsearch import wiring
from semsearch.errors import MissingPart, MissingService, Refused, UsageError
from semsearch.evaluation.evaluate import evaluate
from semsearch.evaluation.labels.labelled import qrels_of
from semsearch.evaluation.labels.powered import powered_mean
from semsearch.evaluation.queries import query_id_of
from semsearch.evaluation.runs import Run
from semsearch.records import Facet, Label
from semsearch.relevance.auditing import steps as audit_steps
from semsearch.relevance.choice import choice
from semsearch.relevance.locked import openings
from semsearch.relevance.splits import part_of
from semsearch.relevance.steps import Parts, grade, judging
from semsearch.relevance.tuning import steps as tune_steps
from semsearch.settings import Settings
from semsearch.store.labels import LabelFiles, effective
from semsearch.store.labels.pools import Pair
from semsearch.store.tables import llm_answers
from semsearch.workspace import Workspace

SIZES = {"tuning": 2, "selection": 2, "locked": 3}
LABELS = [each for part, n in SIZES.items() for each in graded_queries(numbers(part, n))]


@contextmanager
def desk(folder: Path, server: Server, labels: Sequence[Label] = LABELS, **changed: object) -> Iterator[Parts]:
    workspace = Workspace.create(folder)
    LabelFiles(workspace).append(*labels)
    given = {"base_url": server.url, "small": "scripted-small", "prices": PRICES, "concurrency": 8, **changed}
    settings = Settings.model_validate({"llm": given})
    with wiring.open_grading(workspace, settings, clock=lambda: AT + timedelta(days=3)) as parts:
        yield parts


def tuned(parts: Parts, by: str = "minji", *, again: bool = False) -> tune_steps.Report:
    given = tune_steps.trial(parts, [])
    looks = tune_steps.may_look(parts, by=by, again=again)
    return tune_steps.report(parts, given, tune_steps.tune(parts, given), by=by, again=again, looks=looks)


def machine(parts: Parts, labels: Sequence[Label] = LABELS, batch: str = "b") -> None:
    pairs = [Pair(each.query, each.item_id, each.query, each.item) for each in labels]
    list(grade(parts, pairs, judging(parts), batch))


def audited(parts: Parts, *, by: str = "", again: bool = False, locked: bool = False) -> audit_steps.Audited:
    given = audit_steps.compared(parts, by=by, again=again, with_locked=locked)
    return audit_steps.audited(parts, given, n_probes=0)


def only(wrong: Callable[[Asked], bool]) -> Callable[[Asked], Reply]:
    return lambda asked: judge(asked, wrong=wrong(asked))


def forget_answers(parts: Parts) -> None:
    """As if another endpoint stood behind the same name."""
    with parts.store.writing() as connection:
        connection.execute(delete(llm_answers))


# --- tune ---------------------------------------------------------------------------------------------------------


def test_the_choice_is_reported_on_the_locked_part_and_grading_goes_by_it(tmp_path: Path):
    with Server(only(lambda asked: not reasons(asked))) as server, desk(tmp_path, server) as parts:
        told = tuned(parts)
        assert told.score
        assert (told.score.n, told.score.n_queries, told.score.weighted_kappa.value) == (9, 3, 1.0)
        (opening,) = told.openings
        found = choice(parts.workspace)
        assert found
        how = judging(parts)
        assert how.variant.name == found.variant == told.score.name != "no-reasoning"
        assert how.prompt_hash == found.prompt_hash == opening.prompt_hash
        assert (opening.by, opening.model, opening.n_pairs) == ("minji", "scripted-small", 9)


def test_who_opens_it_is_asked_for_before_anything_is(tmp_path: Path):
    with Server(judge) as server, desk(tmp_path, server) as parts:
        with pytest.raises(UsageError, match="the name is written down"):
            tuned(parts, by="")
        assert (server.n_calls, openings(parts.workspace)) == (0, [])


def test_after_the_first_look_it_stays_shut(tmp_path: Path):
    with Server(judge) as server, desk(tmp_path, server) as parts:
        first = tuned(parts)
        same = tuned(parts, by="")  # the same look: the figures again, and no second opening
        assert (same.score, same.openings, same.now, same.changed) == (first.score, first.openings, first.now, False)
        parts.files.append(label(numbers("tuning", 9)[-1], "new", 1), label(numbers("locked", 9)[-1], "new", 1))
        n = server.n_calls
        shut = tuned(parts, by="")
        assert (shut.score, len(shut.openings)) == (None, 1)
        assert (shut.now, shut.before) == (first.now, first.now)  # the same choice keeps the figure that it has
        seen = {part_of(shown_to(asked)[0]) for asked in server.requests[n:]}
        assert "locked" not in seen
        opened = tuned(parts, by="jun", again=True)
        assert opened.score
        assert [(each.n, each.by) for each in opened.openings] == [(1, "minji"), (2, "jun")]


def test_other_examples_are_another_look(tmp_path: Path):
    facets = (Facet("brand", "nike", True), Facet("item", "shoes", True), Facet("attribute", "red", False))

    def unexampled(asked: Asked) -> bool:
        return not any(text.startswith("{") for text in texts(asked))

    with Server(only(unexampled)) as server, desk(tmp_path, server) as parts:
        first = tuned(parts)
        assert first.score
        assert "no-examples" not in first.score.name
        parts.files.append(label(numbers("tuning", 1)[0], "new", 1, origin="facets", facets=facets))
        n = server.n_calls
        shut = tuned(parts, by="")
        assert (shut.score, len(shut.openings)) == (None, 1)
        assert "locked" not in {part_of(shown_to(asked)[0]) for asked in server.requests[n:]}
        assert len(tuned(parts, by="jun", again=True).openings) == 2


def test_examples_are_what_people_settled_by_this_rubric(tmp_path: Path):
    ns = numbers("tuning", 5)
    yes, no = (Facet("item", "x", True),), (Facet("item", "x", False),)
    said = {"origin": "facets", "facets": yes}
    given = [
        label(ns[0], "good", 2, **said),
        label(ns[1], "seen", 2, shown=True, **said),
        label(ns[2], "old", 2, **{**said, "rubric": "0", "batch": "c"}),
        label(ns[3], "torn", 2, **said), label(ns[3], "torn", 0, by="jun", origin="facets", facets=no),
        label(ns[4], "ruled", 2, **said),
        label(ns[4], "ruled", 0, by="jun", origin="facets", facets=no, role="adjudication"),
    ]  # fmt: skip
    with Server(judge) as server, desk(tmp_path, server) as parts:
        for each in given:
            parts.files.append(each)
        found = {each.query: each.facets for each in judging(parts).examples.near("nike", 99)}
    assert {n: found[query(n)] for n in ns if query(n) in found} == {ns[0]: yes, ns[4]: no}


def test_labels_are_read_when_an_example_is_asked_for(tmp_path: Path):
    with Server(judge) as server, desk(tmp_path, server) as parts:
        parts.files.append(label(numbers("tuning", 1)[0], "good", 2))
        parts.files.paths("person")[0].write_bytes(b"<<<<<<< ours\n")
        examples = judging(parts).examples
        assert examples.near("nike", 0) == ()
        with pytest.raises(UsageError, match="merge conflict"):
            examples.near("nike", 4)


def test_a_look_that_was_stopped_goes_on_and_is_no_second_one(tmp_path: Path):
    down = True

    def answer(asked: Asked) -> Reply:
        return broken(503) if down and part_of(shown_to(asked)[0]) == "locked" else judge(asked)

    with Server(answer) as server, desk(tmp_path, server, retries=0) as parts:
        with pytest.raises(MissingService):
            tuned(parts)
        assert len(openings(parts.workspace)) == 1  # written down before it was asked about
        assert choice(parts.workspace) is None  # nothing is in force that was not reported
        down = False
        told = tuned(parts, by="")
        assert told.score
        assert (told.score.n_graded, len(told.openings)) == (9, 1)
        assert choice(parts.workspace) == told.now


def test_what_was_in_force_stays_so_until_another_choice_is_reported(tmp_path: Path):
    down, better = False, "no-reasoning"

    def answer(asked: Asked) -> Reply:
        if down and part_of(shown_to(asked)[0]) == "locked":
            return broken(503)
        return judge(asked, wrong=reasons(asked) == (better == "no-reasoning"))

    with Server(answer) as server, desk(tmp_path, server, retries=0) as parts:
        first = tuned(parts).now
        assert "no-reasoning" in first.variant
        assert (first.locked or {})["weighted_kappa"] == 1.0
        down, better = True, "reasoning"
        forget_answers(parts)
        with pytest.raises(MissingService):
            tuned(parts, by="jun", again=True)
        assert choice(parts.workspace) == first
        down = False
        told = tuned(parts)
        assert (told.before, told.now, told.changed) == (first, choice(parts.workspace), True)
        assert "no-reasoning" not in told.now.variant
        assert (told.now.locked or {})["opening"] == len(told.openings) == 2


def test_a_choice_that_stayed_locked_has_no_figure(tmp_path: Path):
    better = "no-reasoning"
    with (
        Server(lambda asked: judge(asked, wrong=reasons(asked) == (better == "no-reasoning"))) as server,
        desk(tmp_path, server) as parts,
    ):
        first = tuned(parts).now
        better = "reasoning"
        forget_answers(parts)
        told = tuned(parts, by="")
        assert (told.score, told.before, told.changed) == (None, first, True)
        assert told.now.locked is None
        assert choice(parts.workspace) == told.now
        again = tuned(parts, by="")
        assert (again.before, again.now, again.changed) == (told.now, told.now, False)


def test_a_prompt_that_asks_for_something_else_is_refused(tmp_path: Path):
    with Server(judge) as server, desk(tmp_path, server) as parts, pytest.raises(UsageError, match="for facets"):
        tune_steps.trial(parts, ["spam-verdict"])


# --- audit --------------------------------------------------------------------------------------------------------


def test_an_audit_finds_the_error_that_was_put_in_and_sends_nothing(tmp_path: Path):
    with Server(only(lambda asked: "1" in shown_to(asked)[2])) as server, desk(tmp_path, server) as parts:
        machine(parts)
        n = server.n_calls
        found = audited(parts)
        assert server.n_calls == n
        assert found.audit.table == {("0", "0"): 4, ("1", "2"): 4, ("2", "2"): 4}  # "1" is the body of what is a 1
        assert (found.audit.n, found.locked, found.n_locked, found.openings) == (12, False, 9, ())


def test_the_locked_part_of_an_audit_is_opened_too(tmp_path: Path):
    with Server(judge) as server, desk(tmp_path, server) as parts:
        machine(parts)
        with pytest.raises(UsageError, match="semsearch grade audit --locked --by NAME"):
            audited(parts, locked=True)
        found = audited(parts, locked=True, by="minji")
        assert (found.audit.n, found.locked, [each.why for each in found.openings]) == (21, True, ["audit"])
        parts.files.append(label(numbers("locked", 9)[-1], "new", 1))
        with pytest.raises(Refused, match="opened once"):
            audited(parts, locked=True, by="minji")
        assert len(audited(parts, locked=True, by="minji", again=True).openings) == 2


def test_other_labels_of_the_same_machine_are_another_look(tmp_path: Path):
    with Server(judge) as server, desk(tmp_path, server) as parts:
        machine(parts)
        first = audited(parts, locked=True, by="minji")
        assert audited(parts, locked=True).openings == first.openings
        (old,) = (each for each in parts.files.read("model") if each.item_id == LABELS[-1].item_id)
        parts.files.append(replace(old, grade_low=2, grade_high=2, at=AT + timedelta(days=4)))
        with pytest.raises(Refused, match="opened once"):
            audited(parts, locked=True, by="minji")


def test_abstentions_are_told_from_what_was_never_asked(tmp_path: Path):
    first, second = numbers("tuning", 2)
    silent = label(first, "s", 2, body="silent")
    unasked = label(second, "u", 1)
    with Server(judge) as server, desk(tmp_path, server) as parts:
        parts.files.append(silent, unasked)
        machine(parts, [*LABELS, silent])
        n = server.n_calls
        table = audited(parts).audit.table
        assert (table[("2", "not JSON")], table[("1", "no label")]) == (1, 1)
        assert server.n_calls == n


def test_probes_are_asked_and_priced(tmp_path: Path):
    with Server(judge) as server, desk(tmp_path, server) as parts:
        machine(parts)
        given = audit_steps.compared(parts, by="", again=False, with_locked=False)
        n = server.n_calls
        told = audit_steps.price_audit(parts, given, 3)
        assert (told.n_calls, server.n_calls) == (9, n)  # three changed pairs a probe; as they are they are known
        found = {each.name: each for each in audit_steps.audited(parts, given, n_probes=3).probes}
        assert server.n_calls == n + 9
        assert {name: each.n for name, each in found.items()} == dict.fromkeys(found, 3)
        assert (found["length"].fooled.value, found["brand only"].down.value) == (0.0, 1.0)


def test_without_a_shared_pair_there_is_nothing_to_audit(tmp_path: Path):
    with (
        Server(judge) as server,
        desk(tmp_path, server) as parts,
        pytest.raises(MissingPart, match="people settled 12 outside the locked part"),
    ):
        audited(parts)


# --- from people's labels to a figure ------------------------------------------------------------------------------


def test_a_judge_of_known_error_gives_the_figure_of_people_within_its_interval(tmp_path: Path):
    """People judge 20 queries, a judge that is wrong on every third judges 50: audited, then rectified."""
    pytest.importorskip("ppi_py")
    orders = ((2, 1, 0), (1, 2, 0), (0, 1, 2), (1, 0, 2))
    every = [each for n in range(50) for each in graded_queries([n], orders[n % 4])]
    people = every[:60]
    ranking = [(f"i{{}}-{at}", 3.0 - at) for at in range(3)]
    run = Run.of(
        {query_id_of(each.query): [(item.format(n), score) for item, score in ranking]
         for n, each in enumerate(every[::3])}
    )  # fmt: skip

    def answer(asked: Asked) -> Reply:
        return judge(asked, wrong=int(shown_to(asked)[0].split()[0].removeprefix("nike")) % 3 == 0)

    with Server(answer) as server, desk(tmp_path, server, labels=people) as parts:
        machine(parts, every)
        found = audited(parts, locked=True, by="minji").audit
        assert found.table == {("0", "0"): 20, ("1", "1"): 13, ("1", "2"): 7, ("2", "2"): 20}
        labels = list(parts.files.read())
    sources = {of: [label for label in labels if label.source == of] for of in ("person", "model")}
    values = {of: evaluate(run, qrels_of(effective(said)), ["ndcg@3"]) for of, said in sources.items()}
    of_machine = dict(zip(values["model"].query_ids, values["model"].values["ndcg@3"].tolist(), strict=True))
    judged = values["person"].query_ids
    human = values["person"].values["ndcg@3"]
    at_these = np.array([of_machine[query_id] for query_id in judged])
    others = np.array([value for query_id, value in of_machine.items() if query_id not in judged])
    told = powered_mean(human, at_these, others, seed=0, resamples=300, minimum=20)
    truth = evaluate(run, qrels_of(effective(every)), ["ndcg@3"]).mean("ndcg@3")
    assert told.low <= human.mean() <= told.high
    assert told.low <= truth <= told.high
    assert not np.isclose(np.mean([*of_machine.values()]), truth, atol=0.01)  # the machine alone is off
    assert (told.n_human, told.n_machine, told.human_mean) == (20, 30, pytest.approx(human.mean()))
