"""`replay` on a small workspace: what it prints, how it is judged, and what it refuses."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from tests.e2e.program import run

START = datetime(2026, 3, 1, tzinfo=UTC)
SPAM = "급처 정품 명품가방 보증서 있어요 선입금 주시면 바로 보내드려요 010-1234-5678 {}"
EAGER = "[campaigns]\nmodel = 'none'\nfloor = 3\nfloor_plain = 3\nchance = 1.0\n"


def post(n, text, hours):
    at = START + timedelta(hours=hours)
    return {"post_id": f"p{n}", "author_id": f"u{n}", "created_at": at.isoformat(), "text": text}


@pytest.fixture
def market(tmp_path):
    syllables = "가나다라마바사아자차카타파하"
    things = [f"{n}동에서 {one}{n * 77} 물건 내놓아요 {chr(0xB000 + n * 40) * 6}" for n, one in enumerate(syllables)]
    honest = [post(n, thing, n * 4) for n, thing in enumerate(things)]
    spam = [post(100 + n, SPAM.format(n), 20 + n / 4) for n in range(8)]
    lines = sorted([*honest, *spam], key=lambda each: each["created_at"])
    (tmp_path / "posts.jsonl").write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in lines))
    assert run("init", "-w", tmp_path).code == 0
    (tmp_path / "semsearch.toml").write_text(EAGER)
    assert run("scan", "posts", tmp_path / "posts.jsonl", "-w", tmp_path).code == 0
    (tmp_path / "truth.csv").write_text("post_id,campaign_id\n" + "".join(f"p{100 + n},bags\n" for n in range(8)))
    return tmp_path


def replay(market, *words):
    return run("replay", "--from", "2026-03-01", *words, "-w", market)


def document(market, *words):
    done = replay(market, *words, "--json")
    assert done.code == 0, done.err
    return json.loads(done.out)


def test_policies_stand_side_by_side_judged_by_a_truth_file(market):
    (market / "strict.toml").write_text("floor = 5\nfloor_plain = 5\n")
    found = document(market, "--policy", market / "strict.toml", "--truth", market / "truth.csv")
    force, strict = found["outcomes"]
    assert (force["name"], strict["name"]) == ("in force", "strict")
    assert (force["n_caught"], force["posts"], force["minutes"]) == (1, [3, 3], [30, 30])
    assert (strict["n_caught"], strict["posts"], strict["minutes"]) == (1, [5, 5], [60, 60])
    assert (found["n_posts"], found["n_raised"], force["n_false"]) == (22, 1, 0)
    assert force["reviewer_minutes"] == 3


def test_a_sweep_is_a_table_and_a_page(market):
    words = ["--sweep", "floor=3,5,99", "--truth", market / "truth.csv"]
    done = replay(market, *words, "--html", market / "out.html")
    assert done.code == 0 and all(name in done.out for name in ("in force", "floor 3", "floor 99", "1 of 1", "0 of 1"))
    page = (market / "out.html").read_text()
    assert "<svg" in page and "floor 99" in page and "<script" not in page
    lines = [json.loads(line) for line in replay(market, *words, "--jsonl").out.splitlines()]
    assert [line["caught"] for line in lines] == [1, 1, 1, 0]


def test_without_decisions_it_is_unknown_and_with_one_it_is_judged_by_it(market):
    before = replay(market, "--json")
    assert json.loads(before.out)["outcomes"][0]["n_caught"] is None
    assert "unknown" in before.err and "Next: " in before.err
    alert = json.loads(run("alerts", "list", "--json", "-w", market).out)[0]["alert_id"]
    assert run("alerts", "decide", alert, "confirm", "--by", "minji", "-w", market).code == 0
    after = document(market)
    assert (after["outcomes"][0]["n_caught"], after["outcomes"][0]["n_campaigns"]) == (1, 1)
    assert after["truth"] == "1 confirmed and 0 dismissed alerts"


def test_the_page_without_any_truth_says_that_it_is_unknown(market):
    assert replay(market, "--html", market / "out.html").code == 0
    page = (market / "out.html").read_text()
    assert "unknown" in page and "<svg" not in page


def test_nothing_is_written(market):
    before = run("alerts", "list", "--json", "-w", market).out
    document(market, "--sweep", "floor=3,4")
    assert run("alerts", "list", "--json", "-w", market).out == before


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["--sweep", "flour=1,2"], 2, "there is no such setting"),
        (["--sweep", "floor"], 2, "names no values"),
        (["--policy", "none.toml"], 2, "cannot be read"),
        (["--truth", "none.csv"], 2, "cannot be read"),
        (["--to", "2026-02-01"], 2, "is not after"),
        (["--to", "soon"], 2, "not a time"),
        (["--from", "2027-01-01"], 2, "they are of 2026-03-01"),
        (["--namespace", "chat"], 4, "No post in chat"),
        (["--namespace", "shop"], 2, "no namespace 'shop'"),
    ],
)
def test_bad_input_says_what_is_wrong_and_what_to_do(market, words, code, told):
    done = replay(market, *words)
    assert (done.code, told in done.err, "Next: " in done.err, done.out) == (code, True, True, ""), done.err


def test_before_the_first_scan_it_says_so(tmp_path):
    assert run("init", "-w", tmp_path).code == 0
    done = run("replay", "--from", "2026-03-01", "-w", tmp_path)
    assert done.code == 4 and "Next: " in done.err
