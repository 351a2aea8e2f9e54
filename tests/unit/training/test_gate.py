"""The gate on two releases of one tiny market: the candidate's encoder knows a word that the current one does not."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parents[1] / "retrieval"))

import tiny_market as market

from semsearch import wiring
from semsearch.cli.app import app
from semsearch.errors import MissingPart, Refused, UsageError
from semsearch.evaluation.qrels import Qrels
from semsearch.evaluation.queries import Queries
from semsearch.evaluation.questions import Questions
from semsearch.index.release import Release
from semsearch.ingest.importing import import_rows
from semsearch.report.gate import conditions_text, gate_page, next_step
from semsearch.retrieval.asked import answerable, answers, shared_contests, whole_contest
from semsearch.retrieval.search import Searcher
from semsearch.settings import GateSettings, SearchSettings
from semsearch.text.views import VIEWS_VERSION
from semsearch.towers.card import ModelCard
from semsearch.towers.template import ItemTemplate
from semsearch.training.gate import held_out, judging
from semsearch.training.gate.bands import even_sample
from semsearch.training.gate.held_out import HeldOut
from semsearch.training.gate.judging import gate, shared_side
from semsearch.workspace import Workspace

NOW = datetime(2024, 6, 1, tzinfo=UTC)
N = 40


class Knowing(market.Axes):
    """Also reads `telephone` as phone; as axes, another model would be another encoder."""

    encoder_id = "axes2"

    def encode_queries(self, texts):
        return super().encode_queries([text.replace("telephone", "phone") for text in texts])


class Forgetting(market.Axes):
    """Reads nothing."""

    encoder_id = "axes3"

    def encode_queries(self, texts):
        return np.zeros((len(texts), 3), np.float32)


ENCODERS = {"m1": market.Axes, "m2": Knowing, "m3": Forgetting}
ITEMS = [
    market.item("phone", "phone"),
    market.item("chair", "chair"),
    market.item("ended", "lamp", ended_at=datetime(2024, 1, 1, tzinfo=UTC)),
    market.item("sold", "lamp", status="sold", ended_at=datetime(2024, 5, 1, tzinfo=UTC)),
    market.item("future", "phone lamp", created_at=datetime(2024, 5, 20, tzinfo=UTC)),
]


def build(workspace, model_id, items=None, **more):
    return market.build(workspace, items or ITEMS, model_id=model_id, encoder=ENCODERS[model_id](), **more)


def searcher(workspace, manifest):
    release = Release.open(manifest, workspace.release_path(manifest.release_id))
    return Searcher(release, ENCODERS[manifest.model_id], SearchSettings(mode="dense"))


def questions(word="telephone", wanted="phone", at=None, n=N, seen=frozenset()):
    ids = [f"q{i:02}" for i in range(n)]
    queries = Queries({q: f"{word} {i}" for i, q in enumerate(ids)}, {"band": dict.fromkeys(ids, "tail")})
    moments = dict.fromkeys(ids, at) if at else {}
    return Questions(queries, Qrels({q: {wanted: 1.0} for q in ids}), moments, dict.fromkeys(ids, seen))


# --- asking ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "found"),
    [
        (datetime(2023, 12, 31, tzinfo=UTC), ["ended", "sold"]),  # what is sold now was active then
        (datetime(2024, 4, 30, tzinfo=UTC), ["sold"]),
        (datetime(2024, 5, 21, tzinfo=UTC), ["future"]),
        (None, ["future"]),
    ],
)
def test_a_question_is_put_to_what_was_alive_when_it_was_asked(tmp_path, at, found):
    workspace = Workspace.create(tmp_path)
    asked = searcher(workspace, build(workspace, "m1"))
    run = answers(asked, questions("lamp", at=at, n=1), whole_contest(asked.release), 2, now=NOW, name="x")
    assert [item for item, score in run.hits("q00") if score > 0.5] == found


def test_what_was_seen_is_left_out(tmp_path):
    workspace = Workspace.create(tmp_path)
    asked = searcher(workspace, build(workspace, "m1"))
    left = questions("phone", n=1, seen=frozenset({"phone", "not here"}))
    run = answers(asked, left, whole_contest(asked.release), 9, now=NOW, name="x")
    assert "phone" not in [item for item, _ in run.hits("q00")]


def test_only_items_of_both_compete_and_the_newer_rows_say_when_they_end(tmp_path):
    workspace = Workspace.create(tmp_path)
    newer = [row for row in ITEMS if row["item_id"] != "chair"]
    newer[0] = newer[0] | {"ended_at": datetime(2024, 5, 31, tzinfo=UTC)}
    newer.append(market.item("new", "phone"))
    a = searcher(workspace, build(workspace, "m1"))
    b = searcher(workspace, build(workspace, "m2", newer))
    of_a, of_b = shared_contests(a.release, b.release)
    assert of_a.item_ids == of_b.item_ids == ("ended", "future", "phone", "sold")
    for asked, contest in ((a, of_a), (b, of_b)):
        run = answers(asked, questions("phone", n=1), contest, 9, now=NOW, name="x")
        assert [item for item, _ in run.hits("q00")] == ["future"]
    assert answerable(questions(), of_b, NOW).grades == {}
    assert len(answerable(questions(at=datetime(2024, 5, 1, tzinfo=UTC)), of_b, NOW)) == N


# --- judging --------------------------------------------------------------------------------


def judged(workspace, current, candidate, asked=None, **more):
    pair = [searcher(workspace, manifest) for manifest in (current, candidate)]
    return gate(*pair, asked or questions(), GateSettings(metric="mrr@10"), now=NOW, **more)


def test_a_candidate_that_knows_more_passes(tmp_path):
    workspace = Workspace.create(tmp_path)
    result = judged(workspace, build(workspace, "m1"), build(workspace, "m2"))
    assert (result.outcome, result.passed) == ("passed", True)
    every = result.cohorts[0]
    assert (every.mean_current, every.mean_candidate, every.low) == (0.0, 1.0, 1.0)
    assert (result.n_questions, result.n_items, result.serving) == (N, len(ITEMS), {"mode": "dense"})
    again = judged(workspace, build(workspace, "m1"), build(workspace, "m2"))
    assert again == result
    other = judged(workspace, build(workspace, "m1"), build(workspace, "m2"), target="tail")
    assert other.gate_id != result.gate_id


def test_a_candidate_that_forgets_is_refused_and_shows_what_it_loses(tmp_path):
    workspace = Workspace.create(tmp_path)
    result = judged(workspace, build(workspace, "m1"), build(workspace, "m3"), questions("phone"))
    assert result.outcome == "refused"
    assert "all does not gain" not in result.told
    assert (result.cohorts[0].finding, result.cohorts[0].difference) == ("loss", -1.0)
    lost = result.lost[0]
    assert (lost.current, lost.candidate, lost.hits_candidate) == (1.0, 0.0, ())
    assert lost.hits_current[0].item_id == "phone"


def test_questions_that_nothing_can_answer_are_left_out_and_counted(tmp_path):
    workspace = Workspace.create(tmp_path)
    some = questions()
    grades = dict(some.qrels.grades) | {"q00": {"ended": 1.0}, "q01": {"unknown": 1.0}}
    result = judged(workspace, build(workspace, "m1"), build(workspace, "m2"), Questions(
        some.queries, Qrels(grades), some.asked_at, some.seen
    ))  # fmt: skip
    assert (result.n_questions, result.n_unanswerable) == (N - 2, 2)
    with pytest.raises(UsageError, match="None of the 40 questions can be answered"):
        judged(workspace, build(workspace, "m1"), build(workspace, "m2"), questions(wanted="ended"))


def test_an_item_that_only_one_release_holds_is_not_asked_with(tmp_path):
    workspace = Workspace.create(tmp_path)
    a = searcher(workspace, build(workspace, "m1"))
    b = searcher(workspace, build(workspace, "m2", [*ITEMS, market.item("new", "lamp")]))
    anchors = {"chair": "chair", "new": "new", "ended": "ended"}  # an ended item may still be looked at
    asked = Questions(Queries(anchors), Qrels({q: {"phone": 1.0} for q in anchors}), {}, dict.fromkeys(anchors, ()))
    contest = shared_contests(a.release, b.release)[1]
    assert list(answerable(asked, contest, NOW, "item").grades) == ["chair", "ended"]
    assert len(answerable(asked, contest, NOW)) == 3


def test_many_questions_are_sampled_and_the_report_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(judging, "even_sample", lambda ids, bands: even_sample(ids, bands, 35))
    workspace = Workspace.create(tmp_path)
    result = judged(workspace, build(workspace, "m1"), build(workspace, "m2"))
    assert (result.n_questions, result.n_not_asked, len(result.changes)) == (35, N - 35, 35)
    assert "35 questions" in conditions_text(result, 1)
    assert "An even sample: 40 could be answered." in conditions_text(result, 1)


def test_bands_that_are_judged_together_are_told_and_may_be_the_target(tmp_path):
    workspace = Workspace.create(tmp_path)
    some = questions()
    bands = {q: "head" if i < 5 else "torso" for i, q in enumerate(some.queries.texts)}
    asked = replace(some, queries=replace(some.queries, columns={"band": bands}))
    result = judged(workspace, build(workspace, "m1"), build(workspace, "m2"), asked, target="head")
    assert (result.outcome, result.target) == ("passed", "head+torso")
    assert [(c.name, c.target, c.n) for c in result.cohorts] == [("all", False, N), ("head+torso", True, N)]
    assert "fewer than 30 questions: head+torso." in conditions_text(result, 1)


def test_what_was_changed_decides_what_to_do_after_a_no(tmp_path):
    workspace = Workspace.create(tmp_path)
    current = build(workspace, "m1")
    no = judged(workspace, current, build(workspace, "m3"), questions("phone"))
    assert no.changed == ("model",)
    assert next_step(no) == f"Next: semsearch train, once there is more data; {current.release_id} stays served"
    assert "lexicon" in next_step(replace(no, changed=("words",)))


def test_two_pipelines_or_one_release_are_no_pair(tmp_path):
    workspace = Workspace.create(tmp_path)
    one = build(workspace, "m1")
    with pytest.raises(UsageError, match="nothing to judge"):
        judged(workspace, one, one)
    with pytest.raises(UsageError, match="pipeline 'similar'"):
        judged(workspace, one, build(workspace, "m2", pipeline="similar"))


def test_the_page_shows_every_cohort_and_escapes_what_people_wrote(tmp_path):
    workspace = Workspace.create(tmp_path)
    evil = '<script>alert("x")</script> phone'
    page = gate_page(
        judged(workspace, build(workspace, "m1"), build(workspace, "m3"), questions(evil)), {"phone": evil}
    )
    assert "<script" not in page and "&lt;script&gt;" in page
    assert "refused" in page and "tail loses" in page
    assert page.count("<svg") == page.count("</svg>") == 2
    few = judged(workspace, build(workspace, "m1"), build(workspace, "m2"), questions(n=3))
    assert "below 30 nothing can be said" in gate_page(few, {})
    assert "judge more queries" in next_step(few)


@pytest.mark.parametrize("name", ["nDCG@10", " RR@10 "])
def test_a_metric_may_be_written_as_anywhere_else(tmp_path, name):
    workspace = Workspace.create(tmp_path)
    pair = [searcher(workspace, build(workspace, model_id)) for model_id in ("m1", "m2")]
    result = gate(*pair, questions(), GateSettings(metric=name), now=NOW)
    assert result.passed and result.changes == (1.0,) * N
    assert result.settings["metric"] == name  # the door compares what is set


# --- the commands ---------------------------------------------------------------------------


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A workspace that serves m1, with candidates of m2 and m3 and a log of 100 searches for `telephone …`."""
    monkeypatch.setattr(wiring.serving, "open_encoder", lambda _workspace, model_id, _settings: ENCODERS[model_id]())
    monkeypatch.setattr(wiring.building, "_segmenter", lambda *_: None)
    workspace = Workspace.create(tmp_path / "shop")
    workspace.path("semsearch.toml").write_text(
        "[log]\ntest = 0.4\n[search]\nmode = 'dense'\n[gate]\nmetric = 'mrr@10'\n"
    )
    for model_id in ENCODERS:
        card(workspace, model_id)
    for model_id in ("m1", "m2", "m3"):
        made = build(workspace, model_id)
        if model_id == "m1":
            workspace.publish(made.release_id, "default", now=NOW)
    (tmp_path / "items.jsonl").write_text(market.frame(ITEMS).select("item_id", "title", "created_at").write_ndjson())
    import_rows(workspace, "items", [tmp_path / "items.jsonl"], now=NOW)
    return workspace


def card(workspace, model_id, **metrics):
    made = ModelCard(model_id, model_id, "static", 3, ItemTemplate(), VIEWS_VERSION, "", metrics=metrics)
    workspace.model_path(model_id).mkdir(exist_ok=True)
    made.write(workspace.model_path(model_id))


def log(workspace, n=100):
    """One search and one click on `phone` an hour, each for its own query."""
    start = datetime(2024, 4, 1, tzinfo=UTC)
    rows = [
        {
            "ts": (start + timedelta(hours=i, seconds=s)).isoformat(),
            "actor_id": f"a{i}", "kind": kind, "query": f"telephone {i}", "item_id": item,
        }
        for i in range(n)
        for s, kind, item in ((0, "search", None), (5, "click", "phone"))
    ]  # fmt: skip
    file = workspace.root.parent / "log.jsonl"
    pl.DataFrame(rows).write_ndjson(file)
    import_rows(workspace, "interactions", [file], now=NOW)
    return start


def release_of(workspace, model_id):
    return next(m.release_id for m in workspace.releases() if m.model_id == model_id)


def run(workspace, *words, env=None):
    result = CliRunner().invoke(app, [*words, "-w", str(workspace.root)], env=env)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_from_the_log_to_a_published_candidate(shop):
    log(shop)
    good = release_of(shop, "m2")
    with pytest.raises(Refused, match="no gate has judged it"):
        run(shop, "release", "publish", good)
    done = run(shop, "release", "gate", good, "--html", str(shop.root / "gate.html"))
    assert done.exit_code == 0
    assert "all (target)" in done.stdout and "40 questions from the end of the log" in done.stdout
    assert f"Next: semsearch release publish -w {shop.root} {good}" in done.stderr
    assert "<svg" in (shop.root / "gate.html").read_text()
    listed = {row["release_id"]: row for row in json.loads(run(shop, "release", "list", "--json").stdout)}
    assert listed[good]["gate"] == "passed"
    assert listed[release_of(shop, "m3")]["gate"] == "needed"
    assert run(shop, "release", "publish", good).exit_code == 0
    assert shop.state().events[-1]["because"] == "gate"


def test_json_is_the_whole_result_also_when_the_answer_is_no(shop):
    log(shop)
    bad = release_of(shop, "m3")
    with pytest.raises(Refused) as caught:
        run(shop, "release", "gate", bad)
    assert caught.value.exit_code == 3
    assert "both releases answer all 40 questions alike" in caught.value.message
    with pytest.raises(Refused, match="said refused"):
        run(shop, "release", "publish", bad)
    shown = json.loads(run(shop, "release", "show", bad, "--json").stdout)
    assert shown["gate"] == "refused"
    assert shown["gates"]["results"][0]["cohorts"][0]["n"] == 40
    told = run(shop, "release", "show", bad).stderr
    assert "refused" in told and "Next: " in told


def test_force_takes_its_name_from_the_environment(shop):
    bad = release_of(shop, "m3")
    with pytest.raises(UsageError, match="--reason"):
        run(shop, "release", "publish", bad, "--force", "--by", "minji")
    with pytest.raises(UsageError, match="SEMSEARCH_REVIEWER"):
        run(shop, "release", "publish", bad, "--force", "--reason", "a trial")
    done = run(shop, "release", "publish", bad, "--force", "--reason", "a trial", env={"SEMSEARCH_REVIEWER": "minji"})
    assert done.exit_code == 0
    assert "Forced by minji" in run(shop, "release", "show", bad).stderr
    assert json.loads(run(shop, "release", "show", bad, "--json").stdout)["gate"] == "forced"


def test_a_build_is_no_way_around_the_gate(shop):
    workspace = shop
    workspace.choose_model("m2", "default")
    with pytest.raises(Refused, match="is built, but not published") as caught:
        run(workspace, "index", "build", "--publish")
    assert "release gate" in caught.value.next_step
    assert workspace.current().model_id == "m1"
    assert "release gate" in run(workspace, "index", "build").stderr
    with pytest.raises(Refused):
        wiring.publish(workspace, release_of(workspace, "m2"), now=NOW)


def test_judgements_in_files_take_the_place_of_the_log(shop):
    good, folder = release_of(shop, "m2"), shop.root
    lines = [f"telephone {i},phone,1,{'a' if i % 2 else 'b'}" for i in range(80)]
    (folder / "j.csv").write_text("query,item_id,grade\n" + "\n".join(line.rsplit(",", 1)[0] for line in lines))
    (folder / "q.csv").write_text("query,kind\n" + "\n".join(f"{line.split(',')[0]},{line[-1]}" for line in lines))
    words = ("release", "gate", good, "--qrels", str(folder / "j.csv"), "--queries", str(folder / "q.csv"))
    document = json.loads(run(shop, *words, "--slice", "kind", "--json").stdout)
    assert [c["name"] for c in document["cohorts"]] == ["all", "kind=a", "kind=b"]
    assert (document["outcome"], document["source"]) == ("passed", {"questions": "j.csv"})
    log(shop)
    document = json.loads(run(shop, *words, "--json").stdout)
    assert "tail" in [c["name"] for c in document["cohorts"]]  # the log knows how often each was asked
    with pytest.raises(UsageError, match="'kind=z'"):
        run(shop, *words, "--target", "kind=z")
    with pytest.raises(UsageError, match="--qrels"):
        run(shop, "release", "gate", good, "--queries", str(folder / "q.csv"))


def test_a_model_is_not_judged_by_what_it_was_trained_on(shop):
    start, good = log(shop), release_of(shop, "m2")
    card(shop, "m2", trained_until=(start + timedelta(hours=79, minutes=30)).isoformat())
    with pytest.raises(Refused, match="20 questions; below 30"):
        run(shop, "release", "gate", good)
    card(shop, "m2")
    card(shop, "m1", trained_until=(start + timedelta(hours=200)).isoformat())
    with pytest.raises(UsageError, match="No question is left") as caught:
        run(shop, "release", "gate", good)
    assert release_of(shop, "m1") in caught.value.message
    assert "Next: semsearch import interactions" in caught.value.next_step
    card(shop, "m1", trained_until="once")
    with pytest.raises(UsageError, match="which is no time"):
        run(shop, "release", "gate", good)


def test_what_cannot_be_judged_says_why(shop):
    good = release_of(shop, "m2")
    for candidate, error, told in (
        ("r0", UsageError, "No release"),
        (release_of(shop, "m1"), UsageError, "nothing to judge"),
        (build(shop, "m2", pipeline="similar").release_id, MissingPart, "needs no gate"),
        (good, MissingPart, "no log"),
    ):
        with pytest.raises(error, match=told) as caught:
            run(shop, "release", "gate", candidate)
        assert "Next: " in caught.value.next_step
    log(shop)
    with pytest.raises(UsageError, match="cohort 'torso'"):
        run(shop, "release", "gate", good, "--target", "torso")
    with pytest.raises(UsageError, match="no column 'colour'"):
        run(shop, "release", "gate", good, "--slice", "colour")


def test_a_wrong_metric_is_told_before_any_work(shop, monkeypatch):
    monkeypatch.setattr(wiring.releasing, "open_searcher", lambda *_, **__: pytest.fail("work was begun"))
    shop.path("semsearch.toml").write_text("[gate]\nmetric = 'beauty@10'\n")
    with pytest.raises(UsageError, match=r"Unknown metric 'beauty@10'"):
        run(shop, "release", "gate", release_of(shop, "m2"))


def test_a_query_file_may_say_when_each_was_asked(shop):
    good, folder = release_of(shop, "m2"), shop.root
    (folder / "j.csv").write_text("query,item_id,grade\n" + "\n".join(f"telephone {i},future,1" for i in range(40)))
    for at, outcome in (("2024-05-21T09:00:00+09:00", "passed"), ("2024-05-01T00:00:00Z", None), ("yesterday", None)):
        (folder / "q.csv").write_text("query,asked_at\n" + "\n".join(f"telephone {i},{at}" for i in range(40)))
        words = (
            "release",
            "gate",
            good,
            "--qrels",
            str(folder / "j.csv"),
            "--queries",
            str(folder / "q.csv"),
            "--json",
        )
        if outcome:
            assert json.loads(run(shop, *words).stdout)["outcome"] == outcome
        else:
            with pytest.raises(UsageError, match=r"can be answered|no time with its zone"):
                run(shop, *words)
    (folder / "q.csv").write_text("query\nother\n")
    with pytest.raises(UsageError, match="no query_id in common"):
        run(shop, *words)


def test_two_that_are_asked_with_other_things_share_no_question():
    def asked_with(of):
        return SimpleNamespace(side=SimpleNamespace(of=of))

    assert shared_side(asked_with("actor"), asked_with("actor")) == "actor"
    with pytest.raises(UsageError, match="share no question") as caught:
        shared_side(asked_with("query"), asked_with("item"))
    assert "Next: " in caught.value.next_step


def test_a_damaged_gate_file_is_made_whole_by_judging_again(shop):
    log(shop)
    good = release_of(shop, "m2")
    shop.gate_path(good).write_text("{")
    assert run(shop, "release", "list").exit_code == 0
    with pytest.raises(Refused, match="damaged"):
        run(shop, "release", "publish", good)
    assert "set aside as" in run(shop, "release", "gate", good).stderr
    assert shop.damaged_gates(good)[0].read_text() == "{"
    assert "set aside as" in run(shop, "release", "show", good).stderr
    assert run(shop, "release", "publish", good).exit_code == 0


def test_questions_are_about_the_items_of_the_pipeline(shop, monkeypatch):
    log(shop)
    given = []
    monkeypatch.setattr(
        held_out, "from_log", lambda _, items, *__, **___: given.append(items) or HeldOut(questions(), {})
    )
    monkeypatch.setattr(wiring.releasing, "pipeline_schema", lambda *_: SimpleNamespace(where="title = chair"))
    assert run(shop, "release", "gate", release_of(shop, "m2")).exit_code == 0
    assert given[0]["item_id"].to_list() == ["chair"]
