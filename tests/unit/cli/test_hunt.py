"""`hunt` on a small workspace: what it prints in every mode, and what it refuses."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from tests.e2e.program import run

START = datetime(2026, 3, 1, tzinfo=UTC)
SPAM = "급처 정품 명품가방 보증서 있어요 선입금 주시면 바로 보내드려요 010-1234-5678"
THINGS = ["의자", "책상", "침대", "소파", "냉장고", "세탁기", "자전거", "유모차", "카메라", "노트북"]


def post(n, text, author=None, days=0.0):
    at = START + timedelta(days=days, minutes=n)
    return {"post_id": f"p{n}", "author_id": author or f"u{n}", "created_at": at.isoformat(), "text": text}


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    root = tmp_path_factory.mktemp("hunt")
    honest = [
        post(n, f"{thing} 깨끗하게 쓰던 {thing}입니다 {n}동 앞에서 만나요", days=n) for n, thing in enumerate(THINGS)
    ]
    spam = [post(100 + n, f"{SPAM} {n}", author=f"s{n % 2}", days=20 + n) for n in range(4)]
    lines = [json.dumps(each, ensure_ascii=False) + "\n" for each in (*honest, *spam)]
    (root / "posts.jsonl").write_text("".join(lines))
    assert run("init", "-w", root).code == 0
    assert run("scan", "posts", root / "posts.jsonl", "-w", root).code == 0
    return root


def hunt(market, *words):
    return run("hunt", *words, "-w", market)


def test_look_alikes_of_a_post_with_their_authors_and_campaigns(market):
    done = hunt(market, "p100", "--json")
    document = json.loads(done.out)
    assert (done.code, document["post_id"], document["n_compared"], document["n_found"]) == (0, "p100", 14, 3)
    assert {row["post_id"] for row in document["look_alikes"]} == {"p101", "p102", "p103"}
    assert [(row["author_id"], row["n_posts"]) for row in document["authors"]] == [("s1", 2), ("s0", 1)]
    assert document["n_in_campaigns"] == 3 and len(document["campaigns"]) == 1
    assert document["look_alikes"][0]["campaign_id"] == document["campaigns"][0]


def test_the_table_and_one_record_a_line(market):
    shown = hunt(market, "p100", "-k", "2")
    assert shown.code == 0 and "s1" in shown.out and "3 of 14 posts look like it, by 2 authors" in shown.err
    lines = hunt(market, "p100", "-k", "2", "--jsonl").out.splitlines()
    assert len(lines) == 2 and all(json.loads(line)["net"] for line in lines)


def test_a_text_is_hunted_for_and_one_that_nothing_looks_like_finds_none(market):
    assert json.loads(hunt(market, SPAM, "--json").out)["n_found"] == 4
    none = hunt(market, "한 번도 쓰지 않은 커피머신 캡슐과 함께 드려요", "--json")
    assert none.code == 0 and json.loads(none.out)["n_found"] == 0 and "None of 14 posts" in none.err


def test_how_far_back_counts_from_the_newest_post(market):
    assert json.loads(hunt(market, "p103", "--since", "36h", "--json").out)["n_compared"] == 2
    assert json.loads(hunt(market, "p103", "--since", "2026-03-21", "--json").out)["n_compared"] == 4
    assert json.loads(hunt(market, "p103", "--since", "9999w", "--json").out)["n_compared"] == 14


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["p100", "--since", "soon"], 2, "not a time"),
        (["p100", "--since", "0d"], 2, "not a time"),
        (["p100", "--since", "99999d"], 2, "longer than any journal"),
        (["p100", "--since", "2027-01-01"], 2, "the newest is of 2026-03-24"),
        (["ㅋㅋㅋ"], 2, "too little"),
        (["p100", "--namespace", "shop"], 2, "no namespace 'shop'"),
        ([SPAM, "--namespace", "chat"], 4, "No post in chat"),
        (["p100", "--lead"], 2, "named person"),
        ([SPAM, "--lead", "--by", "minji"], 2, "typed"),
    ],
)
def test_bad_input_says_what_is_wrong_and_what_to_do(market, words, code, told):
    done = hunt(market, *words)
    assert (done.code, told in done.err, "Next: " in done.err, done.out) == (code, True, True, "")


def test_before_the_first_scan_it_says_so(tmp_path):
    assert run("init", "-w", tmp_path).code == 0
    done = hunt(tmp_path, "p1")
    assert done.code == 4 and "Next: " in done.err


def test_a_post_becomes_a_leader_by_a_named_person(market):
    done = hunt(market, "p3", "--lead", "--by", "minji", "--reason", "reported")
    assert done.code == 0 and "leads campaign c" in done.err
    campaign = run("campaigns", "show", done.err.split("leads campaign ")[1].split()[0], "-w", market)
    assert campaign.code == 0
