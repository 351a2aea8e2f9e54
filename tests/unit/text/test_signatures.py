"""Near-duplicate clusters against brute force."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from semsearch.errors import UsageError
from semsearch.text import signatures
from semsearch.text.signatures import compact, exact_key, jaccard, near_duplicates, shingles

PHONE = "아이폰 14 프로 128기가 딥퍼플 팝니다. 배터리 성능 91퍼센트이고 액정 깨끗해요. 직거래는 반포역에서 가능합니다."


def test_shingles_are_runs_of_four_characters_without_spaces():
    assert compact("아이폰  14 PRO") == "아이폰14pro"
    assert shingles("아이폰14p") == {"아이폰1", "이폰14", "폰14p"}
    assert (shingles("폰"), shingles("")) == ({"폰"}, {""})
    assert jaccard(shingles("abcde"), shingles("bcdef")) == pytest.approx(1 / 3)


def test_a_listing_that_is_slightly_altered_joins_its_first():
    texts = [
        PHONE,
        "원목 책상 팝니다. 가로 120 세로 60이고 상판에 잔기스 조금 있어요. 용달 부르셔야 합니다.",
        PHONE.replace("아이폰 14", "아이폰14").replace("깨끗해요.", "깨끗해요!!"),
        PHONE.upper() + " ㅎㅎ",
        "Solid oak desk, 120 by 60 cm, a few light scratches on the top, collection only from Leeds.",
        "SOLID OAK DESK, 120 by 60cm, a few light scratches on the top - collection only from Leeds.",
    ]
    assert near_duplicates(texts).tolist() == [0, 1, 0, 0, 2, 2]
    assert near_duplicates(texts, 1.0).tolist() == [0, 1, 2, 3, 4, 5]


def test_chains_do_not_join_far_ends():
    alphabet = [chr(0xAC00 + 7 * n) for n in range(120)]
    texts = ["".join(alphabet[start : start + 60]) for start in (0, 6, 12)]
    near, far = (jaccard(shingles(texts[0]), shingles(text)) for text in texts[1:])
    assert near == pytest.approx(51 / 63) and far == pytest.approx(45 / 69)
    assert near_duplicates(texts).tolist() == [0, 0, 1]
    # who leads decides: the one in the middle is near to both
    assert near_duplicates([texts[1], texts[0], texts[2]]).tolist() == [0, 0, 0]


def test_a_text_joins_the_most_similar_leader():
    base = "".join(chr(0xAC00 + 11 * n) for n in range(100))
    far, near = base[20:] + "가" * 4, base[8:]
    assert jaccard(shingles(far), shingles(near)) < 0.9 < jaccard(shingles(base), shingles(near))
    assert near_duplicates([far, near, base], 0.9).tolist() == [0, 1, 1]


def test_nothing_short_and_empty_texts():
    assert near_duplicates([]).tolist() == []
    assert near_duplicates([]).dtype == np.int64
    assert near_duplicates(["", "폰", " ", "폰!", "\u200b", "폰", "ㅋ"]).tolist() == [0, 1, 0, 2, 0, 1, 3]


@pytest.mark.parametrize("threshold", [0, -1, 1.01, float("nan")])
def test_a_threshold_that_is_none_is_refused(threshold):
    with pytest.raises(UsageError, match="similarity"):
        near_duplicates(["a"], threshold)


def made_texts(seed: int) -> list[str]:
    """Families of altered copies of random texts, some alike across families by shared words."""
    rng = random.Random(seed)
    words = ["".join(rng.choice("가나다라마바사아자차카타파하구누두") for _ in range(3)) for _ in range(60)]
    texts = []
    for _ in range(25):
        own = [rng.choice(words) for _ in range(25)]
        for _ in range(rng.randrange(1, 5)):
            copy = list(own)
            for _ in range(rng.randrange(4)):
                copy[rng.randrange(len(copy))] = rng.choice(words)
            texts.append(" ".join(copy))
    rng.shuffle(texts)
    return texts


@pytest.mark.parametrize("threshold", [0.5, 0.8, 0.95])
def test_clusters_are_those_of_comparing_everything(threshold):
    agreed, n = 0, 0
    for seed in range(8):
        texts = made_texts(seed)
        leaders: list[tuple[int, frozenset[str]]] = []
        expected = []
        for text in texts:
            own = shingles(compact(text))
            close = [(-jaccard(own, s), number) for number, s in leaders if jaccard(own, s) >= threshold]
            expected.append(min(close)[1] if close else len(leaders))
            if not close:
                leaders.append((len(leaders), own))
        found = near_duplicates(texts, threshold).tolist()
        agreed += sum(a == b for a, b in zip(_partition(found), _partition(expected), strict=True))
        n += len(texts)
    assert agreed / n > 0.98


def _partition(numbers: list[int]) -> list[int]:
    """First place of each one's cluster."""
    return [numbers.index(number) for number in numbers]


TEXT = st.text("아이폰4 ab", max_size=12)


@settings(max_examples=60, deadline=None)
@given(st.lists(TEXT, max_size=12), st.sampled_from([0.3, 0.8, 1.0]))
@example(["", " "], 0.8)
def test_members_are_near_their_leader_and_equal_texts_together(texts, threshold):
    numbers = near_duplicates(texts, threshold).tolist()
    assert list(dict.fromkeys(numbers)) == list(range(len(set(numbers))))
    first = [numbers.index(number) for number in numbers]
    for text, leader in zip(texts, first, strict=True):
        assert jaccard(shingles(compact(text)), shingles(compact(texts[leader]))) >= threshold
    for a, number in zip(texts, numbers, strict=True):
        assert all(number == other for b, other in zip(texts, numbers, strict=True) if compact(a) == compact(b))


@settings(max_examples=40, deadline=None)
@given(st.lists(TEXT, max_size=10), st.randoms(use_true_random=False))
def test_without_leaders_to_choose_the_partition_does_not_depend_on_order(texts, random):
    order = list(range(len(texts)))
    random.shuffle(order)
    straight = near_duplicates(texts, 1.0)
    shuffled = near_duplicates([texts[i] for i in order], 1.0)
    same = straight[order][:, None] == straight[order][None, :]
    assert (same == (shuffled[:, None] == shuffled[None, :])).all()


def test_chunks_do_not_change_clusters(monkeypatch):
    texts = made_texts(0)
    whole = near_duplicates(texts)
    monkeypatch.setattr(signatures, "_CHUNK", 3)
    assert near_duplicates(texts).tolist() == whole.tolist()


def test_shared_boilerplate_is_bounded_and_copies_still_meet():
    rng = random.Random(0)
    words = ["".join(rng.choice("가나다라마바사아자차카타") for _ in range(3)) for _ in range(500)]
    boilerplate = "".join(rng.choice(words) for _ in range(30))
    texts = [boilerplate + "".join(rng.choice(words) for _ in range(8)) for _ in range(300)]
    numbers = near_duplicates(texts * 2)
    assert (numbers[:300] == numbers[300:]).all()


def test_exact_keys_are_those_of_the_search_view():
    assert exact_key(" iPhone  14") == exact_key("IPHONE 14") != exact_key("iphone14")
