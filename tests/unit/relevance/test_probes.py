"""Judges that are fooled by stuffed words, by length and by a brand, and one that is not, over real HTTP."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.contract.asking import opened
from tests.contract.chat_replies import Asked, Reply, not_json
from tests.contract.chat_server import Server
from tests.unit.relevance.asked import NOW, facet, judging, said, texts
from tests.unit.relevance.people import by_model, graded_queries, judge, label

from semsearch.records import Facet
from semsearch.relevance.auditing.audit import Shared, shared
from semsearch.relevance.auditing.probes import NEEDS, PADDING_CHARS, Change, Probe, asked, changes, probe
from semsearch.relevance.scores import Market
from semsearch.relevance.truths import truths_of


def pairs(n: int = 4) -> list[Shared]:
    """n queries with a 2, a 1 and a 0 each; a machine named the facets of every pair."""
    people = graded_queries(range(n))
    machine = []
    for each in people:
        brand, item, red = each.query.split()
        facets = (Facet("brand", brand, True), Facet("item", item, True), Facet("attribute", red, True))
        machine.append(by_model(each, each.grade_low, facets=facets))
    return shared(truths_of(people).pairs, machine)


def probed(folder: Path, answer: Callable[[Asked], Reply], n: int = 10) -> dict[str, Probe]:
    with Server(answer) as server, opened(server, folder) as asker:
        market = Market(asker, lambda: NOW, resamples=200)
        return {each.name: each for each in probe(changes(pairs(), n), judging(), market)}


def of_title(asked: Asked) -> Reply:
    """Goes by the title alone, and takes nothing for granted: a word that is not there cannot be told of a brand."""
    query, title, *_ = texts(asked)
    shown = title.split()
    if len(shown) == 1:
        met = ["met" if word in shown else "cannot tell" for word in query.split()]
    else:
        return judge_of_two(asked)
    return said(*(facet(*each) for each in zip(("brand", "item", "attribute"), query.split(), met, strict=True)))


def judge_of_two(asked: Asked) -> Reply:
    """As `judge`, whatever stands in the body."""
    query, title, *_ = texts(asked)
    met = ["met" if word in title.split() else "not met" for word in query.split()]
    return said(*(facet(*each) for each in zip(("brand", "item", "attribute"), query.split(), met, strict=True)))


def of_words(asked: Asked) -> Reply:
    """Goes by words wherever they stand."""
    query, *rest = texts(asked)
    met = ["met" if word in " ".join(rest).split() else "not met" for word in query.split()]
    return said(*(facet(*each) for each in zip(("brand", "item", "attribute"), query.split(), met, strict=True)))


def of_length(asked: Asked) -> Reply:
    """Calls whatever is long a perfect match."""
    query, *rest = texts(asked)
    if len(" ".join(rest)) < PADDING_CHARS:
        return judge_of_two(asked)
    return said(*(facet(*each, "met") for each in zip(("brand", "item", "attribute"), query.split(), strict=True)))


def of_brand(asked: Asked) -> Reply:
    """Has seen enough when the brand is right."""
    query, *rest = texts(asked)
    met = "met" if query.split()[0] in rest[0] else "not met"
    return said(*(facet(*each, met) for each in zip(("brand", "item", "attribute"), query.split(), strict=True)))


def test_what_is_done_to_an_item():
    found = changes(pairs(1), 10)
    (stuffed,) = found["stuffing"]
    assert stuffed.before.item["title"].startswith("puma0")  # the pair that people grade 0
    assert stuffed.after.item["body"] == "2\n\n" + " ".join(["nike0 shoes0 red0"] * 2) + " #nike0 #shoes0 #red0"
    assert len(found["length"]) == 3
    for each in found["length"]:
        added = each.after.item["body"].removeprefix(each.before.item["body"])
        assert PADDING_CHARS <= len(added) <= PADDING_CHARS + 60
        assert not {"nike0", "shoes0", "red0"} & set(added.split())
    (branded,) = found["brand only"]
    assert (branded.before.item["title"], branded.after.item) == ("nike0 shoes0 red0", {"title": "nike0"})
    assert {each.before.item_id for some in found.values() for each in some} == {"i0-0", "i0-1", "i0-2"}
    assert all(each.before.key == each.after.key for some in found.values() for each in some)


def test_a_probe_takes_so_many_pairs_the_same_whatever_their_order():
    some = changes(pairs(), 2)
    assert [len(some[name]) for name in NEEDS] == [2, 2, 2]
    assert changes(pairs()[::-1], 2) == some
    assert len(list(asked(some))) == 12


def test_a_brand_alone_is_probed_only_where_more_is_asked_for():
    people = [label(0, "a", 2, origin="facets", facets=(Facet("brand", "nike0", True),)), label(1, "a", 2)]
    assert changes(shared(truths_of(people).pairs, []), 5)["brand only"] == []


def test_a_judge_that_is_not_fooled(tmp_path: Path):
    found = probed(tmp_path, of_title)
    assert {name: each.fooled.value for name, each in found.items()} == dict.fromkeys(NEEDS, 0.0)
    brand = found["brand only"]
    assert (brand.n, brand.down.value, brand.move.value) == (4, 1.0, -1.0)  # 2 to 0–2


@pytest.mark.parametrize(
    ("fooled", "name", "up", "move"),
    [(of_words, "stuffing", 1.0, 2.0), (of_length, "length", 2 / 3, 1.0), (of_brand, "brand only", 0.0, 0.0)],
)
def test_a_judge_that_is(tmp_path: Path, fooled: Callable[[Asked], Reply], name: str, up: float, move: float):
    found = probed(tmp_path, fooled, n=12)[name]
    assert found.up.value == pytest.approx(up)
    assert found.move.value == pytest.approx(move)
    assert found.fooled.value == (1.0 if name == "brand only" else pytest.approx(up))
    assert found.n_queries == 4


def test_silence_before_is_left_out_and_a_lost_grade_is_counted(tmp_path: Path):
    def answer(asked: Asked) -> Reply:
        query, _, *rest = texts(asked)
        if query == "nike0 shoes0 red0":
            return not_json()
        if query == "nike1 shoes1 red1" and len("".join(rest)) > PADDING_CHARS:
            return said(facet("brand", "nike1", "cannot tell"))
        return judge(asked) if len(rest) == 1 else judge_of_two(asked)

    found = probed(tmp_path, answer, n=12)["length"]
    assert (found.n, found.n_silent, found.n_queries) == (9, 3, 3)
    assert found.ungradeable.value == pytest.approx(3 / 9)
    assert (found.fooled.value, found.move.value) == (pytest.approx(3 / 9), 0.0)


def test_an_abstention_after_the_change_is_left_out_too(tmp_path: Path):
    """Of three pairs of one query there is no answer once their text is longer: nothing moved, nothing was lost."""

    def answer(asked: Asked) -> Reply:
        query, _, *rest = texts(asked)
        if query == "nike1 shoes1 red1" and len("".join(rest)) > PADDING_CHARS:
            return not_json()
        return judge(asked) if len(rest) == 1 else judge_of_two(asked)

    found = probed(tmp_path, answer, n=12)["length"]
    assert (found.n, found.n_silent, found.n_queries) == (9, 3, 3)
    assert (found.ungradeable.value, found.fooled.value) == (0, 0)


def test_what_was_asked_before_costs_nothing(tmp_path: Path):
    with Server(judge_of_two) as server, opened(server, tmp_path) as asker:
        market = Market(asker, lambda: NOW, resamples=50)
        probe(changes(pairs(), 12), judging(), market)
        n = server.n_calls
        probe(changes(pairs(), 12), judging(), market)
        assert server.n_calls == n == 12 + 4 + 12 + 4  # each pair once as it is, and once a change


def test_nothing_to_probe(tmp_path: Path):
    with Server(judge) as server, opened(server, tmp_path) as asker:
        (found,) = probe({"stuffing": list[Change]()}, judging(), Market(asker, lambda: NOW, resamples=50))
    assert (found.n, server.n_calls) == (0, 0)
    assert found.fooled.value != found.fooled.value
