import polars as pl
import pytest

from semsearch.simulate import Market, market

KINDS = {"clean", "typo", "spacing", "run_together", "transliteration", "keyboard", "abbreviation", "synonym"}


@pytest.fixture(scope="module", params=["ko", "en"])
def made(request) -> Market:
    return market(3000, seed=3, lang=request.param, n_searches=15_000, per_kind=40)


def counts(made: Market) -> dict[str, int]:
    return dict(made.interactions.group_by("kind").len().iter_rows())


def test_every_kind_of_known_item_query_is_there(made):
    assert dict(made.queries.group_by("kind").len().iter_rows()) == dict.fromkeys(KINDS, 40)
    assert made.queries["query"].is_unique().all()
    assert made.queries["invented"].any()


def test_the_meant_item_is_alive_and_graded_two(made):
    meant = made.queries.join(made.qrels, on=["query_id", "item_id"]).join(made.items, on="item_id")
    assert meant.height == made.queries.height
    assert (meant["grade"] == 2).all()
    assert (meant["status"] == "active").all()


def test_grade_two_is_the_same_product_and_grade_one_the_same_line(made):
    judged = made.qrels.join(made.queries.select("query_id", meant="product_id"), on="query_id").join(
        made.truth.select("item_id", "product_id", "line"), on="item_id"
    )
    lines = judged.filter(pl.col("grade") == 2).select("query_id", right_line="line").unique()
    assert (judged.filter(pl.col("grade") == 2).select(pl.col("product_id") == pl.col("meant")).to_series()).all()
    near = judged.filter(pl.col("grade") == 1).join(lines, on="query_id")
    assert (near["line"] == near["right_line"]).all()


def test_a_clean_query_uses_words_of_its_title(made):
    clean = made.queries.filter(pl.col("kind") == "clean").join(made.items, on="item_id")
    shares = []
    for query, title, body in clean.select("query", "title", "body").iter_rows():
        written = (title + " " + body).casefold().replace(" ", "")
        words = query.casefold().split()
        shares.append(sum(word in written for word in words) / len(words))
    assert sum(shares) / len(shares) > 0.85


def test_a_synonym_is_another_word_for_the_noun_in_the_title(made):
    asked = made.queries.filter(pl.col("kind") == "synonym")
    known = set(made.spellings.filter(pl.col("kind") == "short")["spelling"])
    assert all(any(f" {word}" in query for word in known) for query in asked["query"])


def test_a_known_item_has_few_equals(made):
    exact = made.qrels.filter(pl.col("grade") == 2).group_by("query_id").len()
    assert exact["len"].max() <= 5


def test_keyboard_queries_are_in_the_other_script(made):
    hangul = made.queries.filter(pl.col("kind") == "keyboard")["query"].str.contains("[가-힣ㄱ-ㅣ]")
    assert hangul.all() if made.lang == "en" else not hangul.all()


def test_about_four_percent_of_clicks_become_chats(made):
    n = counts(made)
    assert 0.03 < n["chat"] / n["click"] < 0.05
    assert n["search"] == 15_000
    assert n["purchase"] < n["chat"] < n["favorite"] < n["click"] < n["impression"]


def test_chats_and_purchases_carry_no_query(made):
    rows = made.interactions
    bare = rows.filter(pl.col("kind").is_in(["chat", "purchase", "favorite"]))
    assert (
        bare.filter(pl.col("kind") != "favorite")["query"].null_count()
        == bare.filter(pl.col("kind") != "favorite").height
    )
    assert rows.filter(pl.col("kind").is_in(["search", "impression", "click"]))["query"].null_count() == 0
    assert rows.filter(pl.col("kind") == "search")["item_id"].null_count() == counts(made)["search"]
    assert rows.filter(pl.col("kind") != "search")["item_id"].null_count() == 0
    assert rows.filter(pl.col("kind") == "search")["n_results"].null_count() == 0


def test_the_log_runs_forward_and_inside_the_market(made):
    assert made.interactions["ts"].is_sorted()
    assert made.interactions["ts"].min() > made.start
    late = made.interactions.filter(pl.col("ts") > made.end)
    assert late.is_empty()


def test_what_is_shown_is_alive(made):
    acts = made.interactions.filter(pl.col("kind").is_in(["impression", "chat"])).join(made.items, on="item_id")
    assert acts.filter(pl.col("ts") < pl.col("created_at")).is_empty()
    assert acts.filter(pl.col("ended_at").is_not_null() & (pl.col("ts") > pl.col("ended_at"))).is_empty()


def test_a_purchase_ends_a_sold_item_once(made):
    bought = made.interactions.filter(pl.col("kind") == "purchase").join(made.items, on="item_id")
    assert (bought["status"] == "sold").all()
    assert (bought["ts"] == bought["ended_at"]).all()
    assert bought["item_id"].is_unique().all()


def test_clicks_fall_with_position_and_rise_with_grade(made):
    rows = made.interactions
    by = "position"
    shown = rows.filter(pl.col("kind") == "impression").group_by(by).len("shown")
    rate = shown.join(rows.filter(pl.col("kind") == "click").group_by(by).len("clicked"), on=by).sort(by)
    top, low = (rate.filter(pl.col(by) == p).select(pl.col("clicked") / pl.col("shown")).item() for p in (1, 10))
    assert top > 2 * low
    grades = made.judgements(made.log_queries).join(made.log_queries.select("query_id", "query"), on="query_id")
    for kind, floor in (("impression", 0.3), ("chat", 0.6)):
        mine = rows.filter(pl.col("kind").is_in(["click", kind]) & pl.col("query").is_not_null())
        found = mine.join(grades, on=["query", "item_id"], how="left").select(
            (pl.col("grade") == 2).fill_null(False).mean()
        )
        assert found.item() > floor


def test_demand_is_zipf_like_and_queries_are_named_by_one_intent(made):
    searched = made.log_queries["n_searches"]
    assert searched.sum() == 15_000
    assert searched.head(len(searched) // 10).sum() > 0.4 * 15_000
    assert made.log_queries["query"].is_unique().all()
    assert set(made.log_queries["intent_id"]) <= set(made.intents["intent_id"])


def test_judgements_of_a_log_query_follow_the_intent(made):
    one = made.log_queries.head(1)
    intent = made.intents.filter(pl.col("intent_id") == one["intent_id"][0]).row(0, named=True)
    exact = set(made.truth.filter(pl.col(f"{intent['level']}_key") == intent["key"])["item_id"])
    near = set(made.truth.filter(pl.col(f"{intent['near_level']}_key") == intent["near_key"])["item_id"])
    graded = dict(made.judgements(one).select("item_id", "grade").iter_rows())
    assert {item for item, grade in graded.items() if grade == 2} == exact
    assert set(graded) == exact | near
